"""TW: the rules of the Financial Supervisory Commission for credit cards, and the Banking Act's cap."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction

from fees.rule_packs.account import account, cycle_dates, due_dates, event
from fees.rule_packs.check import Breach, Case, Check, CounterExample, RulePack, Source, given
from fees.rule_packs.dearer import notice, rate_on_what_is_owed
from fees.terms import Terms
from fees.terms_fees import EscalatingLatePaymentFee
from fees.terms_values import plain
from fees.yearly_rates import percent, rates, yearly_rate

CAP_IN_FORCE, HIGHEST_YEARLY = date(2015, 9, 1), Fraction(15, 100)
LATE_FEES_IN_FORCE, LATE_FEES = date(2011, 4, 1), (Decimal(300), Decimal(400), Decimal(500))

_REGULATION = "信用卡業務機構管理辦法"
_CONTRACT = "信用卡定型化契約應記載及不得記載事項 (103.09.12)"


def _rate_cap(case: Case) -> Iterator[Breach]:
    if case.terms.in_force_from < CAP_IN_FORCE:
        return
    for key, rate in rates(case.terms):
        if rate > HIGHEST_YEARLY:
            yield Breach(key, f"{key} bears {percent(rate)} a year; 15 % is the most",
                         _unpaid(f"10000 that are not paid bear {percent(rate)} a year.", case.terms))


def _no_compounding(case: Case) -> Iterator[Breach]:
    interest = case.terms.interest
    key = "interest.interest_bears_interest" if interest.interest_bears_interest else "interest.compounding"
    if interest.interest_bears_interest or interest.compounding != "none":
        yield Breach(key, f"{given(case.terms, key)}: interest bears no interest",
                     _unpaid("Interest is billed and not paid; it bears interest in the next cycle.", case.terms, 3))


def _no_interest_on_fees(case: Case) -> Iterator[Breach]:
    if case.terms.interest.fees_bear_interest:
        opened_on, closings = cycle_dates(case.terms)
        yield Breach("interest.fees_bear_interest", f"{given(case.terms, 'interest.fees_bear_interest')}: fees are not part of "
                     "what bears interest",
                     account("A fee is billed and not paid; it bears interest in the cycles that follow.", case.terms,
                             [event(opened_on, "fee", 100, kind="annual"), event(opened_on, "purchase", 10000)], closings[2]))


def _no_interest_on_new_purchases(case: Case) -> Iterator[Breach]:
    terms = case.terms
    at_once = terms.grace.lost_for == "all" and terms.interest.revolving_new_purchases == "at_once"
    purchase = terms.interest.segment_named("purchase")
    if not yearly_rate(purchase, terms.interest.day_count) or (purchase.grace and not at_once):
        return
    opened_on, closings = cycle_dates(terms)
    key = "interest.revolving_new_purchases" if purchase.grace else "interest.segment.purchase.grace"
    yield Breach(key, f"{given(terms, key)}: purchases of the present cycle bear interest at its closing",
                 account(f"10000 are not paid; the interest of {closings[1]} is on the purchase of that same cycle too.", terms,
                         [event(opened_on, "purchase", 10000), event(_next(closings[0]), "purchase", 10000)], closings[1]))


def _unpaid_part(case: Case) -> Iterator[Breach]:
    terms = case.terms
    if terms.interest.grace_lost_charges == "full" and any(rate for _, rate in rates(terms)):
        opened_on, closings = cycle_dates(terms)
        due = due_dates(terms, closings)[0]
        key = "interest.grace_lost_charges"
        yield Breach(key, f'{given(terms, key)}: only what is not paid bears interest; it has to be "unpaid"',
                     account(f"Of 10000, 9000 are paid on the due date, {due}; the interest is on more than 1000.", terms,
                             [event(opened_on, "purchase", 10000), event(due, "payment", 9000)], closings[1]))


def _not_before_posting(case: Case) -> Iterator[Breach]:
    terms = case.terms
    if terms.interest.accrues_from == "transaction" and any(rate for _, rate in rates(terms)):
        opened_on, closings = cycle_dates(terms)
        yield Breach("interest.accrues_from", f"{given(terms, 'interest.accrues_from')}: interest begins before the issuer has "
                     'paid the merchant; "posting", "closing" and "due" do not',
                     account(f"A purchase of {opened_on} posts ten days later; its interest begins on the first of these days.",
                             terms, [event(opened_on, "purchase", 10000, posted_on=_next(opened_on, 10))], closings[1]))


def _late_fee(case: Case) -> Iterator[Breach]:
    terms, fee = case.terms, case.terms.fees.late_payment
    if fee is None or terms.in_force_from < LATE_FEES_IN_FORCE:
        return
    if not isinstance(fee, EscalatingLatePaymentFee):
        yield Breach("fees.late_payment.kind", f'{given(terms, "fees.late_payment.kind")}: only fixed amounts for three cycles '
                     'in a row at most; kind = "escalating" has them',
                     _unpaid("Nothing is paid for five cycles; the fourth due date is charged too, or not a fixed amount.",
                             terms, 5))
        return
    if len(fee.amounts) > len(LATE_FEES):
        yield Breach("fees.late_payment.amounts", f"fees.late_payment.amounts has {len(fee.amounts)} amounts; three cycles in "
                     "a row are the most", _unpaid("Nothing is paid: the fourth cycle in a row is charged.", terms, 5))
    for number, (amount, limit) in enumerate(zip(fee.amounts, LATE_FEES, strict=False), 1):
        if amount > limit and terms.currency == "TWD":
            yield Breach("fees.late_payment.amounts", f"fees.late_payment.amounts: number {number} is {plain(amount)}; "
                         f"{plain(limit)} is the most",
                         _unpaid(f"Nothing is paid: late payment number {number} costs {plain(amount)}.", terms, number + 1))


def _late_fee_of_small_bills(case: Case) -> Iterator[Breach]:
    terms, fee = case.terms, case.terms.fees.late_payment
    if fee is not None and terms.in_force_from >= LATE_FEES_IN_FORCE and terms.currency == "TWD":
        opened_on, closings = cycle_dates(terms)
        yield Breach("fees.late_payment", "fees.late_payment is charged on bills of 1000 and less too; no key of the terms "
                     "leaves them out, so the fee has to be waived there",
                     account("1000 are billed and not paid; that is charged.", terms, [event(opened_on, "purchase", 1000)],
                             closings[1]))


def _unpaid(shows: str, terms: Terms, cycles: int = 2) -> CounterExample:
    opened_on, closings = cycle_dates(terms, cycles)
    return account(shows, terms, [event(opened_on, "purchase", 10000)], closings[-1])


def _next(on: date, days: int = 1) -> date:
    return date.fromordinal(on.toordinal() + days)


TW = RulePack(
    country="TW", name="Taiwan", currency="TWD",
    checks=(
        Check("rate-cap", ("interest.segment", "interest.over_limit", "interest.penalty"),
              "no rate above 15 % a year, since 1 September 2015", Source("銀行法", "第47條之1第2項", "report"), _rate_cap),
        Check("no-compounding", ("interest.compounding", "interest.interest_bears_interest"), "interest bears no interest",
              Source(_REGULATION, "第48條第1項第1款", "text"), _no_compounding),
        Check("no-interest-on-fees", ("interest.fees_bear_interest",), "fees are not part of what bears interest",
              Source(_REGULATION, "第48條第1項第3款", "text"), _no_interest_on_fees),
        Check("no-interest-on-new-purchases", ("grace.lost_for", "interest.revolving_new_purchases"),
              "purchases of the present cycle bear no interest at its closing", Source(_REGULATION, "第48條第1項第4款", "text"),
              _no_interest_on_new_purchases),
        Check("only-the-unpaid-part", ("interest.grace_lost_charges",), "only the part that is not paid bears interest",
              Source("信用卡定型化契約範本 (103.09.12)", "第1條第6款", "text"), _unpaid_part),
        Check("not-before-posting", ("interest.accrues_from",), "interest begins when the issuer has paid, not before",
              Source(_REGULATION, "第48條第1項第2款", "text"), _not_before_posting),
        Check("late-fee-fixed-and-three-times", ("fees.late_payment",),
              "a late-payment fee is a fixed amount, for three cycles in a row at most: 300, 400, 500",
              Source("金管銀票字第10040000140號", "(二) 1, 4", "text"), _late_fee),
        Check("no-late-fee-on-small-bills", ("fees.late_payment",), "bills of 1000 and less bear no late-payment fee",
              Source("金管銀票字第10040000140號", "(二) 4", "text"), _late_fee_of_small_bills, "note"),
        notice(60, Source(_CONTRACT, "應記載事項", "memory")),
        rate_on_what_is_owed(Source(_CONTRACT, "不得記載事項 6", "text"), "refused"),
    ),
    not_checked=(
        "the rate by the holder's credit, looked at again every three months",
        "the least that a minimum payment may be (a tenth of new purchases)",
    ),
)
