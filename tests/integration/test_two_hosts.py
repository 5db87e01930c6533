"""Two hosts close a day together that share nothing but the addresses of the database and the broker.

Each is a `cardwright worker` as another machine would start it: an environment made from nothing, a home, a working directory
and a user's home of its own, even another time zone and language. A third, with no workers, ticks.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from functools import partial

import pytest

from tests.brokers import Wiper, broker, broker_setting
from tests.conftest import TestServer
from tests.real_books import Books, books_at, copied, database_name, end_group, take_in, wait_until

__all__ = ["broker"]

ACCOUNTS, SHARD_MEMBERS = 120, 10
CLOSING = "2005-05-25"
ABROAD = {"TZ": "Pacific/Kiritimati", "LANG": "C", "LC_ALL": "C"}
AT_HOME = {"TZ": "America/St_Johns", "LANG": "C.UTF-8"}


@pytest.fixture(scope="module")
def day_before(embedded_test_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database with books on the eve of a closing."""
    with embedded_test_server.fresh_database() as database, books_at(database.url, SHARD_MEMBERS) as books:
        take_in(books, tmp_path_factory.mktemp("portfolio"), ACCOUNTS)
        books.done("run", "--until", "2005-05-24")
        yield database_name(database.url)


@pytest.fixture(scope="module")
def closed_by_one(embedded_test_server: TestServer, day_before: str) -> str:
    """What the books come to when one host closes the day."""
    with copied(embedded_test_server, day_before) as url, books_at(url, SHARD_MEMBERS) as books:
        books.done("run", "--until", CLOSING, "--workers", "1")
        assert books.one("SELECT count(*) FROM statement WHERE cycle_no = 1") == ACCOUNTS
        return books.digest()


def test_two_hosts_close_a_day(embedded_test_server: TestServer, day_before: str, closed_by_one: str, broker: str) -> None:
    with (
        copied(embedded_test_server, day_before) as url, host(url, broker, ABROAD) as one, host(url, broker, AT_HOME) as other,
        books_at(url, SHARD_MEMBERS, **broker_setting(broker)) as third,
    ):
        hosts = (one, other)
        up = [each.command("worker", "--processes", "1") for each in hosts]
        try:
            for each in hosts:
                wait_until(partial(said, each, "worker at work"), "both hosts are at work", 60)
            third.done("tick", "--until", CLOSING)
            wait_until(lambda: third.one("SELECT count(*) = 0 FROM day_step WHERE state <> 'done'"), "all steps are done", 60)
            for each in up:
                each.terminate()
            # Ended as asked, after SIGTERM.
            assert [each.wait(timeout=60) for each in up] == [143, 143]
        finally:
            for each in up:
                end_group(each)
            Wiper(broker, url).leave_nothing()
        third.done("tick", "--until", CLOSING)
        assert third.digest() == closed_by_one
        done = [said(each, r"done: (.*)") for each in hosts]
        assert all(done), done
        assert not set(done[0]) & set(done[1])
        steps = third.one(f"SELECT count(*) FROM day_step WHERE business_on = '{CLOSING}'")  # noqa: S608
        assert len(done[0]) + len(done[1]) == steps >= ACCOUNTS // SHARD_MEMBERS


@contextlib.contextmanager
def host(url: str, broker: str, where: dict[str, str]) -> Iterator[Books]:
    """Books as another machine reaches them: of this process's environment nothing but where programs are."""
    with books_at(url, SHARD_MEMBERS, **broker_setting(broker)) as books:
        needed = {
            name: books.environment[name]
            for name in ("PATH", "PYTHONPATH", "CARDWRIGHT_HOME", "CARDWRIGHT_DATABASE_URL", *broker_setting(broker))
        }
        own = {"HOME": str(books.home), "TMPDIR": str(books.home)}
        yield Books(books.url, books.home, {**needed, **own, **where})


def said(books: Books, pattern: str) -> list[str]:
    """What the workers of a host logged, of a kind."""
    return [found[0] for line in books.logged() if (found := re.findall(pattern, line["message"]))]
