"""A card at the counter: found, held for one command, changed with its postings, lots and guarded balance, and told of.

Commands of one account wait for each other on its guarded balance; the open business day cannot be run meanwhile. What is
written counts at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from psycopg import Connection
from psycopg.errors import UniqueViolation
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from accounts.errors import Refused, Usage
from accounts.lots import Lot, Movement, moved, spendable
from accounts.money import BY_NUMERIC, BadAmount, major_units, minor_units
from accounts.posting_types import COUNTER, PostingType
from counter.card_life import state_after
from fees.prepaid import PrepaidRules
from fees.schedule import NoTermsInForce, terms_known_by
from fees.terms import Terms

_CARD = """
SELECT c.member_id, c.account_id, c.card_id, c.card, c.kind AS card_kind, c.status, c.frozen, c.issued_on, c.expires_on,
       a.account, a.product, a.currency, a.status AS account_status, a.prepaid, a.opened_on, m.member,
       m.kind AS member_kind, b.open_on, t.terms_version_id, t.sha256 AS terms_sha256,
       (SELECT e.reason FROM counter_event e WHERE e.member_id = c.member_id AND e.account_id = c.account_id
        AND e.card_id = c.card_id AND e.command = 'block' ORDER BY e.recorded_at DESC LIMIT 1) AS blocked_for
FROM card_directory d
JOIN card c ON c.member_id = d.member_id AND c.account_id = d.account_id AND c.card_id = d.card_id
JOIN card_account a ON a.member_id = d.member_id AND a.account_id = d.account_id
JOIN member m ON m.member_id = d.member_id
CROSS JOIN book b
LEFT JOIN terms_version t ON t.product = a.product AND t.status = 'approved' AND t.in_force @> b.open_on
WHERE d.card = %s FOR SHARE OF b
"""
#: Held until the command is done: commands of one account come one after the other.
_GUARD = """
SELECT g.balance, g.holds, nextval('counter_line') FROM card_directory d JOIN guarded_balance g USING (member_id, account_id)
WHERE d.card = %s FOR UPDATE OF g
"""
_LOTS = """
SELECT lot AS number, purse, source, funder, expires_on, original, remaining FROM purse_lot
WHERE member_id = %s AND account_id = %s ORDER BY lot
"""
_BY_REF = """
SELECT command, asked, reply FROM counter_event WHERE ref = %(ref)s AND member_id = %(member_id)s
"""
#: The one statement that guards what may be spent: where it is not enough, no row changes and nothing is posted.
_POST = """
WITH guarded AS (
    UPDATE guarded_balance SET balance = balance + %(moved)s
    WHERE member_id = %(member_id)s AND account_id = %(account_id)s
      AND (%(moved)s <= 0 OR NOT %(guarded)s OR -balance - holds >= %(moved)s)
    RETURNING 1
)
INSERT INTO posting (member_id, account_id, posted_on, source_id, source_line, type, debit_account, credit_account, currency,
                     amount, effective_on, transaction_on, card_id, terms_version_id, clause, source_ref, merchant, mcc, outlet,
                     channel, description, original_amount, original_currency)
SELECT %(member_id)s, %(account_id)s, %(on)s, %(source)s, %(line)s, %(type)s, %(debit)s, %(credit)s, %(currency)s, %(amount)s,
       %(on)s, %(on)s, %(card_id)s, %(version)s, %(clause)s, %(ref)s, %(merchant)s, %(mcc)s, %(outlet)s, %(channel)s,
       %(description)s, %(original_amount)s, %(original_currency)s FROM guarded
"""
_NEW_LOT = """
INSERT INTO purse_lot (member_id, account_id, lot, purse, source, funder, made_on, expires_on, original, remaining)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, 0)
"""
_MOVE_LOTS = """
WITH moved AS (
    INSERT INTO lot_movement (member_id, account_id, line, place, lot, amount)
    SELECT %(member_id)s, %(account_id)s, %(line)s, asked.place - 1, asked.lot, asked.amount
    FROM unnest(%(lots)s::integer[], %(amounts)s::bigint[]) WITH ORDINALITY AS asked (lot, amount, place)
    RETURNING lot, amount
)
UPDATE purse_lot p SET remaining = p.remaining + m.amount
FROM (SELECT lot, sum(amount)::bigint AS amount FROM moved GROUP BY lot) m
WHERE p.member_id = %(member_id)s AND p.account_id = %(account_id)s AND p.lot = m.lot
"""
_EVENT = """
INSERT INTO counter_event (member_id, account_id, line, card_id, business_on, command, ref, asked, reply, status_before,
                           status_after, of_line, reason, told_by, outlet)
VALUES (%(member_id)s, %(account_id)s, %(line)s, %(card_id)s, %(on)s, %(command)s, %(ref)s, %(asked)s, %(reply)s,
        %(status_before)s, %(status_after)s, %(of_line)s, %(reason)s, %(told_by)s, %(outlet)s)
