"""Receivables are the sum of all postings up to a day, wherever their balances are taken from and whatever happened since."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from accounts.database import Database
from accounts.posting_types import RECEIVABLE
from jobs.parked_work import release_account
from jobs.steps import steps_of_the_day
from reports.asking import Question, ask
from reports.catalogue import REPORTS
from statements.verify import scope_of, verify
from tests import small_book
from tests.integration.portfolios import Portfolio

UNTIL = date(2024, 6, 10)
BY = (("delinquency",), ("product", "org_unit", "delinquency"))
#: On the last day and the days before it balances are what is owed now less what came since; before 10 May, by statements.
DAYS = [UNTIL, UNTIL - timedelta(days=1), UNTIL - timedelta(days=31), UNTIL - timedelta(days=32), date(2024, 5, 5),
        date(2024, 4, 30), date(2024, 4, 5), date(2024, 3, 20), date(2024, 3, 4), date(2024, 2, 10)]


@pytest.fixture(scope="module")
def book(embedded_module_database: Database) -> Database:
    """A quarter of a small book. Account 5 was parked before its first closing and released, with all its charges, after the
    last; account 6 is parked still; the last account has no posting and no statement; 30 rows wait for days to come.
    """
    with psycopg.connect(embedded_module_database.url) as connection:
        small_book.build(connection, second_currency=True)
        small_book.insert(connection, "posting", [
            small_book.posting(7, 900_000 + each, "purchase", 1_000 + each, UNTIL + timedelta(days=1 + each % 3), 70)
            for each in range(30)])
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute("DELETE FROM posting WHERE member_id = 45")
        connection.execute("SET LOCAL session_replication_role = origin")
        for account in (5, 6):
            connection.execute(
                "INSERT INTO parked_account (member_id, account_id, parked_on, step, reason)"
                " VALUES (%(id)s, %(id)s, '2024-04-04', '2024-04-04/post/0', 'no terms')", {"id": account})
        small_book.run_days(connection, UNTIL)
        assert release_account(connection, "A5", "there are terms again", steps_of_the_day()).counts["statements"] == 3
        connection.commit()
    return embedded_module_database


@pytest.fixture
def connection(book: Database) -> Iterator[psycopg.Connection[Any]]:
    """As the owner of the books, who may change anything; nothing is kept."""
    with psycopg.connect(book.url) as connected:
        connected.execute("SET session_replication_role = replica")
        yield connected
        connected.rollback()


def same_receivables(connection: psycopg.Connection[Any], on: date) -> int:
    """Compares what the report says with the sum of all postings; how many accounts it counts."""
    for by in BY:
        known, summed = (ask(connection, REPORTS["receivables"], Question(to_on=on, by=by, from_postings=from_postings))
                         for from_postings in (False, True))
        assert known == summed, (on, by)
    return sum(int(str(each["accounts"])) for each in known.totals)


def is_a_state_of_books(connection: psycopg.Connection[Any]) -> bool:
    """Whether guarded balances are what the postings that count come to."""
    return {each.check.name: each.holds for each in verify(connection, scope_of(connection))}["guarded_balances_equal_postings"]


@pytest.mark.parametrize("on", DAYS)
def test_on_any_day(connection: psycopg.Connection[Any], on: date) -> None:
    assert is_a_state_of_books(connection)
    assert (same_receivables(connection, on) > 1) == (on >= small_book.FIRST_ON)


@pytest.mark.parametrize("on", DAYS[:4])
def test_while_a_day_is_in_hand(connection: psycopg.Connection[Any], on: date) -> None:
    """The next day is open and its rows count already; a day after it was not opened."""
    connection.execute("INSERT INTO business_day (business_on) VALUES (%s)", (UNTIL + timedelta(days=1),))
    let_in(connection, UNTIL + timedelta(days=1), 1)
    assert is_a_state_of_books(connection)
    assert same_receivables(connection, on) == 45


@pytest.mark.parametrize("on", DAYS[:4])
def test_while_rows_of_a_shard_wait(connection: psycopg.Connection[Any], on: date) -> None:
    """The post step of a closed day is parked: its file rows count in no guarded balance, though they are of the day."""
    [(waits_on,)] = connection.execute(
        "SELECT max(posted_on) FROM posting WHERE posted_on < %s AND source_id = 2", (UNTIL - timedelta(days=13),)).fetchall()
    connection.execute("UPDATE day_step SET state = 'parked' WHERE business_on = %s AND step = 10", (waits_on,))
    let_in(connection, waits_on, -1)
    assert is_a_state_of_books(connection)
    assert same_receivables(connection, on) == 45


def let_in(connection: psycopg.Connection[Any], on: date, sign: int) -> None:
    """The file rows of a day count in the guarded balances from now on, or (-1) no more."""
    changed = connection.execute(
        "UPDATE guarded_balance g SET balance = g.balance + %s * day.amount FROM (SELECT account_id, sum(CASE WHEN"
        " debit_account = %s THEN amount ELSE -amount END) AS amount FROM posting WHERE posted_on = %s AND source_id = 2"
        " GROUP BY account_id) day WHERE g.account_id = day.account_id", (sign, RECEIVABLE, on))
    assert changed.rowcount


def test_after_accounts_were_rebilled_and_released(embedded_database: Database, tmp_path: Path) -> None:
    """A payment of April is found in June: the statements stay as issued, the difference posts on the open day."""
    portfolio = Portfolio(embedded_database, tmp_path).begin()
    portfolio.transactions("transactions.csv", [["purchase", "1000.00", "A1", "2024-03-30"]])
    with psycopg.connect(embedded_database.url) as connection:
        small_book.run_days(connection, date(2024, 6, 20))
    portfolio.transactions("transactions.found.csv", [["payment", "1000.00", "A1", "2024-04-20"]])
    with psycopg.connect(embedded_database.url) as connection:
        small_book.run_days(connection, date(2024, 7, 6))
        assert connection.execute("SELECT count(*) > 0 FROM correction").fetchone() == (True,)
        for on in ("2024-07-06", "2024-07-04", "2024-06-21", "2024-06-20", "2024-06-04", "2024-05-06"):
            assert same_receivables(connection, date.fromisoformat(on)) == 2
