"""Killed in the middle of a clearing file and run again, each row has posted once: the books are as if nobody was killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from accounts.calendar import first_closing
from fees.schedule import approve, propose
from fees.terms import Terms
from tests.clearing_files import clearing_file
from tests.conftest import TestServer
from tests.faults.test_killed_workers import Books, books_at, copied
from tests.integration.test_clearing import CREDIT
from tests.prepaid_book import CNY, FIRST_ON, open_book, sell
from tests.small_book import insert

ROWS = 600
#: Small parts, and a process that kills itself before the n-th statement that begins so.
_KILLER = """
import os, signal
import accounts.intake.delimited, counter.clearing.taking
import psycopg

accounts.intake.delimited.BLOCK_BYTES = 4096
counter.clearing.taking.ROWS_AT_ONCE = 50
AT, NUMBER, MARK = {at!r}, {number}, {mark!r}
seen = []

def before(method):
    def wrapped(self, query, *more, **named):
        if str(query).strip().startswith(AT):
            seen.append(query)
            if len(seen) == NUMBER:
                try:
                    os.close(os.open(MARK, os.O_CREAT | os.O_EXCL))
                except FileExistsError:
                    pass
                else:
                    os.kill(os.getpid(), signal.SIGKILL)
        return method(self, query, *more, **named)
    return wrapped

psycopg.Cursor.execute = before(psycopg.Cursor.execute)
"""


@pytest.fixture(scope="module")
def book(embedded_test_server: TestServer) -> Iterator[str]:
    """The name of a database with a credit card C1 that 40 authorisations are held on, and a prepaid card with value."""
    with embedded_test_server.fresh_database() as database:
        with database.connect() as connection:
            open_book(connection)
            propose(connection, Terms.from_document(CREDIT), "ming")
            approve(connection, "classic", "lan")
            key = {"member_id": 50, "account_id": 50}
            insert(connection, "member", [{"member_id": 50, "member": "M50", "kind": "person"}])
            insert(connection, "member_directory", [{"member": "M50", "member_id": 50}])
            insert(connection, "card_account", [{
                **key, "account": "A50", "product": "classic", "currency": CNY, "opened_on": FIRST_ON, "credit_limit": 10**9,
                "closing_day": 28, "anchor_on": first_closing(FIRST_ON, 28), "migrated": False, "status": "active"}])
            insert(connection, "account_directory", [{"account": "A50", **key}])
            insert(connection, "guarded_balance", [{**key, "holds": 40_000}])
            insert(connection, "card_directory", [{"card": "C1", **key, "card_id": 50}])
            insert(connection, "card", [{**key, "card_id": 50, "card": "C1", "kind": "primary", "issued_on": FIRST_ON,
                                         "status": "active"}])
            insert(connection, "authorisation", [{
                **key, "line": -number, "card_id": 50, "ref": f"Z{number}", "kind": "purchase", "amount": 1_000, "held": 1_000,
                "state": "held", "authorised_on": FIRST_ON, "expires_on": FIRST_ON} for number in range(40)])
            sell(connection, "G1", "900.00")
        yield urlsplit(database.url).path[1:]


def rows() -> list[dict[str, str]]:
    """Presentments, most of them without an authorisation; every tenth of a prepaid card; refunds and rows that are wrong."""
    found = []
    for number in range(ROWS):
        if number % 10 == 0:
            found.append({"card": "G1", "ref": f"G{number}", "amount": "1.00"})
        elif number % 97 == 0:
            found.append({"card": "C9", "ref": f"P{number}", "amount": "1.00"})
        else:
            found.append({"card": "C1", "ref": f"P{number}", "amount": "11.00", "of": f"Z{number}" if number < 40 else ""})
    return found


def taken(books: Books) -> tuple[object, ...]:
    """All that a file comes to."""
    with psycopg.connect(books.url) as connection:
        row = connection.execute("""
            SELECT (SELECT count(*) FROM posting WHERE source_ref IS NOT NULL),
                   (SELECT count(DISTINCT source_ref) FROM posting), (SELECT sum(amount) FROM posting),
                   (SELECT count(*) FROM clearing_item),
                   (SELECT array_agg(ARRAY[balance, holds] ORDER BY account_id) FROM guarded_balance),
                   (SELECT array_agg(ARRAY[state, held::text, cleared::text] ORDER BY ref) FROM authorisation),
                   (SELECT array_agg(ARRAY[rows_taken, rows_posted, rows_known, rows_rejected]) FROM source
                    WHERE kind = 'clearing'),
                   (SELECT sum(remaining) FROM purse_lot), (SELECT array_agg(state) FROM clearing_file)""").fetchone()
    assert row is not None
    rejects = next((books.home / "rejects").iterdir()).read_text(encoding="utf-8")
    return *row, rejects


@pytest.fixture(scope="module")
def undisturbed(embedded_test_server: TestServer, book: str) -> tuple[object, ...]:
    with copied(embedded_test_server, book) as url, books_at(url, None) as books:
        books.done("clearing", "take", str(clearing_file(books.home, rows())), expect=(1,))
        return taken(books)


@pytest.mark.parametrize(("at", "number"), [
    ("UPDATE authorisation z SET held", 1), ("UPDATE guarded_balance g SET balance = g.balance + c", 4),
    ("UPDATE source SET rows_taken", 3), ("UPDATE source SET rows_taken", 5), ("INSERT INTO clearing_item", 25),
    ("UPDATE clearing_file SET state = 'taken'", 1)])
def test_killed_and_taken_again(embedded_test_server: TestServer, book: str, undisturbed: tuple[object, ...], at: str,
                                number: int) -> None:
    with copied(embedded_test_server, book) as url, books_at(url, None) as books:
        file, mark = clearing_file(books.home, rows()), books.home / "killed"
        (books.home / "sitecustomize.py").write_text(_KILLER.format(at=at, number=number, mark=str(mark)))
        books.environment["PYTHONPATH"] = os.pathsep.join([str(books.home), str(Path(__file__).parents[2])])
        assert books.command("clearing", "take", str(file)).wait(timeout=120) == -signal.SIGKILL
        assert mark.exists()
        halfway = books.one("SELECT rows_taken FROM source WHERE kind = 'clearing'")
        if "clearing_file" in at:
            assert halfway == ROWS, "all was committed, but for the register"
        elif number > 1:
            assert 0 < halfway < ROWS, "some parts were committed, others were not"
        books.done("clearing", "take", str(file), expect=(0,) if "clearing_file" in at else (1,))
        assert taken(books) == undisturbed
        books.done("clearing", "take", str(file), expect=(0,))
        assert taken(books) == undisturbed
