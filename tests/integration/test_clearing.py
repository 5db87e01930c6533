"""Clearing files on a real book: what was authorised is cleared, what was not posts, what comes back goes back once."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from accounts.calendar import first_closing
from accounts.database import Database
from counter.authorisations import authorise, listed, reverse
from counter.card_changes import change_state
from counter.card_told import card_told
from counter.clearing import register
from counter.clearing.taking import Taken, UnusableFiles, take_files, take_released
from counter.holding import Told
from counter.prepaid import Sale, spend
from fees.schedule import approve, propose
from fees.terms import Terms
from statements.verify import verify
from statements.verify_scope import Scope
from tests.clearing_files import clearing_file, clearing_text
from tests.conftest import RunCardwright
from tests.prepaid_book import CNY, FIRST_ON, GIFT_CARD, LAN, OK_CARD, open_book, run_days, sell
from tests.small_book import insert

SHOP = Sale("Corner shop", "5411")
CREDIT = {"product": "classic", "in_force_from": date(2024, 1, 1), "cycle": {"closing_day": 28, "due_after_days": 20},
          "fees": {"foreign": {"percent": "0.015"}}}


def ref(text: str) -> Told:
    return Told("switch", text)


@pytest.fixture
def book(database: Database) -> Iterator[psycopg.Connection[Any]]:
    """Prepaid cards, and credit cards C1 and C2 of accounts with a limit of 1,000.00 each."""
    with database.connect() as connection:
        open_book(connection)
        propose(connection, Terms.from_document(CREDIT), "ming")
        approve(connection, "classic", "lan")
        for number, card in ((50, "C1"), (51, "C2")):
            key = {"member_id": number, "account_id": number}
            insert(connection, "member", [{"member_id": number, "member": f"M{number}", "kind": "person"}])
            insert(connection, "member_directory", [{"member": f"M{number}", "member_id": number}])
            insert(connection, "card_account", [{
                **key, "account": f"A{number}", "product": "classic", "currency": CNY, "opened_on": FIRST_ON,
                "credit_limit": 100_000, "closing_day": 28, "anchor_on": first_closing(FIRST_ON, 28), "migrated": False,
                "status": "active"}])
            insert(connection, "account_directory", [{"account": f"A{number}", **key}])
            insert(connection, "guarded_balance", [key])
            insert(connection, "card_directory", [{"card": card, **key, "card_id": number}])
            insert(connection, "card", [{**key, "card_id": number, "card": card, "kind": "primary", "issued_on": FIRST_ON,
                                         "status": "active"}])
        connection.commit()
        yield connection
        connection.rollback()
        assert [each for each in verify(connection, Scope()) if each.first_bad is not None] == []


def open_to_buy(connection: psycopg.Connection[Any], account: str = "A50") -> int:
    row = connection.execute("SELECT a.credit_limit - g.balance - g.holds FROM guarded_balance g"
                             " JOIN card_account a USING (member_id, account_id) WHERE a.account = %s", (account,)).fetchone()
    connection.commit()
    return int(row[0]) if row else 0


def take(database: Database, home: Path, rows: list[dict[str, Any]], sequence: int = 1, **more: Any) -> Taken:
    taken = take_files(database, home, [clearing_file(home, rows, sequence, **more)])
    return taken[0]


def counts(taken: Taken) -> tuple[int, int, int]:
    assert taken.outcome is not None
    return taken.outcome.posted, taken.outcome.known, taken.outcome.rejected


def rejected(taken: Taken) -> list[tuple[str, str, str]]:
    """Line, column and reason of every defect."""
    assert taken.outcome is not None
    assert taken.outcome.rejects_path is not None
    with taken.outcome.rejects_path.open(encoding="utf-8", newline="") as stream:
        return [(row["line"], row["column"], row["reason"]) for row in csv.DictReader(stream)]


def test_presentments_clear_what_was_held_in_parts_late_and_above(
        book: psycopg.Connection[Any], database: Database, home: Path) -> None:
    for number, amount in (("1", "100.00"), ("2", "200.00"), ("3", "50.00"), ("4", "10.00")):
        authorise(book, "C1", amount, ref(number), SHOP, days=1 if number == "3" else 7)
    reverse(book, "C1", "4", ref("R-4"))
    book.commit()
    run_days(book, date(2024, 1, 7))
    assert open_to_buy(book) == 70_000, "the third has run out, the fourth was reversed"
    taken = take(database, home, [
        {"card": "C1", "ref": "P1", "of": "1", "amount": "115.00"},
        {"card": "C1", "ref": "P2", "of": "2", "amount": "80.00", "more_to_come": "yes"},
        {"card": "C1", "ref": "P3", "of": "2", "amount": "70.00", "more_to_come": "yes"},
        {"card": "C1", "ref": "P4", "of": "3", "amount": "50.00"},
        {"card": "C1", "ref": "P5", "of": "4", "amount": "10.00"},
        {"card": "C2", "ref": "P6", "amount": "25.00", "kind": "cash_presentment"},
        {"card": "C2", "ref": "P7", "of": "1", "amount": "5.00"},
    ])
    assert counts(taken) == (7, 0, 0)
    assert taken.outcome is not None
    assert {name.rpartition("(")[2].rstrip(")"): count for name, count in taken.outcome.notices.items()} == {
        "more_than_held": 1, "after_release": 2, "no_authorisation": 2}
    assert [(each["state"], each["held"], each["cleared"]) for each in listed(book, "C1")] == [
        ("cleared", "0.00", "115.00"), ("held", "50.00", "150.00"), ("cleared", "0.00", "50.00"), ("cleared", "0.00", "10.00")]
    assert (open_to_buy(book), open_to_buy(book, "A51")) == (100_000 - 11_500 - 15_000 - 5_000 - 1_000 - 5_000, 97_000)
    again = take(database, home, [
        {"card": "C1", "ref": "P8", "of": "2", "amount": "50.00"}, {"card": "C1", "ref": "P1", "of": "1", "amount": "115.00"},
        {"card": "C1", "ref": "P2", "of": "2", "amount": "80.01"}], 2)
    assert counts(again) == (1, 1, 1)
    assert rejected(again) == [("5", "ref", "already stands for another account or amount; every record has a reference of its "
                                "own")]
    run_days(book, date(2024, 1, 28))
    row = book.execute("SELECT purchases, cash_advances FROM statement WHERE account_id = 50").fetchone()
    assert row == (11_500 + 15_000 + 5_000 + 1_000 + 5_000, 0)
    assert book.execute("SELECT purchases, cash_advances FROM statement WHERE account_id = 51").fetchone() == (500, 2_500)


def test_the_same_file_twice_posts_nothing_and_says_so(book: psycopg.Connection[Any], database: Database, home: Path) -> None:
    rows = [{"card": "C1", "ref": "P1", "amount": "10.00"}, {"card": "C1", "ref": "P2", "amount": "10.00"}]
    assert counts(take(database, home, rows)) == (2, 0, 0)
    again = take(database, home, rows, suffix="-again")
    assert (counts(again), again.outcome and again.outcome.state) == ((0, 2, 0), "taken_before")
    assert open_to_buy(book) == 98_000, "two honest presentments of one amount both post"


def test_bad_rows_go_to_the_rejects_while_good_ones_post(book: psycopg.Connection[Any], database: Database, home: Path) -> None:
    change_state(book, "C2", "report_stolen", LAN)
    book.commit()
    book.execute("UPDATE card_account SET status = 'closed' WHERE account = 'A51'")
    book.commit()
    taken = take(database, home, [
        {"card": "C1", "ref": "P1", "amount": "10.00"},
        {"card": "C9", "ref": "P2", "amount": "10.00"},
        {"card": "C1", "ref": "P3", "amount": "0"},
        {"card": "C1", "ref": "P4", "amount": "1.00", "currency": "USD"},
        {"card": "C1", "ref": "P5", "amount": "1.00", "transaction_on": "2024-01-06"},
        {"card": "C1", "ref": "P1", "amount": "10.00"},
        {"card": "C1", "ref": "P1", "amount": "11.00"},
        {"card": "C2", "ref": "P6", "amount": "1.00"},
        {"card": "C1", "ref": "P7", "amount": "1.00", "kind": "reversal", "of": "nothing"},
    ])
    assert counts(taken) == (1, 1, 7)
    assert [(line, column) for line, column, _ in rejected(taken)] == [
        ("4", "card"), ("5", "amount"), ("6", "currency"), ("7", "transaction_on"), ("9", "ref"), ("10", "card"), ("11", "of")]
    assert open_to_buy(book) == 99_000


def test_cells_that_cannot_be_read_reject_their_row_alone(
        book: psycopg.Connection[Any], database: Database, home: Path) -> None:
    path = clearing_file(home, [{"card": "C1", "ref": "P1", "amount": "10.00"}, {"card": "C1", "ref": "P2", "amount": "10.00"}])
    path.write_text(path.read_text().replace("P2,,2024-01-04,10.00", "P2,,2024-01-04,1e1"))
    taken = take_files(database, home, [path])[0]
    assert counts(taken) == (1, 0, 1)
    assert rejected(taken)[0][:2] == ("4", "amount")
    assert taken.outcome is not None
    assert "the total of presentment CNY cannot be checked: not every row can be read" in taken.outcome.file.notices


def test_nothing_is_given_back_twice(book: psycopg.Connection[Any], database: Database, home: Path) -> None:
    authorise(book, "C1", "30.00", ref("1"), SHOP)
    book.commit()
    taken = take(database, home, [
        {"card": "C1", "ref": "B0", "kind": "refund", "of": "P1", "amount": "40.00"},
        {"card": "C1", "ref": "P1", "amount": "100.00"},
        {"card": "C1", "ref": "B1", "kind": "chargeback", "of": "P1", "amount": "59.99"},
        {"card": "C1", "ref": "B2", "kind": "reversal", "of": "P1", "amount": "0.02"},
        {"card": "C1", "ref": "B3", "kind": "refund", "amount": "5.00"},
        {"card": "C1", "ref": "B4", "kind": "reversal", "of": "1", "amount": "30.00"},
        {"card": "C1", "ref": "B5", "kind": "reversal", "of": "1", "amount": "30.00"},
        {"card": "C1", "ref": "B6", "kind": "chargeback", "of": "1", "amount": "30.00"},
    ])
    assert counts(taken) == (5, 0, 3)
    assert rejected(taken) == [
        ("6", "amount", "is more than the 0.01 that is left of its presentment"),
        ("9", "of", "is an authorisation that is reversed already; nothing of it is held"),
        ("10", "of", "is no presentment on the card's account")]
    assert open_to_buy(book) == 100_000 - 10_000 + 4_000 + 5_999 + 500
    more = take(database, home, [{"card": "C1", "ref": "B7", "kind": "refund", "of": "P1", "amount": "0.02"},
                                 {"card": "C1", "ref": "B8", "kind": "refund", "of": "P1", "amount": "0.01"}], 2)
    assert counts(more) == (1, 0, 1)


def test_a_reversal_of_what_was_billed_is_rebilled_by_the_night(
        book: psycopg.Connection[Any], database: Database, home: Path) -> None:
    take(database, home, [{"card": "C1", "ref": "P1", "amount": "1000.00"}])
    run_days(book, date(2024, 2, 28))
    assert book.execute("SELECT interest FROM statement WHERE account_id = 50 AND closes_on = '2024-02-28'").fetchone() != (0,)
    take(database, home, [{"card": "C1", "ref": "B1", "kind": "reversal", "of": "P1", "amount": "1000.00",
                           "transaction_on": "2024-02-28"}], 2)
    run_days(book, date(2024, 3, 1))
    assert open_to_buy(book) == 100_000, "as if it had never been: the interest and the late fee came back"


def test_foreign_amounts_bear_their_fee_and_stand_on_the_posting(
        book: psycopg.Connection[Any], database: Database, home: Path) -> None:
    take(database, home, [
        {"card": "C1", "ref": "P1", "amount": "88.00", "original_amount": "12.00", "original_currency": "USD"}])
    run_days(book, FIRST_ON)
    assert open_to_buy(book) == 100_000 - 8_800 - 132
    assert book.execute("SELECT original_amount, original_currency FROM posting WHERE source_ref = 'P1'").fetchone() == (
        "12.00", "USD")


def test_prepaid_value_goes_through_its_lots_and_is_never_overdrawn(
        book: psycopg.Connection[Any], database: Database, home: Path) -> None:
    sell(book, "G1", "100.00")
    sell(book, "G2", "10.00")
    authorise(book, "G1", "60.00", ref("1"), SHOP)
    spend(book, "G1", "20.00", ref("T1"), SHOP)
    book.commit()
    taken = take(database, home, [
        {"card": "G1", "ref": "P1", "of": "1", "amount": "65.00"},
        {"card": "G2", "ref": "P2", "amount": "10.01"},
        {"card": "G2", "ref": "P3", "amount": "10.00"},
        {"card": "G1", "ref": "B1", "of": "P1", "kind": "refund", "amount": "30.00"},
        {"card": "G1", "ref": "B2", "of": "P1", "kind": "reversal", "amount": "35.01"},
        {"card": "G1", "ref": "B3", "of": "T1", "kind": "refund", "amount": "20.00"},
    ])
    assert counts(taken) == (4, 0, 2)
    assert [(line, reason.rpartition("(")[2]) for line, _, reason in rejected(taken)] == [
        ("4", "not_enough_value)"), ("7", "more_than_spent)")]
    held = [row[0] for row in book.execute(
        "SELECT -g.balance FROM guarded_balance g JOIN card_directory USING (member_id, account_id)"
        " WHERE card IN ('G1', 'G2') ORDER BY card")]
    assert held == [10_000 - 6_500 - 2_000 + 3_000 + 2_000, 0]
    book.commit()


def test_a_gap_is_held_and_goes_on_when_it_is_filled(book: psycopg.Connection[Any], database: Database, home: Path) -> None:
    take(database, home, [{"card": "C1", "ref": "P1", "amount": "1.00"}])
    third = take(database, home, [{"card": "C1", "ref": "P3", "amount": "4.00"}], 3)
    assert third.held is not None
    assert (third.held.rule, third.held.says) == (
        "gap", "UNION's last one was number 1 and this is number 3: number 2 is missing; take those in first and this one "
        "goes on by itself")
    other = take(database, home, [{"card": "C1", "ref": "V1", "amount": "8.00"}], 3, sender="VIENNA")
    assert counts(other) == (1, 0, 0), "another sender has a sequence of its own"
    (home / "union-000003.csv").unlink()
    taken = take_files(database, home, [clearing_file(home, [{"card": "C1", "ref": "P2", "amount": "2.00"}], 2)])
    assert [(each.sequence, each.went_on) for each in taken] == [(2, False), (3, True)]
    assert open_to_buy(book) == 100_000 - 1_500
    assert not any((home / "held").iterdir())


@pytest.mark.parametrize(("damage", "rule", "says"), [
    ({"trailer": ""}, "truncated", "it has 1 rows and no trailer: it was cut off; ask UNION for it again"),
    ({"trailer": "", "totals": ()}, "truncated", "it has 1 rows and no trailer"),
    ({"trailer": "trailer,1,2\n"}, "trailer", "its trailer says 1,2 (sequence, rows) and it has sequence 1 and 1 rows"),
    ({"trailer": "trailer,7,1\n"}, "trailer", "its trailer says 7,1"),
    ({"totals": ["total,presentment,CNY,1,10.01"]}, "totals",
     "its total of presentment CNY is 1 rows and 10.01, its rows are 1 and 10.00"),
    ({"totals": ["total,presentment,CNY,2,10.00"]}, "totals", "is 2 rows and 10.00"),
    ({"totals": ["total,presentment,CNY,1,10.00", "total,refund,CNY,1,5.00"]}, "totals", "its total of refund CNY is 1 rows"),
    ({"totals": ()}, "totals", "it has 1 rows of presentment CNY and no total for them"),
    ({"totals": ["total,presentment,CNY,1"]}, "totals", "is not total,KIND,CURRENCY,ROWS,AMOUNT"),
])
def test_a_file_that_does_not_add_up_is_held_and_can_be_released(
        book: psycopg.Connection[Any], database: Database, home: Path, damage: dict[str, Any], rule: str, says: str) -> None:
    rows = [{"card": "C1", "ref": "P1", "amount": "10.00"}]
    taken = take(database, home, rows, **damage)
    assert taken.held is not None
    assert taken.held.rule == rule
    assert says in taken.held.says
    assert open_to_buy(book) == 100_000
    assert take(database, home, rows, **damage).held == taken.held, "looked at again, held again"
    (held,) = register.listed(book, True, 10)
    released = register.release(book, held["file"], "lan", "called UNION: the rows are right")
    book.commit()
    assert counts(take_released(database, home, released)[0]) == (1, 0, 0)
    assert open_to_buy(book) == 99_000


def test_a_whole_file_takes_the_place_of_the_one_that_was_cut_off(
        book: psycopg.Connection[Any], database: Database, home: Path) -> None:
    rows = [{"card": "C1", "ref": "P1", "amount": "10.00"}]
    take(database, home, rows, trailer="")
    assert counts(take(database, home, rows)) == (1, 0, 0)
    assert [each["state"] for each in register.listed(book, False, 10)] == ["taken", "superseded"]
    book.commit()


def test_a_number_that_is_taken_and_rows_that_are_there_are_held(
        book: psycopg.Connection[Any], database: Database, home: Path) -> None:
    rows = [{"card": "C1", "ref": "P1", "amount": "10.00"}]
    take(database, home, rows)
    other = take(database, home, [{"card": "C1", "ref": "P2", "amount": "10.00"}], suffix="-b")
    assert other.held is not None
    assert other.held.rule == "duplicate"
    same = take(database, home, rows, 2)
    assert same.held is not None
    assert same.held.rule == "same_rows"
    released = register.release(book, same.file, "lan", "UNION says so")
    book.commit()
    assert counts(take_released(database, home, released)[0]) == (0, 1, 0), "even then each reference posts once"
    assert open_to_buy(book) == 99_000


@pytest.mark.parametrize(("text", "says"), [
    ("", "line 1 has to be header,cardwright.clearing/1,SENDER,SEQUENCE,DATE"),
    ("type,amount,card\npurchase,1,C1\n", "line 1 has to be"),
    ("header,cardwright.clearing/2,U,1,2024-01-05\nkind\n", "version 'cardwright.clearing/2' is not known"),
    ("header,cardwright.clearing/1,U,0,2024-01-05\nkind\n", "sequence '0' is not a number from 1 on"),
    ("header,cardwright.clearing/1,U,1,5 January\nkind\n", "file date '5 January' is not a date"),
    ("header,cardwright.clearing/1,U,1,2024-01-05\n", "line 2: the first line is blank"),
    ("header,cardwright.clearing/1,U,1,2024-01-05\nkind,card,ref\n", "column transaction_on, amount, currency is missing"),
])
def test_what_is_no_clearing_file_is_said_to_be_none(database: Database, home: Path, text: str, says: str) -> None:
    path = home / "file.csv"
    path.write_text(text)
    with pytest.raises(UnusableFiles) as no:
        take_files(database, home, [path])
    assert says in str(no.value)


def test_the_command_takes_lists_and_releases(
        book: psycopg.Connection[Any], database: Database, home: Path, cardwright: RunCardwright) -> None:
    first = clearing_file(home, [{"card": "C1", "ref": "P1", "amount": "10.00"}, {"card": "C9", "ref": "P2", "amount": "1.00"}])
    told = cardwright("clearing", "take", first, database=database)
    assert told.returncode == 1, told.stderr
    assert "2 read, 1 posted, 0 already there, 1 rejected" in told.stdout
    gap = home / "union-9.csv"
    gap.write_text(clearing_text([{"card": "C1", "ref": "P9", "amount": "10.00"}], 9))
    told = cardwright("clearing", "take", gap, database=database)
    assert (told.returncode, "numbers 2 to 8 are missing" in told.stdout) == (1, True)
    assert "union-9.csv" in cardwright("clearing", "list", "--held", database=database).stdout
    told = cardwright("clearing", "release", "2", "--as", "lan", "--reason", "holidays", database=database)
    assert (told.returncode, "1 posted" in told.stdout) == (0, True), told.stderr
    told = cardwright("clearing", "release", "2", "--as", "lan", "--reason", "again", database=database)
    assert (told.returncode, "only a held file is released" in told.stderr) == (3, True)
    told = cardwright("clearing", "take", home / "none.csv", database=database)
    assert (told.returncode, "cannot be read" in told.stderr) == (1, True)


def test_a_card_that_is_cleared_lies_not_idle(database: Database, home: Path) -> None:
    terms = {**OK_CARD, "prepaid": {"dormancy": {"after_months": 1, "fee": "4.00"}}}
    with database.connect() as connection:
        open_book(connection, terms=(terms, GIFT_CARD))
        sell(connection, "P1", "100.00")
        sell(connection, "P2", "100.00")
        run_days(connection, date(2024, 1, 9))
        connection.commit()
        take(database, home, [{"card": "P1", "ref": "P1", "amount": "10.00"}])
        run_days(connection, date(2024, 2, 9))
        assert [card_told(connection, card)["value"] for card in ("P1", "P2")] == ["90.00", "96.00"]
        run_days(connection, date(2024, 2, 10))
        assert card_told(connection, "P1")["value"] == "86.00", "a month after it was used"
