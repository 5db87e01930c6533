"""Everything that a statement says, as facts: read from the books (statements/issued.py), or handed over by a simulation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from accounts.calendar import day_of
from billing.arrangements import Arrangement
from billing.carried import BALANCE, CHARGED, CHARGED_OFF, DISPUTED, PENALTY, Carried
from billing.cells import FIRST
from billing.instalments import BilledPlans
from billing.rates_borne import RateBorne
from fees.terms import Terms
from fees.terms_interest import RatedTerms


@dataclass(frozen=True, slots=True)
class PostingLine:
    """One posting of the cycle; `type` is its code, amount in minor units and always positive."""

    posted_on: date
    source_id: int
    source_line: int
    type: int
    debit_account: int
    credit_account: int
    currency: int
    amount: int
    effective_on: date
    transaction_on: date
    card_id: int | None = None
    terms_version_id: int | None = None
    clause: str | None = None
    source_ref: str | None = None
    merchant: str | None = None
    description: str | None = None

    @property
    def order(self) -> tuple[date, int, int, int]:
        """Place on the statement, and in the seal."""
        return self.posted_on, self.source_id, self.source_line, self.type


@dataclass(frozen=True, slots=True)
class CardFacts:
    """One card of the account. replaces_card_id: the card that it took the place of."""

    card_id: int
    card: str
    kind: str
    issued_on: date
    last4: str | None = None
    replaces_card_id: int | None = None
    holder: str | None = None

    @property
    def shown(self) -> str:
        """How the statement names it: never more than the last four characters."""
        return "…" + (self.last4 or self.card[-4:])


#: Kinds of carried rows that a statement tells of.
TOLD = (CHARGED, BALANCE, PENALTY, DISPUTED, CHARGED_OFF)


class CarriedRow(NamedTuple):
    """A row of what the closing carried on, of a kind in TOLD; see billing.carried.

    segment: its number in the cells of the terms; ends_on: the last day of a balance in a promotion; amount: minor units (of
    the penalty rate: minimums met in time since); began_on: the closing at which the account was charged off, the first day
    of the penalty rate, or the day since which the amount is disputed.
    """

    kind: int
    segment: int
    ends_on: date | None
    amount: int
    balance_days: int
    began_on: date | None = None


@dataclass(frozen=True)
class Letterhead:
    """What a page says beside the statement's figures: to whom it is addressed, in which language, the product's name.

    purchases_have_grace: whether the product has an interest-free period at all; purchases_bear_interest: whether its rate is
    above zero. prepaid: it holds value, and nothing is owed.
    """

    holder: str | None = None
    org_unit: str | None = None
    language: str | None = None
    product_name: str | None = None
    purchases_have_grace: bool = True
    purchases_bear_interest: bool = True
    prepaid: bool = False


@dataclass(frozen=True)
class CorrectedBy:
    """What makes a statement a corrected one. on: the day of the rebilling; corrects: the seal of the statement as it was
    issued; events: the late events that it takes in, rows with type, amount, late_for, posted_on and source_ref."""

    on: date
    corrects: bytes
    events: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class StatementFacts:
    """One closed cycle of one account, with all that its statement says.

    row: the statement's figures and state, by the names of table `statement` (minor units, dates, digests as bytes).
    digits: decimals of the currency; terms: those of the closing; terms_by_version: those that priced a charge, by id;
    carried: of segments that the row has no columns for, what was charged and what is left.
    plans: instalment plans of the account with parts to come, as they stood at the closing; hardship: in force on the closing
    day; corrected_by: of a statement as it would have been issued, had late events been known in time; rates: by segment,
    where another version came into force, or the penalty rate or hardship took the place of the terms' own, on some days.
    """

    row: Mapping[str, Any]
    account: str
    currency: str
    digits: int
    terms: Terms
    postings: Sequence[PostingLine]
    cards: Sequence[CardFacts] = ()
    terms_by_version: Mapping[int, Terms] = field(default_factory=dict)
    letterhead: Letterhead = Letterhead()
    carried: Sequence[CarriedRow] = ()
    plans: Sequence[BilledPlans] = ()
    hardship: Arrangement | None = None
    corrected_by: CorrectedBy | None = None
    rates: Mapping[str, Sequence[RateBorne]] = field(default_factory=dict)

    @property
    def instalments_not_billed(self) -> int:
        """Parts of instalment plans still to come, minor units."""
        return sum(int(each.left[0]) for each in self.plans)

    @property
    def disputed(self) -> int:
        """What of the new balance is disputed, and not asked for; minor units."""
        return sum(each.amount for each in self.carried if each.kind == DISPUTED)

    def segment_name(self, segment: int) -> str:
        """The name of a segment by its number in carried rows."""
        return self.terms.interest.segment[segment - FIRST].name


def carried_rows(rows: Carried) -> list[CarriedRow]:
    """The rows that one closing carried on, as a statement has them."""
    columns = (rows.kind, rows.segment, rows.ends_on, rows.amount, rows.balance_days, rows.began_on)
    return [CarriedRow(kind, segment, day_of(ends_on) if ends_on else None, amount, days,
                       day_of(began_on) if began_on else None)
            for kind, segment, ends_on, amount, days, began_on in zip(*(column.tolist() for column in columns), strict=True)
            if kind in TOLD]


def bears_interest(rated: RatedTerms) -> bool:
    """Whether any rate of a segment, or of the excess over the limit, is above zero."""
    rates: Sequence[RatedTerms] = getattr(rated, "tiers", None) or (rated,)
    return any(each.rate_key is not None and getattr(each, each.rate_key) > 0 for each in rates)


def cards_shown(cards: Sequence[CardFacts], postings: Sequence[PostingLine], opens_on: date,
                closes_on: date) -> list[CardFacts]:
    """The cards that a statement names: issued by its closing, and not replaced before its cycle unless used in it.

    Goes by dates that do not change, not by today's status: an old statement reads the same whenever it is printed.
    """
    used = {each.card_id for each in postings if each.card_id is not None}
    replaced = {each.replaces_card_id for each in cards if each.issued_on < opens_on}
    return [
        each for each in cards
        if each.card_id in used or (each.issued_on <= closes_on and each.card_id not in replaced)
    ]
