"""The minimum payment of a statement: parts of balances, amounts that are due in full, floor and rounding.

Source of the forms: docs/reference/terms.md, [minimum_payment].
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import reduce
from math import lcm

import numpy as np

from accounts.money import minor_units
from billing.balances import Int64Array
from fees.rounding import round_fraction
from fees.terms import Terms
from fees.terms_payments import MinimumPart

#: Bases that hold the interest anyway.
_WITH_INTEREST = ("new_balance", "within_limit")


def minimum_payment(terms: Terms, bases: Mapping[str, Int64Array], in_full: Mapping[str, Int64Array], digits: int,
                    new_balance: Int64Array) -> Int64Array:
    """What the holder must pay at least, in minor units: never more than the new balance, never less than zero.

    bases: what the percentages of `parts` are taken of; in_full: the amounts that `add` names; all of shape (accounts,).
    """
    rule = terms.minimum_payment
    scale = lcm(1, *(Fraction(part.percent).denominator for part in rule.parts))
    total, added = _parts(terms, bases, in_full, digits, scale)
    for name in rule.add:
        if name not in rule.floor_before and name not in added:
            total = total + in_full[name] * scale
    total = np.maximum(total, minor_units(rule.floor, digits) * scale)
    for name in rule.add:
        if name in rule.floor_before and name not in added:
            total = total + in_full[name] * scale
    unit = max(minor_units(rule.round_to, digits), minor_units(terms.interest.rounding_unit, digits))
    return np.clip(round_fraction(total, scale, rule.rounding, unit), 0, np.maximum(new_balance, 0))


def _parts(terms: Terms, bases: Mapping[str, Int64Array], in_full: Mapping[str, Int64Array], digits: int,
           scale: int) -> tuple[Int64Array, tuple[str, ...]]:
    """The parts as one amount, in minor units x scale, and which items they hold already."""
    rule = terms.minimum_payment

    def share(part: MinimumPart, base: Int64Array) -> Int64Array:
        percent = Fraction(part.percent)
        exact = base * (percent.numerator * (scale // percent.denominator))
        if part.round_to is None:
            return exact
        return round_fraction(exact, scale, part.rounding, minor_units(part.round_to, digits)) * scale

    without = [share(part, bases[part.of]) for part in rule.parts]
    nothing = np.zeros_like(in_full["interest"])
    if rule.combine == "greater_of":
        return reduce(np.maximum, without, nothing), ()
    if rule.combine == "sum":
        return sum(without, nothing), ()
    interest = in_full["interest"]
    with_interest = sum((share(part, bases[part.of] + (0 if part.of in (*_WITH_INTEREST, "credit_limit") else interest))
                         for part in rule.parts), nothing)
    lower = interest * scale + sum(
        (share(part, np.maximum(bases[part.of] - interest, 0)) if part.of in _WITH_INTEREST else exact
         for part, exact in zip(rule.parts, without, strict=True)), nothing)
    return np.where(with_interest > interest * scale, with_interest, lower), ("interest",)
