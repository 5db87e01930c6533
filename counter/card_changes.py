"""What staff do to a card itself: block, freeze, report, extend, replace, close; credit and prepaid cards alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from psycopg import Connection
from psycopg.errors import UniqueViolation

from accounts.errors import Refused, Usage
from accounts.intake.master_data import next_id
from accounts.lots import PRINCIPAL_PURSE, Lot, NotEnoughValue, take
from accounts.posting_types import EXTENSION_FEE, PREPAID_REPLACEMENT_FEE, PostingType
from counter.card_life import BLOCK_REASONS
from counter.holding import HeldCard, NotEnough, Told, answered_before, hold_card

_SET_STATUS = """
UPDATE card SET status = %(status)s, expires_on = %(expires_on)s
WHERE member_id = %(member_id)s AND account_id = %(account_id)s AND card_id = %(card_id)s
"""
_SET_FROZEN = "UPDATE card SET frozen = %s WHERE member_id = %s AND account_id = %s AND card_id = %s"
#: Lots that end with the card, extended with it; what had an earlier day of its own keeps it.
_EXTEND_LOTS = """
UPDATE purse_lot SET expires_on = %s WHERE member_id = %s AND account_id = %s AND purse = 'principal' AND expires_on = %s
"""
_REGISTER = "INSERT INTO card_directory (card, member_id, account_id, card_id) VALUES (%s, %s, %s, %s)"
_COPY_CARD = """
INSERT INTO card (member_id, account_id, card_id, card, kind, issued_on, holder, expires_on, status, sub_limit, channel,
                  replaces_card_id, reason)
SELECT member_id, account_id, %(new_id)s, %(new)s, kind, %(on)s, holder, %(expires_on)s, 'active', sub_limit, channel, card_id,
       %(reason)s
