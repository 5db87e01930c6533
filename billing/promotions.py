"""Segments that end: each debit has its last day, after which what is left of it goes over to another segment; interest that
was put off until then falls due.

Debits of one balance are paid in the order of their last days, so what is left of each follows from the balance alone.
Source: docs/reference/billing-rules.md, 11.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from accounts.calendar import day_number
from billing.balances import Int64Array
from billing.carried import BALANCE, Carried
from billing.cells import FIRST, REVOLVING, Cells
from fees.terms import Terms

_ENDLESS = 2**31


@dataclass
class Ending:
    """Debits of a batch that lie in segments that end, sorted by account, cell and last day.

    account: index into the batch; cell: where each lies; segment; begins, ends: first day in the walk and last day, day
    numbers; amount: minor units; balance_days: what it ran up so far; opening: 1 where it was there before the cycle; left:
    what was left at the end of its last day.
    """

    account: Int64Array
    cell: Int64Array
    segment: Int64Array
    begins: Int64Array
    ends: Int64Array
    amount: Int64Array
    balance_days: Int64Array
    opening: Int64Array
    left: Int64Array

    @staticmethod
    def of(cells: Cells, carried: Carried, new: Ending | None = None) -> Ending:
        """The carried debits of a batch, and those that post in the cycle."""
        rows = carried.of_kind(BALANCE)
        rows = rows.chosen(rows.ends_on > 0)
        cell = np.array([cells.of(int(s), int(a)) for s, a in zip(rows.segment, rows.age, strict=True)], dtype=np.int64)
        old = (rows.account, cell, rows.segment, rows.began_on, rows.ends_on, rows.amount, rows.balance_days,
               np.ones(len(cell), dtype=np.int64), np.zeros(len(cell), dtype=np.int64))
        joined = old if new is None else tuple(
            np.concatenate([mine, theirs]) for mine, theirs in zip(old, new.columns(), strict=True))
        order = np.lexsort((joined[3], joined[4], joined[1], joined[0]))
        return Ending(*(column[order] for column in joined))

    def columns(self) -> tuple[Int64Array, ...]:
        """The columns in order."""
        return (self.account, self.cell, self.segment, self.begins, self.ends, self.amount, self.balance_days,
                self.opening, self.left)

    def __len__(self) -> int:
        return len(self.account)

    def later(self) -> Int64Array:
        """Of each debit, what the debits of the same balance that are paid after it came to."""
        group = self.account * 1000 + self.cell
        total = np.cumsum(self.amount)
        last = np.searchsorted(group, group, side="right") - 1
        after: Int64Array = total[last] - total
        return after

    def move_ended(self, day: int, balances: Int64Array, cells: Cells) -> None:
        """At the start of a day: what is left of debits whose last day was yesterday goes over to `revert_to`."""
        ended = np.flatnonzero(self.ends == day - 1)
        if not ended.size:
            return
        held = balances[self.cell[ended], self.account[ended]]
        # Debits that count only from a later day are not in the balance yet.
        to_come = self.amount * ((self.opening == 0) & (self.begins >= day))
        group = self.account * 1000 + self.cell
        waiting = np.array([to_come[group == each].sum() for each in group[ended]], dtype=np.int64)
        left = np.clip(held - (self.later()[ended] - waiting), 0, self.amount[ended])
        self.left[ended] = left
        np.subtract.at(balances, (self.cell[ended], self.account[ended]), left)
        target = np.array([revert_cell(cells, int(each)) for each in self.segment[ended]], dtype=np.int64)
        np.add.at(balances, (target, self.account[ended]), left)

    def run_up(self, bases: Int64Array, begun: Int64Array, start: int) -> None:
        """Add the balance-days of the cycle's interest days to each debit.

        bases: (days, cells, accounts), zero on days that are no interest days; begun: what had been debited to each cell by the
        end of each day since the cycle began, the same shape.
        """
        days = np.arange(start, start + bases.shape[0])
        reached = self.amount + _before(self)  # what is paid before it, and itself
        opening = _opening_total(self)
        for position in range(bases.shape[0]):
            base = bases[position, self.cell, self.account]
            debited = begun[position, self.cell, self.account] + opening
            counts = (self.begins <= days[position]) & (days[position] <= self.ends)
            part = np.clip(base - np.maximum(debited - reached, 0), 0, self.amount)
            self.balance_days += np.where(counts, part, 0)

    def leave(self, balances: Int64Array, on: int, counts: bool) -> None:
        """At the end of a closing day: what is left of debits whose last day it is.

        counts: whether that day belongs to the next cycle's interest days, so that what was put off has to count it now.
        """
        last = np.flatnonzero(self.ends == on)
        held = balances[self.cell[last], self.account[last]]
        self.left[last] = np.clip(held - self.later()[last], 0, self.amount[last])
        if counts:
            self.balance_days[last] += self.left[last]

    def carried_on(self, balances: Int64Array, closes_on: int, cells: Cells) -> Carried:
        """Rows for the debits still open at the closing, with what is left of each."""
        open_ = np.flatnonzero(self.ends >= closes_on)
        held = balances[self.cell[open_], self.account[open_]]
        left = np.clip(held - self.later()[open_], 0, self.amount[open_])
        keep = left > 0
        rows = open_[keep]
        return Carried.rows(self.account[rows], BALANCE, segment=self.segment[rows], age=REVOLVING, began_on=self.begins[rows],
                            ends_on=self.ends[rows], amount=left[keep], balance_days=self.balance_days[rows])


def _before(ending: Ending) -> Int64Array:
    group = ending.account * 1000 + ending.cell
    total = np.cumsum(ending.amount)
    first = np.searchsorted(group, group)
    paid_first: Int64Array = total - ending.amount - np.where(first > 0, total[first - 1], 0)
    return paid_first


def _opening_total(ending: Ending) -> Int64Array:
    """What the debits of each one's balance came to that were there before the cycle's first day."""
    group = ending.account * 1000 + ending.cell
    before = ending.amount * ending.opening
    total = np.concatenate([[0], np.cumsum(before)])
    there: Int64Array = total[np.searchsorted(group, group, side="right")] - total[np.searchsorted(group, group)]
    return there


def revert_cell(cells: Cells, segment: int, age: int = REVOLVING) -> int:
    """Where what is left of a debit goes when its segment ends."""
    return cells.of(cells.segment(cells.rows[segment - FIRST].revert_to or "purchase"), age)


def last_days(terms: Terms, cells: Cells, segment: Int64Array, begins: Int64Array) -> Int64Array:
    """The last day of debits in each segment, day numbers; far away where the segment does not end."""
    ends = np.full(len(segment), _ENDLESS, dtype=np.int64)
    for number, row in enumerate(cells.rows):
        mine = segment == FIRST + number
        if row.until is not None:
            ends[mine] = day_number(row.until)
        elif row.valid_days is not None:
            ends[mine] = begins[mine] + row.valid_days - 1
    return ends
