"""Prepaid accounts that are taken over: what they hold becomes one lot of the holder's own, without a last day.

Who gave it, and until when, the file does not say; a card's own last day still stops it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from accounts.intake.accounts import TakenOver

#: The line of the lots that an account is taken over with; the counter's commands are above it, the night's below.
OPENING_LINE = 0
SOURCE = "taken_over"

_LOTS = f"""
INSERT INTO purse_lot (member_id, account_id, lot, purse, source, funder, made_on, expires_on, original, remaining)
SELECT t.member_id, t.account_id, 1, 'principal', '{SOURCE}', 'holder', t.opening_on, NULL, t.value, t.value
FROM unnest(%(members)s::bigint[], %(accounts)s::bigint[], %(days)s::date[], %(values)s::bigint[])
    AS t (member_id, account_id, opening_on, value)
JOIN card_account a ON a.member_id = t.member_id AND a.account_id = t.account_id AND a.prepaid
"""  # noqa: S608
_MOVEMENTS = f"""
INSERT INTO lot_movement (member_id, account_id, line, place, lot, amount)
SELECT t.member_id, t.account_id, {OPENING_LINE}, 0, 1, t.value
FROM unnest(%(members)s::bigint[], %(accounts)s::bigint[], %(values)s::bigint[]) AS t (member_id, account_id, value)
JOIN card_account a ON a.member_id = t.member_id AND a.account_id = t.account_id AND a.prepaid
"""  # noqa: S608


def open_lots(connection: Connection[Any], accounts: Sequence[TakenOver]) -> None:
    """Make the lots of the prepaid ones among accounts that are taken over with value."""
    holding = [each for each in accounts if each.balance < 0]
    given = {"members": [each.member_id for each in holding], "accounts": [each.account_id for each in holding],
             "days": [each.opening_on for each in holding], "values": [-each.balance for each in holding]}
    connection.execute(_LOTS, given)
    connection.execute(_MOVEMENTS, given)
