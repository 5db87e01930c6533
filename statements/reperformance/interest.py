"""What the bases of a charge come to: times the rates of their days, compounded and rounded as the terms say (rules 6, 7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from fractions import Fraction

from fees.terms import Terms
from statements.reperformance.balances import BILLED, NEW, REVOLVING, amounts, segment_row
from statements.reperformance.bearing import Base, Bases, Bearing, Closed
from statements.reperformance.charges import Charge
from statements.reperformance.rates import RateOfDay
from statements.reperformance.rounding import rounded

RateOn = Callable[[date], RateOfDay]
_BY_DAYS = ("daily_balance", "average_daily_balance")


def charge_of_segment(bearing: Bearing, name: str, rate_on: RateOn) -> Charge:
    """Interest of a segment; methods that take one base for the cycle know no interest of a day (rule 6)."""
    by_days, bases = bearing.terms.interest.method in _BY_DAYS, bases_of(bearing, name)
    return charge(name, bases, rate_on, bearing.terms) if by_days else _charged_once(name, bases, rate_on, bearing.terms)


def charge(segment: str, bases: Bases, rate_on: RateOn, terms: Terms, compounds: bool = True) -> Charge:
    """Interest on the bases of one charge, day by day."""
    interest = terms.interest
    unit = terms.minor(interest.rounding_unit)

    def rounds(amount: Fraction) -> int:
        return rounded(amount, interest.rounding, unit)

    daily, per = interest.compounding == "daily", interest.rounded_per
    if daily and per == "segment":
        per = "day"
    if (daily and compounds) or per == "day":
        total = _day_by_day(bases, rate_on, rounds if per == "day" else None, daily and compounds)
    elif per == "segment":
        total = Fraction(sum(rounds(amount) for amount in _runs(bases, rate_on)))
    else:
        return _charged_once(segment, bases, rate_on, terms)
    return Charge(segment, rounds(total), total)


def _charged_once(segment: str, bases: Bases, rate_on: RateOn, terms: Terms) -> Charge:
    total = sum((rate_on(day).interest(base.older + base.new) for (day, _), base in bases.items()), Fraction(0))
    return Charge(segment, rounded(total, terms.interest.rounding, terms.minor(terms.interest.rounding_unit)), total)


def _day_by_day(bases: Bases, rate_on: RateOn, rounds: Callable[[Fraction], int] | None, compounds: bool) -> Fraction:
    """The days in order of date; with compounding the interest of a day joins the base of the days that follow."""
    total = Fraction(0)
    for day in sorted({day for day, _ in bases}):
        joined = total if compounds else Fraction(0)
        todays = [base.older + base.new for (on, _), base in sorted(bases.items()) if on == day]
        # Of two bases the first takes what has joined only where something bears (rule 7.1).
        amount = sum((rate_on(day).interest(each + joined) for place, each in enumerate(todays)
                      if each or place == len(todays) - 1), Fraction(0))
        total += amount if rounds is None else rounds(amount)
    return total


def _runs(bases: Bases, rate_on: RateOn) -> list[Fraction]:
    """Interest of each run of days in a row at one balance and rate, new debits apart (with tiers together)."""
    slots = sorted(bases)
    tiered = any(len(rate_on(day).tiers) > 1 for day, _ in slots)
    parts: list[Callable[[Base], Fraction | int]] = [lambda base: base.older, lambda base: base.new]
    if tiered:
        parts = [lambda base: base.older + base.new]
    return [amount for part in parts for amount in _runs_of(bases, slots, part, rate_on)]


def _runs_of(bases: Bases, slots: list[tuple[date, int]], part: Callable[[Base], Fraction | int],
             rate_on: RateOn) -> list[Fraction]:
    runs: list[Fraction] = []
    before: tuple[object, ...] | None = None
    for slot in slots:
        rate, base = rate_on(slot[0]), part(bases[slot])
        same = (base, rate.tiers, rate.weight)
        noon = bases.get((slot[0], 0)) if slot[1] else None
        if same == before and (noon is None or part(noon) == 0):  # the day of a payment ends a run and begins the next
            runs[-1] += rate.interest(base)
        else:
            runs.append(rate.interest(base))
        before = same
    return runs


def bases_of(bearing: Bearing, name: str) -> Bases:
    """The bases of a segment's charge by the method of the terms (rule 6)."""
    method = bearing.terms.interest.method
    if method in _BY_DAYS:
        return bearing.in_segment(name)
    if method == "two_cycle":
        return _two_cycle(bearing, name)
    base = _one_base(bearing, name, method)
    return {(day, 0): Base(older=base) for day in bearing.cycle.interest_days}


def _one_base(bearing: Bearing, name: str, method: str) -> int:
    """previous_balance, adjusted_balance, ending_balance: what bears of one day's balance."""
    now = bearing.now
    if method == "previous_balance":
        left = amounts(now.walked.opening)
    elif method == "adjusted_balance":
        owed = {part.debit for part in now.walked.opening}
        left = amounts(tuple(part for part in now.closing if part.debit in owed or part.debit.of_before))
    else:
        left = amounts(now.closing)
    ages = [age for age in (REVOLVING, BILLED, NEW) if _bears(bearing, name, age)]
    return sum(left.get((kind, name, age), 0) for kind in bearing.kinds(name) for age in ages)


def _bears(bearing: Bearing, name: str, age: str) -> bool:
    if not segment_row(bearing.terms, name).grace:
        return True
    if age == NEW:
        return bearing.new_bears(name)
    return bearing.revolving_bears() and (age == REVOLVING or not bearing.now.grace_kept)


def _two_cycle(bearing: Bearing, name: str) -> Bases:
    """Half the average of what bears on this cycle's days and half that of the whole segment in the cycle before."""
    average = _average(bearing.now, bearing.on_days_of_cycle(name))
    if bearing.before is not None and (not segment_row(bearing.terms, name).grace or not bearing.now.grace_kept):
        average += _average(bearing.before, bearing.whole_segment_before(name, bearing.before))
    return {(day, 0): Base(older=average / 2) for day in bearing.cycle.interest_days}


def _average(closed: Closed, total: int) -> Fraction:
    return Fraction(total, len(closed.walked.cycle.interest_days))
