"""Postings come by key, in whatever order the server gives them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from billing.reading import KEY, in_key_order


@given(st.lists(st.tuples(*[st.integers(0, 2)] * len(KEY)), unique=True, max_size=30))
def test_in_key_order(keys: list[tuple[int, ...]]) -> None:
    table = np.array(keys, dtype=np.int64).reshape(-1, len(KEY))
    postings = {name: table[:, column] for column, name in enumerate(KEY)} | {"amount": np.arange(len(keys))}
    ordered = in_key_order(postings)
    assert [keys[row] for row in ordered["amount"]] == sorted(keys)
    assert all(list(zip(*(ordered[name] for name in KEY), strict=True))[row] == key for row, key in enumerate(sorted(keys)))
    assert in_key_order(ordered) is ordered
