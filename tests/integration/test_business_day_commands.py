"""The commands of the business day on real books: run, status, tick, worker, retry, release; what they print and end with."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from accounts.database import Database
from tests.conftest import RunCardwright, TestServer, cardwright_command, temporary_home
from tests.drill_steps import one_value

ROOT = Path(__file__).resolve().parents[2]
PORTFOLIO = ROOT / "samples" / "portfolio"
CLASSIC = (ROOT / "fees" / "schedules" / "classic.toml").read_text(encoding="utf-8")
#: All that a run writes about accounts, without the instants.
BOOKS = (
    "SELECT json_agg(to_jsonb(p) - 'recorded_at' ORDER BY account_id, posted_on, source_id, source_line, type) FROM posting p",
    "SELECT json_agg(to_jsonb(s) ORDER BY account_id, cycle_no) FROM statement s",
    "SELECT json_agg(to_jsonb(g) ORDER BY account_id) FROM guarded_balance g",
    "SELECT json_agg(jsonb_build_object('on', business_on, 'postings', totals->'postings', 'debits', totals->'debits',"
    " 'statements', totals->'statements', 'not_closed', totals->'not_closed') ORDER BY business_on) FROM business_day",
)


@pytest.fixture(scope="module")
def cardwright() -> Iterator[RunCardwright]:
    """Runs the command with a home that all tests here share; each says which database."""
    with temporary_home() as home:

        def run(*arguments: str | Path, database: Database) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [*cardwright_command(), *map(str, arguments), "--home", str(home), "--database-url", database.url],
                capture_output=True, text=True, timeout=120,
            )

        yield run


@pytest.fixture(scope="module")
def portfolio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The portfolio of three accounts, the second of them on a product of its own, gold."""
    directory = tmp_path_factory.mktemp("books") / "portfolio"
    shutil.copytree(PORTFOLIO, directory)
    accounts = directory / "accounts.csv"
    accounts.write_text(accounts.read_text("utf-8").replace("A-1002,M-1002,classic", "A-1002,M-1002,gold"), "utf-8")
    return directory


def take_in(cardwright: RunCardwright, database: Database, portfolio: Path) -> None:
    """The terms of both products, proposed by one and approved by another, and the portfolio."""
    for product in ("classic", "gold"):
        file = portfolio.parent / f"{product}.toml"
        file.write_text(CLASSIC.replace('product = "classic"', f'product = "{product}"'), "utf-8")
        for arguments in (("load", file, "--as", "ming"), ("approve", product, "--as", "hua")):
            done = cardwright("products", *arguments, database=database)
            assert done.returncode == 0, done.stderr
    done = cardwright("import", portfolio, database=database)
    assert done.returncode == 0, done.stdout


def end_gold(database: Database, until: str | None) -> None:
    """Let the terms of gold end before a day, behind Cardwright's back; None gives them back."""
    with psycopg.connect(database.url) as connection:
        connection.execute(
            "UPDATE terms_version SET in_force = daterange(lower(in_force), %s) WHERE product = 'gold'", (until,)
        )


def facts(done: subprocess.CompletedProcess[str], expect: int = 0) -> dict[str, Any]:
    """What a command with --json printed."""
    assert done.returncode == expect, done.stdout + done.stderr
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


def books(database: Database) -> list[Any]:
    return [one_value(database, query) for query in BOOKS]


@pytest.fixture(scope="module")
def parked(cardwright: RunCardwright, embedded_module_database: Database, portfolio: Path) -> Database:
    """Books run to the tenth of July; in May gold is found to have no terms since April, and its account is parked."""
    take_in(cardwright, embedded_module_database, portfolio)
    assert cardwright("run", "--until", "2024-05-04", database=embedded_module_database).returncode == 0
    end_gold(embedded_module_database, "2024-04-06")
    found = facts(cardwright("run", "--until", "2024-07-10", "--json", database=embedded_module_database), expect=1)
    [account] = found["parked"]["accounts"]
    assert (account["account"], account["step"]) == ("A-1002", "2024-05-05/close/0")
    assert found["parked"]["steps"] == []
    not_closed = {day["on"]: day["not_closed"]["accounts"] for day in found["days"] if day["not_closed"]["accounts"]}
    assert not_closed == {"2024-05-05": ["A-1002"], "2024-06-05": ["A-1002"], "2024-07-05": ["A-1002"]}
    return embedded_module_database


def test_a_step_that_was_parked_ends_where_it_would_have_been(
    cardwright: RunCardwright, embedded_database: Database, embedded_test_server: TestServer, portfolio: Path
) -> None:
    take_in(cardwright, embedded_database, portfolio)
    with psycopg.connect(embedded_database.url) as connection:
        connection.execute("ALTER TABLE statement ADD CONSTRAINT drill CHECK (closes_on <> '2024-05-05')")
    found = facts(cardwright("run", "--until", "2024-06-10", "--json", database=embedded_database), expect=1)
    [step] = found["parked"]["steps"]
    assert (step["step"], step["attempts"]) == ("2024-05-05/close/0", 5)
    assert step["reason"].startswith("CheckViolation: ")
    assert [day["statements"] for day in found["days"] if day["on"] >= "2024-05-05"] == [0] * 37
    with psycopg.connect(embedded_database.url) as connection:
        connection.execute("ALTER TABLE statement DROP CONSTRAINT drill")
    assert cardwright("retry", "2024-05-05/close/0", database=embedded_database).returncode == 0
    done = cardwright("run", "--until", "2024-06-10", database=embedded_database)
    assert (done.returncode, done.stdout) == (0, "no business day to be done\nnothing is parked\n")

    with embedded_test_server.fresh_database() as other:
        take_in(cardwright, other, portfolio)
        assert cardwright("run", "--until", "2024-06-10", database=other).returncode == 0
        assert books(embedded_database) == books(other)


