"""Instalment plans by hand: parts with remainders, fees, month ends, what conversion does to interest and to the minimum."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from billing.instalments import NotConvertible
from billing.scenario import Scenario
from billing.simulation import simulate
from fees.instalment import part_amount, unrounded_fee_rate
from fees.terms import Terms
from statements.seal import seal_statements
from statements.simulated import simulated_document

PRODUCT = {"product": "p", "currency": "CNY", "in_force_from": date(2000, 1, 1), "cycle": {"closing_day": 5, "due_day": 23}}


def terms(**tables: Any) -> Terms:
    return Terms.from_document({**PRODUCT, **tables})


def statements(*events: tuple[str, str, dict[str, Any]], until: str = "2023-06-05", tables: dict[str, Any] | None = None,
               opened_on: str = "2023-03-01", closing_day: int = 5) -> dict[str, dict[str, Any]]:
    """By closing date, the statements of an account with these events (day, type, further keys)."""
    document = {
        "account": {"opened_on": date.fromisoformat(opened_on), "credit_limit": "20000", "closing_day": closing_day},
        "until": date.fromisoformat(until), "terms": {**PRODUCT, **(tables or {})},
        "events": [{"on": date.fromisoformat(on), "type": kind, **more} for on, kind, more in events]}
    document = simulated_document(simulate(Scenario.from_document(document, Path("s.toml")), seal_statements))
    return {each["cycle"]["closes_on"]: each for each in document["statements"]}


def charged(statement: dict[str, Any], kind: str) -> list[str]:
    return [each["amount"] for each in statement["charges"] if each["kind"] == kind]


@pytest.mark.parametrize(("amount", "parts", "unit", "rest", "shown"), [
    (1000_00, 3, "0.01", "first", [333_34, 333_33, 333_33]), (1000_00, 3, "0.01", "last", [333_33, 333_33, 333_34]),
    (1000_00, 4, "0.01", "first", [250_00] * 4), (100_000_00, 12, "1", "first", [8337_00, *[8333_00] * 11]),
    (7_05, 2, "1", "last", [3_00, 4_05]), (2, 2, "0.01", "first", [1, 1]), (5, 3, "0.01", "last", [1, 1, 3]),
])
def test_parts_are_equal_but_for_what_division_leaves(amount: int, parts: int, unit: str, rest: str, shown: list[int]) -> None:
    plan = terms(interest={"rounding_unit": unit}, instalments={"remainder_in": rest})
    found = [int(part_amount(plan, np.array([amount]), parts, number)[0]) for number in range(1, parts + 1)]
    assert found == shown
    assert sum(found) == amount


@pytest.mark.parametrize(("day_count", "from_on", "until", "closing_day", "share"), [
    ("actual/365", "2023-04-05", "2023-05-05", 5, "30/365"), ("actual/365", "2024-01-31", "2024-02-29", 31, "29/365"),
    ("actual/360", "2023-05-05", "2023-06-05", 5, "31/360"), ("30/360", "2023-02-28", "2023-03-31", 31, "32/360"),
    ("actual/actual", "2023-12-30", "2024-01-02", 5, "2/365 + 1/366"), ("monthly", "2023-04-05", "2023-05-05", 5, "1/12"),
    ("monthly", "2023-04-20", "2023-05-05", 5, "1/12 * 15/30"), ("monthly", "2023-02-28", "2023-03-31", 31, "1/12"),
])
def test_a_declining_plan_bears_the_days_since_its_last_part(day_count: str, from_on: str, until: str, closing_day: int,
                                                             share: str) -> None:
    plan = terms(interest={"day_count": day_count}, instalments={"method": "declining", "annual_rate": "0.12"})
    years = sum((_product(each) for each in share.split(" + ")), Fraction(0))
    assert unrounded_fee_rate(plan, date.fromisoformat(from_on), date.fromisoformat(until), closing_day) == \
        Fraction("0.12") * years


def _product(text: str) -> Fraction:
    return prod((Fraction(each) for each in text.split(" * ")), start=Fraction(1))


def test_declining_interest_with_the_remainder_in_part_one() -> None:
    """TW-RAK-INST: 100,000 in 12 parts at 5.88 %, parts of 8,333 and 4 more in the first; 483, 458 and 403 of interest."""
    found = statements(
        ("2023-04-05", "instalment", {"amount": "100000", "parts": 12}), ("2023-05-20", "payment", {"amount": "8820"}),
        ("2023-06-20", "payment", {"amount": "8791"}), until="2023-07-05", opened_on="2023-03-06",
        tables={"currency": "TWD", "interest": {"rounding_unit": "1"},
                "instalments": {"method": "declining", "annual_rate": "0.0588"}})
    due = [(each["purchases"], each["fees"], each["minimum_payment_due"]) for each in found.values()][1:]
    assert due == [("8337", "483", "8820"), ("8333", "458", "8791"), ("8333", "403", "8736")]


def test_flat_fee_on_the_original_amount() -> None:
    """CN-SZ-INSTAL: a fee of the same share of the original amount with every part, whatever is left."""
    found = statements(("2023-03-20", "purchase", {"amount": "6000.00", "id": "tv"}),
                       ("2023-03-21", "instalment", {"of": "tv", "parts": 12}),
                       ("2023-04-20", "payment", {"amount": "551.00"}))
    first, second = found["2023-04-05"], found["2023-05-05"]
    assert (first["purchases"], first["adjustments"], first["fees"]) == ("6500.00", "-6000.00", "51.00")
    assert (first["minimum_payment_due"], first["available_credit"]) == ("551.00", "13949.00")
    assert (second["purchases"], second["fees"], second["interest"], second["new_balance"]) == \
        ("500.00", "51.00", "0.00", "551.00")
    assert [each["description"] for each in second["lines"] if each["type"] == "instalment"] == ["Instalment 2/12"]


def test_parts_fall_due_at_the_closings_after_the_plan_at_month_ends_too() -> None:
    found = statements(("2024-01-31", "instalment", {"amount": "100.00", "parts": 3}), opened_on="2024-01-01",
                       until="2024-05-31", closing_day=31)
    assert {on: each["purchases"] for on, each in found.items() if each["purchases"] != "0.00"} == {
        "2024-02-29": "33.34", "2024-03-31": "33.33", "2024-04-30": "33.33"}


def test_what_the_statement_asked_for_and_became_a_plan_counts_as_paid() -> None:
    """The rest of the statement is paid: grace is kept, the minimum met, nothing bears interest and no fee is charged."""
    late = {"fees": {"late_payment": {"kind": "fixed", "amount": "20.00"}}}
    found = statements(("2023-03-20", "purchase", {"amount": "1000.00", "id": "tv"}),
                       ("2023-03-22", "purchase", {"amount": "50.00"}), ("2023-04-10", "instalment", {"of": "tv", "parts": 4}),
                       ("2023-04-23", "payment", {"amount": "50.00"}), tables=late)
    assert found["2023-05-05"]["grace"] == "kept"
    assert (found["2023-05-05"]["interest"], charged(found["2023-05-05"], "late_payment")) == ("0.00", [])


def test_a_new_purchase_that_becomes_a_plan_pays_nothing_of_the_last_statement() -> None:
    late = {"fees": {"late_payment": {"kind": "fixed", "amount": "20.00"}}}
    found = statements(("2023-03-20", "purchase", {"amount": "1000.00"}),
                       ("2023-04-06", "purchase", {"amount": "1000.00", "id": "tv"}),
                       ("2023-04-10", "instalment", {"of": "tv", "parts": 4}), tables=late)
    assert found["2023-05-05"]["grace"] == "lost"
    assert charged(found["2023-05-05"], "late_payment") == ["20.00"]
    assert found["2023-05-05"]["interest_by_segment"][0]["balance_days"] == "46000.00", "1,000 from 03-20 to 05-04 alone"


def test_a_purchase_converted_in_a_later_cycle_stops_bearing_on_its_day() -> None:
    """Grace was lost: 1,000 bears from 03-20 up to 05-14, and not from 05-15 on."""
    found = statements(("2023-03-20", "purchase", {"amount": "1000.00", "id": "tv"}),
                       ("2023-05-15", "instalment", {"of": "tv", "parts": 4}))
    assert found["2023-05-05"]["interest_by_segment"][0]["balance_days"] == "46000.00"
    assert found["2023-06-05"]["interest_by_segment"][0]["balance_days"] == "10000.00"
    assert found["2023-06-05"]["new_balance"] == "286.50", "interest of 23.00 and 5.00, a fee of 8.50, a part of 250.00"


def test_the_statement_balance_becomes_a_plan_less_what_was_paid_of_it() -> None:
    found = statements(("2023-03-20", "purchase", {"amount": "1000.00"}), ("2023-04-08", "payment", {"amount": "100.00"}),
                       ("2023-04-10", "instalment", {"of": "new_balance", "parts": 3}))
    assert (found["2023-05-05"]["adjustments"], found["2023-05-05"]["purchases"]) == ("-900.00", "300.00")
    assert (found["2023-05-05"]["grace"], found["2023-05-05"]["available_credit"]) == ("kept", "19092.35")


@pytest.mark.parametrize(("method", "fee"), [
    ({}, "0.00"), ({"method": "declining", "annual_rate": "0.365"}, "10.00")])
def test_an_early_settlement_bills_what_is_left_and_interest_up_to_its_day(method: dict[str, str], fee: str) -> None:
    found = statements(("2023-03-20", "purchase", {"amount": "1200.00", "id": "tv"}),
                       ("2023-03-20", "instalment", {"of": "tv", "parts": 6, "id": "plan"}),
                       ("2023-04-15", "instalment_settlement", {"of": "plan"}), tables={"instalments": method})
    settled = found["2023-05-05"]
    assert (settled["purchases"], settled["fees"], settled["available_credit"]) == (
        "1000.00", fee, f"{20000 - float(settled['new_balance']):.2f}")
    assert [each["description"] for each in settled["lines"] if each["type"] == "instalment"] == ["Instalment 2–6/6"]
    assert found["2023-06-05"]["purchases"] == "0.00"


def test_once_the_account_is_charged_off_parts_bear_no_fee() -> None:
    found = statements(("2023-03-20", "purchase", {"amount": "1200.00", "id": "tv"}),
                       ("2023-03-20", "instalment", {"of": "tv", "parts": 6}), ("2023-05-01", "charge_off", {}))
    assert {on: (each["purchases"], charged(each, "instalment"), each["new_balance"]) for on, each in found.items()} == {
        "2023-04-05": ("1400.00", ["10.20"], "210.20"), "2023-05-05": ("200.00", ["10.20"], "0.00"),
        "2023-06-05": ("200.00", [], "0.00")}


@pytest.mark.parametrize(("event", "said"), [
    ({"of": "nothing", "parts": 3}, "nothing is no purchase up to 2023-04-10"),
    ({"of": "tv", "parts": 3, "amount": "1000.01"}, "a plan of 1000.01 cannot be made: 1000.00 can become one"),
    ({"of": "fee", "parts": 3}, "fee is no purchase"),
    ({"of": "2023-03-05", "parts": 3}, "2023-03-05 is no purchase up to 2023-04-10, nor the account's last statement"),
    ({"of": "tv", "parts": 120, "amount": "1.19"}, "1.19 cannot be divided into 120 parts"),
])
def test_what_cannot_become_a_plan_is_refused(event: dict[str, Any], said: str) -> None:
    with pytest.raises(NotConvertible) as refused:
        statements(("2023-03-20", "purchase", {"amount": "1000.00", "id": "tv"}),
                   ("2023-03-20", "fee", {"amount": "10.00", "id": "fee"}), ("2023-04-10", "instalment", event))
    assert said in str(refused.value)


def test_a_purchase_becomes_a_plan_once_and_is_settled_once() -> None:
    purchase = ("2023-03-20", "purchase", {"amount": "1000.00", "id": "tv"})
    plan = ("2023-03-21", "instalment", {"of": "tv", "parts": 2})
    with pytest.raises(NotConvertible, match="tv is an instalment plan already"):
        statements(purchase, plan, plan)
    settled = ("2023-03-25", "instalment_settlement", {"of": "tv"})
    with pytest.raises(NotConvertible, match="tv is no instalment plan with parts left on 2023-03-25"):
        statements(purchase, plan, settled, settled)
