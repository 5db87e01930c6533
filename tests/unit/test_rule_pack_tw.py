"""The rule pack TW: what may bear interest, from when, at most how much; late-payment fees three times at most."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.rule_pack_cases import billed, changed, charged, found

Statements = list[dict[str, Any]]
SMALL_BILLS = "no-late-fee-on-small-bills"


def rated(rate: str, more: str = "") -> str:
    return "".join(f'[[interest.segment]]\nname = "{name}"\nannual_rate = "{rate}"\n{more}'
                   for name in ("purchase", "cash_advance"))


def days_charged(bill: Statements, number: int) -> Decimal:
    return Decimal(bill[number]["interest_by_segment"][0]["balance_days"])


@pytest.mark.parametrize(("toml", "check", "shown"), [
    (rated("0.1501"), "rate-cap", lambda bill: Decimal(bill[1]["interest"]) > 10000 * Decimal("0.15") * 31 / 365),
    ('[interest]\ncompounding = "monthly"', "no-compounding", lambda bill: days_charged(bill, 2) > 10000 * 31),
    ("[interest]\ninterest_bears_interest = true", "no-compounding", lambda bill: days_charged(bill, 2) > 10000 * 31),
    ("[interest]\nfees_bear_interest = true", "no-interest-on-fees", lambda bill: days_charged(bill, 2) > 10000 * 31),
    ('[grace]\nlost_for = "all"', "no-interest-on-new-purchases", lambda bill: days_charged(bill, 1) > 10000 * 62),
    ('[interest]\ngrace_lost_charges = "full"', "only-the-unpaid-part", lambda bill: days_charged(bill, 1) > 1000 * 62),
    ('[interest]\naccrues_from = "transaction"', "not-before-posting", lambda bill: days_charged(bill, 1) > 10000 * 52),
    ('[fees]\nlate_payment = {kind = "fixed", amount = "300"}', "late-fee-fixed-and-three-times",
     lambda bill: charged(bill, "late_payment") > 900),
    ('[fees]\nlate_payment = {kind = "escalating", amounts = ["300", "300", "300", "300"]}', "late-fee-fixed-and-three-times",
     lambda bill: charged(bill, "late_payment") > 900),
    ('[fees]\nlate_payment = {kind = "escalating", amounts = ["300", "401"]}', "late-fee-fixed-and-three-times",
     lambda bill: charged(bill, "late_payment", last=True) == 401),
    ('[fees]\nlate_payment = {kind = "percent_of_interest", percent = "0.1"}', "late-fee-fixed-and-three-times",
     lambda bill: len({charged([each], "late_payment") for each in bill[1:]}) > 1),
])
def test_each_check_is_broken_by_its_key_alone(toml: str, check: str, shown: Callable[[Statements], bool]) -> None:
    broken = {each.check.name: each for each in found(changed("taiwan-card", toml))}
    assert set(broken) == {check, SMALL_BILLS}
    example = broken[check].breach.counter_example
    assert example is not None
    bill = billed(example)
    assert bill is not None
    assert shown(bill)


def test_small_bills_are_charged_and_that_is_noted() -> None:
    [note] = found(changed("taiwan-card"))
    assert (note.check.name, note.check.level) == (SMALL_BILLS, "note")
    assert note.breach.counter_example is not None
    bill = billed(note.breach.counter_example)
    assert bill is not None
    assert (bill[0]["new_balance"], charged(bill, "late_payment")) == ("1000", 300)


@pytest.mark.parametrize("toml", [
    rated("0.15"), "in_force_from = 2015-08-31\n" + rated("0.1971"), '[interest]\naccrues_from = "closing"',
    '[grace]\nlost_for = "all"\n[interest]\nrevolving_new_purchases = "never_in_first"',
    '[grace]\nlost_for = "all"\n[interest]\nrevolving_new_purchases = "next_statement"',
    'in_force_from = 2011-01-01\n[fees]\nlate_payment = {kind = "percent_of_interest", percent = "0.1"}',
])
def test_terms_that_keep_the_law(toml: str) -> None:
    assert {each.check.name for each in found(changed("taiwan-card", toml))} <= {SMALL_BILLS}


def test_a_higher_rate_is_for_new_purchases_only() -> None:
    earlier = changed("taiwan-card", rated("0.10"))
    later = changed("taiwan-card", "in_force_from = 2016-06-01\n" + rated("0.12"))
    broken = [each for each in found(later, earlier) if each.check.level == "refused"]
    assert {each.check.name for each in broken} == {"no-higher-rate-on-what-is-owed"}
    for each in broken[:1]:
        assert each.breach.counter_example is not None
        bill = billed(each.breach.counter_example)
        assert bill is not None
        assert {row["rate"] for one in bill for row in one["interest_by_segment"]} == {"0.1", "0.12"}


def test_notice_is_of_60_days() -> None:
    earlier = changed("taiwan-card")
    for day, names in (("2016-02-29", {"notice-of-60-days"}), ("2016-03-01", set())):
        later = changed("taiwan-card", f'in_force_from = {day}\n[fees]\ncash_advance = {{percent = "0.035", floor = "100"}}')
        assert {each.check.name for each in found(later, earlier) if each.check.level == "refused"} == names
