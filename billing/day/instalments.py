"""The instalment step: before a cycle closes, the next part of each plan of its account falls due, with its fee."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

import numpy as np
from psycopg import Connection

from accounts.calendar import closing_days_of, day_of
from accounts.columns import Columns, Spec, copy_out
from accounts.posting_types import INSTALMENT, OWN_CHARGES
from billing.day.outcome import StepOutcome, shards_of
from billing.instalment_plans import post_parts
from billing.instalments import BilledPlans, part_description
from billing.terms_book import TermsBook

#: Plans made before a day of accounts that close on it, with what of each is billed and when the last part was.
_PLANS = """
SELECT p.member_id, p.account_id, p.plan_no, p.amount, p.amount - coalesce(b.amount, 0) AS remaining, p.parts,
       coalesce(b.billed, 0) AS billed, coalesce(b.last_on, p.made_on) AS last_on, p.terms_version_id, a.closing_day,
       (a.status <> 'charged_off')::int AS bears_fees
FROM instalment_plan p
JOIN card_account a ON a.member_id = p.member_id AND a.account_id = p.account_id
LEFT JOIN LATERAL (
    SELECT sum(q.amount)::bigint AS amount, count(*)::int AS billed, max(q.posted_on) AS last_on FROM posting q
    WHERE q.member_id = p.member_id AND q.account_id = p.account_id AND q.source_id = %(own)s AND q.type = %(part)s
      AND q.source_line = p.plan_no AND q.posted_on <= %(on)s) b ON true
WHERE a.closing_day = ANY(%(closing_days)s) AND a.anchor_on <= %(on)s AND p.made_on < %(on)s
  AND p.amount > coalesce(b.amount, 0)
"""
_OF_SHARD = f"""{_PLANS} AND p.member_id BETWEEN %(first)s AND %(last)s AND NOT p.account_id = ANY(%(parked)s)
ORDER BY p.member_id, p.account_id, p.plan_no
"""
_COLUMNS: Spec = {
    "member_id": "bigint", "account_id": "bigint", "plan_no": "integer", "amount": "bigint", "remaining": "bigint",
    "parts": "integer", "billed": "integer", "last_on": "date", "terms_version_id": "integer", "closing_day": "smallint",
    "bears_fees": "integer",
}
#: Plans that have these alike are billed together.
_ALIKE = ("terms_version_id", "closing_day", "parts", "billed", "last_on")


def shards_with_instalments(connection: Connection[Any], on: date) -> list[int]:
    """Shards with plans of which a part falls due on a day."""
    return shards_of(connection, _PLANS, _asked(on))


def bill_instalments(connection: Connection[Any], on: date, first_member_id: int, last_member_id: int,
                     parked: Collection[int]) -> StepOutcome:
    """Post the next part of every plan whose account closes on a day, and the fee on it."""
    outcome, book = StepOutcome(), TermsBook(connection)
    plans = copy_out(connection, _OF_SHARD, {**_asked(on), "first": first_member_id, "last": last_member_id,
                                             "parked": list(parked)}, _COLUMNS)
    keys = np.stack([plans[name].astype(np.int64) for name in _ALIKE], axis=1)
    for key in np.unique(keys, axis=0):
        alike: Columns = {name: column[(keys == key).all(axis=1)] for name, column in plans.items()}
        version_id, closing_day, parts, billed, last_on = (int(each) for each in key)
        version = book.by_id(version_id)
        part, fee = BilledPlans(version.terms, alike["amount"], alike["remaining"], parts, billed, day_of(last_on),
                                closing_day).next_part(on)
        post_parts(connection, version, on, alike, part, fee * alike["bears_fees"], part_description(billed + 1, parts))
        outcome.add("instalments", len(part))
    return outcome


def _asked(on: date) -> dict[str, Any]:
    return {"on": on, "own": OWN_CHARGES, "part": INSTALMENT.code, "closing_days": list(closing_days_of(on))}
