"""HK: the Code of Banking Practice, the bank association's practices for credit cards, the Money Lenders Ordinance."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction

from fees.rule_packs.account import account, cycle_dates, due_dates, event
from fees.rule_packs.allocation import not_highest_rate_first
from fees.rule_packs.check import Basis, Breach, Case, Check, RulePack, Source, given
from fees.rule_packs.dearer import notice
from fees.rule_packs.late_fees import most_of
from fees.rule_packs.minimum_covers import minimum_covers
from fees.yearly_rates import percent, rates

#: Money Lenders Ordinance, ss. 24 and 25, from a day on: the highest effective rate, and that presumed extortionate.
LIMITS: tuple[tuple[date, Fraction, Fraction], ...] = (
    (date.min, Fraction(60, 100), Fraction(48, 100)), (date(2022, 12, 30), Fraction(48, 100), Fraction(36, 100)),
)
DAYS_TO_PAY = 21


def _practice(paragraph: str, basis: Basis) -> Source:
    return Source("HKAB, good practices for credit cards (2011)", paragraph, basis)


def _ordinance(paragraph: str) -> Source:
    return Source("Money Lenders Ordinance (Cap. 163)", f"{paragraph}, by the Code of Banking Practice, 12.3", "report")


def _rate_cap(case: Case) -> Iterator[Breach]:
    yield from _above(case, 1, "is the highest that the law allows")


def _extortionate(case: Case) -> Iterator[Breach]:
    yield from _above(case, 2, "and more is presumed extortionate")


def _above(case: Case, which: int, why: str) -> Iterator[Breach]:
    terms = case.terms
    limits = next(each for each in reversed(LIMITS) if each[0] <= terms.in_force_from)
    limit = limits[1] if which == 1 else limits[2]
    for key, rate in rates(terms):
        effective = (1 + rate / 12) ** 12 - 1
        if limit < effective and (which == 1 or effective <= limits[1]):
            opened_on, closings = cycle_dates(terms)
            yield Breach(key, f"{key} bears {percent(rate)} a year, {percent(effective)} with monthly compounding; "
                         f"{percent(limit)} {why}",
                         account(f"1000.00 that are not paid bear {percent(rate)} a year.", terms,
                                 [event(opened_on, "purchase", 1000)], closings[1]))


def _two_cycle(case: Case) -> Iterator[Breach]:
    terms = case.terms
    if terms.interest.method == "two_cycle":
        opened_on, closings = cycle_dates(terms)
        due = due_dates(terms, closings)[0]
        yield Breach("interest.method", f"{given(terms, 'interest.method')} charges for days of the cycle before the last one",
                     account(f"Of 1000.00, 999.00 are paid on {due}; the interest of {closings[1]} is still on half of the "
                             "average balance of the cycle before.", terms,
                             [event(opened_on, "purchase", 1000), event(due, "payment", 999)], closings[1]))


def _days_to_pay(case: Case) -> Iterator[Breach]:
    terms = case.terms
    opened_on, closings = cycle_dates(terms, 12)
    for closes_on, due in zip(closings, due_dates(terms, closings), strict=True):
        if (due - closes_on).days < DAYS_TO_PAY:
            key = "cycle.due_day" if terms.cycle.due_after_days is None else "cycle.due_after_days"
            said = f"the statement of {closes_on} is due on {due}, {(due - closes_on).days} days later"
            yield Breach(key, f"{given(terms, key)}: {said}; {DAYS_TO_PAY} are recommended",
                         account(f"{said[0].upper()}{said[1:]}.", terms, [event(opened_on, "purchase", 1000)], closes_on))
            return


def _excess(case: Case) -> Iterator[Breach]:
    yield from not_highest_rate_first(case.terms, "excess")


def _over_limit_consent(case: Case) -> Iterator[Breach]:
    terms, fee = case.terms, case.terms.fees.over_limit
    if fee is not None and most_of(fee) != 0 and not fee.opt_in:
        opened_on, closings = cycle_dates(terms)
        yield Breach("fees.over_limit.opt_in", "fees.over_limit is charged to holders who did not agree to go over the limit; "
                     "give it opt_in = true",
                     account("The holder agreed to nothing; going over the limit is charged all the same.", terms,
                             [event(opened_on, "purchase", 15000)], closings[0], credit_limit="10000"))


HK = RulePack(
    country="HK", name="Hong Kong", currency="HKD",
    checks=(
        Check("rate-cap", ("interest.segment", "interest.over_limit", "interest.penalty"),
              "no effective rate above 48 % a year (60 % before 30 December 2022)",
              _ordinance("s. 24"), _rate_cap),
        Check("presumed-extortionate", ("interest.segment", "interest.over_limit", "interest.penalty"),
              "no effective rate above 36 % a year (48 % before 30 December 2022) without a reason",
              _ordinance("s. 25"), _extortionate,
              "note"),
        Check("no-double-cycle", ("interest.method",), "no interest on balances of days before the last billing cycle",
              _practice("double-cycle billing", "text"), _two_cycle),
        minimum_covers("minimum-covers-interest-fees-and-1-percent", _practice("minimum payments", "example"),
                       Fraction(1, 100)),
        Check("excess-to-highest-rate", ("allocation.excess",),
              "what exceeds the minimum payment goes to the balance with the highest rate first",
              _practice("payment hierarchy", "memory"), _excess),
        Check("over-limit-only-by-consent", ("fees.over_limit.opt_in",),
              "an over-limit fee is charged to holders only who agreed to go over the limit",
              _practice("over-the-limit arrangements", "memory"), _over_limit_consent),
        Check("21-days-to-pay", ("cycle.due_day", "cycle.due_after_days"), "a statement is sent 21 days before it is due",
              _practice("billing statements", "text"), _days_to_pay, "note"),
        notice(60, _practice("notice of changes in fees and rates", "text")),
    ),
    not_checked=(
        "no fee for an account that is not used: the terms have no such fee",
        "no higher rate for holders who are settling their debts",
    ),
)
