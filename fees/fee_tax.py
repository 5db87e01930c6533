"""Tax on fees: a line of its own on top of what it is on; a waiver of the fee does not lower it."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from fees.rounding import Int64Array, round_share
from fees.terms import Terms


def fee_tax_rate(terms: Terms, fee: str) -> Decimal:
    """The tax on a fee, as a fraction of it: the late-payment fee's own where it has one, else that on all fees."""
    own = terms.fees.late_payment.tax if fee == "late_payment" and terms.fees.late_payment is not None else Decimal(0)
    return own or terms.fees.tax_on_charges.fees


def fee_tax(terms: Terms, fee: str, amounts: Int64Array) -> Int64Array:
    """The tax on each fee of a kind, minor units, rounded as interest is to the smallest amount shown."""
    return round_share(amounts, Fraction(fee_tax_rate(terms, fee)), terms.interest.rounding, terms.shown_unit)
