"""The rates of terms, made comparable: what a year bears, whatever way the rate is given in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal, localcontext
from fractions import Fraction

from fees.terms import Terms
from fees.terms_interest import RatedTerms, SegmentTerms

_DAYS_OF_YEAR = {"actual/365": 365, "actual/actual": 365, "actual/360": 360, "30/360": 360, "monthly": 365}
_WEIGHED_DAYS = {"30/360": 360}


def yearly_rate(rated: RatedTerms, day_count: str, of_tiers: Callable[[Iterable[Fraction]], Fraction] = max) -> Fraction:
    """What a balance of one bears in a year of 365 days, without compounding; of tiers the highest (or lowest), else 0.

    Source: docs/reference/billing-rules.md, 5.
    """
    tiers = rated.tiers if isinstance(rated, SegmentTerms) else None
    if tiers:
        return of_tiers(yearly_rate(tier, day_count) for tier in tiers)
    days, weighed = _DAYS_OF_YEAR[day_count], _WEIGHED_DAYS.get(day_count, 365)
    if rated.daily_rate is not None:
        return Fraction(rated.daily_rate) * weighed
    if rated.monthly_rate is not None:
        return Fraction(rated.monthly_rate) * 12 * weighed / days
    if rated.annual_rate is not None:
        return Fraction(rated.annual_rate) * weighed / days
    if rated.effective_annual_rate is not None:
        periods = 12 if day_count == "monthly" else days
        return _per_period(rated.effective_annual_rate, periods) * periods * weighed / days
    return Fraction(0)


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
    text = f"{float(rate * 100):.3f}".rstrip("0").rstrip(".")
    return f"{text} %"


def _per_period(effective: Decimal, periods: int) -> Fraction:
    with localcontext() as context:
        context.prec = 40
        return Fraction(round((1 + effective) ** (Decimal(1) / periods) - 1, 20))
