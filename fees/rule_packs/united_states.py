"""US: Regulation Z (12 CFR 1026), for consumer credit cards."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from accounts.calendar import closing_on, due_on, first_closing
from fees.rule_packs.account import account, cycle_dates, due_dates, event
from fees.rule_packs.allocation import not_highest_rate_first
from fees.rule_packs.check import Basis, Breach, Case, Check, RulePack, Source, given
from fees.rule_packs.dearer import notice, rate_on_what_is_owed
from fees.rule_packs.united_states_penalty_fees import (
    late_fee_of_the_vacated_rule,
    late_fee_safe_harbour,
    late_fee_within_minimum,
    other_penalty_fees,
    over_limit_cycles,
    over_limit_opt_in,
    returned_payment_within_minimum,
)
from fees.terms import Terms
from fees.terms_values import plain
from fees.yearly_rates import rates, yearly_rate

DAYS_TO_PAY = 21
_MONTHS_AHEAD = 60
FIRST_YEAR_SHARE = Decimal("0.25")


def _regulation(paragraph: str, basis: Basis = "example") -> Source:
    return Source("Regulation Z", f"12 CFR {paragraph}", basis)


def _days_to_pay(case: Case) -> Iterator[Breach]:
    terms = case.terms
    for closes_on, due in _statements(terms):
        days = (due - closes_on).days
        if days < DAYS_TO_PAY:
            key = "cycle.due_day" if terms.cycle.due_after_days is None else "cycle.due_after_days"
            said = f"the statement of {closes_on} is due on {due}, {days} days later"
            opened_on = closing_on(closes_on, 0, terms.cycle.closing_day) + timedelta(days=1)
            yield Breach(key, f"{given(terms, key)}: {said}; {DAYS_TO_PAY} are asked for",
                         account(f"{said[0].upper()}{said[1:]}.", terms, [event(opened_on, "purchase", 1000)], closes_on,
                                 opened_on=opened_on))
            return


def _same_due_day(case: Case) -> Iterator[Breach]:
    terms = case.terms
    if terms.cycle.due_after_days is None:
        return
    statements = _statements(terms)
    first = statements[0]
    other = next((each for each in statements if each[1].day != first[1].day), None)
    if other is not None:
        said = f"the statement of {first[0]} is due on day {first[1].day} of a month, that of {other[0]} on day {other[1].day}"
        opened_on = closing_on(first[0], 0, terms.cycle.closing_day) + timedelta(days=1)
        yield Breach("cycle.due_after_days", f"{given(terms, 'cycle.due_after_days')}: {said}; give due_day instead",
                     account(f"{said[0].upper()}{said[1:]}.", terms, [event(opened_on, "purchase", 1000)], other[0],
                             opened_on=opened_on))


def _statements(terms: Terms) -> list[tuple[date, date]]:
    """Closings and due dates of five years, weekends and holidays left aside: rolling on is 1026.10(d)'s, not another day."""
    day, rule = terms.cycle.closing_day, terms.cycle.model_copy(update={"due_roll": "none"})
    anchor = first_closing(terms.in_force_from, day)
    closings = [closing_on(anchor, number, day) for number in range(1, _MONTHS_AHEAD + 1)]
    return [(closing, due_on(closing, rule)) for closing in closings]


def _two_cycle(case: Case) -> Iterator[Breach]:
    terms = case.terms
    if terms.interest.method == "two_cycle":
        opened_on, closings = cycle_dates(terms)
        due = due_dates(terms, closings)[0]
        yield Breach("interest.method", f"{given(terms, 'interest.method')} charges for days of the cycle before the last one",
                     account(f"Of 1000.00, 999.00 are paid on {due}; the interest of {closings[1]} is still on half of the "
                             "average balance of the cycle before.", terms,
                             [event(opened_on, "purchase", 1000), event(due, "payment", 999)], closings[1]))


def _reach_back(case: Case) -> Iterator[Breach]:
    terms = case.terms
    interest = terms.interest
    bears = any(row.grace and yearly_rate(row, interest.day_count) for row in interest.segment)
    by_day = interest.method in ("daily_balance", "average_daily_balance")
    if bears and by_day and interest.accrues_from in ("transaction", "posting"):
        opened_on, closings = cycle_dates(terms)
        due = due_dates(terms, closings)[0]
        yield Breach(
            "interest.accrues_from", f"{given(terms, 'interest.accrues_from')}: where grace is lost, days of the cycle before "
            'the last one bear interest; "closing", "due" and "next_cycle" do not reach back',
            account(f"Of what was billed on {closings[0]}, 500.00 are left unpaid on {due}; the interest of {closings[1]} "
                    f"counts days from {opened_on} on.", terms,
                    [event(opened_on, "purchase", 1000), event(due, "payment", 500)], closings[1]))


