"""How long a balance takes to be paid off: with minimum payments only, with a fixed payment, or in a number of months.

A projection, month by month and exact: a month of equal length bears a twelfth of a year's interest (fees/monthly_rates.py) on
what is owed at its start, the interest is rounded as the terms round it and added, then the payment comes off, in the order of
the terms. It assumes that nothing else happens: no transaction, no fee, no change in terms; that no purchase is in its
interest-free period; that every payment is made in time. docs/reference/statement.md lists it for the reader.

Source: 12 CFR 1026.7(b)(12) and Part 1026, Appendix M1.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import lcm
from typing import Literal

import numpy as np

from accounts.calendar import months_later
from accounts.money import minor_units
from billing.balances import Int64Array
from billing.minimum_payment import minimum_payment
from fees.monthly_rates import monthly_fraction
from fees.rounding import round_fraction, round_share, times
from fees.terms import Terms
from fees.terms_interest import InterestTerms

#: A projection gives up after so many months: a hundred years.
LONGEST = 1200
#: What owes no less than so many months before is not being paid off.
_YEAR = 12
#: Debt that has grown so many times over is growing for ever; kept low so that amounts stay within 64 bits.
_GROWN = 10
#: A balance of at most so many minor units may be too small for the rounded minimum payment to lower it; one this many times as
#: large shows whether the rounding is what keeps it.
_SMALL, _LARGER, _NO_LIMIT = 100_000, 1_000_000, 10**12
#: So many level payments are tried at once.
_TRIED_AT_ONCE = 64

NeverEnding = Literal["negative_amortisation", "longer_than_100_years"]


@dataclass(frozen=True)
class Parcel:
    """Principal of one segment, minor units; ends_on: the last day of its promotion, if it has one."""

    segment: str
    amount: int
    ends_on: date | None = None


@dataclass(frozen=True)
class Owed:
    """What is owed at a closing: principal, and interest and fees already billed; minor units."""

    closes_on: date
    principal: tuple[Parcel, ...]
    interest: int = 0
    fees: int = 0
    credit_limit: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return sum(each.amount for each in self.principal) + self.interest + self.fees


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
    """One month of a projection, minor units: interest that came on (with its tax), what was paid, what is owed at its end."""

    interest: int
    payment: int
    owed: int


def minimum_payments_only(terms: Terms, owed: Owed) -> Projection:
    """What becomes of a balance if its holder pays each minimum payment and no more.

    A rest so small that the minimum payment, rounded, does not lower it any more is paid with the payment before.
    """
    return _projected(_Debt(terms, owed, 1), None)


def fixed_payments(terms: Terms, owed: Owed, payment: int) -> Projection:
    """What becomes of a balance if its holder pays the same every month; payment: minor units."""
    return _projected(_Debt(terms, owed, 1), np.array([payment]))


def level_payment(terms: Terms, owed: Owed, months: int = 36) -> LevelPayment:
    """The least payment a month, in steps of the terms' rounding unit, that pays all off in so many months."""
    unit = minor_units(terms.interest.rounding_unit, terms.digits)
    first_month = _Debt(terms, owed, 1)
    first_month.bear_interest(1)
    too_little, enough = 0, -(-int(first_month.owed[0]) // unit)
    total = int(first_month.owed[0])
    while enough - too_little > 1:
        step = max((enough - too_little) // _TRIED_AT_ONCE, 1)
        tried = np.arange(too_little + step, enough, step, dtype=np.int64)
        debt, paid = _Debt(terms, owed, len(tried)), np.zeros(len(tried), dtype=np.int64)
        for month in range(1, months + 1):
            debt.bear_interest(month)
            paid += debt.pay(tried * unit)
        settled = np.flatnonzero(debt.owed == 0)
        if settled.size:
            enough, total = int(tried[settled[0]]), int(paid[settled[0]])
            tried = tried[: settled[0]]
        too_little = int(tried[-1]) if tried.size else too_little
    return LevelPayment(enough * unit, total)


def minimum_schedule(terms: Terms, owed: Owed, months: int) -> list[Month]:
    """The first months of a balance of which only the minimum payments are made; fewer if it is paid off before."""
    debt, schedule = _Debt(terms, owed, 1), list[Month]()
    while len(schedule) < months and debt.owed[0] > 0:
        before = int(debt.owed[0])
        debt.bear_interest(len(schedule) + 1)
        added = int(debt.owed[0]) - before
        schedule.append(Month(added, int(debt.pay(None)[0]), int(debt.owed[0])))
    return schedule


def monthly_rates(terms: Terms, segment: str) -> list[Fraction]:
    """The rate a month of a segment; of one with tiers that of each tier, lowest balance first."""
    return [rate for _, rate in _parts(terms, segment)]


def years_said(months: int) -> int | None:
    """A long time in whole years, half a year and more counting as one; None under 24 months, which are said in months.

    Source: 12 CFR Part 1026, Appendix M1(b)(5).
    """
    return None if months < 24 else (2 * months + 12) // 24


def _projected(debt: _Debt, payment: Int64Array | None) -> Projection:
    balances, total = [int(debt.owed[0])], 0
    while balances[-1] > 0:
        month = len(balances)
        if month > LONGEST or balances[-1] > _GROWN * balances[0]:
            falls = balances[-1] < balances[-min(month, _YEAR + 1)]
            return Projection(None, None, "longer_than_100_years" if falls else "negative_amortisation")
        debt.bear_interest(month)
        total += int(debt.pay(payment)[0])
        if payment is None and balances[-1] <= debt.owed[0] <= _SMALL and debt.enlarged().falls(month + 1):
            total += int(debt.pay(debt.owed)[0])
        balances.append(int(debt.owed[0]))
    return Projection(len(balances) - 1, total)


class _Debt:
    """What is owed while time passes, in several trials at once: principal of shape (parcels, trials), the rest (trials,)."""

    def __init__(self, terms: Terms, owed: Owed, trials: int) -> None:
        self.terms, self.closes_on, self.digits = terms, owed.closes_on, terms.digits
        self.segments = [each.segment for each in owed.principal]
        self.ends_on = [each.ends_on for each in owed.principal]
        self.principal = np.repeat(np.array([[each.amount] for each in owed.principal], dtype=np.int64).reshape(-1, 1),
                                   trials, axis=1)
        self.interest, self.fees, self.credit_limit = (
            np.full(trials, amount, dtype=np.int64) for amount in (owed.interest, owed.fees, owed.credit_limit))
        self.orders = self._orders()
        self._known: dict[str, list[tuple[int | None, Fraction]]] = {}

    def enlarged(self) -> _Debt:
        """The same debt, every balance so many times as large that rounding does not matter to it."""
        larger = copy(self)
        larger.credit_limit = np.full_like(self.credit_limit, _NO_LIMIT)
        larger.segments, larger.ends_on = list(self.segments), list(self.ends_on)
        for name in ("principal", "interest", "fees"):
            setattr(larger, name, getattr(self, name) * _LARGER)
        return larger

    def falls(self, month: int) -> bool:
        """Whether a month with the minimum payment lowers what is owed; lets that month pass."""
        before = int(self.owed[0])
        self.bear_interest(month)
        self.pay(None)
        return int(self.owed[0]) < before

    @property
    def owed(self) -> Int64Array:
        """All that is owed, (trials,)."""
        total: Int64Array = self.principal.sum(axis=0) + self.interest + self.fees
        return total

    def bear_interest(self, month: int) -> None:
        """Let a month pass: promotions end, interest comes on, rounded once for each segment, and the tax on it."""
        self._end_promotions(month)
        interest = self.terms.interest
        unit = minor_units(interest.rounding_unit, self.digits)
        tax = Fraction(self.terms.fees.tax_on_charges.interest)
        charges = []
        for segment in dict.fromkeys([*self.segments, "purchase"]):
            bears = self.principal[[row for row, name in enumerate(self.segments) if name == segment]].sum(axis=0)
            if segment == "purchase":
                bears = bears + self._also_bears()
            charges.append(_share(bears, self._rates(segment), interest, unit))
        charged, least = np.sum(charges, axis=0), minor_units(interest.minimum_charge, self.digits)
        charges.append(np.where((charged > 0) & (charged < least), least - charged, 0))
        for charge in charges:
            self.interest = self.interest + charge
            if tax:
                self.fees = self.fees + round_share(charge, tax, interest.rounding, unit)

    def minimum(self) -> Int64Array:
        """The minimum payment of what is owed now; nothing of it is new, past due or an instalment."""
        owed, principal = self.owed, self.principal.sum(axis=0)
        cash = self.principal[[row for row, name in enumerate(self.segments) if name == "cash_advance"]].sum(axis=0)
        over, none = np.maximum(owed - self.credit_limit, 0), np.zeros_like(owed)
        bases = {"new_purchases": none, "revolving_principal": principal - cash, "purchases": principal - cash,
                 "cash_advances": cash, "principal": principal, "new_balance": owed, "within_limit": owed - over,
                 "credit_limit": self.credit_limit}
        in_full = {"interest": self.interest, "fees": self.fees, "past_due": none, "over_limit": over, "instalments": none}
        return minimum_payment(self.terms, bases, in_full, self.digits, owed)

    def pay(self, payment: Int64Array | None) -> Int64Array:
        """Let a payment come off, or the minimum (None), its worth and the rest each in its order; gives what was paid."""
        minimum = self.minimum()
        paid = minimum if payment is None else np.minimum(payment, self.owed)
        towards_minimum = np.minimum(paid, minimum)
        for money, order in zip((towards_minimum, paid - towards_minimum), self.orders, strict=True):
            self._run_down(order, money)
        return paid

    def _run_down(self, order: Sequence[int | str], left: Int64Array) -> None:
        for item in order:
            balance = self.fees if item == "fees" else self.interest if item == "interest" else self.principal[int(item)]
            part = np.minimum(balance, left)
            balance -= part
            left = left - part

    def _rates(self, segment: str) -> list[tuple[int | None, Fraction]]:
        if segment not in self._known:
            self._known[segment] = _parts(self.terms, segment)
        return self._known[segment]

    def _also_bears(self) -> Int64Array:
        """Billed fees and interest, where the terms let them bear interest, at the purchase rate."""
        interest = self.terms.interest
        fees = self.fees if interest.fees_bear_interest else np.zeros_like(self.fees)
        return fees + self.interest if interest.interest_bears_interest or interest.compounding != "none" else fees

    def _end_promotions(self, month: int) -> None:
        closes_on = months_later(self.closes_on, month, self.closes_on.day)
        for row, ends_on in enumerate(self.ends_on):
            if ends_on is not None and ends_on < closes_on:
                segment = self.terms.interest.segment_named(self.segments[row])
                self.segments[row], self.ends_on[row] = segment.revert_to or "purchase", None
                self.orders = self._orders()

    def _orders(self) -> list[list[int | str]]:
        allocation = self.terms.allocation
        return [_order(self.terms, items, self.segments) for items in (allocation.minimum, allocation.excess)]


def _parts(terms: Terms, segment: str) -> list[tuple[int | None, Fraction]]:
    """The rates a month of a segment: each with the amount of the balance up to which it holds, None without end."""
    interest, row = terms.interest, terms.interest.segment_named(segment)
    return [(None if tier.up_to is None else minor_units(tier.up_to, terms.digits),
             monthly_fraction(tier, interest.day_count, interest.compounding)) for tier in row.tiers or ()] or [
                 (None, monthly_fraction(row, interest.day_count, interest.compounding))]


def _share(balance: Int64Array, parts: Sequence[tuple[int | None, Fraction]], interest: InterestTerms, unit: int) -> Int64Array:
    """The interest of a month on a balance, each part of it at its own rate, rounded once."""
    scale = lcm(*(rate.denominator for _, rate in parts))
    exact, below = np.zeros_like(balance), 0
    for up_to, rate in parts:
        part = np.clip(balance - below, 0, None if up_to is None else up_to - below)
        exact, below = exact + times(part, int(rate * scale)), up_to or 0
    return round_fraction(exact, scale, interest.rounding, unit)


def _order(terms: Terms, items: Sequence[str], segments: Sequence[str]) -> list[int | str]:
    """What a payment pays one after the other: "fees", "interest", rows of principal. docs/reference/billing-rules.md, 8."""
    order: list[int | str] = []
    for place, item in enumerate(items):
        if item in ("past_due", "fees", "interest"):
            order += ["fees", "interest"] if item == "past_due" else [item]
        elif item.startswith("segment:"):
            order += [row for row, name in enumerate(segments) if name == item.removeprefix("segment:")]
        else:
            order += _sorted_principal(terms, segments, items[place:])
    order += ["fees", "interest", *_sorted_principal(terms, segments, ())]
    return list(dict.fromkeys(order))


def _sorted_principal(terms: Terms, segments: Sequence[str], keys: Sequence[str]) -> list[int]:
    """The rows of principal in the order that the rate keys give them; among equals segments without grace come first."""
    def rank(row: int) -> tuple[Fraction | int, ...]:
        segment = terms.interest.segment_named(segments[row])
        rate = Fraction(0) if segment.deferred else _parts(terms, segment.name)[0][1]
        by_rate = [rate if key == "lowest_rate" else -rate for key in keys if key in ("lowest_rate", "highest_rate")]
        return *by_rate, segment.grace, terms.interest.segment.index(segment)

    return sorted(range(len(segments)), key=rank)
