"""Purchases that become instalment plans leave the balances that they stand in: a step of its own, before the day's money.

Source: docs/reference/billing-rules.md, 13.
"""

from __future__ import annotations

import numpy as np

from accounts.posting_types import BY_CODE, INSTALMENT_CONVERSION, STATEMENT_CONVERSION
from billing.balances import Int64Array
from billing.cells import BILLED, FIRST, NEW, REVOLVING, Cells

#: From which ages a conversion takes, in this order: what is new of the cycle, or what the last statement billed, first.
_AGES = {INSTALMENT_CONVERSION.code: (NEW, BILLED, REVOLVING), STATEMENT_CONVERSION.code: (BILLED, REVOLVING, NEW)}
CONVERSIONS = list(_AGES)
#: By posting type code.
IS_CONVERSION = np.zeros(max(BY_CODE) + 1, dtype=bool)
IS_CONVERSION[CONVERSIONS] = True


def conversion_order(cells: Cells, kind: int) -> list[int]:
    """The balances that a conversion takes from: purchases by age, then other segments but cash advances.

    kind: posting type code.
    """
    others = [FIRST + row for row in range(len(cells.rows)) if FIRST + row not in (cells.purchase, cells.cash_advance)]
    order: list[int] = []
    for segment in (cells.purchase, *others):
        for age in _AGES[kind]:
            cell = cells.of(segment, age)
            if cells.cells[cell][0] == segment and cell not in order:
                order.append(cell)
    return order


def forget_newest(debits: Int64Array, amounts: Int64Array) -> None:
    """Take amounts off the newest debits, in place: what became a plan is no debit of its cycle any more.

    debits: (days, accounts) up to today; amounts: (accounts,), no more than what the account's debits come to.
    """
    left = amounts
    for day in range(len(debits) - 1, -1, -1):
        taken = np.minimum(debits[day], left)
        debits[day] -= taken
        left = left - taken
        if not left.any():
            return
