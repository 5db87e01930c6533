"""Accounts that come with a history: the state they are taken over in becomes cycle 0, which the first cycle starts from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
from psycopg import Connection

from accounts.calendar import day_number, due_on, months_later
from accounts.columns import Columns, copy_in
from billing.balances import Int64Array
from billing.reading import POSTINGS
from billing.statement_rows import STATEMENT, Seal
from billing.terms_book import TermsBook, VersionInForce


class Opening(NamedTuple):
    """An account taken over: what it owed (minor units, negative for a credit balance) at the end of a day."""

    member_id: int
    account_id: int
    opening_on: date
    balance: int


def open_migrated_accounts(connection: Connection[Any], openings: Sequence[Opening], seal: Seal) -> int:
    """Write cycle 0 of accounts taken over; gives how many.

    What they owed counts as billed on that day with grace still open and nothing yet missed: no minimum is known, so none
    can be late; paid in full by the due date that the terms give, it bears no interest. Raises LookupError where a product
    has no approved terms on that day or after.
    """
    if not openings:
        return 0
    rows = connection.execute(
        "SELECT a.account_id, a.product, a.credit_limit FROM unnest(%s::bigint[], %s::bigint[]) AS o(member_id, account_id)"
        " JOIN card_account a ON a.member_id = o.member_id AND a.account_id = o.account_id",
        ([each.member_id for each in openings], [each.account_id for each in openings]),
    ).fetchall()
    account = {row[0]: (row[1], row[2]) for row in rows}
    book = TermsBook(connection)
    versions: dict[tuple[str, date], VersionInForce] = {}
    for each in openings:
        key = (account[each.account_id][0], each.opening_on)
        if key not in versions:
            versions[key] = _version(book, *key)
    picked = [versions[account[each.account_id][0], each.opening_on] for each in openings]
    statements = _cycle_zero(openings, [account[each.account_id][1] for each in openings], picked)
    statements["sha256"] = seal(statements, _no_postings(), np.zeros(len(openings) + 1, dtype=np.int64))
    return copy_in(connection, "statement", STATEMENT, statements)


def _version(book: TermsBook, product: str, day: date) -> VersionInForce:
    later = [each for each in book.versions if each.product == product and each.first > day]
    found = book.on(product, day) or (later[0] if later else None)
    if found is None:
        raise LookupError(f"{product} has no approved terms in force on {day} or later")
    return found


def _cycle_zero(openings: Sequence[Opening], limits: Sequence[int], versions: Sequence[VersionInForce]) -> Columns:
    count = len(openings)
    rows: Columns = {name: np.zeros(count, dtype=np.int64) for name in STATEMENT}
    balance = np.array([each.balance for each in openings], dtype=np.int64)

    def days(dates: Sequence[date]) -> Int64Array:
        return np.array([day_number(each) for each in dates], dtype=np.int64)

    rows["member_id"] = np.array([each.member_id for each in openings], dtype=np.int64)
    rows["account_id"] = np.array([each.account_id for each in openings], dtype=np.int64)
    rows["closes_on"] = days([each.opening_on for each in openings])
    rows["opens_on"] = days([months_later(each.opening_on, -1, each.opening_on.day) + timedelta(days=1) for each in openings])
    rows["due_on"] = days([due_on(each.opening_on, version.terms.cycle)
                           for each, version in zip(openings, versions, strict=True)])
    rows["terms_version_id"] = np.array([version.terms_version_id for version in versions], dtype=np.int64)
    rows["credit_limit"] = np.array(limits, dtype=np.int64)
    rows["previous_balance"] = rows["new_balance"] = balance
    rows["billed"] = np.maximum(balance, 0)
    rows["over_limit"] = np.maximum(balance - rows["credit_limit"], 0)
    rows["previous_sha256"] = np.zeros((count, 32), dtype=np.uint8)
    return rows


def _no_postings() -> Columns:
    return {name: np.zeros(0, dtype=np.int64) for name in POSTINGS}
