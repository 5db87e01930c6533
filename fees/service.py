"""The service fee: a small fixed sum for each payment, taken when the bank settles it."""

from __future__ import annotations

import numpy as np

from fees.rounding import Int64Array
from fees.terms import Terms


def service_fee(terms: Terms, payments: Int64Array) -> Int64Array:
    """What is charged for each payment, in minor units; payments: their amounts, minor units, shape (payments,)."""
    fee = terms.fees.service
    amount = 0 if fee is None else terms.minor(fee.amount)
    return np.where(payments > 0, amount, 0).astype(np.int64)
