"""Pay codes: a holder shows twelve digits instead of the card; they are good once, for a minute.

The code itself is told once and never kept: the books have its hash. Rules: docs/reference/prepaid-rules.md, 5.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import randbelow
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from accounts.errors import Refused
from counter.holding import Told, hold_card
from counter.prepaid import Sale, require_ref, spend

DIGITS = 12
LASTS = timedelta(seconds=60)

_MAKE = """
INSERT INTO pay_code (member_id, account_id, card_id, code_sha256, made_at, expires_at) VALUES (%s, %s, %s, %s, %s, %s)
"""
_FIND = """
SELECT p.member_id, p.account_id, p.code_sha256, p.expires_at, p.used_ref, c.card
FROM pay_code p JOIN card c USING (member_id, account_id, card_id) WHERE p.code_sha256 = %s FOR UPDATE OF p
"""
_USE = "UPDATE pay_code SET used_ref = %s WHERE member_id = %s AND account_id = %s AND code_sha256 = %s"


class CodeNotGood(Refused):
    """A pay code that pays for nothing; says why. The code itself is not repeated."""

    def __init__(self, rule: str, says: str) -> None:
        self.rule = rule
        super().__init__(f"the pay code {says}; the holder makes a new one ({rule})")


def make_pay_code(connection: Connection[Any], card: str, told: Told, now: datetime,
                  draw: Callable[[int], int] = randbelow) -> dict[str, Any]:
    """A code for a card that may be spent from; now: UTC. The only time that it is told.

    Raises NotPossible, NotPrepaid.
    """
    held = hold_card(connection, card)
    held.state_after("spend")
    assert held.rules
    code = f"{draw(10**DIGITS):0{DIGITS}d}"
    connection.execute(_MAKE, (*held.key, held.facts.card_id, _hashed(code), now, now + LASTS))
    reply = held.tell("pay_code", told, {"card": card}, expires_at=(now + LASTS).isoformat())
    return {**reply, "code": code}


def pay(connection: Connection[Any], code: str, amount: str, told: Told, sale: Sale, now: datetime) -> dict[str, Any]:
    """Spend with a code: once, and only while it lasts. The same reference again gets the same reply, however late.

    Raises CodeNotGood, and what a spend raises: then the code is still good.
    """
    require_ref(told, "paying")
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(_FIND, (_hashed(code),)).fetchone()
    if found is None:
        raise CodeNotGood("code_unknown", "is not one of ours")
    if found["used_ref"] is not None and found["used_ref"] != told.ref:
        raise CodeNotGood("code_used", "has paid for something already")
    if found["used_ref"] is None and now > found["expires_at"]:
        raise CodeNotGood("code_expired", f"was good for {int(LASTS.total_seconds())} seconds and is over")
    reply = spend(connection, found["card"], amount, told, sale)
    connection.execute(_USE, (told.ref, found["member_id"], found["account_id"], found["code_sha256"]))
    return reply


def _hashed(code: str) -> bytes:
    return sha256(code.encode()).digest()
