"""Routes of the HTTP API: each names the scope it needs and calls one function of the room that owns the work."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse, Response
from psycopg import Connection

from accounts.errors import Usage
from billing.account_balance import account_balance, balance_facts
from counter import authorisations, card_changes, pay_codes, prepaid
from counter.card_told import card_told
from counter.holding import Told
from counter.prepaid import Sale
from statements.compose import compose, to_json
from statements.issued import account_key, closings, statement_facts
from web.api import shapes
from web.api.asking import Asking, Writing
from web.api.keys import SCOPES, Caller
from web.problems import MEDIA_TYPE

_CODE = r"^[^\x00-\x20\x7f/]+$"
Card = Annotated[str, Path(min_length=1, max_length=64, pattern=_CODE, description="code of the card")]
Account = Annotated[str, Path(min_length=1, max_length=64, pattern=_CODE, description="code of the account")]
OfRef = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[\x21-\x2e\x30-\x7e]+$",
                            description="retrieval reference of the authorisation")]
ANSWERS: dict[int | str, dict[str, Any]] = {
    status: {"description": said,
             "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for status, said in {
        400: "The request cannot be read.", 401: "No key, or one that is not good.", 403: "The key is not for this.",
        404: "Not on the books, or not for this key to see.", 409: "Refused, with the rule and its numbers.",
        413: "The body is too long.",
        422: "A field that cannot be taken, or a reference or key that stands for another request.",
        429: "Too many requests.", 503: "The books cannot be reached now; send it again."}.items()
}
api = APIRouter(prefix="/api/v1", responses=ANSWERS)


def told(caller: Caller, ref: str | None = None, reason: str | None = None) -> Told:
    """Who asks, as the books keep it."""
    return Told(caller.partner, ref, caller.outlet, reason)


def route(method: str, path: str, scope: str, tag: str, reply: type = shapes.Reply) -> Callable[..., Any]:
    """A route that a key needs a scope for. Deny by default: there is no other way to add one."""
    assert scope in SCOPES
    return api.api_route(path, methods=[method], tags=[tag], response_model=reply, openapi_extra={"x-scope": scope},
                         response_class=JSONResponse)


# -- cards ------------------------------------------------------------------------------------------------------------


@route("GET", "/cards/{card}", "cards:read", "cards", shapes.Facts)
def get_card(card: Card, asked: Asking) -> dict[str, Any]:
    """A card: its state, what it holds lot by lot, and what was done with it."""
    return asked.read(lambda connection: card_told(connection, card))


@route("POST", "/cards/{card}/steps", "cards:change", "cards")
def post_step(card: Card, body: shapes.Step, asked: Writing) -> Any:
    """Freeze it, let it go, block it, report it lost, close it."""
    def carry_out(connection: Connection[Any], caller: Caller) -> dict[str, Any]:
        who = told(caller, body.ref, body.reason)
        if body.step in ("freeze", "unfreeze"):
            return card_changes.freeze(connection, card, body.step == "freeze", who)
        return card_changes.change_state(connection, card, body.step, who)
    return asked.once(body, carry_out)


@route("POST", "/cards/{card}/replacements", "cards:change", "cards")
def post_replacement(card: Card, body: shapes.Replacement, asked: Writing) -> Any:
    """Put a new card in its place; the old number is never used again."""
    return asked.once(body, lambda connection, caller: card_changes.replace_card(
        connection, card, body.new_card, told(caller, body.ref, body.reason)))


# -- tills ------------------------------------------------------------------------------------------------------------


@route("GET", "/cards/{card}/authorisations", "cards:read", "authorisations", shapes.Listed)
def get_authorisations(card: Card, asked: Asking) -> dict[str, Any]:
    """What was promised on its account, and what became of it."""
    found = asked.read(lambda connection: authorisations.listed(connection, card))
    return {"count": len(found), "items": found}


@route("POST", "/cards/{card}/authorisations", "authorise", "authorisations")
def post_authorisation(card: Card, body: shapes.Authorisation, asked: Writing) -> Any:
    """Promise a till an amount, on a credit or prepaid card; it is held until it is cleared, reversed or runs out."""
    def carry_out(connection: Connection[Any], caller: Caller) -> dict[str, Any]:
        if (body.original_amount is None) != (body.original_currency is None):
            raise Usage("original_amount and original_currency go together: what the till asks, in which currency")
        abroad = None
        if body.original_amount is not None and body.original_currency is not None:
            abroad = authorisations.Abroad(body.original_amount, body.original_currency)
        return authorisations.authorise(connection, card, body.amount, told(caller, body.ref), Sale(body.merchant, body.mcc),
                                        kind=body.kind, abroad=abroad, days=body.days)
    return asked.once(body, carry_out)


@route("POST", "/cards/{card}/authorisations/{of_ref}/clearings", "clear", "authorisations")
def post_clearing(card: Card, of_ref: OfRef, body: shapes.Clearing, asked: Writing) -> Any:
    """Post what a promise was used for; in several parts with `more_to_come`."""
    return asked.once(body, lambda connection, caller: authorisations.clear(
        connection, card, of_ref, body.amount, told(caller, body.ref), final=not body.more_to_come))


@route("POST", "/cards/{card}/authorisations/{of_ref}/reversals", "authorise", "authorisations")
def post_reversal(card: Card, of_ref: OfRef, body: shapes.Reversal, asked: Writing) -> Any:
    """Take a promise back: what is left of the hold is free again."""
    return asked.once(body, lambda connection, caller: authorisations.reverse(connection, card, of_ref, told(caller, body.ref)))


# -- prepaid value ----------------------------------------------------------------------------------------------------


@route("POST", "/cards/{card}/activations", "load", "prepaid")
def post_activation(card: Card, body: shapes.Activation, asked: Writing) -> Any:
    """Sell a card that is issued: it is paid for, and can be used at once."""
    return asked.once(body, lambda connection, caller: prepaid.activate(
        connection, card, body.amount, body.source, told(caller, body.ref), buyer=body.buyer, buyer_kind=body.buyer_kind,
        identified=body.identified))


@route("POST", "/cards/{card}/loads", "load", "prepaid")
def post_load(card: Card, body: shapes.Load, asked: Writing) -> Any:
    """Put value on a card; it can be spent at once."""
    return asked.once(body, lambda connection, caller: prepaid.load(
        connection, card, body.amount, body.source, told(caller, body.ref)))


@route("POST", "/cards/{card}/spends", "spend", "prepaid")
def post_spend(card: Card, body: shapes.Spend, asked: Writing) -> Any:
    """Pay with a card: its discount first, then its lots in their order; never more than it may give."""
    return asked.once(body, lambda connection, caller: prepaid.spend(
        connection, card, body.amount, told(caller, body.ref), Sale(body.merchant, body.mcc)))


@route("POST", "/cards/{card}/refunds", "refund", "prepaid")
def post_refund(card: Card, body: shapes.Refund, asked: Writing) -> Any:
    """Give a spend back to the lots it was taken from; without `of`, money for a sale that is not on the books."""
    def carry_out(connection: Connection[Any], caller: Caller) -> dict[str, Any]:
        who = told(caller, body.ref)
        if body.of is not None:
            return prepaid.refund(connection, card, body.of, body.amount, who)
        if body.amount is None:
            raise Usage("amount is missing: a refund without `of`, the reference of its spend, says how much")
        return authorisations.refund_without_original(connection, card, body.amount, who, Sale(body.merchant, body.mcc))
    return asked.once(body, carry_out)


@route("POST", "/cards/{card}/pay-codes", "pay-codes", "prepaid")
def post_pay_code(card: Card, body: shapes.CodeRequest, asked: Writing) -> Any:
    """A code that the holder shows instead of the card: good once, for a minute, told once."""
    return asked.once(body, lambda connection, caller: pay_codes.make_pay_code(
        connection, card, told(caller, body.ref), asked.now), untold="code")


@route("POST", "/pay-codes/spends", "spend", "prepaid")
def post_code_spend(body: shapes.CodeSpend, asked: Writing) -> Any:
    """Pay with a code instead of a card."""
    return asked.once(body, lambda connection, caller: pay_codes.pay(
        connection, body.code, body.amount, told(caller, body.ref), Sale(body.merchant, body.mcc), asked.now))


# -- accounts ---------------------------------------------------------------------------------------------------------


@route("GET", "/accounts/{account}/balance", "accounts:read", "accounts", shapes.Facts)
def get_balance(account: Account, asked: Asking, as_of: date | None = None) -> dict[str, Any]:
    """What an account owes and may still spend, now or at the end of a business day; below zero is in the holder's favour."""
    return asked.read(lambda connection: balance_facts(connection, account_balance(connection, account, as_of)))


@route("GET", "/accounts/{account}/statements", "statements:read", "accounts", shapes.Listed)
def get_statements(account: Account, asked: Asking) -> dict[str, Any]:
    """Closing dates of the statements issued to an account, oldest first."""
    found = asked.read(lambda connection: closings(connection, account_key(connection, account)))
    return {"count": len(found), "items": [each.isoformat() for each in found]}


@route("GET", "/accounts/{account}/statements/{closes_on}", "statements:read", "accounts", shapes.Facts)
def get_statement(account: Account, closes_on: date, asked: Asking) -> Any:
    """An issued statement: the very bytes that `cardwright statement` prints."""
    document = asked.read(lambda connection: to_json(compose(statement_facts(connection, account, closes_on))))
    return Response(document, media_type="application/json")
