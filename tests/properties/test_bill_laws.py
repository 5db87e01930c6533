"""Laws of a bill, on any terms and any history of an account."""

from __future__ import annotations

import random
from collections import Counter
from copy import deepcopy
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import billing.simulation
from accounts.calendar import due_on
from accounts.posting_types import BY_CODE
from billing.cycle import close_cycle
from billing.scenario import Scenario
from billing.simulation import simulate
from fees.terms import Terms
from statements.seal import seal_statements
from tests.properties.any_terms import CALENDAR, HISTORY, Happening, Table, any_terms, bill, figures


@settings(max_examples=80)
@given(any_terms(), HISTORY)
def test_a_statement_adds_up_and_follows_from_the_one_before(terms: Table, history: list[Happening]) -> None:
    simulated, previous = bill(terms, history), 0
    for row in figures(simulated):
        assert row["previous_balance"] == previous
        assert row["new_balance"] == (
            row["previous_balance"] - row["payments"] - row["credits"] + row["purchases"] + row["cash_advances"]
            + row["balance_transfers"] + row["fees"] + row["interest"] - row["waivers"] + row["adjustments"])
        assert 0 <= row["minimum_payment_due"] <= max(row["new_balance"], 0)
        assert 0 <= row["past_due"] <= max(row["new_balance"], 0)
        previous = row["new_balance"]
    carried = sum(Decimal(amount) for amount in simulated.state["balances"].values())
    assert carried * 100 == max(previous, 0)


