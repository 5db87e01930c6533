"""Prices what bears interest: each day's balance at the rate of the day, added up exactly, rounded where the terms say.

Source: docs/reference/billing-rules.md, 5 to 7.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np
import numpy.typing as npt

from accounts.money import minor_units
from billing.balances import BoolArray, Int64Array
from billing.bearing import WHOLE_CYCLE, Bearing, BearingOfCycle, Timeline
from billing.own_rates import Own, OwnRates
from fees.rounding import round_fraction, times

_INT64_SAFE = 2**62
#: The rates of a balance by parts: each with the amount that it holds up to (None: without end).
Tiers = Sequence[tuple[int | None, Fraction]]
Exact = npt.NDArray[Any]


@dataclass
class Priced:
    """The interest of one segment: amount in minor units, and the balance-days it was counted on, (accounts,); base: numerators
    and denominators of the one base of the cycle, where the method takes one."""

    amount: Int64Array
    balance_days: Int64Array
    base: tuple[Int64Array, Int64Array] | None = None


@dataclass(frozen=True)
class Step:
    """One balance of one day: older and newer debits apart, with the rates of the day."""

    day: int
    older: Int64Array
    newer: Int64Array
    tiers: Tiers
    own: Own
    before_money: bool


class Pricing:
    """Prices the segments of a batch at one closing."""

    def __init__(self, cycle: BearingOfCycle, own: OwnRates | None) -> None:
        self.cycle, self.by_day, self.terms, self.own = cycle, cycle.by_day, cycle.terms, own
        interest = self.terms.interest
        self.mode, self.unit = interest.rounding, minor_units(interest.rounding_unit, self.terms.digits)
        self.accounts = cycle.accounts

    def segment(self, bearing: Bearing, row: int) -> Priced:
        """The interest of a segment; row: its position in the terms."""
        interest = self.terms.interest
        if interest.method in WHOLE_CYCLE:
            return self._whole_cycle(bearing, row)
        balance_days = bearing.balance_days.copy()
        for timeline in (bearing.older, bearing.newer):
            for layer in timeline.layers:
                balance_days += layer.sum(axis=0)
        if not balance_days.any():
            return Priced(np.zeros(self.accounts, dtype=np.int64), balance_days)
        first = min(bearing.older.start, bearing.newer.start)
        rates = {day: self.by_day.segment_rate(row, day) for day in range(first, self._end(bearing))}
        tiered = any(len(tiers) > 1 for tiers in rates.values())
        per = "day" if interest.compounding == "daily" and interest.rounded_per == "segment" else interest.rounded_per
        if interest.compounding == "daily":
            amount = self._compounded(bearing, rates, per)
        elif per == "total" and not tiered:
            amount = self._by_rate(bearing, rates)
        elif per == "segment":
            amount = self._by_run(bearing, rates, tiered)
        else:
            amount = self._by_day(bearing, rates, per)
        return Priced(amount, balance_days)

    def over_limit(self, excess: Int64Array, start: int) -> Priced:
        """The interest of what is over the limit, (days, accounts)."""
        none = Timeline(start, [np.zeros_like(excess)])
        bearing = Bearing(-1, none, Timeline(start, [excess]), np.zeros(self.accounts, dtype=np.int64))
        rates = {start + at: ((None, self.by_day.over_limit_rate(start + at)),) for at in range(len(excess))}
        per = self.terms.interest.rounded_per
        priced = Pricing(self.cycle, None)
        amount = (priced._by_rate(bearing, rates) if per == "total" else priced._by_run(bearing, rates, False)
                  if per == "segment" and self.terms.interest.compounding != "daily" else priced._by_day(bearing, rates, "day"))
        return Priced(amount, excess.sum(axis=0))

    # -- exact sums -----------------------------------------------------------------------------------------------------

    def _end(self, bearing: Bearing) -> int:
        """The day after the last interest day."""
        ends = max(each.start + len(each.layers[0]) for each in (bearing.older, bearing.newer))
        return min(ends, self.cycle.walked.last_day + 1)

    def _own(self, day: int) -> Own:
        return () if self.own is None else self.own.on(day)

    def _by_rate(self, bearing: Bearing, rates: Mapping[int, Tiers]) -> Int64Array:
        """One rate on each day and one rounding: balance-days of each rate times that rate."""
        sums: dict[Fraction, Exact] = {}

        def add(rate: Fraction, days: Exact) -> None:
            sums[rate] = sums[rate] + days if rate in sums else days

        if bearing.balance_days.any():
            add(rates[self.cycle.walked.start][0][1], bearing.balance_days)
        for timeline in (bearing.older, bearing.newer):
            for layer in timeline.layers:
                for first, until in self._stretches(timeline, rates):
                    part, day = layer[first:until].sum(axis=0), timeline.start + first
                    for own, mine in self._own(day):
                        add(own, np.where(mine, part, 0))
                        part = np.where(mine, 0, part)
                    add(rates[day][0][1], part)
        common = lcm(1, *(rate.denominator for rate in sums))
        total: Exact = np.zeros(self.accounts, dtype=np.int64)
        for rate, days in sums.items():
            product = times(days, rate.numerator * (common // rate.denominator))
            wide = object in (product.dtype, total.dtype) or _most(product) + _most(total) > _INT64_SAFE
            total = total.astype(object) + product if wide else total + product
        return round_fraction(total, common, self.mode, self.unit)

    def _stretches(self, timeline: Timeline, rates: Mapping[int, Tiers]) -> Iterator[tuple[int, int]]:
        """Days in a row at one rate, as positions in the timeline; one day at a time where accounts may have their own."""
        count, first = min(len(timeline.layers[0]), self.cycle.walked.last_day + 1 - timeline.start), 0
        for at in range(1, count + 1):
            if at == count or self.own is not None or rates[timeline.start + at] != rates[timeline.start + first]:
                yield first, at
                first = at

    # -- day by day -----------------------------------------------------------------------------------------------------

    def _steps(self, bearing: Bearing, rates: Mapping[int, Tiers]) -> Iterator[Step]:
        """The balances of each day, in order; where a day bears at both, that before the money comes first."""
        zero = np.zeros(self.accounts, dtype=np.int64)

        def at(timeline: Timeline, layer: int, day: int) -> Int64Array:
            position = day - timeline.start
            found = layer < len(timeline.layers) and 0 <= position < len(timeline.layers[layer])
            return timeline.layers[layer][position] if found else zero

        for day in range(min(bearing.older.start, bearing.newer.start), self._end(bearing)):
            own = self._own(day)
            for layer in (1, 0):
                older, newer = at(bearing.older, layer, day), at(bearing.newer, layer, day)
                if layer == 0 or older.any() or newer.any():
                    yield Step(day, older, newer, rates[day], own, layer == 1)

    def _denominator(self, rates: Mapping[int, Tiers]) -> int:
        all_rates = [rate for tiers in rates.values() for _, rate in tiers]
        all_rates += [rate for day in rates for rate, _ in self._own(day)]
        return lcm(1, *(rate.denominator for rate in all_rates))

    def _by_day(self, bearing: Bearing, rates: Mapping[int, Tiers], per: str) -> Int64Array:
        """Each day's interest apart: rounded by day, or added up (tiered rates) and rounded once."""
        common, charged = self._denominator(rates), np.zeros(self.accounts, dtype=np.int64)
        total: Exact = np.zeros(self.accounts, dtype=object)
        day = None
        for step in self._steps(bearing, rates):
            if per == "day" and day is not None and step.day != day:
                charged += round_fraction(total, common, self.mode, self.unit)
                total = np.zeros(self.accounts, dtype=object)
            total = total + interest_of((step.older + step.newer).astype(object), step, common)
            day = step.day
        return charged + round_fraction(total, common, self.mode, self.unit)

    def _by_run(self, bearing: Bearing, rates: Mapping[int, Tiers], together: bool) -> Int64Array:
        """Each run of days in a row at the same balance and rate is rounded; newer debits' runs apart from older ones'."""
        common = self._denominator(rates)
        charged = np.zeros(self.accounts, dtype=np.int64)
        for stream in ("both",) if together else ("older", "newer"):
            balance, length = np.zeros(self.accounts, dtype=np.int64), np.zeros(self.accounts, dtype=np.int64)
            other_rate = np.zeros(self.accounts, dtype=bool)  # the day has another rate than the run so far
            after_payment = np.zeros(self.accounts, dtype=bool)  # the day of the payment ended a run
            yesterday: Step | None = None
            today: Step | None = None
            for step in self._steps(bearing, rates):
                if today is not None and step.day != today.day:
                    yesterday = today
                    other_rate |= _differs(yesterday, step, self.accounts)
                today = step
                now = step.older + step.newer if stream == "both" else getattr(step, stream)
                applies = now > 0 if step.before_money else np.ones(self.accounts, dtype=bool)
                changed = applies & ((now != balance) | other_rate | after_payment)
                charged += self._rounded_run(balance, length, yesterday or step, changed & other_rate, common)
                charged += self._rounded_run(balance, length, step, changed & ~other_rate, common)
                length = np.where(changed, 1, np.where(applies, length + 1, length))
                balance = np.where(applies, now, balance)
                other_rate &= ~applies
                after_payment = applies if step.before_money else np.zeros(self.accounts, dtype=bool)
            if today is not None:
                charged += self._rounded_run(balance, length, today, np.ones(self.accounts, dtype=bool), common)
        return charged

    def _rounded_run(self, balance: Int64Array, length: Int64Array, run: Step, over: BoolArray, common: int) -> Int64Array:
        """The interest of runs that are over, rounded, at the rates of their last day."""
        amounts = np.zeros(self.accounts, dtype=np.int64)
        mine = np.flatnonzero(over & (balance > 0))
        if mine.size:
            own = tuple((rate, whose[mine]) for rate, whose in run.own)
            step = Step(run.day, balance[mine], balance[mine], run.tiers, own, False)
            exact = interest_of(balance[mine].astype(object), step, common) * length[mine]
            amounts[mine] = round_fraction(exact, common, self.mode, self.unit)
        return amounts

    def _compounded(self, bearing: Bearing, rates: Mapping[int, Tiers], per: str) -> Int64Array:
        """The interest of a day joins the base of the days that follow; exact, or rounded each day."""
        common = self._denominator(rates)
        scale, joined = 1, np.zeros(self.accounts, dtype=object)  # what has joined is joined / scale
        day, of_day = None, np.zeros(self.accounts, dtype=object)
        for step in self._steps(bearing, rates):
            if day is not None and step.day != day:
                joined, scale = self._join(joined, scale, of_day, common, per)
                of_day = np.zeros(self.accounts, dtype=object)
            base = step.older + step.newer
            full = base.astype(object) * scale + joined
            if step.before_money:
                full = np.where(base > 0, full, 0)
            of_day = of_day + interest_of(full, step, common, scale)
            day = step.day
        joined, scale = self._join(joined, scale, of_day, common, per)
        return round_fraction(joined, scale, self.mode, self.unit)

    def _join(self, joined: Exact, scale: int, of_day: Exact, common: int, per: str) -> tuple[Exact, int]:
        if per == "day":
            return joined + round_fraction(of_day, common, self.mode, self.unit).astype(object), 1
        return joined * common + of_day, scale * common

    # -- one base for the whole cycle ---------------------------------------------------------------------------------------

    def _whole_cycle(self, bearing: Bearing, row: int) -> Priced:
        """One base for the cycle, times the sum of the rates of its interest days."""
        walked, segment, method = self.cycle.walked, bearing.segment, self.terms.interest.method
        ones = np.ones(self.accounts, dtype=np.int64)
        days = np.maximum(walked.counted.sum(axis=0), 1)
        if method == "two_cycle":
            this = sum((each.sum(axis=0) for line in (bearing.older, bearing.newer) for each in line.layers), 0 * ones)
            before, days_before = self.cycle.whole_segment_before(segment)
            base, parts = this * days_before + before * days, 2 * days * days_before
        elif method == "previous_balance":
            base, parts = self.cycle.whole(segment, walked.opening, False), ones
        else:
            base, parts = self.cycle.whole(segment, walked.borne, method == "ending_balance"), ones
        rates = {walked.start + at: self.by_day.segment_rate(row, walked.start + at) for at in range(len(walked.counted))}
        common = self._denominator(rates)
        total: Exact = np.zeros(self.accounts, dtype=object)
        for step in self._steps(Bearing(segment, Timeline(walked.start, [walked.counted.astype(np.int64)]),
                                        Timeline(walked.start, [np.zeros(walked.counted.shape, dtype=np.int64)]),
                                        bearing.balance_days), rates):
            of_day = interest_of(base.astype(object), step, common, parts.astype(object))
            total = total + np.where(step.older > 0, of_day, 0)
        amount = np.zeros(self.accounts, dtype=np.int64)
        for each in np.unique(parts).tolist():
            mine = parts == each
            amount[mine] = round_fraction(total[mine], common * each, self.mode, self.unit)
        balance_days = np.array([int(n) * int(d) // int(p) for n, d, p in zip(base, days, parts, strict=True)], dtype=np.int64)
        return Priced(amount, balance_days, (base, parts))


def interest_of(base: Exact, step: Step, common: int, scale: Any = 1) -> Exact:
    """The interest of one day on bases that are multiples of 1 / scale, as a numerator over common x scale.

    base: Python ints in an object array; common: a multiple of the denominators of all rates.
    """
    normal: Exact = np.zeros(base.shape, dtype=object)
    lower: Any = 0
    for up_to, rate in step.tiers:
        factor = rate.numerator * (common // rate.denominator)
        upper = base if up_to is None else np.minimum(base, up_to * scale)
        normal = normal + np.maximum(upper - lower, 0) * factor
        lower = 0 if up_to is None else up_to * scale
    for rate, mine in step.own:
        normal = np.where(mine, base * (rate.numerator * (common // rate.denominator)), normal)
    return normal


def _differs(one: Step, other: Step, accounts: int) -> BoolArray:
    """Whose rate differs between two days: one of the account's own may well be that of the terms."""
    if not one.own and not other.own:
        return np.full(accounts, one.tiers != other.tiers)
    differing = np.zeros(accounts, dtype=bool)
    for tiers in {tuple(one.tiers), tuple(other.tiers), *(((None, rate),) for rate, _ in (*one.own, *other.own))}:
        differing |= _who_bears(tiers, one, accounts) != _who_bears(tiers, other, accounts)
    return differing


def _who_bears(tiers: Tiers, step: Step, accounts: int) -> BoolArray:
    """Who bears these rates on a day."""
    found = np.full(accounts, step.tiers == tiers)
    for rate, mine in step.own:
        found = np.where(mine, tiers == ((None, rate),), found)
    return found


def _most(amounts: Exact) -> int:
    return max(abs(int(amounts.max())), abs(int(amounts.min()))) if amounts.size else 0
