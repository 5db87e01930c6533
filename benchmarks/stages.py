"""What is measured, each beside its floor: posting a month's file, closing the cycle, the engine alone.

Floors: posting against a bare COPY of the same rows into a table like the ledger, with the same indexes; closing against
reading the same input rows by binary COPY and writing the same output rows by COPY, commit by commit, on one connection.
Each function runs in a process of its own, so that the peak memory is its own.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg

from accounts.calendar import day_of
from accounts.columns import copy_in
from accounts.database import Database
from accounts.sharding import members_of
from benchmarks.portfolio import FIRST_MONTH, TERMS
from billing import day
from billing.charging import charge_rows
from billing.closing import STATEMENT, bill, read_cycle
from billing.reading import read_due_accounts, read_postings
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


@dataclass
class Measured:
    """One run of a stage: seconds, the floor's seconds, units done, peak memory of the process in bytes."""

    seconds: float
    units: int
    floor_seconds: float | None = None
    peak_memory_bytes: int = 0


def open_portfolio(url: str, folder: Path) -> None:
    """Approve the terms and take in members and accounts."""
    database = Database(url)
    with database.connect() as connection:
        connection.execute("UPDATE book SET first_on = %(day)s, open_on = %(day)s", {"day": FIRST_MONTH})
        propose(connection, Terms.from_toml(TERMS), "bench author")
        approve(connection, "bench", "bench approver")
    take_in(database, folder, [folder / "members.csv", folder / "accounts.csv"])


def post_month(url: str, home: Path, path: Path) -> Measured:
    """Take a transactions file in, from CSV to posted; floor: a bare COPY of the same rows."""
    database = Database(url)
    began = time.perf_counter()
    taken = take_in(database, home, [path])
    seconds, peak = time.perf_counter() - began, _peak()
    rows = sum(each.posted for each in taken.files)
    with database.connect() as connection:
        source_id = connection.execute("SELECT max(source_id) FROM source").fetchone()[0]  # type: ignore[index]
        lines = _copied_out(connection, f"SELECT * FROM posting WHERE source_id = {int(source_id)} ORDER BY source_line")  # noqa: S608
    floor = _timed(lambda: _copied_in(database, "floor_posting", lines))
    return Measured(seconds, rows, floor, peak_memory_bytes=peak)


def close_month(url: str, on: date, floor_first: bool) -> Measured:
    """Close the cycle of every account, durable; floor: the same rows in and out by COPY."""
    database = Database(url)
    with database.connect() as connection:
        shards = day.shards_to_close(connection, on)
    floor = _closing_floor(database, on, shards) if floor_first else None
    began = time.perf_counter()
    statements = 0
    for shard in shards:
        with database.connect() as connection:
            statements += day.close_cycles(connection, on, *members_of(shard), [], seal_statements).counts["statements"]
    seconds = time.perf_counter() - began
    peak = _peak()
    if floor is None:
        floor = _closing_floor(database, on, shards)
    return Measured(seconds, statements, floor, peak_memory_bytes=peak)


def compute_month(url: str, on: date) -> Measured:
    """The engine alone on the same cycle: from columns in memory to sealed statements in memory."""
    database = Database(url)
    seconds, statements = 0.0, 0
    with database.connect() as connection:
        for shard in day.shards_to_close(connection, on):
            read = read_cycle(connection, on, *members_of(shard))
            began = time.perf_counter()
            statements += len(bill(connection, read, seal_statements).statements["account_id"])
            seconds += time.perf_counter() - began
    return Measured(seconds, statements, peak_memory_bytes=_peak())


def make_floor_tables(url: str) -> None:
    """Make, or empty, the floor's tables."""
    with psycopg.connect(url) as connection:
        connection.execute(_FLOOR_TABLES)
        connection.execute("TRUNCATE floor_posting, floor_statement")


def _closing_floor(database: Database, on: date, shards: list[int]) -> float:
    """Seconds that the database alone takes to give the input rows and take the output rows, as the closing does."""
    seconds = 0.0
    for shard in shards:
        members = members_of(shard)
        with database.connect() as connection:
            read = read_cycle(connection, on, *members)
            derived = bill(connection, read, seal_statements)
            from_day = min(read.due["previous_closing"].tolist(), default=0)
            book = TermsBook(connection)
            first_on = connection.execute("SELECT first_on FROM book").fetchone()[0]  # type: ignore[index]
        began = time.perf_counter()
        with database.connect() as connection:
            read_due_accounts(connection, on, *members, book.products, first_on, [])
            read_postings(connection, on, *members, day_of(int(from_day) + 1), book.segments)
            rows = derived.statements
            for each in derived.charges:
                spec, charges = charge_rows(each.kind, on, rows["member_id"], rows["account_id"], each.amount, 156, 1)
                copy_in(connection, "floor_posting", spec, charges, {"clause": "floor"})
            copy_in(connection, "floor_statement", STATEMENT, derived.statements)
        seconds += time.perf_counter() - began
    return seconds


def _copied_out(connection: psycopg.Connection[Any], query: str) -> bytes:
    with connection.cursor() as cursor, cursor.copy(f"COPY ({query}) TO STDOUT") as copy:
        return b"".join(copy)


def _copied_in(database: Database, table: str, lines: bytes) -> None:
    statement = f"COPY {table} FROM STDIN"
    with database.connect() as connection, connection.cursor() as cursor, cursor.copy(statement) as copy:
        for start in range(0, len(lines), 1 << 20):
            copy.write(lines[start:start + (1 << 20)])


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _peak() -> int:
    """Peak memory of this process in bytes. Not by getrusage where Linux says better: there it starts from the parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

