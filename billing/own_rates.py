"""The rates that single accounts have of their own on a day: hardship's, else the penalty rate.

Source: docs/reference/billing-rules.md, 5.5, 9.3 and 13.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from billing.arrangements import Arrangements
from billing.balances import BoolArray, Int64Array
from billing.delinquency import NEVER, Penalty
from billing.terms_by_day import TermsByDay


@dataclass(frozen=True)
class PenaltyDays:
    """On which days accounts are under the penalty rate: (days, accounts) from day `start` on, and before it from day `since`
    on (NEVER: not)."""

    start: int
    days: BoolArray
    since: Int64Array

    @staticmethod
    def of(penalty: Penalty | None, start: int, accounts: int) -> PenaltyDays:
        """Those of a cycle whose days begin at `start`; nobody's where its terms have no penalty rate."""
        if penalty is None:
            return PenaltyDays(start, np.zeros((0, accounts), dtype=bool), np.full(accounts, NEVER))
        return PenaltyDays(start, penalty.days, penalty.since)

    def after(self, before: PenaltyDays, accounts: Int64Array) -> PenaltyDays:
        """With the days of the cycle before of some accounts, the others' as they are."""
        earlier = np.array([self.on(day) for day in range(before.start, self.start)], dtype=bool).reshape(-1, len(self.since))
        of_before = before.days[:len(earlier)]
        earlier[:len(of_before), accounts] = of_before
        since = self.since.copy()
        since[accounts] = before.since
        return PenaltyDays(min(before.start, self.start), np.concatenate([earlier, self.days]), since)

    def on(self, day: int) -> BoolArray:
        """Who is under it on a day."""
        at = day - self.start
        if at < 0:
            return (self.since > NEVER) & (self.since <= day)
        return self.days[at] if at < len(self.days) else np.zeros(len(self.since), dtype=bool)


#: Rates that replace those of the terms on a day, each with whose it is; nobody has two.
Own = tuple[tuple[Fraction, BoolArray], ...]


@dataclass(frozen=True)
class OwnRates:
    """The rates of accounts that are not those of the segments: hardship's, else the penalty rate."""

    by_day: TermsByDay
    penalty: PenaltyDays | None
    arrangements: Arrangements | None

    def on(self, day: int) -> Own:
        """Who has a rate of their own on a day."""
        found = [] if self.arrangements is None else [
            (self.by_day.annual_rate(rate, day), mine) for rate, mine in self.arrangements.hardship_rates(day)]
        if self.penalty is not None:
            under, rate = self.penalty.on(day), self.by_day.penalty_rate(day)
            for _, mine in found:
                under = under & ~mine
            if rate is not None and under.any():
                found.append((rate, under))
        return tuple(found)
