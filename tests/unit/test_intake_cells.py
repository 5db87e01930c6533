"""What a cell may say, and what is said of one that may not: one line a text."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.intake.cells import (
    LARGEST_AMOUNT,
    Amount,
    CellDefect,
    Choice,
    Code,
    CurrencyCode,
    FreeText,
    IsoDate,
    IsoInstant,
    WholeNumber,
    YesOrNo,
    minor_amount,
)
from accounts.intake.layout import is_forbidden
from accounts.intake.layouts import LAYOUTS
from service.layouts import SERVICE_LAYOUTS


@pytest.mark.parametrize(("text", "digits", "minor"), [
    ("12.34", 2, 1234), ("12", 2, 1200), ("12.3", 2, 1230), ("0.01", 2, 1), ("-0.01", 2, -1), ("007.50", 2, 750),
    ("334", 0, 334), ("1.234", 3, 1234), ("10000000000000.00", 2, LARGEST_AMOUNT), ("-10000000000000.00", 2, -LARGEST_AMOUNT),
    ("0.00", 2, 0), ("000000000000000000000012.34", 2, 1234),
])
def test_amounts_are_exact(text: str, digits: int, minor: int) -> None:
    assert minor_amount(text, "CNY", digits, digits) == minor


@pytest.mark.parametrize(("text", "reason"), [
    ("12.345", "12.345 has 3 decimals; CNY takes 2"),
    ("12.340", "12.340 has 3 decimals; CNY takes 2"),
    ("1e3", "is written with an exponent; write it out like 12.34"),
    ("1E-2", "is written with an exponent; write it out like 12.34"),
    ("1,000.00", "has thousands separators; write it like 1234.56"),
    ("1 000.00", "has thousands separators; write it like 1234.56"),
    ("12,34", "has a decimal comma; write it like 12.34"),
    (" 12.00", "has a space at its beginning or end"),
    ("12.00 ", "has a space at its beginning or end"),
    ("12.00\u00a0", "has a space at its beginning or end"),
    ("-0", "is minus zero"),
    ("-0.00", "is minus zero"),
    ("١٢", "has digits other than 0 to 9"),
    ("１２.００", "has digits other than 0 to 9"),
    ("+12.00", "is not an amount; write it like 12.34"),
    (".5", "is not an amount; write it like 12.34"),
    ("5.", "is not an amount; write it like 12.34"),
    ("NaN", "is not an amount; write it like 12.34"),
    ("inf", "is not an amount; write it like 12.34"),
    ("Null", "is not an amount; write it like 12.34"),
    ("0x10", "is not an amount; write it like 12.34"),
    ("1_000", "has thousands separators; write it like 1234.56"),
    ("--1", "is not an amount; write it like 12.34"),
    ("CNY 12", "is not an amount; write it like 12.34"),
    ("10000000000000.01", "is larger than any amount may be"),
    ("9" * 29, "is larger than any amount may be"),
    ("9" * 40, "has more digits than any amount has"),
])
def test_whatever_else_is_no_amount(text: str, reason: str) -> None:
    with pytest.raises(CellDefect) as told:
        minor_amount(text, "CNY", 2, 2)
    assert str(told.value) == reason


def test_amounts_of_a_product_that_shows_whole_units_may_end_in_zeros_only() -> None:
    assert minor_amount("334.00", "TWD on product card", 2, 0) == 33400
    with pytest.raises(CellDefect, match=r"334\.50 has 2 decimals; TWD on product card takes 0"):
        minor_amount("334.50", "TWD on product card", 2, 0)


@given(st.integers(-LARGEST_AMOUNT, LARGEST_AMOUNT).filter(bool), st.integers(0, 4))
def test_every_amount_comes_back_as_it_was_written(minor: int, digits: int) -> None:
    text = format(Decimal(f"{minor}e-{digits}"), "f")
    assert minor_amount(text, "XXX", digits, digits) == minor


@given(st.text(max_size=20))
def test_any_text_is_an_amount_or_gets_a_reason(text: str) -> None:
    with contextlib.suppress(CellDefect):
        assert isinstance(minor_amount(text, "CNY", 2, 2), int)


@pytest.mark.parametrize("text", ["2023-2-05", "20230205", "2023-02-05T00:00:00", " 2023-02-05", "05.02.2023", "02/05/2023",
                                  "2023-02-30", "2023-13-01", "0000-00-00", "1899-12-31", "2200-01-01", "٢٠٢٣-٠٢-٠٥", "today"])
def test_only_days_of_the_calendar_in_iso_form_are_dates(text: str) -> None:
    with pytest.raises(CellDefect):
        IsoDate().read(text)


def test_dates_and_moments() -> None:
    assert IsoDate().read("2024-02-29") == date(2024, 2, 29)
    midnight = datetime(2023, 5, 1, tzinfo=UTC)
    assert IsoInstant().read("2023-05-01") == midnight
    assert IsoInstant().read("2023-05-01T08:30:00+08:00") == datetime(2023, 5, 1, 0, 30, tzinfo=UTC)
    assert IsoInstant().read("2023-05-01 10:15") == datetime(2023, 5, 1, 10, 15, tzinfo=UTC)
    assert IsoInstant().read("2023-05-01T10:15:30.5Z") == datetime(2023, 5, 1, 10, 15, 30, 500_000, tzinfo=UTC)
    for text in ("2023-05-01T25:00:00Z", "2023-05-32", "10:15", "2023-05-01T10", "2023-05-01T10:15:00 CET"):
        with pytest.raises(CellDefect):
            IsoInstant().read(text)


@pytest.mark.parametrize(("rule", "good", "bad"), [
    (Code(), ["007", "Null", "1e3", "O'Brien", "漢字", "=x"], [" a", "a ", "a\tb", "a\nb", "a\x00b", "x" * 101, "\u3000a"]),
    (FreeText(), ["two\nlines", " padded ", "=cmd|' /C calc'!A0", "👩‍👩‍👧", "שלום"], ["bell\x07", "\x7f", "x" * 2001]),
    (Choice(("person", "company")), ["person"], ["Person", "persons", " person"]),
    (CurrencyCode(), ["CNY", "GBP", "JPY"], ["cny", "XXX", "¥", "CN"]),
    (WholeNumber(1, 31), ["1", "31", "05"], ["0", "32", "-1", "1.0", "1e1", "٣"]),
    (YesOrNo(), ["true", "no"], ["True", "1", "y"]),
    (Amount(), ["1", "0.5"], ["1.", "x", "1e3"]),
])
def test_other_cells(rule: object, good: list[str], bad: list[str]) -> None:
    for text in good:
        rule.read(text)  # type: ignore[attr-defined]
    for text in bad:
        with pytest.raises(CellDefect):
            rule.read(text)  # type: ignore[attr-defined]


def test_what_proves_that_a_card_is_at_hand_is_never_a_column() -> None:
    for name in ("cvv", "CVV2", "card_cvc", "Security Code", "cardVerificationValue", "pin", "PIN-Block", "track2"):
        assert is_forbidden(name), name
    for name in ("pan", "spin", "pincode", "tracking", "card", "code", "opening_on", "mcc", "cid"):
        assert not is_forbidden(name), name


@pytest.mark.parametrize("layout", [*LAYOUTS.values(), *SERVICE_LAYOUTS.values()], ids=lambda layout: layout.kind)
def test_every_file_has_a_json_schema_that_says_what_its_rows_need(layout: object) -> None:
    schema = layout.json_schema()  # type: ignore[attr-defined]
    assert set(schema["required"]) == set(layout.required)  # type: ignore[attr-defined]
    assert list(schema["properties"]) == list(layout.names)  # type: ignore[attr-defined]
    assert all(each["description"] for each in schema["properties"].values())
