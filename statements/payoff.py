"""What a statement says of paying off its balance, projected from its own figures and terms whenever it is rendered."""

from __future__ import annotations

from collections.abc import Callable

from billing.carried import BALANCE
from billing.cells import FIRST
from billing.payoff import Owed, Parcel, level_payment, minimum_payments_only
from statements.document import MinimumOnly, Payoff
from statements.facts import StatementFacts

#: The months that the second answer is for. Source: 12 CFR 1026.7(b)(12)(i)(F).
MONTHS = 36


def payoff_of(facts: StatementFacts, amount: Callable[[int], str]) -> Payoff:
    """How the new balance is paid off with minimum payments only, and in 36 months; nothing owed takes no month.

    amount: writes minor units as the statement does.
    """
    owed = owed_at_closing(facts)
    level, projected = level_payment(facts.terms, owed, MONTHS), minimum_payments_only(facts.terms, owed)
    minimum_only = MinimumOnly(months=projected.months, total=None if projected.total is None else amount(projected.total))
    if projected.never is not None:
        minimum_only["reason"] = projected.never
    return Payoff(minimum_only=minimum_only,
                  in_36_months={"payment": amount(level.payment), "total": amount(level.total)})


def owed_at_closing(facts: StatementFacts) -> Owed:
    """What a statement's new balance is made of: the rows carried on where there are any, else the statement's own columns."""
    row = facts.row
    if row["new_balance"] <= 0:
        return Owed(row["closes_on"], ())
    told = [each for each in facts.carried if each.kind == BALANCE and each.segment >= FIRST]
    parcels = [Parcel(facts.segment_name(each.segment), each.amount, each.ends_on) for each in told] or [
        Parcel("purchase", row["revolving"] + row["billed"]), Parcel("cash_advance", row["cash"])]
    return Owed(row["closes_on"], tuple(each for each in parcels if each.amount), row["unpaid_interest"], row["unpaid_fees"],
                row["credit_limit"])
