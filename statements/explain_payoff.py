"""What a statement's payoff rests on: balances and their rate a month, the first months of the projection, what it assumes."""

from __future__ import annotations

from fractions import Fraction

from billing.payoff import bears_after_all, minimum_schedule
from billing.projected_rates import monthly_rate, monthly_rates
from statements.compose import AmountText
from statements.document import ExplainedPayoff, PayoffBalance, PayoffMonth, PayoffOwnRate, PayoffPlan
from statements.explain_interest import decimal_text
from statements.facts import StatementFacts, bears_interest
from statements.payoff import owed_at_closing
from statements.wording import Language, label

#: Months that are shown.
MONTHS = 12
#: Decimals of a rate; those of the days of a charge.
_PLACES = 18


def explain_payoff(facts: StatementFacts, language: Language) -> ExplainedPayoff:
    """How the payoff of a statement comes about, so that its first year can be worked out by hand."""
    amount, owed, terms = AmountText(facts), owed_at_closing(facts), facts.terms
    bear = bears_after_all(terms, owed)
    balances = [
        PayoffBalance(segment=each.segment, balance=amount(each.amount),
                      ends_on=None if each.ends_on is None else each.ends_on.isoformat(),
                      rates=[_rate(rate) for rate in monthly_rates(terms, each.segment)]
                      if row in bear or not terms.interest.segment_named(each.segment).deferred else [_rate(Fraction(0))])
        for row, each in enumerate(owed.principal)
    ]
    months = [
        PayoffMonth(month=number, interest=amount(each.interest), instalments=amount(each.instalments),
                    payment=amount(each.payment), owed=amount(each.owed))
        for number, each in enumerate(minimum_schedule(terms, owed, MONTHS), 1)
    ]
    explained = ExplainedPayoff(balances=balances, unpaid_interest=amount(owed.interest), unpaid_fees=amount(owed.fees),
                                first_months=months, because=label("payoff_because", language))
    if owed.own_rates:
        explained["own_rates"] = [PayoffOwnRate(kind=each.kind, rate=_rate(monthly_rate(terms, each.rated)),
                                                last_month=each.last_month) for each in owed.own_rates]
    if bears_interest(terms.interest.over_limit):
        explained["over_limit_rate"] = _rate(monthly_rate(terms, terms.interest.over_limit))
    if owed.plans:
        explained["plans"] = [PayoffPlan(left=amount(int(each.left[0])), parts_left=each.parts - each.billed)
                              for each in owed.plans]
    return explained


def _rate(rate: Fraction) -> str:
    return decimal_text(rate, _PLACES, 0)