def test_status_says_what_is_parked_and_why(cardwright: RunCardwright, parked: Database) -> None:
    said = cardwright("status", database=parked).stdout
    assert "closed through 2024-07-10" in said
    assert "parked account A-1002 at 2024-05-05/close/0: " in said
    found = facts(cardwright("status", "--json", database=parked))
    assert (found["book"]["closed_through"], found["book"]["intake_posts_on"]) == ("2024-07-10", "2024-07-11")
    assert found["steps"] == []


def test_what_is_not_parked_is_not_given_back(cardwright: RunCardwright, parked: Database) -> None:
    for arguments, code, said in (
        (("release", "A-1001", "--reason", "x"), 3, "account A-1001 is not parked"),
        (("release", "A-1002", "--reason", " "), 2, "--reason is empty"),
        (("retry", "2024-05-05/close/0"), 3, "2024-05-05/close/0 is not parked: it is done"),
        (("retry", "close"), 2, "write DATE/STEP/SHARD, like 2005-05-25/close/0"),
        (("run", "--until", "10.6.2024"), 2, "--until '10.6.2024' is not a date"),
        (("run", "--until", "2024-08-01", "--from", "2024-07-20"), 3, "begin on 2024-07-11 or earlier"),
    ):
        done = cardwright(*arguments, database=parked)
        assert (done.returncode, said in done.stderr, done.stdout) == (code, True, ""), done.stderr


def test_dry_run_says_what_is_due_and_writes_nothing(cardwright: RunCardwright, parked: Database) -> None:
    before = books(parked)
    found = facts(cardwright("run", "--until", "2024-08-10", "--dry-run", "--json", database=parked))
    assert (found["next_day"], found["days"], found["opened"]) == ("2024-07-11", 31, None)
    assert found["parked"]["accounts"][0]["account"] == "A-1002"
    assert cardwright("tick", "--until", "2024-08-10", "--dry-run", database=parked).returncode == 0
    assert books(parked) == before


def test_a_broker_that_is_down_is_one_line_and_trouble(cardwright: RunCardwright, parked: Database) -> None:
    done = cardwright("run", "--until", "2024-08-10", "--broker-url", "redis://127.0.0.1:1", database=parked)
    assert done.returncode == 4
    assert done.stderr.startswith("cardwright: the broker redis://127.0.0.1:1 cannot be used: ")
    assert done.stderr.count("\n") == 1


def test_an_empty_book_has_nothing_to_run(cardwright: RunCardwright, embedded_database: Database) -> None:
    done = cardwright("run", "--until", "2024-08-10", database=embedded_database)
    assert (done.returncode, "import a portfolio first" in done.stderr) == (3, True)


def test_ticks_and_workers_do_the_days_too_and_workers_end_politely(
    cardwright: RunCardwright, embedded_database: Database, portfolio: Path, home: Path
) -> None:
    take_in(cardwright, embedded_database, portfolio)
    worker = subprocess.Popen(
        [*cardwright_command(), "worker", "--processes", "1", "--threads", "2", "--lease-seconds", "2", "--home", str(home),
         "--database-url", embedded_database.url],
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 60
        finished = False
        while not finished and time.monotonic() < deadline:
            ticked = facts(cardwright("tick", "--until", "2024-03-16", "--json", database=embedded_database))
            finished = ticked["finished"]
        assert finished
    finally:
        worker.send_signal(signal.SIGTERM)
        _, said = worker.communicate(timeout=30)
    assert worker.returncode in (0, 143), said
    assert "1 worker processes of 2 threads" in said
    assert one_value(embedded_database, "SELECT sum(attempts) FROM day_step WHERE state = 'done'") > 0
    assert '"worker stops"' in (home / "logs" / "worker.log").read_text("utf-8")


def test_a_released_account_ends_where_it_would_have_been(
    cardwright: RunCardwright, parked: Database, embedded_test_server: TestServer, portfolio: Path
) -> None:
    refused = cardwright("release", "A-1002", "--reason", "terms are back", database=parked)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("cardwright: account A-1002 stays parked: 2024-05-05/close still cannot bill it")

    end_gold(parked, None)
    before = books(parked)
    tried = facts(cardwright("release", "A-1002", "--reason", "terms are back", "--dry-run", "--json", database=parked))
    assert tried["counts"]["statements"] == 3
    assert books(parked) == before
    assert facts(cardwright("release", "A-1002", "--reason", "terms are back", "--json", database=parked)) == tried
    again = cardwright("release", "A-1002", "--reason", "terms are back", database=parked)
    assert (again.returncode, "is not parked" in again.stderr) == (3, True)
    assert cardwright("run", "--until", "2024-08-10", database=parked).returncode == 0

    with embedded_test_server.fresh_database() as other:
        take_in(cardwright, other, portfolio)
        assert cardwright("run", "--until", "2024-08-10", database=other).returncode == 0
        assert books(parked) == books(other)
