"""Laws that hold for any history of an account on any supported terms."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.scenario import Scenario
from billing.simulation import Simulated, simulate
from statements.seal import seal_statements

OPENED, DAYS = date(2023, 1, 10), 160
EVENT = st.tuples(
    st.integers(0, DAYS), st.sampled_from(["purchase", "purchase", "purchase", "payment", "payment", "cash_advance", "refund"]),
    st.integers(1, 200_000),
)
SWITCHES = st.fixed_dictionaries({
    "grace_lost_charges": st.sampled_from(["full", "unpaid"]), "closing_day_counts": st.booleans(),
    "payment_day_counts": st.sampled_from(["new", "old", "both"]), "accrues_from": st.sampled_from(["transaction", "closing"]),
    "rounding": st.sampled_from(["half_up", "half_even", "down", "up"]),
})


def bill(events: list[tuple[int, str, int]], interest: dict[str, Any], rate: str = "0.0005", years: int = 0,
         lost_for: str = "billed") -> Simulated:
    """The account's statements; everything `years` later if asked for."""
    shift = date(OPENED.year + years, 1, 1) - date(OPENED.year, 1, 1)
    document = {
        "account": {"opened_on": OPENED + shift, "credit_limit": "1500.00"}, "until": OPENED + shift + timedelta(days=DAYS),
        "terms": {"in_force_from": date(2000, 1, 1), "cycle": {"closing_day": 31, "due_after_days": 20},
                  "grace": {"lost_for": lost_for},
                  "interest": {**interest, "segment": [{"name": "purchase", "daily_rate": rate},
                                                       {"name": "cash_advance", "daily_rate": rate}]}},
        "events": [{"on": OPENED + shift + timedelta(days=day), "type": kind, "amount": f"{cents // 100}.{cents % 100:02d}"}
                   for day, kind, cents in events],
    }
    return simulate(Scenario.from_document(document, Path("law.toml")), seal_statements)


def interest_of(simulated: Simulated) -> list[int]:
    return [each.row["interest"] for each in simulated.statements]


@settings(max_examples=60)
@given(st.lists(EVENT, max_size=25), SWITCHES, st.sampled_from(["billed", "all"]))
def test_a_statement_adds_up_and_follows_from_the_one_before(
    events: list[tuple[int, str, int]], interest: dict[str, Any], lost_for: str
) -> None:
    previous = 0
    for statement in bill(events, interest, lost_for=lost_for).statements:
        row = statement.row
        assert row["previous_balance"] == previous
        assert row["new_balance"] == (
            row["previous_balance"] - row["payments"] - row["credits"] + row["purchases"] + row["cash_advances"]
            + row["balance_transfers"] + row["fees"] + row["interest"] - row["waivers"] + row["adjustments"])
        assert 0 <= row["minimum_payment_due"] <= max(row["new_balance"], 0)
        carried = row["revolving"] + row["billed"] + row["cash"] + row["unpaid_interest"] + row["unpaid_fees"]
        assert carried == max(row["new_balance"], 0)
        previous = row["new_balance"]


@settings(max_examples=40)
@given(st.lists(EVENT, max_size=20), SWITCHES, st.randoms(use_true_random=False))
def test_the_order_of_rows_in_a_file_changes_nothing(
    events: list[tuple[int, str, int]], interest: dict[str, Any], chance: Any
) -> None:
    shuffled = list(events)
    chance.shuffle(shuffled)
    first, second = bill(events, interest), bill(shuffled, interest)
    for one, other in zip(first.statements, second.statements, strict=True):
        changed = {key for key in one.row if one.row[key] != other.row[key]}
        assert changed <= {"sha256", "previous_sha256"}, "only the lines of the file may stand elsewhere"


@settings(max_examples=40)
@given(st.lists(EVENT, max_size=20), SWITCHES)
def test_interest_never_falls_when_the_rate_rises(events: list[tuple[int, str, int]], interest: dict[str, Any]) -> None:
    low, high = bill(events, interest, "0.0004"), bill(events, interest, "0.0006")
    # Only while both owe the same: interest once charged changes what a payment covers.
    for one, other in zip(low.statements, high.statements, strict=True):
        assert one.row["interest"] <= other.row["interest"]
        if one.row["interest"] != other.row["interest"]:
            break


@settings(max_examples=30)
@given(st.lists(EVENT, max_size=15), SWITCHES, st.data())
def test_splitting_a_purchase_in_two_changes_nothing(
    events: list[tuple[int, str, int]], interest: dict[str, Any], data: st.DataObject
) -> None:
    split = []
    for day, kind, cents in events:
        part = data.draw(st.integers(0, cents))
        split += [(day, kind, each) for each in (part, cents - part) if each] if kind == "purchase" else [(day, kind, cents)]
    assert interest_of(bill(events, interest)) == interest_of(bill(split, interest))


@settings(max_examples=20)
@given(st.lists(EVENT, max_size=15), SWITCHES)
def test_twenty_eight_years_later_everything_is_the_same(events: list[tuple[int, str, int]], interest: dict[str, Any]) -> None:
    assert interest_of(bill(events, interest)) == interest_of(bill(events, interest, years=28))
