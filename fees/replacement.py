"""The replacement fee: for a card that takes the place of another, unless the reason is one that the terms let go free."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fees.rounding import Int64Array
from fees.terms import Terms


def replacement_fee(terms: Terms, reasons: Sequence[str | None]) -> Int64Array:
    """What is charged for each replaced card, in minor units; reasons: why each was replaced, None where nobody said."""
    fee = terms.fees.replacement
    if fee is None:
        return np.zeros(len(reasons), dtype=np.int64)
    amount = terms.minor(fee.amount)
    return np.array([0 if reason in fee.free_for else amount for reason in reasons], dtype=np.int64)
