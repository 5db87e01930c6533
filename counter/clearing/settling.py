"""What a record of a clearing file does to a credit account; pure: what the books hold goes in, and is moved on by each record.

A merchant who presents is owed, whatever became of the card or the account; what was held for it is given back. Nothing goes
back twice. Source: docs/reference/clearing-files.md, 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from accounts.money import BY_NUMERIC, major_units
from accounts.posting_types import CASH_ADVANCE, CHARGEBACK, PURCHASE, REFUND, PostingType
from counter.clearing.layout import CASH_PRESENTMENT, PRESENTMENT
from counter.clearing.layout import CHARGEBACK as CHARGED_BACK
from counter.clearing.layout import REFUND as REFUNDED

Key = tuple[int, int]

#: Things worth knowing about a record that posted, by name.
NO_AUTHORISATION = "no_authorisation"
AFTER_RELEASE = "after_release"
MORE_THAN_HELD = "more_than_held"
AFTER_CLOSING = "after_closing"
NO_ORIGINAL = "no_original"


@dataclass(slots=True)
class Record:
    """A row of the file whose cells can be read. of: see the layout; amount: minor units; currency: numeric."""

    line: int
    kind: str
    card: str
    ref: str
    of: str | None
    transaction_on: date
    amount: int
    currency: int
    more_to_come: bool = False


@dataclass(slots=True)
class CardOnBooks:
    """The card of a record with its account. unit: the smallest amount that its product shows, minor units."""

    member_id: int
    account_id: int
    card_id: int
    currency: int
    prepaid: bool
    account_status: str
    opened_on: date
    unit: int = 1

    @property
    def key(self) -> Key:
        return self.member_id, self.account_id


@dataclass(slots=True)
class Promise:
    """An authorisation as it stands, moved on by what clears it. cleared: what this file adds."""

    line: int
    kind: str
    held: int
    state: str
    cleared: int = 0
    changed: bool = False


@dataclass(slots=True)
class Original:
    """A presentment on the books that a record gives back, and how much of it is left to be given back."""

    posted_on: date
    effective_on: date
    left: int
    disputed: bool = False


@dataclass(slots=True)
class Books:
    """What the books hold of the cards, references, authorisations and presentments that a part of a file names."""

    open_on: date
    cards: Mapping[str, CardOnBooks]
    standing: dict[str, tuple[Key, int]]
    promises: dict[tuple[Key, str], Promise]
    originals: dict[tuple[Key, str], Original]


@dataclass(slots=True)
class Settled:
    """What becomes of a record that posts or gives back a hold.

    posts: None where only a hold is given back; late_for: the closed day that it belongs to.
    """

    record: Record
    card: CardOnBooks
    posts: PostingType | None
    given_back: int = 0
    effective_on: date | None = None
    late_for: date | None = None
    promise_line: int | None = None
    note: str | None = None


@dataclass(slots=True)
class Rejected:
    """A record that does not post; column: which cell is at fault."""

    record: Record
    column: str
    reason: str


@dataclass(slots=True)
class Known:
    """A record that is on the books already."""

    record: Record


@dataclass(slots=True)
class ForLots:
    """A record of a prepaid card: its value lies in lots, so it goes through the counter's own commands."""

    record: Record
    card: CardOnBooks


Outcome = Settled | Rejected | Known | ForLots


def settle(record: Record, books: Books) -> Outcome:
    """What becomes of one record; presentments of a part of a file come before what gives them back."""
    card = books.cards.get(record.card)
    if card is None:
        return Rejected(record, "card", "is no card on the books")
    if card.currency != record.currency:
        return Rejected(record, "currency", f"the account is kept in {BY_NUMERIC[card.currency].code}; give the amount in that "
                        "and this one as original_amount and original_currency")
    if record.amount % card.unit:
        return Rejected(record, "amount", "has more decimals than the card's product shows")
    if record.transaction_on > books.open_on:
        return Rejected(record, "transaction_on", f"lies ahead of the open business day {books.open_on}")
    there = books.standing.get(record.ref)
    if there is not None:
        if there == (card.key, record.amount):
            return Known(record)
        return Rejected(record, "ref", "already stands for another account or amount; every record has a reference of its own")
    if card.prepaid:
        books.standing[record.ref] = (card.key, record.amount)
        return ForLots(record, card)
    presents = record.kind in (PRESENTMENT, CASH_PRESENTMENT)
    outcome = _present(record, card, books) if presents else _give_back(record, card, books)
    if not isinstance(outcome, Rejected):
        books.standing[record.ref] = (card.key, record.amount)
    return outcome


