"""`cardwright bench`: how fast posting and closing are here, each beside the floor that the database sets in the same run."""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
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

from accounts.command_line import AsJson, DatabaseUrl, Home, console, progress, settings_from
from accounts.database import open_book
from accounts.migration import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.stages import Measured


def bench(
    accounts: Annotated[int, typer.Option(min=1, help="Accounts in the portfolio.")] = 100_000,
    transactions_per_account: Annotated[int, typer.Option(min=1, help="Transactions of each account in a cycle.")] = 20,
    runs: Annotated[int, typer.Option(min=1, max=24, help="Cycles posted and closed, one after the other.")] = 5,
    home: Home = None,
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Generate a portfolio, post it and close it, each stage beside its floor; in a database of its own, dropped at the end."""
    settings = settings_from(home, database_url, None)
    with open_book(settings, migrate=True) as book, _own_database(book.url) as url, \
            tempfile.TemporaryDirectory(prefix="cardwright-bench-") as folder:
        result = _measure(url, Path(folder), accounts, transactions_per_account, runs)
    if as_json:
        print(json.dumps(result, sort_keys=True, indent=1))
    else:
        _show(result)


@contextmanager
def _own_database(url: str) -> Iterator[str]:
    name = f"cardwright_bench_{uuid4().hex[:12]}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            own = urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
            migrate(own)
            yield own
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _measure(url: str, folder: Path, accounts: int, per_account: int, runs: int) -> dict[str, Any]:
    from benchmarks import portfolio, stages

    posted: list[Measured] = []
    closed: list[Measured] = []
    computed: list[Measured] = []
    with progress() as bar:
        task = bar.add_task("portfolio", total=3 * runs + 1)
        portfolio.write_accounts(folder, accounts)
        _in_own_process(stages.open_portfolio, url, folder)
        stages.make_floor_tables(url)
        bar.advance(task)
        for month in range(runs):
            on, path = portfolio.closing_of(month), folder / f"transactions-{month:02d}.csv"
            portfolio.write_month(path, accounts, per_account, month)
            todo: list[tuple[str, list[Measured], Callable[..., Measured], tuple[Any, ...]]] = [
                ("post", posted, stages.post_month, (url, folder, path)),
                ("compute", computed, stages.compute_month, (url, on)),
                ("close", closed, stages.close_month, (url, on, month % 2 == 1)),
            ]
            for name, results, work, arguments in todo:
                bar.update(task, description=f"{name} {on:%Y-%m}")
                results.append(_in_own_process(work, *arguments))
                bar.advance(task)
            path.unlink()
    return {
        "machine": _machine(url), "accounts": accounts, "transactions_per_account": per_account,
        "stages": [_stage("post", posted, "transactions/s"), _stage("close", closed, "accounts/s"),
                   _stage("compute", computed, "accounts/s")],
    }


def _in_own_process(work: Callable[..., Any], *arguments: Any) -> Any:
    """Run one stage in a fresh process: its peak memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def _stage(name: str, measured: list[Measured], unit: str) -> dict[str, Any]:
    seconds = [each.seconds for each in measured]
    stage: dict[str, Any] = {
        "name": name, "runs": len(measured), "seconds": _spread(seconds),
        "rate": {"unit": unit, "median": round(statistics.median(each.units / each.seconds for each in measured))},
        "peak_memory_bytes": max(each.peak_memory_bytes for each in measured),
    }
    floors = [each.floor_seconds for each in measured if each.floor_seconds is not None]
    if floors:
        stage["floor_seconds"] = _spread(floors)
        stage["ratio"] = _spread([each.seconds / each.floor_seconds for each in measured if each.floor_seconds])
    return stage


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
    runs = result["stages"][0]["runs"]
    table = Table(box=SIMPLE, pad_edge=False, title=f"{result['accounts']:,} accounts x {result['transactions_per_account']} "
                                                    f"transactions, {runs} runs, medians")
    for heading in ("stage", "s", "min – max", "floor s", "ratio", "a second", "MiB"):
        table.add_column(heading, justify="left" if heading == "stage" else "right", no_wrap=True)
    for stage in result["stages"]:
        seconds = stage["seconds"]
        table.add_row(
            f"{stage['name']}, {stage['rate']['unit'].partition('/')[0]}", f"{seconds['median']:.2f}",
            f"{seconds['min']:.2f} – {seconds['max']:.2f}",
            f"{stage['floor_seconds']['median']:.2f}" if "floor_seconds" in stage else "–",
            f"{stage['ratio']['median']:.2f}" if "ratio" in stage else "–",
            f"{stage['rate']['median']:,}", f"{stage['peak_memory_bytes'] / 2**20:.0f}",
        )
    Console(file=sys.stdout).print(table)
