"""The night rebills by itself what late events reach back to: as previewed, once, only where something was billed already."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from accounts.database import Database
from jobs.parked_work import StillNotBillable, release_account
from jobs.steps import steps_of_the_day
from tests.conftest import RunCardwright
from tests.integration.portfolios import Portfolio
from tests.small_book import run_days

OPEN = date(2024, 6, 21)


@pytest.fixture
def portfolio(embedded_database: Database, tmp_path: Path) -> Portfolio:
    """A purchase of March that nobody paid, as far as is known on 20 June; then a payment of April is found."""
    begun = Portfolio(embedded_database, tmp_path).begin()
    begun.transactions("transactions.csv", [["purchase", "1000.00", "A1", "2024-03-30"]])
    days(begun, date(2024, 6, 20))
    begun.transactions("transactions.found.csv", [
        ["payment", "1000.00", "A1", "2024-04-20"], ["purchase", "50.00", "A2", "2024-06-19"]])
    return begun


def days(portfolio: Portfolio, until: date) -> None:
    with psycopg.connect(portfolio.database.url) as connection:
        run_days(connection, until)


def told(answer: Any) -> dict[str, Any]:
    assert answer.returncode == 0, answer.stderr
    document: dict[str, Any] = json.loads(answer.stdout)
    return document


def test_the_night_posts_what_was_previewed_and_nothing_twice(portfolio: Portfolio, cardwright: RunCardwright) -> None:
    database = portfolio.database
    previewed = told(cardwright("rebill", "A1", "--preview", "--json", database=database))
    assert previewed["corrections"]
    days(portfolio, OPEN)
    assert told(cardwright("rebill", "A1", "--posted", "--json", database=database)) == previewed | {"posted": True}
    assert cardwright("rebill", "A1", database=database).stdout == "account A1: nothing to correct\n"
    # The purchase of A2 is late for a day of its open cycle, and nothing was billed without it.
    assert portfolio.rows("SELECT account_id, by_whom, posted_on FROM rebill") == [(1, "night", OPEN)]
    [(steps,)] = portfolio.rows("SELECT totals -> 'steps' -> 'rebill' FROM business_day WHERE business_on = %s", OPEN)
    assert steps == {"shards": 1, "rebilled": 1, "corrections": len(previewed["corrections"])}
    assert portfolio.rows("SELECT count(*) FROM day_step WHERE step = 5") == [(1,)]
    days(portfolio, date(2024, 7, 6))
    assert cardwright("verify", database=database).stdout == ""
    statement = told(cardwright("statement", "A1", "--format", "json", database=database))
    assert {each["type"] for each in statement["lines"]} >= {"payment", "purchase_interest_correction"}


def test_an_account_that_cannot_be_rebilled_is_parked_until_staff_decide(portfolio: Portfolio,
                                                                         cardwright: RunCardwright) -> None:
    with psycopg.connect(portfolio.database.url) as connection:
        connection.execute("ALTER TABLE statement DISABLE TRIGGER append_only")
        connection.execute(
            "UPDATE statement SET new_balance = new_balance + 1 WHERE account_id = 1 AND closes_on = '2024-06-05'")
    ran = cardwright("run", "--until", "2024-06-22", "--workers", "1", database=portfolio.database)
    assert ran.returncode == 1, ran.stderr
    [(reason,)] = portfolio.rows("SELECT reason FROM parked_account WHERE released_at IS NULL")
    assert "does not come to what was charged" in reason
    with psycopg.connect(portfolio.database.url) as connection, pytest.raises(StillNotBillable):
        release_account(connection, "A1", "try", steps_of_the_day())
    answer = cardwright("rebill", "A1", "--leave", "the limit was raised in May", "--as", "ming", database=portfolio.database)
    assert answer.stdout == "account A1: 1 late events left as posted\n", answer.stderr
    with psycopg.connect(portfolio.database.url) as connection:
        release_account(connection, "A1", "left as posted", steps_of_the_day())
    assert portfolio.rows("SELECT count(*) FROM parked_account WHERE released_at IS NULL") == [(0,)]
    assert portfolio.rows("SELECT count(*) FROM correction") == [(0,)]
    with psycopg.connect(portfolio.database.url) as connection:
        connection.execute(
            "UPDATE statement SET new_balance = new_balance - 1 WHERE account_id = 1 AND closes_on = '2024-06-05'")
        connection.execute("ALTER TABLE statement ENABLE TRIGGER append_only")
    days(portfolio, date(2024, 7, 6))
    assert portfolio.rows("SELECT count(*) FROM statement WHERE account_id = 1 AND closes_on = '2024-07-05'") == [(1,)]
    assert cardwright("rebill", "A1", "--as", "night", database=portfolio.database).returncode == 2
