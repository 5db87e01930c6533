"""Rebillings that were posted, found again from the ledger and the terms as they were known then: the same to the byte."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from accounts.errors import Findings
from accounts.money import BY_NUMERIC
from accounts.posting_types import OWN_CHARGES
from billing.left_as_posted import LEFT_AS_POSTED
from billing.rebill import Rebilling, digest
from billing.rebilled import bill_again
from billing.rebilling import ChargeKey, Correction
from billing.statement_rows import Seal
from billing.terms_book import TermsBook

#: What a closing corrects on its own took in no event: it is no rebilling that anybody asked for.
_REBILLS = """
SELECT r.source_id, r.posted_on, r.by_whom, r.corrected_sha256,
       least(min(p.late_for), (SELECT min(d.debit_posted_on) FROM dispute_decision x
                               JOIN dispute d USING (member_id, account_id, dispute_no)
                               WHERE x.member_id = %(member)s AND x.account_id = %(account)s AND x.source_id = r.source_id))
       AS first_late_for
FROM rebill r
LEFT JOIN rebilled_event e USING (member_id, account_id, source_id)
LEFT JOIN posting p ON p.member_id = e.member_id AND p.account_id = e.account_id AND p.source_id = e.event_source_id
     AND p.source_line = e.event_source_line AND p.late_for IS NOT NULL
WHERE r.member_id = %(member)s AND r.account_id = %(account)s AND r.by_whom <> 'closing' AND r.corrected_sha256 <> %(left)s
GROUP BY r.source_id, r.posted_on, r.by_whom, r.corrected_sha256 ORDER BY r.posted_on, r.source_id
"""
_EVENTS = """
SELECT p.source_id, p.source_line, p.type, p.amount, p.posted_on, p.late_for, p.source_ref
FROM rebilled_event e JOIN rebill r USING (member_id, account_id, source_id)
JOIN posting p ON p.member_id = e.member_id AND p.account_id = e.account_id AND p.source_id = e.event_source_id
     AND p.source_line = e.event_source_line AND p.late_for IS NOT NULL
WHERE e.member_id = %(member)s AND e.account_id = %(account)s AND r.posted_on <= %(on)s
  AND (r.posted_on, r.source_id) <= (%(on)s, %(source)s) AND r.corrected_sha256 <> %(left)s
  AND (%(earlier)s OR r.source_id = %(source)s)
ORDER BY p.late_for, p.source_id, p.source_line
"""
_CORRECTIONS = """
SELECT c.charge_on, c.charge_type, c.charge_source_id, c.charge_source_line, c.before, c.after, p.clause, p.terms_version_id
FROM correction c JOIN posting p USING (member_id, account_id, posted_on, source_id, source_line, type)
WHERE c.member_id = %(member)s AND c.account_id = %(account)s AND c.source_id = %(source)s ORDER BY c.source_line
"""


class NotFoundAgain(Findings):
    """A posted rebilling that the books no longer come to."""

    def __init__(self, account: str, on: date) -> None:
        super().__init__(f"account {account}: the rebilling of {on} cannot be found again, its history comes to other "
                         f"statements now; `cardwright verify --account {account}` says what was changed")


@dataclass(frozen=True)
class PostedRebill:
    """A rebilling on the books. first_late_for: the earliest day that it took an event back to, or that a debit posted on whose
    dispute was decided; None if it took in none."""

    source_id: int
    posted_on: date
    by_whom: str
    corrected_sha256: bytes
    first_late_for: date | None


def posted_rebills(connection: Connection[Any], member_id: int, account_id: int) -> list[PostedRebill]:
    """The rebillings of an account, in the order in which they were posted; not what closings corrected on their own."""
    rows = connection.execute(_REBILLS, {"member": member_id, "account": account_id, "left": LEFT_AS_POSTED}).fetchall()
    return [PostedRebill(*row) for row in rows]


def events_of(connection: Connection[Any], member_id: int, account_id: int, rebill: PostedRebill,
              earlier: bool = False) -> list[Mapping[str, Any]]:
    """The late events that a rebilling took in, by the day they were late for; earlier: those of the ones before it too."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return list(cursor.execute(_EVENTS, {"member": member_id, "account": account_id, "on": rebill.posted_on,
                                             "source": rebill.source_id, "earlier": earlier,
                                             "left": LEFT_AS_POSTED}).fetchall())


def rebilling_as_posted(connection: Connection[Any], member_id: int, account_id: int, rebill: PostedRebill,
                        seal: Seal) -> Rebilling:
    """A posted rebilling as `find_rebilling` found it. Raises NotFoundAgain if the account does not come to it any more."""
    account, product, currency = connection.execute(
        "SELECT account, product, currency FROM card_account WHERE member_id = %s AND account_id = %s",
        (member_id, account_id)).fetchone() or ("", "", 0)
    on, book = rebill.posted_on, TermsBook(connection)
    before, after = (
        bill_again(connection, member_id, account_id, product, book, seal, on - timedelta(days=1), on, through=through)
        for through in (rebill.source_id - 1, rebill.source_id))
    if digest(after.simulated) != rebill.corrected_sha256:
        raise NotFoundAgain(account, on)
    correcting = []
    with connection.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(_CORRECTIONS, {"member": member_id, "account": account_id, "source": rebill.source_id}):
            day = row["charge_on"] if row["charge_source_id"] == OWN_CHARGES else date.min
            key = ChargeKey(day, row["charge_type"], row["charge_source_id"], row["charge_source_line"])
            correcting.append(Correction(key, row["charge_on"], row["before"], row["after"], row["clause"] or "",
                                         row["terms_version_id"]))
    late = events_of(connection, member_id, account_id, rebill)
    return Rebilling(member_id, account_id, account, BY_NUMERIC[currency].digits, on, late, before, after, correcting)
