"""Whether a cycle bears the over-limit fee: pure, one account at a time; only accounts that may be over come here.

Source: docs/reference/billing-rules.md, 12.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby

from accounts.posting_types import BALANCE_TRANSFER, CASH_ADVANCE, POSTING_TYPES, PURCHASE

#: What the holder spends: only this can take an account over its limit.
SPENDING = (PURCHASE.code, CASH_ADVANCE.code, BALANCE_TRANSFER.code)
#: What does not count towards the excess of the cycle it posts in: its fees, its interest, and what is waived of them.
LEFT_OUT = tuple(each.code for each in POSTING_TYPES if each.figure in ("fees", "interest", "waivers", "previous_balance"))


@dataclass(frozen=True)
class LimitHistory:
    """One account's cycle as its limit sees it; minor units, day numbers.

    balance: at the previous closing; due_on: of the previous statement (0: there is none); postings: (day, type, signed amount)
    of the cycle, without LEFT_OUT, by day; closings: earlier ones, latest first; charged_on: days that bore the fee.
    """

    balance: int
    limit: int
    due_on: int
    postings: Sequence[tuple[int, int, int]]
    closings: Sequence[int]
    charged_on: Collection[int]

    @property
    def charged_in_a_row(self) -> int:
        """How many cycles in a row, up to the previous one, bore the fee."""
        count = 0
        for closes_on in self.closings:
            if closes_on not in self.charged_on:
                break
            count += 1
        return count

    def excess(self) -> int:
        """What the cycle went over the limit by: the most on a day with spending, its debits counted before its credits; or,
        where the cycle before bore the fee and the due date came and went over the limit, the excess at its end. 0: neither."""
        most, balance = 0, self.balance
        for _, group in groupby(self.postings, key=lambda each: each[0]):
            postings = list(group)
            if any(kind in SPENDING for _, kind, _ in postings):
                debits = sum(amount for _, _, amount in postings if amount > 0)
                most = max(most, balance + debits - self.limit)
            balance += sum(amount for _, _, amount in postings)
        if not most and self.due_on and self.charged_in_a_row:
            most = self.balance + sum(amount for day, _, amount in self.postings if day <= self.due_on) - self.limit
        return max(most, 0)
