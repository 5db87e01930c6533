"""Merchant scope and velocity in the decision: for authorisations, spends and loads, also when tills ask at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import psycopg
import pytest

from accounts.database import Database
from counter.authorisations import authorise, clear, reverse
from counter.holding import Told
from counter.prepaid import Sale, activate, load, spend
from fees.prepaid import LimitReached
from tests.prepaid_book import GIFT_CARD, LAN, OK_CARD, open_book, run_days

SHOP = Sale("Corner shop", "5411")
CASINO = Sale("Lucky Seven", "7995")
SCOPED: dict[str, Any] = {
    **OK_CARD, "prepaid": {"load_outlets": ["pudong"], "max_balance": "5000.00"},
    "authorisation": {"categories": ["5000-5999"],
                      "velocity": [{"per": "day", "count": 3}, {"per": "month", "amount": "200.00"}]},
}
HOURLY = {**GIFT_CARD, "authorisation": {"velocity": [{"per": "hour", "count": 1}]}}
AT_PUDONG = Told("lan", None, "pudong")


def ref(text: str) -> Told:
    return Told("switch", text)


@pytest.fixture
def book(database: Database) -> Iterator[psycopg.Connection[Any]]:
    with database.connect() as connection:
        open_book(connection, terms=(SCOPED, HOURLY))
        activate(connection, "P1", "1000.00", "cash", AT_PUDONG)
        connection.commit()
        yield connection


def refused(connection: psycopg.Connection[Any], rule: str, ask: Any) -> None:
    """Refused by the rule, and nothing of it is left."""
    with pytest.raises(LimitReached) as no:
        ask()
    connection.rollback()
    assert no.value.rule == rule


def test_a_card_pays_only_where_its_terms_let_it(book: psycopg.Connection[Any]) -> None:
    refused(book, "category_not_allowed", lambda: authorise(book, "P1", "1.00", ref("1"), CASINO))
    refused(book, "category_not_allowed", lambda: spend(book, "P1", "1.00", ref("T1"), CASINO))
    assert authorise(book, "P1", "1.00", ref("1"), SHOP)["held_amount"] == "1.00"
    book.commit()


def test_value_is_put_on_only_where_its_terms_let_it(book: psycopg.Connection[Any]) -> None:
    refused(book, "outlet_not_allowed", lambda: load(book, "P1", "1.00", "cash", LAN))
    refused(book, "outlet_not_allowed", lambda: activate(book, "P2", "1.00", "cash", Told("lan", None, "puxi")))
    assert load(book, "P1", "1.00", "cash", AT_PUDONG)["value"] == "1001.00"
    book.commit()


def test_spends_and_authorisations_count_together_and_a_reversed_one_does_not(book: psycopg.Connection[Any]) -> None:
    spend(book, "P1", "10.00", ref("T1"), SHOP)
    authorise(book, "P1", "10.00", ref("1"), SHOP)
    clear(book, "P1", "1", "10.00", ref("C-1"))
    authorise(book, "P1", "10.00", ref("2"), SHOP)
    book.commit()
    refused(book, "velocity_count", lambda: authorise(book, "P1", "10.00", ref("3"), SHOP))
    reverse(book, "P1", "2", ref("R-2"))
    spend(book, "P1", "10.00", ref("T2"), SHOP)
    book.commit()
    refused(book, "velocity_count", lambda: spend(book, "P1", "10.00", ref("T3"), SHOP))
    run_days(book, date(2024, 1, 5))
    refused(book, "velocity_amount", lambda: spend(book, "P1", "170.01", ref("T3"), SHOP))
    spend(book, "P1", "170.00", ref("T3"), SHOP)
    book.commit()
    run_days(book, date(2024, 1, 31))
    assert spend(book, "P1", "200.00", ref("T4"), SHOP)["paid"] == "200.00", "another month"
    book.commit()


def test_an_hour_is_sixty_minutes_by_the_clock(book: psycopg.Connection[Any]) -> None:
    activate(book, "G1", "100.00", "cash", LAN)
    authorise(book, "G1", "1.00", ref("1"), CASINO)
    book.commit()
    refused(book, "velocity_count", lambda: authorise(book, "G1", "1.00", ref("2"), SHOP))
    book.execute("UPDATE authorisation SET recorded_at = recorded_at - INTERVAL '59 minutes'")
    book.commit()
    refused(book, "velocity_count", lambda: authorise(book, "G1", "1.00", ref("2"), SHOP))
    book.execute("UPDATE authorisation SET recorded_at = recorded_at - INTERVAL '2 minutes'")
    authorise(book, "G1", "1.00", ref("2"), SHOP)
    book.commit()


def test_eight_tills_at_once_do_not_pass_it(book: psycopg.Connection[Any], database: Database) -> None:
    def till(number: int) -> Counter[str]:
        came_to: Counter[str] = Counter()
        with database.connect() as mine:
            for attempt in range(3):
                try:
                    if number % 2:
                        authorise(mine, "P1", "1.00", ref(f"{number}-{attempt}"), SHOP)
                    else:
                        spend(mine, "P1", "1.00", ref(f"{number}-{attempt}"), SHOP)
                    mine.commit()
                    came_to["let through"] += 1
                except LimitReached as no:
                    mine.rollback()
                    came_to[no.rule] += 1
        return came_to

    with ThreadPoolExecutor(8) as tills:
        total = sum(tills.map(till, range(8)), Counter())
    assert total == {"let through": 3, "velocity_count": 21}
