"""Rebilling accounts with instalment plans, hardship, payment holidays, re-ages and charge-offs: the law holds."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from accounts.database import Database
from accounts.errors import CardwrightError
from accounts.money import major_units, minor_units
from billing.instalment_plans import PlanAccount, make_plan, settle_plan
from billing.instalments import NotConvertible
from billing.rebill import find_rebilling, rebill
from billing.scenario import Scenario
from statements.seal import seal_statements
from tests.integration import test_instalments
from tests.integration.test_rebilling import in_time, must_owe_what_they_would, put_in, run_days

FIRST_ON, REBILLED_ON, UNTIL = test_instalments.FIRST_ON, date(2024, 3, 19), test_instalments.UNTIL


@pytest.fixture
def owner(embedded_database: Database) -> Iterator[Connection[Any]]:
    import psycopg

    with psycopg.connect(embedded_database.url) as connection:
        yield connection
        connection.rollback()


def with_late_payments(chance: random.Random, scenario: Scenario) -> Scenario:
    """Some payments and purchases that no plan is made of come in late, up to the day of rebilling."""
    of_plans, events = {each.of for each in scenario.events if each.of}, []
    for event in scenario.events:
        may_be = event.type in ("payment", "purchase") and event.id not in of_plans and event.on < REBILLED_ON
        if may_be and chance.random() < 0.4:
            known_on = min(event.on + timedelta(days=chance.choice([6, 33, 70])), REBILLED_ON)
            event = event.model_copy(update={"known_on": known_on})
        events.append(event)
    return scenario.model_copy(update={"events": tuple(events)})


def at_counter(connection: Connection[Any], scenarios: list[Scenario]) -> Callable[[date], None]:
    """Makes and settles plans on their days; what cannot be made, as known then, is not in the scenario any more."""

    def day(on: date) -> None:
        for place, scenario in enumerate(scenarios):
            account, kept = PlanAccount(place + 1, place + 1, "classic", scenario.account.closing_day or 0), []
            for event in scenario.events:
                if event.on == on and event.type.startswith("instalment"):
                    try:
                        if event.type == "instalment_settlement":
                            settle_plan(connection, account, on, str(event.of))
                        else:
                            assert event.parts is not None
                            asked = minor_units(event.amount, 2) or None
                            made = make_plan(connection, account, on, event.parts, event.of, asked)
                            event = event.model_copy(update={"amount": major_units(made.amount, 2)})
                    except NotConvertible:
                        continue
                kept.append(event)
            scenarios[place] = scenario.model_copy(update={"events": tuple(kept)})

    return day


@pytest.mark.parametrize("name", list(test_instalments.TERMS)[:2])
def test_accounts_with_instalment_plans(owner: Connection[Any], name: str) -> None:
    chance = random.Random(f"late, {name}")
    scenarios = [with_late_payments(chance, test_instalments.random_scenario(chance, test_instalments.TERMS[name]))
                 for _ in range(12)]
    put_in(owner, scenarios)
    counter = at_counter(owner, scenarios)
    run_days(owner, FIRST_ON, REBILLED_ON - timedelta(days=1), at_counter=counter)
    refused, corrected = [], 0
    for number in range(1, len(scenarios) + 1):
        try:
            corrected += rebill(owner, find_rebilling(owner, number, number, seal_statements), "tester")
        except CardwrightError as error:
            refused.append(f"{number}: {error}")
    assert refused == []
    assert corrected > 5
    run_days(owner, REBILLED_ON, UNTIL, at_counter=counter)
    must_owe_what_they_would(owner, scenarios, REBILLED_ON)


TERMS: dict[str, Any] = {
    "product": "classic", "cycle": {"closing_day": 5, "due_day": 23},
    "fees": {"late_payment": {"kind": "fixed", "amount": "25.00"}},
}
OPENED = date(2024, 1, 1)
AGREED = {
    "hardship": {"on": date(2024, 3, 10), "type": "hardship", "until": date(2024, 4, 30), "rate": "0.0365"},
    "payment_holiday": {"on": date(2024, 3, 10), "type": "payment_holiday", "until": date(2024, 4, 30)},
    "re_age": {"on": date(2024, 4, 10), "type": "re_age"},
    "charge_off": {"on": date(2024, 3, 10), "type": "charge_off"},
}


@pytest.mark.parametrize("kind", AGREED)
@pytest.mark.parametrize("late", ["payment", "purchase"])
def test_accounts_about_which_something_was_agreed(owner: Connection[Any], kind: str, late: str) -> None:
    told = Scenario.from_document({
        "account": {"opened_on": OPENED, "credit_limit": "10000"}, "until": date(2024, 7, 6), "terms": TERMS, "events": [
            {"on": date(2024, 1, 10), "type": "purchase", "amount": "500.00"},
            {"on": date(2024, 2, 20), "type": late, "amount": "200.00", "known_on": date(2024, 5, 12)},
            {"on": date(2024, 3, 20), "type": "payment", "amount": "60.00"},
            {"on": date(2024, 6, 1), "type": "payment", "amount": "100.00"}, AGREED[kind]]}, Path("scenario.toml"))
    told = told.model_copy(update={"events": tuple(
        each.model_copy(update={"agreed": True}) if each.arrangement is not None else each for each in told.events)})
    put_in(owner, [told])
    run_days(owner, OPENED, date(2024, 5, 11))
    assert rebill(owner, find_rebilling(owner, 1, 1, seal_statements), "tester") > 0
    run_days(owner, date(2024, 5, 12), told.until)
    assert owner.execute("SELECT balance FROM guarded_balance").fetchone() == (
        int(in_time(told).state["balance"].replace(".", "")),)
    must_owe_what_they_would(owner, [told], date(2024, 5, 12))


def test_a_charge_off_that_would_not_have_been_is_lifted(owner: Connection[Any]) -> None:
    """The minimum payments of months are found when the account has been charged off for being past due."""
    told = Scenario.from_document({
        "account": {"opened_on": OPENED, "credit_limit": "10000"}, "until": date(2024, 8, 6),
        "terms": {**TERMS, "delinquency": {"charge_off_after_days": 60}}, "events": [
            {"on": date(2024, 1, 10), "type": "purchase", "amount": "500.00"},
            {"on": date(2024, 2, 20), "type": "payment", "amount": "500.00", "known_on": date(2024, 6, 12)},
            {"on": date(2024, 7, 1), "type": "purchase", "amount": "70.00"}]}, Path("scenario.toml"))
    put_in(owner, [told])
    run_days(owner, OPENED, date(2024, 6, 11))
    assert owner.execute("SELECT status FROM card_account").fetchone() == ("charged_off",)
    rebill(owner, find_rebilling(owner, 1, 1, seal_statements), "tester")
    assert owner.execute("SELECT count(*) FROM posting WHERE type = 190").fetchone() == (1,)
    assert owner.execute("SELECT status FROM card_account").fetchone() == ("active",)
    run_days(owner, date(2024, 6, 12), told.until)
    must_owe_what_they_would(owner, [told], date(2024, 6, 12))
