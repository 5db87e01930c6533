"""`cardwright export journal` and `cardwright export statements`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated, Any

import typer
from psycopg import Connection

from accounts.command_line import BrokerUrl, DatabaseUrl, DryRun, Home, console, settings_from
from accounts.database import open_book
from accounts.errors import Usage
from reports.journal import (
    JournalEntry,
    JournalPeriod,
    OpenedAccount,
    currencies_of_book,
    journal_entries,
    journal_period,
    opened_accounts,
)
from statements.whole_file import whole_file

export = typer.Typer(help="Export statements in bulk, or the journal for outside tools.", no_args_is_help=True,
                     add_completion=False, rich_markup_mode=None)


class JournalFormat(StrEnum):
    """The tools that the journal is written for."""

    BEANCOUNT = "beancount"
    HLEDGER = "hledger"
    CSV = "csv"


class StatementsFormat(StrEnum):
    """How statements are written in bulk."""

    JSONL = "jsonl"
    PARQUET = "parquet"


From = Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DATE", help="First day.")]
To = Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DATE", help="Last day, included.")]
Out = Annotated[Path | None, typer.Option("--out", metavar="PATH", help="Write to a file, whole or not at all.")]


@export.command("journal")
def export_journal(
    wanted: Annotated[JournalFormat, typer.Option("--format", help="What tool the journal is for.")],
    from_on: From = None,
    to_on: To = None,
    out: Out = None,
    dry_run: DryRun = False,
    home: Home = None,
    database_url: DatabaseUrl = None,
    broker_url: BrokerUrl = None,
) -> None:
    """Write the books as a journal, with a balance assertion at every closing.

    \b
    cardwright export journal --format beancount --out books.beancount
    cardwright export journal --format hledger --from 2005-05-01 --to 2005-05-31
    """
    with open_book(settings_from(home, database_url, broker_url)) as database, database.connect() as connection:
        _one_moment(connection)
        period = journal_period(connection, _day(from_on), _day(to_on))
        days = f"{period.from_on or 'the beginning'} to {period.to_on}"
        if dry_run:
            console.print(f"the journal of {days} would be written as {wanted}; nothing was (dry run)", markup=False)
            return
        counted = Counted()
        with _output(out) as file:
            for text in journal_text(connection, period, wanted, counted):
                file.write(text.encode())
    accounts = f"{counted.accounts:,} accounts, " if counted.accounts else ""
    console.print(f"journal of {days}: {accounts}{counted.postings:,} postings, "
                  f"{counted.closings:,} balances at closings{f', to {out}' if out else ''}", markup=False)


@export.command("statements")
def export_statements(
    wanted: Annotated[StatementsFormat, typer.Option("--format", help="JSON Lines or Parquet.")],
    out: Annotated[Path, typer.Option("--out", metavar="PATH", help="The file, written whole or not at all.")],
    closing: Annotated[datetime | None, typer.Option("--closing", formats=["%Y-%m-%d"], metavar="DATE",
                                                     help="Only statements that closed on this day.")] = None,
    from_on: From = None,
    to_on: To = None,
    dry_run: DryRun = False,
    home: Home = None,
    database_url: DatabaseUrl = None,
    broker_url: BrokerUrl = None,
) -> None:
    """Write issued statements in bulk, in account and closing order.

    \b
    cardwright export statements --closing 2005-09-25 --format jsonl --out september.jsonl
    cardwright export statements --format parquet --out statements.parquet
    """
    if closing is not None and (from_on is not None or to_on is not None):
        raise Usage("--closing names one day; give it, or --from and --to, but not both")
    first_on, last_on = _day(closing or from_on) or date.min, _day(closing or to_on) or date.max
    if first_on > last_on:
        raise Usage(f"the days run backwards: from {first_on} to {last_on}; give --from a day up to --to")
    with open_book(settings_from(home, database_url, broker_url)) as database, database.connect() as connection:
        _one_moment(connection)
        if dry_run:
            console.print(f"{_issued(connection, first_on, last_on):,} statements would be written to {out} "
                          "(dry run)", markup=False)
            return
        with whole_file(out) as file:
            written = _statements_writer(connection, wanted)(first_on, last_on, file)
    console.print(f"{written:,} statements matched, {written:,} written to {out}", markup=False)


class Counted:
    """How much of each kind went into a journal."""

    accounts = postings = closings = 0

    def opened(self, accounts: Iterator[OpenedAccount]) -> Iterator[OpenedAccount]:
        for each in accounts:
            self.accounts += 1
            yield each

    def entries(self, entries: Iterator[JournalEntry]) -> Iterator[JournalEntry]:
        from reports.journal import ClosingBalance, JournalPosting

        for each in entries:
            self.postings += isinstance(each, JournalPosting)
            self.closings += isinstance(each, ClosingBalance)
            yield each


def journal_text(connection: Connection[Any], period: JournalPeriod, wanted: JournalFormat, counted: Counted) -> Iterator[str]:
    """The journal piece by piece, in a format; `counted` tells afterwards how much there was."""
    from reports import journal_beancount, journal_csv, journal_hledger

    currencies = currencies_of_book(connection)
    entries = counted.entries(journal_entries(connection, period))
    if wanted is JournalFormat.CSV:
        yield from journal_csv.as_journal_csv(entries)
        return
    opened = counted.opened(opened_accounts(connection, period))
    if wanted is JournalFormat.BEANCOUNT:
        yield from journal_beancount.beancount_head(currencies, first_day_of_journal(connection, period))
        yield from map(journal_beancount.beancount_open, opened)
        yield "\n"
        yield from journal_beancount.as_beancount(entries)
    else:
        yield from journal_hledger.hledger_head(currencies)
        yield from map(journal_hledger.hledger_account, opened)
        yield "\n"
        yield from journal_hledger.as_hledger(entries)


def first_day_of_journal(connection: Connection[Any], period: JournalPeriod) -> date:
    """The earliest day that anything in the journal may carry: the chart of accounts is open from then on."""
    row = connection.execute(
        "SELECT least(min(posted_on), (SELECT min(opened_on) FROM card_account)) FROM posting"
    ).fetchone()
    earliest = row[0] if row and row[0] else period.to_on
    return min(earliest, period.from_on or earliest)


def _statements_writer(connection: Connection[Any], wanted: StatementsFormat) -> Callable[[date, date, IO[bytes]], int]:
    from reports.statement_export import write_jsonl, write_parquet
    from statements.issued import issued_facts

    def write(first_on: date, last_on: date, file: IO[bytes]) -> int:
        statements = issued_facts(connection, first_on, last_on)
        if wanted is StatementsFormat.JSONL:
            return write_jsonl(statements, file)
        digits = max((each.digits for each in currencies_of_book(connection)), default=2)
        return write_parquet(statements, file, digits)

    return write


def _issued(connection: Connection[Any], first_on: date, last_on: date) -> int:
    row = connection.execute("SELECT count(*) FROM statement WHERE cycle_no > 0 AND closes_on BETWEEN %s AND %s",
                             (first_on, last_on)).fetchone()
    return int(row[0]) if row else 0


@contextmanager
def _output(out: Path | None) -> Iterator[IO[bytes]]:
    if out is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    else:
        with whole_file(out) as file:
            yield file


def _one_moment(connection: Connection[Any]) -> None:
    """Everything read afterwards is of one and the same moment, however long it takes."""
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")


def _day(given: datetime | None) -> date | None:
    return None if given is None else given.date()
