"""What was agreed or decided about single accounts: re-age, payment holiday, hardship, charge-off.

Most accounts have none; a batch without any carries none of this. Source: docs/reference/billing-rules.md, 13.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Literal

import numpy as np

from accounts.calendar import day_number
from billing.balances import BoolArray, Int64Array

Kind = Literal["re_age", "hardship", "payment_holiday", "charge_off"]
KINDS: tuple[Kind, ...] = ("re_age", "hardship", "payment_holiday", "charge_off")
RE_AGE, HARDSHIP, PAYMENT_HOLIDAY, CHARGE_OFF = KINDS
#: Kinds that last, from a first day to a last one; the others happen on a day.
LASTING: tuple[Kind, ...] = (HARDSHIP, PAYMENT_HOLIDAY)


@dataclass(frozen=True, slots=True)
class Arrangement:
    """One account's: first day, last day (the same for what happens on a day), and hardship's nominal rate a year."""

    kind: Kind
    from_on: date
    until_on: date
    annual_rate: Decimal | None = None

    def holds_on(self, day: date) -> bool:
        """Whether a day lies in it."""
        return self.from_on <= day <= self.until_on


@dataclass(frozen=True)
class Arrangements:
    """Those of a batch of accounts as columns of equal length; at least one.

    account: index into the batch; kind: position in KINDS; from_on, until_on: day numbers; annual_rate: of hardship.
    count: how many accounts the batch has.
    """

    account: Int64Array
    kind: Int64Array
    from_on: Int64Array
    until_on: Int64Array
    annual_rate: tuple[Decimal | None, ...]
    count: int

    @staticmethod
    def of(rows: Sequence[tuple[int, Arrangement]], count: int) -> Arrangements | None:
        """From (index of the account, arrangement); None where there is none."""
        if not rows:
            return None
        columns = np.array([(account, KINDS.index(each.kind), day_number(each.from_on), day_number(each.until_on))
                            for account, each in rows], dtype=np.int64)
        return Arrangements(columns[:, 0], columns[:, 1], columns[:, 2], columns[:, 3],
                            tuple(each.annual_rate for _, each in rows), count)

    def holds(self, kind: Kind, days: Int64Array) -> BoolArray:
        """Whether the day of each account, (accounts,), lies in one of a kind."""
        mine = (self.kind == KINDS.index(kind)) & (self.from_on <= days[self.account]) & (days[self.account] <= self.until_on)
        found = np.zeros(self.count, dtype=bool)
        found[self.account[mine]] = True
        return found

    def last_in(self, kind: Kind, after: Int64Array, until: int) -> Int64Array:
        """The last first day of one of a kind after one day of each account and up to another, (accounts,); 0: none."""
        mine = (self.kind == KINDS.index(kind)) & (self.from_on > after[self.account]) & (self.from_on <= until)
        found = np.zeros(self.count, dtype=np.int64)
        np.maximum.at(found, self.account[mine], self.from_on[mine])
        return found

    def holiday_days(self, since: Int64Array, until: int) -> Int64Array:
        """Days of payment holidays after a day up to another; since: day numbers, the last axis the accounts."""
        days = np.zeros(since.shape, dtype=np.int64)
        for row in np.flatnonzero(self.kind == KINDS.index(PAYMENT_HOLIDAY)).tolist():
            account = self.account[row]
            first = np.maximum(since[..., account] + 1, self.from_on[row])
            days[..., account] += np.maximum(np.minimum(self.until_on[row], until) - first + 1, 0)
        return days

    def hardship_rates(self, day: int) -> list[tuple[Decimal, BoolArray]]:
        """The rates a year of hardship in force on a day, each with whose it is."""
        masks: dict[Decimal, BoolArray] = {}
        for row in np.flatnonzero((self.kind == KINDS.index(HARDSHIP)) & (self.from_on <= day)
                                  & (day <= self.until_on)).tolist():
            rate = self.annual_rate[row]
            if rate is not None:
                masks.setdefault(rate, np.zeros(self.count, dtype=bool))[self.account[row]] = True
        return list(masks.items())

    def changes_rates(self, since: int, until: int) -> bool:
        """Whether hardship is in force on any day of a span."""
        mine = self.kind == KINDS.index(HARDSHIP)
        return bool((mine & (self.from_on <= until) & (self.until_on >= since)).any())


def overlapping(arrangements: Sequence[Arrangement]) -> tuple[Arrangement, Arrangement] | None:
    """Two of one lasting kind that share a day; None if there are none."""
    lasting = sorted((each for each in arrangements if each.kind in LASTING), key=lambda each: (each.kind, each.from_on))
    for one, other in pairwise(lasting):
        if one.kind == other.kind and other.from_on <= one.until_on:
            return one, other
    return None


def asked_at(arrangements: Sequence[Arrangement], closes_on: date, due_on: date) -> bool:
    """Whether a late-payment fee may be charged for the minimum of a statement: not if its due date lies in hardship or in a
    payment holiday, nor if the account was re-aged since, by then."""
    return not any(each.holds_on(due_on) if each.kind in LASTING else
                   each.kind == RE_AGE and closes_on < each.from_on <= due_on for each in arrangements)
