"""What a statement's payoff rests on: balances and their rate a month, the first months of the projection, what it assumes."""

from __future__ import annotations

from billing.payoff import minimum_schedule, monthly_rates
from statements.compose import AmountText
from statements.document import ExplainedPayoff, PayoffBalance, PayoffMonth
from statements.explain_interest import decimal_text
from statements.facts import StatementFacts
from statements.payoff import owed_at_closing
from statements.wording import Language, label

#: Months that are shown.
MONTHS = 12
#: Decimals of a rate; those of the days of a charge.
_PLACES = 18


def explain_payoff(facts: StatementFacts, language: Language) -> ExplainedPayoff:
    """How the payoff of a statement comes about, so that its first year can be worked out by hand."""
    amount, owed = AmountText(facts), owed_at_closing(facts)
    balances = [
        PayoffBalance(segment=each.segment, balance=amount(each.amount),
                      ends_on=None if each.ends_on is None else each.ends_on.isoformat(),
                      rates=[decimal_text(rate, _PLACES, 0) for rate in monthly_rates(facts.terms, each.segment)])
        for each in owed.principal
    ]
    months = [
        PayoffMonth(month=number, interest=amount(each.interest), payment=amount(each.payment), owed=amount(each.owed))
        for number, each in enumerate(minimum_schedule(facts.terms, owed, MONTHS), 1)
    ]
    return ExplainedPayoff(balances=balances, unpaid_interest=amount(owed.interest), unpaid_fees=amount(owed.fees),
                           first_months=months, because=label("payoff_because", language))
