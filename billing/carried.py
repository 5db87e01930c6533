"""What accounts carry from one cycle to the next beyond the columns of their statement, as rows.

Nearly every account needs none: its purchases, cash advances, fees and interest stand in the statement itself. Rows hold
the balances of other segments and of what ends one day, several unpaid minimums, the penalty rate and charge-off.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from billing.balances import BoolArray, Int64Array

#: Kinds of rows. BALANCE: what a segment holds of an age (amount); with ends_on its last day, began_on the day it counts from
#: and balance_days what it has run up so far. UNPAID_MINIMUM: due on began_on, amount still unpaid. PENALTY: under the penalty
#: rate since began_on, amount minimums met in time since. CHARGED: interest charged on a segment (amount) at this closing, and
#: the balance-days that bore it; for the statement only.
#: DISPUTED: since began_on, amount of what a segment held of an age, by the dispute that balance_days numbers.
#: CHARGED_OFF: since began_on, amount of it not recovered.
BALANCE, UNPAID_MINIMUM, PENALTY, CHARGED, DISPUTED, CHARGED_OFF = 1, 2, 3, 4, 5, 6


@dataclass
class Carried:
    """Rows as columns of equal length, sorted by account.

    account: index into the batch; segment: number in the cells of the terms (billing/cells.py); age; began_on, ends_on: day
    numbers (0: none); amount: minor units; balance_days: minor units x days.
    """

    account: Int64Array
    kind: Int64Array
    segment: Int64Array
    age: Int64Array
    began_on: Int64Array
    ends_on: Int64Array
    amount: Int64Array
    balance_days: Int64Array

    @staticmethod
    def none() -> Carried:
        """No rows."""
        return Carried(*(np.zeros(0, dtype=np.int64) for _ in range(8)))

    @staticmethod
    def rows(account: Int64Array, kind: int, *, segment: object = 0, age: object = 0, began_on: object = 0, ends_on: object = 0,
             amount: object = 0, balance_days: object = 0) -> Carried:
        """Rows of one kind; what is given as one number is the same in all."""
        return Carried(account.astype(np.int64), *(
            np.broadcast_to(np.asarray(value, dtype=np.int64), account.shape).copy()
            for value in (kind, segment, age, began_on, ends_on, amount, balance_days)))

    @staticmethod
    def together(parts: list[Carried]) -> Carried:
        """Several sets of rows as one, sorted by account, kind, segment, age and last day."""
        joined = Carried(*(np.concatenate([getattr(part, each.name) for part in parts])
                           if parts else np.zeros(0, dtype=np.int64) for each in fields(Carried)))
        order = np.lexsort((joined.began_on, joined.ends_on, joined.age, joined.segment, joined.kind, joined.account))
        return joined.chosen(order)

    def chosen(self, keep: Int64Array | BoolArray) -> Carried:
        """Some of the rows, in the given order."""
        return Carried(*(getattr(self, each.name)[keep] for each in fields(self)))

    def of_kind(self, kind: int) -> Carried:
        """The rows of one kind."""
        return self if not len(self.kind) else self.chosen(self.kind == kind)

    def of_accounts(self, accounts: Int64Array, count: int) -> Carried:
        """The rows of some accounts of the batch (indexes, rising), renumbered to their positions among these.

        count: of accounts in the batch.
        """
        place = np.full(count, -1, dtype=np.int64)
        place[accounts] = np.arange(len(accounts))
        found = self.chosen(place[self.account] >= 0)
        found.account = place[found.account]
        return found
