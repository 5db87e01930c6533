"""The excess over the credit limit that bears its own rate, and what it takes off the bases of a day (rule 4.6)."""

from __future__ import annotations

from collections.abc import Mapping

from fees.terms import Terms
from statements.reperformance.balances import BILLED, NEW, REVOLVING
from statements.reperformance.facts import Kind


def taken_off(terms: Terms, base: Mapping[tuple[Kind, str, str], int], excess: int) -> dict[tuple[Kind, str, str], int]:
    """What of each balance bears at the over-limit rate instead of its own."""
    if not terms.interest.over_limit.instead_of_purchase_rate or not terms.interest.over_limit.bears:
        return {}
    rows = list(reversed(terms.interest.segment))
    with_grace = [each.name for each in rows if each.grace and not each.deferred]
    without = [each.name for each in rows if each.name not in with_grace]
    order = [(name, age) for age in (NEW, BILLED, REVOLVING) for name in with_grace]
    order += [(name, age) for name in without for age in (NEW, BILLED, REVOLVING)]
    taken: dict[tuple[Kind, str, str], int] = {}
    for name, age in order:
        key: tuple[Kind, str, str] = ("principal", name, age)
        taken[key] = max(0, min(excess, base.get(key, 0)))
        excess -= taken[key]
    return {key: amount for key, amount in taken.items() if amount}
