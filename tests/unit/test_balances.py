"""How a payment runs down balances: the order comes from the terms, and its parts add up to it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.balances import BALANCES, BILLED, CASH, FEES, INTEREST, NEW, REVOLVING, Allocation, allocation_order
from fees.terms import Terms

LOW, HIGH = Fraction(1, 10_000), Fraction(1, 1_000)


@pytest.mark.parametrize(("items", "purchase_rate", "cash_rate", "order"), [
    (["past_due", "fees", "interest", "lowest_rate", "oldest"], LOW, HIGH, (FEES, INTEREST, REVOLVING, BILLED, NEW, CASH)),
    (["highest_rate", "oldest"], LOW, HIGH, (CASH, REVOLVING, BILLED, NEW, FEES, INTEREST)),
    (["highest_rate", "oldest"], LOW, LOW, (REVOLVING, BILLED, CASH, NEW, FEES, INTEREST)),
    (["principal", "interest"], LOW, HIGH, (REVOLVING, BILLED, CASH, NEW, INTEREST, FEES)),
    (["billed_first", "highest_rate"], LOW, HIGH, (CASH, REVOLVING, BILLED, NEW, FEES, INTEREST)),
    (["segment:cash_advance", "fees"], LOW, HIGH, (CASH, FEES, INTEREST, REVOLVING, BILLED, NEW)),
    ([], LOW, HIGH, (FEES, INTEREST, REVOLVING, BILLED, CASH, NEW)),
])
def test_orders(items: list[str], purchase_rate: Fraction, cash_rate: Fraction, order: tuple[int, ...]) -> None:
    assert allocation_order(items, purchase_rate, cash_rate) == order


@given(st.lists(st.integers(0, 10**9), min_size=BALANCES, max_size=BALANCES), st.integers(0, 10**9), st.integers(0, 10**9),
       st.integers(-10**9, 10**9))
def test_the_parts_of_a_payment_add_up_to_it(balances: list[int], credit: int, money: int, missing: int) -> None:
    before = np.array(balances, dtype=np.int64).reshape(BALANCES, 1)
    after = before.copy()
    left = Allocation(Terms.from_document({}), LOW, HIGH).pay(
        after, np.array([credit]), np.array([money]), np.array([missing]))
    assert int((before - after).sum()) + int(left[0]) == money + credit
    assert (after >= 0).all()
    assert left[0] == 0 or not after.any()


def test_the_minimums_worth_pays_the_cheap_balance_and_the_rest_the_dear_one() -> None:
    balances = np.zeros((BALANCES, 1), dtype=np.int64)
    balances[REVOLVING], balances[CASH] = 50_000, 50_000
    Allocation(Terms.from_document({}), LOW, HIGH).pay(balances, np.array([0]), np.array([30_000]), np.array([10_000]))
    assert (balances[REVOLVING, 0], balances[CASH, 0]) == (40_000, 30_000)
