"""The fees on a day's transactions, on real books: read as columns, charged by billing/event_fees.py, written as columns."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

import numpy as np
from psycopg import Connection

from accounts.calendar import day_number
from accounts.columns import Columns, Spec, copy_in, copy_out
from accounts.money import CURRENCIES
from accounts.posting_types import FEE_TAX, LATE_PAYMENT_FEE, OWN_CHARGES, RETURNED_PAYMENT, RETURNED_PAYMENT_FEE, PostingType
from billing.balances import Int64Array
from billing.day.charge import capped, chosen
from billing.day.waivers import waive_standing
from billing.event_fees import event_fees
from billing.terms_book import VersionInForce
from fees.fee_tax import fee_tax

_EVENT: Spec = {
    "member_id": "bigint", "account_id": "bigint", "source_id": "integer", "source_line": "bigint", "type": "smallint",
    "amount": "bigint", "card_id": "bigint", "foreign": "bigint", "minimum_due": "bigint", "first": "bigint",
}
#: The day's transactions of kinds that bear a fee. A returned payment looks at the last due date before the day, and whether
#: missing it, or an earlier return since, bore a fee already.
_EVENTS = """
SELECT p.member_id, p.account_id, p.source_id, p.source_line, p.type, p.amount, coalesce(p.card_id, 0),
       (coalesce(p.original_currency, %(currency)s) <> %(currency)s)::int::bigint,
       coalesce(d.minimum_payment_due, 0), (d.charged IS NOT TRUE)::int::bigint
FROM posting p JOIN card_account a ON a.member_id = p.member_id AND a.account_id = p.account_id
LEFT JOIN LATERAL (
    SELECT s.minimum_payment_due, EXISTS (
        SELECT 1 FROM posting q WHERE q.member_id = s.member_id AND q.account_id = s.account_id
        AND q.posted_on > CASE WHEN s.due_on < %(on)s THEN s.due_on ELSE s.closes_on END
        AND q.posted_on < %(on)s AND q.type = ANY(%(penalties)s)) AS charged
    FROM statement s WHERE s.member_id = p.member_id AND s.account_id = p.account_id AND s.closes_on < %(on)s
    ORDER BY (s.due_on < %(on)s) DESC, s.cycle_no DESC LIMIT 1) d ON p.type = %(returned)s
WHERE p.posted_on = %(on)s AND p.type = ANY(%(types)s) AND p.source_id <> %(own)s AND a.product = %(product)s
  AND a.status <> 'charged_off'
  AND p.member_id BETWEEN %(first)s AND %(last)s AND NOT p.account_id = ANY(%(parked)s)
ORDER BY p.member_id, p.account_id, p.source_id, p.source_line
"""
_LEG: Spec = {
    "member_id": "bigint", "account_id": "bigint", "posted_on": "date", "source_id": "integer", "source_line": "bigint",
    "type": "smallint", "debit_account": "smallint", "credit_account": "smallint", "currency": "smallint",
    "amount": "bigint", "effective_on": "date", "transaction_on": "date", "terms_version_id": "integer",
}


def charge_event_fees(connection: Connection[Any], on: date, version: VersionInForce, first_member_id: int,
                      last_member_id: int, parked: Collection[int]) -> dict[str, int]:
    """Charge what a version's terms charge on the transactions of a day; gives how many of each fee were charged.

    The guarded balances do not change here: the legs belong to the day's file rows.
    """
    terms, counts = version.terms, dict[str, int]()
    fees = event_fees(terms)
    if not fees:
        return counts
    events = copy_out(connection, _EVENTS, {
        "on": on, "types": sorted({each.code for fee in fees for each in fee.on_types}), "own": OWN_CHARGES,
        "product": version.product, "first": first_member_id, "last": last_member_id, "parked": list(parked),
        "currency": terms.currency, "returned": RETURNED_PAYMENT.code,
        "penalties": [LATE_PAYMENT_FEE.code, RETURNED_PAYMENT_FEE.code],
    }, _EVENT)
    if not len(events["amount"]):
        return counts
    events["first"] *= _first_of_account(events)
    tax = np.zeros_like(events["amount"])
    for fee in fees:
        amounts = capped(connection, fee.kind, on, events, fee.of(events), version)
        counts[fee.kind.name + "s"] = _post_legs(connection, fee.kind, on, events, amounts, version, fee.clause)
        tax += fee_tax(terms, str(fee.kind.charge), amounts)
        waive_standing(connection, fee.kind, on, chosen({**events, "amount": amounts}, amounts > 0), version, fee.clause)
    _post_legs(connection, FEE_TAX, on, events, tax, version, "fees.tax_on_charges")
    return counts


def _first_of_account(events: Columns) -> Int64Array:
    """1 for the first returned payment of each account in a day's events, which stand in account order."""
    returned = np.flatnonzero(events["type"] == RETURNED_PAYMENT.code)
    first = np.ones(len(events["type"]), dtype=np.int64)
    first[returned[1:]] = events["account_id"][returned[1:]] != events["account_id"][returned[:-1]]
    return first


def _post_legs(connection: Connection[Any], kind: PostingType, on: date, events: Columns, amounts: Int64Array,
               version: VersionInForce, clause: str) -> int:
    """Post one kind of charge as a further leg of each event that bears it."""
    for of_cards in (False, True):
        rows = (amounts > 0) & ((events["card_id"] > 0) == of_cards)
        day = np.full(int(rows.sum()), day_number(on), dtype=np.int64)
        columns: Columns = {name: events[name][rows] for name in ("member_id", "account_id", "source_id", "source_line",
                                                                  "card_id")}
        columns |= {"posted_on": day, "effective_on": day, "transaction_on": day, "amount": amounts[rows]}
        fixed = {"type": kind.code, "debit_account": kind.debit, "credit_account": kind.credit,
                 "currency": CURRENCIES[version.terms.currency].numeric, "terms_version_id": version.terms_version_id}
        columns |= {name: np.full(len(day), value, dtype=np.int64) for name, value in fixed.items()}
        copy_in(connection, "posting", {**_LEG, "card_id": "bigint"} if of_cards else _LEG, columns, {"clause": clause})
    return int((amounts > 0).sum())
