"""The rate of one day from a rate of a day, a month or a year."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from fees.rates import NotDaily, daily_fraction
from fees.terms_interest import OverLimitInterest, PenaltyRate, SegmentTerms


@pytest.mark.parametrize(("key", "rate", "day_count", "expected", "why"), [
    ("daily_rate", "0.0005", "actual/365", Fraction(5, 10000), "a rate a day is itself"),
    ("daily_rate", "0.0005", "actual/360", Fraction(5, 10000), "whatever the year"),
    ("annual_rate", "0.18", "actual/365", Fraction(18, 36500), "a year has 365 days, in leap years too"),
    ("annual_rate", "0.18", "actual/360", Fraction(18, 36000), "or 360"),
    ("monthly_rate", "0.0325", "actual/365", Fraction(39, 36500), "twelve months over 365 days"),
    ("monthly_rate", "0.03", "actual/360", Fraction(1, 1000), "a month of 30 days"),
])
def test_rate_of_a_day(key: str, rate: str, day_count: str, expected: Fraction, why: str) -> None:
    segment = SegmentTerms.model_validate({"name": "purchase", key: rate})
    assert daily_fraction(segment, day_count) == expected, why


def test_over_limit_bears_nothing_unless_it_has_a_rate() -> None:
    assert daily_fraction(OverLimitInterest(), "actual/365") == 0
    assert daily_fraction(OverLimitInterest(annual_rate=Decimal("0.365")), "actual/365") == Fraction(1, 1000)


@pytest.mark.parametrize(("key", "day_count"), [
    ("effective_annual_rate", "actual/365"), ("annual_rate", "actual/actual"), ("annual_rate", "30/360"),
    ("monthly_rate", "monthly"),
])
def test_a_rate_that_differs_from_day_to_day_has_none(key: str, day_count: str) -> None:
    segment = SegmentTerms.model_validate({"name": "purchase", key: "0.18"})
    with pytest.raises(NotDaily):
        daily_fraction(segment, day_count)


def test_nothing_given_is_no_rate() -> None:
    with pytest.raises(NotDaily, match="no rate"):
        daily_fraction(PenaltyRate(), "actual/365")
