"""Disputes of the books, read for a range of members at once: for closings, for due dates, for what a statement still asks.

The rules: billing/disputes.py. How they come into the books: billing/disputing.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

import numpy as np
from psycopg import Connection

from accounts.calendar import day_number
from accounts.columns import Columns
from billing.balances import Int64Array
from billing.carried import DISPUTED
from billing.disputes import FOR_HOLDER, FOR_ISSUER, Dispute, Disputes
from billing.missed_minimums import BilledMinimum
from billing.reading import index_of

#: The disputes of a range of members as they are known on a day. Where a decision changed what was billed before, the account
#: is billed from its history from then on (billing/rebilled_closing.py) and not from here.
_DISPUTES = """
SELECT d.account_id, d.dispute_no, d.opened_on, d.amount, d.debit_type, p.segment, d.debit_posted_on, p.effective_on,
       CASE WHEN x.outcome = %(for_issuer)s THEN x.decided_on END, x.outcome
FROM dispute d
JOIN posting p ON p.member_id = d.member_id AND p.account_id = d.account_id AND p.posted_on = d.debit_posted_on
     AND p.source_id = d.debit_source_id AND p.source_line = d.debit_source_line AND p.type = d.debit_type
LEFT JOIN dispute_decision x ON x.member_id = d.member_id AND x.account_id = d.account_id AND x.dispute_no = d.dispute_no
     AND x.decided_on <= %(on)s
WHERE d.member_id BETWEEN %(first)s AND %(last)s AND d.opened_on <= %(on)s
ORDER BY d.member_id, d.account_id, d.dispute_no
"""
#: What of statement `s` was disputed at its closing, and nobody asks for: an expression, minor units.
DISPUTED_AT_CLOSING = f"""coalesce((
    SELECT sum(c.amount) FROM carried c WHERE c.member_id = s.member_id AND c.account_id = s.account_id
    AND c.cycle_no = s.cycle_no AND c.kind = {DISPUTED}), 0)::bigint"""  # noqa: S608


def read_disputes(connection: Connection[Any], on: date, first_member_id: int,
                  last_member_id: int) -> Mapping[int, list[Dispute]]:
    """What accounts of a range of members dispute, as known on a day, by account id; most books have none."""
    found: dict[int, list[Dispute]] = defaultdict(list)
    for account, *values, _ in connection.execute(_DISPUTES, {
            "on": on, "first": first_member_id, "last": last_member_id, "for_issuer": FOR_ISSUER}).fetchall():
        found[account].append(Dispute(*values))
    return found


def disputed_in_cycle(connection: Connection[Any], member_id: int, account_id: int, opens_on: date,
                      closes_on: date) -> list[Dispute]:
    """What one account disputed on some day of a cycle, as known at its end; not what was decided for the holder by then: that
    is billed as if it had never been debited."""
    rows = connection.execute(_DISPUTES, {"on": closes_on, "first": member_id, "last": member_id, "for_issuer": FOR_ISSUER})
    mine = [Dispute(*values) for account, *values, outcome in rows if account == account_id and outcome != FOR_HOLDER]
    return [each for each in mine if each.decided_on is None or each.decided_on > opens_on]


def disputes_of_accounts(connection: Connection[Any], on: date, members: Collection[int]) -> Mapping[int, list[Dispute]]:
    """The same for accounts of some members."""
    return read_disputes(connection, on, min(members), max(members)) if members else {}


def placed(disputes: Mapping[int, list[Dispute]], account_ids: Int64Array) -> list[tuple[int, Dispute]]:
    """Disputes by the position of their account among others, as a batch takes them."""
    rows = [(account, each) for account, mine in disputes.items() for each in mine]
    if not rows:
        return []
    places = index_of(account_ids, np.array([account for account, _ in rows], dtype=np.int64)).tolist()
    return [(place, each) for place, (_, each) in zip(places, rows, strict=True) if place >= 0]


def batch_of(rows: list[tuple[int, Dispute]], place: Int64Array, count: int) -> Disputes | None:
    """The disputes of a part of a batch; place: of each account of the batch in the part, -1 where it is not in it."""
    return Disputes.of([(int(place[account]), each) for account, each in rows if place[account] >= 0], count)


def not_asked_any_more(due: Columns, disputes: Mapping[int, list[Dispute]], until: date, shown_unit: int) -> Int64Array:
    """What of minimum payments is not asked for because of what was disputed since the statement, up to a day.

    due: columns account_id, closes_on, due_on, minimum and new_balance (without what was disputed at the closing); shown_unit:
    the smallest amount shown, minor units.
    """
    share = np.zeros(len(due["account_id"]), dtype=np.int64)
    for place, each in placed(disputes, due["account_id"]):
        closes_on, due_on, minimum, new_balance = (int(due[name][place])
                                                   for name in ("closes_on", "due_on", "minimum", "new_balance"))
        statement = BilledMinimum(closes_on, due_on, minimum, new_balance)
        receipt = each.receipt
        if day_number(each.posted_on) <= statement.closes_on < receipt.posted_on <= day_number(until):
            share[place] += receipt.towards(statement, shown_unit)
    return share