"""


class UnknownCard(Usage):
    """A card code that the books do not know."""

    def __init__(self, card: str) -> None:
        super().__init__(f"no card {card!r} in the books; check the code, it is the one of cards.csv")


class NotPrepaid(Refused):
    """A command for prepaid value, on a card of a credit account."""

    def __init__(self, card: str, product: str) -> None:
        super().__init__(f"card {card}: {product} is a credit product; only a prepaid card holds value")


class RefStandsFor(Refused):
    """A reference that stands for another request."""

    def __init__(self, ref: str, command: str, asked: dict[str, Any]) -> None:
        said = ", ".join(f"{name} {value}" for name, value in sorted(asked.items()) if value is not None)
        super().__init__(f"ref {ref} already stands for {command} with {said}; a new request needs a reference of its own")


class NotEnough(Refused):
    """More than the card may give now; carries the numbers."""

    rule = "not_enough_value"

    def __init__(self, card: str, asked: str, has: str) -> None:
        self.numbers = {"asked": asked, "spendable": has}
        super().__init__(f"card {card}: {asked} was asked for and {has} can be spent ({self.rule})")


@dataclass(frozen=True)
class Told:
    """Who asks at the counter: the member of staff or the till, where, why, and the request's own reference."""

    by: str
    ref: str | None = None
    outlet: str | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        if not self.by.strip():
            raise Usage("--as is empty; the books keep who did what")


@dataclass(frozen=True)
class CardFacts:
    """A card with its account and holder, as the books have them.

    open_on: the business day that the counter works in; blocked_for: why it was blocked last.
    """

    member_id: int
    account_id: int
    card_id: int
    card: str
    card_kind: str
    status: str
    frozen: bool
    issued_on: date
    expires_on: date | None
    account: str
    product: str
    currency: int
    account_status: str
    prepaid: bool
    opened_on: date
    member: str
    member_kind: str
    open_on: date | None
    terms_version_id: int | None
    terms_sha256: bytes | None
    blocked_for: str | None


@dataclass
class HeldCard:
    """A card held for one command. Nothing is in the books until `post`, `move` and `tell` have written it.

    value: what the account holds, holds of authorisations included; line: of this command, in postings and lots.
    """

    connection: Connection[Any]
    facts: CardFacts
    on: date
    terms: Terms
    terms_version_id: int
    balance: int
    holds: int
    lots: list[Lot]
    line: int = 0
    amounts: list[tuple[PostingType, int]] = field(default_factory=list)

    @property
    def key(self) -> tuple[int, int]:
        return self.facts.member_id, self.facts.account_id

    @property
    def rules(self) -> PrepaidRules:
        """The limits of its product. Raises NotPrepaid."""
        if self.terms.prepaid is None:
            raise NotPrepaid(self.facts.card, self.facts.product)
        return PrepaidRules(self.terms)

    @property
    def value(self) -> int:
        """All that it holds, minor units."""
        return -self.balance

    @property
    def spendable(self) -> int:
        """What it may spend today: value that is not held, in lots that are not past their day."""
        return self.spendable_of(self.on)

    def spendable_of(self, day: date) -> int:
        """What may be spent of lots that are not past their day on a day."""
        return max(0, min(-self.balance - self.holds, spendable(self.lots, day)))

    def text(self, amount: int) -> str:
        """An amount in major units."""
        return major_units(amount, BY_NUMERIC[self.facts.currency].digits)

    def minor(self, amount: str) -> int:
        """An amount as it was asked for. Raises Usage for what is no amount, or not more than zero."""
        currency = BY_NUMERIC[self.facts.currency]
        try:
            found = minor_units(amount, currency.digits)
        except BadAmount as wrong:
            raise Usage(f"amount {amount!r}: {wrong}") from None
        if found <= 0:
            raise Usage(f"amount {amount!r} has to be more than zero")
        return found

    def state_after(self, command: str) -> str:
        """What a command makes of the card's state. Raises NotPossible. A card past its last day is expired, said or not."""
        its = self.facts
        past = its.expires_on is not None and its.expires_on < self.on and its.status == "active"
        return state_after(its.card, command, "expired" if past else its.status, frozen=its.frozen,
                           account_status=its.account_status, blocked_for=its.blocked_for)

    def post(self, kind: PostingType, amount: int, told: Told, clause: str | None = None, ref: str | None = None,
             card_id: int | None = None, guarded: bool = True, **words: str | None) -> None:
        """One posting of this command; zero is left out.

        ref: kept with it; card_id: if for another card; guarded: never more than there is; words: merchant, mcc, channel,
        description, original_amount, original_currency.
        Raises NotEnough where the guarded balance does not let it.
        """
        if not amount:
            return
        row = {
            "member_id": self.facts.member_id, "account_id": self.facts.account_id, "on": self.on, "source": COUNTER,
            "line": self.line, "type": kind.code, "debit": kind.debit, "credit": kind.credit, "currency": self.facts.currency,
            "amount": amount, "card_id": card_id or self.facts.card_id, "version": self.terms_version_id, "clause": clause,
            "ref": ref, "outlet": told.outlet,
            **dict.fromkeys(("merchant", "mcc", "channel", "description", "original_amount", "original_currency")), **words,
            "guarded": guarded, "moved": amount * kind.sign,
        }
        try:
            posted = self.connection.execute(_POST, row)
        except UniqueViolation:
            raise RefStandsFor(str(told.ref), "a posting of a file", {"ref": told.ref}) from None
        if not posted.rowcount:
            raise NotEnough(self.facts.card, self.text(amount), self.text(self.spendable))
        self.balance += amount * kind.sign
        self.amounts.append((kind, amount))

    def add_lot(self, purse: str, source: str, funder: str, expires_on: date | None, amount: int) -> Movement:
        """A new lot, empty until its movement is made."""
        lot = Lot(len(self.lots) + 1, purse, source, funder, expires_on, amount, 0)
        self.connection.execute(_NEW_LOT, (*self.key, lot.number, purse, source, funder, self.on, expires_on, amount))
        self.lots.append(lot)
        return Movement(lot.number, amount)

    def move(self, movements: Sequence[Movement]) -> None:
        """Move value into lots and out of them."""
        self.lots = moved(self.lots, movements)
        self.connection.execute(_MOVE_LOTS, {
            "member_id": self.facts.member_id, "account_id": self.facts.account_id, "line": self.line,
            "lots": [each.lot for each in movements], "amounts": [each.amount for each in movements]})
        assert sum(each.amount for each in movements) == -sum(amount * kind.sign for kind, amount in self.amounts), (
            "the lots moved by another amount than the ledger")

    def tell(self, command: str, told: Told, asked: dict[str, Any], status_after: str | None = None,
             of_line: int | None = None, **more: Any) -> dict[str, Any]:
        """Keep what was done and give the reply: the facts that are printed, and that the same reference gets again."""
        its = self.facts
        reply = {
            "account": its.account, "command": command, "on": self.on.isoformat(), "line": self.line,
            "ref": told.ref, "status": status_after or its.status, **asked, **more,
            "postings": [{"type": kind.name, "amount": self.text(amount)} for kind, amount in self.amounts],
        }
        if its.prepaid:
            reply |= {"value": self.text(self.value), "spendable": self.text(self.spendable)}
        self.connection.execute(_EVENT, {
            "member_id": its.member_id, "account_id": its.account_id, "line": self.line, "card_id": its.card_id, "on": self.on,
            "command": command, "ref": told.ref, "asked": Jsonb(_plain(asked)), "reply": Jsonb(reply),
            "status_before": its.status, "status_after": status_after or its.status, "of_line": of_line,
            "reason": told.reason, "told_by": told.by, "outlet": told.outlet})
        return reply


