"""Fees on a transaction: cash advance, foreign currency, balance transfer, returned payment; a share with floor and cap.

Source: docs/reference/billing-rules.md, 12.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from fees.rounding import Int64Array, round_share
from fees.terms import Terms
from fees.terms_fees import PercentFee, ReturnedPaymentFee


def percent_fee(terms: Terms, fee: PercentFee, amounts: Int64Array) -> Int64Array:
    """What is charged for each transaction: a share of its amount, rounded as interest is to the smallest amount shown; then
    at least the floor, then at most the cap.

    amounts: minor units, shape (transactions,).
    """
    charged = round_share(amounts, Fraction(fee.percent), terms.interest.rounding, terms.shown_unit)
    charged = np.maximum(charged, terms.minor(fee.floor))
    return charged if fee.cap is None else np.minimum(charged, terms.minor(fee.cap))


def returned_payment_fee(terms: Terms, returned: Int64Array, minimum_due: Int64Array) -> Int64Array:
    """What is charged for each payment that came back, before it is asked whether its due date bore a penalty fee already.

    returned: amounts that came back; minimum_due: the minimum that the fee may be capped at; minor units, (payments,).
    """
    fee: ReturnedPaymentFee | None = terms.fees.returned_payment
    if fee is None:
        return np.zeros_like(returned)
    if fee.percent is None:
        charged = np.full(returned.shape, terms.minor(fee.amount), dtype=np.int64)
    else:
        charged = round_share(returned, Fraction(fee.percent), terms.interest.rounding, terms.shown_unit)
        charged = np.maximum(charged, terms.minor(fee.floor))
        charged = charged if fee.cap is None else np.minimum(charged, terms.minor(fee.cap))
    return np.minimum(charged, minimum_due) if fee.cap_at == "minimum_due" else charged
