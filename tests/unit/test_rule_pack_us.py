"""The rule pack US: what breaks each check, and an account that shows it when it is billed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from fees.rule_packs.united_states_penalty_fees import safe_harbour
from tests.rule_pack_cases import billed, changed, charged, found

Statements = list[dict[str, Any]]
SEGMENTS = ('[[interest.segment]]\nname = "purchase"\nannual_rate = "0.20"\n'
            '[[interest.segment]]\nname = "cash_advance"\nannual_rate = "0.30"\n')


def days_to_pay(statements: Statements) -> int:
    last = statements[-1]
    return (date.fromisoformat(last["payment_due_on"]) - date.fromisoformat(last["cycle"]["closes_on"])).days


def balance_days(statement: dict[str, Any], segment: str) -> Decimal:
    return sum((Decimal(row["balance_days"]) for row in statement["interest_by_segment"] if row["segment"] == segment),
               Decimal(0))


def minimum_missed(statements: Statements) -> Decimal:
    return Decimal(statements[0]["minimum_payment_due"])


@pytest.mark.parametrize(("toml", "check", "shown"), [
    ("[cycle]\ndue_day = 20", "21-days-to-pay", lambda bill: days_to_pay(bill) < 21),
    ("[cycle]\nclosing_day = 10", "21-days-to-pay", lambda bill: days_to_pay(bill) == 18),
    ('[interest]\nmethod = "two_cycle"', "no-double-cycle", lambda bill: balance_days(bill[1], "purchase") > 28 * 450),
    ('[interest]\naccrues_from = "transaction"', "no-reach-back",
     lambda bill: Decimal(bill[1]["interest_by_segment"][0]["balance_days"]) > 500 * 31),
    ('[interest]\naccrues_from = "posting"', "no-reach-back", lambda bill: balance_days(bill[1], "purchase") > 500 * 31),
    ('[interest]\ngrace_lost_charges = "full"', "paid-part-bears-nothing",
     lambda bill: Decimal(bill[1]["interest_by_segment"][0]["balance_days"]) > 100 * 31),
    ('[allocation]\nexcess = ["oldest"]', "excess-to-highest-rate",
     lambda bill: Decimal(bill[3]["interest_by_segment"][1]["balance_days"]) == 30 * 1000),
    ('[allocation]\nexcess = ["interest", "highest_rate"]', "excess-to-highest-rate",
     lambda bill: balance_days(bill[2], "cash_advance") > 3000),
    ('[allocation]\nexcess = ["segment:purchase", "highest_rate"]', "excess-to-highest-rate",
     lambda bill: balance_days(bill[3], "cash_advance") == 30 * 1000),
    ("[allocation]\nexcess = []", "excess-to-highest-rate", lambda bill: balance_days(bill[3], "cash_advance") == 30 * 1000),
    ('[fees]\nlate_payment = {kind = "fixed", amount = "32.00"}', "late-fee-within-minimum",
     lambda bill: charged(bill, "late_payment") > minimum_missed(bill) > 0),
    ('[fees]\nlate_payment = {percent = "0.05", floor = "10.00", cap = "30.00"}', "late-fee-within-minimum",
     lambda bill: charged(bill, "late_payment") > minimum_missed(bill) > 0),
    ('[fees]\nlate_payment = {kind = "fixed", amount = "32.01", cap_at = "minimum_due"}', "late-fee-safe-harbour",
     lambda bill: charged(bill, "late_payment") > 32),
    ('[fees]\nlate_payment = {percent = "1", cap_at = "unpaid_minimum"}', "late-fee-safe-harbour",
     lambda bill: charged(bill, "late_payment") > 32),
    ('[fees]\nlate_payment = {kind = "tiered", first = "32", repeat = "44", repeat_within_cycles = 6, cap_at = "minimum_due"}',
     "late-fee-safe-harbour", lambda bill: charged(bill, "late_payment", last=True) > 43),
    ('[fees]\nlate_payment = {kind = "tiered", first = "32", repeat = "43", repeat_within_cycles = 7, cap_at = "minimum_due"}',
     "late-fee-safe-harbour", None),
    ('[fees]\nlate_payment = {kind = "percent_of_balance", percent = "0.01", cap_at = "minimum_due"}', "late-fee-safe-harbour",
     lambda bill: charged(bill[:2], "late_payment") > 32),
    ('[fees]\nreturned_payment = {amount = "32.01", cap_at = "minimum_due"}', "other-penalty-fees-safe-harbour",
     lambda bill: charged(bill, "returned_payment") > 32),
    ('[fees]\nreturned_payment = {percent = "0.02", cap_at = "minimum_due"}', "other-penalty-fees-safe-harbour",
     lambda bill: charged(bill, "returned_payment") > 32),
    ('[fees]\nreturned_payment = {amount = "20"}', "returned-payment-fee-within-minimum",
     lambda bill: charged(bill, "returned_payment") > minimum_missed(bill) > 0),
    ('[fees]\nover_limit = {amount = "20", opt_in = false}', "over-limit-fee-opt-in",
     lambda bill: charged(bill, "over_limit") > 0),
    ('[fees]\nover_limit = {amount = "33"}', "other-penalty-fees-safe-harbour", lambda bill: charged(bill, "over_limit") > 32),
    ('[fees]\nover_limit = {amount = "30", max_consecutive_cycles = 4}', "over-limit-fee-three-cycles",
     lambda bill: [charged([each], "over_limit") for each in bill] == [30] * 4),
    ('[fees]\njoining = {amount = "30"}\nannual = {amount = "95"}\nfirst_year_cap = "0.3"', "first-year-fees",
     lambda bill: charged(bill, "joining") + charged(bill, "annual") > Decimal(bill[0]["credit_limit"]) / 4),
    ("[disclosures]\npayoff = false", "payoff-box", lambda bill: "payoff" not in bill[0]),
    ('[interest.penalty]\nannual_rate = "0.2999"\nafter_days_past_due = 59', "penalty-rate",
     lambda bill: Decimal(bill[3]["interest"]) > round(30000 * (Decimal("0.2799") * 30 + Decimal("0.02") * 3) / 365 / 30, 2)),
    ('[interest.penalty]\nannual_rate = "0.2999"\ncured_after_on_time = 7', "penalty-rate",
     lambda bill: Decimal(bill[-1]["interest"]) == round(balance_days(bill[-1], "purchase") * Decimal("0.2999") / 365, 2)
     and [each["past_due"] for each in bill[4:]] == ["0.00"] * 7),
    ('currency = "EUR"', "currency", None),
])
def test_each_check_is_broken_by_its_key_alone(toml: str, check: str, shown: Callable[[Statements], bool] | None) -> None:
    [broken] = found(changed("us-card", toml))
    assert broken.check.name == check
    example = broken.breach.counter_example
    if example is not None:
        bill = billed(example)
        assert bill is not None
        assert shown is not None
        assert shown(bill)
    else:
        assert shown is None


@pytest.mark.parametrize("toml", [
    "", "[cycle]\ndue_day = 24", '[interest]\naccrues_from = "due"', '[interest]\naccrues_from = "next_cycle"',
    SEGMENTS.replace("0.30", "0.20") + '[allocation]\nexcess = ["oldest", "highest_rate"]',
    SEGMENTS + '[allocation]\nexcess = ["segment:cash_advance", "oldest"]',
    '[fees]\nlate_payment = {percent = "0.5", cap = "32"}',
    '[fees]\nlate_payment = {kind = "slab", slabs = [{up_to = "100", amount = "10"}, {amount = "32"}], cap_at = "minimum_due"}',
    '[fees]\nlate_payment = {kind = "escalating", amounts = ["32", "43"], cap_at = "minimum_due"}',
    '[fees]\nlate_payment = {kind = "daily", per_day = "1", cap = "30", cap_at = "minimum_due"}',
    '[fees]\nlate_payment = {kind = "tiered", first = "32", repeat = "43", repeat_within_cycles = 6, cap_at = "minimum_due"}',
    '[fees]\nannual = {amount = "95", first = "after_first_year"}',
    '[fees]\njoining = {amount = "30"}\nannual = {amount = "95"}',
    '[fees]\nover_limit = {amount = "32"}\nreturned_payment = {amount = "32", cap_at = "minimum_due"}',
    '[interest.penalty]\nannual_rate = "0.2999"',
    '[interest]\ngrace_lost_charges = "full"\naccrues_from = "transaction"\n'
    + SEGMENTS.replace("0.20", "0").replace("0.30", "0") + "[disclosures]\npayoff = false",
])
def test_terms_that_keep_the_law(toml: str) -> None:
    assert found(changed("us-card", toml)) == []


@pytest.mark.parametrize(("on", "harbour"), [
    (date(2010, 8, 21), None), (date(2010, 8, 22), (25, 35)), (date(2016, 6, 26), (27, 37)),
    (date(2016, 6, 27), (27, 38)), (date(2021, 12, 31), (29, 40)), (date(2025, 6, 1), (32, 43)),
])
def test_the_safe_harbour_of_a_day(on: date, harbour: tuple[int, int] | None) -> None:
    assert safe_harbour(on) == harbour


@pytest.mark.parametrize(("since", "fee", "noted"), [
    ("2025-04-15", 'kind = "fixed", amount = "32.00"', True), ("2025-04-14", 'kind = "fixed", amount = "32.00"', False),
    ("2025-06-01", 'kind = "tiered", first = "30", repeat = "41", repeat_within_cycles = 6', False),
    ("2025-06-01", 'kind = "tiered", first = "30", repeat = "42", repeat_within_cycles = 6', True),
    ("2025-06-01", 'kind = "fixed", amount = "33.00"', False),
])
def test_amounts_of_the_vacated_rule_are_noted(since: str, fee: str, noted: bool) -> None:
    checks = [(each.check.name, each.check.level) for each in found(changed(
        "us-card", f'in_force_from = {since}\n[fees]\nlate_payment = {{{fee}, cap_at = "minimum_due"}}'))]
    assert (("late-fee-of-the-vacated-rule", "note") in checks) == noted
    assert (("late-fee-safe-harbour", "refused") in checks) == ("33" in fee)


LATER = 'in_force_from = {on}\n[interest]\n[[interest.segment]]\nname = "purchase"\nannual_rate = "0.2899"\nclause = "A.1"\n' \
        '[[interest.segment]]\nname = "cash_advance"\nannual_rate = "0.2999"\nclause = "A.2"\n'


@pytest.mark.parametrize(("in_force_from", "told_on", "days"), [
    ("2025-02-15", None, None),
    ("2025-02-14", None, 44),
    ("2025-08-01", date(2025, 6, 17), None),
    ("2025-08-01", date(2025, 6, 18), 44),
    ("2025-02-15", date(2024, 6, 1), None),
])
def test_what_becomes_dearer_has_45_days_notice(in_force_from: str, told_on: date | None, days: int | None) -> None:
    earlier, later = changed("us-card"), changed("us-card", LATER.format(on=in_force_from))
    broken = [each for each in found(later, earlier, told_on=told_on) if each.check.level == "refused"]
    assert [each.breach.key for each in broken] == (["interest.segment.purchase"] if days else [])
    for each in broken:
        assert each.check.name == "notice-of-45-days"
        assert f"changes from 27.99 % to 28.99 % on {in_force_from}, {days} days after" in each.breach.says
        assert each.clause == "A.1"
        assert each.breach.counter_example is not None
        bill = billed(each.breach.counter_example)
        assert bill is not None
        assert {rate["rate"] for one in bill for row in one["interest_by_segment"]
                for rate in row.get("rates", [row])} >= {"0.2799", "0.2899"}


def test_a_higher_rate_reaches_what_is_owed_already() -> None:
    later = changed("us-card", LATER.format(on="2025-04-01"))
    [note] = found(later, changed("us-card"), told_on=date(2025, 1, 1))
    assert (note.check.name, note.check.level) == ("no-higher-rate-on-what-is-owed", "note")
    cheaper = changed("us-card", LATER.format(on="2025-04-01").replace("0.2899", "0.2599"))
    assert found(cheaper, changed("us-card"), told_on=date(2025, 3, 31)) == []
