"""The over-limit fee: for a cycle in which the credit limit was exceeded, in at most so many cycles in a row.

Source: docs/reference/billing-rules.md, 12; under rule pack US, 12 CFR 1026.52(b)(2)(i)(A)(3) and 1026.56.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from fees.rounding import Int64Array, round_share
from fees.terms import Terms


def needs_opt_in(terms: Terms) -> bool:
    """Whether only accounts whose holder agreed to the fee are charged."""
    fee = terms.fees.over_limit
    return fee is not None and (terms.rule_pack == "US" if fee.opt_in is None else fee.opt_in)


def over_limit_fee(terms: Terms, excess: Int64Array, charged_in_a_row: Int64Array) -> Int64Array:
    """What each account is charged, minor units, without tax.

    excess: what the cycle went over the limit by, 0 where it did not; charged_in_a_row: how many cycles in a row bore the fee
    before; shape (accounts,).
    """
    fee = terms.fees.over_limit
    if fee is None:
        return np.zeros_like(excess)
    if fee.percent is None:
        amount = np.full(excess.shape, terms.minor(fee.amount), dtype=np.int64)
    else:
        amount = round_share(excess, Fraction(fee.percent), terms.interest.rounding, terms.shown_unit)
        amount = np.maximum(amount, terms.minor(fee.floor))
        amount = amount if fee.cap is None else np.minimum(amount, terms.minor(fee.cap))
    if fee.cap_at == "over_limit" or (fee.cap_at is None and terms.rule_pack == "US"):
        amount = np.minimum(amount, excess)
    return np.where((excess > 0) & (charged_in_a_row < fee.max_consecutive_cycles), amount, 0)
