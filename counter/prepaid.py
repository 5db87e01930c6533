"""Prepaid value: put on a card, spent, given back, moved to another card, paid out; each a command of its own.

Every function takes a connection first, works in the caller's transaction and gives the reply that is printed. The same
reference again gets the same reply and changes nothing. Rules: docs/reference/prepaid-rules.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row, dict_row

from accounts.errors import Refused, Usage
from accounts.lots import (
    BONUS_PURSE,
    PRINCIPAL_PURSE,
    Lot,
    MoreThanWasTaken,
    Movement,
    NotEnoughValue,
    carried_over,
    give_back,
    take,
)
from accounts.posting_types import (
    BONUS,
    BONUS_FORFEITED,
    COUNTER,
    DISCOUNT_RETURNED,
    LOAD,
    REDEMPTION_FEE,
    SPEND,
    SPEND_DISCOUNT,
    SPEND_REFUND,
    TRANSFER_IN,
    TRANSFER_OUT,
    UNLOAD,
)
from counter.card_changes import set_status
from counter.holding import HeldCard, NotEnough, Told, answered_before, find_card, hold_card
from counter.velocity import require_allowed_use

HOLDER = "holder"

_BOUGHT_TODAY = """
SELECT (e.reply ->> 'amount_minor')::bigint FROM counter_event e
WHERE e.business_on = %(on)s AND e.command = 'activate' AND e.asked ->> 'buyer' = %(buyer)s
"""
_LOADED = "SELECT 1 FROM lot_movement WHERE member_id = %s AND account_id = %s LIMIT 1"
_FIRST_LOADED = "SELECT min(made_on) FROM purse_lot WHERE member_id = %s AND account_id = %s"
_SPEND = """
SELECT line, asked FROM counter_event
WHERE member_id = %(member_id)s AND account_id = %(account_id)s AND command IN ('spend', 'clear', 'present') AND ref = %(ref)s
"""
_TAKEN = """
SELECT lot, amount FROM lot_movement WHERE member_id = %s AND account_id = %s AND line = %s ORDER BY place
"""
_GIVEN = """
SELECT m.lot, m.amount, e.line FROM counter_event e
JOIN lot_movement m ON m.member_id = e.member_id AND m.account_id = e.account_id AND m.line = e.line
WHERE e.member_id = %s AND e.account_id = %s AND e.of_line = %s AND e.command = 'refund' ORDER BY e.line, m.place
"""
_REFUNDED = f"""
SELECT coalesce(sum(p.amount) FILTER (WHERE p.type = %(gross)s), 0)::bigint AS gross,
       coalesce(sum(p.amount) FILTER (WHERE p.type = %(discount)s), 0)::bigint AS discount
FROM counter_event e JOIN posting p ON p.member_id = e.member_id AND p.account_id = e.account_id
     AND p.posted_on = e.business_on AND p.source_id = {COUNTER} AND p.source_line = e.line
WHERE e.member_id = %(member_id)s AND e.account_id = %(account_id)s AND e.of_line = %(line)s AND e.command = 'refund'
"""  # noqa: S608
_SPENT = f"""
SELECT p.type, p.amount FROM counter_event e JOIN posting p ON p.member_id = e.member_id AND p.account_id = e.account_id
     AND p.posted_on = e.business_on AND p.source_id = {COUNTER} AND p.source_line = e.line
WHERE e.member_id = %s AND e.account_id = %s AND e.line = %s
"""  # noqa: S608


class NoSuchSpend(Usage):
    """A refund of a spend that is not on the card's account."""

    def __init__(self, card: str, ref: str) -> None:
        super().__init__(f"card {card}: no spend with ref {ref!r}; give the reference of the spend that is refunded")


class MoreThanSpent(Refused):
    """A refund of more than is left of its spend."""

    rule = "more_than_spent"

    def __init__(self, card: str, asked: str, left: str) -> None:
        self.numbers = {"asked": asked, "left": left}
        super().__init__(f"card {card}: {asked} is to be refunded and {left} of the spend is left ({self.rule})")


@dataclass(frozen=True)
class Sale:
    """Where something was bought: for the posting."""

    merchant: str | None = None
    mcc: str | None = None
    channel: str | None = None


