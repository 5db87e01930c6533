"""The rate of one day, exactly, from a rate of a day, a month or a year."""

from __future__ import annotations

from fractions import Fraction

from fees.terms_interest import RatedTerms

_DAYS_OF_YEAR = {"actual/365": 365, "actual/360": 360}


class NotDaily(ValueError):
    """A rate that has no one rate a day: an effective rate, tiers, or a day count that differs by month or year."""


def daily_fraction(rated: RatedTerms, day_count: str) -> Fraction:
    """The fraction of a balance that one day's interest is, not rounded.

    A rate a day is itself; a rate a month is twelve of it over the year's days; a rate a year over the year's days.
    Raises NotDaily where the rate of a day is not the same on every day.
    """
    if rated.daily_rate is not None:
        return Fraction(rated.daily_rate)
    days = _DAYS_OF_YEAR.get(day_count)
    if days is None:
        raise NotDaily(f"day count {day_count} gives no one rate a day; actual/365 and actual/360 do")
    if rated.monthly_rate is not None:
        return Fraction(rated.monthly_rate) * 12 / days
    if rated.annual_rate is not None:
        return Fraction(rated.annual_rate) / days
    if rated.rate_key is None:
        raise NotDaily("no rate is given")
    raise NotDaily(f"{rated.rate_key} gives no one rate a day; daily_rate, monthly_rate and annual_rate do")
