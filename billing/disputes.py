"""Debits that the holder contests: which, how much, from when to when. Facts about single accounts, and nothing posted.

Most accounts have none; a batch without any carries none of this. Source: docs/reference/billing-rules.md, 15.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np

from accounts.calendar import day_number
from accounts.posting_types import ADJUSTMENT_CREDIT, ADJUSTMENT_DEBIT, BALANCE_TRANSFER, CASH_ADVANCE, CHARGEBACK, PURCHASE
from billing.balances import Int64Array
from billing.carried import DISPUTED, Carried
from billing.missed_minimums import Receipt, share_of_minimum

Outcome = Literal["for_holder", "for_issuer"]
FOR_HOLDER: Outcome = "for_holder"
FOR_ISSUER: Outcome = "for_issuer"
OUTCOMES: tuple[Outcome, ...] = (FOR_HOLDER, FOR_ISSUER)
#: What can be disputed: debits of principal that a transaction brought.
DISPUTABLE = (PURCHASE, CASH_ADVANCE, BALANCE_TRANSFER, ADJUSTMENT_DEBIT)
#: How a dispute decided for the holder may be credited: returned to the merchant, or borne by the issuer.
CREDITED_AS = (CHARGEBACK, ADJUSTMENT_CREDIT)


@dataclass(frozen=True, slots=True)
class Dispute:
    """A debit, or a part of it, that the holder contests; amount: minor units.

    type, segment, posted_on, effective_on: of the debit; decided_on: the day it was decided for the issuer, None while open.
    bears: the terms charge what the amount would have borne, and it is decided already.
    """

    number: int
    opened_on: date
    amount: int
    type: int
    segment: str | None
    posted_on: date
    effective_on: date
    decided_on: date | None = None
    bears: bool = False

    @property
    def receipt(self) -> Receipt:
        """What the statement that billed the debit does not ask for any more."""
        return Receipt(day_number(self.opened_on), day_number(self.opened_on), self.amount, day_number(self.posted_on))


@dataclass(frozen=True)
class Disputes:
    """The disputes of a batch, by the index of their account."""

    rows: Sequence[tuple[int, Dispute]]
    count: int

    @staticmethod
    def of(rows: Sequence[tuple[int, Dispute]], count: int) -> Disputes | None:
        """None where the batch has none."""
        return Disputes(rows, count) if rows else None

    def received(self, previous_closing: Int64Array, closes_on: int) -> tuple[Int64Array, Int64Array, Int64Array]:
        """What the last statement does not ask for any more: disputes opened since of what was posted by then.

        previous_closing: of each account; gives (account, day number, minor units).
        """
        found = [(account, day_number(each.opened_on), each.amount) for account, each in self.rows
                 if day_number(each.posted_on) <= previous_closing[account] < day_number(each.opened_on) <= closes_on]
        columns = np.array(found, dtype=np.int64).reshape(-1, 3)
        return columns[:, 0], columns[:, 1], columns[:, 2]

    def of_minimum(self, account: Int64Array, amount: Int64Array, minimum: Int64Array, new_balance: Int64Array,
                   shown_unit: int) -> Int64Array:
        """What of the last statement's minimum amounts that were disputed since are: their share of its new balance."""
        return np.array([share_of_minimum(int(minimum[at]), int(new_balance[at]), each, shown_unit)
                         for at, each in zip(account.tolist(), amount.tolist(), strict=True)], dtype=np.int64)


def disputed_on(disputes: Sequence[Dispute], day: date) -> int:
    """What of one account is in dispute at the end of a day, as it was disputed, minor units."""
    return sum(each.amount for each in disputes if each.opened_on <= day and (each.decided_on is None or each.decided_on > day))


def moves(disputes: Sequence[Dispute], after: date, until: date) -> list[tuple[int, int, int]]:
    """What goes into dispute and comes back from it after a day up to another, as changes of what may be over the limit:
    (day number, 0, minor units)."""
    opened = [(day_number(each.opened_on), 0, -each.amount) for each in disputes if after < each.opened_on <= until]
    return opened + [(day_number(each.decided_on), 0, each.amount) for each in disputes
                     if each.decided_on is not None and after < each.decided_on <= until]


def disputed_at_opening(carried: Carried, accounts: int) -> Int64Array:
    """What of each account's last balance was disputed, minor units, (accounts,)."""
    rows, held = carried.of_kind(DISPUTED), np.zeros(accounts, dtype=np.int64)
    np.add.at(held, rows.account, rows.amount)
    return held