def activate(connection: Connection[Any], card: str, amount: str, source: str, told: Told, *, buyer: str | None = None,
             buyer_kind: str = "person", identified: bool = False) -> dict[str, Any]:
    """Sell a card that is issued: its value is paid for, and it can be used at once.

    source: what it was paid with; buyer: whoever pays, for purchases that are split over the day.
    Raises NotPossible, LimitReached, RefStandsFor.
    """
    held = hold_card(connection, card)
    asked = {"card": card, "amount": amount, "source": source, "buyer": buyer, "buyer_kind": buyer_kind,
             "identified": identified}
    if (before := answered_before(held, "activate", told, asked)) is not None:
        return before
    status, paid, rules = held.state_after("activate"), held.minor(amount), held.rules
    rules.require_desk(told.outlet, told.by)
    rules.require_source(source)
    rules.require_cash_allowed(source, paid, buyer_kind)
    today = [] if buyer is None else [row[0] for row in connection.execute(_BOUGHT_TODAY, {"on": held.on, "buyer": buyer})]
    rules.require_identified(paid, identified or held.facts.member_kind != "anonymous", today)
    rules.require_room(held.value, paid)
    expires_on = held.facts.expires_on or rules.valid_until(held.on)
    held.post(LOAD, paid, told, ref=told.ref)
    held.move([held.add_lot(PRINCIPAL_PURSE, source, HOLDER, expires_on, paid)])
    set_status(held, status, expires_on)
    return held.tell("activate", told, asked, status, amount_minor=paid)


def load(connection: Connection[Any], card: str, amount: str, source: str, told: Told) -> dict[str, Any]:
    """Put value on a card; it can be spent at once. Raises NotPossible, LimitReached, RefStandsFor."""
    held = hold_card(connection, card)
    asked = {"card": card, "amount": amount, "source": source}
    if (before := answered_before(held, "load", told, asked)) is not None:
        return before
    held.state_after("load")
    paid, rules = held.minor(amount), held.rules
    rules.require_desk(told.outlet, told.by)
    rules.require_source(source)
    rules.require_reloadable(connection.execute(_LOADED, held.key).fetchone() is not None)
    rules.require_cash_allowed(source, paid, "company" if held.facts.member_kind == "company" else "person")
    rules.require_room(held.value, paid)
    held.post(LOAD, paid, told, ref=told.ref)
    held.move([held.add_lot(PRINCIPAL_PURSE, source, HOLDER, held.facts.expires_on, paid)])
    return held.tell("load", told, asked)


def give_bonus(connection: Connection[Any], card: str, amount: str, funder: str, expires_on: str | None,
               told: Told) -> dict[str, Any]:
    """Value that the issuer or a partner gives away: spent first, and forfeited after its last day."""
    held = hold_card(connection, card)
    asked = {"card": card, "amount": amount, "funder": funder, "expires_on": expires_on}
    if (before := answered_before(held, "bonus", told, asked)) is not None:
        return before
    held.state_after("load")
    given, last_day = held.minor(amount), _day(expires_on)
    if last_day is not None and last_day < held.on:
        raise Usage(f"the bonus would have ended on {last_day}, before it was given on {held.on}")
    held.rules.require_room(held.value, given)
    held.post(BONUS, given, told, ref=told.ref)
    held.move([held.add_lot(BONUS_PURSE, "promotion", funder, last_day, given)])
    return held.tell("bonus", told, asked)


def spend(connection: Connection[Any], card: str, amount: str, told: Told, sale: Sale) -> dict[str, Any]:
    """Pay with a card: its discount first, then the lots in their order; never more than it may give.

    The reference is the till's: sent twice it is one spend. Raises NotPossible, LimitReached, NotEnough, RefStandsFor.
    """
    require_ref(told, "spend")
    held = hold_card(connection, card)
    asked = {"card": card, "amount": amount, "merchant": sale.merchant, "mcc": sale.mcc}
    if (before := answered_before(held, "spend", told, asked)) is not None:
        return before
    held.state_after("spend")
    gross = held.minor(amount)
    discount = held.rules.discount_on(gross)
    require_allowed_use(held, sale.merchant, sale.mcc, gross - discount)
    movements = taken(held, gross - discount)
    held.post(SPEND_DISCOUNT, discount, told, clause="prepaid.discount")
    held.post(SPEND, gross, told, ref=told.ref, merchant=sale.merchant, mcc=sale.mcc, channel=sale.channel)
    held.move(movements)
    return held.tell("spend", told, asked, discount=held.text(discount), paid=held.text(gross - discount))


