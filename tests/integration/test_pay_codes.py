"""Pay codes: good once, for a minute, and never told again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from accounts.database import Database
from counter.card_changes import freeze
from counter.card_life import NotPossible
from counter.card_told import card_told
from counter.holding import NotEnough, Told
from counter.pay_codes import CodeNotGood, make_pay_code, pay
from counter.prepaid import Sale
from tests.prepaid_book import LAN, open_book, sell

NOON = datetime(2024, 1, 5, 4, 0, tzinfo=UTC)
SHOP = Sale("Corner shop")


def ref(text: str) -> Told:
    return Told("till-1", text)


@pytest.fixture
def book(database: Database) -> Iterator[psycopg.Connection[Any]]:
    with database.connect() as connection:
        open_book(connection)
        sell(connection, "G1", "100.00")
        yield connection
        connection.rollback()


def test_a_code_pays_once(book: psycopg.Connection[Any]) -> None:
    code = make_pay_code(book, "G1", Told("app"), NOON)["code"]
    assert (len(code), code.isdigit()) == (12, True)
    told = pay(book, code, "10.00", ref("T1"), SHOP, NOON + timedelta(seconds=60))
    assert (told["card"], told["spendable"]) == ("G1", "90.00")
    assert pay(book, code, "10.00", ref("T1"), SHOP, NOON + timedelta(days=1)) == told, "an answer that did not arrive"
    with pytest.raises(CodeNotGood, match="code_used"):
        pay(book, code, "10.00", ref("T2"), SHOP, NOON)
    assert card_told(book, "G1")["value"] == "90.00"


def test_a_code_is_over_after_a_minute_and_others_are_unknown(book: psycopg.Connection[Any]) -> None:
    code = make_pay_code(book, "G1", Told("app"), NOON, draw=lambda most: 7)["code"]
    assert code == "000000000007"
    with pytest.raises(CodeNotGood, match="code_expired"):
        pay(book, code, "10.00", ref("T1"), SHOP, NOON + timedelta(seconds=61))
    with pytest.raises(CodeNotGood, match="code_unknown") as unknown:
        pay(book, "000000000008", "10.00", ref("T1"), SHOP, NOON)
    assert "000000000008" not in str(unknown.value)


def test_what_is_refused_leaves_the_code_good(book: psycopg.Connection[Any]) -> None:
    code = make_pay_code(book, "G1", Told("app"), NOON)["code"]
    book.commit()
    with pytest.raises(NotEnough):
        pay(book, code, "100.01", ref("T1"), SHOP, NOON)
    book.rollback()
    freeze(book, "G1", True, LAN)
    with pytest.raises(NotPossible, match="is frozen"):
        pay(book, code, "10.00", ref("T1"), SHOP, NOON)
    with pytest.raises(NotPossible, match="is frozen"):
        make_pay_code(book, "G1", Told("app"), NOON)
    freeze(book, "G1", False, LAN)
    assert pay(book, code, "100.00", ref("T1"), SHOP, NOON)["value"] == "0.00"


def test_the_code_itself_is_nowhere_in_the_books(book: psycopg.Connection[Any]) -> None:
    code = make_pay_code(book, "G1", Told("app"), NOON)["code"]
    kept = book.execute("SELECT (SELECT string_agg(e::text, '') FROM counter_event e), (SELECT string_agg(p::text, '')"
                        " FROM pay_code p)").fetchone()
    assert kept is not None
    assert all(code not in each for each in kept)
