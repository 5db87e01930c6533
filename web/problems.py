"""Why a request got another answer than it asked for, as RFC 9457 wants it told: a name, a sentence, the facts."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg_pool import PoolTimeout
from pydantic import BaseModel, ConfigDict, Field

from accounts.directory import UnknownAccount
from accounts.errors import CardwrightError, Refused, Trouble, Usage
from counter.authorisations import NoSuchAuthorisation
from counter.holding import RefStandsFor, UnknownCard
from counter.prepaid import NoSuchSpend
from statements.issued import NotIssued

MEDIA_TYPE = "application/problem+json"
#: What is not on the books, or not for this caller to see: the two are one answer.
_NOT_THERE = (UnknownCard, UnknownAccount, NoSuchAuthorisation, NoSuchSpend, NotIssued)
#: The database is away, overloaded or waiting for a lock: the same request may be sent again.
BUSY = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, Trouble)
SECONDS_UNTIL_AGAIN = 2


class FieldProblem(BaseModel):
    """One field of a request that cannot be taken."""

    field: str
    why: str


class Problem(BaseModel):
    """A refusal with its facts (RFC 9457). `rule` names what said no, `numbers` what it compared."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(description="urn:cardwright:problem: and the problem's name")
    title: str
    status: int
    detail: str
    instance: str = Field(description="urn:cardwright:request: and the id that the log has for this request")
    rule: str | None = None
    numbers: dict[str, Any] | None = None
    errors: list[FieldProblem] | None = None


class Refusal(Exception):
    """A request that HTTP itself is refused for: no key, a wrong scope, too many of them."""

    def __init__(self, status: int, name: str, title: str, detail: str, headers: dict[str, str] | None = None) -> None:
        self.status, self.name, self.title, self.detail, self.headers = status, name, title, detail, headers or {}
        super().__init__(detail)


def problem(status: int, name: str, title: str, detail: str, request_id: str, **facts: Any) -> dict[str, Any]:
    """A problem as it is sent."""
    return Problem(type=f"urn:cardwright:problem:{name}", title=title, status=status, detail=detail,
                   instance=f"urn:cardwright:request:{request_id}", **facts).model_dump(exclude_none=True)


def problem_of(error: CardwrightError, request_id: str) -> dict[str, Any]:
    """What a room refused, with the numbers that it gave."""
    rule, numbers = getattr(error, "rule", None), getattr(error, "numbers", None)
    detail = str(error)
    if isinstance(error, _NOT_THERE):
        return problem(404, "not_found", "Not on the books", detail, request_id)
    if isinstance(error, RefStandsFor):
        return problem(422, "ref_stands_for_another_request", "The reference is used", detail, request_id)
    if isinstance(error, Refused):
        return problem(409, rule or "refused", "Refused", detail, request_id, rule=rule, numbers=numbers)
    if isinstance(error, Usage):
        return problem(422, "not_understood", "The request makes no sense", detail, request_id)
    return busy(request_id)


def busy(request_id: str) -> dict[str, Any]:
    """The books cannot be reached now. Nothing was done, or the same idempotency key finds out what was."""
    return problem(503, "busy", "Try again", "the books cannot be reached now; send the same request again, with the same "
                   "Idempotency-Key: it is done once", request_id)
