"""Every fee of random books is explained, and comes out again from its explanation alone."""

from __future__ import annotations

import random
import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from accounts.database import Database
from statements.explain import explain
from statements.history import read_history
from statements.issued import account_facts
from statements.why_not import KINDS, WasCharged, explain_not_charged
from statements.wording import LANGUAGES
from tests.integration.books_of_scenarios import open_books, run_days
from tests.integration.test_nightly_equals_simulation import FEE_SCHEDULES, FIRST_ON, NOT_FEES, UNTIL, random_scenario

CENT = Decimal("0.01")


def of(facts: dict[str, Any], name: str) -> Decimal:
    return Decimal(str(facts[name]))


def share(facts: dict[str, Any], base: Decimal) -> Decimal:
    """A percentage with what limits it."""
    unit = of(facts, "rounding_unit") if "rounding_unit" in facts else CENT
    amount = (base * of(facts, "percent") / unit).quantize(Decimal(1), ROUND_HALF_UP) * unit
    amount = max(amount, of(facts, "floor")) if "floor" in facts else amount
    return min(amount, of(facts, "cap")) if "cap" in facts else amount


def late(facts: dict[str, Any]) -> Decimal:
    amounts = {
        "tiered": lambda: of(facts, "first" if facts["missed_before"] == "–" else "repeat"),
        "escalating": lambda: [*map(Decimal, str(facts["amounts"]).split(", ")), Decimal(0)][min(facts["in_a_row"], 3) - 1],
        "percent_of_unpaid_minimum": lambda: share(facts, of(facts, "unpaid")),
        "slab": lambda: slab(facts), "percent_of_balance": lambda: share(facts, of(facts, "balance_unpaid")),
        "percent_of_interest": lambda: share(facts, of(facts, "interest")), "daily": lambda: daily(facts),
    }
    amount: Decimal = amounts[facts["kind"]]()
    limit = {"minimum_due": "minimum_payment_due", "unpaid_minimum": "unpaid"}.get(facts.get("cap_at", ""))
    return amount if limit is None else min(amount, of(facts, limit))


def slab(facts: dict[str, Any]) -> Decimal:
    for end, amount in re.findall(r"(≤ [0-9.]+|>) ?: ([0-9.]+)", str(facts["slabs"])):
        if end == ">" or of(facts, "new_balance") <= Decimal(end[2:]):
            return Decimal(amount)
    raise AssertionError(facts)


def daily(facts: dict[str, Any]) -> Decimal:
    total = Decimal(0)
    for text in str(facts["delays"]).split("; "):
        days, before, unpaid, charged = re.fullmatch(r"[0-9-]{10}: (\d+) - (\d+), ([0-9.]+), ([0-9.]+)", text).groups()  # type: ignore[union-attr]
        most = min((Decimal(unpaid) * of(facts, "share_cap")).quantize(CENT, ROUND_HALF_UP), of(facts, "cap"))
        fee, fee_before = (min(int(each) * of(facts, "per_day"), most) for each in (days, before))
        assert fee - fee_before == Decimal(charged)
        total += Decimal(charged)
    return total


def again(charge: dict[str, Any]) -> Decimal:
    """A fee worked out from nothing but its explanation."""
    facts, kind = charge["facts"], charge["kind"]
    if kind == "late_payment":
        return late(facts)
    if kind == "tax":
        taxed = re.findall(r"\w+ ([0-9.]+) x ([0-9.]+)", str(facts["taxed"]))
        return sum(((Decimal(fee) * Decimal(rate)).quantize(CENT, ROUND_HALF_UP) for fee, rate in taxed), Decimal(0))
    base = facts.get("excess", facts.get("transaction_amount"))
    if "percent" not in facts and "fee" not in facts:
        return Decimal(charge["amount"])  # an amount of the terms
    amount = share(facts, Decimal(str(base))) if "percent" in facts else of(facts, "fee")
    limit = {"over_limit": "excess", "minimum_due": "minimum_payment_due"}.get(facts.get("cap_at", ""))
    return amount if limit is None else min(amount, of(facts, limit))


@pytest.mark.parametrize("name", FEE_SCHEDULES)
def test_every_fee_comes_out_again_from_its_explanation_alone(embedded_database: Database, name: str) -> None:
    chance = random.Random(name)
    scenarios = [random_scenario(chance, {"fees": FEE_SCHEDULES[name]}, name) for _ in range(40)]
    explained: set[str] = set()
    with embedded_database.connect() as connection:
        open_books(connection, scenarios, FIRST_ON)
        run_days(connection, FIRST_ON, UNTIL)
        for number in range(1, len(scenarios) + 1):
            codes = {row[0] for row in connection.execute("SELECT 1 FROM statement WHERE account_id = %s", (number,))}
            for facts in account_facts(connection, f"A{number}") if codes else []:
                history = read_history(connection, f"A{number}", facts.row["closes_on"])
                for language in LANGUAGES:
                    charges = [each for each in explain(history, language)["charges"]
                               if each["kind"] not in ("interest", "fee")]
                    for charge in charges:
                        if "first_year_cap" in charge["facts"]:
                            assert again(charge) >= Decimal(charge["amount"])
                        else:
                            assert again(charge) == Decimal(charge["amount"]), charge
                        assert charge["clause"].startswith("fees.")
                        assert any("一" <= letter <= "鿿" for letter in charge["because"]) == (language == "zh")
                explained |= {charge["kind"] for charge in charges}
                charged = {charge["kind"] for charge in explain(history, "en")["charges"]} - {"interest"}
                for kind in set(KINDS) - charged:
                    if kind.startswith("interest"):
                        continue
                    assert explain_not_charged(history, kind, "zh")["because"]
                for kind in charged & set(KINDS):
                    with pytest.raises(WasCharged):
                        explain_not_charged(history, kind, "en")
    assert explained >= set(FEE_SCHEDULES[name]) - NOT_FEES
