"""The fees of a business day, by the terms in force on it (docs/reference/terms.md, [fees])."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from accounts.calendar import on_day_of_month
from fees.terms import Terms
from fees.terms_fees import FixedLatePaymentFee, PercentOfUnpaidMinimum
from statements.reperformance.cycles import DAY
from statements.reperformance.facts import Fact, History, fee_fact, waiver_fact
from statements.reperformance.received import received_in_time
from statements.reperformance.rounding import rounded


@dataclass(frozen=True)
class Due:
    """A statement whose payment is awaited: its closing, its minimum as printed, its due date."""

    closing: date
    minimum: int
    due_on: date


def fees_of(history: History, day: date, facts: Sequence[Fact], awaited: Due | None) -> list[Fact]:
    """What is charged and waived on a business day. facts: what has posted up to that day; awaited: the last statement."""
    terms = history.terms_on(day)
    charged = [fee_fact("service", terms.minor(terms.fees.service.amount), day)
               for each in facts if each.posted_on == day and each.type == "payment" and terms.fees.service is not None]
    charged += _replacements(history, terms, day)
    if awaited is not None:
        charged += _late_payment(terms, day, facts, awaited)
    charged += _joining(history, terms, day)
    charged += _annual(history, terms, day, facts)
    return [each for each in charged if each.amount > 0]


def _replacements(history: History, terms: Terms, day: date) -> list[Fact]:
    fee = terms.fees.replacement
    if fee is None:
        return []
    return [fee_fact("replacement", terms.minor(fee.amount), day) for each in history.replacements
            if each.posted_on == day and each.reason not in fee.free_for]


def _joining(history: History, terms: Terms, day: date) -> list[Fact]:
    fee = terms.fees.joining
    if fee is None or day != history.opened_on or history.opening is not None:
        return []
    return [fee_fact("joining", terms.minor(fee.amount), day)]


def _annual(history: History, terms: Terms, day: date, facts: Sequence[Fact]) -> list[Fact]:
    """Charged in full; what the terms waive for the spend or count of the year before is a line of its own."""
    fee, opened_on = terms.fees.annual, history.opened_on
    if fee is None or day < opened_on or day != on_day_of_month(day.year, opened_on.month, opened_on.day):
        return []
    if day == opened_on:
        charged = fee.first == "at_issue" and history.opening is None
        return [fee_fact("annual", terms.minor(fee.amount), day)] if charged else []
    year_before = on_day_of_month(day.year - 1, opened_on.month, opened_on.day)
    of_year = [each for each in facts if year_before <= each.posted_on < day]
    bought = [each for each in of_year if each.figure in ("purchases", "cash_advances", "balance_transfers")]
    spend = sum(each.amount for each in bought) - sum(each.amount for each in of_year if each.type == "refund")
    waived = fee.waive_if_spend is not None and spend >= terms.minor(fee.waive_if_spend)
    waived |= fee.waive_if_count is not None and len(bought) >= fee.waive_if_count
    amount = terms.minor(fee.amount)
    return [fee_fact("annual", amount, day), *([waiver_fact("annual", amount, day)] if waived else [])]


def _late_payment(terms: Terms, day: date, facts: Sequence[Fact], awaited: Due) -> list[Fact]:
    """The day after due date and tolerance, where the minimum less the tolerated amount was not met."""
    fee = terms.fees.late_payment
    if fee is None:
        return []
    tolerance = terms.cycle.tolerance_days if fee.tolerance_days is None else fee.tolerance_days
    cut = awaited.due_on + timedelta(days=tolerance)
    if day != cut + DAY:
        return []
    paid = received_in_time((each for each in facts if each.posted_on > awaited.closing), terms, cut)
    unpaid = awaited.minimum - paid
    if unpaid <= terms.minor(terms.cycle.tolerance_amount):
        return []
    amount = _late_amount(terms, min(unpaid, awaited.minimum))
    limit = {None: amount, "minimum_due": awaited.minimum, "unpaid_minimum": min(unpaid, awaited.minimum)}[fee.cap_at]
    return [fee_fact("late_payment", min(amount, limit), day)]


def _late_amount(terms: Terms, unpaid: int) -> int:
    fee, mode = terms.fees.late_payment, terms.interest.rounding
    assert fee is not None
    unit = None if fee.rounding_unit is None else terms.minor(fee.rounding_unit)
    if isinstance(fee, FixedLatePaymentFee):
        return rounded(terms.minor(fee.amount), mode, unit or 1)
    if isinstance(fee, PercentOfUnpaidMinimum):
        amount = max(rounded(unpaid * Fraction(fee.percent), mode, unit or terms.shown_unit), terms.minor(fee.floor))
        return amount if fee.cap is None else min(amount, terms.minor(fee.cap))
    raise ValueError(f"fees.late_payment.kind {fee.kind!r} is not reperformed by this release")