def refund(connection: Connection[Any], card: str, spend_ref: str, amount: str | None, told: Told) -> dict[str, Any]:
    """Give back a spend, or a part of it, to the lots it was taken from; its discount goes back in proportion.

    card: the one that paid, or the one that took its place. A card that is lost, expired or replaced gets it on its account all
    the same. Raises NoSuchSpend, MoreThanSpent, RefStandsFor.
    """
    require_ref(told, "refund")
    held = hold_card(connection, card)
    asked = {"card": card, "amount": amount, "spend_ref": spend_ref}
    if (before := answered_before(held, "refund", told, asked)) is not None:
        return before
    held.state_after("refund")
    line, gross, discount = _spend_of(held, spend_ref)
    refunded, discount_back = _refunded(held, line)
    left = gross - refunded
    back = left if amount is None else held.minor(amount)
    if not 0 < back <= left:
        raise MoreThanSpent(card, held.text(back), held.text(left))
    # Of the discount so much as belongs to all that has come back by now, less what went back before.
    returned = discount * (refunded + back) // gross - discount_back
    movements = _given_back(held, line, back - returned)
    held.post(SPEND_REFUND, back, told, ref=told.ref)
    held.post(DISCOUNT_RETURNED, returned, told, clause="prepaid.discount")
    held.move(movements)
    return held.tell("refund", told, asked, of_line=line, refunded=held.text(back), discount_returned=held.text(returned))


def redeem(connection: Connection[Any], card: str, told: Told, paid_to: str) -> dict[str, Any]:
    """Pay out what a card holds, less the fee of its terms, and close it. Bonus is not paid out: it goes back to its giver.

    Raises NotPossible, LimitReached, Refused where some of it is held for an authorisation.
    """
    held = hold_card(connection, card)
    asked = {"card": card, "paid_to": paid_to}
    if (before := answered_before(held, "redeem", told, asked)) is not None:
        return before
    held.state_after("redeem")
    row = connection.execute(_FIRST_LOADED, held.key).fetchone()
    held.rules.require_redeemable(row[0] if row and row[0] else held.facts.issued_on, held.on)
    if held.holds:
        raise Refused(f"card {card}: {held.text(held.holds)} is held for authorisations; wait until they are settled")
    bonus, principal = (
        [Movement(each.number, -each.remaining) for each in held.lots if each.purse == purse and each.remaining]
        for purse in (BONUS_PURSE, PRINCIPAL_PURSE))
    value = -sum(each.amount for each in principal)
    fee = held.rules.redemption_fee(value)
    held.post(BONUS_FORFEITED, -sum(each.amount for each in bonus), told)
    held.post(REDEMPTION_FEE, fee, told, clause="prepaid.redemption")
    held.post(UNLOAD, value - fee, told, ref=told.ref, description=paid_to)
    held.move([*bonus, *principal])
    set_status(held, "closed", held.facts.expires_on)
    return held.tell("redeem", told, asked, "closed", paid_out=held.text(value - fee), fee=held.text(fee))


