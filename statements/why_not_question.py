"""A charge that was not made, under question: the statement it is not on, and how its conditions are looked at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from billing.day import anniversary_days
from fees.terms import Terms
from statements.compose import AmountText, rate_of, rated_terms
from statements.history import History
from statements.wording import Language, rate_text

Facts = dict[str, str | int]
#: A condition that did not hold: its name and its numbers. None: all conditions of the charge hold.
Failed = tuple[str, Facts] | None


class Question:
    """One charge that was not made, on one statement."""

    def __init__(self, history: History, name: str) -> None:
        self.history, self.name, self.row = history, name, history.facts.row
        self.terms: Terms = history.facts.terms
        self.amount = AmountText(history.facts)
        self.common: dict[str, object] = {
            "terms_version": self.terms.label, "opens_on": self.row["opens_on"], "closes_on": self.row["closes_on"],
            "opened_on": history.opened_on, "limit": self.amount(self.row["credit_limit"]),
        }

    def in_cycle(self, day: date) -> bool:
        """Whether a day belongs to the statement's cycle."""
        return bool(self.row["opens_on"] <= day <= self.row["closes_on"])

    def anniversaries(self, began_on: date) -> Iterator[date]:
        """The anniversaries of a date in the cycle."""
        for year in range(max(self.row["opens_on"].year, began_on.year + 1), self.row["closes_on"].year + 1):
            for day in (date(year, began_on.month, min(began_on.day, 28)), *_on_its_day(year, began_on)):
                if self.in_cycle(day) and day.month == began_on.month and began_on.day in anniversary_days(day):
                    yield day
                    break

    def not_in_terms(self) -> Failed:
        """That the terms do not charge it."""
        return "not_in_terms", {"terms_version": self.terms.label}

    def rate_shown(self, facts: Facts, language: Language) -> str:
        """The rate that a condition speaks of, as a sentence names it."""
        return rate_text(*rate_of(rated_terms(self.terms, self.name.partition(".")[2])), language) if "rate" in facts else ""


def _on_its_day(year: int, began_on: date) -> tuple[date, ...]:
    try:
        return (date(year, began_on.month, began_on.day),)
    except ValueError:
        return ()
