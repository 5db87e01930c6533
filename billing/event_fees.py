"""Fees on transactions: a second leg of the same event, on its posting day. One rule for a night's columns and for one account.

Source: docs/reference/billing-rules.md, 12.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from accounts.columns import Columns
from accounts.posting_types import (
    BALANCE_TRANSFER,
    BALANCE_TRANSFER_FEE,
    CASH_ADVANCE,
    CASH_ADVANCE_FEE,
    FOREIGN_FEE,
    PAYMENT,
    PURCHASE,
    RETURNED_PAYMENT,
    RETURNED_PAYMENT_FEE,
    SERVICE_FEE,
    PostingType,
)
from billing.balances import Int64Array
from fees.percent_fee import percent_fee, returned_payment_fee
from fees.service import service_fee
from fees.terms import Terms
from fees.terms_fees import PercentFee


@dataclass(frozen=True)
class EventFee:
    """A fee on some kinds of transactions: what it comes to for events that are of these kinds.

    amounts: from events (columns of `charged_events`) to minor units.
    """

    kind: PostingType
    on_types: tuple[PostingType, ...]
    clause: str
    amounts: Callable[[Columns], Int64Array]

    def of(self, events: Columns) -> Int64Array:
        """What is charged for each event, minor units; 0 for one of another kind."""
        mine = np.isin(events["type"], [each.code for each in self.on_types])
        return np.where(mine, self.amounts(events), 0)


def event_fees(terms: Terms) -> list[EventFee]:
    """The fees of some terms that are charged on transactions. Their events are columns:

    type, amount; foreign: 1 where it was made in another currency; minimum_due: of the last due date before the day; first:
    1 for the first payment returned since that due date, if nothing was charged for missing it either.
    """
    return list(_given(terms))


def _given(terms: Terms) -> Iterator[EventFee]:
    fees = terms.fees
    if fees.service is not None:
        yield EventFee(SERVICE_FEE, (PAYMENT,), fees.service.clause, lambda events: service_fee(terms, events["amount"]))
    for fee, kind, on_type in ((fees.cash_advance, CASH_ADVANCE_FEE, CASH_ADVANCE),
                               (fees.balance_transfer, BALANCE_TRANSFER_FEE, BALANCE_TRANSFER)):
        if fee is not None:
            yield EventFee(kind, (on_type,), fee.clause, partial(_percent, terms, fee))
    foreign = fees.foreign
    if foreign is not None:
        yield EventFee(FOREIGN_FEE, (PURCHASE, CASH_ADVANCE), foreign.clause,
                       lambda events: _percent(terms, foreign, events) * events["foreign"])
    if fees.returned_payment is not None:
        yield EventFee(RETURNED_PAYMENT_FEE, (RETURNED_PAYMENT,), fees.returned_payment.clause,
                       lambda events: returned_payment_fee(terms, events["amount"], events["minimum_due"]) * events["first"])


def _percent(terms: Terms, fee: PercentFee, events: Columns) -> Int64Array:
    return percent_fee(terms, fee, events["amount"])
