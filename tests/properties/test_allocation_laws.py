"""Laws of a payment, on any order that terms may name."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.balances import allocation_order, run_down
from billing.cells import Cells
from fees.terms import Terms
from tests.properties.any_terms import Table, any_terms

ACCOUNTS = 3


@settings(max_examples=150)
@given(any_terms(), st.booleans(), st.data())
def test_the_parts_of_a_payment_add_up_to_it(terms: Table, owed_before_first: bool, data: st.DataObject) -> None:
    cells = Cells(Terms.from_document(terms))
    items = terms["allocation"].get("excess", ["highest_rate", "oldest"])
    rates = [Fraction(data.draw(st.integers(0, 4)), 100) for _ in cells.rows]
    order = allocation_order(cells, items, rates, owed_before_first)
    assert sorted(order) == list(range(cells.count)), "every balance once"

    amounts = st.lists(st.integers(0, 1000), min_size=ACCOUNTS, max_size=ACCOUNTS)
    owed = np.array([data.draw(amounts) for _ in range(cells.count)], dtype=np.int64)
    money = np.array(data.draw(amounts), dtype=np.int64) * data.draw(st.sampled_from([1, 10]))
    left_owed = owed.copy()
    left = run_down(left_owed, order, money)

    paid = owed - left_owed
    assert (paid >= 0).all()
    assert (paid.sum(axis=0) + left).tolist() == money.tolist()
    assert not left_owed[:, left > 0].any(), "money is left only where nothing is owed"
    for earlier, later in pairwise(order):
        assert not left_owed[earlier][paid[later] > 0].any(), "what stands later is paid only where what stands before it is"
