"""What the second engine works out, and what it leaves alone: it says so rather than bill wrongly."""

from __future__ import annotations

from collections.abc import Iterator

from accounts.errors import Refused
from billing.scenario import DISPUTE_DECIDED, Scenario
from fees.terms import Terms


class NotReperformed(Refused):
    """An account that the second engine cannot bill; carries why."""

    def __init__(self, reasons: list[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("not reperformed: " + "; ".join(reasons))


def beyond_rules(terms: Terms) -> Iterator[str]:
    """What of the terms is not worked out."""
    if terms.kind != "credit":
        yield f"kind = {terms.kind}"


def require_reperformed(scenario: Scenario) -> None:
    """Raises NotReperformed, naming everything in a scenario that is beyond the second engine."""
    found = [each for terms in scenario.terms for each in beyond_rules(terms)]
    for each in scenario.events:
        if each.type != DISPUTE_DECIDED:
            continue
        if each.agreed:
            found.append("a dispute that was decided before anything was charged")
        elif each.outcome == "for_issuer" and scenario.terms_on(each.on).disputes.interest_if_lost:
            found.append("interest for the time of a dispute")
    if found:
        raise NotReperformed(sorted(set(found)))
