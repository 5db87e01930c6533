"""The rates of terms, made comparable: what a year bears, whatever way the rate is given in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

from fees.rates import rate_of_day
from fees.terms import Terms
from fees.terms_interest import RatedTerms, SegmentTerms

#: By day count: days that a year is made of, and how many of them are charged in a year of 365 days.
_YEARS = {"actual/365": (365, 365), "actual/actual": (365, 365), "actual/360": (360, 365), "30/360": (360, 360),
          "monthly": (30, 360)}


def yearly_rate(rated: RatedTerms, day_count: str, of_tiers: Callable[[Iterable[Fraction]], Fraction] = max) -> Fraction:
    """What a balance of one bears in a year of 365 days, without compounding; of tiers the highest (or lowest), else 0."""
    tiers = rated.tiers if isinstance(rated, SegmentTerms) else None
    if tiers:
        return of_tiers(yearly_rate(tier, day_count) for tier in tiers)
    if rated.rate_key is None:
        return Fraction(0)
    days, charged = _YEARS[day_count]
    if day_count == "monthly" and rated.daily_rate is not None:
        charged = 365  # a rate a day stays itself
    return rate_of_day(rated, day_count, (1, days)) * charged


def rates(terms: Terms) -> Iterator[tuple[str, Fraction]]:
    """Every rate of the terms that is charged: the key of its table and what it bears a year."""
    interest = terms.interest
    tables: list[tuple[str, RatedTerms]] = [
        *((f"interest.segment.{row.name}", row) for row in interest.segment),
        ("interest.over_limit", interest.over_limit), ("interest.penalty", interest.penalty),
    ]
    for key, table in tables:
        rate = yearly_rate(table, interest.day_count)
        if rate or key.startswith("interest.segment."):
            yield key, rate


def percent(rate: Fraction) -> str:
    """A fraction as a percentage of at most three decimals: 18.25 %."""
    thousandths = round(rate * 100_000)
    text = f"{thousandths // 1000}.{thousandths % 1000:03d}".rstrip("0").rstrip(".")
    return f"{text} %"
