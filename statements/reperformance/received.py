"""What counts towards the minimum and towards paying in full (rule 3.1)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from fractions import Fraction

from fees.terms import Terms
from statements.reperformance.facts import Fact
from statements.reperformance.rounding import rounded


def received(fact: Fact, terms: Terms) -> int:
    """How much of a fact was received, in minor units; a returned payment takes some back."""
    if fact.side == "dispute":
        return fact.of_minimum
    if fact.type == "returned_payment":
        return -fact.amount
    if fact.side == "conversion":
        return fact.amount if fact.type == "statement_conversion" else 0  # rule 14.3
    if fact.type == "payment" or fact.side == "waiver":
        return fact.amount
    return fact.amount if fact.side == "money" and terms.allocation.refunds_count_as_payment else 0


def share_of_minimum(terms: Terms, minimum: int, new_balance: int, disputed: int) -> int:
    """What of a minimum a disputed amount is: its share of the new balance, rounded up to the smallest amount shown."""
    if disputed >= new_balance:
        return minimum
    return min(minimum, rounded(Fraction(minimum * disputed, new_balance), "up", terms.shown_unit))


def received_in_time(facts: Iterable[Fact], terms: Terms, last_day: date) -> int:
    """What was received by a day, where a return takes back no more than had come in before it (rule 12.2)."""
    total = 0
    in_time = [each for each in facts if each.effective_on <= last_day]
    for each in sorted(in_time, key=lambda each: (each.effective_on, each.posted_on, received(each, terms) < 0)):
        total = max(0, total + received(each, terms))
    return total


def received_in_full(facts: Iterable[Fact], terms: Terms, last_day: date) -> int:
    """What was received towards paying in full, with an effective date up to a day: all of what is disputed (rule 15.2)."""
    in_time = [each for each in facts if each.effective_on <= last_day]
    return sum(each.amount if each.side == "dispute" else received(each, terms) for each in in_time)
