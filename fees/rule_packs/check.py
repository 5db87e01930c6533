"""What a rule pack is made of: named checks, each a pure function over terms, with the law that it reads from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from fees.terms import Terms
from fees.terms_problems import shown

Level = Literal["refused", "note"]
Basis = Literal["text", "example", "report", "memory"]


@dataclass(frozen=True)
class Source:
    """Where a check is taken from, and how well that is known here.

    basis: text, the paragraph was read; example, a published example of it was worked; report, what a regulator, a bank, a
    lawyer or the press writes of it was read; memory, none of these was at hand.
    """

    law: str
    paragraph: str
    basis: Basis

    def __str__(self) -> str:
        return f"{self.law}, {self.paragraph}" if self.paragraph else self.law


@dataclass(frozen=True)
class CounterExample:
    """An account that shows a breach: a scenario for `cardwright simulate`, and what to look at in what it prints."""

    shows: str
    scenario: dict[str, Any]


@dataclass(frozen=True)
class Breach:
    """What in the terms breaks a check: the key, what it says, why that is against the rule, an account that shows it."""

    key: str
    says: str
    counter_example: CounterExample | None = None


@dataclass(frozen=True)
class Case:
    """What is checked: terms; the version before them, if there is one; the day on which holders can first be told of them."""

    terms: Terms
    earlier: Terms | None = None
    told_on: date | None = None


@dataclass(frozen=True)
class Check:
    """One rule of a pack. `keys`: what it looks at; `rule`: what it asks for, in a sentence; `level`: what a breach does."""

    name: str
    keys: tuple[str, ...]
    rule: str
    source: Source
    find: Callable[[Case], Iterator[Breach]]
    level: Level = "refused"


@dataclass(frozen=True)
class RulePack:
    """The checks of a country. `currency`: that of the amounts in its law; `not_checked`: what no key of the terms says."""

    country: str
    name: str
    currency: str
    checks: tuple[Check, ...]
    not_checked: tuple[str, ...] = ()


def given(terms: Terms, key: str) -> str:
    """A key with its value as TOML shows it: interest.method = "two_cycle"."""
    *_, found = _along(terms, key)
    return f"{key} = {shown(found if isinstance(found, bool | int) else str(found))}"


def clause_of(terms: Terms, key: str) -> str | None:
    """The clause of the contract that a key's table names; None where the schedule gives none of its own."""
    named = [table.clause for table in _along(terms, key) if hasattr(table, "clause")]
    return named[-1] if named and not named[-1].startswith(("fees.", "interest.")) else None


def _along(terms: Terms, key: str) -> Iterator[Any]:
    """What lies under each part of a key, rows of a list by their name; ends where nothing is given."""
    table: Any = terms
    for name in key.split("."):
        rows = table if isinstance(table, tuple) else None
        table = getattr(table, name, None) if rows is None else next((row for row in rows if row.name == name), None)
        if table is None:
            return
        yield table
