"""What this release charges, and how it refuses the rest: key, value, what the key takes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from billing.scenario import Scenario
from billing.simulation import simulate
from fees.supported import CHARGED, NotCharged, late_due_date, require_supported, unsupported
from fees.terms import Terms
from fees.terms_problems import keys_of
from statements.seal import seal_statements

CASH = '[[interest.segment]]\nname = "cash_advance"\ndaily_rate = "0.0005"\n'
PURCHASE = '[[interest.segment]]\nname = "purchase"\ndaily_rate = "0.0005"\n'
SPRING = '[[interest.segment]]\nname = "spring"\ndaily_rate = "0"\n'


def said(toml: str) -> list[str]:
    return [str(each) for each in unsupported(Terms.from_toml(toml))]


@pytest.mark.parametrize("toml", [
    "", '[interest]\nday_count = "actual/360"',
    *(f'[interest]\nmethod = "{method}"' for method in
      ("average_daily_balance", "adjusted_balance", "previous_balance", "ending_balance", "two_cycle")),
    *(f'[interest]\nday_count = "{count}"' for count in ("actual/actual", "30/360", "monthly")),
    *(f'[interest]\naccrues_from = "{start}"' for start in ("due", "next_cycle")),
    *(f'[interest]\ncompounding = "{period}"' for period in ("daily", "monthly")),
    *(f'[interest]\nrounded_per = "{per}"' for per in ("segment", "day")),
    '[interest]\nfees_bear_interest = true\ninterest_bears_interest = true\nresidual_interest = "waive"',
    '[interest]\nminimum_charge = "10"\n[fees]\ntax_on_charges = {interest = "0.06"}',
    '[grace]\nlost_for = "all"\n[interest]\nrevolving_new_purchases = "next_statement"',
    '[grace]\nrequires = "previous_and_new_balance"\n[allocation]\nas_of = "previous_closing"',
    PURCHASE + CASH + "grace = true", PURCHASE + CASH + SPRING + "valid_days = 90\ndeferred = true",
    PURCHASE + CASH + SPRING + 'until = 2024-01-01\nrevert_to = "purchase"',
    PURCHASE.replace("daily", "effective_annual") + CASH,
    '[[interest.segment]]\nname = "purchase"\ntiers = [{annual_rate = "0.1"}]\n' + CASH,
    '[interest.over_limit]\neffective_annual_rate = "0.1"\n[interest.penalty]\nannual_rate = "0.2999"',
    '[interest]\naccrues_from = "posting"', '[interest]\naccrues_from = "closing"',
    '[interest]\ngrace_lost_charges = "unpaid"', '[interest]\nclosing_day_counts = true',
    '[interest]\npayment_day_counts = "old"', '[interest]\npayment_day_counts = "both"',
    '[interest]\ndebits_count_from = "next_day"\nclosing_day_counts = true',
    '[interest]\nrounding = "half_even"\nrounding_unit = "0.05"',
    '[grace]\nlost_for = "all"', '[interest]\nrevolving_new_purchases = "never_in_first"',
    PURCHASE.replace("daily_rate", "annual_rate") + CASH.replace("daily_rate", "monthly_rate"),
    PURCHASE + "grace = false\n" + CASH,
    '[interest.over_limit]\nmonthly_rate = "0.02"\ninstead_of_purchase_rate = false',
    '[minimum_payment]\ncombine = "greater_of"\nadd = []\nfloor = "50"\nround_to = "10"\nrounding = "up"',
    '[allocation]\nexcess = ["segment:cash_advance", "principal", "billed_first"]\nrefunds_count_as_payment = false',
    '[fees]\nannual = {amount = 1, first = "after_first_year", waive_if_count = 3}', '[fees]\nannual = {amount = 1, month = 3}',
    '[fees]\nfirst_year_cap = "0.25"',
    '[fees]\nlate_payment = {kind = "fixed", amount = 35, cap_at = "minimum_due", rounding_unit = "1", tolerance_days = 3}',
    '[fees]\nlate_payment = {percent = "0.05", floor = 10, cap = 50, cap_at = "unpaid_minimum"}',
    '[fees]\nover_limit = {amount = "0"}', '[fees]\nreturned_payment = {amount = 0}',
    *(f"[fees]\nlate_payment = {{{given}}}" for given in (
        'kind = "tiered", first = 1, repeat = 2, repeat_within_cycles = 6', 'kind = "slab", slabs = [{amount = 1}]',
        'kind = "percent_of_balance", percent = "0.1"', 'kind = "escalating", amounts = [1]',
        'kind = "fixed", amount = 1, tax = "0.18"', 'kind = "percent_of_interest", percent = "0.1"',
        'kind = "daily", per_day = 1')),
    '[fees]\nover_limit = {amount = 25}', '[fees]\nover_limit = {kind = "percent", percent = "0.025", floor = 500}',
    '[fees]\ncash_advance = {percent = "0.01"}\nforeign = {percent = "0.01"}\ntax_on_charges = {fees = "0.06"}',
    '[fees]\nbalance_transfer = {percent = 0, floor = 5}\nreturned_payment = {percent = "0.02", cap_at = "minimum_due"}',
    '[fees]\nservice = {amount = 1}\nreplacement = {amount = 1, free_for = []}\njoining = {amount = 1}',
    '[fees]\nsupplementary_annual = {amount = 1}\ntax_on_charges = {interest = "0"}',
    '[cycle]\ndue_roll = "next_business_day"\ncalendar = "CN"\ndue_after_days = 15\ntolerance_days = 3',
    '[cycle]\ntolerance_amount = "10"',
    '[instalments]\nmethod = "declining"\nannual_rate = "0.1"\nremainder_in = "last"',
    '[benefits]\n[disclosures]\npayoff = false\n[interest.penalty]',
])
def test_charged(toml: str) -> None:
    assert said(toml) == []


@pytest.mark.parametrize(("toml", "expected"), [
    ('rule_pack = "JP"', 'rule_pack = "JP" | it takes none'),
    ('[interest]\ndebits_count_from = "next_day"',
     'interest.debits_count_from = "next_day" | it takes same_day; next_day only where'),
    (PURCHASE + "valid_days = 90\n" + CASH, "interest.segment.purchase.valid_days = 90 | leave it out"),
    (PURCHASE + "until = 2024-01-01\n" + CASH, 'interest.segment.purchase.until = "2024-01-01" | leave it out'),
    (PURCHASE + CASH + "deferred = true", "interest.segment.cash_advance.deferred = true | leave it out"),
    (PURCHASE + CASH + SPRING + "deferred = true",
     "interest.segment.spring.deferred = true | it takes true only with valid_days"),
    (PURCHASE + CASH + SPRING.replace('daily_rate = "0"', 'tiers = [{annual_rate = "0.1"}]')
     + "valid_days = 9\ndeferred = true",
     "it takes one rate where deferred is true"),
    (PURCHASE + CASH + SPRING + 'until = 2024-01-01\nrevert_to = "spring"',
     'interest.segment.spring.revert_to = "spring" | it takes a segment that does not end'),
    ("[benefits]\ninterest_forgiveness_days = 0", "benefits.interest_forgiveness_days = 0"),
])
def test_refused(toml: str, expected: str) -> None:
    found = said(toml)
    assert len(found) == 1
    assert expected.replace(" | ", " is not charged by this release; ") in found[0]


def test_keys_that_are_looked_at_exist() -> None:
    assert set(CHARGED) <= set(keys_of(Terms))


def test_the_refusal_names_everything_and_where() -> None:
    terms = Terms.from_toml('product = "gold"\nkind = "credit"\n[interest]\ndebits_count_from = "next_day"\n'
                            '[benefits]\ninterest_forgiveness_days = 0')
    with pytest.raises(NotCharged) as caught:
        require_supported(terms, "gold.toml")
    assert str(caught.value).startswith('gold.toml: interest.debits_count_from = "next_day" is not charged')
    assert "benefits.interest_forgiveness_days" in str(caught.value)
    assert caught.value.exit_code == 3
    with pytest.raises(NotCharged, match="gold@2023-01-01: "):
        require_supported(terms)


@pytest.mark.parametrize(("toml", "closing_day", "why"), [
    ("closing_day = 5\ndue_day = 4", 5, None),
    ("closing_day = 5\ndue_day = 5", 5, None),
    ("closing_day = 31\ndue_day = 31", 31, None),
    ("closing_day = 31\ndue_day = 28", 31, None),
    ("closing_day = 31\ndue_day = 27", 31, None),
    ("due_after_days = 28", 5, None),
    ("due_after_days = 29", 5, "February is too short"),
    ("due_after_days = 30", 1, "so it is for thirty days"),
    ("due_after_days = 25\ntolerance_days = 3", 5, None),
    ("due_after_days = 25\ntolerance_days = 4", 5, "the tolerance reaches past the next closing"),
    ('due_after_days = 27\ndue_roll = "next_business_day"\ncalendar = "CN"', 5, "a weekend moves it on"),
    ("due_day = 23", 23, None),
    ("due_after_days = 29", 6, "an account's own closing day"),
])
def test_no_due_date_with_its_tolerance_lies_after_the_next_closing(toml: str, closing_day: int, why: str | None) -> None:
    terms = Terms.from_toml(f"[cycle]\n{toml}")
    late = late_due_date(terms, closing_day)
    assert (late is None) == (why is None)
    if terms.cycle.closing_day == closing_day:
        assert any("due dates not after the next closing" in each for each in said(f"[cycle]\n{toml}")) == (why is not None)


def test_the_late_payment_fees_own_tolerance_counts_too() -> None:
    late = '[cycle]\ndue_after_days = 25\n[fees]\nlate_payment = {kind = "fixed", amount = 1, tolerance_days = 4}'
    assert late_due_date(Terms.from_toml(late), 5) == (date(2023, 2, 5), date(2023, 3, 2), date(2023, 3, 5))


def test_the_schedules_that_come_along_are_charged() -> None:
    for path in (Path(__file__).parents[2] / "fees" / "schedules").glob("*.toml"):
        require_supported(Terms.from_file(path))


def test_what_an_entitlement_may_forgive_is_not_forgiven_without_one() -> None:
    scenario = Scenario.from_document({
        "account": {"opened_on": date(2024, 1, 6), "credit_limit": "5000"}, "until": date(2024, 3, 5),
        "terms": {"benefits": {"interest_forgiveness_days": 3}},
        "events": [{"on": date(2024, 1, 10), "type": "purchase", "amount": "1000.00"},
                   {"on": date(2024, 2, 25), "type": "payment", "amount": "1000.00"}]}, Path("scenario.toml"))
    billed, paid_two_days_late = (each.row for each in simulate(scenario, seal_statements).statements)
    assert (billed["due_on"], billed["interest"]) == (date(2024, 2, 23), 0)
    assert (paid_two_days_late["interest"], paid_two_days_late["waivers"]) == (2300, 0)
