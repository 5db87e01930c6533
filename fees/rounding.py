"""Exact rounding of fractions of minor units, over whole columns, in integers only.

Modes are those of decimal arithmetic and treat a credit as the mirror of a debit: half_up takes a half away from zero,
half_even to the even neighbour, down cuts towards zero, up goes away from zero.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Int64Array = npt.NDArray[np.int64]
Rounding = Literal["half_up", "half_even", "down", "up"]

_LARGEST = 2**63 - 1


def round_fraction(numerator: npt.NDArray[Any], denominator: int, mode: Rounding, unit: int = 1) -> Int64Array:
    """numerator / denominator, rounded once to a multiple of the unit.

    numerator: int64, or Python ints in an object array where they do not fit; denominator > 0; unit: minor units, > 0.
    Gives minor units. Raises OverflowError if an answer does not fit into 64 bits.
    """
    if denominator < 1 or unit < 1:
        raise ValueError(f"cannot round to multiples of {unit} over {denominator}; both must be positive")
    step = denominator * unit
    if numerator.dtype == object or not _fits(numerator, denominator, unit):
        return _narrow(_rounded(numerator.astype(object), step, mode) * unit)
    answer: Int64Array = _rounded(numerator.astype(np.int64, copy=False), step, mode) * np.int64(unit)
    return answer


def round_share(amounts: Int64Array, share: Fraction, mode: Rounding, unit: int = 1) -> Int64Array:
    """A share of each amount (balance-days times a daily rate, 5 % of a minimum), rounded once to a multiple of the unit."""
    return round_fraction(times(amounts, share.numerator), share.denominator, mode, unit)


def times(amounts: npt.NDArray[Any], factor: int) -> npt.NDArray[Any]:
    """Each amount times an integer: int64 where no product can overflow, else Python ints in an object array."""
    if amounts.dtype == object or max(_most(amounts), 1) * abs(factor) > _LARGEST:  # 1: the factor alone has to fit
        wide: npt.NDArray[Any] = amounts.astype(object) * factor
        return wide
    narrow: Int64Array = amounts.astype(np.int64, copy=False) * np.int64(factor)
    return narrow


def _most(amounts: npt.NDArray[Any]) -> int:
    return max(abs(int(amounts.max())), abs(int(amounts.min()))) if amounts.size else 0


def _fits(numerator: npt.NDArray[Any], denominator: int, unit: int) -> bool:
    most = _most(numerator)
    return most <= _LARGEST and 2 * denominator * unit <= _LARGEST and most // denominator + 2 * unit <= _LARGEST


def _rounded(numerator: npt.NDArray[Any], step: int, mode: Rounding) -> npt.NDArray[Any]:
    """How many whole steps the numerator is, by the mode; in the numerator's own dtype."""
    negative = numerator < 0
    size = np.where(negative, -numerator, numerator)
    whole = size // step
    rest = size - whole * step
    if mode == "half_up":
        more = 2 * rest >= step
    elif mode == "half_even":
        more = (2 * rest > step) | ((2 * rest == step) & (whole % 2 == 1))
    elif mode == "up":
        more = rest > 0
    elif mode == "down":
        more = np.zeros(size.shape, dtype=bool)
    else:
        raise ValueError(f"{mode!r} is not a way to round; half_up, half_even, down and up are")
    whole = whole + more.astype(np.int64)
    signed: npt.NDArray[Any] = np.where(negative, -whole, whole)
    return signed


def _narrow(wide: npt.NDArray[Any]) -> Int64Array:
    if _most(wide) > _LARGEST:
        raise OverflowError(f"an amount of {_most(wide)} minor units does not fit into 64 bits")
    return wide.astype(np.int64)
