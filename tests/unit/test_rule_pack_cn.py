"""The rule pack CN: the band of rates by its years, the penalty, fees that bear nothing, no fee over the limit."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.rule_pack_cases import billed, changed, charged, found

Statements = list[dict[str, Any]]


def rated(in_force_from: str, daily_rate: str) -> str:
    rows = "".join(f'[[interest.segment]]\nname = "{name}"\ndaily_rate = "{daily_rate}"\n'
                   for name in ("purchase", "cash_advance"))
    return f"in_force_from = {in_force_from}\n{rows}"


@pytest.mark.parametrize(("in_force_from", "daily_rate", "allowed"), [
    ("2016-12-31", "0.0005", True), ("2016-12-31", "0.00049", False), ("2016-12-31", "0.00051", False),
    ("2017-01-01", "0.0005", True), ("2017-01-01", "0.00035", True), ("2020-12-31", "0.000349", False),
    ("2020-12-31", "0.000501", False), ("2020-12-31", "0", False),
    ("2021-01-01", "0.0003", True), ("2021-01-01", "0.0006", True),
])
def test_the_band_of_rates_holds_until_2021(in_force_from: str, daily_rate: str, allowed: bool) -> None:
    broken = found(changed("china-card", rated(in_force_from, daily_rate)))
    assert [each.check.name for each in broken] == ([] if allowed else ["rate-band", "rate-band"])
    for each in broken[:1]:
        assert each.breach.counter_example is not None
        bill = billed(each.breach.counter_example)
        assert bill is not None
        days = Decimal(bill[1]["interest_by_segment"][0]["balance_days"]) if bill[1]["interest_by_segment"] else Decimal(0)
        assert Decimal(bill[1]["interest"]) == round(days * Decimal(daily_rate), 2)


def test_above_24_percent_is_only_noted() -> None:
    broken = found(changed("china-card", rated("2021-01-01", "0.0007")))
    assert {(each.check.name, each.check.level) for each in broken} == {("above-24-percent", "note")}


@pytest.mark.parametrize(("toml", "check", "shown"), [
    ('[fees]\nover_limit = {amount = "10"}', "no-over-limit-fee", lambda bill: charged(bill, "over_limit") > 0),
    ('in_force_from = 2016-01-01\n[fees]\nover_limit = {kind = "percent", percent = "0.06"}', "no-over-limit-fee",
     lambda bill: charged(bill, "over_limit") > 25),
    ("[interest]\nfees_bear_interest = true", "no-interest-on-fees",
     lambda bill: Decimal(bill[2]["interest_by_segment"][0]["average_daily_balance"]) > 1000),
    ('[fees]\nlate_payment = {percent = "0.051", floor = "10.00"}', "agreed-penalty",
     lambda bill: charged(bill, "late_payment") > Decimal(bill[0]["minimum_payment_due"]) / 20),
    ('[fees]\nlate_payment = {kind = "fixed", amount = "50"}', "agreed-penalty",
     lambda bill: charged(bill, "late_payment") > Decimal(bill[0]["minimum_payment_due"]) / 20),
])
def test_each_check_is_broken_by_its_key_alone(toml: str, check: str, shown: Callable[[Statements], bool]) -> None:
    [broken] = found(changed("china-card", toml))
    assert (broken.check.name, broken.check.level) == (check, "refused")
    assert broken.breach.counter_example is not None
    bill = billed(broken.breach.counter_example)
    assert bill is not None
    assert shown(bill)


@pytest.mark.parametrize("toml", [
    "", '[fees]\nover_limit = {amount = "0"}', '[interest]\ncompounding = "monthly"',
    '[interest]\ngrace_lost_charges = "unpaid"', 'in_force_from = 2016-01-01\n[interest]\nfees_bear_interest = true',
    'in_force_from = 2016-01-01\n[fees]\nover_limit = {kind = "percent", percent = "0.05"}',
])
def test_terms_that_keep_the_law(toml: str) -> None:
    assert found(changed("china-card", toml)) == []


def test_notice_is_for_rates_only() -> None:
    later = changed("china-card", rated("2021-02-01", "0.0006") + '[fees]\nannual = {amount = "300.00"}\n')
    earlier = changed("china-card", rated("2021-01-01", "0.0005"))
    broken = [each for each in found(later, earlier) if each.check.level == "refused"]
    assert {each.check.name for each in broken} == {"notice-of-45-days"}
    assert {each.breach.key for each in broken} == {"interest.segment.purchase", "interest.segment.cash_advance"}
