"""Whose payment is it? By the structured creditor reference, else by the one account code among the payer's words.

Pure but for its two look-ups. Source: docs/reference/bank-statements.md, 3.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row
from stdnum import iso11649

from accounts.intake.book_days import BookDays
from accounts.posting_types import PAYMENT, RETURNED_PAYMENT
from counter.clearing.suspense import Item

#: A payment that comes back was made so many days ago at most.
RETURNED_WITHIN = timedelta(days=120)
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*[A-Za-z0-9]|[A-Za-z0-9]")
_PAYEES = """
SELECT d.account, a.member_id, a.account_id, a.currency, a.prepaid, a.status, a.opened_on
FROM account_directory d JOIN card_account a ON a.member_id = d.member_id AND a.account_id = d.account_id
WHERE d.account = ANY(%s)
"""
#: How many payments of an amount there are that did not come back.
_PAID = """
SELECT coalesce(sum(CASE p.type WHEN %(payment)s THEN 1 ELSE -1 END), 0)::bigint FROM posting p
WHERE p.member_id = %(member_id)s AND p.account_id = %(account_id)s AND p.type IN (%(payment)s, %(returned)s)
  AND p.amount = %(amount)s AND p.posted_on >= %(since)s
"""


@dataclass(frozen=True)
class Payee:
    """An account that a payment names."""

    account: str
    member_id: int
    account_id: int
    currency: int
    prepaid: bool
    status: str
    opened_on: date


@dataclass(frozen=True)
class Unmatched:
    """Why no account can be told for a payment."""

    why: str


def find_payees(connection: Connection[Any], items: Sequence[Item]) -> dict[str, Payee]:
    """The accounts among all words that items have, by their code."""
    words = sorted({word for item in items for word in (*_structured(item), *_words(item))})
    with connection.cursor(row_factory=dict_row) as cursor:
        return {row["account"]: Payee(**row) for row in cursor.execute(_PAYEES, (words,)).fetchall()}


def payee_of(item: Item, payees: Mapping[str, Payee]) -> Payee | Unmatched:
    """The account that a payment is for."""
    named = [payees[word] for word in _structured(item) if word in payees] or [
        payees[word] for word in _words(item) if word in payees]
    found = {each.account: each for each in named}
    if not found:
        return Unmatched("no account named")
    if len(found) > 1:
        return Unmatched("more than one account named")
    payee = named[0]
    if payee.currency != item.currency:
        return Unmatched("account of another currency")
    if payee.prepaid:
        return Unmatched("prepaid account: value is put on at the counter")
    return payee


def find_returned(connection: Connection[Any], item: Item, payees: Mapping[str, Payee],
                  here: Counter[tuple[int, int]]) -> Payee | Unmatched:
    """The account whose payment came back: the one that it names, if such a payment is on it.

    here: payments less returns of the statement itself, by account and amount.
    """
    payee = payee_of(item, payees)
    if isinstance(payee, Unmatched):
        return payee
    found = connection.execute(_PAID, {
        "member_id": payee.member_id, "account_id": payee.account_id, "payment": PAYMENT.code,
        "returned": RETURNED_PAYMENT.code, "amount": item.amount, "since": item.booked_on - RETURNED_WITHIN}).fetchone()
    assert found is not None
    left = found[0] + here[payee.account_id, item.amount]
    return payee if left > 0 else Unmatched("no such payment to be returned")


def counts_from(value_on: date, payee: Payee, book: BookDays) -> tuple[date, date | None]:
    """The day that a payment counts from, and the closed day that it became known too late for, if any."""
    assert book.open_on is not None
    assert book.first_on is not None
    effective_on = min(value_on, book.open_on)
    late = max(book.first_on, payee.opened_on) <= value_on < book.open_on
    return effective_on, value_on if late else None


def _structured(item: Item) -> list[str]:
    """A creditor reference: as it is, and without what ISO 11649 puts before it."""
    text = "".join((item.structured or "").split())
    if not text:
        return []
    return [text, text[4:]] if iso11649.is_valid(text) else [text]


def _words(item: Item) -> list[str]:
    return _WORD.findall(item.text or "")
