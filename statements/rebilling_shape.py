"""The shape of a rebilling, in one definition for the type checker and for `cardwright schema rebilling`."""

from __future__ import annotations

from typing import Literal, NotRequired

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from statements.document import Amount, Day, LateEvent

REBILLING_SCHEMA: Literal["cardwright.rebilling/1"] = "cardwright.rebilling/1"

_CLOSED = ConfigDict(extra="forbid", use_attribute_docstrings=True)

Reason = Literal["grace_kept", "grace_lost", "minimum_met", "minimum_missed", "unpaid_differs", "balances_differ", "follows"]


@with_config(_CLOSED)
class ChangedFigure(TypedDict):
    """A figure of a statement as it was issued, or corrected before, and as it is now; `grace` is a word."""

    before: str
    after: str


@with_config(_CLOSED)
class BilledCharge(TypedDict):
    """A charge or waiver of a cycle: what it came to before and comes to now. A waiver counts against the holder's debt."""

    on: Day
    type: str
    kind: str
    segment: NotRequired[str]
    waiver: NotRequired[Literal[True]]
    before: Amount
    after: Amount


@with_config(_CLOSED)
class ChangedCycle(TypedDict):
    """A closed cycle that comes out otherwise: the figures that differ, and all its charges, those too that do not."""

    closes_on: Day
    figures: dict[str, ChangedFigure]
    charges: list[BilledCharge]


@with_config(_CLOSED)
class CorrectionLine(TypedDict):
    """A correcting posting: which charge it corrects, what that came to before and comes to now, and why."""

    on: Day
    corrects: Day
    kind: str
    type: str
    segment: NotRequired[str]
    waiver: NotRequired[Literal[True]]
    before: Amount
    after: Amount
    amount: Amount
    """What the holder owes more for it; negative where it is less."""
    clause: str
    reason: Reason
    because: str


@with_config(_CLOSED)
class RebillingDocument(TypedDict):
    """What late events of an account change in its closed cycles."""

    schema: Literal["cardwright.rebilling/1"]
    account: str
    product: str
    currency: str
    on: Day
    """The business day that the corrections post on."""
    posted: bool
    events: list[LateEvent]
    cycles: list[ChangedCycle]
    corrections: list[CorrectionLine]
    total: Amount
    """What the holder owes more for all corrections; the late events themselves come on top."""