def transfer(connection: Connection[Any], card: str, to_card: str, amount: str | None, told: Told,
             approved_by: str | None = None) -> dict[str, Any]:
    """Move value from one card to another, lot by lot: purse, giver and last day go with it. amount: None for all of it.

    Raises NotPossible for either card, LimitReached, NotEnough; the second card's fullness counts too.
    """
    first, second = find_card(connection, card), find_card(connection, to_card)
    if (first.member_id, first.account_id) == (second.member_id, second.account_id):
        raise Usage(f"{card} and {to_card} are cards of one account; there is nothing to move")
    if first.currency != second.currency:
        raise Refused(f"{card} and {to_card} are kept in different currencies")
    # Always in the order of their accounts, so that two transfers the other way round do not wait for each other.
    in_order = sorted((first, second), key=lambda each: (each.member_id, each.account_id))
    held = {each.card: hold_card(connection, each.card) for each in in_order}
    giver, taker = held[card], held[to_card]
    asked = {"card": card, "to_card": to_card, "amount": amount}
    if (before := answered_before(giver, "transfer", told, asked)) is not None:
        return before
    giver.state_after("transfer")
    taker.state_after("load")
    if approved_by is not None and approved_by.strip() == told.by.strip():
        raise Refused(f"{told.by} cannot approve an own request; a second person has to")
    giver.rules.require_transfer(
        from_registered=giver.rules.own.registered, to_registered=taker.rules.own.registered,
        same_holder=giver.facts.member == taker.facts.member, approved=approved_by is not None)
    moving = giver.spendable if amount is None else giver.minor(amount)
    if not moving:
        raise NotEnough(card, "all of it", giver.text(0))
    taker.rules.require_room(taker.value, moving)
    movements = taken(giver, moving)
    new_lots = carried_over(giver.lots, movements, len(taker.lots) + 1)
    giver.post(TRANSFER_OUT, moving, told, ref=told.ref, description=to_card)
    giver.move(movements)
    inward = Told(told.by, None, told.outlet, told.reason)
    taker.post(TRANSFER_IN, moving, inward, description=card)
    taker.move([_copied(taker, each) for each in new_lots])
    taker.tell("transfer_in", inward, {"card": to_card, "from_card": card, "amount": taker.text(moving)})
    return giver.tell("transfer", told, asked, moved=giver.text(moving), approved_by=approved_by)


# -- what several of them do --------------------------------------------------------------------------------------------


def require_ref(told: Told, command: str) -> None:
    """Raises Usage where a request has no reference of its own."""
    if told.ref is None or not told.ref.strip():
        raise Usage(f"{command} needs --ref, the till's own reference: sent twice, it is done once")


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Usage(f"{text!r} is not a date; write it like 2027-05-25") from None


def taken(held: HeldCard, amount: int, promised_on: date | None = None) -> list[Movement]:
    """The lots that a spend takes from, of those that could be spent when it was promised. Raises NotEnough."""
    there = held.spendable_of(promised_on or held.on)
    if amount > there:
        raise NotEnough(held.facts.card, held.text(amount), held.text(there))
    try:
        return take(held.lots, amount, promised_on or held.on)
    except NotEnoughValue as short:
        raise NotEnough(held.facts.card, held.text(short.asked), held.text(short.spendable)) from None


def _copied(held: HeldCard, lot: Lot) -> Movement:
    return held.add_lot(lot.purse, lot.source, lot.funder, lot.expires_on, lot.original)


def _spend_of(held: HeldCard, ref: str) -> tuple[int, int, int]:
    """The line of a spend, what it came to, and its discount."""
    with held.connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(_SPEND, {"member_id": held.facts.member_id, "account_id": held.facts.account_id,
                                        "ref": ref}).fetchone()
    if found is None:
        raise NoSuchSpend(held.facts.card, ref)
    amounts = dict(held.connection.execute(_SPENT, (*held.key, found["line"])).fetchall())
    return found["line"], amounts[SPEND.code], amounts.get(SPEND_DISCOUNT.code, 0)


def _refunded(held: HeldCard, line: int) -> tuple[int, int]:
    """What came back of a spend before, and of its discount."""
    row = held.connection.execute(_REFUNDED, {
        "gross": SPEND_REFUND.code, "discount": DISCOUNT_RETURNED.code, "member_id": held.facts.member_id,
        "account_id": held.facts.account_id, "line": line}).fetchone()
    return (row[0], row[1]) if row else (0, 0)


def _given_back(held: HeldCard, line: int, amount: int) -> list[Movement]:
    with held.connection.cursor(row_factory=class_row(Movement)) as cursor:
        spent = cursor.execute(_TAKEN, (*held.key, line)).fetchall()
    given = [Movement(lot, back) for lot, back, _ in held.connection.execute(_GIVEN, (*held.key, line))]
    try:
        return give_back(spent, given, amount)
    except MoreThanWasTaken as more:
        raise MoreThanSpent(held.facts.card, held.text(more.asked), held.text(more.left)) from None


__all__ = ["Sale", "activate", "give_bonus", "load", "redeem", "refund", "spend", "transfer"]
