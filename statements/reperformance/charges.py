"""A charge of interest."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Charge:
    """One charge of interest: of a segment, or `over_limit`; amount: minor units, as posted; exact: before rounding."""

    segment: str
    amount: int
    exact: Fraction
