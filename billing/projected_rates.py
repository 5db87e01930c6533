"""What balances bear in a projected month: the rates of the terms, or one of the account's own, as rates a month.

Source: fees/monthly_rates.py; docs/reference/statement.md, Payoff.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm

import numpy as np

from accounts.money import minor_units
from billing.balances import Int64Array
from fees.monthly_rates import monthly_fraction
from fees.rounding import round_fraction, times
from fees.terms import Terms
from fees.terms_interest import RatedTerms

#: The rates a month of a segment: each with the amount of the balance up to which it holds, None without end.
RateParts = list[tuple[int | None, Fraction]]


def monthly_rates(terms: Terms, segment: str) -> list[Fraction]:
    """The rate a month of a segment; of one with tiers that of each tier, lowest balance first."""
    return [rate for _, rate in rate_parts(terms, segment)]


def rate_parts(terms: Terms, segment: str) -> RateParts:
    """The rates a month of a segment of the terms."""
    row = terms.interest.segment_named(segment)
    return [(None if tier.up_to is None else minor_units(tier.up_to, terms.digits), monthly_rate(terms, tier))
            for tier in row.tiers or ()] or [(None, monthly_rate(terms, row))]


def monthly_rate(terms: Terms, rated: RatedTerms) -> Fraction:
    """A rate as the terms write it, a month."""
    return monthly_fraction(rated, terms.interest.day_count, terms.interest.compounding)


def monthly_interest(terms: Terms, balance: Int64Array, parts: Sequence[tuple[int | None, Fraction]]) -> Int64Array:
    """The interest of a month on a balance, each part of it at its own rate, rounded once as the terms round it."""
    unit = minor_units(terms.interest.rounding_unit, terms.digits)
    scale = lcm(*(rate.denominator for _, rate in parts))
    exact, below = np.zeros_like(balance), 0
    for up_to, rate in parts:
        part = np.clip(balance - below, 0, None if up_to is None else up_to - below)
        exact, below = exact + times(part, int(rate * scale)), up_to or 0
    return round_fraction(exact, scale, terms.interest.rounding, unit)
