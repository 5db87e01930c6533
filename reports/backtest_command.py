"""`cardwright backtest`: the edge of the back-test."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer

from accounts.command_line import AsJson, BrokerUrl, DatabaseUrl, DryRun, Home, console, progress, settings_from
from accounts.database import open_book
from accounts.errors import Usage
from fees.terms import Terms
from reports.backtest import Trial
from reports.backtest import backtest as compared
from reports.backtest_shown import document_of, report_of, text_of
from reports.commands import chosen_format, write_report
from reports.rendering import Format
from statements.whole_file import whole_file

_DATE = {"formats": ["%Y-%m-%d"], "metavar": "DATE"}


def backtest(
    terms: Annotated[Path, typer.Option("--terms", metavar="FILE", help="The other terms, as for `products load`.")],
    from_on: Annotated[datetime, typer.Option("--from", help="Day they take the place of the issued ones.", **_DATE)],
    to_on: Annotated[datetime, typer.Option("--to", help="Last day, included.", **_DATE)],
    product: Annotated[str | None, typer.Option("--product", metavar="CODE", show_default=False,
                                                help="Whose accounts are billed by them [the product of the file].")] = None,
    sample: Annotated[int | None, typer.Option("--sample", metavar="N", min=1, show_default=False,
                                               help="Only so many accounts, the same ones for the same books.")] = None,
    workers: Annotated[int | None, typer.Option("--workers", min=1, max=256, show_default=False,
                                                help="Processes [one a core].")] = None,
    wanted: Annotated[str | None, typer.Option("--format", metavar="FORMAT", show_default=False,
                                               help=f"{', '.join(Format)} [table, or what --out ends in].")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="PATH", help="Write to a file, whole or not at all.")] = None,
    as_json: AsJson = False,
    dry_run: DryRun = False,
    home: Home = None,
    database_url: DatabaseUrl = None,
    broker_url: BrokerUrl = None,
) -> None:
    """Bill the real portfolio under other terms and compare with what was issued; nothing is written to the books.

    \b
    cardwright backtest --terms dearer.toml --from 2024-01-01 --to 2024-06-30
    cardwright backtest --terms dearer.toml --product classic --from 2024-01-01 --to 2024-06-30 --sample 1000 --json
    """
    chosen = chosen_format(wanted, out, as_json)
    other = Terms.from_file(terms)
    trial = Trial(product or other.product, other, from_on.date(), to_on.date(), sample)
    with open_book(settings_from(home, database_url, broker_url)) as database, progress() as bar:
        task = bar.add_task("accounts", total=None)
        found = compared(database, trial, workers or os.cpu_count() or 1,
                         lambda so_far, of: bar.update(task, total=of, completed=so_far))
    if not found.accounts and not found.not_billed:
        raise Usage(f"no account of product {trial.product} was open by {trial.to_on}; there is nothing to compare")
    if dry_run and out is not None:
        console.print(f"would write {out}: {found.accounts:,} accounts compared", markup=False)
    elif chosen is Format.JSON:
        _write(orjson.dumps(document_of(found, trial), option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2
                            | orjson.OPT_APPEND_NEWLINE), out)
    elif chosen is Format.TABLE:
        _write(text_of(found, trial, out is None and sys.stdout.isatty()).encode(), out)
    else:
        write_report(report_of(found, trial), chosen, out)
    if found.not_billed:
        raise typer.Exit(1)


def _write(content: bytes, out: Path | None) -> None:
    if out is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    with whole_file(out) as file:
        file.write(content)
    console.print(f"backtest: written to {out}", markup=False)
