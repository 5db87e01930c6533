"""Reads a shard's cycle as columns: the accounts due, the state they carry in, their postings.

One query each, whatever the number of accounts; nothing is looked at account by account.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from psycopg import Connection

from accounts.calendar import closing_days_of
from accounts.columns import Columns, Spec, copy_out
from accounts.posting_types import OPENING_CREDIT
from billing.balances import BoolArray, Int64Array
from billing.state import OpeningState

STATE: Spec = {
    "previous_closing": "date", "previous_opening": "date", "due_on": "date", "new_balance": "bigint",
    "minimum_payment_due": "bigint", "past_due": "bigint", "oldest_unpaid_due_on": "date", "revolving": "bigint",
    "billed": "bigint", "cash": "bigint", "unpaid_interest": "bigint", "unpaid_fees": "bigint",
    "billed_balance_days": "bigint", "year_interest": "bigint", "year_fees": "bigint", "grace": "smallint",
}
DUE_ACCOUNTS: Spec = {
    "member_id": "bigint", "account_id": "bigint", "cycle_no": "integer", "product": "integer", "credit_limit": "bigint",
    "currency": "smallint", "opened_on": "date", "anchor_on": "date", "closing_day": "smallint", "last_cycle": "integer",
    **STATE, "previous_version": "integer", "previous_sha256": "digest",
}
#: Accounts whose cycle closes on a day, with the state after their previous cycle (of an account without one: zeros).
#: The number of the cycle is counted from the anchor. %(first_on)s is the book's first business day.
_DUE_ACCOUNTS = """
SELECT a.member_id, a.account_id, a.cycle_no::int, coalesce(array_position(%(products)s::text[], a.product), 0)::int,
       a.credit_limit, a.currency, a.opened_on, a.anchor_on, a.closing_day, coalesce(s.cycle_no, -1)::int,
       coalesce(s.closes_on, greatest(a.opened_on, %(first_on)s::date) - 1),
       coalesce(s.opens_on, DATE '1970-01-01'), coalesce(s.due_on, greatest(a.opened_on, %(first_on)s::date) - 1),
       coalesce(s.new_balance, 0), coalesce(s.minimum_payment_due, 0), coalesce(s.past_due, 0),
       coalesce(s.oldest_unpaid_due_on, DATE '1970-01-01'), coalesce(s.revolving, 0), coalesce(s.billed, 0),
       coalesce(s.cash, 0), coalesce(s.unpaid_interest, 0), coalesce(s.unpaid_fees, 0),
       coalesce(s.billed_balance_days, 0), coalesce(s.year_interest, 0), coalesce(s.year_fees, 0),
       coalesce(s.grace, 0)::smallint, coalesce(s.terms_version_id, 0), coalesce(s.sha256, decode(repeat('00', 32), 'hex'))
FROM (SELECT *, (extract(year FROM %(on)s::date) - extract(year FROM anchor_on)) * 12
             + extract(month FROM %(on)s::date) - extract(month FROM anchor_on) + 1 AS cycle_no
      FROM card_account
      WHERE closing_day = ANY(%(closing_days)s) AND anchor_on <= %(on)s
        AND member_id BETWEEN %(first)s AND %(last)s
        AND NOT account_id = ANY(%(left_out)s) AND (%(account)s::bigint IS NULL OR account_id = %(account)s)) a
LEFT JOIN statement s ON s.member_id = a.member_id AND s.account_id = a.account_id AND s.cycle_no = a.cycle_no::int - 1
ORDER BY a.member_id, a.account_id
"""

POSTINGS: Spec = {
    "member_id": "bigint", "account_id": "bigint", "posted_on": "date", "source_id": "integer", "source_line": "bigint",
    "type": "smallint", "debit_account": "smallint", "credit_account": "smallint", "currency": "smallint",
    "amount": "bigint", "effective_on": "date", "transaction_on": "date", "card_id": "bigint",
}
EVENTS: Spec = {**POSTINGS, "segment": "integer"}
#: The postings of due accounts in a span of business days, opening postings left out. Not sorted by the server: it sorts
#: wide rows, and every processor that it spends is one that the other workers' queries wait for.
_POSTINGS = """
SELECT p.member_id, p.account_id, p.posted_on, p.source_id, p.source_line, p.type, p.debit_account, p.credit_account,
       p.currency, p.amount, p.effective_on, p.transaction_on, coalesce(p.card_id, 0),
       coalesce(array_position(%(segments)s::text[], p.segment), 0)
FROM posting p
JOIN card_account a ON a.member_id = p.member_id AND a.account_id = p.account_id
WHERE a.closing_day = ANY(%(closing_days)s) AND a.anchor_on <= %(on)s
  AND a.member_id BETWEEN %(first)s AND %(last)s AND p.member_id BETWEEN %(first)s AND %(last)s
  AND (%(account)s::bigint IS NULL OR (a.account_id = %(account)s AND p.account_id = %(account)s))
  AND p.posted_on BETWEEN %(from)s AND %(on)s AND p.type > %(opening)s
