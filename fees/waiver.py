"""How much of a charge a waiver gives back: a share of it, never more than the charge."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np

from fees.rounding import round_share
from fees.terms import Terms


def waived_amount(terms: Terms, charge: int, percent: Decimal) -> int:
    """A share of a charge, minor units, rounded as interest is to the smallest amount shown; the whole of it for "1".

    percent: above 0, at most 1.
    """
    share = round_share(np.array([charge]), Fraction(percent), terms.interest.rounding, terms.shown_unit)
    return charge if percent == 1 else min(int(share[0]), charge)
