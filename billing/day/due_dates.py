"""The due-date step: the late-payment fee, the day after due date and tolerance, where the minimum payment was not met."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from psycopg import Connection

from accounts.calendar import day_of, due_on
from accounts.columns import Columns, copy_out
from accounts.posting_types import HOUSE, LATE_PAYMENT_FEE, RETURNED_PAYMENT_FEE
from billing.account_events import ASKED
from billing.day.charge import allowed_shortfall, chosen, digits_of, post_fee
from billing.day.outcome import StepOutcome, shards_of
from billing.disputed_accounts import DISPUTED_AT_CLOSING, disputes_of_accounts, not_asked_any_more, read_disputes
from billing.missed_minimums import BilledMinimum, DueHistory, Receipt, is_repeat, missed_in_a_row
from billing.postings import received_types
from billing.terms_book import TermsBook, VersionInForce
from fees.late_payment import (
    MissedMinimum,
    charged_at_closing,
    late_payment_fee,
    late_tolerance_days,
    statements_looked_back,
)
from fees.terms import Terms
from fees.terms_fees import LatePaymentFee, TieredLatePaymentFee

#: A due date lies at most so many days after its closing.
_LONGEST_DUE = 62
_MISSED = f"""
SELECT s.member_id, s.account_id, s.closes_on, s.due_on, s.cycle_no, s.minimum_payment_due,
       s.new_balance - {DISPUTED_AT_CLOSING} AS new_balance
FROM statement s JOIN card_account a ON a.member_id = s.member_id AND a.account_id = s.account_id
WHERE s.closes_on = ANY(%(closings)s) AND s.due_on = %(due)s AND a.product = %(product)s
  AND s.minimum_payment_due > %(allowed)s AND a.status <> 'charged_off' AND {ASKED}
"""  # noqa: S608
#: What each account received towards a statement's minimum, effective up to the last day in time, known by today: a payment
#: that comes back takes away no more than came in since the closing (billing/missed_minimums.py). A due date that bore a fee
#: for a returned payment bears no other.
_RECEIVED = f"""
SELECT m.member_id, m.account_id, m.cycle_no, m.closes_on, m.due_on, m.minimum_payment_due, m.new_balance,
       coalesce(r.received, 0)::bigint,
       EXISTS (SELECT 1 FROM posting q WHERE q.member_id = m.member_id AND q.account_id = m.account_id
               AND q.posted_on > m.due_on AND q.posted_on <= %(on)s AND q.type = %(returned_fee)s)::int
FROM ({_MISSED} AND s.member_id BETWEEN %(first)s AND %(last)s AND NOT s.account_id = ANY(%(parked)s)) m
LEFT JOIN LATERAL (
    SELECT sum(each.amount) - least(0, min(each.running)) AS received FROM (
        SELECT s.amount, sum(s.amount) OVER (ORDER BY p.effective_on, p.posted_on, s.amount DESC
                                             ROWS UNBOUNDED PRECEDING) AS running
        FROM posting p
        CROSS JOIN LATERAL (SELECT CASE WHEN p.debit_account < %(house)s THEN -p.amount ELSE p.amount END AS amount) s
        WHERE p.member_id = m.member_id AND p.account_id = m.account_id AND p.posted_on > m.closes_on
          AND p.posted_on <= %(on)s AND p.effective_on <= %(in_time)s AND p.type = ANY(%(types)s)) each) r ON true
"""  # noqa: S608
_STATEMENTS = f"""
SELECT s.account_id, s.closes_on, s.due_on, s.minimum_payment_due, s.new_balance - {DISPUTED_AT_CLOSING}, ({ASKED})::int
FROM unnest(%(members)s::bigint[], %(accounts)s::bigint[], %(cycles)s::int[]) AS u(member_id, account_id, cycle_no)
JOIN statement s ON s.member_id = u.member_id AND s.account_id = u.account_id
     AND s.cycle_no BETWEEN u.cycle_no - %(back)s AND u.cycle_no
ORDER BY s.account_id, s.cycle_no
"""  # noqa: S608
_RECEIPTS = """
SELECT p.account_id, p.posted_on, p.effective_on,
       CASE WHEN p.debit_account < %(house)s THEN -p.amount ELSE p.amount END
FROM unnest(%(members)s::bigint[], %(accounts)s::bigint[], %(since)s::date[]) AS u(member_id, account_id, since)
JOIN posting p ON p.member_id = u.member_id AND p.account_id = u.account_id AND p.posted_on > u.since
     AND p.posted_on <= %(on)s AND p.type = ANY(%(types)s)
