"""What is measured beside posting and closing: a whole night through workers and broker, a quiet day, documents, answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import psycopg

from accounts.database import Database
from accounts.settings import Settings
from benchmarks.together import Measured, together
from billing.account_balance import account_balance
from jobs.running import run_until
from jobs.steps import steps_of_the_day
from statements.compose import compose
from statements.explain import explain
from statements.facts import StatementFacts
from statements.history import read_history
from statements.issued import statement_facts
from statements.page import page_of
from statements.preview import preview_facts
from statements.render_pdf import TEMPLATE, render_pdf, set_page


@dataclass(frozen=True)
class Answers:
    """How long one question about one account takes, asked of many accounts one after the other; seconds."""

    name: str
    seconds: list[float]


def begin_business_on(url: str, on: date) -> None:
    """Days before `on` are closed: the bench closed their cycles without the machinery of business days."""
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE book SET open_on = %s, closed_through = %s", (on, on - timedelta(days=1)))


def one_day(url: str, home: Path, broker_url: str | None, on: date, workers: int) -> Callable[[], int]:
    """A business day as `cardwright run` does it; units: statements issued."""
    settings = Settings(home=home, database_url=url, broker_url=broker_url)

    def run() -> int:
        run_until(settings, on, steps_of_the_day(), workers=workers)
        with Database(url).connect() as connection:
            row = connection.execute("SELECT count(*) FROM statement WHERE closes_on = %s", (on,)).fetchone()
        return int(row[0]) if row else 0
    return run


def documents(url: str, closes_on: date, count: int, workers: int) -> Measured:
    """Statements of one closing as PDF, from the books to bytes in memory; floor: Typst alone on the same pages."""
    shares = [(url, closes_on, list(range(first + 1, count + 1, workers))) for first in range(workers)]
    return replace(together(_statements, shares), floor_seconds=together(_pages_alone, shares).seconds)


def answers(url: str, closes_on: date, numbers: Sequence[int]) -> list[Answers]:
    """What a clerk asks about one account at a time, over a connection that is open; the first question is not counted."""
    asked, on = [f"A{number}" for number in numbers], closes_on + timedelta(days=5)
    with Database(url).connect() as connection:
        return [
            Answers("statement --preview", _each(lambda account: preview_facts(connection, account, on), asked)),
            Answers("open-to-buy", _each(lambda account: account_balance(connection, account), asked)),
            Answers("explain", _each(lambda account: explain(read_history(connection, account, closes_on), "en"), asked)),
        ]


def _each(ask: Callable[[str], object], accounts: Iterable[str]) -> list[float]:
    seconds = []
    for account in accounts:
        began = time.perf_counter()
        ask(account)
        seconds.append(time.perf_counter() - began)
    return seconds[1:]


def _facts(url: str, closes_on: date, numbers: Sequence[int]) -> list[StatementFacts]:
    with Database(url).connect() as connection:
        return [statement_facts(connection, f"A{number}", closes_on) for number in numbers]


def _statements(url: str, closes_on: date, numbers: Sequence[int]) -> Callable[[], int]:
    _warm(url, closes_on, numbers)
    return lambda: sum(bool(render_pdf(compose(each), each.letterhead)) for each in _facts(url, closes_on, numbers))


def _pages_alone(url: str, closes_on: date, numbers: Sequence[int]) -> Callable[[], int]:
    _warm(url, closes_on, numbers)
    pages = [page_of(compose(each), each.letterhead) for each in _facts(url, closes_on, numbers)]
    return lambda: sum(bool(set_page(TEMPLATE, page, closes_on)) for page in pages)


def _warm(url: str, closes_on: date, numbers: Sequence[int]) -> None:
    """Typst reads its fonts with the first page; a process that sets many does so once."""
    for each in _facts(url, closes_on, numbers[:1]):
        render_pdf(compose(each), each.letterhead)
