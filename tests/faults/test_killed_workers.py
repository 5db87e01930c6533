"""Killed anywhere and run again, the books end the same: postings, statements to the byte, guarded balances, day totals.

Real books through the real commands. Each seed kills and stops workers, supervisors and whole process groups at its own
random moments; a failing seed can be run again by its number.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.conftest import TestServer
from tests.real_books import Books, books_at, copied, database_name, end_group, kill, take_in

#: A nightly run takes more.
SEEDS = range(int(os.environ.get("CARDWRIGHT_TEST_SEEDS", "10")))
ACCOUNTS = 160
#: Two closings, and the due date between them.
UNTIL = "2005-06-26"
#: Few members in a shard, so that there are several, and workers are at work side by side.
SHARD_MEMBERS = 80
DISTURBANCES = 3
#: All worker processes three times over; one of them stopped for longer than its lease; any one process; only the supervisor;
#: everything; everything, a moment after it was asked to end; every database session.
HARMS = ("workers", "stop", "below", "supervisor", "all", "impatient", "sessions")
RUN = ("run", "--until", UNTIL, "--workers", "2", "--lease-seconds", "1")


@pytest.fixture(scope="module")
def imported(embedded_test_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database with a portfolio in it and no business day done."""
    portfolio = tmp_path_factory.mktemp("portfolio")
    with embedded_test_server.fresh_database() as database, books_at(database.url, SHARD_MEMBERS) as books:
        take_in(books, portfolio, ACCOUNTS)
        yield database_name(database.url)


@pytest.fixture(scope="module")
def undisturbed(embedded_test_server: TestServer, imported: str) -> tuple[str, float]:
    """What the books come to when nobody is killed, and how many seconds that takes."""
    with copied(embedded_test_server, imported) as url, books_at(url, SHARD_MEMBERS) as books:
        began = time.monotonic()
        books.done(*RUN)
        assert books.one("SELECT count(*) FROM statement WHERE cycle_no > 0") == 2 * ACCOUNTS
        assert books.one("SELECT count(DISTINCT shard) FROM day_step") == -(-ACCOUNTS // SHARD_MEMBERS)
        return books.digest(), time.monotonic() - began


@pytest.fixture(scope="module")
def interrupted() -> list[int]:
    """How many steps of each seed needed more than one attempt."""
    return []


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_at_random_moments_and_run_again(
    seed: int, embedded_test_server: TestServer, imported: str, undisturbed: tuple[str, float], interrupted: list[int]
) -> None:
    expected, seconds = undisturbed
    chance = random.Random(seed)
    with copied(embedded_test_server, imported) as url, books_at(url, SHARD_MEMBERS) as books:
        history = disturb(books, chance, seconds)
        finish(books)
        assert books.digest() == expected, f"seed {seed}: {history}"
        assert books.one("SELECT count(*) FROM day_step WHERE state <> 'done'") == 0
        interrupted.append(books.one("SELECT count(*) FROM day_step WHERE attempts > 1"))


def test_steps_under_way_were_hit(interrupted: list[int]) -> None:
    """Else the seeds above would have shown nothing."""
    if len(interrupted) < len(SEEDS):
        pytest.skip("not all seeds were run")
    assert sum(interrupted) >= len(SEEDS) // 2, interrupted


def disturb(books: Books, chance: random.Random, seconds: float) -> list[str]:
    """Run, and do harm so many times at random moments; what was done, for whoever has to find out."""
    history: list[str] = []
    process = books.command(*RUN)
    try:
        for _ in range(DISTURBANCES):
            # Whoever is killed as soon as it comes up shows little; the first half second goes on imports.
            pause = 0.5 + chance.random() * seconds * 0.5
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(pause)
            harm = chance.choice(HARMS)
            history.append(f"{harm} after {pause:.2f} s")
            do_harm(books, process, harm, chance)
            if process.poll() is not None:
                process = books.command(*RUN)
    finally:
        end_group(process)
    return history


def do_harm(books: Books, process: subprocess.Popen[str], harm: str, chance: random.Random) -> None:
    """Kill or stop processes of a run, or all of them, while a step is under way if one soon is."""
    for _ in range(3 if harm == "workers" else 1):
        wait_for_work(books, process)
        time.sleep(chance.random() * 0.015)
        if process.poll() is not None:
            return
        below = psutil.Process(process.pid).children(recursive=True)
        workers = [each for each in below if each.ppid() != process.pid]
        if harm == "all":
            end_group(process)
        elif harm == "supervisor":
            process.kill()
            process.wait()
        elif harm == "impatient":
            process.terminate()
            time.sleep(chance.random() * 0.5)
            end_group(process)
        elif harm == "sessions":
            books.one("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                      " WHERE datname = current_database() AND pid <> pg_backend_pid()")
        elif harm == "workers":
            kill(workers)
        elif harm == "below":
            kill([chance.choice(below)] if below else [])
        elif workers:
            victim = chance.choice(workers)
            victim.suspend()
            time.sleep(1.5)
            victim.resume()


def wait_for_work(books: Books, process: subprocess.Popen[str]) -> None:
    """Until a step is under way, or a second has gone by."""
    deadline = time.monotonic() + 1
    with psycopg.connect(books.url, autocommit=True) as connection:
        while time.monotonic() < deadline and process.poll() is None:
            if connection.execute("SELECT FROM day_step WHERE state = 'running'").fetchone() is not None:
                return


def finish(books: Books) -> None:
    """Run to the end; what was parked because its workers were killed too often is tried again, as staff would."""
    for _ in range(3):
        if books.done(*RUN, expect=(0, 1)) == 0:
            return
        for line in books.said().splitlines():
            if line.startswith("parked step "):
                books.done("retry", line.split()[2])
    raise AssertionError(books.said())


def test_shards_and_workers_make_no_difference(
    embedded_test_server: TestServer, imported: str, undisturbed: tuple[str, float]
) -> None:
    """One large shard and one worker come to the same books as four small ones and two."""
    with copied(embedded_test_server, imported) as url, books_at(url) as whole:
        whole.done("run", "--until", UNTIL, "--workers", "1")
        large = whole.digest(days=False)
        with copied(embedded_test_server, imported) as other, books_at(other, SHARD_MEMBERS) as small:
            small.done("run", "--until", UNTIL, "--workers", "3")
            assert small.digest(days=False) == large
            assert small.digest() == undisturbed[0]
        whole.done(*RUN)
        assert whole.said() == "no business day to be done\nnothing is parked\n"


def test_a_killed_database_comes_back_and_the_run_goes_on(
    tmp_path: Path, undisturbed: tuple[str, float], imported: str
) -> None:
    """The embedded server is killed under a run, twice; the run brings it up again and ends in the same books."""
    with books_at("", SHARD_MEMBERS) as books:
        books.environment.pop("CARDWRIGHT_DATABASE_URL")
        books.done("init")
        take_in(books, tmp_path, ACCOUNTS)
        process = books.command(*RUN)
        for _ in range(2):
            time.sleep(undisturbed[1] * 0.4)
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                postmaster = int((books.home / "postgres" / "postmaster.pid").read_text().split()[0])
                os.kill(postmaster, signal.SIGKILL)
        assert process.wait(timeout=120) == 0, books.said()
        with contextlib.ExitStack() as stack:
            from accounts.embedded_server import embedded_server

            url = stack.enter_context(embedded_server(books.home))
            assert Books(url, books.home, {}).digest() == undisturbed[0]
