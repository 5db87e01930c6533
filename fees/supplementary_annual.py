"""The supplementary annual fee: for each supplementary card, the day that it is issued and on every anniversary of it."""

from __future__ import annotations

from datetime import date

import numpy as np

from fees.anniversary import BoolArray, Int32Array, years_completed
from fees.rounding import Int64Array
from fees.terms import Terms


def supplementary_annual_fee(terms: Terms, issued_on: Int32Array, replaces: BoolArray, on: date) -> Int64Array:
    """What is charged on a day for each supplementary card, in minor units.

    issued_on: days since 1970-01-01; replaces: the card took the place of another, whose fee was charged; shape (cards,).
    """
    fee = terms.fees.supplementary_annual
    amount = 0 if fee is None else terms.minor(fee.amount)
    return np.where((years_completed(issued_on, on) >= 0) & ~replaces, amount, 0).astype(np.int64)