def _paid_part(case: Case) -> Iterator[Breach]:
    terms = case.terms
    if terms.interest.grace_lost_charges == "full" and any(rate for _, rate in rates(terms)):
        opened_on, closings = cycle_dates(terms)
        due = due_dates(terms, closings)[0]
        yield Breach(
            "interest.grace_lost_charges", f"{given(terms, 'interest.grace_lost_charges')}: what was paid by the due date "
            'bears interest too; it has to be "unpaid"',
            account(f"Of 1000.00, 900.00 are paid on the due date, {due}; the interest of {closings[1]} is on more than the "
                    "100.00 that were not.", terms,
                    [event(opened_on, "purchase", 1000), event(due, "payment", 900)], closings[1]))


def _excess(case: Case) -> Iterator[Breach]:
    yield from not_highest_rate_first(case.terms, "excess")


def _first_year(case: Case) -> Iterator[Breach]:
    terms = case.terms
    joining, annual = terms.fees.joining, terms.fees.annual
    at_issue = annual is not None and annual.first == "at_issue"
    total = (joining.amount if joining else Decimal(0)) + (annual.amount if annual is not None and at_issue else Decimal(0))
    if total and (terms.fees.first_year_cap or Decimal(0)) > FIRST_YEAR_SHARE:
        least = total / FIRST_YEAR_SHARE
        opened_on, closings = cycle_dates(terms)
        limit = least - Decimal(1).scaleb(-terms.shown_digits)
        yield Breach("fees.first_year_cap",
                     f"{given(terms, 'fees.first_year_cap')}: fees are {plain(total)} at once, "
                     f"and an account with a credit limit below {plain(least)} "
                     "pays more than 25 % of it",
                     account(f"Of a credit limit of {plain(limit)}, {plain(total)} are fees from the first day.", terms, [],
                             closings[0], opened_on=opened_on, credit_limit=plain(limit)))


def _payoff_box(case: Case) -> Iterator[Breach]:
    terms = case.terms
    if not terms.disclosures.payoff and any(rate for _, rate in rates(terms)):
        opened_on, closings = cycle_dates(terms)
        yield Breach("disclosures.payoff", f"{given(terms, 'disclosures.payoff')}: statements do not say how long minimum "
                     "payments take, and what they cost",
                     account(f"The statement of {closings[0]} has no payoff.", terms,
                             [event(opened_on, "purchase", 1000)], closings[0]))


def _penalty_rate(case: Case) -> Iterator[Breach]:
    terms, penalty = case.terms, case.terms.interest.penalty
    if penalty.rate_key is None:
        return
    opened_on, closings = cycle_dates(terms, 12)
    dues = due_dates(terms, closings)
    if penalty.after_days_past_due < 60:
        yield Breach("interest.penalty.after_days_past_due", f"{given(terms, 'interest.penalty.after_days_past_due')}: what is "
                     "owed already bears a higher rate only when a minimum is more than 60 days late",
                     account("Nothing is paid; the higher rate holds before a minimum is 60 days late.", terms,
                             [event(opened_on, "purchase", 1000)], closings[4]))
    if penalty.cured_after_on_time > 6:
        # The first one brings the account up to date, so that each of the following minimums is met by much less.
        payments = [event(due, "payment", 6000 if number else 40000) for number, due in enumerate(dues[3:10])]
        yield Breach("interest.penalty.cured_after_on_time", f"{given(terms, 'interest.penalty.cured_after_on_time')}: six "
                     "minimum payments in time have to end it",
                     account("Three minimums are missed, then each is paid in time: the higher rate outlives the sixth.", terms,
                             [event(opened_on, "purchase", 100000), *payments], closings[-2], credit_limit="1000000"))