def find_card(connection: Connection[Any], card: str) -> CardFacts:
    """A card by its code. Raises UnknownCard."""
    with connection.cursor(row_factory=class_row(CardFacts)) as cursor:
        found = cursor.execute(_CARD, (card,)).fetchone()
    if found is None:
        raise UnknownCard(card)
    return found


def hold_card(connection: Connection[Any], card: str) -> HeldCard:
    """Find a card and hold its account for one command; in the caller's transaction.

    Raises UnknownCard, Refused where the book has no open business day, NoTermsInForce.
    """
    guarded = connection.execute(_GUARD, (card,)).fetchone()
    if guarded is None:
        raise UnknownCard(card)
    # Only now, by a statement of its own: the card may have changed while another command held its account.
    facts = find_card(connection, card)
    if facts.open_on is None:
        raise Refused("the book has no open business day yet; `cardwright init --first-day DATE` sets its first")
    if facts.terms_version_id is None or facts.terms_sha256 is None:
        raise NoTermsInForce(facts.product, facts.open_on)
    terms = terms_known_by(connection, facts.terms_version_id, bytes(facts.terms_sha256))
    lots: list[Lot] = []
    if facts.prepaid:
        with connection.cursor(row_factory=class_row(Lot)) as cursor:
            lots = cursor.execute(_LOTS, (facts.member_id, facts.account_id)).fetchall()
    balance, holds, line = guarded
    return HeldCard(connection, facts, facts.open_on, terms, facts.terms_version_id, balance, holds, lots, line)


def answered_before(held: HeldCard, command: str, told: Told, asked: dict[str, Any]) -> dict[str, Any] | None:
    """The reply that the same reference got before; None for a new one. Raises RefStandsFor for another request."""
    if told.ref is None:
        return None
    with held.connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(_BY_REF, {"ref": told.ref, "member_id": held.facts.member_id}).fetchone()
    if found is None:
        return None
    if (found["command"], found["asked"]) != (command, _plain(asked)):
        raise RefStandsFor(told.ref, found["command"], found["asked"])
    reply: dict[str, Any] = found["reply"]
    return reply


def _plain(asked: dict[str, Any]) -> dict[str, Any]:
    """A request as it is compared: without what was not said."""
    return {name: value for name, value in asked.items() if value is not None}


def total(movements: Iterable[Movement]) -> int:
    """What movements come to, minor units."""
    return sum(each.amount for each in movements)