def _present(record: Record, card: CardOnBooks, books: Books) -> Outcome:
    promise = books.promises.get((card.key, record.of)) if record.of else None
    closed = card.account_status in ("closed", "charged_off")
    if promise is None:
        if closed:
            return Rejected(record, "card", f"its account is {card.account_status.replace('_', ' ')} and there was no "
                            "authorisation; charge it back to the network")
        posts, given_back = CASH_ADVANCE if record.kind == CASH_PRESENTMENT else PURCHASE, 0
        note: str | None = NO_AUTHORISATION
    else:
        posts = CASH_ADVANCE if promise.kind == "cash_advance" else PURCHASE
        given_back, note = _clear(promise, record), _note_of(promise, record, closed)
        promise.held -= given_back
        promise.cleared += record.amount
        if promise.held == 0 or not record.more_to_come:
            promise.state = "cleared"
        promise.changed = True
    books.originals[card.key, record.ref] = Original(books.open_on, min(record.transaction_on, books.open_on), record.amount)
    return Settled(record, card, posts, given_back, min(record.transaction_on, books.open_on),
                   promise_line=None if promise is None else promise.line, note=note)


def _clear(promise: Promise, record: Record) -> int:
    """How much of the hold a presentment gives back: all that is left of it, or as much as it is for if more follow."""
    return min(promise.held, record.amount) if record.more_to_come else promise.held


def _note_of(promise: Promise, record: Record, closed: bool) -> str | None:
    if promise.state != "held":
        return AFTER_RELEASE
    if closed:
        return AFTER_CLOSING
    return MORE_THAN_HELD if record.amount > promise.held else None


def _give_back(record: Record, card: CardOnBooks, books: Books) -> Outcome:
    """A refund, a reversal or a chargeback."""
    original = books.originals.get((card.key, record.of)) if record.of else None
    if original is None:
        return _without_original(record, card, books)
    if original.disputed and record.kind == CHARGED_BACK:
        return Rejected(record, "of", "is disputed; `cardwright dispute` decides it and credits the holder, once")
    if record.amount > original.left:
        left = major_units(original.left, BY_NUMERIC[card.currency].digits)
        return Rejected(record, "amount", f"is more than the {left} that is left of its presentment")
    original.left -= record.amount
    if record.kind != REFUNDED and record.kind != CHARGED_BACK:
        # A reversal says that it never happened: what was billed for it since is corrected by the night.
        late = original.posted_on if original.posted_on < books.open_on else None
        return Settled(record, card, REFUND, effective_on=original.effective_on, late_for=late)
    return Settled(record, card, CHARGEBACK if record.kind == CHARGED_BACK else REFUND,
                   effective_on=min(record.transaction_on, books.open_on))


def _without_original(record: Record, card: CardOnBooks, books: Books) -> Outcome:
    if record.kind == REFUNDED:
        return Settled(record, card, REFUND, effective_on=min(record.transaction_on, books.open_on), note=NO_ORIGINAL)
    promise = books.promises.get((card.key, record.of)) if record.of else None
    if record.kind == CHARGED_BACK or promise is None:
        return Rejected(record, "of", "is no presentment on the card's account" if record.kind == CHARGED_BACK
                        else "is neither a presentment nor an authorisation of the card's account")
    if promise.state != "held":
        return Rejected(record, "of", f"is an authorisation that is {promise.state} already; nothing of it is held")
    given_back, promise.held, promise.state, promise.changed = promise.held, 0, "reversed", True
    return Settled(record, card, None, given_back, promise_line=promise.line)
