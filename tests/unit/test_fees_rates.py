"""The rate of one day from a rate of a day, a month or a year."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from fees.rates import NotDaily, daily_fraction, day_key, effective_rate, rate_of_day
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
    ("annual_rate", "actual/actual"), ("daily_rate", "30/360"), ("annual_rate", "30/360"),
    ("monthly_rate", "monthly"),
])
def test_a_rate_that_differs_from_day_to_day_has_none(key: str, day_count: str) -> None:
    segment = SegmentTerms.model_validate({"name": "purchase", key: "0.18"})
    with pytest.raises(NotDaily):
        daily_fraction(segment, day_count)


def test_nothing_given_is_no_rate() -> None:
    with pytest.raises(NotDaily, match="no rate"):
        daily_fraction(PenaltyRate(), "actual/365")


@pytest.mark.parametrize(("key", "rate", "day_count", "on", "cycle_days", "expected", "why"), [
    ("annual_rate", "0.366", "actual/actual", date(2024, 2, 29), 31, Fraction(1, 1000), "a leap year has 366 days"),
    ("annual_rate", "0.365", "actual/actual", date(2023, 2, 28), 31, Fraction(1, 1000), "another 365"),
    ("annual_rate", "0.36", "30/360", date(2023, 1, 30), 31, Fraction(0), "the 30th weighs nothing where a 31st follows"),
    ("annual_rate", "0.36", "30/360", date(2023, 2, 28), 31, Fraction(3, 1000), "the last of February makes up for its month"),
    ("annual_rate", "0.36", "30/360", date(2024, 2, 29), 31, Fraction(2, 1000), "in a leap year by one day less"),
    ("daily_rate", "0.001", "30/360", date(2023, 1, 30), 31, Fraction(0), "a rate a day weighs so too"),
    ("annual_rate", "0.36", "monthly", date(2023, 1, 15), 31, Fraction(3, 3100), "a twelfth, over the days of the cycle"),
    ("monthly_rate", "0.03", "monthly", date(2023, 2, 15), 28, Fraction(3, 2800), "a month's rate over them"),
    ("daily_rate", "0.001", "monthly", date(2023, 2, 15), 28, Fraction(1, 1000), "a rate a day stays itself"),
])
def test_rate_of_one_day(key: str, rate: str, day_count: str, on: date, cycle_days: int, expected: Fraction, why: str) -> None:
    segment = SegmentTerms.model_validate({"name": "purchase", key: rate})
    assert rate_of_day(segment, day_count, day_key(day_count, on, cycle_days)) == expected, why


@pytest.mark.parametrize(("annual", "periods"), [("0.349", 12), ("0.1", 365), ("0", 12), ("2", 12), ("0.21", 2)])
def test_an_effective_rate_compounds_to_itself(annual: str, periods: int) -> None:
    rate = effective_rate(Decimal(annual), periods)
    assert rate.denominator <= 10**20
    half = Fraction(1, 2 * 10**20)
    assert (1 + rate - half) ** periods <= 1 + Fraction(annual) <= (1 + rate + half) ** periods
