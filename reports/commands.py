"""`cardwright report` and `cardwright export`: the edge of this room."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from accounts.command_line import AsJson, BrokerUrl, DatabaseUrl, DryRun, Home, console, settings_from
from accounts.database import open_book
from accounts.errors import Usage
from reports.answer import Report
from reports.asking import Question
from reports.catalogue import REPORTS, answer, report_kind
from reports.export_commands import export
from reports.rendering import BINARY, Format, format_of_file, renderer
from statements.whole_file import whole_file

__all__ = ["export", "report"]

From = Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DATE", help="First day.")]
To = Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DATE", help="Last day, included.")]


def report(
    name: Annotated[str, typer.Argument(metavar="NAME", help=f"One of: {', '.join(REPORTS)}.")],
    from_on: From = None,
    to_on: To = None,
    by: Annotated[str, typer.Option("--by", metavar="GROUP,…", show_default=False,
                                    help="Groups, in this order: --by product,month.")] = "",
    org_unit: Annotated[str | None, typer.Option("--org-unit", metavar="CODE",
                                                 help="Only this organisation unit and those below it.")] = None,
    wanted: Annotated[str | None, typer.Option("--format", metavar="FORMAT", show_default=False,
                                               help=f"{', '.join(Format)} [table, or what --out ends in].")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="PATH", help="Write to a file, whole or not at all.")] = None,
    as_json: AsJson = False,
    dry_run: DryRun = False,
    home: Home = None,
    database_url: DatabaseUrl = None,
    broker_url: BrokerUrl = None,
) -> None:
    """Write a management report.

    \b
    cardwright report turnover --by month,category
    cardwright report receivables --to 2005-09-30 --format html --out receivables.html
    """
    kind = report_kind(name)
    chosen = chosen_format(wanted, out, as_json)
    question = Question(_day(from_on), _day(to_on), _groups(by), org_unit)
    with open_book(settings_from(home, database_url, broker_url)) as database, database.connect() as connection:
        found = answer(connection, kind.name, question)
    if dry_run:
        console.print(f"{name}: {len(found.rows):,} rows matched, none written (dry run)", markup=False)
        return
    write_report(found, chosen, out)


def write_report(found: Report, chosen: Format, out: Path | None) -> None:
    """Write a report to a file, whole or not at all, or to stdout; say on stderr how many rows it has."""
    from reports.rendering_table import as_table, counted, in_words

    if chosen is Format.TABLE and out is None:
        sys.stdout.write(as_table(found, terminal=sys.stdout.isatty()))
        return
    content = renderer(chosen)(found)
    if out is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        with whole_file(out) as file:
            file.write(content)
    where = f" to {out}" if out is not None else ""
    console.print(f"{found.name}: {counted(found)}{where}; {in_words(found)}", markup=False)


def chosen_format(wanted: str | None, out: Path | None, as_json: bool) -> Format:
    """The format asked for by name, by --json or by the ending of --out. Raises Usage."""
    if as_json and wanted not in (None, Format.JSON.value):
        raise Usage(f"--json and --format {wanted} say different things; give one of them")
    if wanted is not None and wanted not in set(Format):
        raise Usage(f"no format is called {wanted!r}; --format takes one of: {', '.join(Format)}")
    by_ending = format_of_file(out.name) if out is not None else None
    chosen = Format.JSON if as_json else Format(wanted) if wanted is not None else by_ending or Format.TABLE
    if chosen in BINARY and out is None and sys.stdout.isatty():
        raise Usage(f"{chosen} is not for the screen; add --out PATH")
    return chosen


def _groups(by: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in by.split(",")) if by.strip() else ()
    if "" in names:
        raise Usage(f"--by {by!r} names a group without a name; write it like --by month,product")
    return names


def _day(given: datetime | None) -> date | None:
    return None if given is None else given.date()
