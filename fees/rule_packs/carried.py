"""Principal as an account can carry it through one cycle, and what that cycle charges on it: exact, to the minor unit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from accounts.calendar import closing_on, first_closing
from fees.rates import day_key, rate_of_day
from fees.terms import Terms
from fees.terms_interest import RatedTerms, SegmentTerms

_CYCLES_LOOKED_AT = 24
BY_DAY = ("daily_balance", "average_daily_balance")


@dataclass(frozen=True)
class Band:
    """Interest on the part of a balance up to an end (minor units; None: on all above): so much of it."""

    up_to: int | None
    factor: Fraction


@dataclass(frozen=True)
class Carried:
    """One kind of principal in the cycle that charges most on it.

    new: it posts in that cycle, on the day after the closing `before`; else it was owed at `before`. first: it loses grace in
    that cycle and bears interest for the cycle before too. bands: what of it is charged, from the lowest part up.
    """

    segment: str
    new: bool
    first: bool
    before: date
    closes_on: date
    bands: tuple[Band, ...]

    def interest(self, principal: int) -> Fraction:
        """Interest of the cycle on this much of it, in minor units, not rounded."""
        total, low = Fraction(0), 0
        for band in self.bands:
            high = principal if band.up_to is None else min(principal, band.up_to)
            total += band.factor * max(high - low, 0)
            low = band.up_to if band.up_to is not None else principal
        return total


def kinds_carried(terms: Terms) -> Iterator[Carried]:
    """Every kind of principal that bears interest: owed for a cycle, new without grace, or reached back to."""
    for row in terms.interest.segment:
        if row.deferred:
            continue
        yield _dearest(terms, row, new=False, first=False)
        if not row.grace:
            yield _dearest(terms, row, new=True, first=False)
        elif terms.interest.method in BY_DAY and terms.interest.accrues_from in ("transaction", "posting"):
            yield _dearest(terms, row, new=False, first=True)


def rounded_interest(terms: Terms, exact: Fraction) -> int:
    """Interest as it is posted: rounded as the terms say, raised to the minimum charge where there is any."""
    unit = terms.minor(terms.interest.rounding_unit) or 1
    posted = rounded(exact, terms.interest.rounding, unit)
    return max(posted, terms.minor(terms.interest.minimum_charge)) if posted > 0 else posted


def rounded(exact: Fraction, mode: str, unit: int) -> int:
    """A fraction of minor units, zero or more, rounded once to a multiple of the unit: what round_fraction does to a column."""
    step = exact.denominator * unit
    units, rest = divmod(exact.numerator, step)
    up = {"down": False, "up": rest > 0, "half_up": 2 * rest >= step,
          "half_even": 2 * rest > step or (2 * rest == step and units % 2 == 1)}[mode]
    return (units + up) * unit


def _dearest(terms: Terms, row: SegmentTerms, new: bool, first: bool) -> Carried:
    day = terms.cycle.closing_day
    anchor = first_closing(terms.in_force_from, day)
    closings = [closing_on(anchor, number, day) for number in range(1, _CYCLES_LOOKED_AT + 3)]
    made = [_of_cycle(terms, row, closings[number - 1: number + 2], new, first) for number in range(1, _CYCLES_LOOKED_AT + 1)]
    return max(made, key=lambda each: each.bands[0].factor)


def _of_cycle(terms: Terms, row: SegmentTerms, closings: list[date], new: bool, first: bool) -> Carried:
    """closings: the one two before the cycle's own, the one before it, its own."""
    two_before, before, closes_on = closings
    days = _interest_days(terms, before, closes_on)
    counted = [(each, (closes_on - before).days) for each in days if not new or each > before]
    if first:
        counted += [(each, (before - two_before).days) for each in _interest_days(terms, two_before, before)
                    if each > two_before]
    tiers: list[tuple[int | None, RatedTerms]] = [(None, row)]
    if row.tiers:
        tiers = [(None if tier.up_to is None else terms.minor(tier.up_to), tier) for tier in row.tiers]
    bands = tuple(Band(end, _factor(terms, rated, counted)) for end, rated in tiers)
    return Carried(row.name, new, first, before, closes_on, bands)


def _interest_days(terms: Terms, before: date, closes_on: date) -> list[date]:
    first = before + timedelta(days=1 if terms.interest.closing_day_counts else 0)
    return [first + timedelta(days=number) for number in range((closes_on - before).days)]


def _factor(terms: Terms, rated: RatedTerms, counted: list[tuple[date, int]]) -> Fraction:
    """What is charged on one unit for these days; with daily compounding on what earlier days charged too."""
    penalty = terms.interest.penalty
    total, count = Fraction(0), terms.interest.day_count
    for day, cycle_days in counted:
        key = day_key(count, day, cycle_days)
        rate = rate_of_day(rated, count, key)
        if penalty.rate_key is not None:
            rate = max(rate, rate_of_day(penalty, count, key))
        total += rate * (1 + total) if terms.interest.compounding == "daily" else rate
    return total
