"""What an example is: a scenario and its figures, or the reason why it is none of this engine's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from billing.scenario import Scenario

#: day, type, amount and, where needed, further keys of the event.
Event = tuple[str, str, str] | tuple[str, str, str, dict[str, Any]]
Table = dict[str, Any]


@dataclass(frozen=True)
class Example:
    """One published example, or one part of it, that comes out of the engine.

    terms: what differs from the defaults, one version or several.
    expected: by closing date, figures of the statement as printed. `charge.KIND` is the sum of its charges of that kind,
    `charge.KIND.on` their days, `segment.NAME.KEY` a figure of `interest_by_segment` ("0.00" where the segment is not on the
    statement), `lines` how many lines it has; other dots go down into tables.
    printed: what the source prints instead, and why that is wrong. reading: what we had to choose to make a scenario of it.
    """

    id: str
    source: str
    shows: str
    opened_on: str
    terms: Table | list[Table]
    events: list[Event]
    expected: dict[str, dict[str, Any]]
    part: str = ""
    printed: str = ""
    reading: str = ""
    opening: Table | None = None
    credit_limit: str = "1000000.00"

    @property
    def name(self) -> str:
        """Its id, with the part where the source's example has several."""
        return f"{self.id} {self.part}" if self.part else self.id

    def document(self) -> Table:
        """The scenario file, as parsed."""
        versions = self.terms if isinstance(self.terms, list) else [self.terms]
        document: Table = {
            "account": {"opened_on": date.fromisoformat(self.opened_on), "credit_limit": self.credit_limit},
            "until": date.fromisoformat(max(self.expected)),
            "terms": [{"in_force_from": date(2000, 1, 1), **version} for version in versions],
            "events": [_event(*event) for event in self.events],
        }
        if self.opening is not None:
            document["opening"] = self.opening
        return document

    def scenario(self) -> Scenario:
        """Raises NotCharged where the terms ask for what the engine does not charge."""
        return Scenario.from_document(self.document(), Path(f"{self.name}.toml"))


@dataclass(frozen=True)
class Reckoned:
    """A published example of a figure that is no statement's: what the engine finds, and what it has to be."""

    id: str
    source: str
    shows: str
    found: Callable[[], str]
    expected: str
    part: str = ""
    printed: str = ""
    reading: str = ""

    @property
    def name(self) -> str:
        """Its id, with the part where the source's example has several."""
        return f"{self.id} {self.part}" if self.part else self.id


@dataclass(frozen=True)
class NotOurs:
    """A published example that is no calculation of a credit bill, with the reason."""

    id: str
    source: str
    shows: str
    reason: str


def _event(on: str, kind: str, amount: str, more: Table | None = None) -> Table:
    event: Table = {"on": date.fromisoformat(on), "type": kind, **(more or {})}
    return {**event, "amount": amount} if amount else event


def both(rate: str, key: str = "annual_rate", **purchase: Any) -> list[Table]:
    """Purchases and cash advances at one rate; further keys are of the purchase segment."""
    return [{"name": "purchase", key: rate, **purchase}, {"name": "cash_advance", key: rate}]


def opening(on: str, grace: str = "lost", minimum: str = "0", due: str = "", **balances: str) -> Table:
    """An account under way at the end of a closing day."""
    table: Table = {"on": date.fromisoformat(on), "balances": balances, "grace": grace, "minimum_payment_due": minimum}
    return {**table, "payment_due_on": date.fromisoformat(due)} if due else table


#: A cycle is a calendar month, all of its days count, and its statement is due on the 25th of the next.
CALENDAR_MONTH = {"closing_day": 31, "due_day": 25}
NO_INTEREST = {"segment": both("0", "daily_rate")}
NO_MINIMUM: Table = {"parts": [], "add": []}
REG_Z = "12 CFR 1026 (Regulation Z), official interpretations, "
