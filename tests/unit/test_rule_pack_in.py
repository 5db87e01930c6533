"""The rule pack IN: no negative amortisation, three days before a late-payment fee, charges that bear nothing, consent."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.rule_pack_cases import billed, changed, charged, found

Statements = list[dict[str, Any]]


def grows(bill: Statements) -> bool:
    last = bill[-1]
    return Decimal(last["minimum_payment_due"]) < Decimal(last["interest"]) + Decimal(last["fees"])


@pytest.mark.parametrize(("toml", "check", "level", "shown"), [
    ('[minimum_payment]\nadd = ["fees", "past_due"]\nfloor = "0"', "no-negative-amortisation", "refused", grows),
    ('[minimum_payment]\nadd = ["fees", "past_due"]', "no-negative-amortisation", "refused", grows),
    ('[minimum_payment]\nadd = ["interest", "past_due"]', "no-negative-amortisation", "refused", grows),
    ("[fees.late_payment]\nkind = \"percent_of_balance\"\npercent = \"0.03\"\ntolerance_days = 2", "late-fee-after-three-days",
     "refused", lambda bill: charged(bill, "late_payment") > 0),
    ('[fees]\nlate_payment = {percent = "0.05"}', "late-fee-after-three-days", "refused",
     lambda bill: charged(bill, "late_payment") > 0),
    ('[fees]\nlate_payment = {kind = "slab", tolerance_days = 3, slabs = [{up_to = "500", amount = "0"}, {amount = "750"}]}',
     "late-fee-on-what-is-outstanding", "note", lambda bill: charged(bill, "late_payment") == 750),
    ("[interest]\nfees_bear_interest = true", "charges-are-not-capitalised", "refused",
     lambda bill: Decimal(bill[2]["interest_by_segment"][0]["average_daily_balance"]) > 10000),
    ('[fees]\nover_limit = {amount = "500"}', "over-limit-only-by-consent", "refused",
     lambda bill: charged(bill, "over_limit") == 500),
])
def test_each_check_is_broken_by_its_key_alone(toml: str, check: str, level: str,
                                               shown: Callable[[Statements], bool]) -> None:
    [broken] = found(changed("india-card", toml))
    assert (broken.check.name, broken.check.level) == (check, level)
    assert broken.breach.counter_example is not None
    bill = billed(broken.breach.counter_example)
    assert bill is None or shown(bill)


@pytest.mark.parametrize("toml", [
    "", '[fees]\nover_limit = {amount = "500", opt_in = true}',
    '[cycle]\ntolerance_days = 3\n[fees]\nlate_payment = {percent = "0.05"}',
    '[fees]\nlate_payment = {kind = "fixed", amount = "500", tolerance_days = 3}',
    'in_force_from = 2022-06-30\n[minimum_payment]\nadd = []\n[fees]\nlate_payment = {percent = "0.05"}\n'
    '[interest]\nfees_bear_interest = true',
])
def test_terms_that_keep_the_law(toml: str) -> None:
    assert found(changed("india-card", toml)) == []


def test_notice_is_of_a_month() -> None:
    for day, names in (("2023-01-30", {"notice-of-30-days"}), ("2023-01-31", set())):
        later = changed("india-card", f'in_force_from = {day}\n[fees]\nannual = {{amount = "600"}}')
        assert {each.check.name for each in found(later, changed("india-card"))} == names
