"""What a business day came to: postings, money, statements, and the accounts that were not closed though they were due."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from psycopg import Connection

from accounts.calendar import closing_days_of
from accounts.money import BY_NUMERIC, major_units
from accounts.posting_types import HOUSE
from accounts.sharding import SHARD_MEMBERS

#: What holders owe more (debits) and less (credits) by a day's postings.
_POSTED = """
SELECT currency, count(*), coalesce(sum(amount) FILTER (WHERE debit_account < %(house)s), 0),
       coalesce(sum(amount) FILTER (WHERE credit_account < %(house)s), 0)
FROM posting WHERE posted_on = %(on)s GROUP BY currency ORDER BY currency
"""

_ISSUED = "SELECT count(*) FROM statement WHERE closes_on = %s AND cycle_no > 0"

#: What the steps counted, and how many of them there were.
_STEPS = """
SELECT step, outcome FROM day_step WHERE business_on = %s AND state = 'done' AND outcome IS NOT NULL ORDER BY step, shard
"""

_NOT_DONE = """
SELECT step, shard FROM day_step WHERE business_on = %s AND state <> 'done' ORDER BY step, shard
"""

#: Accounts due to close that have no statement and are parked, or wait in a shard whose steps of the day are not done.
_NOT_CLOSED = """
SELECT a.account FROM card_account a
WHERE a.closing_day = ANY(%(closing_days)s) AND a.anchor_on <= %(on)s
  AND ((a.member_id - 1) / %(members)s = ANY(%(shards)s::bigint[])
       OR EXISTS (SELECT 1 FROM parked_account p WHERE p.member_id = a.member_id AND p.account_id = a.account_id
                  AND p.released_at IS NULL AND p.parked_on <= %(on)s))
  AND NOT EXISTS (SELECT 1 FROM statement s
                  WHERE s.member_id = a.member_id AND s.account_id = a.account_id AND s.closes_on = %(on)s)
ORDER BY a.member_id, a.account_id
"""


def day_totals(connection: Connection[Any], on: date, names: Mapping[int, str]) -> dict[str, Any]:
    """The totals of one business day as they are kept and shown.

    names: of the steps, by their numbers. Amounts are text in major units, by currency. A day without any step has no
    postings either, and the ledger is not asked.
    """
    steps = _steps_done(connection, on, names)
    not_done = connection.execute(_NOT_DONE, (on,)).fetchall()
    if not steps and not not_done:
        return {"postings": 0, "debits": {}, "credits": {}, "statements": 0, "steps": {},
                "not_closed": {"steps": [], "accounts": _accounts_not_closed(connection, on, [])}}
    posted = connection.execute(_POSTED, {"on": on, "house": HOUSE}).fetchall()
    issued = connection.execute(_ISSUED, (on,)).fetchone()
    return {
        "postings": sum(row[1] for row in posted),
        "debits": {BY_NUMERIC[row[0]].code: _amount(row[2], row[0]) for row in posted},
        "credits": {BY_NUMERIC[row[0]].code: _amount(row[3], row[0]) for row in posted},
        "statements": issued[0] if issued else 0,
        "steps": steps,
        "not_closed": {
            "steps": [f"{on}/{names.get(step, step)}/{shard}" for step, shard in not_done],
            "accounts": _accounts_not_closed(connection, on, sorted({row[1] for row in not_done})),
        },
    }


def _steps_done(connection: Connection[Any], on: date, names: Mapping[int, str]) -> dict[str, dict[str, int]]:
    """By step: how many shards did it, and the sums of what they counted."""
    done: dict[str, dict[str, int]] = {}
    for step, outcome in connection.execute(_STEPS, (on,)):
        sums = done.setdefault(names.get(step, str(step)), {"shards": 0})
        sums["shards"] += 1
        for name, count in outcome.items():
            sums[name] = sums.get(name, 0) + count
    return done


def _accounts_not_closed(connection: Connection[Any], on: date, shards: list[int]) -> list[str]:
    any_parked = connection.execute("SELECT EXISTS (SELECT 1 FROM parked_account WHERE released_at IS NULL)").fetchone()
    if not shards and not (any_parked and any_parked[0]):
        return []
    found = connection.execute(
        _NOT_CLOSED,
        {"on": on, "closing_days": list(closing_days_of(on)), "members": SHARD_MEMBERS, "shards": shards},
    )
    return [row[0] for row in found]


def _amount(minor: int, currency: int) -> str:
    return major_units(int(minor), BY_NUMERIC[currency].digits)
