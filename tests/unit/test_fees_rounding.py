"""Exact rounding against fractions, one amount at a time."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal, localcontext
from fractions import Fraction
from math import floor
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fees.rounding import Rounding, round_fraction, round_share, times

MODES = get_args(Rounding)
AMOUNT = st.one_of(st.integers(-10**6, 10**6), st.integers(-(2**63) + 1, 2**63 - 1))
UNIT = st.sampled_from([1, 5, 7, 100])


def rounded(exact: Fraction, mode: str) -> int:
    """The whole number that a fraction rounds to, told as a child would be told."""
    size = abs(exact)
    whole, rest = floor(size), size - floor(size)
    if mode == "up":
        whole += rest > 0
    elif mode == "half_up":
        whole += rest >= Fraction(1, 2)
    elif mode == "half_even":
        whole += rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2 == 1)
    return whole if exact >= 0 else -whole


@given(st.lists(AMOUNT, min_size=1, max_size=5), st.integers(1, 10**12), st.sampled_from(MODES), UNIT)
def test_each_amount_as_a_fraction_rounds(amounts: list[int], denominator: int, mode: Rounding, unit: int) -> None:
    expected = [rounded(Fraction(amount, denominator * unit), mode) * unit for amount in amounts]
    if max(map(abs, expected)) >= 2**63:
        with pytest.raises(OverflowError):
            round_fraction(np.array(amounts, dtype=np.int64), denominator, mode, unit)
    else:
        assert round_fraction(np.array(amounts, dtype=np.int64), denominator, mode, unit).tolist() == expected


@given(AMOUNT, st.fractions(0, 1, max_denominator=10**15), st.sampled_from(MODES))
def test_a_share_is_rounded_once(amount: int, share: Fraction, mode: Rounding) -> None:
    assert round_share(np.array([amount]), share, mode).tolist() == [rounded(amount * share, mode)]


@given(st.integers(-10**9, 10**9), st.sampled_from(MODES))
def test_the_modes_are_those_of_decimal_arithmetic(hundredths: int, mode: Rounding) -> None:
    names = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "down": ROUND_DOWN, "up": ROUND_UP}
    with localcontext() as context:
        context.prec = 50
        expected = int((Decimal(hundredths) / 100).quantize(Decimal(1), names[mode]))
    assert round_fraction(np.array([hundredths]), 100, mode).tolist() == [expected]


@pytest.mark.parametrize(("mode", "expected"), [
    ("half_up", [1, 2, 3, -1, -2, 0, 1]), ("half_even", [0, 2, 2, 0, -2, 0, 1]),
    ("down", [0, 1, 2, 0, -1, 0, 0]), ("up", [1, 2, 3, -1, -2, 1, 1]),
])
def test_halves_and_their_neighbours(mode: Rounding, expected: list[int]) -> None:
    assert round_fraction(np.array([5, 15, 25, -5, -15, 4, 6]), 10, mode).tolist() == expected


def test_python_integers_beyond_64_bits_are_taken_too() -> None:
    wide = np.array([10**25, -(10**25)], dtype=object)
    assert round_fraction(wide, 10**10, "half_up").tolist() == [10**15, -(10**15)]
    assert times(np.array([2**62]), 4).tolist() == [2**64]
    assert times(np.array([0]), 2**64).tolist() == [0], "nothing times what does not fit"
    assert times(np.array([3, -4]), 5).dtype == np.int64


def test_no_accounts_no_amounts() -> None:
    assert round_fraction(np.zeros(0, dtype=np.int64), 7, "up").tolist() == []


def test_an_answer_of_many_columns_keeps_its_shape() -> None:
    assert round_fraction(np.array([[15, 25], [35, 45]]), 10, "down").tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(("denominator", "unit"), [(0, 1), (-3, 1), (1, 0), (1, -1)])
def test_a_unit_that_is_none_is_refused(denominator: int, unit: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        round_fraction(np.array([1]), denominator, "down", unit)


def test_a_mode_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="nearest"):
        round_fraction(np.array([1]), 1, "nearest")  # type: ignore[arg-type]
