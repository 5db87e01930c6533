"""The late-payment fee of every kind: the day after due date and tolerance, or at the closing (rules 12.3, 12.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date

from fees.terms import Terms
from fees.terms_fees import (
    DailyLatePaymentFee,
    EscalatingLatePaymentFee,
    FixedLatePaymentFee,
    PercentOfBalance,
    PercentOfInterest,
    PercentOfUnpaidMinimum,
    SlabLatePaymentFee,
    TieredLatePaymentFee,
)
from statements.reperformance.billed import Billed
from statements.reperformance.cycles import DAY, days_between
from statements.reperformance.facts import Fact
from statements.reperformance.priced import bounded, share_of
from statements.reperformance.received import received_in_time
from statements.reperformance.rounding import rounded


def after_due_date(terms: Terms, day: date, facts: Sequence[Fact], billed: Sequence[Billed]) -> Iterator[int]:
    """What is charged on a day for a statement whose time to pay ended the day before."""
    fee = terms.fees.late_payment
    if fee is None or isinstance(fee, PercentOfInterest | DailyLatePaymentFee):
        return
    for number, each in enumerate(billed):
        if each.cut(terms) + DAY == day and each.missed(terms, facts) and not _penalised(each, facts, day):
            yield _capped(terms, _amount(terms, facts, billed[:number], each), each, facts)


def at_closing(terms: Terms, previous: date, closing: date, facts: Sequence[Fact], billed: Sequence[Billed],
               interest: Callable[[], int]) -> Iterator[int]:
    """What is charged at a closing: a share of its interest, or so much for each day that a minimum was late."""
    fee = terms.fees.late_payment
    if isinstance(fee, PercentOfInterest):
        for number, each in reversed(list(enumerate(billed))):
            in_cycle = previous <= each.cut(terms) < closing
            if in_cycle and each.missed(terms, facts) and not _penalised(each, facts, _next_due(billed, number, closing)):
                yield _capped(terms, share_of(terms, fee.percent, interest(), _unit(terms)), each, facts)
                break  # one share of one closing's interest, however many ended in the cycle
    if isinstance(fee, DailyLatePaymentFee):
        yield sum(_daily(terms, fee, closing, closing, facts, billed)) - sum(
            _daily(terms, fee, previous, closing, facts, billed))


def _penalised(billed: Billed, facts: Sequence[Fact], until: date) -> bool:
    """Whether a returned payment was charged for since the due date: one penalty for a due date (rule 12.7)."""
    return any(billed.due_on < each.posted_on <= until for each in facts if each.type == "returned_payment_fee")


def _next_due(billed: Sequence[Billed], number: int, closing: date) -> date:
    return min([closing, *(each.due_on for each in billed[number + 1:])])


def _amount(terms: Terms, facts: Sequence[Fact], earlier: Sequence[Billed], late: Billed) -> int:
    fee = terms.fees.late_payment
    missed = [each.missed(terms, facts) for each in reversed(earlier)]
    if isinstance(fee, FixedLatePaymentFee):
        return _stated(terms, terms.minor(fee.amount))
    if isinstance(fee, TieredLatePaymentFee):
        return _stated(terms, terms.minor(fee.repeat if any(missed[:fee.repeat_within_cycles]) else fee.first))
    if isinstance(fee, EscalatingLatePaymentFee):
        in_a_row = missed.index(False) if False in missed else len(missed)
        return _stated(terms, terms.minor(fee.amounts[in_a_row])) if in_a_row < len(fee.amounts) else 0
    if isinstance(fee, SlabLatePaymentFee):
        fitting = (each for each in fee.slabs if each.up_to is None or late.new_balance <= terms.minor(each.up_to))
        return _stated(terms, terms.minor(next(fitting, fee.slabs[-1]).amount))
    if isinstance(fee, PercentOfBalance):
        return share_of(terms, fee.percent, late.left_of_balance(terms, facts), _unit(terms))
    assert isinstance(fee, PercentOfUnpaidMinimum)
    return bounded(terms, share_of(terms, fee.percent, late.unpaid(terms, facts), _unit(terms)), fee.floor, fee.cap)


def _unit(terms: Terms) -> int | None:
    fee = terms.fees.late_payment
    return None if fee is None or fee.rounding_unit is None else terms.minor(fee.rounding_unit)


def _stated(terms: Terms, amount: int) -> int:
    """An amount of the terms: rounded only where the fee has a unit of its own."""
    unit = _unit(terms)
    return amount if unit is None else rounded(amount, terms.interest.rounding, unit)


def _capped(terms: Terms, amount: int, late: Billed, facts: Sequence[Fact]) -> int:
    fee = terms.fees.late_payment
    assert fee is not None
    if fee.cap_at is None:
        return amount
    return min(amount, late.minimum if fee.cap_at == "minimum_due" else late.unpaid(terms, facts))


def _daily(terms: Terms, fee: DailyLatePaymentFee, up_to: date, known: date, facts: Sequence[Fact],
           billed: Sequence[Billed]) -> Iterator[int]:
    """What the days up to a closing come to for each missed statement; a day is the oldest's that is late on it."""
    taken: set[date] = set()
    for number, each in enumerate(billed):
        if each.cut(terms) >= up_to or not each.missed(terms, facts):
            continue
        if _penalised(each, facts, _next_due(billed, number, known)):
            continue
        days = {day for day in _late_days(terms, each, known, facts) if day <= up_to} - taken
        taken |= days
        amount = _stated(terms, terms.minor(fee.per_day) * len(days))
        if fee.share_cap is not None:
            amount = min(amount, share_of(terms, fee.share_cap, each.unpaid(terms, facts), _unit(terms)))
        amount = bounded(terms, amount, cap=fee.cap)
        yield _capped(terms, amount, each, facts)


def _late_days(terms: Terms, late: Billed, known: date, facts: Sequence[Fact]) -> list[date]:
    """From the day after the due date to the first from which on no more than is tolerated is missing, as known on a day."""
    tolerated = terms.minor(terms.cycle.tolerance_amount)
    since = list(late.towards(terms, [each for each in facts if late.closing < each.posted_on <= known]))
    days = days_between(late.due_on, known)
    missing = [late.minimum - received_in_time(since, terms, day) > tolerated for day in days]
    last = max((number for number, each in enumerate(missing) if each), default=-1)
    return days[1:last + 2]
