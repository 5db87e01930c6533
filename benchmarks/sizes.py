"""How much room a portfolio takes, and how much write-ahead log its cycles make: figures that do not depend on the load.

    python -m benchmarks.sizes --accounts 20000 --cycles 3

Posts and closes cycles by the real intake and the real business day, in a database of its own on a server that nobody else
writes to meanwhile: the log is the whole server's. docs/explanation/capacity.md counts with what it prints.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import psycopg
import typer

from accounts.command_line import DatabaseUrl, Home, settings_from
from accounts.database import open_book
from accounts.distribution import BY_MEMBER, EVERYWHERE
from benchmarks import portfolio, service_times, stages
from benchmarks.commands import own_database

_ROOM = """
SELECT c.relname, c.reltuples::bigint, pg_table_size(c.oid), pg_indexes_size(c.oid), pg_total_relation_size(c.oid)
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY(%s) AND c.reltuples > 0
ORDER BY pg_total_relation_size(c.oid) DESC
"""


def sizes(
    accounts: Annotated[int, typer.Option(min=1)] = 20_000,
    transactions_per_account: Annotated[int, typer.Option(min=1)] = 20,
    cycles: Annotated[int, typer.Option(min=1, max=24)] = 3,
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Print log bytes by stage, and rows and bytes by table."""
    settings = settings_from(home, database_url, None)
    with open_book(settings, migrate=True) as book, own_database(book.url) as url, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        portfolio.write_accounts(folder, accounts)
        print(f"{'stage':<28}{'log bytes':>15}{'units':>12}{'bytes a unit':>14}")
        _logged(url, "accounts taken in", stages.open_portfolio(url, folder), accounts)
        for month in range(cycles):
            on, path = portfolio.closing_of(month), folder / "transactions.csv"
            rows = portfolio.write_month(path, accounts, transactions_per_account, month)
            _logged(url, f"{on:%Y-%m} transactions", stages.posting(url, folder, path), rows)
            service_times.begin_business_on(url, on)
            _logged(url, f"{on:%Y-%m} closing", service_times.one_day(url, folder, None, on, 1), accounts)
            if month == cycles - 1:
                quiet = on + timedelta(days=1)
                _logged(url, f"{quiet} quiet day", service_times.one_day(url, folder, None, quiet, 1), accounts)
        _room(url)


def _logged(url: str, stage: str, work: Callable[[], int], units: int) -> None:
    """Do a stage and print what it wrote to the log, right after a checkpoint: full pages are in it, as they are in service."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        before = _log_position(connection)
        work()
        written = _log_position(connection) - before
    print(f"{stage:<28}{written:>15,}{units:>12,}{written / units:>14,.0f}")


def _log_position(connection: psycopg.Connection[tuple[int]]) -> int:
    row = connection.execute("SELECT (pg_current_wal_lsn() - '0/0')::bigint").fetchone()
    return row[0] if row else 0


def _room(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        print(f"\n{'table':<20}{'rows':>12}{'table':>15}{'indexes':>15}{'total':>15}{'bytes a row':>13}")
        for table, rows, heap, indexes, total in connection.execute(_ROOM, ([*BY_MEMBER, *EVERYWHERE],)):
            print(f"{table:<20}{rows:>12,}{heap:>15,}{indexes:>15,}{total:>15,}{total / rows:>13,.0f}")


if __name__ == "__main__":
    typer.run(sizes)
