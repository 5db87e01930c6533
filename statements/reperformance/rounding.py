"""Rounds an exact amount once, to a multiple of a unit; a credit is rounded as the mirror of a debit."""

from __future__ import annotations

from fractions import Fraction


def rounded(amount: Fraction | int, mode: str, unit: int = 1) -> int:
    """An amount in minor units, rounded to a multiple of the unit. mode: half_up, half_even, down or up."""
    steps = abs(Fraction(amount)) / unit
    whole = steps.numerator // steps.denominator
    rest = steps - whole
    half = Fraction(1, 2)
    more = {
        "half_up": rest >= half, "half_even": rest > half or (rest == half and whole % 2 == 1), "up": rest > 0, "down": False,
    }[mode]
    size = (whole + more) * unit
    return size if amount >= 0 else -size
