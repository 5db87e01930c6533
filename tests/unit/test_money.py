"""Money comes in by one door, exact, and goes out as it came."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.money import BY_NUMERIC, CURRENCIES, BadAmount, major_units, minor_units


@pytest.mark.parametrize(
    "given_amount", [1.5, "1e3", "1,000.00", " 12", "12 ", "", "-", ".5", "5.", "١٢", "NaN", "+3", True, "--1", "0x1"]
)
def test_what_is_not_an_exact_amount_is_refused(given_amount: object) -> None:
    with pytest.raises(BadAmount):
        minor_units(given_amount, 2)  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "digits", "minor"), [
    ("12.34", 2, 1234), ("-12.34", 2, -1234), ("12", 2, 1200), (12, 2, 1200), ("334", 0, 334), ("0.1", 3, 100),
    (Decimal("7.50"), 2, 750), ("12.340", 2, 1234),
])
def test_amounts_in_minor_units(text: str, digits: int, minor: int) -> None:
    assert minor_units(text, digits) == minor


def test_digits_that_the_currency_has_not_are_refused_and_named() -> None:
    with pytest.raises(BadAmount, match=r"12\.345 has 3 decimals; the currency takes 2"):
        minor_units("12.345", 2)


@given(st.integers(-10**17, 10**17), st.integers(0, 4))
def test_amounts_go_out_and_in_unchanged(minor: int, digits: int) -> None:
    assert minor_units(major_units(minor, digits), digits) == minor


def test_writing_fewer_decimals_never_loses_money() -> None:
    assert major_units(33400, 2, 0) == "334"
    with pytest.raises(ValueError, match="do not fit"):
        major_units(33450, 2, 0)


def test_currencies_know_their_digits() -> None:
    assert {code: CURRENCIES[code].digits for code in ("CNY", "JPY", "KWD", "TWD")} == {"CNY": 2, "JPY": 0, "KWD": 3, "TWD": 2}


def test_a_number_used_again_stands_for_todays_currency() -> None:
    assert len(BY_NUMERIC) == len(CURRENCIES)
    assert [BY_NUMERIC[number].code for number in (704, 710, 152)] == ["VND", "ZAR", "CLP"]
