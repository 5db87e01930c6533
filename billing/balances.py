"""The balances of an account inside a cycle, and how a payment runs down them.

A batch holds them as one int64 array of shape (BALANCES, accounts), minor units, none below zero; what the issuer owes the
holder is a seventh number, the credit balance, and while it is above zero all six are zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fees.terms import Terms

Int64Array = npt.NDArray[np.int64]

FEES, INTEREST, CASH, REVOLVING, BILLED, NEW = range(6)
BALANCES = 6
#: Principal, oldest first; within one cycle a cash advance, which has no grace, comes before purchases.
_OLDEST = (REVOLVING, BILLED, CASH, NEW)
_PURCHASES = (REVOLVING, BILLED, NEW)


def allocation_order(items: Sequence[str], purchase_rate: Any, cash_rate: Any) -> tuple[int, ...]:
    """The order in which an amount pays balances: a permutation of all six.

    items: of the terms' `allocation.minimum` or `allocation.excess`. Principal is sorted by the rate and age keys in the
    order that they are named, oldest first among equals; what is not named is paid last, fees and interest first.
    """
    order: list[int] = []

    def add(*rows: int) -> None:
        order.extend(row for row in rows if row not in order)

    def sorted_principal(keys: Sequence[str]) -> list[int]:
        def rank(row: int) -> tuple[Any, ...]:
            rate = cash_rate if row == CASH else purchase_rate
            ranks = {"highest_rate": -rate, "lowest_rate": rate, "oldest": _OLDEST.index(row),
                     "billed_first": row == NEW, "principal": 0}
            return (*(ranks[key] for key in keys if key in ranks), _OLDEST.index(row))

        return sorted(_OLDEST, key=rank)

    for position, item in enumerate(items):
        if item == "past_due":
            add(FEES, INTEREST)
        elif item == "fees":
            add(FEES)
        elif item == "interest":
            add(INTEREST)
        elif item == "segment:purchase":
            add(*_PURCHASES)
        elif item == "segment:cash_advance":
            add(CASH)
        else:
            add(*sorted_principal(items[position:]))
    add(FEES, INTEREST, *_OLDEST)
    return tuple(order)


def run_down(balances: Int64Array, order: Sequence[int], money: Int64Array) -> Int64Array:
    """Pay balances in order, in place; gives what is left of the money.

    balances: (BALANCES, accounts); money: (accounts,), >= 0.
    """
    left = money
    for row in order:
        paid = np.minimum(balances[row], left)
        balances[row] -= paid
        left = left - paid
    return left


class Allocation:
    """The two orders of a product's terms: for the minimum payment's worth of a payment, and for what exceeds it."""

    def __init__(self, terms: Terms, purchase_rate: Any, cash_rate: Any) -> None:
        self.minimum = allocation_order(terms.allocation.minimum, purchase_rate, cash_rate)
        self.excess = allocation_order(terms.allocation.excess, purchase_rate, cash_rate)

    def pay(self, balances: Int64Array, credit: Int64Array, money: Int64Array, missing: Int64Array) -> Int64Array:
        """Let a day's money pay balances, in place; gives the credit balance that remains.

        credit: earlier overpayment, which absorbs debits; money: paid today; missing: of the minimum payment, before today.
        All of shape (accounts,).
        """
        towards_minimum = np.clip(missing, 0, money)
        left = run_down(balances, self.minimum, towards_minimum)
        return run_down(balances, self.excess, left + (money - towards_minimum) + credit)
