"""Reads a shard's cycle as columns: the accounts due, the state they carry in, their postings.

One query each, whatever the number of accounts; nothing is looked at account by account.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
from psycopg import Connection

from accounts.calendar import closing_days_of
from accounts.columns import Columns, Spec, copy_out
from accounts.posting_types import ADJUSTMENT_DEBIT, BALANCE_TRANSFER, OPENING_CREDIT, PURCHASE
from billing.balances import Int64Array
from billing.cycle import Events, OpeningState

STATE: Spec = {
    "previous_closing": "date", "previous_opening": "date", "due_on": "date", "new_balance": "bigint",
    "minimum_payment_due": "bigint", "past_due": "bigint", "oldest_unpaid_due_on": "date", "revolving": "bigint",
    "billed": "bigint", "cash": "bigint", "unpaid_interest": "bigint", "unpaid_fees": "bigint",
    "billed_balance_days": "bigint", "year_interest": "bigint", "year_fees": "bigint",
}
DUE_ACCOUNTS: Spec = {
    "member_id": "bigint", "account_id": "bigint", "cycle_no": "integer", "product": "integer", "credit_limit": "bigint",
    "currency": "smallint", "opened_on": "date", "anchor_on": "date", "last_cycle": "integer", **STATE,
    "previous_sha256": "digest",
}
#: Accounts whose cycle closes on a day, with the state after their previous cycle (of an account without one: zeros).
#: The number of the cycle is counted from the anchor. %(first_on)s is the book's first business day.
_DUE_ACCOUNTS = """
SELECT a.member_id, a.account_id, a.cycle_no::int, coalesce(array_position(%(products)s::text[], a.product), 0)::int,
       a.credit_limit, a.currency, a.opened_on, a.anchor_on, coalesce(s.cycle_no, -1)::int,
       coalesce(s.closes_on, greatest(a.opened_on, %(first_on)s::date) - 1),
       coalesce(s.opens_on, DATE '1970-01-01'), coalesce(s.due_on, greatest(a.opened_on, %(first_on)s::date) - 1),
       coalesce(s.new_balance, 0), coalesce(s.minimum_payment_due, 0), coalesce(s.past_due, 0),
       coalesce(s.oldest_unpaid_due_on, DATE '1970-01-01'), coalesce(s.revolving, 0), coalesce(s.billed, 0),
       coalesce(s.cash, 0), coalesce(s.unpaid_interest, 0), coalesce(s.unpaid_fees, 0),
       coalesce(s.billed_balance_days, 0), coalesce(s.year_interest, 0), coalesce(s.year_fees, 0),
       coalesce(s.sha256, decode(repeat('00', 32), 'hex'))
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
#: The postings of due accounts in a span of business days, in key order, opening postings left out.
_POSTINGS = """
SELECT p.member_id, p.account_id, p.posted_on, p.source_id, p.source_line, p.type, p.debit_account, p.credit_account,
       p.currency, p.amount, p.effective_on, p.transaction_on, coalesce(p.card_id, 0)
FROM posting p
JOIN card_account a ON a.member_id = p.member_id AND a.account_id = p.account_id
WHERE a.closing_day = ANY(%(closing_days)s) AND a.anchor_on <= %(on)s
  AND a.member_id BETWEEN %(first)s AND %(last)s AND p.member_id BETWEEN %(first)s AND %(last)s
  AND (%(account)s::bigint IS NULL OR (a.account_id = %(account)s AND p.account_id = %(account)s))
  AND p.posted_on BETWEEN %(from)s AND %(on)s AND p.type > %(opening)s
ORDER BY p.member_id, p.account_id, p.posted_on, p.source_id, p.source_line, p.type
"""

#: Purchases that the previous statement billed, of accounts given as parallel arrays with that statement's window.
_EARLIER_PURCHASES = """
SELECT p.account_id, p.type, p.amount, p.effective_on, p.posted_on
FROM unnest(%(members)s::bigint[], %(accounts)s::bigint[], %(opens)s::date[], %(closes)s::date[])
     AS d(member_id, account_id, opens_on, closes_on)
JOIN posting p ON p.member_id = d.member_id AND p.account_id = d.account_id
WHERE p.posted_on BETWEEN d.opens_on AND d.closes_on AND p.type = ANY(%(types)s)
"""


def read_due_accounts(connection: Connection[Any], on: date, first: int, last: int, products: list[str], first_on: date,
                      left_out: list[int], account_id: int | None = None) -> Columns:
    """The accounts of a range of members whose cycle closes on a day, with their opening state; columns DUE_ACCOUNTS.

    product is the position in `products`, counted from 1 (0: a product without approved terms).
    """
    return copy_out(connection, _DUE_ACCOUNTS, {
        "on": on, "closing_days": list(closing_days_of(on)), "first": first, "last": last, "products": products,
        "first_on": first_on, "left_out": left_out, "account": account_id,
    }, DUE_ACCOUNTS)


def read_postings(connection: Connection[Any], on: date, first: int, last: int, from_day: date,
                  account_id: int | None = None) -> Columns:
    """The postings, up to a closing day, of the accounts of a range of members that close on it; columns POSTINGS."""
    return copy_out(connection, _POSTINGS, {
        "on": on, "closing_days": list(closing_days_of(on)), "first": first, "last": last, "from": from_day,
        "opening": OPENING_CREDIT.code, "account": account_id,
    }, POSTINGS)


def read_earlier_purchases(connection: Connection[Any], due: Columns, chosen: Int64Array) -> Events:
    """What the previous statement billed to the chosen accounts (indexes into `due`); Events index `chosen`."""
    if not chosen.size:
        return Events.none()
    epoch = date(1970, 1, 1)
    found = copy_out(connection, _EARLIER_PURCHASES, {
        "members": due["member_id"][chosen].tolist(), "accounts": due["account_id"][chosen].tolist(),
        "opens": [epoch + timedelta(days=day) for day in due["previous_opening"][chosen].tolist()],
        "closes": [epoch + timedelta(days=day) for day in due["previous_closing"][chosen].tolist()],
        "types": [PURCHASE.code, BALANCE_TRANSFER.code, ADJUSTMENT_DEBIT.code],
    }, {"account_id": "bigint", "type": "smallint", "amount": "bigint", "effective_on": "date", "posted_on": "date"})
    return Events(index_of(due["account_id"][chosen], found["account_id"]), found["type"], found["amount"],
                  found["effective_on"].astype(np.int64), found["posted_on"].astype(np.int64))


def index_of(keys: Int64Array, wanted: Int64Array) -> Int64Array:
    """Where each wanted value stands in `keys` (each there once); -1 where it does not."""
    order = np.argsort(keys, kind="stable")
    if not keys.size:
        return np.full(len(wanted), -1, dtype=np.int64)
    place = order[np.minimum(np.searchsorted(keys, wanted, sorter=order), len(keys) - 1)]
    return np.where(keys[place] == wanted, place, -1)


def opening_state(due: Columns, chosen: Int64Array) -> OpeningState:
    """The engine's opening state of some of the accounts that were read."""
    return OpeningState(**{
        name: due[name][chosen].astype(np.int64) for name in STATE if name != "previous_opening"
    })