US = RulePack(
    country="US", name="United States", currency="USD",
    checks=(
        Check("21-days-to-pay", ("cycle.due_day", "cycle.due_after_days"),
              "a statement is due 21 days after it is sent at the earliest; it counts as sent on its closing date",
              _regulation("1026.5(b)(2)(ii)"), _days_to_pay),
        Check("same-due-day", ("cycle.due_after_days",), "the due date is the same day of each month",
              _regulation("1026.7(b)(11)(i)(A)", "text"), _same_due_day),
        Check("no-double-cycle", ("interest.method",), "no interest on balances of days before the last billing cycle",
              _regulation("1026.54(a)(1)(i)"), _two_cycle),
        Check("no-reach-back", ("interest.accrues_from",),
              "where grace is lost, no interest for days of cycles before the last one", _regulation("1026.54(a)(1)(i)"),
              _reach_back),
        Check("paid-part-bears-nothing", ("interest.grace_lost_charges",),
              "what was paid within the grace period bears no interest, though the rest was not paid",
              _regulation("1026.54(a)(1)(ii)"), _paid_part),
        Check("excess-to-highest-rate", ("allocation.excess",),
              "what exceeds the minimum payment goes to the balance with the highest rate first; deferred-interest balances "
              "come first in their last two cycles, whatever the terms say", _regulation("1026.53(a), (b)"), _excess),
        Check("late-fee-within-minimum", ("fees.late_payment.cap_at",),
              "a late-payment fee is never more than the minimum payment that was missed",
              _regulation("1026.52(b)(2)(i)(A)"), late_fee_within_minimum),
        Check("late-fee-safe-harbour", ("fees.late_payment",),
              "a late-payment fee is at most the safe harbour of its year, the higher one for a repeat within six cycles",
              _regulation("1026.52(b)(1)(ii)", "text"), late_fee_safe_harbour),
        Check("late-fee-of-the-vacated-rule", ("fees.late_payment",),
              "since 15 April 2025 a late-payment fee is at most 30.00, 41.00 for a repeat: the higher safe harbours of 2025 "
              "came with a rule that was vacated that day",
              Source("Chamber of Commerce v. CFPB, N.D. Tex.", "judgment of 15 April 2025", "report"),
              late_fee_of_the_vacated_rule, "note"),
        Check("returned-payment-fee-within-minimum", ("fees.returned_payment.cap_at",),
              "a returned-payment fee is never more than the minimum payment that was due", _regulation("1026.52(b)(2)(i)(A)"),
              returned_payment_within_minimum),
        Check("other-penalty-fees-safe-harbour", ("fees.returned_payment", "fees.over_limit"),
              "returned-payment and over-limit fees are at most the safe harbour of their year",
              _regulation("1026.52(b)(1)(ii)", "text"), other_penalty_fees),
        Check("over-limit-fee-opt-in", ("fees.over_limit.opt_in",),
              "an over-limit fee is charged to holders only who agreed to go over the limit", _regulation("1026.56(b)(1)"),
              over_limit_opt_in),
        Check("over-limit-fee-three-cycles", ("fees.over_limit.max_consecutive_cycles",),
              "one over-limit transaction brings the fee for three cycles at most", _regulation("1026.56(j)(1)"),
              over_limit_cycles),
        Check("first-year-fees", ("fees.first_year_cap",),
              "fees of the first year are at most 25 % of the credit limit, penalty fees aside: the cap is 0.25 or left out",
              _regulation("1026.52(a)(1)"), _first_year, "note"),
        Check("payoff-box", ("disclosures.payoff",),
              "statements say how long it takes if only minimums are paid, and the payment for 36 months",
              _regulation("1026.7(b)(12)(i), Appendix M1", "text"), _payoff_box),
        Check("penalty-rate", ("interest.penalty.after_days_past_due", "interest.penalty.cured_after_on_time"),
              "a penalty rate on what is owed holds only after 60 days past due, and ends after six minimums in time",
              _regulation("1026.55(b)(4)"), _penalty_rate),
        notice(45, _regulation("1026.9(c)(2)(i)", "report")),
        rate_on_what_is_owed(_regulation("1026.55(a), (b)(3)"), "note"),
    ),
    not_checked=(
        "one penalty fee for one event (1026.52(b)(2)(ii)): the fee rules keep it, whatever the terms say",
        "no higher rate in the first year of an account (1026.55(b)(3)(iii))",
        "due dates of accounts with a closing day of their own",
        "issuers who price penalty fees by their costs (1026.52(b)(1)(i)): the safe harbours are asked of all",
        "business cards, which most of these paragraphs leave out",
    ),
)
