"""The rule pack UK: repayments to the highest rate, minimum payments that pay off, default charges of 12.00."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.rule_pack_cases import billed, changed, charged, found

Statements = list[dict[str, Any]]
COVERS = "minimum-covers-interest-fees-and-1-percent"


def asks_too_little(bill: Statements) -> bool:
    last = bill[-1]
    charges = Decimal(last["interest"]) + Decimal(last["fees"])
    return Decimal(last["minimum_payment_due"]) < charges + (Decimal(last["new_balance"]) - charges) / 100


@pytest.mark.parametrize(("toml", "check", "shown"), [
    ('[allocation]\nminimum = ["oldest"]', "repayment-to-highest-rate",
     lambda bill: Decimal(bill[3]["interest_by_segment"][1]["balance_days"]) > 2000),
    ('[allocation]\nexcess = ["oldest"]', "repayment-to-highest-rate",
     lambda bill: Decimal(bill[3]["interest_by_segment"][1]["balance_days"]) > 25000),
    ('[minimum_payment]\nparts = [{percent = "0.009", of = "principal"}]', COVERS, asks_too_little),
    ('[minimum_payment]\nadd = ["fees", "past_due"]', COVERS, asks_too_little),
    ('[minimum_payment]\nadd = ["interest", "past_due"]', COVERS, asks_too_little),
    ('[fees]\nlate_payment = {kind = "fixed", amount = "12.01"}', "default-charges",
     lambda bill: charged(bill, "late_payment") > 12),
    ('[fees]\nlate_payment = {percent = "0.5"}', "default-charges", lambda bill: charged(bill, "late_payment") > 12),
    ('[fees]\nreturned_payment = {amount = "15"}', "default-charges", lambda bill: charged(bill, "returned_payment") > 12),
    ('[fees]\nover_limit = {amount = "13"}', "default-charges", lambda bill: charged(bill, "over_limit") > 12),
    ('[interest]\ncompounding = "monthly"\nfees_bear_interest = true', "simple-interest-on-default-charges",
     lambda bill: Decimal(bill[-1]["interest_by_segment"][0]["average_daily_balance"]) > 1000 + charged(bill, "late_payment")),
])
def test_each_check_is_broken_by_its_key_alone(toml: str, check: str, shown: Callable[[Statements], bool]) -> None:
    [broken] = found(changed("uk-card", toml))
    assert (broken.check.name, broken.check.level) == (check, "refused")
    assert broken.breach.counter_example is not None
    bill = billed(broken.breach.counter_example)
    assert bill is not None
    assert shown(bill)


@pytest.mark.parametrize("toml", [
    "", '[fees]\nlate_payment = {percent = "0.05", cap = "12"}', "[interest]\nfees_bear_interest = true",
    '[interest]\ncompounding = "monthly"', '[minimum_payment]\nparts = [{percent = "0.02", of = "new_balance"}]',
])
def test_terms_that_keep_the_law(toml: str) -> None:
    assert found(changed("uk-card", toml)) == []


def test_notice_is_for_rates_only() -> None:
    rates = "".join(f'[[interest.segment]]\nname = "{name}"\neffective_annual_rate = "0.329"\n'
                    for name in ("purchase", "cash_advance"))
    for day, keys in (("2023-03-01", {"interest.segment.purchase", "interest.segment.cash_advance"}), ("2023-03-02", set())):
        later = changed("uk-card", f"in_force_from = {day}\n{rates}[fees]\nannual = {{amount = 20}}\n")
        assert {each.breach.key for each in found(later, changed("uk-card"))} == keys
