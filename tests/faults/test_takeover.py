"""How long a step stays with a worker that is dead or hangs, with the times that production has, on every broker: under 60 s.

Two hosts, each a `cardwright worker` with a home of its own. The first takes a step and is killed, or stopped, at its commit;
measured is the time until the second has the step. All brokers at once, since nearly all of the time is waiting.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from jobs.attempts import LEASE
from tests.brokers import BROKERS, Wiper, broker_setting, why_not
from tests.conftest import TestServer
from tests.real_books import Books, books_at, copied, database_name, end_group, take_in, wait_until

#: What docs/explanation/business-day.md promises.
MOST_SECONDS = 60
ACCOUNTS, SHARD_MEMBERS = 20, 20
#: A tick opens the first day that has work, up to here.
UNTIL = "2005-05-25"


@pytest.fixture(scope="module")
def opened(embedded_test_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database with books whose first business day is to be opened."""
    with embedded_test_server.fresh_database() as database, books_at(database.url, SHARD_MEMBERS) as books:
        take_in(books, tmp_path_factory.mktemp("portfolio"), ACCOUNTS)
        yield database_name(database.url)


@pytest.mark.parametrize(
    ("harm", "at_least"),
    # One that is stopped has just renewed its lease: it has it for the longest time that it can.
    [(signal.SIGKILL, 0.0), (signal.SIGSTOP, LEASE.total_seconds() - 2)],
    ids=["killed", "stopped"],
)
def test_step_is_taken_over(
    embedded_test_server: TestServer, opened: str, record_property: Callable[[str, object], None],
    harm: signal.Signals, at_least: float,
) -> None:
    there = [broker for broker in BROKERS if why_not(broker) is None]

    def measure(broker: str) -> float:
        with copied(embedded_test_server, opened) as url:
            try:
                return seconds_until_taken_over(url, broker_setting(broker), harm)
            finally:
                Wiper(broker, url).leave_nothing()

    with ThreadPoolExecutor(len(there)) as pool:
        seconds = dict(zip(there, pool.map(measure, there), strict=True))
    for broker, took in seconds.items():
        record_property(f"{harm.name} {broker}", round(took, 1))
        print(f"{harm.name}: taken over after {took:.1f} s on {broker}")
    assert all(at_least <= took < MOST_SECONDS for took in seconds.values()), seconds
    if missing := [why_not(broker) for broker in BROKERS if broker not in there]:
        pytest.skip(f"measured on {', '.join(there)}: {seconds}; {'; '.join(map(str, missing))}")


def seconds_until_taken_over(url: str, broker: dict[str, str], harm: signal.Signals) -> float:
    """From the moment that the first host is killed or stopped to the moment that the second has its step."""
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(books_at(url, SHARD_MEMBERS, "hangs", **broker))
        second = stack.enter_context(books_at(url, SHARD_MEMBERS, **broker))
        (first.home / "hangs").write_text("2005-", encoding="utf-8")
        host = first.command("worker", "--processes", "1")
        stack.callback(end_group, host)
        at_work(first)
        second.done("tick", "--until", UNTIL)
        wait_until((first.home / "hung").exists, "the first host has the step")
        other = second.command("worker", "--processes", "1")
        stack.callback(end_group, other)
        at_work(second)
        renewed(first)
        began = time.time()
        os.killpg(host.pid, harm)
        wait_until(lambda: first.one("SELECT max(attempts) >= 2 FROM day_step"), "taken over", MOST_SECONDS + 30)
        taken_at = datetime.fromisoformat(str(first.one("SELECT started_at FROM day_step WHERE attempts >= 2")))
        wait_until(lambda: first.one("SELECT count(*) = 0 FROM day_step WHERE state <> 'done' AND attempts >= 2"), "done")
        return taken_at.timestamp() - began


def at_work(books: Books) -> None:
    wait_until(lambda: any("worker at work" in line["message"] for line in books.logged()), "a worker is at work", 60)


def renewed(books: Books) -> None:
    """Waits until a lease is renewed."""
    lease = "SELECT max(lease_until)::text FROM day_step WHERE state = 'running'"
    before = books.one(lease)
    wait_until(lambda: books.one(lease) != before, "the lease was renewed")
