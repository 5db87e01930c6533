"""Keys to the API: who a caller is, what it may do, and for which part of the organisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row, dict_row

from accounts.errors import Usage

#: What a key may be for; each route names the one it needs.
SCOPES: dict[str, str] = {
    "cards:read": "a card's state, value and history",
    "cards:change": "freeze, block, report and replace a card",
    "accounts:read": "an account's balance, now or at the end of a day",
    "statements:read": "issued statements",
    "authorise": "promise an amount, and take the promise back",
    "clear": "post what was promised",
    "load": "sell a card and load it",
    "spend": "spend from a prepaid card, by card or pay code",
    "refund": "give money back",
    "pay-codes": "make a code for a holder",
}
PREFIX = "cw_"
#: While a new key takes over, the one before stays good for so long.
OVERLAP = timedelta(days=7)

_FIND = """
SELECT api_key_id, partner, org_unit_id, scopes, (SELECT code FROM org_unit u WHERE u.org_unit_id = k.org_unit_id) AS outlet
FROM api_key k WHERE secret_sha256 = %s AND (ends_at IS NULL OR ends_at > %s)
"""
_ISSUE = """
INSERT INTO api_key (partner, org_unit_id, scopes, secret_sha256, issued_by, issued_at, ends_at)
VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING api_key_id
"""
_LAST = """
SELECT api_key_id, org_unit_id, scopes FROM api_key
WHERE partner = %s AND (ends_at IS NULL OR ends_at > %s) ORDER BY api_key_id DESC LIMIT 1
"""
_END = """
UPDATE api_key SET ends_at = %(ends_at)s
WHERE partner = %(partner)s AND api_key_id <> %(new)s AND (ends_at IS NULL OR ends_at > %(ends_at)s)
"""
_REVOKE = """
UPDATE api_key SET ends_at = %(now)s, revoked_by = %(by)s
WHERE partner = %(partner)s AND (ends_at IS NULL OR ends_at > %(now)s)
  AND (%(key)s::integer IS NULL OR api_key_id = %(key)s)
"""
_LISTED = """
SELECT k.api_key_id AS key, k.partner, u.code AS org_unit, k.scopes, k.issued_by, k.issued_at, k.ends_at, k.revoked_by
FROM api_key k LEFT JOIN org_unit u USING (org_unit_id) ORDER BY k.partner, k.api_key_id
"""


@dataclass(frozen=True)
class Caller:
    """Who sent a request: a partner or outlet, by one of its keys. outlet: code of the unit that it stands at."""

    api_key_id: int
    partner: str
    org_unit_id: int | None
    scopes: tuple[str, ...] | list[str]
    outlet: str | None


def caller_with(connection: Connection[Any], secret: str, now: datetime) -> Caller | None:
    """Whose key this is; None for one that is unknown, over or revoked."""
    with connection.cursor(row_factory=class_row(Caller)) as cursor:
        return cursor.execute(_FIND, (sha256(secret.encode()).digest(), now)).fetchone()


def issue(connection: Connection[Any], partner: str, scopes: Sequence[str], org_unit: str | None, by: str, now: datetime,
          ends_at: datetime | None = None) -> tuple[int, str]:
    """A new key for a partner: its number, and the secret, told this once. Raises Usage for an unknown scope or unit."""
    wrong = sorted(set(scopes) - set(SCOPES))
    if wrong or not scopes:
        raise Usage(f"scope {', '.join(wrong) or '(none)'}: a key is for one or more of {', '.join(SCOPES)}")
    if not partner.strip() or not by.strip():
        raise Usage("the partner and --as may not be empty; the books keep whose key it is and who issued it")
    unit_id = None
    if org_unit is not None:
        found = connection.execute("SELECT org_unit_id FROM org_unit WHERE code = %s", (org_unit,)).fetchone()
        if found is None:
            raise Usage(f"--org-unit {org_unit!r} is no organisation unit on the books")
        unit_id = found[0]
    return _issued(connection, partner.strip(), unit_id, sorted(set(scopes)), by, now, ends_at)


def rotate(connection: Connection[Any], partner: str, by: str, now: datetime, overlap: timedelta = OVERLAP) -> tuple[int, str]:
    """A new key like the partner's newest; the ones before end after the overlap. Raises Usage where it has none."""
    last = connection.execute(_LAST, (partner, now)).fetchone()
    if last is None:
        raise Usage(f"{partner} has no key that is good; `cardwright api-key issue` makes its first")
    new, secret = _issued(connection, partner, last[1], last[2], by, now, None)
    connection.execute(_END, {"ends_at": now + overlap, "partner": partner, "new": new})
    return new, secret


def revoke(connection: Connection[Any], partner: str, key: int | None, by: str, now: datetime) -> int:
    """End a partner's keys, or one of them, at once; how many. Raises Usage where there is none to end."""
    ended = connection.execute(_REVOKE, {"partner": partner, "key": key, "by": by, "now": now}).rowcount
    if not ended:
        raise Usage(f"{partner} has no such key that is good; `cardwright api-key list` shows them")
    return ended


def listed(connection: Connection[Any]) -> list[dict[str, Any]]:
    """Every key that was ever issued, without its secret."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_LISTED).fetchall()


def _issued(connection: Connection[Any], partner: str, unit_id: int | None, scopes: Sequence[str], by: str, now: datetime,
            ends_at: datetime | None) -> tuple[int, str]:
    secret = PREFIX + token_urlsafe(32)
    row = connection.execute(_ISSUE, (partner, unit_id, list(scopes), sha256(secret.encode()).digest(), by, now,
                                      ends_at)).fetchone()
    assert row is not None
    return row[0], secret