"""
_RETURNED_FEES = """
SELECT p.account_id, p.posted_on
FROM unnest(%(members)s::bigint[], %(accounts)s::bigint[]) AS u(member_id, account_id)
JOIN posting p ON p.member_id = u.member_id AND p.account_id = u.account_id AND p.type = %(fee)s AND p.posted_on <= %(on)s
"""


@dataclass(frozen=True)
class _LateRule:
    """A version that charges late payment on a day: the due date that is missed as of it, the closings that may be due on
    it, and the last day on which a payment was in time."""

    version: VersionInForce
    fee: LatePaymentFee
    due: date
    closings: list[date]
    in_time: date

    @property
    def parameters(self) -> dict[str, Any]:
        return {"closings": self.closings, "due": self.due, "product": self.version.product,
                "allowed": allowed_shortfall(self.version)}


def _late_rules(book: TermsBook, on: date) -> list[_LateRule]:
    rules = []
    for version in book.in_force(on):
        fee = version.terms.fees.late_payment
        if fee is None or charged_at_closing(fee):
            continue
        tolerance = late_tolerance_days(version.terms, fee)
        due = on - timedelta(days=1 + tolerance)
        closings = [day for back in range(1, _LONGEST_DUE + 1)
                    if due_on(day := due - timedelta(days=back), version.terms.cycle) == due]
        if closings:
            rules.append(_LateRule(version, fee, due, closings, due + timedelta(days=tolerance)))
    return rules


def shards_with_due_dates(connection: Connection[Any], on: date) -> list[int]:
    """Shards with a statement whose minimum payment may have been missed as of a day."""
    found: set[int] = set()
    for rule in _late_rules(TermsBook(connection), on):
        found.update(shards_of(connection, _MISSED, rule.parameters))
    return sorted(found)


def process_due_dates(connection: Connection[Any], on: date, first_member_id: int, last_member_id: int,
                      parked: Collection[int]) -> StepOutcome:
    """Charge the late-payment fee, the day after due date and tolerance, to whoever did not meet the minimum payment."""
    outcome, disputes = StepOutcome(), read_disputes(connection, on, first_member_id, last_member_id)
    for rule in _late_rules(TermsBook(connection), on):
        version = rule.version
        due = copy_out(connection, _RECEIVED, {
            **rule.parameters, "house": HOUSE, "on": on, "in_time": rule.in_time,
            "returned_fee": RETURNED_PAYMENT_FEE.code, "types": received_types(version.terms), "first": first_member_id,
            "last": last_member_id, "parked": list(parked),
        }, {"member_id": "bigint", "account_id": "bigint", "cycle_no": "integer", "closes_on": "date", "due_on": "date",
            "minimum": "bigint", "new_balance": "bigint", "received": "bigint", "charged_already": "integer"})
        due["received"] = due["received"] + not_asked_any_more(due, disputes, rule.in_time, version.terms.shown_unit)
        unpaid = np.clip(due["minimum"] - due["received"], 0, due["minimum"])
        late = unpaid > allowed_shortfall(version)
        outcome.add("minimum_met", int((~late).sum()))
        late &= due["charged_already"] == 0
        of_late = chosen(due, late)
        missed = MissedMinimum.first(of_late["minimum"], unpaid[late], of_late["new_balance"], of_late["received"])
        back = statements_looked_back(rule.fee)
        if back:
            missed = _looked_back(connection, on, rule, of_late, missed, back)
        amounts = late_payment_fee(version.terms, missed, digits_of(version))
        outcome.add("late_payment_fees",
                    post_fee(connection, LATE_PAYMENT_FEE, on, of_late, amounts, version, rule.fee.clause))
    return outcome


def _looked_back(connection: Connection[Any], on: date, rule: _LateRule, late: Columns, missed: MissedMinimum,
                 back: int) -> MissedMinimum:
    histories = read_due_histories(connection, late, on, back, rule.version.terms)
    tolerance, allowed = late_tolerance_days(rule.version.terms, rule.fee), allowed_shortfall(rule.version)
    due_dates = [histories[account].missed(tolerance, allowed) for account in late["account_id"].tolist()]
    within = rule.fee.repeat_within_cycles if isinstance(rule.fee, TieredLatePaymentFee) else back
    return replace(missed, in_a_row=np.array([missed_in_a_row(each) for each in due_dates], dtype=np.int64),
                   repeats=np.array([is_repeat(each, within) for each in due_dates], dtype=np.bool_))


def read_due_histories(connection: Connection[Any], late: Columns, on: date, back: int,
                       terms: Terms) -> Mapping[int, DueHistory]:
    """The last statement of some accounts and so many before it, with what was received since, by account id.

    late: columns member_id, account_id and cycle_no (of the last statement); on: what posts later is left out; terms: they
    say what counts as received.
    """
    members, accounts = late["member_id"].tolist(), late["account_id"].tolist()
    billed = copy_out(connection, _STATEMENTS, {
        "members": members, "accounts": accounts, "cycles": late["cycle_no"].tolist(), "back": back,
    }, {"account_id": "bigint", "closes_on": "date", "due_on": "date", "minimum": "bigint", "new_balance": "bigint",
        "asked": "integer"})
    statements: dict[int, list[BilledMinimum]] = defaultdict(list)
    for account, closes_on, due, minimum, new_balance, asked in _rows(billed):
        statements[account].append(BilledMinimum(closes_on, due, minimum, new_balance, bool(asked)))
    since = [day_of(statements[account][0].closes_on if account in statements else 0) for account in accounts]
    received = copy_out(connection, _RECEIPTS, {
        "members": members, "accounts": accounts, "since": since, "on": on, "types": received_types(terms),
        "house": HOUSE,
    }, {"account_id": "bigint", "posted_on": "date", "effective_on": "date", "amount": "bigint"})
    receipts: dict[int, list[Receipt]] = defaultdict(list)
    for account, *values in _rows(received):
        receipts[account].append(Receipt(*values))
    for account, disputed in disputes_of_accounts(connection, on, members).items():
        receipts[account] += [each.receipt for each in disputed]
    returned: dict[int, list[int]] = defaultdict(list)
    for account, day in _rows(copy_out(connection, _RETURNED_FEES, {
            "members": members, "accounts": accounts, "on": on, "fee": RETURNED_PAYMENT_FEE.code,
    }, {"account_id": "bigint", "posted_on": "date"})):
        returned[account].append(day)
    return {account: DueHistory(statements[account], receipts[account], returned[account], terms.shown_unit)
            for account in accounts}


def _rows(columns: Columns) -> zip[tuple[Any, ...]]:
    return zip(*(column.tolist() for column in columns.values()), strict=True)


