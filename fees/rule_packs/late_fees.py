"""Penalty fees of terms as a law looks at them: the most they can come to, and whether the minimum payment bounds them."""

from __future__ import annotations

from decimal import Decimal

from fees.terms_fees import (
    DailyLatePaymentFee,
    EscalatingLatePaymentFee,
    FixedLatePaymentFee,
    LatePaymentFee,
    OverLimitFee,
    PercentOfUnpaidMinimum,
    ReturnedPaymentFee,
    SlabLatePaymentFee,
    TieredLatePaymentFee,
)


def most(fee: LatePaymentFee) -> tuple[Decimal | None, Decimal | None]:
    """The most that a first late payment and a repeated one can cost; None where nothing in the terms bounds it."""
    if isinstance(fee, FixedLatePaymentFee):
        return fee.amount, fee.amount
    if isinstance(fee, TieredLatePaymentFee):
        return fee.first, fee.repeat
    if isinstance(fee, EscalatingLatePaymentFee):
        return fee.amounts[0], max(fee.amounts)
    if isinstance(fee, SlabLatePaymentFee):
        highest = max(slab.amount for slab in fee.slabs)
        return highest, highest
    if isinstance(fee, PercentOfUnpaidMinimum | DailyLatePaymentFee):
        return fee.cap, fee.cap
    return None, None


def most_of(fee: ReturnedPaymentFee | OverLimitFee) -> Decimal | None:
    """The most that another penalty fee can cost; None where nothing in the terms bounds it."""
    return fee.amount if fee.percent is None else fee.cap


def is_bounded_by_minimum(fee: LatePaymentFee) -> bool:
    """Whether the fee can never be more than the minimum payment that was missed."""
    if fee.cap_at is not None:
        return True
    return isinstance(fee, PercentOfUnpaidMinimum) and not fee.floor
