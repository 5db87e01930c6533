"""What a statement says of paying off its balance, projected from its own figures and terms whenever it is rendered."""

from __future__ import annotations

from collections.abc import Callable

from accounts.calendar import months_later
from billing.carried import BALANCE, CHARGED_OFF, PENALTY
from billing.cells import FIRST
from billing.owed import Owed, OwnRate, Parcel
from billing.payoff import level_payment, minimum_payments_only
from fees.terms_interest import RatedTerms
from statements.document import MinimumOnly, Payoff
from statements.facts import StatementFacts

#: The months that the second answer is for. Source: 12 CFR 1026.7(b)(12)(i)(F).
MONTHS = 36


def payoff_of(facts: StatementFacts, amount: Callable[[int], str]) -> Payoff:
    """How the new balance, and what is to come of instalment plans, is paid off with minimum payments only, and in 36 months;
    nothing owed takes no month.

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
    """What a statement's new balance is made of, and the parts of instalment plans to come.

    Balances are the rows carried on where there are any, else the statement's own columns. What is disputed is not in it: the
    holder need not pay it (12 CFR 1026.13(d)(1)). Of an account that was charged off nothing is projected.
    """
    row = facts.row
    plans = () if any(each.kind == CHARGED_OFF for each in facts.carried) else tuple(facts.plans)
    if row["new_balance"] <= 0:
        return Owed(row["closes_on"], (), credit_limit=row["credit_limit"], plans=plans, own_rates=_own_rates(facts),
                    credit=-row["new_balance"])
    told = [each for each in facts.carried if each.kind == BALANCE and each.segment >= FIRST]
    parcels = [Parcel(facts.segment_name(each.segment), each.amount, each.ends_on) for each in told] or [
        Parcel("purchase", row["revolving"] + row["billed"]), Parcel("cash_advance", row["cash"])]
    return Owed(row["closes_on"], tuple(each for each in parcels if each.amount), row["unpaid_interest"], row["unpaid_fees"],
                row["credit_limit"], plans, _own_rates(facts))


def _own_rates(facts: StatementFacts) -> tuple[OwnRate, ...]:
    """Hardship in force at the closing, to the last month that closes in it; and the penalty rate, to the closing after the
    due date of the last minimum that cures it. Source: docs/reference/billing-rules.md, 9.3 and 13.4."""
    found, closes_on, penalty = [], facts.row["closes_on"], facts.terms.interest.penalty
    if facts.hardship is not None:
        months = 0
        while months_later(closes_on, months + 1, closes_on.day) <= facts.hardship.until_on:
            months += 1
        found.append(OwnRate("hardship", RatedTerms(annual_rate=facts.hardship.annual_rate), months))
    under = next((each for each in facts.carried if each.kind == PENALTY), None)
    if under is not None and penalty.rate_key is not None:
        found.append(OwnRate("penalty", penalty, penalty.cured_after_on_time - under.amount))
    return tuple(found)
