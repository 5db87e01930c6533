"""What is owed at a closing, and what is agreed to come of it: what a projection starts from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Literal

from accounts.calendar import months_later
from billing.instalments import BilledPlans
from fees.fee_tax import fee_tax
from fees.terms_interest import RatedTerms


@dataclass(frozen=True)
class Parcel:
    """Principal of one segment, minor units; ends_on: the last day of its promotion, if it has one."""

    segment: str
    amount: int
    ends_on: date | None = None


@dataclass(frozen=True)
class OwnRate:
    """A rate that takes the place of every segment's in the first months of a projection: hardship's, or the penalty rate."""

    kind: Literal["hardship", "penalty"]
    rated: RatedTerms
    last_month: int


@dataclass(frozen=True)
class PartsDue:
    """What one month bills of instalment plans, minor units: parts, and the fees on them with their tax."""

    parts: int
    charges: int


@dataclass(frozen=True)
class Owed:
    """What is owed at a closing: principal, and interest and fees already billed; minor units.

    plans: instalment plans with parts to come, of one account each; own_rates: the first that still holds in a month is that
    month's; credit: what the issuer owes instead, which pays parts to come.
    """

    closes_on: date
    principal: tuple[Parcel, ...]
    interest: int = 0
    fees: int = 0
    credit_limit: int = 0
    plans: tuple[BilledPlans, ...] = ()
    own_rates: tuple[OwnRate, ...] = ()
    credit: int = 0

    @property
    def total(self) -> int:
        """All of it that is billed."""
        return sum(each.amount for each in self.principal) + self.interest + self.fees

    def own_rate(self, month: int) -> OwnRate | None:
        """The account's own rate in a month, counted from 1; None where it has that of the terms."""
        return next((each for each in self.own_rates if month <= each.last_month), None)

    @cached_property
    def parts_due(self) -> tuple[PartsDue, ...]:
        """What the months after the closing bill of the plans, up to the last part of all.

        Source: docs/reference/billing-rules.md, 14.4 and 14.5.
        """
        billed = [list(_billed(plan, self.closes_on)) for plan in self.plans]
        return tuple(PartsDue(sum(each[month].parts for each in billed if month < len(each)),
                              sum(each[month].charges for each in billed if month < len(each)))
                     for month in range(max(map(len, billed), default=0)))


def _billed(plan: BilledPlans, closes_on: date) -> Iterator[PartsDue]:
    month = 0
    while plan.left[0] > 0:
        month += 1
        on = months_later(closes_on, month, plan.closing_day)
        part, fee = plan.next_part(on)
        tax = fee_tax(plan.terms, "instalment", fee)
        yield PartsDue(int(part[0]), int(fee[0]) + int(tax[0]))
        plan = replace(plan, left=plan.left - part, billed=plan.billed + 1, last_on=on)
