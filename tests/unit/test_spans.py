"""Days of a report are cut into whole months and the rest, and every day is in one of them, once."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.spans import spans_of

FIRST = date(2024, 1, 10)
DAYS = st.dates(date(2023, 12, 20), date(2025, 3, 5))


@pytest.mark.parametrize(("from_on", "last_on", "months", "days", "why"), [
    (None, date(2024, 3, 31), ["2024-01-31", "2024-02-29", "2024-03-31"], [],
     "the book's first month is whole from its first day on"),
    (FIRST, date(2024, 1, 31), ["2024-01-31"], [], "as when its first day is named"),
    (date(2024, 1, 11), date(2024, 2, 29), ["2024-02-29"], [(date(2024, 1, 11), 21)], "not from its second day on"),
    (date(2024, 2, 1), date(2024, 3, 30), ["2024-02-29"], [(date(2024, 3, 1), 30)], "a day of March is missing"),
    (date(2024, 2, 2), date(2024, 2, 29), [], [(date(2024, 2, 2), 28)], "a day of February is missing"),
    (date(2023, 6, 1), date(2024, 1, 9), [], [], "nothing before the book begins"),
])
def test_whole_months_and_the_rest(
    from_on: date | None, last_on: date, months: list[str], days: list[tuple[date, int]], why: str
) -> None:
    spans = spans_of(from_on, last_on, FIRST, by_month=True)
    assert [each.isoformat() for each in spans.months] == months, why
    assert list(spans.days) == [first + timedelta(days=each) for first, count in days for each in range(count)], why


@given(DAYS, DAYS, st.booleans())
def test_every_day_is_there_once(from_on: date, last_on: date, by_month: bool) -> None:
    spans = spans_of(from_on, last_on, FIRST, by_month)
    of_months = [on.replace(day=day) for on in spans.months for day in range(1, monthrange(on.year, on.month)[1] + 1)]
    of_the_book = [on for on in of_months if on >= FIRST]
    asked = [max(from_on, FIRST) + timedelta(days=each) for each in range((last_on - max(from_on, FIRST)).days + 1)]
    assert sorted([*of_the_book, *spans.days]) == asked
    assert by_month or not spans.months


def test_a_book_without_days_has_none() -> None:
    assert spans_of(None, None, None, by_month=True) == spans_of(date(2024, 1, 1), None, None, by_month=False)
