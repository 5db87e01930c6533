"""The ledger of a simulated account: what a scenario's days post, in the form of the posting table."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from accounts.money import CURRENCIES, minor_units
from accounts.posting_types import OWN_CHARGES, PostingType
from billing.scenario import Scenario, ScenarioEvent
from fees.terms import Terms

#: The scenario file stands as source 2, its events as lines counted from 1.
SCENARIO_SOURCE = 2


@dataclass
class SimulatedLedger:
    """All postings of a scenario so far, as rows of the posting table."""

    scenario: Scenario
    postings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def digits(self) -> int:
        """Decimals of the currency."""
        return self.scenario.terms[0].digits

    def minor(self, amount: str) -> int:
        """An amount of the scenario in minor units."""
        return minor_units(amount, self.digits)

    def version_of(self, terms: Terms) -> int:
        """Versions are numbered from 1 as the scenario gives them."""
        return self.scenario.terms.index(terms) + 1

    def add(self, kind: PostingType, day: date, amount: int, source: int, line: int, event: ScenarioEvent | None,
            clause: str | None = None, description: str | None = None, terms: Terms | None = None) -> None:
        """Post an amount, unless it is nothing; clause: of the terms that charge it, where they do; terms: if not the day's."""
        if amount <= 0:
            return
        effective = day if event is None else min(event.on, day)
        terms_version = None if clause is None else self.version_of(terms or self.scenario.terms_on(day))
        self.postings.append({
            "member_id": 1, "account_id": 1, "posted_on": day, "source_id": source, "source_line": line, "type": kind.code,
            "debit_account": kind.debit, "credit_account": kind.credit,
            "currency": CURRENCIES[self.scenario.terms[0].currency].numeric, "amount": amount,
            "effective_on": effective, "transaction_on": effective if event is None else event.transaction_on or event.on,
            "card_id": None, "terms_version_id": terms_version, "clause": clause,
            "segment": event.segment if event else None,
            "source_ref": event.id if event else None, "merchant": event.merchant if event else None,
            "mcc": event.mcc if event else None, "description": event.kind if event else description,
        })

    def charge(self, kind: PostingType, day: date, amount: int, clause: str, line: int = 0) -> None:
        """Post a charge of Cardwright's own."""
        self.add(kind, day, amount, OWN_CHARGES, line, None, clause)
