"""What was charged against what should have been: the corrections that late events bring. Pure.

Both sides are charges by key: the day and kind of a charge, or the event that a fee is on. Whatever differs is corrected by
one posting: more of a charge by the same kind of charge, less by its correction, which turns its two sides round.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from accounts.posting_types import BY_CODE, CORRECTION, LATE_PAYMENT_FEE, OWN_CHARGES, PURCHASE_INTEREST, PostingType


@dataclass(frozen=True, order=True)
class ChargeKey:
    """What makes a charge the same charge: its type; the event that it is on, or source 1 and, of charges of one day, which.

    on: the day of a charge of Cardwright's own; of a fee on an event the first of all days, for it goes with its event.
    """

    on: date
    type: int
    source_id: int
    source_line: int


@dataclass(frozen=True)
class Charge:
    """A charge or waiver that should stand in the books. on: its day; amount: minor units."""

    key: ChargeKey
    on: date
    amount: int
    clause: str
    terms_version_id: int | None = None


@dataclass(frozen=True)
class Correction:
    """The difference between what was charged, corrections so far with it, and what should have been; minor units."""

    key: ChargeKey
    on: date
    before: int
    after: int
    clause: str
    terms_version_id: int | None = None

    @property
    def amount(self) -> int:
        """More, or less, of the charge."""
        return self.after - self.before

    @property
    def posting_type(self) -> PostingType:
        """What the correcting posting is of."""
        return BY_CODE[self.key.type if self.amount > 0 else self.key.type + CORRECTION]

    @property
    def owed(self) -> int:
        """By how much it changes what the holder owes."""
        return self.posting_type.sign * abs(self.amount)


def charge_key(posting: Mapping[str, Any]) -> ChargeKey:
    """The key of a charge in the ledger."""
    own = posting["source_id"] == OWN_CHARGES
    return ChargeKey(posting["posted_on"] if own else date.min, posting["type"], posting["source_id"], posting["source_line"])


def is_charge(posting: Mapping[str, Any]) -> bool:
    """Whether a posting is a charge or waiver that billing itself came to, and no correction of one."""
    return bool(PURCHASE_INTEREST.code <= posting["type"] < CORRECTION)


def charges_of(postings: Iterable[Mapping[str, Any]]) -> dict[ChargeKey, Charge]:
    """The charges among postings, by key."""
    return {
        charge_key(each): Charge(charge_key(each), each["posted_on"], each["amount"], each["clause"] or "",
                                 each["terms_version_id"])
        for each in postings if is_charge(each)
    }


def corrections(should: Mapping[ChargeKey, Charge], charged: Mapping[ChargeKey, Charge]) -> list[Correction]:
    """Every difference between what should have been charged and what was, by the day it was charged on."""
    found = []
    for key in should.keys() | charged.keys():
        told = should.get(key) or charged[key]
        before = charged[key].amount if key in charged else 0
        after = should[key].amount if key in should else 0
        if before != after:
            found.append(Correction(key, told.on, before, after, told.clause, told.terms_version_id))
    return sorted(found, key=lambda each: (each.on, each.key))


def reason(correction: Correction, grace: tuple[str, str] | None, amount_text: Any) -> str:
    """One sentence: what was charged, what should have been, and why that is another amount.

    grace: as decided at the closing that charged it, before and after; amount_text: writes minor units.
    """
    kind = BY_CODE[correction.key.type]
    name = f"{kind.name.replace('_', ' ')} of {correction.on.isoformat()}"
    if not correction.after:
        changed = f"{name}: {amount_text(correction.before)} was charged and would not have been"
    elif not correction.before:
        changed = f"{name}: {amount_text(correction.after)} was not charged and would have been"
    else:
        changed = f"{name}: {amount_text(correction.before)} was charged and {amount_text(correction.after)} would have been"
    return f"{changed}; {_BECAUSE[reason_name(correction, grace)]}"


#: Why a charge comes out otherwise, by the name of the reason.
_BECAUSE = {
    "grace_kept": "with the late events known in time, grace was kept and not lost",
    "grace_lost": "with the late events known in time, grace was lost and not kept",
    "minimum_met": "with the late events known in time, the minimum payment was met",
    "minimum_missed": "with the late events known in time, the minimum payment was missed",
    "unpaid_differs": "with the late events known in time, what was unpaid is another amount",
    "balances_differ": "with the late events on their own days, other balances bore interest",
    "follows": "it follows from the late events on their own days",
}
REASONS = tuple(_BECAUSE)


def reason_name(correction: Correction, grace: tuple[str, str] | None) -> str:
    """Why a charge comes out otherwise, one of REASONS; grace: as decided at the closing that charged it, before and after."""
    kind = BY_CODE[correction.key.type]
    if kind.charge == "interest" and kind.figure != "waivers":
        return f"grace_{grace[1]}" if grace is not None and grace[0] != grace[1] else "balances_differ"
    if kind is LATE_PAYMENT_FEE:
        if correction.before and correction.after:
            return "unpaid_differs"
        return "minimum_met" if correction.after < correction.before else "minimum_missed"
    return "follows"