"""

#: What due accounts carry from their previous cycle beyond the columns of its statement.
_CARRIED = """
SELECT c.account_id, c.kind, c.segment, c.age, c.began_on, c.ends_on, c.amount, c.balance_days
FROM (SELECT member_id, account_id, (extract(year FROM %(on)s::date) - extract(year FROM anchor_on)) * 12
             + extract(month FROM %(on)s::date) - extract(month FROM anchor_on) AS cycle_no
      FROM card_account
      WHERE closing_day = ANY(%(closing_days)s) AND anchor_on <= %(on)s
        AND member_id BETWEEN %(first)s AND %(last)s AND (%(account)s::bigint IS NULL OR account_id = %(account)s)) a
JOIN carried c ON c.member_id = a.member_id AND c.account_id = a.account_id AND c.cycle_no = a.cycle_no::int
ORDER BY c.member_id, c.account_id, c.line
"""
CARRIED: Spec = {
    "account_id": "bigint", "kind": "smallint", "segment": "smallint", "age": "smallint", "began_on": "date", "ends_on": "date",
    "amount": "bigint", "balance_days": "bigint",
}


def read_due_accounts(connection: Connection[Any], on: date, first: int, last: int, products: list[str], first_on: date,
                      left_out: list[int], account_id: int | None = None) -> Columns:
    """The accounts of a range of members whose cycle closes on a day, with their opening state; columns DUE_ACCOUNTS.

    product is the position in `products`, counted from 1 (0: a product without approved terms).
    """
    return copy_out(connection, _DUE_ACCOUNTS, {
        "on": on, "closing_days": list(closing_days_of(on)), "first": first, "last": last, "products": products,
        "first_on": first_on, "left_out": left_out, "account": account_id,
    }, DUE_ACCOUNTS)


def read_carried(connection: Connection[Any], on: date, first: int, last: int, account_id: int | None = None) -> Columns:
    """What the accounts of a range of members that close on a day carry from the cycle before, as rows; columns CARRIED."""
    return copy_out(connection, _CARRIED, {
        "on": on, "closing_days": list(closing_days_of(on)), "first": first, "last": last, "account": account_id,
    }, CARRIED)


def read_postings(connection: Connection[Any], on: date, first: int, last: int, from_day: date, segments: list[str],
                  account_id: int | None = None) -> Columns:
    """The postings, up to a closing day, of the accounts of a range of members that close on it, by key; columns EVENTS.

    segments: names; a posting's segment is the position of its own in them, counted from 1 (0: it names none).
    """
    return in_key_order(copy_out(connection, _POSTINGS, {
        "on": on, "closing_days": list(closing_days_of(on)), "first": first, "last": last, "from": from_day,
        "opening": OPENING_CREDIT.code, "account": account_id, "segments": segments,
    }, EVENTS))


#: A posting's primary key.
KEY = ("member_id", "account_id", "posted_on", "source_id", "source_line", "type")


def in_key_order(postings: Columns) -> Columns:
    """The same postings by key; as they are where they already stand so, which a scan of the primary key brings about."""
    keys = [postings[name] for name in KEY]
    rising = np.zeros(max(len(keys[0]) - 1, 0), dtype=bool)
    for each in reversed(keys):
        rising = (each[1:] > each[:-1]) | ((each[1:] == each[:-1]) & rising)
    if rising.all():
        return postings
    order = np.lexsort(keys[::-1])
    return {name: column[order] for name, column in postings.items()}


def index_of(keys: Int64Array, wanted: Int64Array) -> Int64Array:
    """Where each wanted value stands in `keys` (each there once); -1 where it does not."""
    if not keys.size:
        return np.full(len(wanted), -1, dtype=np.int64)
    if (keys[1:] > keys[:-1]).all():
        place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    else:
        order = np.argsort(keys, kind="stable")
        place = order[np.minimum(np.searchsorted(keys, wanted, sorter=order), len(keys) - 1)]
    return np.where(keys[place] == wanted, place, -1)


def alike(*keys: Int64Array) -> list[tuple[tuple[int, ...], Int64Array]]:
    """The rows that are alike in several columns: the values of each group, in order, and the positions of its rows, rising.

    Most batches are one group, which is seen without sorting.
    """
    if not len(keys[0]):
        return []
    if all((each == each[0]).all() for each in keys):
        return [(tuple(int(each[0]) for each in keys), np.arange(len(keys[0])))]
    order = np.lexsort(keys[::-1])
    begins = np.flatnonzero(np.any([each[order][1:] != each[order][:-1] for each in keys], axis=0)) + 1
    return [(tuple(int(each[group[0]]) for each in keys), group) for group in np.split(order, begins)]


def opening_state(due: Columns, chosen: Int64Array, asks_past_due: BoolArray) -> OpeningState:
    """The engine's opening state of some accounts that were read; asks_past_due: whether their last minimum did."""
    state = {name: due[name][chosen].astype(np.int64) for name in STATE if name != "previous_opening"}
    return OpeningState(**state, past_due_asked=state["past_due"] * asks_past_due)
