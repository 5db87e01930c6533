"""The post step: the day's file rows count from now on, with the fees on them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from psycopg import Connection

from accounts.posting_types import COUNTER, HOUSE, OPENING_CREDIT, OWN_CHARGES, POSTING_TYPES, RECEIVABLE
from billing.day.event_fees import charge_event_fees
from billing.day.outcome import StepOutcome, shards_of
from billing.terms_book import TermsBook

#: What staff posted for the day at the counter counts already; its step sees to it that the day is not taken for an empty one.
_POSTED = "SELECT member_id FROM posting WHERE posted_on = %(on)s AND type > %(opening)s"
#: What the night charges on events, those that the counter posted among them.
_CHARGES = [each.code for each in POSTING_TYPES if each.charge and RECEIVABLE in (each.debit, each.credit)]
#: File rows of the day count in the guarded balances from now on;
#: what the counter posted counts already, the fees on it do not.
_APPLY_DAY = """
UPDATE guarded_balance g SET balance = g.balance + day.amount
FROM (SELECT member_id, account_id,
             sum(CASE WHEN debit_account < %(house)s THEN amount ELSE -amount END) AS amount, count(*) AS rows
      FROM posting
      WHERE posted_on = %(on)s AND type > %(opening)s
        AND (source_id > %(own)s OR (source_id = %(counter)s AND type = ANY(%(charges)s)))
        AND member_id BETWEEN %(first)s AND %(last)s
      GROUP BY member_id, account_id) day
WHERE g.member_id = day.member_id AND g.account_id = day.account_id
RETURNING day.rows
"""


def shards_to_post(connection: Connection[Any], on: date) -> list[int]:
    """Shards with rows of files that post on a day, or with what staff posted for it."""
    return shards_of(connection, _POSTED, {"on": on, "opening": OPENING_CREDIT.code})


def post_day(connection: Connection[Any], on: date, first_member_id: int, last_member_id: int,
             parked: Collection[int]) -> StepOutcome:
    """Let the day's file rows count: the fees on them first, then the guarded balances."""
    outcome = StepOutcome()
    for version in TermsBook(connection).in_force(on):
        for name, count in charge_event_fees(connection, on, version, first_member_id, last_member_id, parked).items():
            outcome.add(name, count)
    applied = connection.execute(_APPLY_DAY, {
        "on": on, "house": HOUSE, "own": OWN_CHARGES, "opening": OPENING_CREDIT.code,
        "counter": COUNTER, "charges": _CHARGES, "first": first_member_id, "last": last_member_id,
    }).fetchall()
    outcome.add("posted", sum(row[0] for row in applied))
    return outcome
