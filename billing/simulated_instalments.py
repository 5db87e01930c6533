"""Instalment plans of a scenario's account: made, billed part by part, settled; as billing/day/instalments.py does at night."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from accounts.posting_types import (
    BY_CODE,
    FEE_TAX,
    INSTALMENT,
    INSTALMENT_FEE,
    OWN_CHARGES,
    PURCHASE,
    STATEMENT_CONVERSION,
    PostingType,
)
from billing.day.charge import TAX_LINES
from billing.instalments import (
    NEW_BALANCE,
    BilledPlans,
    NotConvertible,
    checked_amount,
    conversion_type,
    convertible_balance,
    part_description,
    settlement_description,
)
from billing.postings import received_types
from billing.scenario import ScenarioEvent
from billing.simulated_ledger import SimulatedLedger
from fees.fee_tax import fee_tax
from fees.instalment import instalment_clause
from fees.terms import Terms


@dataclass
class SimulatedPlan:
    """One plan: names it goes by, its terms, and how far it is billed. Amounts in minor units."""

    number: int
    names: frozenset[str]
    made_on: date
    amount: int
    parts: int
    terms: Terms
    left: int
    billed: int
    last_on: date


class SimulatedInstalments:
    """The plans of a simulated account. statements: its rows so far, oldest first."""

    def __init__(self, ledger: SimulatedLedger, statements: list[dict[str, Any]], closing_day: int) -> None:
        self.ledger, self.statements, self.closing_day = ledger, statements, closing_day
        self.plans: list[SimulatedPlan] = []
        #: What plans were made of, minor units, by the line of their event.
        self.agreed: dict[int, int] = {}
        #: False once the account is charged off.
        self.bears_fees = True

    def take(self, event: ScenarioEvent, day: date, line: int) -> None:
        """Make a plan, or settle one; line: of the event in the scenario. Raises NotConvertible."""
        if event.type == "instalment":
            self.agreed[line] = self._make(event, day)
        else:
            self._settle(event, day)

    def bill_parts(self, on: date) -> None:
        """At a closing the next part of each plan made before falls due, with its fee."""
        for plan in self.plans:
            if plan.left and plan.made_on < on:
                part, fee = self._alike(plan).next_part(on)
                self._post(plan, on, int(part[0]), int(fee[0]) * self.bears_fees, part_description(plan.billed + 1, plan.parts))

    def to_come(self) -> list[BilledPlans]:
        """The plans of which something is not billed yet."""
        return [self._alike(plan) for plan in self.plans if plan.left]

    def _make(self, event: ScenarioEvent, day: date) -> int:
        terms, asked = self.ledger.scenario.terms_on(day), self.ledger.minor(event.amount)
        assert event.parts is not None
        kind, most = self._converted(event, asked, day)
        amount = checked_amount(terms, asked or None, most, event.parts)
        names = frozenset(name for name in (event.id, event.of) if name)
        plan = SimulatedPlan(len(self.plans) + 1, names, day, amount, event.parts, terms, amount, 0, day)
        self.plans.append(plan)
        if kind is not None:
            self.ledger.add(kind, day, amount, OWN_CHARGES, plan.number, None)
        return amount

    def _converted(self, event: ScenarioEvent, asked: int, day: date) -> tuple[PostingType | None, int]:
        """How what becomes a plan leaves the balances, and how much there is of it, minor units."""
        last = self.statements[-1] if self.statements else None
        if event.of is None:
            return None, asked
        if event.of == NEW_BALANCE or (last is not None and event.of == last["closes_on"].isoformat()):
            if last is None:
                raise NotConvertible(f"on {day} the account has no statement yet; its balance cannot become a plan")
            # An amount that is told was agreed; events that became known later may have left less of the statement.
            return STATEMENT_CONVERSION, asked or self._convertible(last, day)
        purchase = next((each for each in self.ledger.postings
                         if each["source_ref"] == event.of and each["type"] == PURCHASE.code), None)
        if purchase is None:
            raise NotConvertible(f"{event.of} is no purchase up to {day}, nor the account's last statement; `of` takes the id "
                                 "of a purchase, the last closing date, or new_balance")
        if any(event.of in plan.names for plan in self.plans):
            raise NotConvertible(f"{event.of} is an instalment plan already")
        return conversion_type(purchase["posted_on"], None if last is None else last["closes_on"]), purchase["amount"]

    def _convertible(self, last: dict[str, Any], day: date) -> int:
        types = set(received_types(self.ledger.scenario.terms_on(day)))
        since = [(each["type"], -BY_CODE[each["type"]].sign * each["amount"]) for each in self.ledger.postings
                 if each["type"] in types and last["closes_on"] < each["posted_on"]
                 and (each["posted_on"] < day or each["type"] == STATEMENT_CONVERSION.code)]
        converted = sum(amount for kind, amount in since if kind == STATEMENT_CONVERSION.code)
        return convertible_balance(last["new_balance"], last["revolving"] + last["billed"], sum(amount for _, amount in since),
                                   converted)

    def _settle(self, event: ScenarioEvent, day: date) -> None:
        plan = next((each for each in reversed(self.plans) if event.of in each.names), None)
        if plan is None or not plan.left:
            raise NotConvertible(f"{event.of} is no instalment plan with parts left on {day}")
        left, fee = self._alike(plan).settlement(day)
        self._post(plan, day, int(left[0]), int(fee[0]), settlement_description(plan.billed + 1, plan.parts))

    def _alike(self, plan: SimulatedPlan) -> BilledPlans:
        return BilledPlans(plan.terms, _column(plan.amount), _column(plan.left), plan.parts, plan.billed, plan.last_on,
                           self.closing_day)

    def _post(self, plan: SimulatedPlan, on: date, part: int, fee: int, description: str) -> None:
        clause, tax = instalment_clause(plan.terms), int(fee_tax(plan.terms, "instalment", _column(fee))[0])
        self.ledger.add(INSTALMENT, on, part, OWN_CHARGES, plan.number, None, None, description)
        self.ledger.add(INSTALMENT_FEE, on, fee, OWN_CHARGES, plan.number, None, clause, description, plan.terms)
        self.ledger.add(FEE_TAX, on, tax, OWN_CHARGES, plan.number * TAX_LINES + INSTALMENT_FEE.code, None, clause, None,
                        plan.terms)
        plan.left, plan.billed, plan.last_on = plan.left - part, plan.billed + 1, on


def _column(value: int) -> Any:
    return np.array([value], dtype=np.int64)
