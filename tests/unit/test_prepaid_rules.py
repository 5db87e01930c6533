"""Every named limit of prepaid cards: a request that it just lets through, and one that it just refuses, with its numbers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from fees.lint import lint
from fees.prepaid import LimitReached, PrepaidRules
from fees.rule_packs.check import Case
from fees.terms import Terms

Ask = Callable[[PrepaidRules], object]


def rules(**prepaid: Any) -> PrepaidRules:
    return PrepaidRules(Terms.from_document(document(**prepaid)))


def document(currency: str = "CNY", **prepaid: Any) -> dict[str, Any]:
    return {"product": "ok", "kind": "prepaid", "currency": currency, "in_force_from": date(2024, 1, 1), "prepaid": prepaid}


BEARER = {"registered": False, "rule_set": "CN_MULTI_PURPOSE", "max_balance": "1000.00", "redemption": {"allowed": False}}
NAMED = {"rule_set": "CN_MULTI_PURPOSE"}

# rule, terms, lets through, refuses, numbers. The four cases of the 2012 Measures (CN-PP-1 to 3) are among them.
CASES: list[tuple[str, dict[str, Any], Ask, Ask, dict[str, str]]] = [
    ("max_balance", BEARER, lambda its: its.require_room(0, 100_000), lambda its: its.require_room(0, 100_001),
     {"value": "0.00", "asked": "1000.01", "most": "1000.00"}),
    ("max_balance", NAMED, lambda its: its.require_room(200_000, 300_000), lambda its: its.require_room(200_000, 300_001),
     {"value": "2000.00", "asked": "3000.01", "most": "5000.00"}),
    ("max_balance", {"max_balance": "80"}, lambda its: its.require_room(0, 8_000), lambda its: its.require_room(1, 8_000),
     {"value": "0.01", "asked": "80.00", "most": "80.00"}),
    ("cash", NAMED, lambda its: its.require_cash_allowed("cash", 499_900, "company"),
     lambda its: its.require_cash_allowed("cash", 500_000, "company"), {"asked": "5000.00", "below": "5000.00"}),
    ("cash", NAMED, lambda its: its.require_cash_allowed("cash", 4_999_900, "person"),
     lambda its: its.require_cash_allowed("cash", 5_000_000, "person"), {"asked": "50000.00", "below": "50000.00"}),
    ("identify", BEARER, lambda its: its.require_identified(899_999, False, [999_900, 999_900]),
     lambda its: its.require_identified(1_000_000, False, []), {"asked": "10000.00", "least": "10000.00"}),
    ("split_purchase", BEARER, lambda its: its.require_identified(999_900, False, [999_900, 100]),
     lambda its: its.require_identified(900_000, False, [999_900, 900_000]), {"purchases": "3", "least": "10000.00"}),
    ("source_barred", NAMED, lambda its: its.require_source("cash"), lambda its: its.require_source("credit_card"),
     {"source": "credit_card"}),
    ("source_barred", NAMED, lambda its: its.require_source("debit_card"), lambda its: its.require_source("telecom_card"),
     {"source": "telecom_card"}),
    ("source_not_allowed", {"rule_set": "SINGLE_PURPOSE_MERCHANT", "load_sources": ["cash", "telecom_card"]},
     lambda its: its.require_source("telecom_card"), lambda its: its.require_source("credit_card"), {"source": "credit_card"}),
    ("not_reloadable", {"reloadable": False}, lambda its: its.require_reloadable(False),
     lambda its: its.require_reloadable(True), {}),
    ("registered_to_unregistered", NAMED,
     lambda its: its.require_transfer(from_registered=True, to_registered=True, same_holder=False, approved=True),
     lambda its: its.require_transfer(from_registered=True, to_registered=False, same_holder=True, approved=True), {}),
    ("other_holder", {}, lambda its: its.require_transfer(from_registered=True, to_registered=False, same_holder=True,
                                                          approved=False),
     lambda its: its.require_transfer(from_registered=True, to_registered=True, same_holder=False, approved=False), {}),
    ("redeem_too_early", NAMED, lambda its: its.require_redeemable(date(2024, 1, 5), date(2024, 4, 4)),
     lambda its: its.require_redeemable(date(2024, 1, 5), date(2024, 4, 3)), {"first": "2024-04-04"}),
]


@pytest.mark.parametrize(("rule", "terms", "lets_through", "refuses", "numbers"), CASES)
def test_at_the_limit_and_just_over_it(rule: str, terms: dict[str, Any], lets_through: Ask, refuses: Ask,
                                       numbers: dict[str, str]) -> None:
    its = rules(**terms)
    lets_through(its)
    with pytest.raises(LimitReached, match=rf"\({rule}\)$") as refused:
        refuses(its)
    assert (refused.value.rule, refused.value.numbers) == (rule, numbers)


@pytest.mark.parametrize(("rule", "ask"), [
    ("loss_unregistered", lambda its: its.require_loss_report()),
    ("not_redeemable", lambda its: its.require_redeemable(date(2020, 1, 1), date(2024, 1, 1))),
])
def test_what_a_bearers_card_never_does(rule: str, ask: Ask) -> None:
    with pytest.raises(LimitReached, match=rule):
        ask(rules(**BEARER))


def test_a_bearers_card_whose_terms_would_pay_it_out_is_not_paid_out_all_the_same() -> None:
    with pytest.raises(LimitReached, match="redeem_unregistered"):
        rules(registered=False, rule_set="CN_MULTI_PURPOSE").require_redeemable(date(2020, 1, 1), date(2024, 1, 1))


def test_who_is_identified_may_buy_for_any_amount() -> None:
    rules(**BEARER).require_identified(10**9, True, [])
    rules(**NAMED).require_identified(10**9, False, [])


def test_days_and_shares() -> None:
    its = rules(validity_months=36, discount="0.05", redemption={"fee_percent": "0.01"}, extension={"months": 3, "fee": "10"})
    assert its.valid_until(date(2024, 2, 29)) == date(2027, 2, 28)
    assert rules().valid_until(date(2024, 2, 29)) is None
    assert its.extended_until(date(2027, 1, 31), date(2027, 1, 5)) == date(2027, 4, 30)
    assert its.extended_until(date(2027, 1, 31), date(2027, 6, 30)) == date(2027, 9, 30), "after it has expired: from today"
    assert its.discount_on(1_99) == 9, "0.0995 rounded down"
    assert its.redemption_fee(461_99) == 461


# terms under a rule set, and what the lint says of them; nothing where they keep to it.
@pytest.mark.parametrize(("prepaid", "check", "says"), [
    ({"rule_set": "CN_MULTI_PURPOSE", "max_balance": "6000"}, "highest_value",
     "prepaid.max_balance = 6000: a card that is registered may hold 5000 at most"),
    ({"rule_set": "CN_MULTI_PURPOSE", "registered": False, "max_balance": "1000.01", "redemption": {"allowed": False}},
     "highest_value", "may hold 1000 at most"),
    ({"rule_set": "CN_MULTI_PURPOSE", "validity_months": 36}, "validity", "a registered card has no end"),
    ({**BEARER, "validity_months": 35}, "validity", "at least 36, or 0 for none"),
    ({"rule_set": "CN_MULTI_PURPOSE", "cash_purchase_below": {"company": "5000.01"}}, "cash",
     "from 5000 on a company pays by transfer"),
    ({**BEARER, "identify_purchase_from": "10000.01"}, "identified", "is identified"),
    ({"rule_set": "CN_MULTI_PURPOSE", "load_sources": ["cash", "game_card"]}, "sources", "names game_card"),
    ({"rule_set": "CN_MULTI_PURPOSE", "redemption": {"allowed": False}}, "redemption", "may have its value paid out"),
    ({**BEARER, "redemption": {"allowed": True}}, "redemption", "is not paid out"),
    ({"rule_set": "CN_MULTI_PURPOSE", "dormancy": {"after_months": 24, "fee": "1"}}, "value_stays_the_holders",
     "never becomes"),
    ({"rule_set": "SINGLE_PURPOSE_MERCHANT", "load_sources": ["credit_card"]}, "no_credit", "not bought on credit"),
    ({"rule_set": "SINGLE_PURPOSE_MERCHANT", "load_sources": ["telecom_card"]}, None, ""),
    ({"rule_set": "US_GIFT", "validity_months": 59, "max_balance": "500"}, "five_years", "at least 60, or 0 for none"),
    ({"rule_set": "US_GIFT", "validity_months": 60, "dormancy": {"after_months": 11, "fee": "2"}}, "dormancy",
     "no fee before 12 months"),
    ({"rule_set": "US_GIFT", "validity_months": 60, "dormancy": {"after_months": 12, "fee": "2"}}, None, ""),
    ({**BEARER, "validity_months": 36}, None, ""), (NAMED, None, ""), ({}, None, ""),
])
def test_terms_that_break_a_rule_set_are_refused_with_the_rule(prepaid: dict[str, Any], check: str | None, says: str) -> None:
    given = document("USD" if prepaid.get("rule_set") == "US_GIFT" else "CNY", **prepaid)
    found = lint(given, Case(Terms.from_document(given)))
    assert [each.check for each in found] == ([] if check is None else [f"{prepaid['rule_set']} {check}"])
    assert all(says in each.message and each.level == "refused" for each in found)


@pytest.mark.parametrize(("more", "says"), [
    ({"interest": {"method": "two_cycle"}}, "interest = "), ({"fees": {"annual": {"amount": "5"}}}, "fees.annual = "),
    ({"rule_pack": "CN"}, "prepaid.rule_set names its law"), ({"minimum_payment": {"floor": "10"}}, "minimum_payment = "),
    ({"fees": {"tax_on_charges": {"fees": "0.06"}}}, "fees.tax_on_charges = "),
])
def test_what_says_nothing_of_a_prepaid_card_is_refused(more: dict[str, Any], says: str) -> None:
    given = {**document(), **more}
    found = lint(given, Case(Terms.from_document(given)))
    assert len(found) == 1
    assert says in found[0].message


def test_a_prepaid_product_in_whole_amounts_states_nothing_of_its_own() -> None:
    given = document("TWD", max_balance="1000")
    assert lint(given, Case(Terms.from_document(given))) == []
