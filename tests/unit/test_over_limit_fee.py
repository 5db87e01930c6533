"""The over-limit fee: which cycles bear it, on what excess, and how much."""

from __future__ import annotations

import numpy as np
import pytest

from accounts.posting_types import CASH_ADVANCE, PAYMENT, PURCHASE, RETURNED_PAYMENT
from billing.over_limit import LimitHistory
from fees.over_limit import needs_opt_in, over_limit_fee
from fees.terms import Terms

BUY, CASH, PAY, BACK = PURCHASE.code, CASH_ADVANCE.code, PAYMENT.code, RETURNED_PAYMENT.code
#: A cycle of days 31 to 60, with a due date on day 55.
DUE = 55


@pytest.mark.parametrize(("balance", "limit", "postings", "charged_before", "excess", "why"), [
    (4950, 5000, [(36, BUY, 60), (54, BUY, 5)], 0, 15, "all that was extended in the cycle"),
    (4950, 5000, [(36, BUY, 60), (40, PAY, -500)], 0, 10, "a payment after it changes nothing"),
    (4950, 5000, [(36, PAY, -100), (36, BUY, 60)], 0, 10, "on the same day debits come first"),
    (4950, 5000, [(35, PAY, -100), (36, BUY, 60)], 0, 0, "a payment before it does"),
    (4950, 5000, [(36, BUY, 50)], 0, 0, "up to the limit is not over it"),
    (4950, 5000, [(34, PAY, -100), (36, CASH, 75), (37, BACK, 100)], 0, 0, "taken over by a returned payment alone"),
    (5100, 5000, [], 0, 0, "over it by last cycle's fees, and no spending"),
    (5100, 5000, [], 1, 100, "still over it when the due date has passed"),
    (5100, 5000, [(55, PAY, -100)], 1, 0, "brought back by the due date"),
    (5100, 5000, [(56, PAY, -100)], 1, 100, "a day too late"),
])
def test_excess(balance: int, limit: int, postings: list[tuple[int, int, int]], charged_before: int, excess: int,
                why: str) -> None:
    closings = [30, 0]
    history = LimitHistory(balance, limit, DUE, sorted(postings), closings, closings[:charged_before])
    assert history.excess() == excess


@pytest.mark.parametrize(("charged_on", "in_a_row"), [([], 0), ([60], 1), ([60, 30], 2), ([30], 0), ([60, 0], 1)])
def test_how_many_cycles_in_a_row_were_charged(charged_on: list[int], in_a_row: int) -> None:
    assert LimitHistory(0, 100, 0, [], [60, 30, 0], charged_on).charged_in_a_row == in_a_row


@pytest.mark.parametrize(("terms", "excess", "in_a_row", "fee"), [
    ("amount = 25", 15_00, 0, 25_00), ("amount = 25", 0, 0, 0), ("amount = 25", 15_00, 2, 25_00), ("amount = 25", 15_00, 3, 0),
    ("amount = 25, max_consecutive_cycles = 1", 15_00, 1, 0), ('amount = 25, cap_at = "over_limit"', 15_00, 0, 15_00),
    ('kind = "percent", percent = "0.025", floor = 500', 30000_00, 0, 750_00),
    ('kind = "percent", percent = "0.025", floor = 500', 100_00, 0, 500_00),
    ('kind = "percent", percent = "0.05", cap = "7"', 1000_00, 0, 7_00),
])
def test_fee(terms: str, excess: int, in_a_row: int, fee: int) -> None:
    parsed = Terms.from_toml(f"[fees]\nover_limit = {{{terms}}}")
    assert over_limit_fee(parsed, np.array([excess]), np.array([in_a_row])).tolist() == [fee]


def test_under_rule_pack_us_only_by_agreement_and_never_more_than_the_excess() -> None:
    terms = Terms.from_toml('currency = "USD"\nrule_pack = "US"\n[fees]\nover_limit = {amount = 25}')
    assert needs_opt_in(terms)
    assert over_limit_fee(terms, np.array([15_00]), np.array([0])).tolist() == [15_00]
    assert not needs_opt_in(Terms.from_toml("[fees]\nover_limit = {amount = 25}"))
    assert needs_opt_in(Terms.from_toml("[fees]\nover_limit = {amount = 25, opt_in = true}"))
