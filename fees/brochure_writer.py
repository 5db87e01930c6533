"""What the parts of the fee table are written with: phrases, amounts, shares and lists in the brochure's language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from babel.numbers import format_decimal

from fees.brochure_words import Language, known, word
from fees.terms import Terms
from fees.terms_values import plain


@dataclass(frozen=True)
class Line:
    """One line of the table: what is charged for, how much, by which clause ("" where none prices it)."""

    item: str
    rule: str
    clause: str


@dataclass(frozen=True)
class Writer:
    """Writes one product's terms in one language."""

    terms: Terms
    language: Language

    def say(self, key: str, **facts: str) -> str:
        """A phrase in the brochure's language, its facts put in."""
        return word(key, self.language, **facts)

    def name(self, code: str) -> str:
        """A code of the terms (a segment, a reason) in words, where there are any for it."""
        return self.say(code) if known(code) else code

    def amount(self, amount: Decimal) -> str:
        """An amount with its currency: CNY 1,000.00."""
        terms = self.terms
        text = terms.text(terms.minor(amount))
        decimals = len(text.partition(".")[2])
        pattern = "#,##0." + "0" * decimals if decimals else "#,##0"
        number = format_decimal(Decimal(text), format=pattern, locale=self.language)
        return f"{terms.currency}\N{NO-BREAK SPACE}{number}"

    def all_of(self, said: Iterable[str]) -> str:
        """Parts of a rule, one after the other."""
        return self.say("list").join(said)

    def enumerated(self, said: Iterable[str]) -> str:
        """Things of one kind: a, b, c."""
        return self.say("comma").join(said)

    @staticmethod
    def percent(share: Decimal) -> str:
        """A share as a percentage: 0.05 is 5%."""
        return plain(share * 100) + "%"