FROM card WHERE member_id = %(member_id)s AND account_id = %(account_id)s AND card_id = %(card_id)s
"""
REPORTS = ("report_lost", "report_stolen", "report_damaged")
#: Why a card is replaced, by what became of it.
_REPLACED_FOR = {"lost": "lost", "stolen": "stolen", "damaged": "damaged", "active": "issuer_fault", "expired": "expired"}


class CardTaken(Refused):
    """The code of a new card is that of another one."""

    def __init__(self, card: str) -> None:
        super().__init__(f"card {card} is on the books already; a new card needs a code of its own")


def change_state(connection: Connection[Any], card: str, command: str, told: Told) -> dict[str, Any]:
    """One step in the life of a card that moves no money: approve, emboss, issue, block, unblock, report, renew, close.

    Raises NotPossible, LimitReached, Usage for a block without one of the known reasons.
    """
    held = hold_card(connection, card)
    asked = {"card": card, "reason": told.reason}
    if (before := answered_before(held, command, told, asked)) is not None:
        return before
    if command == "block" and told.reason not in BLOCK_REASONS:
        raise Usage(f"--reason {told.reason!r}: a card is blocked for {', '.join(BLOCK_REASONS)}")
    status = held.state_after(command)
    if command in REPORTS and held.terms.prepaid is not None and command != "report_damaged":
        held.rules.require_loss_report()
    if command == "close" and held.value:
        raise Refused(f"card {card}: its account holds {held.text(held.value)}; redeem or move that first")
    set_status(held, status, held.facts.expires_on)
    return held.tell(command, told, asked, status)


def freeze(connection: Connection[Any], card: str, frozen: bool, told: Told) -> dict[str, Any]:
    """Freeze a card, or let it go again; its state stays. Twice the same changes nothing."""
    held = hold_card(connection, card)
    command = "freeze" if frozen else "unfreeze"
    asked = {"card": card}
    if (before := answered_before(held, command, told, asked)) is not None:
        return before
    held.state_after(command)
    connection.execute(_SET_FROZEN, (frozen, *held.key, held.facts.card_id))
    return held.tell(command, told, asked, frozen=frozen)


def extend(connection: Connection[Any], card: str, told: Told) -> dict[str, Any]:
    """Lengthen a prepaid card's validity by one step of its terms, before it has expired or after; the fee comes out of its
    value.

    Raises NotPossible, NotEnough, Refused for a card without an end.
    """
    held = hold_card(connection, card)
    asked = {"card": card}
    if (before := answered_before(held, "extend", told, asked)) is not None:
        return before
    status, its = held.state_after("extend"), held.facts
    if its.expires_on is None:
        raise Refused(f"card {card} has no last day; there is nothing to extend")
    until = held.rules.extended_until(its.expires_on, held.on)
    connection.execute(_EXTEND_LOTS, (until, *held.key, its.expires_on))
    held.lots = [each if each.expires_on != its.expires_on or each.purse != PRINCIPAL_PURSE else _until(each, until)
                 for each in held.lots]
    charge(held, EXTENSION_FEE, held.terms.minor(held.rules.own.extension.fee), told, "prepaid.extension")
    set_status(held, status, until)
    return held.tell("extend", told, asked, status, expires_on=until.isoformat())


def replace_card(connection: Connection[Any], card: str, new_card: str, told: Told) -> dict[str, Any]:
    """Put a new card in the place of one that is lost, stolen, damaged or expired: same account, same value, new number.

    A prepaid card pays its terms' replacement fee out of its value; a credit card's is billed by the night that sees the new
    card.
    """
    held = hold_card(connection, card)
    asked = {"card": card, "new_card": new_card}
    if (before := answered_before(held, "replace", told, asked)) is not None:
        return before
    its = held.facts
    status, reason = held.state_after("replace"), told.reason or _REPLACED_FOR[its.status]
    new_id = _make_card(held, new_card, reason)
    expires_on = its.expires_on
    fee = held.terms.fees.replacement
    if held.terms.prepaid is not None:
        if expires_on is not None and expires_on < held.on:
            raise Refused(f"card {card} expired on {expires_on}; extend it first, its value is kept")
        if fee is not None and reason not in fee.free_for:
            charge(held, PREPAID_REPLACEMENT_FEE, held.terms.minor(fee.amount), told, fee.clause, new_id)
    set_status(held, status, expires_on)
    return held.tell("replace", told, asked, status)


def charge(held: HeldCard, kind: PostingType, amount: int, told: Told, clause: str | None,
           card_id: int | None = None) -> None:
    """Take a fee out of a card's value, lot by lot; card_id: if it is for another card. Raises NotEnough."""
    if not amount:
        return
    try:
        movements = take(held.lots, amount, held.on)
    except NotEnoughValue as short:
        raise NotEnough(held.facts.card, held.text(short.asked), held.text(short.spendable)) from None
    held.post(kind, amount, told, clause=clause, card_id=card_id)
    held.move(movements)


def set_status(held: HeldCard, status: str, expires_on: date | None) -> None:
    """Write a card's state and last day."""
    its = held.facts
    held.connection.execute(_SET_STATUS, {
        "status": status, "expires_on": expires_on, "member_id": its.member_id, "account_id": its.account_id,
        "card_id": its.card_id})


def _until(lot: Lot, until: date) -> Lot:
    return replace(lot, expires_on=until)


def _make_card(held: HeldCard, new_card: str, reason: str) -> int:
    connection, its = held.connection, held.facts
    new_id = next_id(connection, "card_directory", "card_id")
    try:
        connection.execute(_REGISTER, (new_card, its.member_id, its.account_id, new_id))
    except UniqueViolation:
        raise CardTaken(new_card) from None
    connection.execute(_COPY_CARD, {
        "new_id": new_id, "new": new_card, "on": held.on, "expires_on": its.expires_on, "reason": reason,
        "member_id": its.member_id, "account_id": its.account_id, "card_id": its.card_id})
    return new_id
