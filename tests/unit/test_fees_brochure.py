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


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("toml", "said"), [
    ('[interest]\nday_count = "30/360"\ncompounding = "daily"', ("18%", "interest bears interest")),
    ('[interest]\nday_count = "monthly"\naccrues_from = "due"\nminimum_charge = "2.00"', ("0.05%", "CNY 2.00")),
    ('[interest]\nmethod = "two_cycle"\ninterest_bears_interest = true\nfees_bear_interest = true\n'
     'residual_interest = "waive"\naccrues_from = "next_cycle"', ("18.25%", "two cycles' balances")),
    ('[grace]\nrequires = "previous_and_new_balance"\nlost_for = "all"', ("18.25%", "the statement before")),
    ('[grace]\nlost_for = "all"\n[interest]\nrevolving_new_purchases = "next_statement"', ("18.25%", "one statement later")),
    ('[[interest.segment]]\nname = "spring"\nannual_rate = "0"\nvalid_days = 9\nrevert_to = "purchase"', ("9", "9 days")),
    ('[[interest.segment]]\nname = "spring"\neffective_annual_rate = "0.1"\nuntil = 2024-05-31\ndeferred = true',
     ("2024", "10% a year, effective")),
    ('[[interest.segment]]\nname = "spring"\ntiers = [{up_to = "1000", annual_rate = "0.15"}, {annual_rate = "0.1"}]',
     ("CNY 1,000.00", "10% a year on what is above")),
    ('[interest.penalty]\nannual_rate = "0.24"', ("24%", "more than 60 days late")),
    ('[fees]\nlate_payment = {kind = "tiered", first = "25", repeat = "35", repeat_within_cycles = 6}',
     ("CNY 35.00", "6 statements before")),
    ('[fees]\nlate_payment = {kind = "percent_of_interest", percent = "0.1", tax = "0.06"}', ("10%", "plus 6% tax")),
    ('[fees]\nlate_payment = {kind = "percent_of_balance", percent = "0.03", tolerance_days = 3}', ("3%", "3 days after")),
    ('[fees]\nlate_payment = {kind = "slab", slabs = [{up_to = "500", amount = "0"}, {amount = "750"}]}',
     ("CNY 750.00", "CNY 0.00 up to CNY 500.00")),
    ('[fees]\nlate_payment = {kind = "escalating", amounts = ["300", "400"]}', ("CNY 400.00", "CNY 300.00, CNY 400.00")),
    ('[fees]\nlate_payment = {kind = "daily", per_day = "10", share_cap = "0.3", cap = "500"}', ("CNY 500.00", "at most 30%")),
    ('[fees]\nannual = {amount = "300", month = 3}', ("CNY 300.00", "month 3")),
    ('[fees]\ncash_advance = {percent = "0.01", floor = "10", cap = "100"}', ("CNY 100.00", "1% of the amount")),
    ('[fees]\nforeign = {percent = "0.015"}\nbalance_transfer = {percent = "0.03"}', ("1.5%", "3% of the amount")),
    ('[fees]\nreturned_payment = {amount = "25", cap_at = "minimum_due"}', ("CNY 25.00", "for each payment that comes back")),
    ('[fees]\nreturned_payment = {percent = "0.02", floor = "5"}', ("CNY 5.00", "2% of the amount")),
    ('[fees]\nover_limit = {amount = "30", opt_in = true, cap_at = "over_limit"}', ("CNY 30.00", "only if the holder agreed")),
    ('[fees]\nover_limit = {kind = "percent", percent = "0.05"}', ("5%", "5% of what is over the limit")),
    ('[instalments]\nfee_rate = "0.0085"', ("0.85%", "plan's amount with each part; no further fee")),
    ('[instalments]\nfee_rate = "0"\nremainder_in = "last"', ("0", "no fee; what division into equal parts")),
    ('[instalments]\nmethod = "declining"\nannual_rate = "0.1475"', ("14.75%", "14.75% a year on what is left of the plan")),
    ('[delinquency]\ncharge_off_after_days = 180', ("180", "on which a minimum payment is 180 days past due")),
    ('[delinquency.re_age]\nper_12_months = 2\nmin_payments = 4', ("2", "at most 2 times in twelve months")),
    ('[fees]\ntax_on_charges = {interest = "0.18", fees = "0.06"}', ("18%", "18% of Interest; 6% of Fees")),
])
def test_every_key_that_changes_a_charge_is_told(toml: str, said: tuple[str, str], language: Language) -> None:
    text = "\n".join(rule for rule, _ in lines(brochure(Terms.from_toml(toml), language)).values())
    assert said[0] in text
    assert language == "zh" or said[1] in text


def test_what_is_never_done_has_no_line() -> None:
    never = Terms.from_toml("[delinquency.re_age]\nper_12_months = 0")
    assert not {"Written off", "Made current again without paying all that is past due"} & set(lines(brochure(never, "en")))
    assert lines(brochure(CLASSIC, "zh"))["分期付款"][1] == "instalments.fee_rate"


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
