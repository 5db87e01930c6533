"""A prepaid account ends: nothing is on it and nothing held, its cards are done with, and it takes part in nothing any more.

What comes back later, a refund, finds its way onto it all the same; then it is redeemed or moved, and stays closed.
"""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from accounts.errors import Refused
from counter.card_life import FINAL
from counter.holding import NotPrepaid, Told, answered_before, hold_card

_OTHERS = """
SELECT card, status FROM card WHERE member_id = %s AND account_id = %s AND card_id <> %s AND status <> ALL(%s) ORDER BY card
"""
_CLOSE_CARD = """
UPDATE card SET status = 'closed' WHERE member_id = %s AND account_id = %s AND card_id = %s AND status <> ALL(%s)
"""
_CLOSE = """
UPDATE card_account SET status = 'closed', closed_on = %s WHERE member_id = %s AND account_id = %s
"""


def close_account(connection: Connection[Any], card: str, told: Told) -> dict[str, Any]:
    """Close a prepaid account by its last card, and the card with it.

    Raises NotPrepaid, NotPossible, Refused where it still holds something, something is held on it, or another card of it is
    not done with.
    """
    held = hold_card(connection, card)
    asked = {"card": card}
    if (before := answered_before(held, "close_account", told, asked)) is not None:
        return before
    its = held.facts
    if not its.prepaid:
        raise NotPrepaid(card, its.product)
    if its.account_status == "closed":
        raise Refused(f"account {its.account} is closed already")
    if held.value:
        raise Refused(f"account {its.account} holds {held.text(held.value)}; redeem or move that first")
    if held.holds:
        raise Refused(f"account {its.account}: {held.text(held.holds)} is held for authorisations; wait until they are settled")
    others = connection.execute(_OTHERS, (*held.key, its.card_id, list(FINAL))).fetchall()
    if others:
        said = ", ".join(f"{code} is {status}" for code, status in others)
        raise Refused(f"account {its.account} has other cards: {said}; close those first")
    status = "closed" if its.status not in FINAL else its.status
    connection.execute(_CLOSE_CARD, (*held.key, its.card_id, list(FINAL)))
    connection.execute(_CLOSE, (held.on, *held.key))
    return held.tell("close_account", told, asked, status)


__all__ = ["close_account"]
