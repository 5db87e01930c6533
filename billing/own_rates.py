"""The rates that single accounts have of their own on a day: hardship's, else the penalty rate.

Source: docs/reference/billing-rules.md, 5.5, 9.3 and 13.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from billing.arrangements import Arrangements
from billing.balances import BoolArray
from billing.terms_by_day import TermsByDay


@dataclass(frozen=True)
class PenaltyDays:
    """On which days accounts are under the penalty rate: (days, accounts) from day `start` on."""

    start: int
    days: BoolArray

    def on(self, day: int) -> BoolArray:
        """Who is under it on a day."""
        at = day - self.start
        inside = 0 <= at < len(self.days)
        return self.days[at] if inside else np.zeros(self.days.shape[1], dtype=bool)


#: Rates that replace those of the terms on a day, each with whose it is; nobody has two.
Own = tuple[tuple[Fraction, BoolArray], ...]


@dataclass(frozen=True)
class OwnRates:
    """The rates of accounts that are not those of the segments: hardship's, else the penalty rate."""

    by_day: TermsByDay
    penalty: PenaltyDays | None
    arrangements: Arrangements | None

    def on(self, day: int, rate_of: int | None = None) -> Own:
        """Who has a rate of their own on a day; rate_of: the day that the rate is taken from, where it is another one."""
        rated = day if rate_of is None else rate_of
        found = [] if self.arrangements is None else [
            (self.by_day.annual_rate(rate, rated), mine) for rate, mine in self.arrangements.hardship_rates(day)]
        if self.penalty is not None:
            under, rate = self.penalty.on(day), self.by_day.penalty_rate(rated)
            for _, mine in found:
                under = under & ~mine
            if rate is not None and under.any():
                found.append((rate, under))
        return tuple(found)
