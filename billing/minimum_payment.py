"""The minimum payment of a statement: parts of balances, amounts that are due in full, floor and rounding.

Source of the forms: docs/reference/terms.md, [minimum_payment].
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import lcm

import numpy as np

from accounts.money import minor_units
from billing.balances import Int64Array
from fees.rounding import round_fraction
from fees.terms import Terms


def minimum_payment(terms: Terms, bases: Mapping[str, Int64Array], in_full: Mapping[str, Int64Array], digits: int,
                    new_balance: Int64Array) -> Int64Array:
    """What the holder must pay at least, in minor units: never more than the new balance, never less than zero.

    bases: what the percentages of `parts` are taken of; in_full: the amounts that `add` names; all of shape (accounts,).
    """
    rule = terms.minimum_payment
    percents = [Fraction(part.percent) for part in rule.parts]
    scale = lcm(1, *(percent.denominator for percent in percents))
    shares = [bases[part.of] * int(percent * scale) for part, percent in zip(rule.parts, percents, strict=True)]
    total = np.zeros_like(new_balance)
    for share in shares:
        total = np.maximum(total, share) if rule.combine == "greater_of" else total + share
    for name in rule.add:
        if name not in rule.floor_before:
            total = total + in_full[name] * scale
    total = np.maximum(total, minor_units(rule.floor, digits) * scale)
    for name in rule.add:
        if name in rule.floor_before:
            total = total + in_full[name] * scale
    unit = max(minor_units(rule.round_to, digits), minor_units(terms.interest.rounding_unit, digits))
    return np.clip(round_fraction(total, scale, rule.rounding, unit), 0, np.maximum(new_balance, 0))
