"""A card as it is told of: its state, what it holds lot by lot, and everything that the counter did with its account."""

from __future__ import annotations

from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from accounts.money import BY_NUMERIC
from counter.holding import hold_card

_EVENTS = """
SELECT e.line, e.business_on, e.command, e.ref, e.reply -> 'postings' AS postings, e.status_after, e.reason, e.told_by,
       e.outlet, c.card
FROM counter_event e
JOIN card c ON c.member_id = e.member_id AND c.account_id = e.account_id AND c.card_id = e.card_id
WHERE e.member_id = %s AND e.account_id = %s ORDER BY e.recorded_at, e.line
"""


def card_told(connection: Connection[Any], card: str) -> dict[str, Any]:
    """The facts of a card, JSON-ready; amounts in major units. Raises UnknownCard."""
    held = hold_card(connection, card)
    its = held.facts
    with connection.cursor(row_factory=dict_row) as cursor:
        events = cursor.execute(_EVENTS, held.key).fetchall()
    facts: dict[str, Any] = {
        "card": its.card, "account": its.account, "product": its.product, "member": its.member, "status": its.status,
        "frozen": its.frozen, "issued_on": its.issued_on.isoformat(),
        "expires_on": None if its.expires_on is None else its.expires_on.isoformat(),
        "currency": BY_NUMERIC[its.currency].code, "as_of": held.on.isoformat(),
        "events": [{"line": each["line"], "on": each["business_on"].isoformat(), "command": each["command"], "ref": each["ref"],
                    "postings": each["postings"], "status": each["status_after"], "reason": each["reason"],
                    "told_by": each["told_by"], "outlet": each["outlet"], "card": each["card"]} for each in events],
    }
    if its.prepaid:
        facts |= {
            "value": held.text(held.value), "holds": held.text(held.holds), "spendable": held.text(held.spendable),
            "lots": [{"lot": each.number, "purse": each.purse, "source": each.source, "funder": each.funder,
                      "expires_on": None if each.expires_on is None else each.expires_on.isoformat(),
                      "original": held.text(each.original), "remaining": held.text(each.remaining)} for each in held.lots],
        }
    return facts
