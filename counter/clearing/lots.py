"""Records of a clearing file for prepaid cards: one by one through the counter's commands, because their value lies in lots.

A prepaid card never gives more than it holds: what a merchant presents beyond that is rejected, for the network's dispute desk.
"""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from accounts.errors import CardwrightError
from accounts.money import BY_NUMERIC, major_units
from accounts.posting_types import SPEND, SPEND_DISCOUNT
from counter.authorisations import NoSuchAuthorisation, NotHeld, clear, refund_without_original, reverse
from counter.clearing.layout import CASH_PRESENTMENT, PRESENTMENT, REFUND
from counter.clearing.settling import AFTER_RELEASE, NO_AUTHORISATION, NO_ORIGINAL, CardOnBooks, Record, Rejected
from counter.holding import Told, answered_before, hold_card
from counter.prepaid import NoSuchSpend, Sale, refund, taken

WHO = "clearing"
_ITEM = """
INSERT INTO clearing_item (member_id, account_id, line, source_id, source_line, kind, ref, of_ref, amount, given_back, note)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, 0, %s)
"""


def post_to_lots(connection: Connection[Any], source_id: int, record: Record, card: CardOnBooks,
                 words: dict[str, Any]) -> tuple[Rejected | None, str | None]:
    """Post a record, or say why not; and what is worth knowing about it. What is refused leaves nothing behind."""
    try:
        with connection.transaction():
            reply, note = _post(connection, record, card, words)
            connection.execute(_ITEM, (card.member_id, card.account_id, reply["line"], source_id, record.line, record.kind,
                                       record.ref, record.of, record.amount, note))
    except CardwrightError as no:
        return Rejected(record, "amount" if record.kind in (PRESENTMENT, CASH_PRESENTMENT) else "of", str(no)), None
    return None, note


def _post(connection: Connection[Any], record: Record, card: CardOnBooks,
          words: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
    amount, told = _major(record), Told(WHO, record.ref)
    sale = Sale(words["merchant"], words["mcc"])
    if record.kind in (PRESENTMENT, CASH_PRESENTMENT):
        if record.of is not None:
            try:
                return clear(connection, record.card, record.of, amount, told, not record.more_to_come), None
            except NoSuchAuthorisation:
                pass
            except NotHeld:
                return _present(connection, record.card, amount, told, words), AFTER_RELEASE
        return _present(connection, record.card, amount, told, words), NO_AUTHORISATION
    if record.of is not None:
        try:
            return refund(connection, record.card, record.of, amount, told), None
        except NoSuchSpend:
            if record.kind != REFUND:
                return reverse(connection, record.card, record.of, told), None
    return refund_without_original(connection, record.card, amount, told, sale), NO_ORIGINAL


def _present(connection: Connection[Any], card: str, amount: str, told: Told, words: dict[str, Any]) -> dict[str, Any]:
    """A sale that the card is asked for only now. Whether it may be used there was for the till to ask."""
    held = hold_card(connection, card)
    asked = {"card": card, "amount": amount, "merchant": words["merchant"], "mcc": words["mcc"]}
    if (before := answered_before(held, "present", told, asked)) is not None:
        return before
    gross = held.minor(amount)
    discount = held.rules.discount_on(gross)
    movements = taken(held, gross - discount)
    held.post(SPEND_DISCOUNT, discount, told, clause="prepaid.discount")
    held.post(SPEND, gross, told, ref=told.ref, **words)
    held.move(movements)
    return held.tell("present", told, asked)


def _major(record: Record) -> str:
    return major_units(record.amount, BY_NUMERIC[record.currency].digits)
