"""`cardwright demo`: the edge of this room."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import TaskID

from accounts.command_line import AsJson, BrokerUrl, DatabaseUrl, DryRun, console, progress, settings_from
from accounts.settings import Settings
from jobs.running import Standing, Watcher
from reports.rendering_table import as_table
from samples.demo import MadeBook, Places, make_book
from samples.demo_books import SAMPLE_BOOKS, SMALL, SampleBook
from samples.demo_databases import database_of_book
from samples.demo_summary import summary_facts, summary_html, summary_path, summary_text
from statements.whole_file import whole_file

OUT = Path("demo-output")


def demo(
    out: Annotated[Path | None, typer.Option("--out", metavar="DIR", show_default=False,
                                             help="Portfolio files, reports, statements, summary [demo-output].")] = None,
    home: Annotated[Path | None, typer.Option("--home", metavar="DIR", show_default=False,
                                              help="A home for each book is made in it [--out].")] = None,
    workers: Annotated[int | None, typer.Option("--workers", min=1, max=256, show_default=False,
                                                help="Processes [one a core].")] = None,
    small: Annotated[bool, typer.Option("--small", help="A few hundred accounts only: for a quick look.")] = False,
    as_json: AsJson = False,
    dry_run: DryRun = False,
    database_url: DatabaseUrl = None,
    broker_url: BrokerUrl = None,
) -> None:
    """Run the main job on the real sample and say where everything is.

    Two books, a home each: Taiwan credit cards of 2005 and purchase cards of 2014-2016. Safe to run again: what is done
    stays done. With --database-url each book is a database of its own on that server, named after the one given.

    \b
    cardwright demo
    cardwright demo --small --out /tmp/demo
    """
    places = Places((out or (OUT / "small" if small else OUT)).absolute())
    homes = (home or places.out).absolute()
    given = settings_from(homes, database_url, broker_url)
    if dry_run:
        for sample in SAMPLE_BOOKS:
            console.print(f"would make {homes / sample.name}: {sample.title}, run to {sample.until}", markup=False)
        console.print(f"would write reports, statements and a summary to {places.out}", markup=False)
        return
    books: list[MadeBook] = []
    for sample in SAMPLE_BOOKS:
        settings = _settings_of(given, sample, small)
        with _watching() as watch:
            books.append(make_book(
                settings, sample, places, accounts=SMALL[sample.name] if small else None,
                workers=workers or os.cpu_count() or 1, watch=watch, say=partial(_say, sample.name),
            ))
    with whole_file(summary_path(places)) as file:
        file.write(summary_html(books, places, _program()))
    if as_json:
        print(json.dumps(summary_facts(books, places), sort_keys=True, ensure_ascii=False))
        return
    for book in books:
        for each in book.reports:
            if each.wanted.on_screen:
                print(as_table(each.report, terminal=sys.stdout.isatty()))
    print(summary_text(books, places, _program()))


def _say(book: str, stage: str) -> None:
    console.print(f"{book}: {stage}", markup=False)


def _program() -> str:
    """How the command is called here: by its name where it is on the path, else by where it is."""
    return "cardwright" if shutil.which("cardwright") else os.path.relpath(sys.argv[0])


def _settings_of(given: Settings, sample: SampleBook, small: bool) -> Settings:
    """A home of its own for each book; on a given server, a database of its own."""
    home = given.home / sample.name
    if given.database_url is None:
        return given.model_copy(update={"home": home})
    database_url = database_of_book(given.database_url, sample.name + ("-small" if small else ""))
    return given.model_copy(update={"home": home, "database_url": database_url})


@contextmanager
def _watching() -> Iterator[Watcher | None]:
    """A progress bar over the business days; nothing off a terminal."""
    with progress() as bar:
        if bar.disable:
            yield None
            return
        tasks: list[TaskID] = []

        def watch(standing: Standing) -> None:
            if not tasks:
                tasks.append(bar.add_task("business days", total=standing.days))
            bar.update(tasks[0], completed=standing.days_done, description=str(standing.on or "business days"))

        yield watch
