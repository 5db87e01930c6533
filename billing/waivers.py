"""Standing waivers: charges of a kind that an account does not bear in a period. Assess, then waive, in a line of its own.

Source: docs/reference/billing-rules.md, 12.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True)
class WaiverInForce:
    """Waives a share of the charges of a kind from a day to another (None: without end); why, and who approved it."""

    kind: str
    from_on: date
    until_on: date | None
    percent: Decimal
    reason: str
    proposed_by: str
    approved_by: str

    @property
    def description(self) -> str | None:
        """What stands on the statement beside the amount."""
        return described(self.reason, self.approved_by)


def described(reason: str, approved_by: str) -> str | None:
    """Reason and approver as a line of text; None where neither is given."""
    said = [reason, f"approved by {approved_by}" if approved_by else ""]
    return ", ".join(filter(None, said)) or None


def waiver_for(waivers: Iterable[WaiverInForce], kind: str, on: date) -> WaiverInForce | None:
    """The waiver that holds for a charge: of several the largest, of equal ones the first."""
    holding = [each for each in waivers if each.kind == kind and each.from_on <= on
               and (each.until_on is None or on <= each.until_on)]
    return max(holding, key=lambda each: each.percent, default=None)
