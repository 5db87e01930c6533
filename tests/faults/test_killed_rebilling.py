"""Killed in the middle of a rebilling and run again, the books end as if it had never been killed: by hand and by night."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.conftest import TestServer
from tests.faults.test_killed_workers import Books, books_at, copied
from tests.integration.portfolios import Portfolio
from tests.small_book import run_days

BY_HAND = ("rebill", "A1", "--as", "ming")
BY_NIGHT = ("run", "--until", "2024-07-06", "--workers", "1", "--lease-seconds", "1")
#: What a rebilling leaves behind, beside postings and balances.
_REBILLED = (
    "SELECT to_jsonb(r) - 'recorded_at' FROM rebill r ORDER BY member_id, account_id, source_id",
    "SELECT to_jsonb(e) FROM rebilled_event e ORDER BY member_id, account_id, event_source_id, event_source_line",
    "SELECT to_jsonb(c) FROM correction c ORDER BY member_id, account_id, posted_on, source_id, source_line, type",
    "SELECT kind, name FROM source ORDER BY source_id",
)
#: Kills its own process for good, once, just before a statement that begins so, or before the commit that follows it.
_KILLER = """
import os, signal
import psycopg

AT, MARK = {at!r}, {mark!r}
seen = []

def die():
    try:
        os.close(os.open(MARK, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)

def before(method):
    def wrapped(self, query, *more, **named):
        text = str(query)
        if AT != "commit" and text.startswith(AT):
            die()
        if text.startswith("INSERT INTO correction"):
            seen.append(True)
        return method(self, query, *more, **named)
    return wrapped

def commit(method):
    def wrapped(self):
        if AT == "commit" and seen:
            die()
        return method(self)
    return wrapped

psycopg.Cursor.execute = before(psycopg.Cursor.execute)
psycopg.Cursor.executemany = before(psycopg.Cursor.executemany)
psycopg.Connection.commit = commit(psycopg.Connection.commit)
"""


@pytest.fixture(scope="module")
def late(embedded_test_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database with two accounts that a payment each was found for, on the day that is open."""
    with embedded_test_server.fresh_database() as database:
        portfolio = Portfolio(database, tmp_path_factory.mktemp("late")).begin()
        portfolio.transactions("transactions.csv", [
            ["purchase", "1000.00", "A1", "2024-03-30"], ["purchase", "300.00", "A2", "2024-03-28"]])
        with psycopg.connect(database.url) as connection:
            run_days(connection, date(2024, 6, 20))
        portfolio.transactions("transactions.found.csv", [
            ["payment", "1000.00", "A1", "2024-04-20"], ["payment", "300.00", "A2", "2024-04-21"]])
        yield urlsplit(database.url).path[1:]


def digest(books: Books) -> str:
    """What the books come to, with what was rebilled."""
    found = hashlib.sha256(books.digest().encode())
    with psycopg.connect(books.url) as connection:
        for query in _REBILLED:
            for row in connection.execute(query):
                found.update(repr(row).encode())
    return found.hexdigest()


def killing(books: Books, at: str) -> Path:
    """From now on a process of these books kills itself there, once; gives the file that says that it did."""
    mark = books.home / "killed"
    (books.home / "sitecustomize.py").write_text(_KILLER.format(at=at, mark=str(mark)))
    books.environment["PYTHONPATH"] = os.pathsep.join([str(books.home), str(Path(__file__).parents[2])])
    return mark


@pytest.fixture(scope="module")
def undisturbed(embedded_test_server: TestServer, late: str) -> dict[str, str]:
    """What the books come to when nobody is killed: rebilled by hand and then run, and run alone."""
    found = {}
    for name in ("hand", "night"):
        with copied(embedded_test_server, late) as url, books_at(url, None) as books:
            if name == "hand":
                books.done(*BY_HAND)
            books.done(*BY_NIGHT)
            found[name] = digest(books)
            assert books.one("SELECT count(*) FROM rebill WHERE by_whom = 'night'") == (1 if name == "hand" else 2)
    return found


@pytest.mark.parametrize("at", [
    "INSERT INTO source", "INSERT INTO rebill ", "INSERT INTO rebilled_event", "INSERT INTO posting", "INSERT INTO correction",
    "commit"])
def test_killed_by_hand_and_asked_again(embedded_test_server: TestServer, late: str, undisturbed: dict[str, str],
                                        at: str) -> None:
    with copied(embedded_test_server, late) as url, books_at(url, None) as books:
        mark = killing(books, at)
        assert books.command(*BY_HAND).wait(timeout=120) == -signal.SIGKILL
        assert mark.exists()
        assert books.one("SELECT count(*) FROM rebill") == 0
        books.done(*BY_HAND)
        books.done(*BY_NIGHT)
        assert digest(books) == undisturbed["hand"]


@pytest.mark.parametrize("at", ["INSERT INTO source", "INSERT INTO posting", "INSERT INTO correction"])
def test_killed_by_night_the_run_does_it_again(embedded_test_server: TestServer, late: str, undisturbed: dict[str, str],
                                               at: str) -> None:
    with copied(embedded_test_server, late) as url, books_at(url, None) as books:
        mark = killing(books, at)
        books.done(*BY_NIGHT)
        assert mark.exists()
        assert books.one("SELECT max(attempts) FROM day_step WHERE step = 5") == 2
        assert digest(books) == undisturbed["night"]
