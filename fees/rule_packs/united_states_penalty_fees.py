"""US: penalty fees under Regulation Z, 12 CFR 1026.52(b) and 1026.56, for consumer credit cards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from math import ceil

from fees.rule_packs.account import account, cycle_dates, due_dates, event
from fees.rule_packs.check import Breach, Case, given
from fees.rule_packs.late_fees import is_bounded_by_minimum, most, most_of
from fees.terms import Terms
from fees.terms_fees import TieredLatePaymentFee
from fees.terms_values import plain

#: Safe harbours of 1026.52(b)(1)(ii) from a day on: first violation, the same again within six billing cycles. The last ones
#: came with a rule on late fees that a court vacated on VACATED_ON; since then those of 2022 are the safe ones.
SAFE_HARBOURS: tuple[tuple[date, int, int], ...] = (
    (date(2010, 8, 22), 25, 35), (date(2014, 1, 1), 26, 37), (date(2015, 1, 1), 27, 38), (date(2016, 1, 1), 27, 37),
    (date(2016, 6, 27), 27, 38), (date(2019, 1, 1), 28, 39), (date(2020, 1, 1), 29, 40), (date(2022, 1, 1), 30, 41),
    (date(2025, 1, 1), 32, 43),
)
VACATED_ON, SAFE_SINCE = date(2025, 4, 15), (30, 41)
REPEAT_WITHIN_CYCLES = 6
OVER_LIMIT_CYCLES = 3


def safe_harbour(on: date) -> tuple[int, int] | None:
    """The penalty fees that need no costing on a day: first, repeated. None before there were any."""
    return next(((first, repeat) for since, first, repeat in reversed(SAFE_HARBOURS) if since <= on), None)


def late_fee_within_minimum(case: Case) -> Iterator[Breach]:
    """A late-payment fee that can be more than the minimum payment that was missed: 1026.52(b)(2)(i)(A)."""
    terms, fee = case.terms, case.terms.fees.late_payment
    if fee is not None and not is_bounded_by_minimum(fee):
        opened_on, closings = cycle_dates(terms)
        yield Breach("fees.late_payment.cap_at", "fees.late_payment can be more than the minimum payment that was missed; "
                     'give it cap_at = "minimum_due" (or "unpaid_minimum")',
                     account("A small purchase is not paid: the late-payment fee is more than the minimum payment was.", terms,
                             [event(opened_on, "purchase", 1)], closings[1]))


def late_fee_safe_harbour(case: Case) -> Iterator[Breach]:
    """A late-payment fee above the safe harbour of the day that the version comes into force: 1026.52(b)(1)(ii)."""
    terms, fee, harbour = case.terms, case.terms.fees.late_payment, safe_harbour(case.terms.in_force_from)
    if fee is None or harbour is None or terms.currency != "USD":
        return
    above = next(_late_fee_above(terms, harbour, f"is the most in {terms.in_force_from.year}"), None)
    if above is not None:
        yield above
    elif isinstance(fee, TieredLatePaymentFee) and fee.repeat > harbour[0] and fee.repeat_within_cycles > REPEAT_WITHIN_CYCLES:
        yield Breach("fees.late_payment.repeat_within_cycles",
                     f"{given(terms, 'fees.late_payment.repeat_within_cycles')}: the higher fee is for a repeat within "
                     f"{REPEAT_WITHIN_CYCLES} cycles")


def _late_fee_above(terms: Terms, harbour: tuple[int, int], why: str) -> Iterator[Breach]:
    fee = terms.fees.late_payment
    assert fee is not None
    opened_on, closings = cycle_dates(terms, 4)
    for which, limit, amount in zip(("first", "repeated"), harbour, most(fee), strict=True):
        if amount is None or amount > limit:
            costs = "has no cap" if amount is None else f"can be {plain(amount)}"
            yield Breach("fees.late_payment", f"fees.late_payment {costs} for a {which} late payment; without a costing "
                         f"{limit}.00 {why}",
                         account(f"10000.00 are not paid for two cycles; a {which} late payment costs more than {limit}.00.",
                                 terms, [event(opened_on, "purchase", 10000)], closings[2]))


def late_fee_of_the_vacated_rule(case: Case) -> Iterator[Breach]:
    """A late-payment fee between the safe harbours of 2022 and those of the vacated rule."""
    terms = case.terms
    if terms.in_force_from >= VACATED_ON and terms.fees.late_payment is not None and terms.currency == "USD" and (
            next(late_fee_safe_harbour(case), None) is None):
        above = next(_late_fee_above(terms, SAFE_SINCE, "is the most since the rule with higher amounts was vacated"), None)
        if above is not None:
            yield above


def other_penalty_fees(case: Case) -> Iterator[Breach]:
    """A returned-payment or over-limit fee above the safe harbour: 1026.52(b)(1)(ii)."""
    terms, harbour = case.terms, safe_harbour(case.terms.in_force_from)
    if harbour is None or terms.currency != "USD":
        return
    opened_on, closings = cycle_dates(terms)
    due = due_dates(terms, closings)[0]
    returned, over = terms.fees.returned_payment, terms.fees.over_limit
    if returned is not None and _above(most_of(returned), harbour[0]):
        paid = 500 if not returned.percent else max(500, ceil((harbour[0] + 1) / returned.percent))
        yield Breach("fees.returned_payment", f"fees.returned_payment can be more than {harbour[0]}.00, without a costing "
                     "the most for a first time",
                     account(f"A payment that is returned costs more than {harbour[0]}.00.", terms,
                             [event(opened_on, "purchase", 20 * paid), event(due, "payment", paid),
                              event(due, "returned_payment", paid)], closings[1], credit_limit=str(40 * paid)))
    if over is not None and _above(most_of(over), harbour[0]):
        yield Breach("fees.over_limit", f"fees.over_limit can be more than {harbour[0]}.00, without a costing the most for a "
                     "first time",
                     account(f"A limit of 1000.00 is exceeded by 500.00: that costs more than {harbour[0]}.00.", terms,
                             [event(opened_on, "purchase", 1500)], closings[0], credit_limit="1000", over_limit_opt_in=True))


def _above(amount: Decimal | None, limit: int) -> bool:
    return amount is None or amount > limit


def returned_payment_within_minimum(case: Case) -> Iterator[Breach]:
    """A returned-payment fee that can be more than the minimum payment that was due: 1026.52(b)(2)(i)(A)."""
    terms, fee = case.terms, case.terms.fees.returned_payment
    if fee is not None and most_of(fee) != 0 and fee.cap_at is None:
        opened_on, closings = cycle_dates(terms)
        due = due_dates(terms, closings)[0]
        yield Breach("fees.returned_payment.cap_at", "fees.returned_payment can be more than the minimum payment that was due; "
                     'give it cap_at = "minimum_due"',
                     account("The payment of a small purchase comes back: the fee is more than the minimum payment was.", terms,
                             [event(opened_on, "purchase", 1), event(due, "payment", 1), event(due, "returned_payment", 1)],
                             closings[1]))


def over_limit_opt_in(case: Case) -> Iterator[Breach]:
    """An over-limit fee of holders who agreed to nothing: 1026.56(b)(1)."""
    terms, fee = case.terms, case.terms.fees.over_limit
    if fee is not None and most_of(fee) != 0 and fee.opt_in is False:
        opened_on, closings = cycle_dates(terms)
        yield Breach("fees.over_limit.opt_in", f"{given(terms, 'fees.over_limit.opt_in')}: only holders who agreed to it may "
                     "be charged; true, or left out under this pack",
                     account("The holder agreed to nothing; going over the limit is charged all the same.", terms,
                             [event(opened_on, "purchase", 1500)], closings[0], credit_limit="1000"))


def over_limit_cycles(case: Case) -> Iterator[Breach]:
    """An over-limit fee that one transaction brings for too many cycles: 1026.56(j)(1)."""
    terms, fee = case.terms, case.terms.fees.over_limit
    if fee is not None and most_of(fee) != 0 and fee.max_consecutive_cycles > OVER_LIMIT_CYCLES:
        opened_on, closings = cycle_dates(terms, fee.max_consecutive_cycles)
        yield Breach("fees.over_limit.max_consecutive_cycles", f"{given(terms, 'fees.over_limit.max_consecutive_cycles')}: one "
                     f"transaction may bring the fee for {OVER_LIMIT_CYCLES} cycles at most",
                     account(f"One purchase exceeds the limit; the fee is charged for more than {OVER_LIMIT_CYCLES} cycles.",
                             terms, [event(opened_on, "purchase", 1500)], closings[-1], credit_limit="1000",
                             over_limit_opt_in=True))
