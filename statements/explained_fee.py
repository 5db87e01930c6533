"""One fee under explanation: its posting, terms and language, and the form that every explanation of a fee takes."""

from __future__ import annotations

from fees.terms import Terms
from statements.compose import AmountText
from statements.document import Charge
from statements.facts import PostingLine
from statements.history import CardHistory, History
from statements.reasons import sentence
from statements.wording import Language

Facts = dict[str, str | int]
#: Facts, unrounded amount, how it was rounded, and the sentence that says why.
Explained = tuple[Facts, str, str, str]
NONE = "none"


class Fee:
    """One fee under explanation, and how its sentences and amounts are written."""

    def __init__(self, history: History, line: PostingLine, charge: Charge, terms: Terms, language: Language) -> None:
        self.history, self.line, self.charge, self.terms, self.language = history, line, charge, terms, language
        self.amount = AmountText(history.facts)

    def say(self, name: str, **fields: object) -> str:
        """A sentence with the charge's amount and currency filled in."""
        shown = {"amount": self.charge["amount"], "currency": self.history.facts.currency, **fields}
        return sentence(name, self.language, **shown)

    @property
    def card(self) -> CardHistory | None:
        """The card that the fee is for."""
        return self.history.cards.get(self.line.card_id or 0)

    def fixed(self, facts: Facts, because: str) -> Explained:
        """A fee that is an amount of the terms as it stands."""
        return facts, self.charge["amount"], NONE, because
