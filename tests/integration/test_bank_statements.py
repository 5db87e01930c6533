"""Bank statements on a real book: payments find their accounts, others wait with an owner; what is no statement is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from stdnum import iso7064

from accounts.database import Database
from accounts.errors import Refused, Usage
from counter.clearing import register, suspense
from counter.clearing.taking import Taken, UnusableFiles, take_files, take_released
from statements.verify import verify
from statements.verify_scope import Scope
from tests.bank_statements import IBAN, bank_statement, statement_file
from tests.conftest import RunCardwright
from tests.integration.portfolios import Portfolio
from tests.prepaid_book import run_days

TRANSACTIONS = [["purchase", "300.00", "A1", "2024-03-01"], ["purchase", "200.00", "A2", "2024-03-06"]]


@pytest.fixture
def book(database: Database, tmp_path: Path) -> Iterator[psycopg.Connection[Any]]:
    """Accounts A1, which owes 300.00, and A2, 200.00 and its first fees; the open business day is 2024-03-08."""
    portfolio = Portfolio(database, tmp_path).begin()
    portfolio.transactions("transactions.csv", TRANSACTIONS)
    with database.connect() as connection:
        run_days(connection, date(2024, 3, 7))
        connection.commit()
        yield connection
        connection.rollback()
        assert [each for each in verify(connection, Scope()) if each.first_bad is not None] == []
        held = connection.execute("SELECT coalesce(sum(CASE WHEN credit_account = 280 THEN amount ELSE -amount END), 0)"
                                  " FROM house_entry WHERE 280 IN (debit_account, credit_account)").fetchone()
        waits = connection.execute("SELECT coalesce(sum(CASE kind WHEN 'payment' THEN amount ELSE -amount END), 0)"
                                   " FROM suspense_item WHERE state = 'open'").fetchone()
        assert held == waits, "the house's line holds what is in suspense"


def take(database: Database, home: Path, entries: list[dict[str, Any]], number: int = 1, **more: Any) -> Taken:
    return take_files(database, home, [statement_file(home, entries, number, on=more.pop("on", "2024-03-08"), **more)])[0]


def balances(connection: psycopg.Connection[Any]) -> dict[str, int]:
    rows = connection.execute("SELECT a.account, g.balance FROM guarded_balance g JOIN card_account a USING (member_id, "
                              "account_id)")
    found = dict(rows.fetchall())
    connection.commit()
    return found


def creditor_reference(text: str) -> str:
    """ISO 11649: RF, two check digits, the reference."""
    return f"RF{98 - int(iso7064.mod_97_10.checksum(text + 'RF00')):02}{text}"


def waiting(connection: psycopg.Connection[Any]) -> list[tuple[str, str]]:
    found = [(each["amount"], each["why"]) for each in suspense.listed(connection, None, False)]
    connection.commit()
    return found


@pytest.mark.parametrize("version", ["02", "04", "08", "13"])
def test_payments_find_their_accounts_by_what_they_say(
        book: psycopg.Connection[Any], database: Database, home: Path, version: str) -> None:
    taken = take(database, home, [
        {"amount": "100.00", "structured": "A1"},
        {"amount": "50.00", "structured": creditor_reference("A1"), "text": "not A2"},
        {"amount": "20.00", "text": "card account A2, thank you"},
        {"amount": "5.00", "end_to_end": "A2"},
        {"amount": "7.00", "text": "for A1 and A2"},
        {"amount": "8.00", "text": "A9"},
        {"amount": "9.00"},
        {"amount": "60.00", "parts": [{"amount": "40.00", "structured": "A1"}, {"amount": "20.00", "structured": "A2"}]},
        {"amount": "500.00", "side": "DBIT", "text": "rent"},
        {"amount": "3.00", "structured": "A1", "status": "PDNG"},
    ], version=version)
    assert taken.outcome is not None, taken.held
    assert (taken.outcome.posted, taken.outcome.rejected) == (9, 0)
    assert taken.outcome.file.notices == ["1 entries left: not booked yet", "1 entries left: debits that return no payment"]
    assert balances(book) == {"A1": 30_000 - 19_000, "A2": 60_000 - 4_500}
    assert waiting(book) == [
        ("7.00", "more than one account named"), ("8.00", "no account named"), ("9.00", "no account named")]


def test_a_payment_counts_from_its_value_date_and_late_ones_are_rebilled(
        book: psycopg.Connection[Any], database: Database, home: Path) -> None:
    take(database, home, [{"amount": "10.00", "structured": "A1", "value_on": "2024-03-06"},
                          {"amount": "11.00", "structured": "A1", "value_on": "2024-03-11"}])
    rows = book.execute(
        "SELECT amount, posted_on, effective_on, late_for FROM posting WHERE type = 13 ORDER BY amount").fetchall()
    assert rows == [(1_000, date(2024, 3, 8), date(2024, 3, 6), date(2024, 3, 6)),
                    (1_100, date(2024, 3, 8), date(2024, 3, 8), None)]
    book.commit()


def test_what_came_back_is_taken_back_from_the_account_that_it_was_paid_to(
        book: psycopg.Connection[Any], database: Database, home: Path) -> None:
    take(database, home, [{"amount": "100.00", "structured": "A1"}])
    taken = take(database, home, [
        {"amount": "100.00", "side": "DBIT", "reversal": True, "structured": "A1"},
        {"amount": "100.00", "side": "DBIT", "reversal": True, "structured": "A1"},
        {"amount": "30.00", "side": "DBIT", "returned": True, "structured": "A2"},
        {"amount": "30.00", "reversal": True, "structured": "A2"},
    ], 2, opening="1100.00")
    assert taken.outcome is not None, taken.held
    assert balances(book) == {"A1": 30_000, "A2": 60_000}
    assert waiting(book) == [("100.00", "no such payment to be returned"), ("30.00", "no such payment to be returned")]


def test_each_item_in_suspense_has_an_owner_and_is_assigned_once(
        book: psycopg.Connection[Any], database: Database, home: Path) -> None:
    entries = [{"amount": "77.00", "payer": "Li", "text": "card", "value_on": "2024-03-05"}]
    take_files(database, home, [statement_file(home, entries, on="2024-03-08")], owner="mei")
    (item,) = suspense.listed(book, "mei", False)
    assert (item["payer"], item["words"], item["owner"]) == ("Li", "card", "mei")
    assert suspense.hand_over(book, item["item"], "wei")["owner"] == "wei"
    assert suspense.listed(book, "mei", False) == []
    with pytest.raises(Usage, match="no account 'A9'"):
        suspense.assign(book, item["item"], "A9", "wei", "a guess")
    told = suspense.assign(book, item["item"], "A1", "wei", "Li rang")
    book.commit()
    assert (told["state"], told["account"]) == ("assigned", "A1")
    assert balances(book)["A1"] == 30_000 - 7_700
    assert book.execute("SELECT effective_on, late_for FROM posting WHERE type = 13").fetchone() == (
        date(2024, 3, 5), date(2024, 3, 5))
    with pytest.raises(Refused, match="was assigned to A1 by wei"):
        suspense.assign(book, item["item"], "A2", "wei", "again")
    book.rollback()
    assert book.execute("SELECT count(*), sum(amount) FROM house_entry").fetchone() == (2, 15_400)
    book.commit()


def test_the_same_statement_twice_posts_nothing(book: psycopg.Connection[Any], database: Database, home: Path) -> None:
    entries = [{"amount": "10.00", "structured": "A1"}, {"amount": "10.00", "structured": "A1"}, {"amount": "1.00"}]
    take(database, home, entries)
    again = take(database, home, entries, suffix="-again")
    assert again.outcome is not None
    assert (again.outcome.state, again.outcome.posted, again.outcome.known) == ("taken_before", 0, 3)
    assert balances(book)["A1"] == 28_000, "two honest payments of one amount both post"
    assert len(waiting(book)) == 1


@pytest.mark.parametrize(("number", "more", "rule", "says"), [
    (3, {"opening": "1010.00"}, "gap", "was number 1 of 2024 and this is number 3 of 2024"),
    (2, {"opening": "1000.00"}, "balance", "it opens with 1000.00 and the one before, number 1, closed with 1010.00"),
    (1, {"opening": "1010.00"}, "duplicate", "number 1 of 2024 was taken already"),
    (2, {"opening": "1010.00", "closing": "1031.00"}, "totals",
     "it opens with 1010.00, its booked entries come to 20.00, and it closes with 1031.00"),
    (2, {"opening": "1010.00", "entries_said": 2}, "truncated", "it says 2 entries and has 1"),
])
def test_what_does_not_continue_or_add_up_is_held(
        book: psycopg.Connection[Any], database: Database, home: Path, number: int, more: dict[str, Any], rule: str,
        says: str) -> None:
    take(database, home, [{"amount": "10.00", "structured": "A1"}])
    taken = take(database, home, [{"amount": "20.00", "structured": "A1"}], number, suffix="-b", **more)
    assert taken.held is not None
    assert (taken.held.rule, says in taken.held.says) == (rule, True), taken.held
    assert balances(book)["A1"] == 29_000
    released = register.release(book, taken.file, "lan", "the bank says so")
    book.commit()
    outcome = take_released(database, home, released)[0].outcome
    assert outcome is not None
    if rule == "duplicate":
        assert outcome.rejected == 1, "by its number and place it is the entry that is on the books, of another amount"
    else:
        assert balances(book)["A1"] == 27_000


def test_numbers_begin_anew_with_the_year_and_a_gap_goes_on_when_it_is_filled(
        book: psycopg.Connection[Any], database: Database, home: Path) -> None:
    take(database, home, [], 250, on="2023-12-29", opening="0")
    assert take(database, home, [{"amount": "1.00", "structured": "A1"}], 1, on="2024-01-02", opening="0").held is None
    third = take(database, home, [{"amount": "4.00", "structured": "A1"}], 3, on="2024-01-04", opening="3.00")
    assert third.held is not None
    taken = take_files(database, home, [statement_file(home, [{"amount": "2.00", "structured": "A1"}], 2, on="2024-01-03",
                                                       opening="1.00")])
    assert [(each.sequence % 1000, each.went_on) for each in taken] == [(2, False), (3, True)]
    assert balances(book)["A1"] == 30_000 - 700


EVIL = '<!DOCTYPE Document [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
BOMB = '<!DOCTYPE Document [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(("damage", "says"), [
    (lambda text: text[:-40], "is cut off or no XML"),
    (lambda text: "not XML at all", "is cut off or no XML"),
    (lambda text: text.replace("<Document", f"{EVIL}<Document", 1), "declares entities or a document type"),
    (lambda text: text.replace("<Document", f"{BOMB}<Document", 1), "declares entities or a document type"),
    (lambda text: text.replace("camt.053.001.08", "camt.053.001.99"), "is no camt.053 message of versions 02 to 14"),
    (lambda text: text.replace("camt.053.001.08", "pain.001.001.09"), "is no camt.053 message"),
    (lambda text: text.replace(">10.00<", ">ten<", 1), "/Document/BkToCstmrStmt/Stmt/Ntry/Amt"),
    (lambda text: text.replace("<CdtDbtInd>CRDT</CdtDbtInd><Sts>", "<Sts>", 1), "/Document/BkToCstmrStmt/Stmt/Ntry"),
    (lambda text: text.replace("<ElctrncSeqNb>1</ElctrncSeqNb>", ""), "has no sequence number"),
    (lambda text: text.replace("CLBD", "ITBD"), "has no balance CLBD"),
    (lambda text: text.replace("<Stmt>", "<Stmt></Stmt><Stmt>", 1), "/Document/BkToCstmrStmt/Stmt"),
    (lambda text: text.replace('Ccy="CNY">10.00', 'Ccy="USD">10.00', 1), "an entry is in USD and the account in CNY"),
    (lambda text: text.replace('>10.00<', '>10.001<', 1), "an amount is wrong: 10.001 has 3 decimals"),
])
def test_what_is_no_statement_is_refused_with_where(database: Database, home: Path, damage: Any, says: str) -> None:
    path = home / "bank.xml"
    path.write_text(damage(bank_statement([{"amount": "10.00", "structured": "A1"}])), encoding="utf-8")
    with pytest.raises(UnusableFiles) as no:
        take_files(database, home, [path])
    assert says in str(no.value)


def test_the_commands(book: psycopg.Connection[Any], database: Database, home: Path, cardwright: RunCardwright) -> None:
    file = statement_file(home, [{"amount": "10.00", "structured": "A1"}, {"amount": "2.00", "text": "hello"}], on="2024-03-08")
    told = cardwright("clearing", "take", file, "--owner", "mei", "--json", database=database)
    assert told.returncode == 0, told.stderr
    (facts,) = json.loads(told.stdout)["files"]
    assert (facts["sender"], facts["rows"]["posted"], facts["notices"]) == (IBAN, 2, {"into suspense: no account named": 1})
    assert "hello (no account named); owner mei" in cardwright("clearing", "suspense", database=database).stdout
    told = cardwright("clearing", "assign", "1", "A2", "--as", "mei", "--reason", "rang", database=database)
    assert (told.returncode, "assigned to A2 by mei: rang" in told.stdout) == (0, True), told.stderr
    assert balances(book) == {"A1": 29_000, "A2": 59_800}
