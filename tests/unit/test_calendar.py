"""Closing dates come from the anchor: no drift at month ends; due dates from the closing."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.calendar import closing_days_of, closing_on, cycle_number, day_number, day_of, due_on, first_closing
from fees.terms import Terms


def test_an_anchor_on_the_31st_closes_on_every_last_day_and_comes_back_to_the_31st() -> None:
    closings = [closing_on(date(2023, 10, 31), number, 31) for number in range(1, 8)]
    assert [f"{each:%m-%d}" for each in closings] == ["10-31", "11-30", "12-31", "01-31", "02-29", "03-31", "04-30"]


@given(st.dates(date(2000, 1, 1), date(2100, 12, 31)), st.integers(1, 31), st.integers(0, 600))
def test_cycles_follow_each_other_without_gap_or_overlap(opened_on: date, closing_day: int, number: int) -> None:
    anchor = first_closing(opened_on, closing_day)
    closes_on, following = (closing_on(anchor, each, closing_day) for each in (number, number + 1))
    assert cycle_number(anchor, closes_on) == number
    assert 28 <= (following - closes_on).days <= 31
    assert closing_day in closing_days_of(closes_on)
    assert all(closing_day not in closing_days_of(closes_on + timedelta(days=day))
               for day in range(1, (following - closes_on).days))


@pytest.mark.parametrize(("cycle", "closes_on", "due"), [
    ({"due_day": 23}, date(2023, 4, 5), date(2023, 4, 23)),
    ({"due_day": 5}, date(2023, 4, 25), date(2023, 5, 5)),
    ({"due_day": 31}, date(2024, 2, 5), date(2024, 2, 29)),
    ({"due_after_days": 20}, date(2024, 2, 15), date(2024, 3, 6)),
    ({"due_after_days": 20, "due_roll": "next_business_day", "calendar": "US"}, date(2023, 6, 14), date(2023, 7, 5)),
])
def test_due_dates(cycle: dict[str, object], closes_on: date, due: date) -> None:
    assert due_on(closes_on, Terms.from_document({"cycle": cycle}).cycle) == due


@given(st.dates())
def test_day_numbers_go_both_ways(on: date) -> None:
    assert day_of(day_number(on)) == on
