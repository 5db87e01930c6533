"""The portfolio files that the books take in: organisation units, members, accounts, cards, transactions."""

from __future__ import annotations

from typing import Any

from accounts.intake.cells import (
    Amount,
    Choice,
    Code,
    CurrencyCode,
    FreeText,
    IsoDate,
    WholeNumber,
    YesOrNo,
)
from accounts.intake.layout import Column, FileLayout
from accounts.posting_types import PREPAID_TRANSACTION_TYPES, TRANSACTION_TYPES

_WORD = Code(60)

ORG_UNITS = FileLayout("org_units", "Head office, regions, branches, outlets and dealers, as a tree.", (
    Column("code", Code(), "name that other files call the unit by", required=True),
    Column("name", FreeText(300), "name for people", required=True),
    Column("kind", Choice(("head_office", "region", "branch", "outlet", "dealer")), "what it is", required=True),
    Column("parent", Code(), "code of the unit above it, on the books or anywhere in this file"),
))

MEMBERS = FileLayout("members", "Persons, companies and anonymous holders.", (
    Column("member", Code(), "name that other files call the member by", required=True),
    Column("kind", Choice(("person", "company", "anonymous")), "what the member is", required=True),
    Column("name", FreeText(500), "name for people"),
    Column("born_on", IsoDate(), "day of birth"),
    Column("joined_on", IsoDate(), "member since"),
    Column("org_unit", Code(), "code of the unit that looks after the member"),
    Column("channel", _WORD, "how the member came"),
    Column("phone", FreeText(60), "telephone"),
    Column("email", FreeText(320), "e-mail address"),
    Column("language", Choice(("en", "zh")), "language of the statements"),
    Column("tags", FreeText(1000), "labels of your own"),
))

ACCOUNTS = FileLayout("accounts", "Card accounts: product, limit, cycle, and the balance they are taken over with.", (
    Column("account", Code(), "name that other files call the account by", required=True),
    Column("member", Code(), "whose it is", required=True),
    Column("product", Code(), "product with approved terms", required=True),
    Column("opened_on", IsoDate(), "day the account was opened", required=True),
    Column("credit_limit", Amount(), "major units; left out: no limit"),
    Column("closing_day", WholeNumber(1, 31), "day of month the cycles close on; left out: the product's"),
    Column("org_unit", Code(), "code of the unit that keeps the account"),
    Column("opening_balance", Amount(signed=True),
           "what is owed at the end of opening_on; a credit balance is negative; of a prepaid account what it holds"),
    Column("opening_on", IsoDate(), "the day whose closing state is taken over"),
    Column("status", _WORD, "left out: active"),
    Column("over_limit_opt_in", YesOrNo(), "the holder agreed to an over-limit fee; left out: no"),
))

CARDS = FileLayout("cards", "Primary, supplementary and company cards of the accounts.", (
    Column("card", Code(), "name that other files call the card by; never the card number", required=True),
    Column("account", Code(), "account it belongs to", required=True),
    Column("kind", Choice(("primary", "supplementary", "company")), "what it is", required=True),
    Column("issued_on", IsoDate(), "day of issue", required=True),
    Column("holder", FreeText(500), "name on the card"),
    Column("pan", Code(19), "card number, digits only; kept encrypted"),
    Column("expires_on", IsoDate(), "last day it is good for"),
    Column("status", _WORD, "left out: active"),
    Column("sub_limit", Amount(), "ceiling of its own, major units"),
    Column("channel", _WORD, "how it was applied for"),
    Column("replaces", Code(), "earlier card of the same account that it takes the place of"),
    Column("reason", _WORD, "why it replaces that card: renewed, lost, stolen, damaged, issuer_fault …"),
))

_TYPES = tuple(sorted(TRANSACTION_TYPES)) + tuple(sorted(PREPAID_TRANSACTION_TYPES))

TRANSACTIONS = FileLayout("transactions", "What happened on the accounts.", (
    Column("type", Choice(_TYPES), "what it was", required=True),
    Column("amount", Amount(signed=True), "major units of the account's currency; negative only in a signed file",
           required=True),
    Column("account", Code(), "account it happened on; may be left out where card is given"),
    Column("card", Code(), "card it was made with; may be left out where account is given"),
    Column("transaction_on", IsoDate(), "the day it happened", required=True),
    Column("ref", Code(200), "the sender's own reference, never used twice"),
    Column("posted_on", IsoDate(), "business day to post it under; left out: its own day, or the next open one"),
    Column("currency", CurrencyCode(), "must be the account's, if given"),
    Column("original_amount", Amount(), "amount in the currency it was made in"),
    Column("original_currency", CurrencyCode(), "the currency it was made in"),
    Column("merchant", FreeText(300), "merchant"),
    Column("mcc", Code(10), "merchant category code"),
    Column("category", FreeText(300), "category of spending"),
    Column("terminal", FreeText(100), "terminal"),
    Column("outlet", FreeText(100), "outlet"),
    Column("channel", FreeText(100), "channel"),
    Column("description", FreeText(), "words for the statement"),
    Column("segment", _WORD, "balance segment of the terms that it belongs to; left out: by type"),
), either=(("account", "card"),))

LAYOUTS: dict[str, FileLayout] = {
    layout.kind: layout for layout in (ORG_UNITS, MEMBERS, ACCOUNTS, CARDS, TRANSACTIONS)
}


def file_schema(kind: str) -> dict[str, Any]:
    """JSON Schema of one row of a kind of file. Raises KeyError for a kind that this room does not take in."""
    return LAYOUTS[kind].json_schema()
