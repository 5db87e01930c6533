"""Money that came in, or went back, and no account could be told for: in suspense, each item with an owner, until it is
assigned.

The house's books hold it on a line of its own (280): bank to suspense when it comes in, suspense to bank when it is assigned,
and then the payment posts as if it had named its account.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from accounts.errors import Refused, Usage
from accounts.intake.book_days import hold_book_days
from accounts.money import BY_NUMERIC, major_units
from accounts.posting_types import BANK_SETTLEMENT, COUNTER, PAYMENT, PAYMENTS_IN_SUSPENSE, RETURNED_PAYMENT

PAID, CAME_BACK = PAYMENT.name, RETURNED_PAYMENT.name
_PUT = """
INSERT INTO suspense_item (ref, kind, amount, currency, booked_on, value_on, payer, words, why, owner)
VALUES (%(ref)s, %(kind)s, %(amount)s, %(currency)s, %(booked_on)s, %(value_on)s, %(payer)s, %(words)s, %(why)s, %(owner)s)
RETURNING suspense_item_id
"""
_ENTER = """
INSERT INTO house_entry (posted_on, kind, about, debit_account, credit_account, currency, amount, told_by)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""
_LISTED = """
SELECT * FROM suspense_item WHERE (%(all)s OR state = 'open') AND (%(owner)s::text IS NULL OR owner = %(owner)s)
ORDER BY suspense_item_id
"""
_HELD = "SELECT * FROM suspense_item WHERE suspense_item_id = %s FOR UPDATE"
_ACCOUNT = """
SELECT a.member_id, a.account_id, a.currency, a.prepaid, a.opened_on FROM account_directory d
JOIN card_account a ON a.member_id = d.member_id AND a.account_id = d.account_id WHERE d.account = %s
"""
_GUARD = "UPDATE guarded_balance SET balance = balance + %s WHERE member_id = %s AND account_id = %s"
_POST = """
INSERT INTO posting (member_id, account_id, posted_on, source_id, source_line, type, debit_account, credit_account, currency,
                     amount, effective_on, transaction_on, late_for, source_ref, description)
VALUES (%(member_id)s, %(account_id)s, %(on)s, %(source)s, nextval('counter_line'), %(type)s, %(debit)s, %(credit)s,
        %(currency)s, %(amount)s, %(effective_on)s, %(effective_on)s, %(late_for)s, %(ref)s, %(payer)s)
"""
_ASSIGN = """
UPDATE suspense_item SET state = 'assigned', account = %s, decided_by = %s, reason = %s, posted_on = %s WHERE suspense_item_id
= %s
"""
_HAND = "UPDATE suspense_item SET owner = %s WHERE suspense_item_id = %s AND state = 'open'"


@dataclass
class Item:
    """An entry of a bank's statement. amount: minor units; structured, text: what it says of its account; owner: who finds
    out."""

    line: int
    kind: str
    ref: str
    amount: int
    currency: int
    booked_on: date
    value_on: date
    payer: str | None
    structured: str | None
    text: str | None
    owner: str
    why: str = ""


def put_aside(connection: Connection[Any], items: Sequence[Item], on: date) -> None:
    """Items go into suspense, on the house's books and for their owners."""
    for item in items:
        row = connection.execute(_PUT, {
            **vars(item), "words": " ".join(each for each in (item.structured, item.text) if each) or None}).fetchone()
        assert row is not None
        _enter(connection, on, "suspense_in", row[0], item.kind == PAID, item.currency, item.amount, "clearing")


