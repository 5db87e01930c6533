"""`cardwright bench`: how fast the engine is here, each stage beside the floor that was measured in the same run."""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import typer
from psycopg import sql
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from accounts.command_line import AsJson, BrokerUrl, DatabaseUrl, Home, console, progress, settings_from
from accounts.database import open_book
from accounts.migration import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.service_times import Answers
    from benchmarks.together import Measured

#: How many statements each worker sets as PDF, and of how many accounts questions are asked, if there are so many.
DOCUMENTS, QUESTIONS = 200, 21


class What(StrEnum):
    """What is measured."""

    books = "books"
    online = "online"


def bench(
    what: Annotated[What, typer.Argument(help="The books: posting, closing, nights, reports; or tills online.")] = What.books,
    accounts: Annotated[int, typer.Option(min=1, help="Accounts in the portfolio.")] = 100_000,
    transactions_per_account: Annotated[int, typer.Option(min=1, help="Transactions of each account in a cycle.")] = 20,
    runs: Annotated[int, typer.Option(min=1, max=24, help="Cycles posted and closed, one after the other.")] = 5,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that close, compute and set documents together.")] = 1,
    report_accounts: Annotated[int, typer.Option(
        min=1, help="Accounts of the book whose year is reported on; from postings too, for the floor, up to 5,000.")] = 500,
    seconds: Annotated[float, typer.Option(min=1, help="How long each kind of request is sent online.")] = 10,
    home: Home = None,
    database_url: DatabaseUrl = None,
    broker_url: BrokerUrl = None,
    as_json: AsJson = False,
) -> None:
    """Measure beside the floor of the same run, in databases of its own that are dropped at the end.

    The books: a portfolio is generated, posted, closed, run through a night, asked about, printed, reported on. Online: tills
    spend and ask for authorisations over HTTP.

    \b
    cardwright bench --accounts 100000 --workers 2
    cardwright bench online --workers 2
    """
    settings = settings_from(home, database_url, broker_url)
    if what is What.online:
        from benchmarks.online import measure_online

        with open_book(settings, migrate=True) as book, own_database(book.url) as url:
            online = measure_online(url, seconds, workers)
            machine = _machine(url)
        if as_json:
            print(json.dumps({"machine": machine, "workers": workers, "online": online}, sort_keys=True, indent=1))
        else:
            _show_online(online)
        return
    with open_book(settings, migrate=True) as book, own_database(book.url) as url, \
            tempfile.TemporaryDirectory(prefix="cardwright-bench-") as folder:
        result = _measure(url, settings.broker_url, Path(folder), accounts, transactions_per_account, runs, workers)
        with own_database(book.url) as year:
            result |= {"report_accounts": report_accounts, "reports": _reports(year, report_accounts)}
    if as_json:
        print(json.dumps(result, sort_keys=True, indent=1))
    else:
        _show(result)


