"""The rate of a day, exactly (rule 5): what one day's interest is of a balance, by tier where the terms have tiers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from functools import lru_cache

from fees.terms import Terms
from fees.terms_interest import RatedTerms
from statements.reperformance.cycles import Cycle, closing_after, days_of_year, month_before, thirty_day_weight
from statements.reperformance.facts import History


@dataclass(frozen=True)
class RateOfDay:
    """tiers: upper end of each part of the balance in minor units (None: no end) and its rate; weight: days it counts for."""

    tiers: tuple[tuple[int | None, Fraction], ...]
    weight: int = 1

    def interest(self, base: Fraction | int) -> Fraction:
        """One day's interest on a base, not rounded."""
        total, lower = Fraction(0), 0
        for upper, rate in self.tiers:
            part = base - lower if upper is None else min(Fraction(base), Fraction(upper)) - lower
            if part <= 0:
                break
            total += part * rate
            lower = upper or 0
        return total * self.weight

    @property
    def first(self) -> Fraction:
        """What an order of allocation ranks by: the rate of the first part of a balance."""
        return self.tiers[0][1]


@dataclass(frozen=True)
class Rates:
    """The rates of an account in one cycle: `penalty_days` are those under the penalty rate."""

    history: History
    cycle: Cycle
    penalty_days: Collection[date] = ()
    _found: dict[tuple[str, date], RateOfDay] = field(default_factory=dict)

    def of_segment(self, name: str, day: date) -> RateOfDay:
        """Rule 5.3: the rate of the version in force on that day, counted as the cycle's terms say."""
        if (name, day) not in self._found:
            self._found[name, day] = self._of_segment(name, day)
        return self._found[name, day]

    def _of_segment(self, name: str, day: date) -> RateOfDay:
        hardship = self.history.agreed.on("hardship", day)
        if hardship is not None:
            yearly = self._yearly(Fraction(hardship.annual_rate or 0), day)
            return RateOfDay(((None, yearly),), self._weight(day))
        terms = self.history.terms_on(day)
        if day in self.penalty_days and terms.interest.penalty.rate_key is not None:
            return self._flat(terms.interest.penalty, day)
        return self._segment(terms, name, day)

    def of_terms(self, name: str, day: date) -> RateOfDay:
        """The segment's own rate: deferred interest keeps to it (rule 11.2)."""
        return self._segment(self.history.terms_on(day), name, day)

    def over_limit(self, day: date) -> RateOfDay:
        return self._flat(self.history.terms_on(day).interest.over_limit, day)

    def _segment(self, terms: Terms, name: str, day: date) -> RateOfDay:
        rows = {each.name: each for each in (*self.cycle.terms.interest.segment, *terms.interest.segment)}
        row = rows[name]
        if row.tiers is None:
            return self._flat(row, day)
        return RateOfDay(tuple(
            (None if tier.up_to is None else terms.minor(tier.up_to), self._rate(tier, day)) for tier in row.tiers
        ), self._weight(day))

    def _flat(self, rated: RatedTerms, day: date) -> RateOfDay:
        return RateOfDay(((None, self._rate(rated, day)),), self._weight(day))

    def _weight(self, day: date) -> int:
        return thirty_day_weight(day) if self.cycle.terms.interest.day_count == "30/360" else 1

    def _rate(self, rated: RatedTerms, day: date) -> Fraction:
        day_count = self.cycle.terms.interest.day_count
        if rated.daily_rate is not None:
            return Fraction(rated.daily_rate)
        year = days_of_year(day, day_count)
        if rated.effective_annual_rate is not None:
            periods = 12 if day_count == "monthly" else year
            period_rate = _root(rated.effective_annual_rate, periods)
            return period_rate / self._days_of_cycle(day) if day_count == "monthly" else period_rate
        if rated.monthly_rate is not None:
            monthly = Fraction(rated.monthly_rate)
            return monthly / self._days_of_cycle(day) if day_count == "monthly" else monthly * 12 / year
        return self._yearly(Fraction(rated.annual_rate or 0), day)

    def _yearly(self, rate: Fraction, day: date) -> Fraction:
        """A nominal rate a year, for one day."""
        interest = self.cycle.terms.interest
        return rate_of_day(self.history, rate, day, interest.day_count, interest.closing_day_counts)

    def _days_of_cycle(self, day: date) -> int:
        return days_of_cycle(self.history, day, self.cycle.terms.interest.closing_day_counts)


def rate_of_day(history: History, yearly: Fraction, day: date, day_count: str, closing_day_counts: bool) -> Fraction:
    """A nominal rate a year for one day (rule 5.1), not weighted."""
    if day_count == "monthly":
        return yearly / 12 / days_of_cycle(history, day, closing_day_counts)
    return yearly / days_of_year(day, day_count)


def days_of_cycle(history: History, day: date, closing_day_counts: bool) -> int:
    """From the closing date a month before to that of the cycle that a day belongs to."""
    closing = closing_after(history, day, closing_day_counts)
    return (closing - month_before(history, closing)).days


@lru_cache(maxsize=256)
def _root(effective: Decimal, periods: int) -> Fraction:
    """The rate of a period that grows to an effective rate a year, half-even at 20 decimals (rule 5.2)."""
    with localcontext() as context:
        context.prec = 60
        rate = (1 + effective) ** (Decimal(1) / periods) - 1
        return Fraction(rate.quantize(Decimal(1).scaleb(-20), rounding=ROUND_HALF_EVEN))
