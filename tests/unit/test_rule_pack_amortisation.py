"""Minimum payments that cover what is charged: the proof against every balance tried one by one, and against the engine."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.money import minor_units
from billing.minimum_payment import minimum_payment
from fees.rule_packs import amortisation
from fees.rule_packs.account import account, cycle_dates
from fees.rule_packs.amortisation import NotProved, Shortfall, highest_fee, smallest_shortfall, statement_of
from fees.rule_packs.carried import Carried, kinds_carried
from fees.rule_packs.check import Case, Source
from fees.rule_packs.minimum_covers import minimum_covers
from fees.terms import Terms
from tests.rule_pack_cases import billed

BASES = ("new_purchases", "revolving_principal", "purchases", "cash_advances", "principal", "new_balance", "within_limit")
TRIED = 2500  # minor units: every balance up to 25.00


def terms_of(combine: str, parts: list[tuple[str, str]], add: list[str], on_top: list[str], floor: str, round_to: str,
             rounding: str, monthly: str, cash_monthly: str, part_to: str | None = None) -> Terms:
    more = {} if part_to is None else {"round_to": part_to, "rounding": rounding}
    return Terms.from_document({
        "minimum_payment": {
            "combine": combine, "parts": [{"percent": percent, "of": of, **more} for percent, of in parts], "add": add,
            "floor_before": [each for each in on_top if each in add], "floor": floor, "round_to": round_to,
            "rounding": rounding},
        "interest": {"segment": [{"name": "purchase", "monthly_rate": monthly},
                                 {"name": "cash_advance", "monthly_rate": cash_monthly}]},
        "fees": {"late_payment": {"kind": "fixed", "amount": "3.00"}},
    })


ANY_TERMS = st.builds(
    terms_of, st.sampled_from(["sum", "greater_of", "percent_or_interest"]),
    st.lists(st.tuples(st.sampled_from(["0.01", "0.025", "0.05", "0.10", "1"]), st.sampled_from(BASES)), max_size=3),
    st.lists(st.sampled_from(["interest", "fees", "past_due"]), unique=True),
    st.lists(st.sampled_from(["interest", "fees"]), unique=True),
    st.sampled_from(["0", "1.00", "5.00"]), st.sampled_from(["0.01", "0.10", "1.00"]),
    st.sampled_from(["up", "half_up", "half_even", "down"]), st.sampled_from(["0", "0.01", "0.02", "0.035"]),
    st.sampled_from(["0.02", "0.035"]), st.sampled_from([None, "1.00"]),
)


def test_what_rounding_alone_decides_is_refused_where_too_many_balances_would_have_to_be_looked_at(
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(amortisation, "MOST_LOOKED_AT", 30)
    exactly = {"minimum_payment": {"parts": [{"percent": "0.01", "of": "new_balance"}], "add": []}, "interest": {
        "day_count": "monthly", "segment": [{"name": name, "monthly_rate": "0.01", "grace": False}
                                            for name in ("purchase", "cash_advance")]}}
    terms = Terms.from_document(exactly)
    found = smallest_shortfall(terms)
    assert isinstance(found, NotProved)
    assert (found.kind.segment, found.looked_at, found.from_principal) == ("purchase", 30, 0)
    check = minimum_covers("covers", Source("law", "paragraph", "text"))
    [breach] = check.find(Case(terms))
    assert breach.says.startswith(
        "minimum_payment is not proved to cover interest and fees within 30 candidates: of balances in purchase from 0.00 on "
        f"rounding alone decides, and none up to {found.up_to / 100:.2f} falls short")
    whole = smallest_shortfall(Terms.from_document({**exactly, "minimum_payment": {"add": ["interest", "fees"]}}))
    assert whole is None


def falls_short(found: Shortfall) -> bool:
    return found.required > found.minimum


@settings(max_examples=25, deadline=None)
@given(ANY_TERMS, st.sampled_from([Fraction(0), Fraction(1, 100)]))
def test_no_smaller_balance_falls_short(terms: Terms, share: Fraction) -> None:
    found, fee = smallest_shortfall(terms, share), highest_fee(terms)
    tried = [statement_of(terms, ((kind, principal),), fee, share)
             for kind in kinds_carried(terms) for principal in range(0, TRIED, 31)]
    least = min((each.principal for each in tried if falls_short(each)), default=None)
    if not isinstance(found, Shortfall):
        assert least is None
    else:
        assert falls_short(found)
        assert least is None or found.principal <= least
        if len(found.amounts) == 1 and 0 < found.principal <= 300:
            [(kind, _)] = found.amounts
            assert not any(falls_short(statement_of(terms, ((kind, each),), fee, share)) for each in range(found.principal))


def test_parts_that_hold_the_interest_only_once_they_are_rounded_up_are_looked_at() -> None:
    parts = [("0.05", "revolving_principal")]
    terms = terms_of("percent_or_interest", parts, ["fees"], ["interest"], "0", "0.01", "up", "0.035", "0.02", "1.00")
    found = smallest_shortfall(terms, Fraction(1, 100))
    assert isinstance(found, Shortfall)
    assert (found.principal, found.interest, found.minimum, found.required) == (1_261, 89, 100, 101), "one cent short"


def test_what_parts_are_rounded_up_by_is_no_shortfall() -> None:
    parts = [("0.01", "new_purchases"), ("0.025", "principal")]
    found = smallest_shortfall(terms_of("greater_of", parts, ["interest"], [], "5.00", "0.01", "up", "0", "0.02", "1.00"))
    assert isinstance(found, NotProved), "117.81 owed: 2.95 of it is rounded up to 3.00, which is the fee"
    assert found.from_principal == 11_781


def test_interest_rounded_up_counts_where_the_floor_decides() -> None:
    terms = terms_of("sum", [], ["interest", "fees"], [], "1.00", "0.01", "up", "0", "0.035", None)
    found = smallest_shortfall(terms, Fraction(1, 100))
    assert isinstance(found, Shortfall)
    assert (found.principal, found.interest, found.required, found.minimum) == (2_201, 79, 101, 100)


@settings(max_examples=20, deadline=None)
@given(ANY_TERMS, st.integers(0, 500_000), st.integers(0, 500_000))
def test_two_kinds_together_fall_short_only_if_one_is_found(terms: Terms, one: int, other: int) -> None:
    kinds, fee = list(kinds_carried(terms)), highest_fee(terms)
    if not isinstance(smallest_shortfall(terms), Shortfall):
        for first in kinds:
            for second in kinds:
                if first.segment != second.segment:
                    assert not falls_short(statement_of(terms, ((first, one), (second, other)), fee, Fraction(0)))


@settings(max_examples=40, deadline=None)
@given(ANY_TERMS, st.integers(0, 300_000), st.integers(0, 300_000))
def test_the_minimum_payment_is_that_of_the_engine(terms: Terms, purchase: int, cash: int) -> None:
    kinds = {(kind.segment, kind.first): kind for kind in kinds_carried(terms) if not kind.new}
    amounts = ((kinds["purchase", False], purchase), (kinds["cash_advance", False], cash))
    found = statement_of(terms, amounts, 300, Fraction(0))
    charges = found.interest + found.fees
    total = purchase + cash + charges
    bases = {"new_purchases": 0, "revolving_principal": purchase, "purchases": purchase, "cash_advances": cash,
             "principal": purchase + cash, "new_balance": total, "within_limit": total, "credit_limit": total}
    in_full = {"interest": found.interest, "fees": found.fees, "past_due": 0}
    column = {key: np.array([value], dtype=np.int64) for key, value in bases.items()}
    full = {key: np.array([value], dtype=np.int64) for key, value in in_full.items()}
    assert minimum_payment(terms, column, full, 2, np.array([total], dtype=np.int64))[0] == found.minimum


@pytest.mark.parametrize("toml", [
    "", '[interest]\nday_count = "actual/360"', '[interest]\nday_count = "30/360"\n[cycle]\nclosing_day = 31\ndue_day = 20',
    '[interest]\nday_count = "monthly"\nclosing_day_counts = true', '[interest]\ncompounding = "daily"',
    '[interest]\nminimum_charge = "5.00"', '[interest]\nday_count = "actual/actual"',
    '[interest]\nrounding_unit = "0.10"\nrounding = "up"',
    '[[interest.segment]]\nname = "purchase"\ntiers = [{up_to = "500", annual_rate = "0.2"}, {annual_rate = "0.1"}]',
    '[minimum_payment]\nadd = ["past_due"]\nfloor = "20"', "[fees]\ntax_on_charges = {interest = \"0.18\"}",
])
def test_a_cycle_charges_what_the_engine_charges(toml: str) -> None:
    terms = Terms.from_toml(toml)
    for kind in kinds_carried(terms):
        if kind.first:
            continue
        for principal in (1, 4_321, 123_450):
            amount = principal // terms.shown_unit * terms.shown_unit
            expected = statement_of(terms, ((kind, amount),), 0, Fraction(0))
            statement = charged_by_engine(terms, kind, amount)
            shown = {key: minor_units(statement[key], 2) for key in ("interest", "fees", "minimum_payment_due")}
            assert shown == {"interest": expected.interest, "fees": expected.fees, "minimum_payment_due": expected.minimum}


def charged_by_engine(terms: Terms, kind: Carried, amount: int) -> dict[str, Any]:
    money = str(Decimal(amount) / 100)
    opening = {"on": kind.before, "grace": "lost", "balances": {} if kind.new else {kind.segment: money}}
    events = [{"on": kind.before + timedelta(days=1), "type": kind.segment, "amount": money}] if kind.new and amount else []
    example = account("", terms, events, kind.closes_on, opened_on=kind.before, opening=opening)
    statements = billed(example)
    assert statements is not None
    return statements[-1]


def test_the_cycle_with_the_most_days_is_taken() -> None:
    terms = Terms.from_toml("[cycle]\nclosing_day = 20")
    assert {(kind.closes_on - kind.before).days for kind in kinds_carried(terms)} == {31}
    assert cycle_dates(terms)[0] <= min(kind.before for kind in kinds_carried(terms)) + timedelta(days=1)


def test_several_kinds_that_only_fall_short_together() -> None:
    parts = [("0.08", "purchases"), ("0.08", "cash_advances")]
    terms = terms_of("greater_of", parts, ["fees"], [], "0", "0.01", "up", "0.03", "0.05")
    found = smallest_shortfall(terms)
    assert isinstance(found, Shortfall)
    assert falls_short(found)
    assert {kind.segment for kind, _ in found.amounts} == {"purchase", "cash_advance"}
    assert all(not falls_short(statement_of(terms, ((kind, amount),), 0, Fraction(0))) for kind, amount in found.amounts)
    assert smallest_shortfall(terms_of("sum", parts, ["fees"], [], "0", "0.01", "up", "0.03", "0.05")) is None
