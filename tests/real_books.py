"""Real books run by the real commands, in processes of their own: what tests that kill, stop and disturb stand on."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psutil
import psycopg
from psycopg import sql

from fees.schedule import SCHEDULES
from samples import taiwan
from tests.conftest import TestServer, cardwright_command, temporary_home

PROJECT = Path(__file__).parents[1]

#: Whatever a run must come to, in a form that does not depend on when or in which order it was written.
_BOOKS = (
    "SELECT to_jsonb(p) - 'recorded_at' FROM posting p"
    " ORDER BY member_id, account_id, posted_on, source_id, source_line, type",
    "SELECT to_jsonb(s) FROM statement s ORDER BY member_id, account_id, cycle_no",
    "SELECT to_jsonb(c) FROM carried c ORDER BY member_id, account_id, cycle_no, line",
    "SELECT to_jsonb(g) FROM guarded_balance g ORDER BY member_id, account_id",
    "SELECT to_jsonb(b) FROM book b",
)
_DAYS = "SELECT to_jsonb(b) - 'opened_at' - 'closed_at' FROM business_day b ORDER BY business_on"


@dataclass(frozen=True)
class Books:
    """Books on a server, and how the commands of one host are run on them."""

    url: str
    home: Path
    environment: dict[str, str]

    def command(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Starts a command in a process group of its own; what it says goes to a file."""
        with (self.home / "said").open("w", encoding="utf-8") as said:
            return subprocess.Popen(
                [*cardwright_command(), *arguments], env={**self.environment, **environment}, text=True, start_new_session=True,
                cwd=self.home, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT,
            )

    def said(self) -> str:
        """What the latest command has said so far."""
        return (self.home / "said").read_text(encoding="utf-8")

    def done(self, *arguments: str, expect: tuple[int, ...] = (0,)) -> int:
        """Runs a command to its end; its exit code."""
        code = self.command(*arguments).wait(timeout=120)
        assert code in expect, self.said()
        return code

    def logged(self) -> list[dict[str, Any]]:
        """What the workers of this home have logged."""
        log = self.home / "logs" / "worker.log"
        return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []

    def digest(self, *, days: bool = True) -> str:
        """What the books come to."""
        found = hashlib.sha256()
        with psycopg.connect(self.url) as connection:
            for query in (*_BOOKS, *([_DAYS] if days else [])):
                for (row,) in connection.execute(query):
                    found.update(repr(row).encode())
        return found.hexdigest()

    def one(self, query: str) -> Any:
        """The first value of an answer."""
        with psycopg.connect(self.url) as connection:
            row = connection.execute(query).fetchone()
            return None if row is None else row[0]


@contextlib.contextmanager
def books_at(url: str, shard_members: int | None = None, disturbances: str = "", **settings: str) -> Iterator[Books]:
    """The books at a URL, with a home of its own for one host's logs.

    shard_members: how small shards are in every process of this host. disturbances: what goes wrong in them, as
    tests/disturbances.py says. settings: more of the environment.
    """
    with temporary_home() as home:
        start = []
        if shard_members is not None:
            start += ["import accounts.sharding", f"accounts.sharding.SHARD_MEMBERS = {shard_members}"]
        if disturbances:
            start += ["from pathlib import Path", "from tests import disturbances",
                      f"disturbances.begin({disturbances!r}, Path({str(home)!r}))"]
        (home / "sitecustomize.py").write_text("\n".join([*start, ""]), encoding="utf-8")
        environment = {
            **os.environ, "CARDWRIGHT_HOME": str(home), "CARDWRIGHT_DATABASE_URL": url, **settings,
            "PYTHONPATH": os.pathsep.join([str(home), str(PROJECT)]),
        }
        yield Books(url, home, environment)


@contextlib.contextmanager
def copied(server: TestServer, template: str) -> Iterator[str]:
    """The URL of a copy of a database; dropped at the end."""
    name = f"cardwright_copy_{uuid4().hex[:12]}"
    with psycopg.connect(server.url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield urlunsplit(urlsplit(server.url)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(server.url, autocommit=True) as admin:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def take_in(books: Books, directory: Path, accounts: int) -> None:
    """Terms, and the portfolio of so many of the Taiwan accounts."""
    taiwan.write_portfolio(directory, accounts=accounts)
    books.done("products", "load", str(SCHEDULES / "taiwan-classic.toml"), "--as", "ming")
    books.done("products", "approve", "taiwan-classic", "--as", "hua")
    books.done("import", str(directory))


def database_name(url: str) -> str:
    """The database of a URL."""
    return urlsplit(url).path[1:]


def kill(victims: list[psutil.Process]) -> None:
    """Kill processes that may be gone already."""
    for victim in victims:
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.kill()


def end_group(process: subprocess.Popen[str]) -> None:
    """Kill a command and everything that it started; what was stopped dies too."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_until(holds: Callable[[], Any], what: str, seconds: float = 30) -> Any:
    """What `holds` gives as soon as it is true of anything."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := holds():
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")
