"""The words of statements: every kind of posting and charge is named in both languages; figures keep their digits."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from accounts.posting_types import POSTING_TYPES
from statements.explain_interest import decimal_text
from statements.glyphs import MISSING, drawable, only_drawable
from statements.wording import (
    LANGUAGES,
    Language,
    charge_text,
    described,
    grouped,
    labels,
    long_date,
    posting_text,
    rate_text,
)


def test_every_label_is_there_in_both_languages_with_the_same_fields() -> None:
    english, chinese = (labels(language) for language in LANGUAGES)
    assert english.keys() == chinese.keys()
    for name, text in english.items():
        fields = {part.partition("}")[0] for part in text.split("{")[1:]}
        assert fields == {part.partition("}")[0] for part in chinese[name].split("{")[1:]}, name


@pytest.mark.parametrize("posting_type", [each.name for each in POSTING_TYPES if each.figure != "previous_balance"])
def test_every_kind_of_posting_has_words(posting_type: str) -> None:
    english, chinese = (posting_text(posting_type, language) for language in LANGUAGES)
    assert english
    assert any("一" <= letter <= "鿿" for letter in chinese)


@pytest.mark.parametrize("kind", sorted({each.charge for each in POSTING_TYPES if each.charge}))
def test_every_charge_has_words(kind: str) -> None:
    assert charge_text(kind, None, "en") != charge_text(kind, None, "zh")


@pytest.mark.parametrize(("amount", "shown"), [
    ("0.00", "0.00"), ("-0.50", "-0.50"), ("999", "999"), ("1000", "1,000"), ("-1234567.80", "-1,234,567.80")])
def test_thousands_are_set_apart(amount: str, shown: str) -> None:
    assert grouped(amount) == shown


@pytest.mark.parametrize(("language", "shown"), [("en", "23 May 2023"), ("zh", "2023年5月23日")])
def test_long_dates(language: Language, shown: str) -> None:
    assert long_date(date(2023, 5, 23), language) == shown


@pytest.mark.parametrize(("rate", "per", "language", "shown"), [
    ("0.0005", "day", "en", "0.05 % a day"), ("0.18", "year", "en", "18 % a year"), ("0.0005", "day", "zh", "日利率 0.05%"),
    ("0", "day", "en", "0 % a day"), ("1", "year", "en", "100 % a year"),
])
def test_rates(rate: str, per: str, language: Language, shown: str) -> None:
    assert rate_text(rate, per, language) == shown


def test_only_a_standard_description_is_translated() -> None:
    assert described("Payment", "payment", "zh") == "还款"
    assert described("Payment to Mr Li", "payment", "zh") == "Payment to Mr Li"


@pytest.mark.parametrize(("number", "places", "least", "text"), [
    (Fraction(174, 10), 12, 2, "17.40"), (Fraction(1, 3), 4, 0, "0.3333"), (Fraction(-1, 3), 4, 2, "-0.3333"),
    (Fraction(0), 12, 2, "0.00"), (Fraction(5), 6, 0, "5"), (Fraction(-1, 10**9), 4, 2, "0.00"),
    (Fraction(18, 36500), 18, 0, "0.000493150684931507"),
])
def test_fractions_as_decimals(number: Fraction, places: int, least: int, text: str) -> None:
    assert decimal_text(number, places, least) == text


def test_what_a_face_cannot_draw_becomes_a_box() -> None:
    from pylopdf_fonts_zh_cn import sans_path

    assert {ord(letter) for letter in "Aé§消费额…□"} <= drawable(sans_path())
    assert only_drawable({"a": ["🍕 x", 7, None]}, sans_path()) == {"a": [f"{MISSING} x", 7, None]}
