"""How long a balance takes to be paid off: with minimum payments only, with a fixed payment, or in a number of months.

A projection, month by month and exact (billing/projected_debt.py). What the law asks to be counted is: the minimum payment and
the rates of the account's own terms (M1(b)(1), (2)), the penalty rate or hardship's where one holds, promotions to their end,
deferred interest where minimum payments leave some of it unpaid, and all that is owed, instalment parts still to come
included (b)(3). What it lets be left out is left out: anything else that happens, a new grace period, days of different months,
what is past due (b)(4). docs/reference/statement.md lists it for the reader, clause by clause.

Source: 12 CFR 1026.7(b)(12) and Part 1026, Appendix M1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from accounts.money import minor_units
from billing.balances import Int64Array
from billing.owed import Owed
from billing.projected_debt import ProjectedDebt
from fees.terms import Terms

#: A projection gives up after so many months: a hundred years.
LONGEST = 1200
#: What owes no less than so many months before is not being paid off.
_YEAR = 12
#: Debt that has grown so many times over is growing for ever; kept low so that amounts stay within 64 bits.
_GROWN = 10
#: A balance of at most so many minor units may be too small for the rounded minimum payment to lower it.
_SMALL = 100_000
#: So many level payments are tried at once.
_TRIED_AT_ONCE = 64

NeverEnding = Literal["negative_amortisation", "longer_than_100_years"]


@dataclass(frozen=True)
class Projection:
    """How many monthly payments pay all off, and what they come to; None, with the reason, if they never do."""

    months: int | None
    total: int | None
    never: NeverEnding | None = None


@dataclass(frozen=True)
class LevelPayment:
    """The payment a month that pays all off in a number of months, and what all of them come to (the last may be less)."""

    payment: int
    total: int


@dataclass(frozen=True)
class Month:
    """One month of a projection, minor units: interest that came on (with its tax), instalment parts billed with their fees,
    less what a credit balance paid of them; what was paid; what is owed at its end."""

    interest: int
    payment: int
    owed: int
    instalments: int = 0


def minimum_payments_only(terms: Terms, owed: Owed) -> Projection:
    """What becomes of a balance if its holder pays each minimum payment and no more, to the last instalment part.

    A rest so small that the minimum payment, rounded, does not lower it any more is paid with the payment before. Where
    instalment parts take longer than the rest, theirs is the time, as M1(b)(1) asks of several minimum payment formulas.
    """
    return _projected(ProjectedDebt(terms, owed, 1, bears_after_all(terms, owed)), None)


def fixed_payments(terms: Terms, owed: Owed, payment: int) -> Projection:
    """What becomes of a balance if its holder pays the same every month; payment: minor units."""
    return _projected(ProjectedDebt(terms, owed, 1, bears_after_all(terms, owed)), np.array([payment]))


def level_payment(terms: Terms, owed: Owed, months: int = 36) -> LevelPayment:
    """The least payment a month, in steps of the terms' rounding unit, that pays in so many months all that is billed by then.

    A month that owes less than the payment takes no more than it owes: parts of a plan cannot be paid before they are billed,
    and those billed after these months are not in it. Source: Part 1026, Appendix M1(d)(2).
    """
    unit = minor_units(terms.interest.rounding_unit, terms.digits)
    bear = bears_after_all(terms, owed)

    def paid(tried: Int64Array) -> tuple[Int64Array, Int64Array]:
        """Of each payment, what is still owed after these months, and what was paid in all."""
        debt, total = ProjectedDebt(terms, owed, len(tried), bear), np.zeros(len(tried), dtype=np.int64)
        for month in range(1, months + 1):
            debt.pass_month(month)
            total += debt.pay(tried * unit)
        return debt.owed, total

    first_month = ProjectedDebt(terms, owed, 1, bear)
    first_month.pass_month(1)
    most = int(first_month.owed[0]) + sum(each.parts + each.charges for each in owed.parts_due[1:months])
    too_little, enough = 0, -(-most // unit)
    while enough - too_little > 1:
        step = max((enough - too_little) // _TRIED_AT_ONCE, 1)
        tried = np.arange(too_little + step, enough, step, dtype=np.int64)
        settled = np.flatnonzero(paid(tried)[0] == 0)
        if settled.size:
            enough = int(tried[settled[0]])
            tried = tried[: settled[0]]
        too_little = int(tried[-1]) if tried.size else too_little
    return LevelPayment(enough * unit, int(paid(np.array([enough]))[1][0]))


def minimum_schedule(terms: Terms, owed: Owed, months: int) -> list[Month]:
    """The first months of a balance of which only the minimum payments are made; fewer if it is paid off before."""
    debt, schedule = ProjectedDebt(terms, owed, 1, bears_after_all(terms, owed)), list[Month]()
    while len(schedule) < months and (debt.owed[0] > 0 or debt.to_come):
        before, credit, due = int(debt.owed[0]), int(debt.credit[0]), debt.to_come[:1]
        debt.pass_month(len(schedule) + 1)
        billed = sum(each.parts + each.charges for each in due) - (credit - int(debt.credit[0]))
        added = int(debt.owed[0]) - before - billed
        schedule.append(Month(added, int(debt.pay(None)[0]), int(debt.owed[0]), billed))
    return schedule


def bears_after_all(terms: Terms, owed: Owed) -> frozenset[int]:
    """Which parcels of deferred interest bear their rate: those that minimum payments leave something of at their end.

    Source: Part 1026, Appendix M1(b)(2) and (d)(2): the others bear nothing.
    """
    deferred = [row for row, each in enumerate(owed.principal)
                if each.ends_on is not None and terms.interest.segment_named(each.segment).deferred]
    found, before = frozenset[int](), None
    while deferred and found != before:
        debt, month, before = ProjectedDebt(terms, owed, 1, found), 0, found
        while month < LONGEST and any(debt.ends_on[row] is not None for row in deferred):
            month += 1
            debt.pass_month(month)
            debt.pay(None)
        found = found | debt.not_paid_in_time
    return found


def years_said(months: int) -> int | None:
    """A long time in whole years, half a year and more counting as one; None under 24 months, which are said in months.

    Source: 12 CFR 1026.7(b)(12)(i)(B), with the examples of Part 1026, Appendix M1(b)(5).
    """
    return None if months < 24 else (2 * months + 12) // 24


def _projected(debt: ProjectedDebt, payment: Int64Array | None) -> Projection:
    balances, total = [int(debt.owed[0]) + debt.not_billed], 0
    while balances[-1] > 0:
        month = len(balances)
        if month > LONGEST or balances[-1] > _GROWN * balances[0]:
            falls = balances[-1] < balances[-min(month, _YEAR + 1)]
            return Projection(None, None, "longer_than_100_years" if falls else "negative_amortisation")
        debt.pass_month(month)
        total += int(debt.pay(payment)[0])
        if (payment is None and not debt.to_come and balances[-1] <= debt.owed[0] <= _SMALL
                and debt.falls_if_larger(month + 1)):
            total += int(debt.pay(debt.owed)[0])
        balances.append(int(debt.owed[0]) + debt.not_billed)
    return Projection(len(balances) - 1, total)
