"""Instalment plans: what each part comes to, and the fee (or the interest) on it.

Source: docs/reference/billing-rules.md, 13.
"""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from accounts.calendar import first_closing, months_later
from fees.rates import day_key, rate_of_day
from fees.rounding import Int64Array, round_share
from fees.terms import Terms
from fees.terms_interest import RatedTerms


def part_amount(terms: Terms, amounts: Int64Array, parts: int, number: int) -> Int64Array:
    """What a part of each plan comes to, minor units: equal parts of the smallest amount shown, and what division leaves in
    the first or the last one.

    amounts: of the plans, minor units, (plans,); number: of the part, from 1 up to `parts`.
    """
    unit = terms.shown_unit
    equal = amounts // (parts * unit) * unit
    takes_rest = number == (1 if terms.instalments.remainder_in == "first" else parts)
    return amounts - equal * (parts - 1) if takes_rest else equal


def unrounded_fee_rate(terms: Terms, from_on: date, until: date, closing_day: int) -> Fraction:
    """The share that a part's fee is: of the plan's amount (flat), of what is left before the part (declining).

    from_on: the day of the plan, or of the part before; until: the day of the part. A declining plan bears the rates of the
    days from the one up to the day before the other. closing_day: of the account.
    """
    plan = terms.instalments
    if plan.method == "flat":
        return Fraction(plan.fee_rate)
    rated, day_count = RatedTerms(annual_rate=plan.annual_rate), terms.interest.day_count
    days = (from_on + timedelta(days=number) for number in range((until - from_on).days))
    return sum((rate_of_day(rated, day_count, day_key(day_count, day, _days_of_cycle(day, closing_day))) for day in days),
               Fraction(0))


def instalment_fee(terms: Terms, amounts: Int64Array, left: Int64Array, rate: Fraction) -> Int64Array:
    """The fee on a part of each plan, minor units, rounded as interest is to the smallest amount shown.

    amounts: of the plans; left: not billed before the part; rate: of `unrounded_fee_rate`.
    """
    base = amounts if terms.instalments.method == "flat" else left
    return round_share(base, rate, terms.interest.rounding, terms.shown_unit)


def settlement_fee(terms: Terms, left: Int64Array, rate: Fraction) -> Int64Array:
    """The fee on what is settled early: of a declining plan its interest up to the day, of a flat one nothing more."""
    return instalment_fee(terms, left, left, rate if terms.instalments.method == "declining" else Fraction(0))


def instalment_clause(terms: Terms) -> str:
    """The key of the terms that the fee rests on."""
    return "instalments.fee_rate" if terms.instalments.method == "flat" else "instalments.annual_rate"


def _days_of_cycle(day: date, closing_day: int) -> int:
    """The days from one closing to the next, of the cycle that a day belongs to."""
    closing = first_closing(day + timedelta(days=1), closing_day)
    return (closing - months_later(closing, -1, closing_day)).days
