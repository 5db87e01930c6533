"""A debt while months pass: interest comes on, instalment parts are billed, payments come off. Pure and exact.

Source: docs/reference/statement.md, Payoff; docs/reference/billing-rules.md, 4.6, 8, 10 and 14.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from fractions import Fraction

import numpy as np

from accounts.calendar import months_later
from accounts.money import minor_units
from billing.balances import Int64Array
from billing.minimum_payment import minimum_payment
from billing.owed import Owed, OwnRate
from billing.projected_rates import RateParts, monthly_interest, monthly_rate, rate_parts
from fees.rounding import round_share
from fees.terms import Terms

#: So many times as large balances are that show whether rounding is what keeps a small one; and a limit that none reaches.
_LARGER, _NO_LIMIT = 1_000_000, 10**12
#: Methods by which the excess over the limit is taken off what bears the segments' rates (rule 4.6).
_BY_THE_DAY = ("daily_balance", "average_daily_balance")


class ProjectedDebt:
    """What is owed while months pass, in several trials at once: principal of shape (rows, trials), the rest (trials,).

    bears_after_all: rows of principal in deferred interest that bear their rate, because they will not be paid in time.
    """

    def __init__(self, terms: Terms, owed: Owed, trials: int, bears_after_all: frozenset[int] = frozenset()) -> None:
        self.terms, self.start, self.digits = terms, owed, terms.digits
        self.bears_after_all = bears_after_all
        self.segments = [each.segment for each in owed.principal]
        self.ends_on = [each.ends_on for each in owed.principal]
        amounts = [each.amount for each in owed.principal]
        if owed.plans:  # the row that parts are billed into
            self.segments, self.ends_on, amounts = [*self.segments, "purchase"], [*self.ends_on, None], [*amounts, 0]
        self.principal = np.repeat(np.array(amounts, dtype=np.int64).reshape(-1, 1), trials, axis=1)
        self.interest, self.fees, self.credit_limit, self.credit = (
            np.full(trials, amount, dtype=np.int64)
            for amount in (owed.interest, owed.fees, owed.credit_limit, owed.credit))
        #: Of the month's instalment parts what is owed: in the minimum in full, and in no base of it.
        self.new_parts = np.zeros(trials, dtype=np.int64)
        self.to_come = list(owed.parts_due)
        #: Rows of deferred interest of which something was left at their end.
        self.not_paid_in_time: set[int] = set()
        self._known: dict[str, RateParts] = {}
        self.own: OwnRate | None = None
        self.orders = self._orders()

    @property
    def owed(self) -> Int64Array:
        """All that is billed and owed, (trials,)."""
        total: Int64Array = self.principal.sum(axis=0) + self.interest + self.fees
        return total

    @property
    def not_billed(self) -> int:
        """Instalment parts still to come."""
        return sum(each.parts for each in self.to_come)

    def pass_month(self, month: int) -> None:
        """Let a month pass, counted from 1: promotions end, interest comes on, instalment parts are billed."""
        own = self.start.own_rate(month)
        if self._end_promotions(month) or own is not self.own:
            self.own, self.orders = own, self._orders()
        self._bear_interest()
        self._bill_parts()

    def pay(self, payment: Int64Array | None) -> Int64Array:
        """Let a payment come off, or the minimum (None), its worth and the rest each in its order; gives what was paid."""
        minimum = self.minimum()
        paid = minimum if payment is None else np.minimum(payment, self.owed)
        towards_minimum = np.minimum(paid, minimum)
        for money, order in zip((towards_minimum, paid - towards_minimum), self.orders, strict=True):
            self._run_down(order, money)
        self.new_parts = np.zeros_like(self.new_parts)
        return paid

    def minimum(self) -> Int64Array:
        """The minimum payment of what is owed now; nothing of it is past due, or new but instalment parts."""
        owed, principal = self.owed, self.principal.sum(axis=0) - self.new_parts
        cash = self.principal[[row for row, name in enumerate(self.segments) if name == "cash_advance"]].sum(axis=0)
        over, none = np.maximum(owed - self.credit_limit, 0), np.zeros_like(owed)
        bases = {"new_purchases": none, "revolving_principal": principal - cash, "purchases": principal - cash,
                 "cash_advances": cash, "principal": principal, "new_balance": owed, "within_limit": owed - over,
                 "credit_limit": self.credit_limit}
        in_full = {"interest": self.interest, "fees": self.fees, "past_due": none, "over_limit": over,
                   "instalments": self.new_parts}
        return minimum_payment(self.terms, bases, in_full, self.digits, owed)

    def falls_if_larger(self, month: int) -> bool:
        """Whether the minimum payment would lower this debt in a month, were every balance so large that rounding does not
        matter to it. Only of one with no instalment parts to come."""
        larger = copy(self)
        larger.credit_limit = np.full_like(self.credit_limit, _NO_LIMIT)
        larger.segments, larger.ends_on, larger.not_paid_in_time = list(self.segments), list(self.ends_on), set()
        for name in ("principal", "interest", "fees"):
            setattr(larger, name, getattr(self, name) * _LARGER)
        before = int(larger.owed[0])
        larger.pass_month(month)
        larger.pay(None)
        return int(larger.owed[0]) < before

    # -- a month --------------------------------------------------------------------------------------------------------

    def _end_promotions(self, month: int) -> bool:
        closes_on, ended = months_later(self.start.closes_on, month, self.start.closes_on.day), False
        for row, ends_on in enumerate(self.ends_on):
            if ends_on is not None and ends_on < closes_on:
                segment, ended = self.terms.interest.segment_named(self.segments[row]), True
                if segment.deferred and self.principal[row].any():
                    self.not_paid_in_time.add(row)
                self.segments[row], self.ends_on[row] = segment.revert_to or "purchase", None
        return ended

    def _bear_interest(self) -> None:
        """Interest of each segment and of the excess over the limit, each rounded once, and the tax on it."""
        interest = self.terms.interest
        unit = minor_units(interest.rounding_unit, self.digits)
        tax = Fraction(self.terms.fees.tax_on_charges.interest)
        bases, charges = self._bases(), list[Int64Array]()
        rate = monthly_rate(self.terms, interest.over_limit) if interest.over_limit.rate_key is not None else Fraction(0)
        if rate:
            excess = np.maximum(self.owed - self.credit_limit, 0)
            if interest.over_limit.instead_of_purchase_rate and interest.method in _BY_THE_DAY:
                self._take_off(bases, excess)
            charges.append(monthly_interest(self.terms, excess, [(None, rate)]))
        charges += [monthly_interest(self.terms, base, self._rates(segment)) for segment, base in bases.items()]
        charged, least = np.sum(charges, axis=0), minor_units(interest.minimum_charge, self.digits)
        charges.append(np.where((charged > 0) & (charged < least), least - charged, 0))
        for charge in charges:
            self.interest = self.interest + charge
            if tax:
                self.fees = self.fees + round_share(charge, tax, interest.rounding, unit)

    def _bases(self) -> dict[str, Int64Array]:
        """What bears the rate of each segment: its principal, and with purchases what is billed of fees and interest where the
        terms let these bear; deferred interest that will be paid in time bears nothing."""
        interest = self.terms.interest
        bases: dict[str, Int64Array] = {}
        for segment in dict.fromkeys([*self.segments, "purchase"]):
            deferred = interest.segment_named(segment).deferred
            rows = [row for row, name in enumerate(self.segments)
                    if name == segment and (not deferred or row in self.bears_after_all)]
            bases[segment] = self.principal[rows].sum(axis=0)
        if interest.fees_bear_interest:
            bases["purchase"] = bases["purchase"] + self.fees
        if interest.interest_bears_interest or interest.compounding != "none":
            bases["purchase"] = bases["purchase"] + self.interest
        return bases

    def _take_off(self, bases: dict[str, Int64Array], excess: Int64Array) -> None:
        """Let the excess over the limit not bear the segments' rates: of those with grace first, the last row first."""
        rows = self.terms.interest.segment
        for _, _, name in sorted((not row.grace, -number, row.name) for number, row in enumerate(rows)):
            if name in bases:
                taken = np.minimum(bases[name], excess)
                bases[name], excess = bases[name] - taken, excess - taken

    def _bill_parts(self) -> None:
        """The next part of each instalment plan, with its fee; a credit balance pays them."""
        if not self.to_come:
            return
        due = self.to_come.pop(0)
        paid_parts = np.minimum(self.credit, due.parts)
        paid_charges = np.minimum(self.credit - paid_parts, due.charges)
        self.credit = self.credit - paid_parts - paid_charges
        self.new_parts = due.parts - paid_parts
        self.principal[-1] += self.new_parts
        self.fees = self.fees + due.charges - paid_charges

    def _rates(self, segment: str) -> RateParts:
        if self.own is not None and not self.terms.interest.segment_named(segment).deferred:
            return [(None, monthly_rate(self.terms, self.own.rated))]
        if segment not in self._known:
            self._known[segment] = rate_parts(self.terms, segment)
        return self._known[segment]

    # -- payments -------------------------------------------------------------------------------------------------------

    def _run_down(self, order: Sequence[int | str], left: Int64Array) -> None:
        for item in order:
            balance = self.fees if item == "fees" else self.interest if item == "interest" else self.principal[int(item)]
            part = np.minimum(balance, left)
            balance -= part
            left = left - part

    def _orders(self) -> list[list[int | str]]:
        """What the minimum's worth and the rest pay, one after the other. docs/reference/billing-rules.md, 8."""
        allocation = self.terms.allocation
        return [self._order(items) for items in (allocation.minimum, allocation.excess)]

    def _order(self, items: Sequence[str]) -> list[int | str]:
        """"fees", "interest", and rows of principal."""
        order: list[int | str] = []
        for place, item in enumerate(items):
            if item in ("past_due", "fees", "interest"):
                order += ["fees", "interest"] if item == "past_due" else [item]
            elif item.startswith("segment:"):
                order += [row for row, name in enumerate(self.segments) if name == item.removeprefix("segment:")]
            else:
                order += self._sorted_principal(items[place:])
        order += ["fees", "interest", *self._sorted_principal(())]
        return list(dict.fromkeys(order))

    def _sorted_principal(self, keys: Sequence[str]) -> list[int]:
        """The rows of principal in the order that the rate keys give them; among equals segments without grace come first."""
        def rank(row: int) -> tuple[Fraction | int, ...]:
            segment = self.terms.interest.segment_named(self.segments[row])
            rate = Fraction(0) if segment.deferred else self._rates(segment.name)[0][1]
            by_rate = [rate if key == "lowest_rate" else -rate for key in keys if key in ("lowest_rate", "highest_rate")]
            return *by_rate, segment.grace, self.terms.interest.segment.index(segment)

        return sorted(range(len(self.segments)), key=rank)
