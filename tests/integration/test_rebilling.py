"""On the books: with late events, after rebilling, each account owes what the same events on time would have owed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from psycopg import Connection
from psycopg.rows import dict_row

from accounts.calendar import closing_days_of
from accounts.database import Database
from billing.rebill import find_rebilling, rebill
from billing.scenario import Scenario, ScenarioEvent
from billing.simulation import Simulated, simulate
from statements.seal import seal_statements
from statements.verify import scope_of, verify
from tests.integration.books_of_scenarios import open_books, run_days
from tests.integration.test_nightly_equals_simulation import FEE_SCHEDULES, FIRST_ON, TERMS, random_scenario

REBILLED_ON, UNTIL = date(2024, 3, 19), date(2024, 6, 30)
OWED = ("new_balance", "minimum_payment_due", "past_due", "over_limit", "grace", "days_past_due", "revolving", "billed", "cash",
        "unpaid_interest", "unpaid_fees")


def with_late_events(chance: random.Random, scenario: Scenario) -> Scenario:
    """Some events come in late, up to the day of rebilling; all after that in time, and a few more of them."""
    events = []
    for event in scenario.events:
        posts_on = event.posted_on or event.on
        if posts_on < REBILLED_ON and chance.random() < 0.3:
            known_on = min(posts_on + timedelta(days=chance.choice([1, 6, 33, 70])), REBILLED_ON)
            event = event.model_copy(update={"known_on": known_on})
        events.append(event)
    for _ in range(6):
        on = REBILLED_ON + timedelta(days=chance.randrange(1, 100))
        events.append(ScenarioEvent(on=on, type=chance.choice(["purchase", "payment", "cash_advance"]),
                                    amount=str(chance.randrange(1, 900))))
    return scenario.model_copy(update={"events": tuple(events), "until": UNTIL})


def late_for_closed_cycles(scenario: Scenario) -> Scenario:
    """The same, but events that come late in their own open cycle come in time: the night does not rebill for those alone."""
    closing_day, events = scenario.account.closing_day or scenario.terms[0].cycle.closing_day, []
    for event in scenario.events:
        posts_on = event.posted_on or event.on
        days = (posts_on + timedelta(days=number) for number in range(((event.known_on or posts_on) - posts_on).days))
        if not any(closing_day in closing_days_of(each) for each in days):
            event = event.model_copy(update={"known_on": None})
        events.append(event)
    return scenario.model_copy(update={"events": tuple(events)})


def put_in(connection: Connection[Any], scenarios: list[Scenario]) -> None:
    """Books in which late events post when they are known, marked with the day they were late for."""
    known = [scenario.model_copy(update={"events": tuple(
        each.model_copy(update={"posted_on": each.known_on or each.posted_on}) for each in scenario.events)})
        for scenario in scenarios]
    with connection.cursor() as cursor:
        open_books(connection, known, FIRST_ON)
        cursor.execute("ALTER TABLE posting DISABLE TRIGGER append_only")
        for number, scenario in enumerate(scenarios, 1):
            for line, event in enumerate(scenario.events, 1):
                if event.known_on is not None:
                    cursor.execute("UPDATE posting SET late_for = %s WHERE account_id = %s AND source_line = %s",
                                   (event.posted_on or event.on, number, line))
        cursor.execute("ALTER TABLE posting ENABLE TRIGGER append_only")


def in_time(scenario: Scenario) -> Simulated:
    return simulate(scenario.model_copy(update={"events": tuple(
        each.model_copy(update={"known_on": None}) for each in scenario.events)}), seal_statements)


@pytest.fixture
def owner(embedded_database: Database) -> Iterator[Connection[Any]]:
    import psycopg

    with psycopg.connect(embedded_database.url) as connection:
        yield connection
        connection.rollback()


@pytest.mark.parametrize("name", [
    "full", "unpaid", "two cycles", "by interest, over the limit by agreement",
    "tiered, capped, taxed; returned payments capped at the minimum",
])
def test_rebilled_accounts_owe_what_they_would_owe_had_all_been_known_in_time(owner: Connection[Any], name: str) -> None:
    chance = random.Random(name)
    terms = TERMS[name] if name in TERMS else {"fees": FEE_SCHEDULES[name]}
    scenarios = [with_late_events(chance, random_scenario(chance, terms, name)) for _ in range(15)]
    put_in(owner, scenarios)
    run_days(owner, FIRST_ON, REBILLED_ON - timedelta(days=1))
    corrected = 0
    for number in range(1, len(scenarios) + 1):
        found = find_rebilling(owner, number, number, seal_statements)
        corrected += rebill(owner, found, "tester")
        assert rebill(owner, find_rebilling(owner, number, number, seal_statements), "tester") == 0
    assert corrected > 10
    run_days(owner, REBILLED_ON, UNTIL)
    must_owe_what_they_would(owner, scenarios)


@pytest.mark.parametrize("name", ["full", "tiered, capped, taxed; returned payments capped at the minimum"])
def test_rebilled_night_by_night_they_owe_the_same(owner: Connection[Any], name: str) -> None:
    chance = random.Random(f"nights, {name}")
    terms = TERMS[name] if name in TERMS else {"fees": FEE_SCHEDULES[name]}
    scenarios = [late_for_closed_cycles(with_late_events(chance, random_scenario(chance, terms, name))) for _ in range(10)]
    put_in(owner, scenarios)
    run_days(owner, FIRST_ON, UNTIL, rebill_by_night=True)
    nights = owner.execute("SELECT count(DISTINCT posted_on), count(*) FROM rebill WHERE by_whom = 'night'").fetchone()
    assert nights is not None
    assert nights[0] > 5
    assert owner.execute("SELECT count(*) FROM source WHERE kind = 'rebill' AND name LIKE '%night%'").fetchone() == (nights[0],)
    must_owe_what_they_would(owner, scenarios)


def must_owe_what_they_would(owner: Connection[Any], scenarios: list[Scenario], since: date = REBILLED_ON) -> None:
    """From the closing after the last rebilling on, and the books hold together."""
    rows = owner.cursor(row_factory=dict_row).execute(
        "SELECT * FROM statement WHERE closes_on >= %s", (since,)).fetchall()
    balances = dict(owner.execute("SELECT account_id, balance FROM guarded_balance").fetchall())
    for number, scenario in enumerate(scenarios, 1):
        expected = in_time(scenario)
        owed = {each.row["closes_on"]: each.row for each in expected.statements if each.row["closes_on"] >= since}
        assert {row["closes_on"]: {name: row[name] for name in OWED} for row in rows if row["account_id"] == number} == {
            closes_on: {name: row[name] for name in OWED} for closes_on, row in owed.items()}, f"account {number}"
        assert Decimal(expected.state["balance"]) * 100 == balances[number]
    bad = [each for each in verify(owner, scope_of(owner)) if each.first_bad is not None]
    assert [(each.check.name, each.first_bad) for each in bad if not each.check.name.startswith("day")] == []
