"""A write is done once: its reply is kept in the transaction that did it, and the same key again gets that reply.

Refusals are kept as well: a till that asks again whether it was refused hears the same. What broke off left nothing, and may
be sent again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson
from psycopg import Connection
from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb

from accounts.errors import CardwrightError, Trouble
from web.problems import problem, problem_of

_FIND = "SELECT request_sha256, status, reply FROM api_reply WHERE partner = %s AND idempotency_key = %s"
_KEEP = """
INSERT INTO api_reply (partner, idempotency_key, request_sha256, status, reply, answered_at) VALUES (%s, %s, %s, %s, %s, %s)
"""

Answer = tuple[int, dict[str, Any]]


@dataclass(frozen=True)
class Sent:
    """A write as it came in. request: its fingerprint; untold: a field of the reply that is told once and not kept."""

    partner: str
    key: str
    request: bytes
    request_id: str
    now: datetime
    untold: str | None = None


def fingerprint(route: str, body: dict[str, Any]) -> bytes:
    """What makes two requests the same one: the path, and the body whatever the order of its fields."""
    return sha256(orjson.dumps([route, body], option=orjson.OPT_SORT_KEYS)).digest()


def answer_once(connection: Connection[Any], sent: Sent, command: Callable[[], dict[str, Any]]) -> Answer:
    """Carries a command out and keeps its reply, or gives the reply that the key got before.

    In the transaction that is begun, which is over afterwards. A key that stands for another request is refused.
    """
    if (before := _found(connection, sent)) is not None:
        connection.rollback()
        return _again(before, sent)
    try:
        reply = command()
        status = 200
    except Trouble:
        raise
    except CardwrightError as refused:
        connection.rollback()  # a refusal has done nothing; that it was one is kept
        reply = problem_of(refused, sent.request_id)
        status = reply["status"]
    kept = {name: value for name, value in reply.items() if name != sent.untold}
    try:
        connection.execute(_KEEP, (sent.partner, sent.key, sent.request, status, Jsonb(kept), sent.now))
        connection.commit()
    except UniqueViolation as twice:
        # Sent twice at once: the other one was quicker. What this one did is rolled back.
        connection.rollback()
        if twice.diag.constraint_name != "pk_api_reply":
            raise
        before = _found(connection, sent)
        connection.rollback()
        assert before is not None
        return _again(before, sent)
    return status, reply


def _found(connection: Connection[Any], sent: Sent) -> tuple[bytes, int, dict[str, Any]] | None:
    return connection.execute(_FIND, (sent.partner, sent.key)).fetchone()


def _again(before: tuple[bytes, int, dict[str, Any]], sent: Sent) -> Answer:
    if bytes(before[0]) != sent.request:
        said = f"Idempotency-Key {sent.key} was sent with another request before; a new request needs a key of its own"
        return 422, problem(422, "idempotency_key_reused", "The key stands for another request", said, sent.request_id)
    if sent.untold is not None and before[1] == 200:
        said = f"the {sent.untold} was told in the first reply and is not kept; make a new one, with another Idempotency-Key"
        return 409, problem(409, "told_once", "Told once", said, sent.request_id)
    return before[1], before[2]
