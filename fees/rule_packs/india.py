"""IN: the Reserve Bank of India's Master Direction on credit cards of 21 April 2022."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from fees.rule_packs.account import account, cycle_dates, due_dates, event
from fees.rule_packs.check import Basis, Breach, Case, Check, RulePack, Source, given
from fees.rule_packs.dearer import notice
from fees.rule_packs.late_fees import most_of
from fees.rule_packs.minimum_covers import minimum_covers
from fees.terms_fees import SlabLatePaymentFee

IN_FORCE, CAPITALISATION_IN_FORCE = date(2022, 7, 1), date(2022, 10, 1)
DAYS_PAST_DUE = 3


def _direction(paragraph: str, basis: Basis = "text") -> Source:
    return Source("RBI Master Direction – Credit Card and Debit Card, 2022", paragraph, basis)


def _three_days(case: Case) -> Iterator[Breach]:
    terms, fee = case.terms, case.terms.fees.late_payment
    if fee is None or terms.in_force_from < IN_FORCE:
        return
    days = terms.cycle.tolerance_days if fee.tolerance_days is None else fee.tolerance_days
    if days < DAYS_PAST_DUE:
        opened_on, closings = cycle_dates(terms)
        paid_on = date.fromordinal(due_dates(terms, closings)[0].toordinal() + DAYS_PAST_DUE)
        key = "cycle.tolerance_days" if fee.tolerance_days is None else "fees.late_payment.tolerance_days"
        yield Breach("fees.late_payment.tolerance_days", f"{given(terms, key)}: a late-payment fee waits until a payment is "
                     f"more than three days late; give fees.late_payment tolerance_days = {DAYS_PAST_DUE}",
                     account(f"All is paid on {paid_on}, the third day after the due date; that is charged as late.", terms,
                             [event(opened_on, "purchase", 10000), event(paid_on, "payment", 10000)], closings[1]))


def _on_what_is_outstanding(case: Case) -> Iterator[Breach]:
    terms, fee = case.terms, case.terms.fees.late_payment
    if isinstance(fee, SlabLatePaymentFee) and terms.in_force_from >= IN_FORCE:
        opened_on, closings = cycle_dates(terms)
        due = due_dates(terms, closings)[0]
        yield Breach("fees.late_payment.slabs", "fees.late_payment.slabs go by the balance of the statement, though part of it "
                     "may have been paid by the due date",
                     account(f"Of 10000, 100 are paid on {due}; the fee is that of the whole statement.", terms,
                             [event(opened_on, "purchase", 10000), event(due, "payment", 100)], closings[1]))


def _charges_not_capitalised(case: Case) -> Iterator[Breach]:
    terms = case.terms
    if terms.interest.fees_bear_interest and terms.in_force_from >= CAPITALISATION_IN_FORCE:
        opened_on, closings = cycle_dates(terms)
        key = "interest.fees_bear_interest"
        yield Breach(key, f"{given(terms, key)}: unpaid charges and taxes bear no interest",
                     account("A fee is billed and not paid; it bears interest in the cycles that follow.", terms,
                             [event(opened_on, "fee", 500, kind="annual"), event(opened_on, "purchase", 10000)], closings[2]))


def _over_limit_consent(case: Case) -> Iterator[Breach]:
    terms, fee = case.terms, case.terms.fees.over_limit
    if fee is not None and most_of(fee) != 0 and not fee.opt_in and terms.in_force_from >= CAPITALISATION_IN_FORCE:
        opened_on, closings = cycle_dates(terms)
        yield Breach("fees.over_limit.opt_in", "fees.over_limit is charged to holders who did not agree to go over the limit; "
                     "give it opt_in = true",
                     account("The holder agreed to nothing; going over the limit is charged all the same.", terms,
                             [event(opened_on, "purchase", 15000)], closings[0], credit_limit="10000"))


IN = RulePack(
    country="IN", name="India", currency="INR",
    checks=(
        minimum_covers("no-negative-amortisation", _direction("on the minimum amount due", "example"), since=IN_FORCE),
        Check("late-fee-after-three-days", ("fees.late_payment.tolerance_days", "cycle.tolerance_days"),
              "late-payment fees only when a payment is more than three days late", _direction("on accounts past due", "text"),
              _three_days),
        Check("late-fee-on-what-is-outstanding", ("fees.late_payment",),
              "late-payment fees go by what is outstanding after the due date, not by the total amount of the statement",
              _direction("on late payment charges", "text"), _on_what_is_outstanding, "note"),
        Check("charges-are-not-capitalised", ("interest.fees_bear_interest",),
              "unpaid charges and taxes bear no interest, since 1 October 2022", _direction("9(b)(ii)", "text"),
              _charges_not_capitalised),
        Check("over-limit-only-by-consent", ("fees.over_limit.opt_in",),
              "nobody goes over the limit, or pays for it, without explicit consent, since 1 October 2022",
              _direction("6(b)(v)", "text"), _over_limit_consent),
        notice(30, _direction("on changes in charges: a month's notice", "text")),
    ),
    not_checked=(
        "interest on what is outstanding only, less payments and refunds from their day: every form of the terms does that",
        "the holder's choice of the billing cycle",
    ),
)
