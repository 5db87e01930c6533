"""What was agreed or decided about accounts, in the books: read for closings, recorded by two people.

The rules it follows: billing/arrangements.py, billing/re_age.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from accounts.calendar import day_number
from accounts.errors import Refused
from accounts.posting_types import PAYMENT, RECEIVABLE, RETURNED_PAYMENT
from billing.arrangements import RE_AGE, Arrangement, overlapping
from billing.re_age import ReAgeHistory, own_minimum, require_re_age
from billing.terms_book import TermsBook
from fees.terms import Terms

#: A condition on statement `s`: its due date bears a late-payment fee. The same rule as billing.arrangements.asked_at.
ASKED = """NOT EXISTS (
    SELECT 1 FROM account_event e WHERE e.member_id = s.member_id AND e.account_id = s.account_id
    AND CASE e.kind WHEN 're_age' THEN e.from_on > s.closes_on AND e.from_on <= s.due_on WHEN 'charge_off' THEN false
                    ELSE s.due_on BETWEEN e.from_on AND e.until_on END)"""
_OF_MEMBERS = """
SELECT account_id, kind, from_on, until_on, annual_rate FROM account_event WHERE member_id BETWEEN %s AND %s
ORDER BY member_id, account_id, event_no
"""
_OF_ACCOUNT = """
SELECT kind, from_on, until_on, annual_rate FROM account_event WHERE member_id = %s AND account_id = %s ORDER BY event_no
"""
#: The account, held until the event is in the books, so that two cannot be agreed at once; and the open business day, so that
#: it cannot be run meanwhile.
_ACCOUNT = """
SELECT a.member_id, a.account_id, a.account, a.product, a.opened_on, a.status, b.open_on, b.closed_through,
       (SELECT max(s.closes_on) FROM statement s WHERE s.member_id = a.member_id AND s.account_id = a.account_id) AS closes_on
FROM card_account a CROSS JOIN book b WHERE a.member_id = %s AND a.account_id = %s FOR UPDATE OF a FOR SHARE OF b
"""
_MINIMUMS = """
SELECT closes_on, due_on, minimum_payment_due, past_due FROM statement
WHERE member_id = %s AND account_id = %s AND cycle_no > 0 ORDER BY cycle_no
"""
_PAYMENTS = """
SELECT posted_on, CASE WHEN debit_account = %s THEN -amount ELSE amount END FROM posting
WHERE member_id = %s AND account_id = %s AND type = ANY(%s) AND posted_on < %s
"""
_RECORD = """
INSERT INTO account_event (member_id, account_id, event_no, kind, from_on, until_on, annual_rate, reason, proposed_by,
                           approved_by)
VALUES (%(member_id)s, %(account_id)s,
        (SELECT count(*) + 1 FROM account_event WHERE member_id = %(member_id)s AND account_id = %(account_id)s),
        %(kind)s, %(from_on)s, %(until_on)s, %(annual_rate)s, %(reason)s, %(proposed_by)s, %(approved_by)s)
"""


class NotAgreed(Refused):
    """An event that may not be recorded; says why and what to do."""

    def __init__(self, account: str, kind: str, reason: str) -> None:
        self.account, self.kind = account, kind
        super().__init__(f"account {account}, {kind}: {reason}")


@dataclass(frozen=True)
class Decision:
    """Why something is agreed, who proposes it and who approves it."""

    reason: str
    proposed_by: str
    approved_by: str | None


def read_arrangements(connection: Connection[Any], first_member_id: int, last_member_id: int) -> list[tuple[int, Arrangement]]:
    """What was agreed about accounts of a range of members, with the account's id."""
    return [(account, Arrangement(*values)) for account, *values in
            connection.execute(_OF_MEMBERS, (first_member_id, last_member_id)).fetchall()]


def arrangements_of(connection: Connection[Any], member_id: int, account_id: int) -> list[Arrangement]:
    """What was agreed about one account, in the order it was recorded."""
    return [Arrangement(*row) for row in connection.execute(_OF_ACCOUNT, (member_id, account_id)).fetchall()]


def record_account_event(connection: Connection[Any], member_id: int, account_id: int, event: Arrangement,
                         decision: Decision) -> None:
    """Record what was agreed or decided about an account.

    Raises NotAgreed without a second person, for a day that is closed, for spans that share a day, for an account that was
    charged off; ReAgeRefused where the terms do not allow a re-age; LookupError for an account that is not in the books.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        account = cursor.execute(_ACCOUNT, (member_id, account_id)).fetchone()
    if account is None:
        raise LookupError(f"there is no account {account_id} of member {member_id} in the books")
    reason = _second_person(decision) or _closed(account, event)
    if reason is None:
        reason = _shared(event, arrangements_of(connection, member_id, account_id))
    if reason is not None:
        raise NotAgreed(account["account"], event.kind, reason)
    if event.kind == RE_AGE:
        _require_re_age(connection, account, event.from_on)
    connection.execute(_RECORD, {
        "member_id": member_id, "account_id": account_id, "kind": event.kind, "from_on": event.from_on,
        "until_on": event.until_on, "annual_rate": event.annual_rate, "reason": decision.reason,
        "proposed_by": decision.proposed_by, "approved_by": decision.approved_by,
    })


def _second_person(decision: Decision) -> str | None:
    if decision.approved_by is None:
        return f"{decision.proposed_by} proposes it; a second person has to approve it (--approved-by)"
    if decision.approved_by == decision.proposed_by:
        return f"{decision.proposed_by} proposes it; somebody else has to approve it"
    return None


def _closed(account: dict[str, Any], event: Arrangement) -> str | None:
    if account["status"] == "charged_off":
        return "it was charged off; nothing is agreed about it any more"
    closed = [day + timedelta(days=1) for day in (account["closed_through"], account["closes_on"]) if day is not None]
    earliest = max([*closed, *([account["open_on"]] if account["open_on"] is not None else [])], default=event.from_on)
    if event.from_on < earliest:
        return f"{event.from_on} is closed; the first day it can begin on is {earliest}"
    if event.from_on < account["opened_on"]:
        return f"{event.from_on} lies before the account was opened, on {account['opened_on']}"
    return None


def _shared(event: Arrangement, earlier: list[Arrangement]) -> str | None:
    found = overlapping([*earlier, event])
    if found is None:
        return None
    other = found[0] if found[1] is event else found[1]
    return (f"{event.from_on} to {event.until_on} shares days with that from {other.from_on} to {other.until_on}; choose days "
            "that it does not have")


def _require_re_age(connection: Connection[Any], account: dict[str, Any], on: date) -> None:
    key = (account["member_id"], account["account_id"])
    terms = _terms(connection, account, on)
    require_re_age(account["account"], terms, on, ReAgeHistory(
        account["opened_on"],
        [own_minimum(terms, day_number(closes_on), day_number(due_on), minimum, past_due)
         for closes_on, due_on, minimum, past_due in connection.execute(_MINIMUMS, key)],
        [(day_number(posted_on), amount) for posted_on, amount in connection.execute(
            _PAYMENTS, (RECEIVABLE, *key, [PAYMENT.code, RETURNED_PAYMENT.code], on))],
        [each.from_on for each in arrangements_of(connection, *key) if each.kind == RE_AGE and each.from_on < on]))


def _terms(connection: Connection[Any], account: dict[str, Any], on: date) -> Terms:
    found = TermsBook(connection).on(account["product"], on)
    if found is None:
        raise NotAgreed(account["account"], RE_AGE, f"{account['product']} has no approved terms in force on {on}")
    return found.terms
