"""What the cap on an account's first year leaves of its fees."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from fees.first_year_cap import first_year_cap, within_first_year_cap
from fees.terms import Terms

US = 'currency = "USD"\nrule_pack = "US"\n'


@pytest.mark.parametrize(("toml", "cap"), [
    ("", None), (US, "0.25"), (US + '[fees]\nfirst_year_cap = "0.2"', "0.2"), ('[fees]\nfirst_year_cap = "0.1"', "0.1"),
])
def test_the_cap_of_the_terms(toml: str, cap: str | None) -> None:
    assert first_year_cap(Terms.from_toml(toml)) == (None if cap is None else Decimal(cap))


@pytest.mark.parametrize(("limit", "charged", "fees", "left", "why"), [
    (500_00, 0, [120_00], [120_00], "under a quarter"),
    (500_00, 120_00, [5_00], [5_00], "up to the cap"),
    (500_00, 125_00, [2_50], [0], "used up"),
    (500_00, 0, [250_00], [125_00], "cut to a quarter"),
    (500_00, 120_00, [3_00, 3_00, 3_00], [3_00, 2_00, 0], "several in turn"),
    (5_01, 0, [2_00], [1_25], "a quarter of 5.01 to the minor unit"),
    (10**15, 0, [5_00], [5_00], "no limit"),
])
def test_what_is_left(limit: int, charged: int, fees: list[int], left: list[int], why: str) -> None:
    def of(value: int) -> np.ndarray:
        return np.full(len(fees), value, dtype=np.int64)

    args = (Decimal("0.25"), of(1), np.array(fees), of(limit), of(charged))
    assert within_first_year_cap(*args, of(1) == 1).tolist() == left
    assert within_first_year_cap(*args, of(0) == 1).tolist() == fees


def test_each_account_has_its_own() -> None:
    left = within_first_year_cap(Decimal("0.25"), np.array([1, 1, 2]), np.array([100, 100, 100]), np.array([600, 600, 400]),
                                 np.array([0, 0, 90]), np.array([True, True, True]))
    assert left.tolist() == [100, 50, 10]
