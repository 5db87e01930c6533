"""Authorisations on credit and prepaid cards: what is promised is held, cleared in parts, reversed, or runs out; once each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import psycopg
import pytest

from accounts.calendar import first_closing
from accounts.database import Database
from accounts.errors import Usage
from billing.account_balance import account_balance
from counter.authorisations import (
    Abroad,
    NoSuchAuthorisation,
    NotHeld,
    OverSubLimit,
    authorise,
    clear,
    listed,
    refund_without_original,
    reverse,
)
from counter.card_changes import change_state, freeze
from counter.card_life import NotPossible
from counter.card_told import card_told
from counter.holding import NotEnough, RefStandsFor, Told
from counter.prepaid import Sale, give_bonus, redeem, spend
from fees.prepaid import LimitReached
from fees.schedule import approve, propose
from fees.terms import Terms
from statements.verify import verify
from statements.verify_scope import Scope
from tests.prepaid_book import CNY, FIRST_ON, LAN, open_book, run_days, sell
from tests.small_book import insert

SHOP = Sale("Corner shop", "5411")
CREDIT = {"product": "classic", "in_force_from": date(2024, 1, 1), "cycle": {"closing_day": 28, "due_after_days": 20},
          "fees": {"foreign": {"percent": "0.015"}}}


def ref(text: str) -> Told:
    return Told("switch", text)


@pytest.fixture
def book(database: Database) -> Iterator[psycopg.Connection[Any]]:
    """The prepaid cards, and a credit account with a limit of 1,000.00: card C1, and C2 with 200.00 a month of it."""
    with database.connect() as connection:
        open_book(connection)
        propose(connection, Terms.from_document(CREDIT), "ming")
        approve(connection, "classic", "lan")
        insert(connection, "member", [{"member_id": 50, "member": "M50", "kind": "person"}])
        insert(connection, "member_directory", [{"member": "M50", "member_id": 50}])
        insert(connection, "card_account", [{
            "member_id": 50, "account_id": 50, "account": "A50", "product": "classic", "currency": CNY, "opened_on": FIRST_ON,
            "credit_limit": 100_000, "closing_day": 28, "anchor_on": first_closing(FIRST_ON, 28), "migrated": False,
            "status": "active"}])
        insert(connection, "account_directory", [{"account": "A50", "member_id": 50, "account_id": 50}])
        insert(connection, "guarded_balance", [{"member_id": 50, "account_id": 50}])
        for card_id, card, kind, sub_limit in ((50, "C1", "primary", None), (51, "C2", "supplementary", 20_000)):
            insert(connection, "card_directory", [{"card": card, "member_id": 50, "account_id": 50, "card_id": card_id}])
            insert(connection, "card", [{"member_id": 50, "account_id": 50, "card_id": card_id, "card": card, "kind": kind,
                                         "issued_on": FIRST_ON, "status": "active", "sub_limit": sub_limit}])
        connection.commit()
        yield connection
        connection.rollback()
        assert [each for each in verify(connection, Scope()) if each.first_bad is not None] == []


def open_to_buy(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute("SELECT a.credit_limit - g.balance - g.holds FROM guarded_balance g"
                             " JOIN card_account a USING (member_id, account_id) WHERE a.account = 'A50'").fetchone()
    return int(row[0]) if row else 0


def test_a_promise_is_held_cleared_in_parts_and_billed(book: psycopg.Connection[Any]) -> None:
    told = authorise(book, "C1", "300.00", ref("000317"), SHOP)
    assert (told["held_amount"], told["open_to_buy"], told["expires_on"]) == ("300.00", "700.00", "2024-01-12")
    assert authorise(book, "C1", "300.00", ref("000317"), SHOP) == told, "a stand-in duplicate"
    with pytest.raises(RefStandsFor):
        authorise(book, "C1", "301.00", ref("000317"), SHOP)
    first = clear(book, "C1", "000317", "120.00", ref("C-1"), final=False)
    assert (first["given_back"], first["open_to_buy"]) == ("120.00", "700.00"), "what was held is owed now"
    last = clear(book, "C1", "000317", "150.00", ref("C-2"))
    assert (last["given_back"], last["open_to_buy"]) == ("180.00", "730.00"), "30.00 were not used"
    with pytest.raises(NotHeld, match="is cleared"):
        clear(book, "C1", "000317", "1.00", ref("C-3"))
    book.commit()
    assert [(each["state"], each["held"], each["cleared"]) for each in listed(book, "C1")] == [("cleared", "0.00", "270.00")]
    run_days(book, date(2024, 1, 28))
    row = book.execute("SELECT purchases, new_balance FROM statement WHERE account_id = 50").fetchone()
    assert row == (27_000, 27_000)


def test_never_more_than_is_open_to_buy_and_a_reversal_frees_it(book: psycopg.Connection[Any]) -> None:
    authorise(book, "C1", "1000.00", ref("1"), SHOP)
    with pytest.raises(NotEnough, match=r"0\.01 was asked for and 0\.00"):
        authorise(book, "C1", "0.01", ref("2"), SHOP)
    back = reverse(book, "C1", "1", ref("R-1"))
    assert (back["given_back"], back["open_to_buy"]) == ("1000.00", "1000.00")
    assert reverse(book, "C1", "1", ref("R-1")) == back
    with pytest.raises(NotHeld, match="is reversed"):
        reverse(book, "C1", "1", ref("R-2"))
    with pytest.raises(NoSuchAuthorisation):
        clear(book, "C1", "9", "1.00", ref("C-1"))
    authorise(book, "C1", "1000.00", ref("2"), SHOP)
    book.commit()


def test_a_promise_outlives_the_card_and_runs_out_by_itself(book: psycopg.Connection[Any]) -> None:
    authorise(book, "C1", "100.00", ref("1"), SHOP)
    authorise(book, "C1", "200.00", ref("2"), SHOP, days=3)
    change_state(book, "C1", "report_stolen", LAN)
    with pytest.raises(NotPossible, match="is stolen"):
        authorise(book, "C1", "1.00", ref("3"), SHOP)
    book.commit()
    assert open_to_buy(book) == 70_000
    run_days(book, date(2024, 1, 8))
    assert open_to_buy(book) == 70_000, "held on its last day"
    run_days(book, date(2024, 1, 9))
    assert open_to_buy(book) == 90_000
    late = clear(book, "C1", "2", "200.00", ref("C-1"))
    assert (late["given_back"], late["open_to_buy"]) == ("0.00", "700.00"), "presented late, it is owed all the same"
    assert clear(book, "C1", "1", "130.00", ref("C-2"))["open_to_buy"] == "670.00", "more than was promised: a tip"
    book.commit()
    assert account_balance(book, "A50").open_to_buy == 67_000


def test_a_supplementary_card_has_its_own_limit_a_month(book: psycopg.Connection[Any]) -> None:
    authorise(book, "C2", "150.00", ref("1"), SHOP)
    clear(book, "C2", "1", "150.00", ref("C-1"))
    with pytest.raises(OverSubLimit, match=r"50\.01 on top of 150\.00 this month is more than its limit of 200\.00"):
        authorise(book, "C2", "50.01", ref("2"), SHOP)
    authorise(book, "C2", "50.00", ref("2"), SHOP, days=31)
    book.commit()
    run_days(book, date(2024, 1, 31))
    with pytest.raises(OverSubLimit):
        authorise(book, "C2", "150.01", ref("3"), SHOP)
    authorise(book, "C2", "150.00", ref("3"), SHOP)
    book.commit()


def test_what_was_paid_abroad_bears_its_fee_when_the_day_is_run(book: psycopg.Connection[Any]) -> None:
    authorise(book, "C1", "87.10", ref("1"), SHOP, abroad=Abroad("12.00", "USD"))
    clear(book, "C1", "1", "88.00", ref("C-1"))
    book.commit()
    assert open_to_buy(book) == 100_000 - 8_800
    run_days(book, FIRST_ON)
    assert open_to_buy(book) == 100_000 - 8_800 - 132
    run_days(book, date(2024, 1, 28))
    assert book.execute("SELECT fees, new_balance FROM statement WHERE account_id = 50").fetchone() == (132, 8_932)
    with pytest.raises(Usage, match="'XXY' is no currency code"):
        Abroad("1", "XXY")


def test_a_prepaid_card_is_held_to_what_it_holds(book: psycopg.Connection[Any]) -> None:
    sell(book, "P1", "100.00")
    give_bonus(book, "P1", "20.00", "issuer", "2024-01-06", LAN)
    told = authorise(book, "P1", "120.00", ref("1"), SHOP)
    assert (told["held_amount"], told["open_to_buy"]) == ("114.00", "6.00"), "5 % off"
    with pytest.raises(NotEnough):
        spend(book, "P1", "10.00", ref("T1"), SHOP)
    with pytest.raises(NotPossible, match="gives no cash"):
        authorise(book, "P1", "1.00", ref("2"), SHOP, kind="cash_advance")
    book.commit()
    run_days(book, date(2024, 1, 7))
    assert card_told(book, "P1")["value"] == "114.00", "6.00 of the bonus ran out; what is held for a till did not"
    freeze(book, "P1", True, LAN)
    cleared = clear(book, "P1", "1", "100.00", ref("C-1"))
    assert cleared["value"] == "19.00", "the bonus was kept for the till, and the card is frozen only since"
    book.commit()


def test_nothing_is_paid_out_while_something_is_held(book: psycopg.Connection[Any]) -> None:
    sell(book, "P1", "100.00")
    run_days(book, date(2024, 2, 10))
    authorise(book, "P1", "10.00", ref("1"), SHOP)
    with pytest.raises(Exception, match=r"9\.50 is held for authorisations"):
        redeem(book, "P1", LAN, "holder")
    reverse(book, "P1", "1", ref("R-1"))
    redeem(book, "P1", LAN, "holder")
    book.commit()


def test_a_refund_without_an_original_comes_in_on_either_kind_of_card(book: psycopg.Connection[Any]) -> None:
    told = refund_without_original(book, "C1", "20.00", ref("R1"), SHOP)
    assert told["open_to_buy"] == "1020.00"
    assert refund_without_original(book, "C1", "20.00", ref("R1"), SHOP) == told
    sell(book, "G1", "990.00")
    assert refund_without_original(book, "G1", "10.00", ref("R2"), SHOP)["spendable"] == "1000.00"
    with pytest.raises(LimitReached, match="max_balance"):
        refund_without_original(book, "G1", "0.01", ref("R3"), SHOP)
    book.commit()
    run_days(book, date(2024, 1, 28))
    assert book.execute("SELECT credits, new_balance FROM statement WHERE account_id = 50").fetchone() == (2_000, -2_000)


def test_many_tills_at_once_are_never_promised_more_than_the_limit(book: psycopg.Connection[Any], database: Database) -> None:
    def till(number: int) -> Counter[str]:
        came_to: Counter[str] = Counter()
        with database.connect() as mine:
            for attempt in range(30):
                try:
                    authorise(mine, "C1", "10.00", ref(f"{number}-{attempt}"), SHOP)
                    mine.commit()
                    came_to["held"] += 1
                except NotEnough:
                    mine.rollback()
                    came_to["refused"] += 1
        return came_to

    with ThreadPoolExecutor(6) as tills:
        total = sum(tills.map(till, range(6)), Counter())
    assert total == {"held": 100, "refused": 80}
    assert open_to_buy(book) == 0
