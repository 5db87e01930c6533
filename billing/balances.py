"""How money pays the balances of a cycle: the order in which they are paid, and running down it.

Source: docs/reference/billing-rules.md, 8.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from billing.cells import FEES, FIRST, INTEREST, NEW, Cells

Int64Array = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_SORTING = ("highest_rate", "lowest_rate", "oldest", "billed_first", "principal")


def allocation_order(cells: Cells, items: Sequence[str], rates: Sequence[Fraction], owed_before_first: bool) -> list[int]:
    """The order in which an amount pays balances: every cell once.

    items: of the terms' `allocation.minimum` or `allocation.excess`; rates: of each segment of the terms, of the day that the
    order is taken from; owed_before_first: what was owed at the previous closing is paid before what came later.
    Principal is sorted by the rate and age keys in the order that they are named, oldest first among equals; a segment that is
    named stands at its own place only; what is not named is paid last, fees and interest first.
    """
    order: list[int] = []
    apart = {cells.segment(item.removeprefix("segment:")) for item in items if item.startswith("segment:")}

    def add(found: Sequence[int]) -> None:
        order.extend(cell for cell in found if cell not in order)

    for position, item in enumerate(items):
        if item in ("past_due", "fees"):
            add(cells.all_of(FEES))
        if item in ("past_due", "interest"):
            add(cells.all_of(INTEREST))
        elif item.startswith("segment:"):
            add(cells.all_of(cells.segment(item.removeprefix("segment:"))))
        elif item in _SORTING:
            add([cell for cell in _sorted_principal(cells, items[position:], rates) if _segment_of(cells, cell) not in apart])
    add(cells.all_of(FEES))
    add(cells.all_of(INTEREST))
    add(_sorted_principal(cells, (), rates))
    return sorted(order, key=lambda cell: cells.cells[cell][1] == NEW) if owed_before_first else order


def _sorted_principal(cells: Cells, items: Sequence[str], rates: Sequence[Fraction]) -> list[int]:
    keys = [item for item in items if item in _SORTING]

    def rank(cell: int) -> tuple[object, ...]:
        (segment, age), row = cells.cells[cell], _segment_of(cells, cell)
        rate = Fraction(0) if cells.rows[row - FIRST].deferred else rates[row - FIRST]
        oldest = (age, cells.has_grace(row), row, segment)
        of_key: dict[str, object] = {"highest_rate": -rate, "lowest_rate": rate, "oldest": age,
                                     "billed_first": age == NEW, "principal": 0}
        return (*(of_key[key] for key in keys), oldest)

    return sorted(cells.principal, key=rank)


def _segment_of(cells: Cells, cell: int) -> int:
    """The segment that an order knows a balance by; instalment parts are purchases."""
    segment, _ = cells.cells[cell]
    return cells.purchase if segment == cells.instalment else segment


def run_down(balances: Int64Array, order: Sequence[int], money: Int64Array) -> Int64Array:
    """Pay balances in order, in place; gives what is left of the money.

    balances: (cells, accounts); money: (accounts,), >= 0.
    """
    left = money
    for row in order:
        paid = np.minimum(balances[row], left)
        balances[row] -= paid
        left = left - paid
    return left
