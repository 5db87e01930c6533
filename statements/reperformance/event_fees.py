"""Fees on what happens to an account: on events, at opening, on anniversaries (rules 12.6 to 12.8, 12.12)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from accounts.calendar import on_day_of_month
from fees.terms import Terms
from fees.terms_fees import AnnualFee
from statements.reperformance.billed import Billed
from statements.reperformance.facts import Fact, History
from statements.reperformance.priced import bounded, share_of

#: A fee by its name, and what it comes to.
Priced = tuple[str, int]
SPENDING = ("purchase", "cash_advance", "balance_transfer")


def on_events(terms: Terms, todays: Sequence[Fact]) -> Iterator[Priced]:
    """Fee by fee, each by event."""
    fees = terms.fees
    if fees.service is not None:
        yield from (("service", terms.minor(fees.service.amount)) for each in todays if each.type == "payment")
    for name, fee, types in (("cash_advance", fees.cash_advance, ("cash_advance",)),
                             ("balance_transfer", fees.balance_transfer, ("balance_transfer",)),
                             ("foreign", fees.foreign, ("purchase", "cash_advance"))):
        for each in todays:
            abroad = each.currency is not None and each.currency != terms.currency
            if fee is not None and each.type in types and (name != "foreign" or abroad):
                yield name, bounded(terms, share_of(terms, fee.percent, each.amount), fee.floor, fee.cap)


def on_returned_payment(terms: Terms, day: date, facts: Sequence[Fact], billed: Sequence[Billed]) -> Iterator[Priced]:
    """One penalty for a due date: only for the first of a day, and of those since the due date (rule 12.7)."""
    fee = terms.fees.returned_payment
    returned = next((each for each in facts if each.posted_on == day and each.type == "returned_payment"), None)
    if fee is None or returned is None:
        return
    due = [each for each in billed if each.due_on < day]
    of = due[-1] if due else billed[-1] if billed else None
    since = day if of is None else of.due_on if due else of.closing
    if any(since < each.posted_on < day for each in facts if each.type in ("late_payment_fee", "returned_payment_fee")):
        return
    amount = terms.minor(fee.amount)
    if fee.percent is not None:
        amount = bounded(terms, share_of(terms, fee.percent, returned.amount), fee.floor, fee.cap)
    if fee.cap_at == "minimum_due":
        amount = min(amount, 0 if of is None else of.minimum)
    yield "returned_payment", amount


def on_replacements(history: History, terms: Terms, day: date) -> Iterator[Priced]:
    """Unless the reason is one that is free."""
    fee = terms.fees.replacement
    for each in history.replacements:
        if fee is not None and each.posted_on == day and each.reason not in fee.free_for:
            yield "replacement", terms.minor(fee.amount)


def on_anniversary(history: History, terms: Terms, day: date) -> Iterator[Priced]:
    """Joining at opening; the annual fee then and on each anniversary, or in its month."""
    joining, annual, opens = terms.fees.joining, terms.fees.annual, day == history.opened_on and history.opening is None
    if joining is not None and opens:
        yield "joining", terms.minor(joining.amount)
    if annual is not None and (_yearly(history, annual, day) or (opens and annual.first == "at_issue")):
        yield "annual", terms.minor(annual.amount)


def is_spent_enough(history: History, terms: Terms, day: date, facts: Sequence[Fact]) -> bool:
    """Whether spending of the year before waives a yearly annual fee."""
    fee = terms.fees.annual
    if fee is None or not _yearly(history, fee, day):
        return False
    year_before = on_day_of_month(day.year - 1, day.month, history.opened_on.day if fee.month == "anniversary" else 1)
    of_year = [each for each in facts if year_before <= each.posted_on < day]
    bought = [each for each in of_year if each.type in SPENDING]
    spend = sum(each.amount for each in bought) - sum(each.amount for each in of_year if each.type == "refund")
    enough = fee.waive_if_spend is not None and spend >= terms.minor(fee.waive_if_spend)
    return enough or (fee.waive_if_count is not None and len(bought) >= fee.waive_if_count)


def year_after(opened_on: date, years: int = 1) -> date:
    """The anniversary of opening; 28 February stands in for the 29th."""
    return on_day_of_month(opened_on.year + years, opened_on.month, opened_on.day)


def _yearly(history: History, fee: AnnualFee, day: date) -> bool:
    """Whether a yearly annual fee falls on a day: a year or more after opening."""
    if day < year_after(history.opened_on):
        return False
    if fee.month == "anniversary":
        return day == year_after(history.opened_on, day.year - history.opened_on.year)
    return (day.month, day.day) == (fee.month, 1)
