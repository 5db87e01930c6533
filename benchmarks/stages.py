"""What is measured of posting and closing, each beside its floor, with as many connections.

Floors: posting against a bare COPY of the same rows into a table like the ledger, with the same indexes; closing against
reading the same input rows by binary COPY and writing the same output rows by COPY, commit by commit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import psycopg

from accounts.calendar import day_of
from accounts.columns import Columns, copy_in
from accounts.database import Database
from accounts.posting_types import PostingType
from accounts.sharding import members_of
from benchmarks.portfolio import FIRST_MONTH, TERMS
from benchmarks.together import Measured, together
from billing import day
from billing.balances import Int64Array
from billing.charging import charge_rows
from billing.closing import bill
from billing.due_cycles import read_cycle
from billing.reading import read_due_accounts, read_postings
from billing.statement_rows import STATEMENT
from billing.terms_book import TermsBook
from fees.schedule import approve, propose
from fees.terms import Terms
from jobs.intake import take_in
from statements.seal import seal_statements

#: Tables for the floor: like the real ones, indexes and all, but nobody's books.
_FLOOR_TABLES = """
CREATE TABLE IF NOT EXISTS floor_posting (LIKE posting INCLUDING ALL);
CREATE TABLE IF NOT EXISTS floor_statement (LIKE statement INCLUDING ALL);
GRANT ALL ON floor_posting, floor_statement TO cardwright_app
"""
#: The ledger's lines of one file, in its own text form.
_LINES = "COPY (SELECT * FROM posting WHERE source_id = {} ORDER BY source_line) TO STDOUT"


def open_portfolio(url: str, folder: Path) -> Callable[[], int]:
    """Approve the terms and take in members and accounts."""
    def run() -> int:
        database = Database(url)
        with database.connect() as connection:
            connection.execute("UPDATE book SET first_on = %(day)s, open_on = %(day)s", {"day": FIRST_MONTH})
            propose(connection, Terms.from_toml(TERMS), "bench author")
            approve(connection, "bench", "bench approver")
        return sum(each.posted for each in take_in(database, folder, [folder / "members.csv", folder / "accounts.csv"]).files)
    return run


def make_floor_tables(url: str) -> None:
    """Make the floor's tables, empty."""
    with psycopg.connect(url) as connection:
        connection.execute(_FLOOR_TABLES)


def post_month(url: str, home: Path, path: Path) -> Measured:
    """Take a transactions file in, from CSV to posted; floor: a bare COPY of the same rows. One process, as `import` is."""
    posted = together(posting, [(url, home, path)])
    return replace(posted, floor_seconds=together(_bare_copy, [(url,)]).seconds)


def close_month(url: str, on: date, floor_first: bool, workers: int) -> Measured:
    """Close the cycle of every account, durable; floor: the same rows in and out by COPY."""
    floor = together(_closing_floor, _shares(url, on, workers)).seconds if floor_first else None
    closed = together(_closing, _shares(url, on, workers))
    return replace(closed, floor_seconds=floor or together(_closing_floor, _shares(url, on, workers)).seconds)


def compute_month(url: str, on: date, workers: int) -> Measured:
    """The engine alone on the same cycle: from columns in memory to sealed statements in memory."""
    return together(_computing, _shares(url, on, workers))


def _shares(url: str, on: date, workers: int) -> list[tuple[str, date, list[int]]]:
    """The shards to be closed, dealt out to the workers."""
    with Database(url).connect() as connection:
        shards = day.shards_to_close(connection, on)
    return [(url, on, shards[first::workers]) for first in range(workers)]


def posting(url: str, home: Path, path: Path) -> Callable[[], int]:
    """Take a transactions file in; units: postings."""
    database = Database(url)
    return lambda: sum(each.posted for each in take_in(database, home, [path]).files)


def _bare_copy(url: str) -> Callable[[], int]:
    database = Database(url)
    with database.connect() as connection, connection.cursor() as cursor:
        source_id = cursor.execute("SELECT max(source_id) FROM source").fetchone()[0]  # type: ignore[index]
        with cursor.copy(_LINES.format(int(source_id)).encode()) as out:
            lines = b"".join(out)

    def run() -> int:
        with database.connect() as connection, connection.cursor() as cursor:
            with cursor.copy("COPY floor_posting FROM STDIN") as copy:
                for start in range(0, len(lines), 1 << 20):
                    copy.write(lines[start:start + (1 << 20)])
            return cursor.rowcount
    return run


def _closing(url: str, on: date, shards: Sequence[int]) -> Callable[[], int]:
    database = Database(url)

    def run() -> int:
        statements = 0
        for shard in shards:
            with database.connect() as connection:
                statements += day.close_cycles(connection, on, *members_of(shard), [], seal_statements).counts["statements"]
        return statements
    return run


def _computing(url: str, on: date, shards: Sequence[int]) -> Callable[[], int]:
    database = Database(url)
    with database.connect() as connection:
        cycles = [read_cycle(connection, on, *members_of(shard)) for shard in shards]

    def run() -> int:
        with database.connect() as connection:
            return sum(len(bill(connection, each, seal_statements).statements["account_id"]) for each in cycles)
    return run


def _closing_floor(url: str, on: date, shards: Sequence[int]) -> Callable[[], int]:
    """The rows that the closing of each shard reads and writes, worked out before the time runs."""
    database = Database(url)
    written: list[tuple[date, Columns, list[tuple[PostingType, Int64Array]]]] = []
    for shard in shards:
        with database.connect() as connection:
            read = read_cycle(connection, on, *members_of(shard))
            derived = bill(connection, read, seal_statements)
            from_day = day_of(int(min(read.due["previous_closing"].tolist(), default=0)) + 1)
            written.append((from_day, derived.statements, [(each.kind, each.amount) for each in derived.charges]))
            book = TermsBook(connection)
            first_on = connection.execute("SELECT first_on FROM book").fetchone()[0]  # type: ignore[index]

    def run() -> int:
        for shard, (from_day, statements, charges) in zip(shards, written, strict=True):
            with database.connect() as connection:
                read_due_accounts(connection, on, *members_of(shard), book.products, first_on, [])
                read_postings(connection, on, *members_of(shard), from_day, book.segments)
                for kind, amount in charges:
                    spec, rows = charge_rows(kind, on, statements["member_id"], statements["account_id"], amount, 156, 1)
                    copy_in(connection, "floor_posting", spec, rows, {"clause": "floor"})
                copy_in(connection, "floor_statement", STATEMENT, statements)
        return sum(len(statements["account_id"]) for _, statements, _ in written)
    return run
