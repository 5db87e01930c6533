"""The late-payment fee: charged once for each statement whose minimum payment was not met in time.

Source: docs/reference/terms.md, [fees] late_payment. Kinds charged: fixed, percent_of_unpaid_minimum.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from accounts.money import minor_units
from fees.rounding import Int64Array, round_fraction, round_share
from fees.terms import Terms
from fees.terms_fees import FixedLatePaymentFee, LatePaymentFee, PercentOfUnpaidMinimum


def late_payment_fee(terms: Terms, minimum_due: Int64Array, unpaid: Int64Array, digits: int) -> Int64Array:
    """What each account is charged for having left part of a minimum payment unpaid; 0 where nothing is unpaid.

    minimum_due: the minimum as printed; unpaid: what of it was missing at the end of due date and tolerance; minor units,
    shape (accounts,). The amount is rounded once, as interest is, to the fee's unit; floor and cap then stand as they are
    written, and `cap_at` cuts what is left. Raises ValueError for a kind that this release does not charge.
    """
    fee = terms.fees.late_payment
    if fee is None:
        return np.zeros_like(unpaid)
    charged = _limited(fee, _amount(terms, fee, unpaid, digits), minimum_due, unpaid, digits)
    return np.where(unpaid > 0, charged, 0)


def _amount(terms: Terms, fee: LatePaymentFee, unpaid: Int64Array, digits: int) -> Int64Array:
    mode = terms.interest.rounding
    unit = None if fee.rounding_unit is None else minor_units(fee.rounding_unit, digits)
    if isinstance(fee, FixedLatePaymentFee):
        amount = np.full(unpaid.shape, minor_units(fee.amount, digits), dtype=np.int64)
        return amount if unit is None else round_fraction(amount, 1, mode, unit)
    if isinstance(fee, PercentOfUnpaidMinimum):
        return round_share(unpaid, Fraction(fee.percent), mode, unit or terms.shown_unit)
    raise ValueError(f"fees.late_payment.kind {getattr(fee, 'kind', None)!r} is not charged by this release")


def _limited(fee: LatePaymentFee, amount: Int64Array, minimum_due: Int64Array, unpaid: Int64Array, digits: int) -> Int64Array:
    if isinstance(fee, PercentOfUnpaidMinimum):
        amount = np.maximum(amount, minor_units(fee.floor, digits))
        if fee.cap is not None:
            amount = np.minimum(amount, minor_units(fee.cap, digits))
    if fee.cap_at == "minimum_due":
        amount = np.minimum(amount, minimum_due)
    elif fee.cap_at == "unpaid_minimum":
        amount = np.minimum(amount, unpaid)
    return amount
