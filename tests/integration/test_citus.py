"""A Citus cluster carries the business days around a closing to the same books as one server, to the byte."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import TestServer
from tests.real_books import Books, books_at, take_in

ACCOUNTS, SHARD_MEMBERS = 80, 20


def closed(books: Books, portfolio: Path) -> str:
    """What the books come to when a portfolio was taken in and its first cycle closed."""
    take_in(books, portfolio, ACCOUNTS)
    books.done("run", "--until", "2005-05-26", "--workers", "2")
    assert books.one("SELECT count(*) FROM statement WHERE cycle_no = 1 AND sha256 IS NOT NULL") == ACCOUNTS
    return books.digest()


@pytest.fixture(scope="module")
def citus_books(citus_test_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    """Books with a closed cycle on the cluster."""
    with citus_test_server.fresh_database() as database, books_at(database.url, SHARD_MEMBERS) as books:
        closed(books, tmp_path_factory.mktemp("portfolio"))
        yield books


def test_same_books_as_on_one_server(citus_books: Books, embedded_test_server: TestServer, tmp_path: Path) -> None:
    with embedded_test_server.fresh_database() as database, books_at(database.url, SHARD_MEMBERS) as books:
        assert closed(books, tmp_path) == citus_books.digest()


def test_the_ledger_is_spread_over_all_servers(citus_books: Books) -> None:
    spread = citus_books.one("SELECT count(DISTINCT nodeport) FROM citus_shards WHERE table_name = 'posting'::regclass")
    assert spread == citus_books.one("SELECT count(*) FROM pg_dist_node WHERE shouldhaveshards") > 1


@pytest.mark.parametrize("command", [
    "statement {} --format html --out statement.html", "statement {} --preview", "explain {}", "rebill {} --preview",
    "report turnover --by month", "report receivables", "report cards", "report cases", "report income", "status",
], ids=lambda command: command.replace(" {}", ""))
def test_what_is_asked_is_answered(citus_books: Books, command: str) -> None:
    account = citus_books.one("SELECT min(account) FROM card_account")
    citus_books.done(*command.format(account).split())
