"""The customer's fee table: every charge of the terms in both languages, with its clause."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from fees.brochure import Brochure, brochure, brochure_html
from fees.brochure_words import _WORDS, LANGUAGES, Language
from fees.lint import clauses
from fees.terms import Terms

SCHEDULES = Path(__file__).parents[2] / "fees" / "schedules"
CLASSIC = Terms.from_file(SCHEDULES / "classic.toml")


def lines(made: Brochure) -> dict[str, tuple[str, str]]:
    return {line.item: (line.rule.replace("\N{NO-BREAK SPACE}", " "), line.clause)
            for section in made.sections for line in section.lines}


def test_classic_in_english() -> None:
    found = lines(brochure(CLASSIC, "en"))
    assert found["Purchases"] == (
        "0.05% a day (18.25% a year); none if what was billed is paid in full by the due date; else on all that was billed, "
        "from the day of the transaction, until it is paid", "§4.1")
    assert found["Payment due date"] == ("the next day 23 of a month after the statement date", "")
    assert found["Annual"][0].startswith("CNY 300.00 a year; waived if CNY 20,000.00 were spent")
    assert found["Late payment"] == ("5% of what is missing of the minimum payment; at least CNY 10.00", "§5.4")


def test_classic_in_chinese() -> None:
    found = lines(brochure(CLASSIC, "zh"))
    assert found["违约金"] == ("最低还款额未还部分的5%；不低于CNY 10.00", "§5.4")
    assert found["账单日"] == ("每月5日，另有约定者除外", "")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", sorted(SCHEDULES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_charge_is_told_with_its_clause(path: Path, language: Language) -> None:
    terms = Terms.from_file(path)
    told = {clause for _, clause in lines(brochure(terms, language)).values()}
    charged = {clause for key, clause in clauses(terms) if key.startswith("fees.")}
    assert charged <= told


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_form_of_the_terms_has_words(language: Language) -> None:
    terms = Terms.from_toml("""
name = "<b>Gold & Co</b>"
currency = "TWD"
[cycle]
closing_day = 31
due_after_days = 15
due_roll = "next_business_day"
calendar = "TW"
tolerance_days = 3
tolerance_amount = "9.50"
[interest]
rounding_unit = "1"
accrues_from = "closing"
grace_lost_charges = "unpaid"
[[interest.segment]]
name = "purchase"
annual_rate = "0.15"
[[interest.segment]]
name = "cash_advance"
monthly_rate = "0.02"
[interest.over_limit]
daily_rate = "0.0006"
instead_of_purchase_rate = false
[minimum_payment]
combine = "greater_of"
parts = [
  {percent = "0.1", of = "new_purchases"}, {percent = "0.1", of = "revolving_principal"}, {percent = "0.1", of = "purchases"},
  {percent = "0.1", of = "cash_advances"}, {percent = "0.1", of = "principal"}, {percent = "0.1", of = "new_balance"},
  {percent = "0.1", of = "within_limit"}, {percent = "0.0125", of = "credit_limit"},
]
floor = "1000"
floor_before = ["interest", "fees"]
[fees]
annual = {amount = "300", first = "after_first_year"}
late_payment = {percent = "0.05", cap = "900", cap_at = "minimum_due"}
replacement = {amount = "100", free_for = ["issuer_fault", "expired"]}
""")
    made = brochure(terms, language)
    text = "\n".join(rule for rule, _ in lines(made).values())
    assert "1.25%" in text
    assert "TWD 9.50" in text, "an amount that does not fit the shown digits keeps its own"
    assert "TWD 1,000" in text
    assert "24%" in text, "two per cent a month are twenty-four a year"
    assert "expired" in text
    html = brochure_html(made)
    assert "<b>Gold" not in html
    assert "&lt;b&gt;Gold &amp; Co&lt;/b&gt;" in html


def test_every_phrase_is_there_in_both_languages_with_the_same_facts() -> None:
    for key, (english, chinese) in _WORDS.items():
        assert english, key
        assert chinese, key
        assert set(re.findall(r"{(\w+)}", english)) == set(re.findall(r"{(\w+)}", chinese)), key


def test_the_page_is_well_formed_and_names_its_language() -> None:
    class Page(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.open: list[str] = []
            self.tags: list[str] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.tags.append(tag)
            if tag != "meta":
                self.open.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

    html = brochure_html(brochure(CLASSIC, "zh"))
    page = Page()
    page.feed(html)
    assert page.open == []
    assert page.tags.count("table") == 3
    assert '<html lang="zh-Hans">' in html
    assert "http" not in html
