"""The statements of a simulated account, composed like issued ones: what `cardwright simulate` prints."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from accounts.money import CURRENCIES
from billing.rates_borne import rates_borne
from billing.simulation import Simulated, SimulatedStatement
from statements.compose import compose
from statements.document import StatementDocument
from statements.facts import PostingLine, StatementFacts, carried_rows

_POSTING_FIELDS = tuple(each.name for each in fields(PostingLine))


def simulated_document(simulated: Simulated) -> dict[str, Any]:
    """All that a scenario came to: statements, corrections of closed cycles, state at the end."""
    return {
        "statements": [simulated_statement(simulated.account, each) for each in simulated.statements],
        "corrections": simulated.corrections,
        "state": simulated.state,
    }


def simulated_statement(account: str, simulated: SimulatedStatement) -> StatementDocument:
    """The document of one simulated statement."""
    return compose(simulated_facts(account, simulated))


def simulated_facts(account: str, simulated: SimulatedStatement) -> StatementFacts:
    """A simulated statement's facts, in the form that issued ones are read in."""
    terms = simulated.terms
    return StatementFacts(
        row=simulated.row, account=account, currency=terms.currency, digits=CURRENCIES[terms.currency].digits, terms=terms,
        carried=carried_rows(simulated.charged),
        postings=[PostingLine(**{name: each[name] for name in _POSTING_FIELDS}) for each in simulated.postings],
        plans=simulated.plans, hardship=simulated.hardship, rates=rates_borne(simulated.trace, 0),
    )