#: Many of a history on each of a few days.
CROWDED = HISTORY.map(lambda history: [(day // 20 * 20, *more) for day, *more in history])


@settings(max_examples=60)
@given(any_terms(), CROWDED, st.randoms(use_true_random=False))
def test_the_order_of_rows_in_a_file_changes_nothing(terms: Table, history: list[Happening], chance: random.Random) -> None:
    """Nor does the order within a day: most of these rows share one with others."""
    shuffled = list(history)
    chance.shuffle(shuffled)
    assert figures(bill(terms, history)) == figures(bill(terms, shuffled))


@settings(max_examples=60)
@given(any_terms(), HISTORY, st.data())
def test_splitting_a_purchase_in_two_changes_nothing(terms: Table, history: list[Happening], data: st.DataObject) -> None:
    """Not of deferred interest: a purchase that is paid off whole by the end never bears it, a part of one does (rule 11.2)."""
    split: list[Happening] = []
    for day, posts_after, kind, cents, segment in history:
        part = data.draw(st.integers(0, cents)) if kind == "purchase" and segment != "deferred" else 0
        split += [(day, posts_after, kind, each, segment) for each in (part, cents - part) if each]
    assert figures(bill(terms, history)) == figures(bill(terms, split))


def _raised(terms: Table) -> Table:
    """The same terms with every rate of a segment a half higher."""
    raised = deepcopy(terms)
    for segment in raised["interest"]["segment"]:
        for rated in segment.get("tiers", [segment]):
            rated["annual_rate"] = str(Decimal(rated["annual_rate"]) * Decimal("1.5"))
    return raised


@settings(max_examples=60)
@given(any_terms(), HISTORY)
def test_interest_never_falls_when_the_rate_rises(terms: Table, history: list[Happening]) -> None:
    """Only while both owe the same: interest once charged changes what a payment covers, and what bears."""
    for low, high in zip(figures(bill(terms, history)), figures(bill(_raised(terms), history)), strict=True):
        assert low["interest"] <= high["interest"]
        if low["interest"] != high["interest"]:
            break


@settings(max_examples=60)
@given(any_terms(), HISTORY)
def test_twenty_eight_years_later_everything_is_the_same(terms: Table, history: list[Happening]) -> None:
    def moved(value: Any) -> Any:
        return value + CALENDAR if isinstance(value, date) and value.year > 1970 else value

    now = [{key: moved(value) for key, value in row.items()} for row in figures(bill(terms, history))]
    assert now == figures(bill(terms, history, later=CALENDAR))


@pytest.mark.parametrize(("opened_on", "closes_on", "days"), [
    (date(2072, 1, 31), date(2072, 2, 29), 29), (date(2100, 1, 31), date(2100, 2, 28), 28)])
def test_the_calendar_repeats_itself_until_2100(opened_on: date, closes_on: date, days: int) -> None:
    """28 years after 2072 there is no leap day: a cycle is a day shorter, and so is its interest."""
    document = {
        "account": {"opened_on": opened_on, "credit_limit": "5000.00"}, "until": closes_on,
        "terms": {"in_force_from": date(2000, 1, 1), "cycle": {"closing_day": 31, "due_after_days": 20}},
        "events": [{"on": opened_on, "type": "cash_advance", "amount": "1000.00"}],
    }
    statements = simulate(Scenario.from_document(document, Path("leap.toml")), seal_statements).statements
    assert [(each.row["closes_on"], each.row["interest"]) for each in statements] == [(opened_on, 0), (closes_on, 50 * days)]


@pytest.mark.parametrize(("calendar", "closes_on", "rolled", "then"), [
    ("US", date(2023, 6, 10), date(2023, 7, 5), date(2051, 7, 5)),
    ("CN", date(2023, 1, 5), date(2023, 1, 30), date(2051, 1, 23))])
def test_holidays_repeat_themselves_where_the_sun_sets_them(calendar: str, closes_on: date, rolled: date, then: date) -> None:
    """4 July comes back on the same weekday after 28 years, the Chinese New Year of January 2023 does not."""
    due_day = {"US": 4, "CN": 23}[calendar]
    cycle = Terms.from_document({"cycle": {
        "closing_day": closes_on.day, "due_day": due_day, "due_roll": "next_business_day", "calendar": calendar}}).cycle
    assert (due_on(closes_on, cycle), due_on(closes_on + CALENDAR, cycle)) == (rolled, then)


WAIVER = st.fixed_dictionaries({
    "kind": st.sampled_from(["late_payment", "joining", "annual", "service", "cash_advance", "returned_payment", "over_limit"]),
    "from": st.integers(0, 40).map(lambda day: date(2023, 1, 10) + timedelta(day)),
    "percent": st.sampled_from(["0.333", "0.5", "1"]),
})


FEES: Table = {
    "joining": {"amount": "40.00"}, "annual": {"amount": "60.00"}, "service": {"amount": "0.33"},
    "over_limit": {"amount": "15.00"},
    "late_payment": {"kind": "fixed", "amount": "25.00"}, "cash_advance": {"percent": "0.01", "floor": "5.00"},
    "returned_payment": {"amount": "20.00"},
}


@settings(max_examples=60)
@given(any_terms().map(lambda terms: {**terms, "fees": {**FEES, **terms["fees"]}}), HISTORY,
       st.lists(WAIVER, min_size=1, max_size=4))
def test_waivers_never_exceed_charges(terms: Table, history: list[Happening], waivers: list[Table]) -> None:
    """Of no kind and on no day: a waiver stands beside what it waives."""
    charged: Counter[tuple[str, date]] = Counter()
    waived: Counter[tuple[str, date]] = Counter()
    simulated = bill(terms, history, waivers=waivers)
    for posting in simulated.postings:
        kind = BY_CODE[posting["type"]]
        if kind.charge is not None:
            (waived if kind.figure == "waivers" else charged)[kind.charge, posting["posted_on"]] += posting["amount"]
    for (fee, on), amount in waived.items():
        percents = [Decimal(each["percent"]) for each in waivers if each["kind"] == fee and each["from"] <= on]
        assert 0 < amount <= charged[fee, on]
        assert amount == charged[fee, on] or max(percents) < 1
    for row in figures(simulated):
        assert row["waivers"] <= row["fees"]


@settings(max_examples=50)
@given(any_terms(), HISTORY)
def test_closing_twice_is_closing_once(terms: Table, history: list[Happening]) -> None:
    def twice(*given: Any, **more: Any) -> Any:
        first, second = close_cycle(*given, **more), close_cycle(*given, **more)
        assert {key: column.tolist() for key, column in first.columns.items()} == {
            key: column.tolist() for key, column in second.columns.items()}
        return second

    with pytest.MonkeyPatch.context() as patch:
        once = bill(terms, history)
        patch.setattr(billing.simulation, "close_cycle", twice)
        again = bill(terms, history)
    assert [each.row for each in once.statements] == [each.row for each in again.statements]


@settings(max_examples=40)
@given(any_terms(), HISTORY, st.lists(st.integers(0, 160), min_size=1, max_size=3))
def test_day_by_day_is_all_at_once(terms: Table, history: list[Happening], stops: list[int]) -> None:
    """What is billed up to a day does not hang on what comes later."""
    history = sorted(history, key=lambda happening: happening[0] + happening[1])  # lines keep their numbers
    whole = bill(terms, history)
    for stop in stops:
        until = date(2023, 1, 10) + timedelta(stop)
        so_far = [each.row for each in bill(terms, history, until).statements]
        assert so_far == [each.row for each in whole.statements][:len(so_far)]
        assert all(each.row["closes_on"] > until for each in whole.statements[len(so_far):])
