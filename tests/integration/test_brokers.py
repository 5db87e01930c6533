"""Every broker carries the same business days to the same books, to the byte, whatever becomes of its messages and workers.

One suite for PostgreSQL, RabbitMQ and Redis, over real connections, real commands and worker processes: the days around a
closing, with interest, minimum payments and sealed statements. A broker that is not there is skipped and named.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator

import psycopg
import pytest

from jobs.broker import BrokerDown, open_broker
from tests import disturbances
from tests.brokers import Wiper, broker, broker_setting
from tests.conftest import TestServer
from tests.real_books import Books, books_at, copied, database_name, end_group, take_in, wait_until

__all__ = ["broker"]

ACCOUNTS, SHARD_MEMBERS = 80, 20
SHARDS = ACCOUNTS // SHARD_MEMBERS
#: The accounts close on the 25th.
UNTIL_BEFORE, UNTIL = "2005-05-23", "2005-05-26"
CLOSING = "2005-05-25/close"
LEASE_SECONDS = 2
RUN = ("run", "--until", UNTIL, "--workers", "2", "--lease-seconds", str(LEASE_SECONDS))


@pytest.fixture(scope="module")
def before(embedded_test_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database with books a few days before a closing."""
    with embedded_test_server.fresh_database() as database, books_at(database.url, SHARD_MEMBERS) as books:
        take_in(books, tmp_path_factory.mktemp("portfolio"), ACCOUNTS)
        books.done("run", "--until", UNTIL_BEFORE)
        yield database_name(database.url)


@pytest.fixture(scope="module")
def undisturbed(embedded_test_server: TestServer, before: str) -> str:
    """What the books come to when nothing goes wrong, on the books' own database."""
    with copied(embedded_test_server, before) as url, books_at(url, SHARD_MEMBERS) as books:
        books.done(*RUN)
        assert books.one("SELECT count(*) FROM statement WHERE cycle_no = 1 AND sha256 IS NOT NULL") == ACCOUNTS
        assert books.one("SELECT count(*) FROM posting WHERE type = 40") > 0, "nothing bore interest"
        assert books.one("SELECT count(*) FROM day_step WHERE business_on = '2005-05-25' AND step = 40") == SHARDS
        return books.digest()


@contextlib.contextmanager
def disturbed_books(server: TestServer, before: str, broker: str, disturbed: str = "") -> Iterator[Books]:
    """A copy of the books and one host with its disturbances; what it sent to the broker is taken away at the end."""
    names = f"hurried,{disturbed}" if disturbed else "hurried"
    with copied(server, before) as url, books_at(url, SHARD_MEMBERS, names, **broker_setting(broker)) as books:
        try:
            yield books
        finally:
            Wiper(broker, url).leave_nothing()


def test_undisturbed(embedded_test_server: TestServer, before: str, undisturbed: str, broker: str) -> None:
    with disturbed_books(embedded_test_server, before, broker) as books:
        books.done(*RUN)
        assert books.digest() == undisturbed
        assert books.one("SELECT max(attempts) FROM day_step") == 1


def test_messages_lost_doubled_late_and_out_of_order(
    embedded_test_server: TestServer, before: str, undisturbed: str, broker: str
) -> None:
    with disturbed_books(embedded_test_server, before, broker, "messages") as books:
        books.done(*RUN)
        assert books.digest() == undisturbed
        assert books.one("SELECT max(attempts) FROM day_step") == 1, "a message alone made somebody take a step twice"
        fates = {fate: disturbances.count(books.home, fate) for fate in disturbances.FATES}
        assert all(fates.values()), fates


def test_worker_killed_at_its_commit(embedded_test_server: TestServer, before: str, undisturbed: str, broker: str) -> None:
    hangs = disturbed_books(embedded_test_server, before, broker, "hangs_at_commit")
    with hangs as books, running(books, CLOSING) as run:
        worker, step = hung(books)
        os.kill(worker, signal.SIGKILL)
        assert run.wait(timeout=60) == 0, books.said()
        assert books.digest() == undisturbed
        assert close_of(books, step) == ("done", 2)


def test_worker_stopped_for_longer_than_its_lease_and_resumed(
    embedded_test_server: TestServer, before: str, undisturbed: str, broker: str
) -> None:
    """Stopped with everything written and the commit not sent, it wakes up when another has done the step, and commits."""
    hangs = disturbed_books(embedded_test_server, before, broker, "hangs_at_commit")
    with hangs as books, running(books, CLOSING) as run:
        worker, step = hung(books)
        os.kill(worker, signal.SIGSTOP)
        time.sleep(LEASE_SECONDS)
        wait_until(lambda: close_of(books, step) == ("done", 2), "the stopped worker's step was done by another")
        (books.home / "goes_on").touch()
        os.kill(worker, signal.SIGCONT)
        assert run.wait(timeout=60) == 0, books.said()
        assert books.digest() == undisturbed
        assert close_of(books, step) == ("done", 2)
        refused = [line for line in books.logged() if line["process"] == worker and line["level"] in ("error", "warning")]
        assert any(step in line["message"] for line in refused), refused


def test_broker_wiped_under_way(embedded_test_server: TestServer, before: str, undisturbed: str, broker: str) -> None:
    """Its messages are taken away while one step hangs and the others wait, then the queue and all."""
    with disturbed_books(embedded_test_server, before, broker, "hangs") as books, running(books, "2005-05-24/") as run:
        wiper = Wiper(broker, books.url)
        hung(books)
        wiper.wipe()
        (books.home / "goes_on").touch()
        wait_until(lambda: books.one("SELECT max(business_on) = '2005-05-25' FROM business_day"), "the next day was opened")
        wiper.wipe()
        assert run.wait(timeout=60) == 0, books.said()
        assert books.digest() == undisturbed
        assert wiper.times == 2


@contextlib.contextmanager
def running(books: Books, hangs: str) -> Iterator[subprocess.Popen[str]]:
    """A run in which one step hangs; nothing of it is left at the end."""
    (books.home / "hangs").write_text(hangs, encoding="utf-8")
    run = books.command(*RUN)
    try:
        yield run
    finally:
        end_group(run)


def hung(books: Books) -> tuple[int, str]:
    """The process that hangs, and the step that it hangs at."""
    found = wait_until((books.home / "hung").exists, "a step hangs") and (books.home / "hung").read_text(encoding="utf-8")
    process, _, step = str(found).partition(" ")
    return int(process), step


def close_of(books: Books, step: str) -> tuple[str, int]:
    """State and attempts of a closing step, by its name."""
    on, _, shard = step.split("/")
    with psycopg.connect(books.url) as connection:
        [row] = connection.execute(
            "SELECT state, attempts FROM day_step WHERE business_on = %s AND step = 40 AND shard = %s", (on, int(shard)))
    return row[0], row[1]


def test_a_broker_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(BrokerDown, match=r"redis://127.0.0.1:1/0 cannot be used: .*refused.*correct --broker-url") as down:
        open_broker("redis://user:secret@127.0.0.1:1/0")
    assert "secret" not in str(down.value)
    with pytest.raises(BrokerDown, match=r"amqp://127.0.0.1:1 cannot be used: Connection refused"):
        open_broker("amqp://user:secret@127.0.0.1:1")
