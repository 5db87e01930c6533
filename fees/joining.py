"""The joining fee: charged once, the day that an account is opened; never to one that came from other books."""

from __future__ import annotations

from datetime import date

import numpy as np

from accounts.calendar import day_number
from fees.anniversary import BoolArray, Int32Array
from fees.rounding import Int64Array
from fees.terms import Terms


def joining_fee(terms: Terms, opened_on: Int32Array, migrated: BoolArray, on: date) -> Int64Array:
    """What each account is charged on a day for joining, in minor units.

    opened_on: days since 1970-01-01; migrated: opened before the book's first business day; both of shape (accounts,).
    """
    fee = terms.fees.joining
    amount = 0 if fee is None else terms.minor(fee.amount)
    return np.where((opened_on == day_number(on)) & ~migrated, amount, 0).astype(np.int64)
