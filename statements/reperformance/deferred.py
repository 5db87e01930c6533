"""Deferred interest: charged for the whole time of a promotion where something is left at its end (rule 11.2)."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from fractions import Fraction

from statements.reperformance.balances import Debit, Part, Snapshot, amounts, segment_row
from statements.reperformance.charges import Charge
from statements.reperformance.cycles import DAY, Cycle
from statements.reperformance.excess import taken_off
from statements.reperformance.rates import Rates
from statements.reperformance.rounding import rounded


class Deferred:
    """Keeps what the days of deferred debits came to, and charges those that end unpaid in the cycle."""

    def __init__(self, cycle: Cycle, rates: Rates) -> None:
        self.cycle, self.rates, self.terms = cycle, rates, cycle.terms
        self._exact: dict[str, Fraction] = defaultdict(Fraction)

    def enter(self, debit: Debit) -> None:
        """A debit that came late counts from its own day (rule 1.5)."""
        day = debit.counts_on
        while self._is_deferred(debit.segment) and day < self.cycle.first_interest_day:
            debit.bases[day] = debit.bases.get(day, 0) + debit.amount
            day += DAY

    def interest_day(self, day: date, bases: tuple[Snapshot, ...], night: Snapshot, owed: int) -> None:
        """An interest day is over: remembers its bases, and charges what ends unpaid on it. owed: at its end."""
        over = taken_off(self.terms, amounts(bases[-1]), owed - self.rates.history.credit_limit)
        for place, snapshot in enumerate(bases):
            taken = dict(over) if place == len(bases) - 1 else {}
            for part in sorted((part for part in snapshot if self._is_deferred(part.segment)), key=_ends_first):
                key = part.kind, part.segment, part.age
                off = min(taken.get(key, 0), part.left)
                taken[key] = taken.get(key, 0) - off
                part.debit.bases[day] = part.debit.bases.get(day, 0) + part.left - off
        if day != self.cycle.previous:
            self._ends(day, night)

    def closing_day(self, night: Snapshot) -> None:
        """The closing day is no interest day of this cycle: what ends on it bears what is left, and is charged now."""
        for part in night:
            if self._is_deferred(part.segment) and part.debit.last_day == self.cycle.closing:
                part.debit.bases[self.cycle.closing] = part.left
        self._ends(self.cycle.closing, night)

    def _ends(self, day: date, night: Snapshot) -> None:
        for part in night:
            if self._is_deferred(part.segment) and part.debit.last_day == day:
                self._exact[part.segment] += self._interest(part.debit, part.segment, day)

    def charges(self) -> list[Charge]:
        """One charge a segment, rounded once."""
        interest = self.terms.interest
        unit = self.terms.minor(interest.rounding_unit)
        return [Charge(name, rounded(exact, interest.rounding, unit), exact) for name, exact in self._exact.items()]

    def _is_deferred(self, segment: str) -> bool:
        return bool(segment_row(self.terms, segment).deferred)

    def _interest(self, debit: Debit, segment: str, last_day: date) -> Fraction:
        rate = self.rates.of_terms(segment, last_day)
        return sum((rate.interest(base) for base in debit.bases.values()), Fraction(0))


def _ends_first(part: Part) -> tuple[date, date]:
    """What ends first is over the limit first, as it is paid first."""
    return part.debit.last_day or date.max, part.debit.posted_on
