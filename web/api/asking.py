"""Who asks, whether they may, and the one transaction that a request is answered in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import Depends, Header, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from psycopg import Connection
from psycopg_pool import ConnectionPool
from pydantic import BaseModel

from accounts.organisation import narrow_to, units_below
from web.api.keys import Caller, caller_with
from web.api.once import Sent, answer_once, fingerprint
from web.problems import MEDIA_TYPE, Refusal

Found = TypeVar("Found")
_BEARER = HTTPBearer(auto_error=False, description="a key of `cardwright api-key issue`")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]


def now_utc() -> datetime:
    """The clock of the edge; rules are handed what it says."""
    return datetime.now(UTC)


@dataclass
class Asker:
    """A request that reads: its key is looked up in the transaction that answers it."""

    pool: ConnectionPool[Connection[Any]]
    request: Request
    secret: str
    now: datetime

    @property
    def request_id(self) -> str:
        return str(self.request.state.request_id)

    def caller(self, connection: Connection[Any]) -> Caller:
        """Whose key it is, if it is good and for this route. A route without a scope is for nobody."""
        found = caller_with(connection, self.secret, self.now)
        if found is None:
            raise no_key()
        self.request.state.partner = found.partner
        needed = (self.request.scope["route"].openapi_extra or {}).get("x-scope")
        if needed is None or needed not in found.scopes:
            raise Refusal(403, "scope_missing", "The key is not for this",
                          f"this needs a key with scope {needed}; this one has {', '.join(found.scopes)}")
        self.request.app.state.limits.of_partner(found.partner)
        return found

    def read(self, question: Callable[[Connection[Any]], Found]) -> Found:
        """An answer out of what the caller's part of the organisation keeps; nothing is written."""
        with self.pool.connection() as connection:
            units = units_below(connection, self.caller(connection).org_unit_id)
            narrow_to(connection, units)
            found = question(connection)
            connection.rollback()
        return found


@dataclass
class Writer(Asker):
    """A request that changes something: once, whatever is sent again."""

    key: str = ""

    def once(self, body: BaseModel, command: Callable[[Connection[Any], Caller], dict[str, Any]],
             untold: str | None = None) -> Response:
        """Carry it out, or give the reply that its key got before."""
        asked = fingerprint(self.request.url.path, body.model_dump(exclude_none=True))
        with self.pool.connection() as connection:
            caller = self.caller(connection)
            sent = Sent(caller.partner, self.key, asked, self.request_id, self.now, untold)
            status, reply = answer_once(connection, sent, lambda: command(connection, caller))
        # Sorted: a reply that was kept comes back in the same bytes.
        content = orjson.dumps(reply, option=orjson.OPT_SORT_KEYS)
        return Response(content, status, media_type="application/json" if status == 200 else MEDIA_TYPE)


def no_key() -> Refusal:
    """No key, or one that opens nothing: the two are one answer."""
    return Refusal(401, "no_key", "No key", "send a key that is good: `Authorization: Bearer cw_…`; the centre issues them",
                   {"WWW-Authenticate": "Bearer"})


async def asking(request: Request, credentials: Credentials) -> Asker:
    """A request that reads."""
    return Asker(request.app.state.pool, request, _secret(request, credentials), request.app.state.clock())


async def writing(
    request: Request, credentials: Credentials,
    idempotency_key: Annotated[str, Header(min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+$", description=(
        "made by the caller for this one event, and sent again with it: it is done once"))],
) -> Writer:
    """A request that changes something."""
    return Writer(request.app.state.pool, request, _secret(request, credentials), request.app.state.clock(), idempotency_key)


def _secret(request: Request, credentials: HTTPAuthorizationCredentials | None) -> str:
    if credentials is None:
        raise no_key()
    return credentials.credentials


Asking = Annotated[Asker, Depends(asking)]
Writing = Annotated[Writer, Depends(writing)]
