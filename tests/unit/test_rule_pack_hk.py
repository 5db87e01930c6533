"""The rule pack HK: the cap on rates, no double cycle, minimum payments that pay off, consent, notice."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.rule_pack_cases import billed, changed, charged, found

Statements = list[dict[str, Any]]


def rated(monthly: str, more: str = "") -> str:
    return more + "".join(f'[[interest.segment]]\nname = "{name}"\nmonthly_rate = "{monthly}"\n'
                          for name in ("purchase", "cash_advance"))


@pytest.mark.parametrize(("toml", "checks", "level", "shown"), [
    (rated("0.04"), ["rate-cap"] * 2, "refused", lambda bill: Decimal(bill[1]["interest"]) > 30),
    (rated("0.03"), ["presumed-extortionate"] * 2, "note", lambda bill: Decimal(bill[1]["interest"]) > 20),
    (rated("0.039", "in_force_from = 2022-12-29\n"), ["presumed-extortionate"] * 2, "note",
     lambda bill: Decimal(bill[1]["interest"]) > 1000 * Decimal("0.36") * 28 / 365),
    ('[interest]\nmethod = "two_cycle"', ["no-double-cycle"], "refused", lambda bill: Decimal(bill[1]["interest"]) > 1),
    ('[minimum_payment]\nadd = ["past_due"]', ["minimum-covers-interest-fees-and-1-percent"], "refused",
     lambda bill: Decimal(bill[-1]["minimum_payment_due"]) < Decimal(bill[-1]["interest"]) + Decimal(bill[-1]["fees"])
     + Decimal(bill[-1]["new_balance"]) / 100),
    ('[allocation]\nexcess = ["oldest"]', ["excess-to-highest-rate"], "refused",
     lambda bill: Decimal(bill[3]["interest_by_segment"][1]["balance_days"]) == 30 * 1000),
    ('[fees]\nover_limit = {amount = "100"}', ["over-limit-only-by-consent"], "refused",
     lambda bill: charged(bill, "over_limit") == 100),
    ("[cycle]\ndue_after_days = 20", ["21-days-to-pay"], "note", lambda bill: bill[0]["payment_due_on"] < "2023-03-08"),
])
def test_each_check_is_broken_by_its_key_alone(toml: str, checks: list[str], level: str,
                                               shown: Callable[[Statements], bool]) -> None:
    broken = found(changed("hong-kong-card", toml))
    assert [(each.check.name, each.check.level) for each in broken] == [(check, level) for check in checks]
    assert broken[0].breach.counter_example is not None
    bill = billed(broken[0].breach.counter_example)
    assert bill is not None
    assert shown(bill)


@pytest.mark.parametrize("toml", ["", rated("0.024"), '[fees]\nover_limit = {amount = "100", opt_in = true}',
                                  "[cycle]\ndue_after_days = 21"])
def test_terms_that_keep_the_law(toml: str) -> None:
    assert found(changed("hong-kong-card", toml)) == []


def test_notice_is_of_60_days() -> None:
    for day, names in (("2023-03-01", {"notice-of-60-days"}), ("2023-03-02", set())):
        later = changed("hong-kong-card", f'in_force_from = {day}\n[fees]\nannual = {{amount = "800"}}')
        assert {each.check.name for each in found(later, changed("hong-kong-card"))} == names
