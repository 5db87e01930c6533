"""The late-payment fee: charged once for each statement whose minimum payment was not met in time, in eight kinds.

Source: docs/reference/terms.md, [fees] late_payment; docs/reference/billing-rules.md, 12.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from accounts.money import minor_units
from fees.rounding import Int64Array, Rounding, round_fraction, round_share
from fees.terms import Terms
from fees.terms_fees import (
    DailyLatePaymentFee,
    EscalatingLatePaymentFee,
    FixedLatePaymentFee,
    LatePaymentFee,
    PercentOfBalance,
    PercentOfInterest,
    PercentOfUnpaidMinimum,
    SlabLatePaymentFee,
    TieredLatePaymentFee,
)

#: Kinds that depend on what the cycle comes to: they are charged at its closing, the others the day after the tolerance.
_AT_CLOSING = ("percent_of_interest", "daily")


@dataclass(frozen=True)
class MissedMinimum:
    """What a late-payment fee is worked out from; minor units, columns of shape (accounts,).

    minimum_due: as printed; unpaid: what of it was missing at the end of due date and tolerance; new_balance: of the statement;
    received: towards it by then; in_a_row: how many due dates in a row were missed, this one included; repeats: another one
    was missed within the cycles that the terms look back on; interest: of the cycle that holds the due date; days: so many
    days late. Where a column is not given it is what a first miss has: 1 in a row, no repeat, and zeros.
    """

    minimum_due: Int64Array
    unpaid: Int64Array
    new_balance: Int64Array
    received: Int64Array
    in_a_row: Int64Array
    repeats: np.ndarray[Any, np.dtype[np.bool_]]
    interest: Int64Array
    days: Int64Array

    @staticmethod
    def first(minimum_due: Int64Array, unpaid: Int64Array, new_balance: Int64Array | None = None,
              received: Int64Array | None = None) -> MissedMinimum:
        """A first miss of each account."""
        nothing = np.zeros_like(unpaid)
        return MissedMinimum(minimum_due, unpaid, nothing if new_balance is None else new_balance,
                             nothing if received is None else received, nothing + 1, nothing > 0, nothing, nothing)

    def after(self, days: Int64Array) -> MissedMinimum:
        """The same so many days late."""
        return replace(self, days=days)


def charged_at_closing(fee: LatePaymentFee) -> bool:
    """Whether a fee of this kind waits for the closing of the cycle that holds the due date."""
    return getattr(fee, "kind", None) in _AT_CLOSING


def late_tolerance_days(terms: Terms, fee: LatePaymentFee) -> int:
    """Days after the due date on which a payment is still in time for this fee: its own, or the cycle's."""
    return terms.cycle.tolerance_days if fee.tolerance_days is None else fee.tolerance_days


def statements_looked_back(fee: LatePaymentFee) -> int:
    """How many earlier statements a fee of this kind asks about."""
    if isinstance(fee, TieredLatePaymentFee):
        return fee.repeat_within_cycles
    return len(fee.amounts) if isinstance(fee, EscalatingLatePaymentFee) else 0


def late_payment_fee(terms: Terms, missed: MissedMinimum, digits: int) -> Int64Array:
    """What each account is charged for having left part of a minimum payment unpaid, without tax; 0 where nothing is unpaid.

    The amount is rounded once, as interest is, to the fee's unit; floor and cap then stand as they are written, and `cap_at`
    cuts what is left.
    """
    fee = terms.fees.late_payment
    if fee is None:
        return np.zeros_like(missed.unpaid)
    mode = terms.interest.rounding
    unit = None if fee.rounding_unit is None else minor_units(fee.rounding_unit, digits)
    amount = _AMOUNTS[type(fee)](_Rule(fee, mode, unit, unit or terms.shown_unit, digits), missed)
    if fee.cap_at == "minimum_due":
        amount = np.minimum(amount, missed.minimum_due)
    elif fee.cap_at == "unpaid_minimum":
        amount = np.minimum(amount, missed.unpaid)
    return np.where(missed.unpaid > 0, amount, 0)


@dataclass(frozen=True)
class _Rule:
    """A fee of the terms with what its amounts are rounded to: unit, where one is given; share_unit, for a percentage."""

    fee: Any
    mode: Rounding
    unit: int | None
    share_unit: int
    digits: int

    def minor(self, amount: Any) -> int:
        return minor_units(amount, self.digits)

    def given(self, amounts: Int64Array) -> Int64Array:
        """Amounts of the terms: as they stand, unless a unit is given."""
        return amounts if self.unit is None else round_fraction(amounts, 1, self.mode, self.unit)

    def share(self, base: Int64Array) -> Int64Array:
        return round_share(base, Fraction(self.fee.percent), self.mode, self.share_unit)


def _fixed(rule: _Rule, missed: MissedMinimum) -> Int64Array:
    return rule.given(np.full(missed.unpaid.shape, rule.minor(rule.fee.amount), dtype=np.int64))


def _tiered(rule: _Rule, missed: MissedMinimum) -> Int64Array:
    return rule.given(np.where(missed.repeats, rule.minor(rule.fee.repeat), rule.minor(rule.fee.first)))


def _percent_of_unpaid_minimum(rule: _Rule, missed: MissedMinimum) -> Int64Array:
    amount = np.maximum(rule.share(missed.unpaid), rule.minor(rule.fee.floor))
    return amount if rule.fee.cap is None else np.minimum(amount, rule.minor(rule.fee.cap))


def _percent_of_interest(rule: _Rule, missed: MissedMinimum) -> Int64Array:
    return rule.share(missed.interest)


def _percent_of_balance(rule: _Rule, missed: MissedMinimum) -> Int64Array:
    return rule.share(np.maximum(missed.new_balance - missed.received, 0))


def _slab(rule: _Rule, missed: MissedMinimum) -> Int64Array:
    """The first slab whose end the statement's balance does not pass; beyond the last one, the last."""
    slabs = rule.fee.slabs
    ends = np.array([rule.minor(slab.up_to) for slab in slabs[:-1]], dtype=np.int64)
    amounts = np.array([rule.minor(slab.amount) for slab in slabs], dtype=np.int64)
    return rule.given(amounts[np.searchsorted(ends, missed.new_balance)])


def _escalating(rule: _Rule, missed: MissedMinimum) -> Int64Array:
    """The amount for the so-manieth month in a row; months after the last one named are not charged."""
    amounts = np.array([*(rule.minor(amount) for amount in rule.fee.amounts), 0], dtype=np.int64)
    return rule.given(amounts[np.minimum(missed.in_a_row - 1, len(rule.fee.amounts))])


def _daily(rule: _Rule, missed: MissedMinimum) -> Int64Array:
    amount = rule.given(missed.days * rule.minor(rule.fee.per_day))
    if rule.fee.share_cap is not None:
        most = round_share(missed.unpaid, Fraction(rule.fee.share_cap), rule.mode, rule.share_unit)
        amount = np.minimum(amount, most)
    return amount if rule.fee.cap is None else np.minimum(amount, rule.minor(rule.fee.cap))


_AMOUNTS: dict[type[LatePaymentFee], Callable[[_Rule, MissedMinimum], Int64Array]] = {
    FixedLatePaymentFee: _fixed, TieredLatePaymentFee: _tiered, PercentOfUnpaidMinimum: _percent_of_unpaid_minimum,
    PercentOfInterest: _percent_of_interest, PercentOfBalance: _percent_of_balance, SlabLatePaymentFee: _slab,
    EscalatingLatePaymentFee: _escalating, DailyLatePaymentFee: _daily,
}
