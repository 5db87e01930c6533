"""Prepaid accounts that are taken over with what they hold, spent from, billed by night; and accounts that end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from accounts.database import Database
from accounts.errors import Refused
from counter.account_closing import close_account
from counter.authorisations import authorise, reverse
from counter.card_changes import replace_card
from counter.card_life import NotPossible
from counter.card_told import card_told
from counter.holding import NotPrepaid, Told
from counter.prepaid import Sale, load, redeem, refund, spend
from fees.schedule import approve, propose
from fees.terms import Terms
from statements.verify import verify
from statements.verify_scope import Scope
from tests.integration.portfolios import Portfolio
from tests.prepaid_book import LAN, OK_CARD, open_book, run_days, sell

SHOP = Sale("Corner shop", "5411")
ACCOUNTS = [
    ["account", "member", "product", "opened_on", "credit_limit", "opening_balance", "opening_on"],
    ["P1", "M1", "ok-card", "2023-05-01", "", "300.00", "2024-02-29"],
    ["P2", "M1", "ok-card", "2023-05-01", "", "", ""],
    ["P3", "M1", "ok-card", "2023-05-01", "", "-1.00", "2024-02-29"],
    ["P4", "M1", "ok-card", "2023-05-01", "100.00", "", ""],
    ["A1", "M1", "classic", "2023-05-01", "1000.00", "50.00", "2024-02-29"],
]
CARDS = [["card", "account", "kind", "issued_on"], ["C1", "P1", "primary", "2023-05-01"], ["C2", "P2", "primary", "2023-05-01"]]


def till(ref: str) -> Told:
    return Told("till", ref)


@pytest.fixture
def portfolio(database: Database, tmp_path: Path) -> Iterator[Portfolio]:
    found = Portfolio(database, tmp_path)
    with database.connect() as connection:
        propose(connection, Terms.from_document(OK_CARD), "ming")
        approve(connection, "ok-card", "lan")
    found.first_day(date(2024, 3, 1))
    found.take(found.write("members.csv", [["member", "kind", "name"], ["M1", "person", "Ann"]]))
    yield found
    with database.connect() as connection:
        assert [each for each in verify(connection, Scope()) if each.first_bad is not None] == []


def test_what_an_account_holds_is_taken_over_into_a_lot(portfolio: Portfolio, database: Database) -> None:
    taken = portfolio.take(portfolio.write("accounts.csv", ACCOUNTS), portfolio.write("cards.csv", CARDS)).files[0]
    assert (taken.posted, taken.rejected) == (3, 2)
    totals = taken.totals.document()["CNY"]["opening_balance"]
    assert (totals["posted"]["amount"], totals["rejected"]["rows"]) == ("350.00", 1)
    with database.connect() as connection:
        told = card_told(connection, "C1")
        assert (told["value"], told["spendable"]) == ("300.00", "300.00")
        assert [(each["source"], each["purse"], each["remaining"]) for each in told["lots"]] == [
            ("taken_over", "principal", "300.00")]
        spent = spend(connection, "C1", "100.00", till("T1"), SHOP)
        load(connection, "C1", "20.00", "cash", LAN)
        load(connection, "C2", "5.00", "cash", LAN)
        assert spent["value"] == "205.00"
        refund(connection, "C1", "T1", "40.00", till("B1"))
        connection.commit()
        run_days(connection, date(2024, 3, 28))
        row = connection.execute(
            "SELECT s.previous_balance, s.new_balance FROM statement s JOIN card_account a USING (member_id, account_id)"
            " WHERE a.account = 'P1' AND closes_on = '2024-03-28'").fetchone()
        assert row == (-30_000, -30_000 + 9_500 - 2_000 - 3_800)


def test_the_same_accounts_again_are_there_already(portfolio: Portfolio) -> None:
    rows = [ACCOUNTS[0], ACCOUNTS[1]]
    portfolio.take(portfolio.write("accounts.csv", rows))
    again = portfolio.take(portfolio.write("accounts.again.csv", [*rows, ACCOUNTS[2]])).files[0]
    assert (again.posted, again.known, again.rejected) == (1, 1, 0)
    other = [each if each != "300.00" else "301.00" for each in ACCOUNTS[1]]
    changed = portfolio.take(portfolio.write("accounts.other.csv", [ACCOUNTS[0], other])).files[0]
    assert (changed.posted, changed.rejected) == (0, 1)


@pytest.fixture
def book(database: Database) -> Iterator[psycopg.Connection[Any]]:
    with database.connect() as connection:
        open_book(connection)
        sell(connection, "P1", "100.00")
        run_days(connection, date(2024, 2, 10))
        yield connection
        connection.rollback()
        assert [each for each in verify(connection, Scope()) if each.first_bad is not None] == []


def test_an_account_ends_when_nothing_is_on_it(book: psycopg.Connection[Any]) -> None:
    with pytest.raises(Refused, match=r"holds 100\.00; redeem or move that first"):
        close_account(book, "P1", LAN)
    spend(book, "P1", "50.00", till("T1"), SHOP)
    redeem(book, "P1", LAN, "holder")
    told = close_account(book, "P1", till("X1"))
    assert (told["status"], told["command"]) == ("closed", "close_account")
    assert close_account(book, "P1", till("X1")) == told
    book.commit()
    assert book.execute("SELECT status, closed_on FROM card_account WHERE account = 'A-P1'").fetchone() == (
        "closed", date(2024, 2, 11))
    with pytest.raises(Refused, match="is closed already"):
        close_account(book, "P1", LAN)
    with pytest.raises(NotPossible, match="closed"):
        load(book, "P1", "1.00", "cash", LAN)
    run_days(book, date(2024, 3, 28))


def test_not_while_something_is_held_or_another_card_is_in_use(book: psycopg.Connection[Any]) -> None:
    sell(book, "P2", "10.00")
    authorise(book, "P2", "1.00", till("1"), SHOP)
    with pytest.raises(Refused, match=r"holds 10\.00"):
        close_account(book, "P2", LAN)
    reverse(book, "P2", "1", till("R1"))
    spend(book, "P2", "10.50", till("T1"), SHOP)
    spend(book, "P2", "0.02", till("T2"), SHOP)
    replace_card(book, "P2", "P2-b", Told("lan", None, None, "issuer_fault"))
    with pytest.raises(Refused, match="P2-b is active; close those first"):
        close_account(book, "P2", LAN)
    assert close_account(book, "P2-b", LAN)["status"] == "closed"
    book.commit()


def test_a_credit_account_is_not_closed_here(portfolio: Portfolio, database: Database) -> None:
    portfolio.take(portfolio.write("accounts.csv", [ACCOUNTS[0], ACCOUNTS[5]]),
                   portfolio.write("cards.csv", [CARDS[0], ["C1", "A1", "primary", "2023-05-01"]]))
    with database.connect() as connection, pytest.raises(NotPrepaid):
        close_account(connection, "C1", LAN)
