"""A preview on the closing day, nothing more happening, is the statement that the night then issues: fees that only a closing
charges, instalment parts and their fees among it."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import pytest
from psycopg import Connection

from accounts.calendar import closing_days_of
from accounts.database import Database
from billing.scenario import Scenario
from statements.compose import compose
from statements.issued import issued_facts
from statements.preview import NothingOpen, preview_facts
from tests.integration import test_instalments as instalments
from tests.integration import test_nightly_equals_simulation as nightly
from tests.integration.books_of_scenarios import open_books, run_days

FIRST_ON, UNTIL = nightly.FIRST_ON, nightly.FIRST_ON + timedelta(days=170)
_CLOSING = """
SELECT account FROM card_account WHERE closing_day = ANY(%s) AND anchor_on <= %s AND opened_on <= %s ORDER BY account
"""
Made = tuple[list[Scenario], Callable[[Connection[Any], list[Scenario]], Callable[[date], None]]]


def by_fees(name: str) -> Made:
    chance = random.Random(name)
    scenarios = [nightly.random_scenario(chance, {"fees": nightly.FEE_SCHEDULES[name]}, name) for _ in range(12)]
    return scenarios, lambda connection, made: lambda on: None


def by_plans(name: str) -> Made:
    chance = random.Random(name)
    scenarios = [instalments.possible(instalments.random_scenario(chance, instalments.TERMS[name])) for _ in range(8)]
    return scenarios, instalments.at_counter


@pytest.mark.parametrize(("make", "name", "of_a_closing"), [
    (by_fees, "by the day, percentage over the limit", {"late_payment", "over_limit", "tax"}),
    (by_fees, "by interest, over the limit by agreement", {"late_payment", "over_limit", "tax"}),
    (by_fees, "escalating, every fee taxed, on every event", {"annual", "service", "tax"}),
    (by_plans, "flat, the rest in the first part, fees taxed", {"instalment", "tax"}),
    (by_plans, "declining, the rest in the last part, whole units", {"instalment"}),
])
def test_a_preview_on_the_closing_day_is_the_statement_that_comes(
        embedded_database: Database, make: Callable[[str], Made], name: str, of_a_closing: set[str]) -> None:
    scenarios, staff = make(name)
    previewed: dict[tuple[str, date], Any] = {}
    with embedded_database.connect() as connection:
        open_books(connection, scenarios, FIRST_ON)
        at_counter = staff(connection, scenarios)

        def preview(on: date) -> None:
            at_counter(on)
            connection.execute("UPDATE book SET closed_through = %s", (on - timedelta(days=1),))
            for account, in connection.execute(_CLOSING, (list(closing_days_of(on)), on, on)).fetchall():
                with suppress(NothingOpen):  # nothing to bill yet in a first cycle that is no whole month
                    previewed[account, on] = compose(preview_facts(connection, account, on))

        run_days(connection, FIRST_ON, UNTIL, preview)
        issued = {(facts.account, facts.row["closes_on"]): compose(facts) for facts in issued_facts(connection)}
    kinds: set[str] = set()
    for key, statement in issued.items():
        draft = previewed.pop(key)
        assert draft.pop("draft") is True
        assert draft["seal"]["previous"] == statement["seal"]["previous"]
        assert {**draft, "seal": None} == {**statement, "seal": None}, key
        kinds |= {charge["kind"] for charge in statement["charges"]
                  if charge["on"] == statement["cycle"]["closes_on"]}
    assert previewed == {}
    assert len(issued) > 25
    assert kinds >= of_a_closing
