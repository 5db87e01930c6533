"""A payoff counts what the account's own terms bring: instalment parts, the excess over the limit, penalty and hardship rates,
deferred interest. The months that the engine then bills are the measure."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import numpy as np
import pytest

from billing.instalments import BilledPlans
from billing.owed import Owed, OwnRate, Parcel
from billing.payoff import Month, Projection, fixed_payments, level_payment, minimum_payments_only, minimum_schedule
from billing.scenario import Scenario
from billing.simulation import Simulated, simulate
from fees.terms import Terms
from fees.terms_interest import RatedTerms
from statements.compose import compose
from statements.explain_payoff import explain_payoff
from statements.facts import StatementFacts
from statements.payoff import owed_at_closing
from statements.schema import json_schema
from statements.seal import seal_statements
from statements.simulated import simulated_facts

CLOSED_ON = date(2023, 4, 5)
#: Interest is a twelfth of a year whatever the month, purchases bear from the closing on, and a payment of the day after a
#: closing counts for the whole month.
BY_THE_MONTH: dict[str, Any] = {
    "product": "p", "currency": "USD", "in_force_from": date(2023, 1, 1), "disclosures": {"payoff": True},
    "cycle": {"closing_day": 5, "due_after_days": 25},
    "interest": {"day_count": "monthly", "closing_day_counts": True, "accrues_from": "closing", "segment": [
        {"name": "purchase", "monthly_rate": "0.02"}, {"name": "cash_advance", "monthly_rate": "0.03"}]},
    "minimum_payment": {"parts": [{"percent": "0.05", "of": "principal"}], "floor": "10.00",
                        "add": ["interest", "fees", "over_limit", "instalments"]},
}


def simulated(terms: dict[str, Any], events: list[dict[str, Any]], until: date, limit: str = "10000.00") -> Simulated:
    """An account opened on 6 March 2023, the first day of a cycle."""
    return simulate(Scenario.from_document({
        "account": {"opened_on": date(2023, 3, 6), "credit_limit": limit}, "until": until, "terms": terms, "events": events,
    }, Path("s.toml")), seal_statements)


def facts_of(found: Simulated) -> list[StatementFacts]:
    return [simulated_facts("A1", each) for each in found.statements]


SPENT = [{"on": date(2023, 4, 5), "type": "purchase", "amount": "1000.00"},
         {"on": date(2023, 4, 5), "type": "cash_advance", "amount": "300.00"}]
PLAN = [{"on": date(2023, 4, 1), "type": "instalment", "amount": "605.00", "parts": 6, "id": "sofa"}]


@pytest.mark.parametrize(("more", "events", "limit"), [
    pytest.param({}, [], "10000.00", id="plain"),
    pytest.param({"instalments": {"fee_rate": "0.0085"}}, PLAN, "10000.00", id="plan with a flat fee"),
    pytest.param({"instalments": {"method": "declining", "annual_rate": "0.18"}, "fees": {"tax_on_charges": {"fees": "0.06"}}},
                 PLAN, "10000.00", id="plan that declines, taxed"),
    pytest.param({"interest": {**BY_THE_MONTH["interest"], "over_limit": {"monthly_rate": "0.04"}}}, [], "1100.00",
                 id="over the limit, instead"),
    pytest.param({"interest": {**BY_THE_MONTH["interest"],
                               "over_limit": {"monthly_rate": "0.04", "instead_of_purchase_rate": False}}}, [],
                 "1100.00", id="over the limit, beside"),
    pytest.param({"allocation": {"minimum": ["fees", "interest", "segment:cash_advance"]}},
                 [{"on": date(2023, 4, 1), "type": "hardship", "until": date(2023, 7, 5), "rate": "0.06"}],
                 "10000.00", id="hardship up to the third closing"),
    pytest.param({"interest": {**BY_THE_MONTH["interest"], "fees_bear_interest": True, "compounding": "monthly",
                               "minimum_charge": "5.00"}}, PLAN, "10000.00", id="interest on interest"),
])
def test_the_engine_bills_what_was_projected(more: dict[str, Any], events: list[dict[str, Any]], limit: str) -> None:
    terms = {**BY_THE_MONTH, **more}
    closed = facts_of(simulated(terms, [*SPENT, *events], CLOSED_ON, limit))[0]
    projected = minimum_schedule(closed.terms, owed_at_closing(closed), 12)
    # The first payment is that of the statement a month later: nothing is paid before.
    closings = [date(2023, 5 + number, 5) for number in range(8)]
    payments = [{"on": closes_on + timedelta(days=1), "type": "payment", "amount": f"{Decimal(month.payment) / 100:.2f}"}
                for closes_on, month in zip(closings, projected, strict=False)]
    billed = facts_of(simulated(terms, [*SPENT, *events, *payments], closings[-1], limit))[1:]
    assert [Month(row["interest"], row["minimum_payment_due"], row["new_balance"] - row["minimum_payment_due"],
                  row["purchases"] + row["fees"]) for row in (each.row for each in billed)] == projected[:8]


def test_the_last_part_of_a_plan_is_the_end_and_every_payment_is_in_the_total() -> None:
    closed = facts_of(simulated({**BY_THE_MONTH, "instalments": {"fee_rate": "0.01"}}, PLAN, CLOSED_ON))[0]
    # The closing billed the first part of 605: 100.85, with a fee of 6.05; five of 100.83 are to come.
    assert (closed.row["new_balance"], closed.instalments_not_billed) == (10_690, 50_415)
    owed = owed_at_closing(closed)
    months = minimum_schedule(closed.terms, owed, 60)
    found = minimum_payments_only(closed.terms, owed)
    assert found == Projection(len(months), sum(each.payment for each in months))
    assert [each.instalments for each in months[:6]] == [10_688] * 5 + [0]
    level = level_payment(closed.terms, owed, 5)
    assert fixed_payments(closed.terms, owed, level.payment) == Projection(5, level.total)
    assert fixed_payments(closed.terms, owed, level.payment - 1).months == 6
    assert level_payment(closed.terms, owed, 3).total < level.total, "parts that are not billed in three months are not in it"


def test_a_credit_balance_pays_parts_first() -> None:
    terms = Terms.from_document({**BY_THE_MONTH, "instalments": {"fee_rate": "0"}})
    plan = BilledPlans(terms, np.array([30_000]), np.array([30_000]), 3, 0, date(2023, 4, 1), 5)
    owed = Owed(CLOSED_ON, (), credit_limit=10**7, plans=(plan,), credit=15_000)
    assert minimum_schedule(terms, owed, 12) == [Month(0, 0, 0, 0), Month(0, 5_000, 0, 5_000), Month(0, 10_000, 0, 10_000)]
    assert minimum_payments_only(terms, owed) == Projection(3, 15_000)


def test_the_penalty_rate_holds_until_it_is_cured() -> None:
    terms = Terms.from_document({**BY_THE_MONTH, "interest": {
        **BY_THE_MONTH["interest"], "penalty": {"monthly_rate": "0.05", "cured_after_on_time": 6}}})
    owed = Owed(CLOSED_ON, (Parcel("purchase", 100_000),), credit_limit=10**7,
                own_rates=(OwnRate("penalty", terms.interest.penalty, 2),))
    assert [each.interest for each in minimum_schedule(terms, owed, 3)] == [5_000, 4_750, 1_805]


def test_the_books_tell_who_is_under_the_penalty_rate() -> None:
    terms = {**BY_THE_MONTH, "interest": {**BY_THE_MONTH["interest"], "penalty": {
        "monthly_rate": "0.05", "after_days_past_due": 20, "cured_after_on_time": 3}}}
    found = simulated(terms, [*SPENT, {"on": date(2023, 6, 10), "type": "payment", "amount": "900.00"}], date(2023, 7, 5))
    rates = [owed_at_closing(each).own_rates for each in facts_of(found)]
    assert rates[:2] == [(), ()], "due on 30 April, missed, and more than 20 days past due from 21 May on"
    assert [[(each.kind, each.last_month) for each in own] for own in rates[2:]] == [[("penalty", 3)], [("penalty", 2)]]
    for each in facts_of(found):
        jsonschema.validate(compose(each), json_schema("statement"))
    told = explain_payoff(facts_of(found)[-1], "en")
    assert told["own_rates"] == [{"kind": "penalty", "rate": "0.05", "last_month": 2}]


def test_hardship_comes_before_the_penalty_rate_and_leaves_it_what_is_left() -> None:
    terms = Terms.from_document({**BY_THE_MONTH, "interest": {**BY_THE_MONTH["interest"], "penalty": {"monthly_rate": "0.05"}}})
    own = (OwnRate("hardship", RatedTerms(annual_rate=Decimal("0.12")), 1), OwnRate("penalty", terms.interest.penalty, 2))
    owed = Owed(CLOSED_ON, (Parcel("purchase", 100_000),), credit_limit=10**7, own_rates=own)
    assert [each.interest for each in minimum_schedule(terms, owed, 3)] == [1_000, 4_750, 1_805]


@pytest.mark.parametrize(("ends_on", "interest", "why"), [
    (date(2023, 8, 4), [0, 0, 0], "three payments of 100 pay 300 before it ends: nothing, M1(b)(2)"),
    (date(2023, 6, 4), [600, 412, 220], "some is left at its end: its rate from the closing"),
])
def test_deferred_interest_is_counted_where_minimum_payments_leave_some_of_it(ends_on: date, interest: list[int],
                                                                              why: str) -> None:
    terms = Terms.from_document({**BY_THE_MONTH, "interest": {**BY_THE_MONTH["interest"], "segment": [
        {"name": "purchase", "monthly_rate": "0.02", "grace": False},
        {"name": "promise", "monthly_rate": "0.02", "deferred": True, "valid_days": 90}]},
        "minimum_payment": {"parts": [], "add": ["interest"], "floor": "100.00"}})
    owed = Owed(CLOSED_ON, (Parcel("promise", 30_000, ends_on),), credit_limit=10**7)
    assert [each.interest for each in minimum_schedule(terms, owed, 3)] == interest, why


def test_a_charged_off_account_has_no_payoff() -> None:
    terms = {**BY_THE_MONTH, "delinquency": {"charge_off_after_days": 60}}
    found = facts_of(simulated(terms, [*SPENT, *PLAN], date(2023, 8, 5)))
    assert found[-1].row["new_balance"] == 0 < found[-1].instalments_not_billed
    assert compose(found[-1])["payoff"]["minimum_only"] == {"months": 0, "total": "0.00"}
