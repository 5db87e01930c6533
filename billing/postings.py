"""What postings mean to a cycle: the statement figure each counts in, the balance a debit enters, what counts as received.

Source: docs/reference/billing-rules.md, 2 and 3.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, field

import numpy as np

from accounts.posting_types import (
    ADJUSTMENT_CREDIT,
    BALANCE_TRANSFER,
    BY_CODE,
    INSTALMENT,
    POSTING_TYPES,
    STATEMENT_CONVERSION,
)
from billing.balances import Int64Array
from billing.cells import BILLED, FEES, INTEREST, NEW, Cells
from fees.terms import Terms

FIGURES = ("payments", "credits", "purchases", "cash_advances", "balance_transfers", "fees", "interest", "waivers",
           "adjustments")
#: Figures that lower the new balance where they are positive.
LOWERING = {"payments", "credits", "waivers"}

_CODES = max(BY_CODE) + 1
SIGN = np.zeros(_CODES, dtype=np.int64)
FIGURE = np.full(_CODES, -1, dtype=np.int64)
for _type in POSTING_TYPES:
    SIGN[_type.code] = _type.sign
    if _type.figure in FIGURES:
        FIGURE[_type.code] = FIGURES.index(_type.figure)
WAIVERS = FIGURES.index("waivers")


def _nothing() -> Int64Array:
    return np.zeros(0, dtype=np.int64)


@dataclass
class Events:
    """Postings of a batch as columns of equal length, in any order.

    account: index into the batch; type: posting type code; amount: minor units; effective_on, posted_on: day numbers.
    segment: row number, from 1, of the segment of the terms that an event names (0: none); may be left empty where none does.
    """

    account: Int64Array
    type: Int64Array
    amount: Int64Array
    effective_on: Int64Array
    posted_on: Int64Array
    segment: Int64Array = field(default_factory=_nothing)

    def __post_init__(self) -> None:
        if len(self.segment) != len(self.account):
            self.segment = np.zeros(len(self.account), dtype=np.int64)

    @staticmethod
    def none() -> Events:
        """No events at all."""
        return Events(_nothing(), _nothing(), _nothing(), _nothing(), _nothing())


@dataclass(frozen=True)
class Spans:
    """Debits that count from before the cycle's first interest day: account, cell, first day, day after the last, amount."""

    account: Int64Array
    cell: Int64Array
    first: Int64Array
    until: Int64Array
    amount: Int64Array

    def with_one(self, account: int, cell: int, first: int, until: int, amount: int) -> Spans:
        """These and one more."""
        row = (account, cell, first, until, amount)
        return Spans(*(np.append(column, value) for column, value in zip(astuple(self), row, strict=True)))


def received_types(terms: Terms) -> list[int]:
    """Posting types that count towards the minimum and towards paying in full: payments less returned ones, waivers, what of
    the last statement became an instalment plan, refunds and other credits where the terms say so."""
    refunds = terms.allocation.refunds_count_as_payment
    return [each.code for each in POSTING_TYPES
            if each.figure in ("payments", "waivers") or each is STATEMENT_CONVERSION
            or (refunds and (each.figure == "credits" or each is ADJUSTMENT_CREDIT))]


def received(terms: Terms, events: Events) -> Int64Array:
    """What each event counts towards the minimum and towards paying in full, minor units; a returned payment is negative."""
    of_type = np.zeros_like(SIGN)
    of_type[received_types(terms)] = -1
    of_type *= SIGN
    return of_type[events.type] * events.amount


def cell_of_debits(cells: Cells, types: Int64Array, segments: Int64Array) -> Int64Array:
    """The balance that each debit enters.

    types: posting type codes of debits; segments: the row of the terms that each names, from 1 (0: none).
    """
    by_type = np.full(_CODES, cells.of(cells.purchase, NEW), dtype=np.int64)
    for each in POSTING_TYPES:
        if each.figure == "fees":
            by_type[each.code] = cells.of(FEES, NEW)
        elif each.figure == "interest":
            by_type[each.code] = cells.of(INTEREST, NEW)
        elif each.figure == "cash_advances":
            by_type[each.code] = cells.of(cells.cash_advance, NEW)
        elif each.figure == "payments":
            by_type[each.code] = cells.of(cells.purchase, BILLED)
    by_type[BALANCE_TRANSFER.code] = cells.of(cells.segment("balance_transfer"), NEW)
    by_type[INSTALMENT.code] = cells.of(cells.instalment, NEW)
    by_segment = np.array([0, *(cells.of(number + 2, NEW) for number in range(len(cells.rows)))], dtype=np.int64)
    named = (segments > 0) & (segments <= len(cells.rows))
    return np.where(named, by_segment[np.where(named, segments, 0)], by_type[types])
