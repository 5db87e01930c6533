"""What a fee comes to: an amount of the terms or a share, with floor and cap; and the tax on it (rules 12.1, 12.9)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from fees.terms import Terms
from statements.reperformance.rounding import rounded


def share_of(terms: Terms, share: Decimal, amount: int, unit: int | None = None) -> int:
    """A share of an amount, rounded once as interest is, to the smallest amount shown or to a unit of its own."""
    return rounded(Fraction(share) * amount, terms.interest.rounding, unit or terms.shown_unit)


def bounded(terms: Terms, amount: int, floor: Decimal = Decimal(0), cap: Decimal | None = None) -> int:
    """At least the floor, then at most the cap."""
    amount = max(amount, terms.minor(floor))
    return amount if cap is None else min(amount, terms.minor(cap))


def tax_on(terms: Terms, fee: str, amount: int) -> int:
    """The tax on a fee; the late-payment fee may have its own."""
    late = terms.fees.late_payment
    own = late.tax if fee == "late_payment" and late is not None else Decimal(0)
    return share_of(terms, own or terms.fees.tax_on_charges.fees, amount)
