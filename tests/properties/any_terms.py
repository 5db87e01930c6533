"""Any terms and any history of one account, for laws that hold on all of them."""

from __future__ import annotations

from copy import deepcopy
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from billing.scenario import Scenario
from billing.simulation import Simulated, simulate
from statements.seal import seal_statements

Table = dict[str, Any]
#: Day since opening, days until it posts, type, cents, segment ("": by type).
Happening = tuple[int, int, str, int, str]
OPENED, DAYS = date(2023, 1, 10), 160
#: The calendar repeats itself after 28 years, until 2100.
CALENDAR = date(2051, 1, 1) - date(2023, 1, 1)
PROMOTIONS = ("", "", "", "promotion", "deferred")

_TYPE = st.sampled_from(
    [*["purchase", "payment"] * 4, "cash_advance", "refund", "fee", "adjustment_debit", "returned_payment"])
HISTORY = st.lists(
    st.tuples(st.integers(0, DAYS), st.sampled_from([0, 0, 0, 0, 1, 4]), _TYPE, st.integers(1, 200_000),
              st.sampled_from(PROMOTIONS)), max_size=20)

_RATE = st.sampled_from(["0.18", "0.1825", "0.2399"])
_TIERS = [{"up_to": "500.00", "annual_rate": "0.24"}, {"annual_rate": "0.12"}]
_INTEREST = st.fixed_dictionaries({}, optional={
    "method": st.sampled_from(["average_daily_balance", "adjusted_balance", "previous_balance", "ending_balance", "two_cycle"]),
    "day_count": st.sampled_from(["actual/360", "actual/actual", "30/360", "monthly"]),
    "accrues_from": st.sampled_from(["posting", "closing", "due", "next_cycle"]),
    "grace_lost_charges": st.just("unpaid"),
    "revolving_new_purchases": st.sampled_from(["next_statement", "never_in_first"]),
    "closing_day_counts": st.just(True),
    "payment_day_counts": st.sampled_from(["old", "both"]),
    "compounding": st.sampled_from(["daily", "monthly"]),
    "fees_bear_interest": st.just(True),
    "rounding": st.sampled_from(["half_even", "down", "up"]),
    "rounding_unit": st.just("0.05"),
    "rounded_per": st.sampled_from(["segment", "day"]),
    "residual_interest": st.just("waive"),
    "minimum_charge": st.just("2.00"),
    "over_limit": st.fixed_dictionaries({"annual_rate": st.just("0.30"), "instead_of_purchase_rate": st.booleans()}),
    "penalty": st.just({"annual_rate": "0.36", "after_days_past_due": 20, "cured_after_on_time": 1}),
})
_ORDER = st.permutations(["past_due", "fees", "interest", "highest_rate", "oldest", "billed_first", "segment:cash_advance"])
_ALLOCATION = st.fixed_dictionaries({}, optional={
    "as_of": st.just("previous_closing"), "refunds_count_as_payment": st.just(False), "minimum": _ORDER, "excess": _ORDER})
_MINIMUM = st.fixed_dictionaries({}, optional={
    "combine": st.sampled_from(["greater_of", "percent_or_interest"]), "floor": st.just("50.00"),
    "floor_before": st.just(["interest"]), "round_to": st.just("1"), "rounding": st.just("up")})
_LATE = st.sampled_from([
    {"kind": "fixed", "amount": "25.00", "cap_at": "minimum_due"},
    {"kind": "tiered", "first": "25.00", "repeat": "35.00", "repeat_within_cycles": 2},
    {"kind": "percent_of_unpaid_minimum", "percent": "0.05", "floor": "10.00"},
    {"kind": "percent_of_balance", "percent": "0.03", "tax": "0.18"},
    {"kind": "percent_of_interest", "percent": "0.10"},
    {"kind": "daily", "per_day": "3.00", "share_cap": "0.30", "cap": "60.00"},
    {"kind": "escalating", "amounts": ["10.00", "20.00", "30.00"]},
    {"kind": "slab", "slabs": [{"up_to": "500.00", "amount": "5.00"}, {"amount": "50.00"}]},
])
_FEES = st.fixed_dictionaries({}, optional={
    "late_payment": _LATE, "cash_advance": st.just({"percent": "0.01", "floor": "5.00"}),
    "returned_payment": st.just({"amount": "20.00"}), "joining": st.just({"amount": "40.00"}),
    "annual": st.just({"amount": "60.00"}), "service": st.just({"amount": "0.33"}),
    "over_limit": st.just({"amount": "15.00"}), "first_year_cap": st.just("0.05"),
    "tax_on_charges": st.just({"interest": "0.06", "fees": "0.06"})})


@st.composite
def any_terms(draw: st.DrawFn) -> Table:
    """Terms with two promotional segments; most keys at their default, any of them at another value."""
    interest = draw(_INTEREST)
    if draw(st.booleans()) and interest.get("closing_day_counts"):
        interest["debits_count_from"] = "next_day"
    fees = draw(_FEES)
    if interest.get("fees_bear_interest") and fees.get("late_payment", {}).get("kind") == "percent_of_interest":
        del fees["late_payment"]  # refused: such a fee would bear on what it is a share of
    purchase = draw(st.sampled_from([{"tiers": _TIERS}, {"annual_rate": draw(_RATE)}, {"annual_rate": draw(_RATE)}]))
    segments = [
        {"name": "purchase", **purchase}, {"name": "cash_advance", "annual_rate": draw(_RATE)},
        {"name": "promotion", "annual_rate": "0.06", "valid_days": draw(st.integers(1, 120)), "grace": draw(st.booleans())},
        {"name": "deferred", "annual_rate": "0.20", "until": OPENED + timedelta(draw(st.integers(0, DAYS))), "deferred": True},
    ]
    return {
        "cycle": {"closing_day": 31, "due_after_days": 20, "tolerance_days": draw(st.sampled_from([0, 0, 2]))},
        "grace": {"lost_for": draw(st.sampled_from(["billed", "all"])),
                  "requires": draw(st.sampled_from(["new_balance", "previous_and_new_balance"]))},
        "interest": {**interest, "segment": segments}, "allocation": draw(_ALLOCATION), "minimum_payment": draw(_MINIMUM),
        "fees": fees,
    }


def bill(terms: Table, history: list[Happening], until: date | None = None, later: timedelta = timedelta(),
         waivers: list[Table] | None = None) -> Simulated:
    """The account's statements; everything `later` if asked for, and without what has not posted by `until`."""
    terms = deepcopy(terms)
    for segment in terms["interest"]["segment"]:
        if "until" in segment:
            segment["until"] += later
    until = until or OPENED + timedelta(DAYS)
    events = [_event(each, later) for each in history]
    document = {
        "account": {"opened_on": OPENED + later, "credit_limit": "1500.00"}, "until": until + later,
        "terms": {"in_force_from": date(2000, 1, 1), **terms},
        "events": [each for each in events if each["posted_on"] <= until + later], "waivers": waivers or [],
    }
    return simulate(Scenario.from_document(document, Path("any.toml")), seal_statements)


def _event(happening: Happening, later: timedelta) -> Table:
    day, posts_after, kind, cents, segment = happening
    on = OPENED + timedelta(day) + later
    event = {"on": on, "posted_on": on + timedelta(posts_after), "type": kind, "amount": f"{cents // 100}.{cents % 100:02d}"}
    return {**event, "segment": segment} if segment and kind == "purchase" else event


def figures(simulated: Simulated) -> list[Table]:
    """The rows of the statements without their seals, which also cover the lines as they stand in the file."""
    return [{key: value for key, value in each.row.items() if "sha256" not in key} for each in simulated.statements]
