"""Instalment plans: what becomes one, the parts that closings bill, and the fee on each (rule 14)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from fees.terms import Terms
from statements.reperformance.cycles import DAY, days_between, thirty_day_weight
from statements.reperformance.facts import Fact, History, PlanAsked, fee_fact, part_fact
from statements.reperformance.priced import share_of, tax_on
from statements.reperformance.rates import rate_of_day
from statements.reperformance.received import received
from statements.reperformance.rounding import rounded

#: What plans post beside fees.
PLANNED = ("instalment", "instalment_conversion", "statement_conversion")


@dataclass
class Plan:
    """A plan on the terms of the day that it was made. billed: minor units of its parts; last_day: its fee counts from it."""

    asked: PlanAsked
    terms: Terms
    amount: int
    last_day: date
    billed: int = 0
    parts_billed: int = 0

    @property
    def left(self) -> int:
        return self.amount - self.billed


@dataclass(frozen=True)
class LastStatement:
    """What the statement before left that could become a plan, minor units; principal: without cash advances."""

    closing: date
    new_balance: int
    principal: int


@dataclass
class Plans:
    """The plans of an account."""

    history: History
    plans: list[Plan] = field(default_factory=list)

    def of_day(self, day: date, posted: Sequence[Fact], last: LastStatement) -> list[Fact]:
        """What posts as plans are made and settled on a day. posted: so far, the day's events included."""
        facts: list[Fact] = []
        for asked in self.history.plans:
            if asked.on == day:
                facts += self._make(asked, [*posted, *facts], last)
        for plan in self.plans:
            if plan.asked.settled_on == day and plan.left:
                facts += self._bill(plan, plan.left, day, settled=True)
        return facts

    def of_closing(self, closing: date, charged_off: bool) -> list[Fact]:
        """The next part of every plan, with the fee on it (rules 14.4, 14.5)."""
        facts: list[Fact] = []
        for plan in self.plans:
            if plan.left and plan.asked.on < closing:
                facts += self._bill(plan, self._next_part(plan), closing)
        return [each for each in facts if not (charged_off and each.kind == "fees")]

    def _make(self, asked: PlanAsked, posted: Sequence[Fact], last: LastStatement) -> list[Fact]:
        terms, day = self.history.terms_on(asked.on), asked.on
        if asked.of == "bought":
            assert asked.amount is not None
            self.plans.append(Plan(asked, terms, asked.amount, day))
            return []
        if asked.of == "statement":
            all_of_it, kind = _convertible(terms, day, posted, last), "statement_conversion"
        else:
            assert asked.debit is not None
            all_of_it = asked.debit.amount
            kind = "instalment_conversion" if asked.debit.posted_on > last.closing else "statement_conversion"
        amount = all_of_it if asked.amount is None else asked.amount
        self.plans.append(Plan(asked, terms, amount, day))
        return [Fact(kind, amount, day, day, "adjustments", "conversion")]

    def _next_part(self, plan: Plan) -> int:
        """An equal part cut off to the smallest amount shown; the first or the last takes the rest."""
        unit, number = plan.terms.shown_unit, plan.asked.parts
        part = plan.amount // number // unit * unit
        takes_rest = 0 if plan.terms.instalments.remainder_in == "first" else number - 1
        return plan.amount - part * (number - 1) if plan.parts_billed == takes_rest else part

    def _bill(self, plan: Plan, part: int, day: date, settled: bool = False) -> Iterator[Fact]:
        fee = 0 if self.history.charges_given else self._fee(plan, day, settled)
        tax = tax_on(plan.terms, "instalment", fee)
        plan.billed += part
        plan.parts_billed += 1
        plan.last_day = day
        if part:
            yield part_fact(part, day)
        yield from (each for each in (fee_fact("instalment_fee", fee, day), fee_fact("fee_tax", tax, day)) if each.amount)

    def _fee(self, plan: Plan, day: date, settled: bool) -> int:
        terms = plan.terms
        if terms.instalments.method == "flat":
            return 0 if settled else share_of(terms, terms.instalments.fee_rate, plan.amount)
        rates = sum((self._rate(terms, each) for each in days_between(plan.last_day, day - DAY)), Fraction(0))
        return rounded(plan.left * rates, terms.interest.rounding, terms.shown_unit)

    def _rate(self, terms: Terms, day: date) -> Fraction:
        """The plan's rate of a day (rule 5.1); a day belongs to the cycle whose closing follows it."""
        yearly, day_count = Fraction(terms.instalments.annual_rate or 0), terms.interest.day_count
        weight = thirty_day_weight(day) if day_count == "30/360" else 1
        return rate_of_day(self.history, yearly, day, day_count, closing_day_counts=False) * weight


def _convertible(terms: Terms, day: date, posted: Sequence[Fact], last: LastStatement) -> int:
    """How much of the last statement can become a plan (rule 14.1)."""
    since = [each for each in posted if each.posted_on > last.closing]
    converted = sum(each.amount for each in since if each.type == "statement_conversion")
    paid = sum(received(each, terms) for each in since if each.posted_on < day or each.type == "statement_conversion")
    return min(last.principal - converted, last.new_balance - paid)
