"""Charge-off: at a closing, what an account owes and is not expected to pay is written off; what comes in later is recovered.

Source: docs/reference/billing-rules.md, 13.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from billing.arrangements import CHARGE_OFF, Arrangements
from billing.balances import BoolArray, Int64Array
from billing.carried import CHARGED_OFF, Carried
from billing.delinquency import NEVER, PastDue
from billing.walk import Walked
from fees.terms import Terms


@dataclass(frozen=True)
class ChargedOff:
    """Accounts charged off at an earlier closing: which, when (day numbers), and what of it is not recovered, (accounts,)."""

    off: BoolArray
    on: Int64Array
    unrecovered: Int64Array

    @staticmethod
    def of(carried: Carried, accounts: int) -> ChargedOff | None:
        """From what is carried; None where the batch has none."""
        rows = carried.of_kind(CHARGED_OFF)
        if not len(rows.account):
            return None
        on, unrecovered = np.zeros(accounts, dtype=np.int64), np.zeros(accounts, dtype=np.int64)
        on[rows.account], unrecovered[rows.account] = rows.began_on, rows.amount
        return ChargedOff(on > NEVER, on, unrecovered)

    def bear_nothing(self, walked: Walked) -> None:
        """Let nothing that these accounts owed in a cycle bear interest."""
        walked.bases[:, :, self.off] = 0
        walked.counted = walked.counted & ~self.off  # methods that take one day's balance have no day to take it for
        if walked.doubled is not None:
            walked.doubled[:, :, self.off] = 0
        if walked.excess is not None:
            walked.excess[:, self.off] = 0
        walked.spans.amount[self.off[walked.spans.account]] = 0


@dataclass(frozen=True)
class WriteOff:
    """What a closing writes off and takes as recovered, minor units, (accounts,); of: whose closing it is that of a
    charged-off account; carried: rows for the next cycle."""

    of: BoolArray
    written_off: Int64Array
    recovered: Int64Array
    carried: Carried


def write_off(terms: Terms, before: ChargedOff | None, arrangements: Arrangements | None, past_due: PastDue,
              new_balance: Int64Array, previous_closing: Int64Array, closes_on: int) -> WriteOff | None:
    """What is written off at a closing: all that is owed once an account is so many days past due, or was decided on; and in
    each later cycle. A credit balance of a charged-off account is taken as recovered, never more than was written off.

    None where no account of the batch is charged off.
    """
    zero = np.zeros_like(new_balance)
    after_days = terms.delinquency.charge_off_after_days
    now = (past_due.days >= after_days) if after_days else np.zeros(len(zero), dtype=bool)
    if arrangements is not None:
        now = now | (arrangements.last_in(CHARGE_OFF, previous_closing, closes_on) > NEVER)
    now = now & (new_balance > 0)
    off, on, unrecovered = (now & False, zero, zero) if before is None else (before.off, before.on, before.unrecovered)
    of = off | now
    if not of.any():
        return None
    written_off = np.where(of, np.maximum(new_balance, 0), 0)
    recovered = np.where(off, np.clip(-new_balance, 0, unrecovered), 0)
    rows = np.flatnonzero(of)
    carried = Carried.rows(rows, CHARGED_OFF, began_on=np.where(off, on, closes_on)[rows],
                           amount=(unrecovered + written_off - recovered)[rows])
    return WriteOff(of, written_off, recovered, carried)