@contextmanager
def own_database(url: str) -> Iterator[str]:
    """The URL of a new database with empty books; dropped at the end."""
    name = f"cardwright_bench_{uuid4().hex[:12]}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            own = urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
            migrate(own)
            yield own
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _measure(url: str, broker_url: str | None, folder: Path, accounts: int, per_account: int, runs: int,
             workers: int) -> dict[str, Any]:
    from benchmarks import portfolio, service_times, stages
    from benchmarks.together import together

    results: dict[str, list[Measured]] = {name: [] for name in _UNITS}
    with progress() as bar:
        task = bar.add_task("portfolio", total=3 * runs + 6)

        def stage(name: str, measured: Measured) -> None:
            results[name].append(measured)
            bar.advance(task)

        portfolio.write_accounts(folder, accounts)
        together(stages.open_portfolio, [(url, folder)])
        stages.make_floor_tables(url)
        bar.advance(task)
        for month in range(runs + 1):
            on, path = portfolio.closing_of(month), folder / f"transactions-{month:02d}.csv"
            bar.update(task, description=f"{on:%Y-%m}")
            portfolio.write_month(path, accounts, per_account, month)
            stage("post", stages.post_month(url, folder, path))
            path.unlink()
            if month < runs:
                stage("compute", stages.compute_month(url, on, workers))
                stage("close", stages.close_month(url, on, month % 2 == 1, workers))
        # The cycle of the last month is closed by the night.
        service_times.begin_business_on(url, on)
        stage("night", together(service_times.one_day, [(url, folder, broker_url, on, workers)]))
        quiet = together(service_times.one_day, [(url, folder, broker_url, on + timedelta(days=1), workers)])
        stage("quiet day", replace(quiet, units=accounts))
        stage("documents", service_times.documents(url, on, min(accounts, DOCUMENTS * workers), workers))
        answers = service_times.answers(url, on, [1 + each * accounts // QUESTIONS for each in range(QUESTIONS)])
        bar.advance(task)
    return {
        "machine": _machine(url), "accounts": accounts, "transactions_per_account": per_account, "workers": workers,
        "stages": [_stage(name, measured, _UNITS[name]) for name, measured in results.items()],
        "answers": [_answer(each) for each in answers],
    }


def _reports(url: str, accounts: int) -> list[dict[str, Any]]:
    """Each report over a year: from facts and, where the postings are made, from these as its floor; they say the same."""
    from benchmarks import report_times

    reports = []
    with progress() as bar:
        task = bar.add_task("a year to report on", total=1 + len(report_times.QUESTIONS))
        report_times.make_year(url, accounts)
        bar.advance(task)
        for each in report_times.report_times(url, accounts):
            bar.update(task, advance=1, description=each.name)
            report: dict[str, Any] = {"name": each.name, "by": list(each.by), "rows": each.rows,
                                      "seconds": round(each.seconds, 3)}
            if each.postings_seconds is not None:
                report["floor_seconds"] = round(each.postings_seconds, 3)
                report["ratio"] = round(each.seconds / each.postings_seconds, 3)
            reports.append(report)
    return reports


#: The stages in order, and what each does how many of a second. A quiet day looks at every account and finds nothing due.
_UNITS = {"post": "transactions/s", "compute": "accounts/s", "close": "accounts/s", "night": "accounts/s",
          "quiet day": "accounts/s", "documents": "documents/s"}


def _stage(name: str, measured: list[Measured], unit: str) -> dict[str, Any]:
    stage: dict[str, Any] = {
        "name": name, "runs": len(measured), "seconds": _spread([each.seconds for each in measured]),
        "rate": {"unit": unit, "median": round(statistics.median(each.units / each.seconds for each in measured))},
        "peak_memory_bytes": max(each.peak_memory_bytes for each in measured),
    }
    floors = [each.floor_seconds for each in measured if each.floor_seconds is not None]
    if floors:
        stage["floor_seconds"] = _spread(floors)
        stage["ratio"] = _spread([each.seconds / each.floor_seconds for each in measured if each.floor_seconds])
    return stage


def _answer(answers: Answers) -> dict[str, Any]:
    return {"name": answers.name, "runs": len(answers.seconds),
            "milliseconds": _spread([1000 * each for each in answers.seconds])}


def _spread(values: list[float]) -> dict[str, float]:
    return {"min": round(min(values), 3), "median": round(statistics.median(values), 3), "max": round(max(values), 3)}


def _machine(url: str) -> dict[str, Any]:
    with psycopg.connect(url) as connection:
        row = connection.execute("SHOW server_version").fetchone()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"cores": os.cpu_count(), "memory_bytes": memory, "platform": platform.platform(terse=True),
            "python": platform.python_version(), "postgresql": row[0] if row else "unknown"}


def _show(result: dict[str, Any]) -> None:
    machine = result["machine"]
    console.print(f"{machine['cores']} cores, {machine['memory_bytes'] / 2**30:.0f} GiB, PostgreSQL {machine['postgresql']}, "
                  f"Python {machine['python']}")
    workers, runs = result["workers"], result["stages"][0]["runs"]
    stages = Table(box=SIMPLE, pad_edge=False,
                   title=f"{result['accounts']:,} accounts x {result['transactions_per_account']} transactions, {runs} cycles, "
                         f"{workers} worker{'s'[:workers > 1]}, medians",
                   caption="a second: transactions posted, documents set, else accounts", caption_justify="left")
    for heading in ("stage", "s", "min – max", "floor s", "ratio", "a second", "MiB"):
        stages.add_column(heading, justify="left" if heading == "stage" else "right", no_wrap=True)
    for stage in result["stages"]:
        seconds = stage["seconds"]
        stages.add_row(
            stage["name"], f"{seconds['median']:.2f}", f"{seconds['min']:.2f} – {seconds['max']:.2f}",
            f"{stage['floor_seconds']['median']:.2f}" if "floor_seconds" in stage else "–",
            f"{stage['ratio']['median']:.2f}" if "ratio" in stage else "–",
            f"{stage['rate']['median']:,}", f"{stage['peak_memory_bytes'] / 2**20:.0f}",
        )
    answers = Table(box=SIMPLE, pad_edge=False, title="one account, medians")
    for heading in ("answer", "runs", "ms", "min – max"):
        answers.add_column(heading, justify="left" if heading == "answer" else "right", no_wrap=True)
    for answer in result["answers"]:
        spread = answer["milliseconds"]
        answers.add_row(answer["name"], str(answer["runs"]), f"{spread['median']:.1f}",
                        f"{spread['min']:.1f} – {spread['max']:.1f}")
    reports = Table(box=SIMPLE, pad_edge=False, title=f"reports on a year of {result['report_accounts']:,} accounts, once each",
                    caption="floor: the same from postings", caption_justify="left")
    for heading in ("report", "by", "rows", "s", "floor s", "ratio"):
        reports.add_column(heading, justify="left" if heading in ("report", "by") else "right", no_wrap=True)
    for report in result["reports"]:
        reports.add_row(
            report["name"], ",".join(report["by"]), f"{report['rows']:,}", f"{report['seconds']:.2f}",
            f"{report['floor_seconds']:.2f}" if "floor_seconds" in report else "–",
            f"{report['ratio']:.2f}" if "ratio" in report else "–",
        )
    out = Console(file=sys.stdout)
    out.print(stages)
    out.print(answers)
    out.print(reports)


def _show_online(rows: list[dict[str, Any]]) -> None:
    table = Table(box=SIMPLE, pad_edge=False)
    table.add_column("")
    for name in ("clients", "done", "refused", "a second", "of the floor", "p50 ms", "p99 ms"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in rows:
        waited = each.get("milliseconds", {})
        table.add_row(each["name"], str(each["clients"]), f"{each['done']:,}" if "done" in each else "",
                      f"{each['refused']:,}" if "refused" in each else "", f"{each['rate']['median']:,}",
                      f"{each['ratio']:.2f}" if "ratio" in each else "", str(waited.get("p50", "")), str(waited.get("p99", "")))
    Console(file=sys.stdout, highlight=False).print(table)
