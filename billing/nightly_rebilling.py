"""The rebill step: accounts whose late events reach back into what was billed already are rebilled, before the day posts.

It finds what `cardwright rebill --preview` showed while the day was open, and posts the same. An account that cannot be
rebilled is parked; `cardwright rebill --leave` decides that its events count from the day they posted, `release` gives it back.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from psycopg import Connection

from accounts.errors import CardwrightError
from accounts.posting_types import OWN_CHARGES
from billing.day.outcome import StepOutcome, shards_of
from billing.rebill import Rebilling, find_rebilling, rebill
from billing.statement_rows import Seal
from billing.terms_book import TermsBook
from fees.late_payment import late_tolerance_days

#: Who asked for a rebilling of the night.
NIGHT = "night"
#: Late events of the day that something was charged or decided without: a cycle has closed, a due date was processed, or
#: a charge was made since the day they are late for. Others count from their effective day like any event.
_LATE = """
SELECT DISTINCT p.member_id, p.account_id FROM posting p
WHERE p.posted_on = %(on)s AND p.late_for < p.posted_on
  AND NOT EXISTS (SELECT 1 FROM rebilled_event e WHERE e.member_id = p.member_id AND e.account_id = p.account_id
                  AND e.event_source_id = p.source_id AND e.event_source_line = p.source_line)
  AND (EXISTS (SELECT 1 FROM statement s WHERE s.member_id = p.member_id AND s.account_id = p.account_id AND (
               s.closes_on >= p.late_for OR (s.due_on + 1 < %(on)s AND s.due_on + 1 + %(tolerance)s >= p.late_for)))
       OR EXISTS (SELECT 1 FROM posting c WHERE c.member_id = p.member_id AND c.account_id = p.account_id
                  AND c.source_id = %(own)s AND c.posted_on >= p.late_for AND c.posted_on < %(on)s))
"""


def shards_to_rebill(connection: Connection[Any], on: date) -> list[int]:
    """Shards with late events of a day that reach back into what was billed."""
    return shards_of(connection, _LATE, _asked(on, TermsBook(connection)))


def rebill_accounts(connection: Connection[Any], on: date, first_member_id: int, last_member_id: int,
                    parked: Collection[int], seal: Seal) -> StepOutcome:
    """Rebill the accounts with late events that reach back; the corrections post on the day. Others are parked."""
    outcome, book, found = StepOutcome(), TermsBook(connection), list[Rebilling]()
    due = connection.execute(
        f"SELECT member_id, account_id FROM ({_LATE}) AS due WHERE member_id BETWEEN %(first)s AND %(last)s"  # noqa: S608
        " AND NOT account_id = ANY(%(parked)s) ORDER BY member_id, account_id",
        {**_asked(on, book), "first": first_member_id, "last": last_member_id, "parked": list(parked)}).fetchall()
    for member_id, account_id in due:
        try:
            found.append(find_rebilling(connection, member_id, account_id, seal, on, book))
        except CardwrightError as error:
            outcome.parked.append((member_id, account_id, str(error)))
    # All is found before the first is posted: ids of sources are given by one transaction at a time, which is short then.
    for each in found:
        outcome.add("corrections", rebill(connection, each, NIGHT))
    outcome.add("rebilled", len(found))
    return outcome.told()


def _asked(on: date, book: TermsBook) -> dict[str, Any]:
    """The longest tolerance of any terms: a due date may be processed so many days and one after it."""
    tolerances = [each.terms.cycle.tolerance_days for each in book.versions]
    tolerances += [late_tolerance_days(each.terms, each.terms.fees.late_payment) for each in book.versions
                   if each.terms.fees.late_payment is not None]
    return {"on": on, "own": OWN_CHARGES, "tolerance": max(tolerances, default=0)}
