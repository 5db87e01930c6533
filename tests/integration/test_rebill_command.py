"""`cardwright rebill`: a payment found late, from its file to the correcting postings and the next statement."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from accounts.database import Database
from tests.conftest import RunCardwright
from tests.integration.portfolios import Portfolio
from tests.small_book import run_days


@pytest.fixture
def portfolio(embedded_database: Database, tmp_path: Path) -> Portfolio:
    """An account with a purchase of March that nobody paid, as far as the centre knows on 20 June; then a payment is found."""
    begun = Portfolio(embedded_database, tmp_path).begin()
    begun.transactions("transactions.csv", [["purchase", "1000.00", "A1", "2024-03-30"]])
    days(begun, date(2024, 6, 20))
    found = begun.transactions("transactions.found.csv", [["payment", "1000.00", "A1", "2024-04-20"]])
    assert found.posted == 1
    return begun


def days(portfolio: Portfolio, until: date) -> None:
    with psycopg.connect(portfolio.database.url) as connection:
        run_days(connection, until)


def told(answer: Any) -> dict[str, Any]:
    assert answer.returncode == 0, answer.stderr
    document: dict[str, Any] = json.loads(answer.stdout)
    return document


def test_a_row_of_a_closed_day_is_known_late_and_posts_on_the_open_one(portfolio: Portfolio) -> None:
    rows = portfolio.rows("SELECT type, effective_on, posted_on, late_for FROM posting WHERE source_id > 1 ORDER BY posted_on")
    assert rows[-1] == (13, date(2024, 4, 20), date(2024, 6, 21), date(2024, 4, 20))
    assert [each[3] for each in rows[:-1]] == [None] * (len(rows) - 1)


def test_a_found_payment_is_previewed_posted_once_and_billed(portfolio: Portfolio, cardwright: RunCardwright) -> None:
    database = portfolio.database
    previewed = told(cardwright("rebill", "A1", "--preview", "--json", database=database))
    assert portfolio.rows("SELECT count(*) FROM rebill") == [(0,)]
    assert [each["type"] for each in previewed["events"]] == ["payment"]
    assert {each["type"] for each in previewed["corrections"]} == {
        "late_payment_fee_correction", "purchase_interest_correction"}
    assert previewed["cycles"][0]["figures"]["grace"] == {"before": "lost", "after": "kept"}
    shown = cardwright("rebill", "A1", "--dry-run", database=database)
    assert "grace was kept and not lost" in shown.stdout
    assert "nothing written" in shown.stderr

    posted = told(cardwright("rebill", "A1", "--as", "ming", "--json", database=database))
    assert posted | {"posted": False} == previewed
    assert portfolio.rows("SELECT by_whom, posted_on FROM rebill") == [("ming", date(2024, 6, 21))]
    again = cardwright("rebill", "A1", database=database)
    assert (again.returncode, again.stdout) == (0, "account A1: nothing to correct\n")
    assert portfolio.rows("SELECT count(*) FROM rebill") == [(1,)]

    days(portfolio, date(2024, 7, 5))
    statement = told(cardwright("statement", "A1", "--format", "json", database=database))
    assert statement["payments"] == "1000.00"
    assert portfolio.rows("SELECT balance FROM guarded_balance WHERE account_id = 1") == [
        (int(statement["new_balance"].replace(".", "")),)]
    assert cardwright("verify", database=database).stdout == ""
    explained = told(cardwright("explain", "A1", "--json", database=database))
    assert isinstance(explained["charges"], list)
    assert {each["type"] for each in statement["lines"]} >= {"payment", "purchase_interest_correction"}


def test_what_cannot_be_rebilled_says_so(portfolio: Portfolio, cardwright: RunCardwright) -> None:
    assert cardwright("rebill", "A9", database=portfolio.database).returncode == 2
    with psycopg.connect(portfolio.database.url) as connection:
        connection.execute("UPDATE book SET open_on = open_on + 1")
    answer = cardwright("rebill", "A1", database=portfolio.database)
    assert (answer.returncode, "is being run" in answer.stderr) == (4, True)
