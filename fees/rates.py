"""The rate of one day, exactly, from a rate of a day, a month or a year.

Source: docs/reference/billing-rules.md, 5.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from fees.terms_interest import RatedTerms

_DAYS_OF_YEAR = {"actual/365": 365, "actual/360": 360, "30/360": 360}
#: Decimals of the rate a period that an effective rate a year gives; it is no fraction of its own.
EFFECTIVE_PLACES = 20
DayKey = tuple[int, int]


class NotDaily(ValueError):
    """A rate that has no one rate a day: tiers, or a day count that differs by month or year."""


def daily_fraction(rated: RatedTerms, day_count: str) -> Fraction:
    """The fraction of a balance that one day's interest is, not rounded, where it is the same on every day.

    Raises NotDaily where it is not.
    """
    if rated.daily_rate is not None and day_count != "30/360":
        return Fraction(rated.daily_rate)
    if day_count not in ("actual/365", "actual/360"):
        raise NotDaily(f"day count {day_count} gives no one rate a day; actual/365 and actual/360 do")
    return rate_of_day(rated, day_count, (1, _DAYS_OF_YEAR[day_count]))


def day_key(day_count: str, on: date, cycle_days: int) -> DayKey:
    """What a day counts: its weight and the days of the year (of the cycle where a month is the period).

    cycle_days: from the closing a month before to the closing of the cycle that the day belongs to.
    """
    if day_count == "monthly":
        return 1, cycle_days
    if day_count == "actual/actual":
        return 1, 366 if on.year % 4 == 0 and (on.year % 100 != 0 or on.year % 400 == 0) else 365
    if day_count == "30/360":
        return _thirty(on + timedelta(days=1)) - _thirty(on), 360
    return 1, _DAYS_OF_YEAR[day_count]


@lru_cache(maxsize=4096)
def rate_of_day(rated: RatedTerms, day_count: str, key: DayKey) -> Fraction:
    """The fraction of a balance that the interest of a day is, not rounded.

    key: of `day_key`. A rate a day is itself; a rate a month twelve of it over the year's days, a rate a year one; a year of
    30/360 weighs its days; with `monthly` a twelfth of a year's rate is spread over the days of the cycle.
    Raises NotDaily if no rate is given.
    """
    weight, days = key
    monthly = day_count == "monthly"
    if rated.daily_rate is not None:
        return Fraction(rated.daily_rate) * weight
    if rated.monthly_rate is not None:
        return Fraction(rated.monthly_rate) / days if monthly else Fraction(rated.monthly_rate) * 12 * weight / days
    if rated.annual_rate is not None:
        return Fraction(rated.annual_rate) / (12 * days if monthly else days) * weight
    if rated.effective_annual_rate is not None:
        periods = 12 if monthly else days
        period = effective_rate(rated.effective_annual_rate, periods)
        return period / days if monthly else period * weight
    raise NotDaily("no rate is given")


@lru_cache(maxsize=1024)
def effective_rate(annual: Decimal, periods: int) -> Fraction:
    """The rate a period that compounds to an effective rate a year: (1 + e)^(1/n) - 1, rounded half even to 20 decimals.

    Found in integers, so that it is the same on every machine: the root is bracketed and compared exactly.
    """
    scale = 10 ** (EFFECTIVE_PLACES + 1)
    target = (1 + Fraction(annual)) * scale**periods
    low, high = scale, scale + int(Fraction(annual) * scale) + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**periods <= target else (low, middle)
    exact = low**periods == target
    tenth, rest = divmod(low - scale, 10)
    up = rest > 5 or (rest == 5 and (not exact or tenth % 2 == 1))
    return Fraction(tenth + up, 10**EFFECTIVE_PLACES)


def _thirty(on: date) -> int:
    return 360 * on.year + 30 * on.month + min(on.day, 30)
