"""In the first year of an account fees come to at most a share of its credit limit; fees for a violation are outside it.

Source: under rule pack US, 12 CFR 1026.52(a): a quarter; docs/reference/billing-rules.md, 12.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np

from fees.rounding import Int64Array
from fees.terms import Terms

#: Fees that the cap holds down, by name.
CAPPED = frozenset({
    "joining", "annual", "supplementary_annual", "service", "replacement", "cash_advance", "foreign", "balance_transfer",
})
_UNDER_US = Decimal("0.25")


def first_year_cap(terms: Terms) -> Decimal | None:
    """The share of the credit limit that the fees of the first year may come to; None where there is no cap."""
    given = terms.fees.first_year_cap
    return _UNDER_US if given is None and terms.rule_pack == "US" else given


def within_first_year_cap(cap: Decimal, account: Int64Array, amounts: Int64Array, limit: Int64Array, charged: Int64Array,
                          in_first_year: np.ndarray) -> Int64Array:
    """Fees cut to what the cap leaves: where it is used up, to nothing.

    account: which account each fee is of, equal ones side by side; amounts: the fees, in the order that they are charged in;
    limit: credit limits; charged: what the first year's fees came to before; minor units, all of shape (fees,).
    """
    most = limit.astype(object) * Fraction(cap).numerator // Fraction(cap).denominator
    begins = np.ones(len(account), dtype=bool)
    begins[1:] = account[1:] != account[:-1]
    before = np.cumsum(amounts) - amounts
    before -= before[np.maximum.accumulate(np.where(begins, np.arange(len(account)), 0))] if len(account) else 0
    room = np.array([min(int(each), 2**62) for each in most], dtype=np.int64) - charged - before
    return np.where(in_first_year, np.clip(room, 0, amounts), amounts)
