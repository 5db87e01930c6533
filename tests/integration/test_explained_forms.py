"""Every charge of a random portfolio, on every form of terms, is recomputed from its explanation alone, to the last unit."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from accounts.database import Database
from fees.rounding import round_fraction
from statements.explain import explain
from statements.history import read_history
from tests.integration.books_of_scenarios import open_books, run_days
from tests.integration.test_nightly_equals_simulation import FIRST_ON, TERMS, UNTIL, random_scenario


def rounded(exact: Fraction, rounding: str) -> Decimal:
    """An exact amount in major units, rounded as an explanation says: "half_up to 0.01; floor 10"."""
    rounding, _, limits = rounding.partition("; ")
    mode, _, unit = rounding.partition(",")[0].partition(" to ")
    steps = exact / Fraction(unit)
    whole: Any = round_fraction(np.array([steps.numerator], dtype=object), steps.denominator, mode)  # type: ignore[arg-type]
    amount = int(whole[0]) * Decimal(unit)
    for limit in filter(None, limits.split(", ")):
        kind, value = limit.split(" ")
        amount = max(amount, Decimal(value)) if kind == "floor" else min(amount, Decimal(value))
    return amount


def recomputed(charge: Mapping[str, Any]) -> Decimal:
    """The amount of a charge, from its rows of days and how it says that it was rounded."""
    days, rounding = charge["days"], charge["rounding"]
    if not days:
        unrounded = Fraction(charge["unrounded"])
        return Decimal(charge["unrounded"]) if rounding == "none" else rounded(unrounded, rounding)
    if rounding.endswith("each run of days"):
        runs: dict[tuple[Any, ...], Fraction] = defaultdict(Fraction)
        for number, row in enumerate(days):
            runs[number if "tiers" not in charge["facts"] else 0, row["from"], row["to"]] += product(row)
        return sum((rounded(each, rounding) for each in runs.values()), Decimal(0))
    if charge["facts"].get("compounding") == "daily":
        return compounded(days, rounding)
    if rounding.endswith("each day"):
        by_day: dict[int, Fraction] = defaultdict(Fraction)
        for row in days:
            for offset in range(row["days"]):
                by_day[day_number(row["from"]) + offset] += product(row) / row["days"]
        return sum((rounded(each, rounding) for each in by_day.values()), Decimal(0))
    return rounded(sum((product(row) for row in days), Fraction(0)), rounding)


def compounded(days: list[Mapping[str, Any]], rounding: str) -> Decimal:
    """The interest of a day joins the balance of the days after it."""
    joined = Fraction(0)
    by_day: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for row in days:
        for offset in range(row["days"]):
            by_day[day_number(row["from"]) + offset].append(row)
    for _, rows in sorted(by_day.items()):
        of_day = sum(((Fraction(row["balance"]) + joined) * Fraction(row["rate"]) for row in rows), Fraction(0))
        joined += Fraction(rounded(of_day, rounding)) if rounding.endswith("each day") else of_day
    return rounded(joined, rounding)


def product(row: Mapping[str, Any]) -> Fraction:
    return Fraction(row["balance"]) * row["days"] * Fraction(row["rate"])


def day_number(text: str) -> int:
    return int(np.datetime64(text, "D").astype(int))


@pytest.mark.parametrize("name", TERMS)
def test_every_charge_is_recomputed_from_its_explanation_alone(embedded_database: Database, name: str) -> None:
    chance = random.Random(f"explained {name}")
    scenarios = [random_scenario(chance, TERMS[name], name) for _ in range(12)]
    with embedded_database.connect() as connection:
        open_books(connection, scenarios, FIRST_ON)
        run_days(connection, FIRST_ON, UNTIL)
        interest = 0
        for account, closes_on in connection.execute(
            "SELECT account, closes_on FROM statement JOIN card_account USING (member_id, account_id) WHERE cycle_no > 0"
        ).fetchall():
            history = read_history(connection, account, closes_on)
            for charge in explain(history, "en")["charges"]:
                assert recomputed(charge) == Decimal(charge["amount"]), (account, closes_on, charge)
                assert charge["because"].strip()
                interest += charge["kind"] == "interest" and bool(charge["days"])
            for charge, other in zip(explain(history, "en")["charges"], explain(history, "zh")["charges"], strict=True):
                assert {**charge, "because": ""} == {**other, "because": ""}
                assert charge["because"] != other["because"]
    assert interest > 10