def listed(connection: Connection[Any], owner: str | None, everything: bool) -> list[dict[str, Any]]:
    """What is in suspense, oldest first; JSON-ready."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_LISTED, {"owner": owner, "all": everything}).fetchall()
    return [_told(row) for row in rows]


def hand_over(connection: Connection[Any], item: int, owner: str) -> dict[str, Any]:
    """Another one finds out about an item. Raises Usage, Refused for one that is assigned."""
    if not owner.strip():
        raise Usage("--to is empty; every item has an owner")
    row = _held(connection, item)
    connection.execute(_HAND, (owner, item))
    return _told({**row, "owner": owner})


def assign(connection: Connection[Any], item: int, account: str, by: str, reason: str) -> dict[str, Any]:
    """An item turns out to be an account's: it posts there, and counts from the day that the bank booked it for.

    Raises Usage, Refused where it is assigned already, or the account is of another currency or a prepaid one.
    """
    if not by.strip() or not reason.strip():
        raise Usage("--as and --reason are kept with it; neither may be empty")
    book, row = hold_book_days(connection), _held(connection, item)
    if book.open_on is None or book.first_on is None:
        raise Refused("the book has no open business day yet")
    with connection.cursor(row_factory=dict_row) as cursor:
        its = cursor.execute(_ACCOUNT, (account,)).fetchone()
    if its is None:
        raise Usage(f"no account {account!r} in the books")
    if its["currency"] != row["currency"]:
        raise Refused(f"item {item} is in {BY_NUMERIC[row['currency']].code}, and {account} is kept in another currency")
    if its["prepaid"]:
        raise Refused(f"{account} is a prepaid account; value is put on it at the counter (`cardwright prepaid load`)")
    kind = PAYMENT if row["kind"] == PAID else RETURNED_PAYMENT
    late = max(book.first_on, its["opened_on"]) <= row["value_on"] < book.open_on
    connection.execute(_GUARD, (kind.sign * row["amount"], its["member_id"], its["account_id"]))
    connection.execute(_POST, {
        "member_id": its["member_id"], "account_id": its["account_id"], "on": book.open_on, "source": COUNTER,
        "type": kind.code, "debit": kind.debit, "credit": kind.credit, "currency": row["currency"], "amount": row["amount"],
        "effective_on": min(row["value_on"], book.open_on), "late_for": row["value_on"] if late else None, "ref": row["ref"],
        "payer": row["payer"]})
    _enter(connection, book.open_on, "suspense_out", item, row["kind"] != PAID, row["currency"], row["amount"], by)
    connection.execute(_ASSIGN, (account, by, reason, book.open_on, item))
    return _told({**row, "state": "assigned", "account": account, "decided_by": by, "reason": reason,
                  "posted_on": book.open_on})


def _held(connection: Connection[Any], item: int) -> dict[str, Any]:
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(_HELD, (item,)).fetchone()
    if row is None:
        raise Usage(f"nothing in suspense has the number {item}; `cardwright clearing suspense` shows what there is")
    if row["state"] != "open":
        raise Refused(f"item {item} was assigned to {row['account']} by {row['decided_by']}")
    return row


def _enter(connection: Connection[Any], on: date, kind: str, item: int, into_bank: bool, currency: int, amount: int,
           by: str) -> None:
    debit, credit = (BANK_SETTLEMENT, PAYMENTS_IN_SUSPENSE) if into_bank else (PAYMENTS_IN_SUSPENSE, BANK_SETTLEMENT)
    connection.execute(_ENTER, (on, kind, str(item), debit, credit, currency, amount, by))


def _told(row: dict[str, Any]) -> dict[str, Any]:
    code = BY_NUMERIC[row["currency"]]
    return {
        "item": row["suspense_item_id"], "ref": row["ref"], "kind": row["kind"],
        "amount": major_units(row["amount"], code.digits),
        "currency": code.code, "booked_on": row["booked_on"].isoformat(), "value_on": row["value_on"].isoformat(),
        "payer": row["payer"], "words": row["words"], "why": row["why"], "owner": row["owner"], "state": row["state"],
        "account": row["account"], "decided_by": row["decided_by"], "reason": row["reason"],
        "posted_on": row["posted_on"] and row["posted_on"].isoformat()}
