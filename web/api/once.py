"""A write is done once: its reply is kept in the transaction that did it, and the same key again gets that reply.

Refusals are kept as well: a till that asks again whether it was refused hears the same. What broke off left nothing, and may
be sent again.
"""

from __future__ import annotations

from collections.abc import Callable
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


def fingerprint(route: str, body: dict[str, Any]) -> bytes:
    """What makes two requests the same one: the path, and the body whatever the order of its fields."""
    return sha256(orjson.dumps([route, body], option=orjson.OPT_SORT_KEYS)).digest()


def answer_once(connection: Connection[Any], partner: str, key: str, request: bytes, command: Callable[[], dict[str, Any]],
                now: datetime, request_id: str, untold: str | None = None) -> Answer:
    """Carries a command out and keeps its reply, or gives the reply that the key got before.

    Works in one transaction of its own. untold: a field of the reply that is told once and not kept. A key that stands for
    another request is refused.
    """
    try:
        with connection.transaction():
            if (before := connection.execute(_FIND, (partner, key)).fetchone()) is not None:
                return _again(before, request, key, request_id, untold)
            try:
                with connection.transaction():
                    status, reply = 200, command()
            except Trouble:
                raise
            except CardwrightError as refused:
                reply = problem_of(refused, request_id)
                status = reply["status"]
            kept = {name: value for name, value in reply.items() if name != untold}
            connection.execute(_KEEP, (partner, key, request, status, Jsonb(kept), now))
            return status, reply
    except UniqueViolation as twice:
        # Sent twice at once: the other one was quicker. What this one did is rolled back.
        if twice.diag.constraint_name != "pk_api_reply":
            raise
        with connection.transaction():
            before = connection.execute(_FIND, (partner, key)).fetchone()
        assert before is not None
        return _again(before, request, key, request_id, untold)


def _again(before: tuple[bytes, int, dict[str, Any]], request: bytes, key: str, request_id: str, untold: str | None) -> Answer:
    if bytes(before[0]) != request:
        return 422, problem(422, "idempotency_key_reused", "The key stands for another request",
                            f"Idempotency-Key {key} was sent with another request before; a new request needs a key of its own",
                            request_id)
    if untold is not None and before[1] == 200:
        return 409, problem(409, "told_once", "Told once", f"the {untold} was told in the first reply and is not kept; make a "
                            "new one, with another Idempotency-Key", request_id)
    return before[1], before[2]
