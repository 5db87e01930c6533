"""Instalment plans of an account: what may become one, and what of it falls due when. Pure; the same for a night's columns and
for a scenario.

Source: docs/reference/billing-rules.md, 13.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from accounts.errors import Refused
from accounts.money import major_units
from accounts.posting_types import INSTALMENT_CONVERSION, STATEMENT_CONVERSION, PostingType
from billing.balances import Int64Array
from fees.instalment import instalment_fee, part_amount, settlement_fee, unrounded_fee_rate
from fees.terms import Terms

#: What `of` says where the last statement's balance becomes a plan; its closing date says the same.
NEW_BALANCE = "new_balance"
MOST_PARTS = 120


class NotConvertible(Refused):
    """Something that cannot become an instalment plan, or a plan that cannot be settled."""


@dataclass(frozen=True)
class BilledPlans:
    """Plans of one version of the terms that stand alike: as many parts, as many of them billed, on the same day.

    amounts, left: minor units, (plans,), all of the plan and what of it is not billed yet; parts: how many there are;
    billed: how many of them were; last_on: the day of the last one, or of the plan; closing_day: of the accounts.
    """

    terms: Terms
    amounts: Int64Array
    left: Int64Array
    parts: int
    billed: int
    last_on: date
    closing_day: int

    def next_part(self, on: date) -> tuple[Int64Array, Int64Array]:
        """What falls due at a closing: the next part of each plan, and the fee on it."""
        rate = unrounded_fee_rate(self.terms, self.last_on, on, self.closing_day)
        part = part_amount(self.terms, self.amounts, self.parts, self.billed + 1)
        return np.minimum(part, self.left), instalment_fee(self.terms, self.amounts, self.left, rate)

    def settlement(self, on: date) -> tuple[Int64Array, Int64Array]:
        """What falls due where a plan is settled early: all that is left, and what a declining plan bore since its
        last part."""
        rate = unrounded_fee_rate(self.terms, self.last_on, on, self.closing_day)
        return self.left, settlement_fee(self.terms, self.left, rate)


def part_description(number: int, parts: int) -> str:
    """What a statement says of a part."""
    return f"Instalment {number}/{parts}"


def settlement_description(number: int, parts: int) -> str:
    """What a statement says of all parts from one on, settled together."""
    return part_description(parts, parts) if number == parts else f"Instalment {number}–{parts}/{parts}"


def conversion_type(purchase_posted_on: date, last_closing: date | None) -> PostingType:
    """How a purchase leaves the balances: as one of this cycle, or as one that the last statement asks for."""
    new = last_closing is None or purchase_posted_on > last_closing
    return INSTALMENT_CONVERSION if new else STATEMENT_CONVERSION


def convertible_balance(new_balance: int, principal: int, received: int, converted: int) -> int:
    """What of a statement may become a plan: its purchases that are none yet, no more than what was not received of its new
    balance.

    principal: what the statement carried on of purchases, billed and revolving; received: towards it since, converted: of it
    since (a part of what was received); minor units.
    """
    return max(min(principal - converted, new_balance - received), 0)


def checked_amount(terms: Terms, asked: int | None, most: int, parts: int) -> int:
    """The amount of a plan, minor units; raises NotConvertible where so much is not there, or a part would come to nothing.

    asked: None for all of `most`.
    """
    amount = most if asked is None else asked
    if not 2 <= parts <= MOST_PARTS:
        raise NotConvertible(f"a plan of {parts} parts cannot be made; it has 2 to {MOST_PARTS}")
    if most <= 0:
        raise NotConvertible("nothing is left of it that can become a plan")
    if amount > most:
        raise NotConvertible(f"a plan of {_text(terms, amount)} cannot be made: {_text(terms, most)} can become one")
    if amount < parts * terms.shown_unit:
        raise NotConvertible(f"{_text(terms, amount)} cannot be divided into {parts} parts; ask for fewer")
    return amount


def _text(terms: Terms, amount: int) -> str:
    return major_units(amount, terms.digits)
