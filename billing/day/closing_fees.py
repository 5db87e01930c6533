"""Fees that depend on what a cycle comes to: over the limit, and late payment by the day or by the cycle's interest.

They post on the closing day, before its interest is counted, and stand on that statement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from psycopg import Connection

from accounts.calendar import closing_days_of, day_number, day_of
from accounts.columns import Columns, Spec, copy_out
from accounts.posting_types import HOUSE, LATE_PAYMENT_FEE, OVER_LIMIT_FEE
from billing import closing
from billing.day.charge import allowed_shortfall, post_fee
from billing.day.due_dates import read_due_histories
from billing.disputed_accounts import disputes_of_accounts
from billing.disputes import disputed_on, moves
from billing.late_at_closing import daily_late_fee, interest_bears_late_fee, interest_late_fee
from billing.missed_minimums import DueHistory
from billing.over_limit import LEFT_OUT, LimitHistory
from billing.postings import received_types
from billing.terms_book import TermsBook, VersionInForce
from fees.late_payment import charged_at_closing, late_tolerance_days
from fees.over_limit import needs_opt_in, over_limit_fee
from fees.terms_fees import PercentOfInterest

#: Accounts of a product whose cycle closes on a day, with their last statement.
_CLOSING = """
SELECT a.member_id, a.account_id, a.credit_limit, coalesce(s.cycle_no, -1) AS cycle_no, coalesce(s.new_balance, 0) AS balance,
       coalesce(s.closes_on, DATE '1970-01-01') AS closes_on, coalesce(s.due_on, DATE '1970-01-01') AS due_on,
       coalesce(s.past_due, 0) AS past_due, coalesce(s.minimum_payment_due, 0) AS minimum_payment_due
FROM card_account a
LEFT JOIN LATERAL (SELECT * FROM statement s WHERE s.member_id = a.member_id AND s.account_id = a.account_id
                   AND s.closes_on < %(on)s ORDER BY s.cycle_no DESC LIMIT 1) s ON true
WHERE a.closing_day = ANY(%(closing_days)s) AND a.anchor_on <= %(on)s AND a.product = %(product)s AND a.status <> 'charged_off'
  AND (NOT %(opted_in)s OR a.over_limit_opt_in)
  AND a.member_id BETWEEN %(first)s AND %(last)s AND NOT a.account_id = ANY(%(parked)s)
"""
#: Of these, those that all debits of the cycle together would take over the limit.
_MAY_BE_OVER = f"""
SELECT c.member_id, c.account_id, c.credit_limit, c.balance, c.due_on FROM ({_CLOSING}) c
WHERE c.credit_limit < c.balance + coalesce((
    SELECT sum(p.amount) FROM posting p WHERE p.member_id = c.member_id AND p.account_id = c.account_id
    AND p.posted_on > c.closes_on AND p.posted_on <= %(on)s AND p.debit_account < %(house)s
    AND NOT p.type = ANY(%(left_out)s)), 0)
ORDER BY c.member_id, c.account_id
"""  # noqa: S608
_CYCLE_POSTINGS = """
SELECT p.account_id, p.posted_on, p.type, CASE WHEN p.debit_account < %(house)s THEN p.amount ELSE -p.amount END
FROM unnest(%(members)s::bigint[], %(accounts)s::bigint[]) AS u(member_id, account_id)
JOIN posting p ON p.member_id = u.member_id AND p.account_id = u.account_id
LEFT JOIN LATERAL (SELECT max(s.closes_on) AS closes_on FROM statement s WHERE s.member_id = u.member_id
                   AND s.account_id = u.account_id AND s.closes_on < %(on)s) s ON true
WHERE p.posted_on > coalesce(s.closes_on, DATE '1970-01-01') AND p.posted_on <= %(on)s AND NOT p.type = ANY(%(left_out)s)
ORDER BY p.account_id, p.posted_on
"""
#: Earlier closings, latest first, and whether each bore the over-limit fee.
_CLOSINGS = """
SELECT s.account_id, s.closes_on, EXISTS (
    SELECT 1 FROM posting p WHERE p.member_id = s.member_id AND p.account_id = s.account_id AND p.posted_on = s.closes_on
    AND p.type = %(fee)s)::int
FROM unnest(%(members)s::bigint[], %(accounts)s::bigint[]) AS u(member_id, account_id)
JOIN statement s ON s.member_id = u.member_id AND s.account_id = u.account_id
WHERE s.closes_on < %(on)s AND s.closes_on > %(on)s::date - %(days)s
ORDER BY s.account_id, s.closes_on DESC
"""
#: Of the closing accounts, those with something past due, or whose last minimum was not met by the last day in time.
_MAY_BE_LATE = f"""
SELECT c.member_id, c.account_id, c.cycle_no FROM ({_CLOSING}) c
WHERE c.cycle_no >= 0 AND (c.past_due > 0 OR c.minimum_payment_due > %(allowed)s + coalesce((
    SELECT sum(CASE WHEN p.debit_account < %(house)s THEN -p.amount ELSE p.amount END) FROM posting p
    WHERE p.member_id = c.member_id AND p.account_id = c.account_id AND p.posted_on > c.closes_on
    AND p.posted_on <= c.due_on + %(tolerance)s + 1 AND p.effective_on <= c.due_on + %(tolerance)s
    AND p.type = ANY(%(types)s)), 0))
ORDER BY c.member_id, c.account_id
"""  # noqa: S608
_ACCOUNT: Spec = {"member_id": "bigint", "account_id": "bigint"}


@dataclass(frozen=True)
class _Range:
    """Whose cycles are closed: a day, a range of members, accounts left out."""

    connection: Connection[Any]
    on: date
    first: int
    last: int
    parked: Collection[int]

    def parameters(self, version: VersionInForce) -> dict[str, Any]:
        return {"on": self.on, "closing_days": list(closing_days_of(self.on)), "product": version.product, "first": self.first,
                "last": self.last, "parked": list(self.parked), "house": HOUSE, "opted_in": False,
                "left_out": list(LEFT_OUT)}


def charge_closing_fees(connection: Connection[Any], on: date, first_member_id: int, last_member_id: int,
                        parked: Collection[int]) -> dict[str, int]:
    """Charge what the versions in force charge at the closings of a day; gives how many of each fee were charged."""
    closing_range = _Range(connection, on, first_member_id, last_member_id, parked)
    counts: dict[str, int] = defaultdict(int)
    for version in TermsBook(connection).in_force(on):
        if version.terms.fees.over_limit is not None:
            counts["over_limit_fees"] += _over_limit(closing_range, version)
        fee = version.terms.fees.late_payment
        if fee is not None and charged_at_closing(fee):
            counts["late_payment_fees"] += _late_payment(closing_range, version)
    return counts


def _over_limit(of: _Range, version: VersionInForce) -> int:
    fee, connection = version.terms.fees.over_limit, of.connection
    assert fee is not None
    parameters = {**of.parameters(version), "opted_in": needs_opt_in(version.terms)}
    due = copy_out(connection, _MAY_BE_OVER, parameters, {
        **_ACCOUNT, "credit_limit": "bigint", "balance": "bigint", "due_on": "date"})
    histories = read_limit_histories(connection, due, of.on, fee.max_consecutive_cycles)
    excess = np.array([each.excess() for each in histories], dtype=np.int64)
    in_a_row = np.array([each.charged_in_a_row for each in histories], dtype=np.int64)
    amounts = over_limit_fee(version.terms, excess, in_a_row)
    return post_fee(connection, OVER_LIMIT_FEE, of.on, due, amounts, version, fee.clause)


def read_limit_histories(connection: Connection[Any], due: Columns, on: date, max_in_a_row: int) -> list[LimitHistory]:
    """The cycle that closes on a day as the limits of some accounts see it.

    due: columns member_id, account_id, credit_limit, balance (at the previous closing), due_on (of the previous statement);
    max_in_a_row: how many earlier cycles are asked about.
    """
    given = {"members": due["member_id"].tolist(), "accounts": due["account_id"].tolist(), "on": on}
    postings, closings = defaultdict(list), defaultdict(list)
    for account, *posting in _rows(copy_out(connection, _CYCLE_POSTINGS, {
            **given, "house": HOUSE, "left_out": list(LEFT_OUT)}, {
            "account_id": "bigint", "posted_on": "date", "type": "smallint", "amount": "bigint"})):
        postings[account].append(tuple(posting))
    for account, *closed in _rows(copy_out(connection, _CLOSINGS, {
            **given, "fee": OVER_LIMIT_FEE.code, "days": 31 * (max_in_a_row + 2)}, {
            "account_id": "bigint", "closes_on": "date", "charged": "integer"})):
        closings[account].append(tuple(closed))
    disputes = disputes_of_accounts(connection, on, due["member_id"].tolist())

    def history(account: int, limit: int, balance: int, due_on: int) -> LimitHistory:
        disputed, closed = disputes.get(account, []), [day for day, _ in closings[account]]
        since = day_of(closed[0]) if closed else date.min
        return LimitHistory(balance - disputed_on(disputed, since), limit, due_on,
                            sorted([*postings[account], *moves(disputed, since, on)]), closed,
                            {day for day, charged in closings[account] if charged})

    return [
        history(account, limit, balance, due_on) for account, limit, balance, due_on in zip(*(
            due[name].tolist() for name in ("account_id", "credit_limit", "balance", "due_on")), strict=True)
    ]


def _late_payment(of: _Range, version: VersionInForce) -> int:
    fee, terms = version.terms.fees.late_payment, version.terms
    assert fee is not None
    tolerance = late_tolerance_days(terms, fee)
    late = copy_out(of.connection, _MAY_BE_LATE, {
        **of.parameters(version), "allowed": allowed_shortfall(version), "tolerance": tolerance, "types": received_types(terms),
    }, {**_ACCOUNT, "cycle_no": "integer"})
    if not len(late["account_id"]):
        return 0
    found = read_due_histories(of.connection, late, of.on, int(late["cycle_no"].max()), terms)
    histories = [found[account] for account in late["account_id"].tolist()]
    after = [each.statements[-1].closes_on for each in histories]
    closes_on = day_number(of.on)
    if isinstance(fee, PercentOfInterest):
        amounts = _of_interest(of, version, late, histories, after, closes_on)
    else:
        amounts = np.array([sum(daily_late_fee(terms, fee, history, start, closes_on))
                            for history, start in zip(histories, after, strict=True)], dtype=np.int64)
    return post_fee(of.connection, LATE_PAYMENT_FEE, of.on, late, amounts, version, fee.clause)


def _of_interest(of: _Range, version: VersionInForce, late: Columns, histories: list[DueHistory], after: list[int],
                 closes_on: int) -> np.ndarray:
    """A share of the interest that the closing is about to charge, for accounts that missed a due date in the cycle."""
    terms, fee = version.terms, version.terms.fees.late_payment
    assert fee is not None
    bearing = [interest_bears_late_fee(terms, fee, history, start, closes_on)
               for history, start in zip(histories, after, strict=True)]
    amounts = np.zeros(len(bearing), dtype=np.int64)
    if all(each is None for each in bearing):
        return amounts
    derived = closing.derive_statements(of.connection, of.on, of.first, of.last, _unsealed, of.parked)
    accounts = derived.statements["account_id"]
    charged = sum((each.amount for each in derived.charges if each.kind.figure == "interest"), np.zeros_like(accounts))
    interest = dict(zip(accounts.tolist(), charged.tolist(), strict=True))
    for place, (account, statement) in enumerate(zip(late["account_id"].tolist(), bearing, strict=True)):
        if statement is not None:
            amounts[place] = interest_late_fee(terms, fee, histories[place], statement, interest.get(account, 0))
    return amounts


def _unsealed(statements: Columns, _postings: Columns, _starts: Any) -> np.ndarray:
    return np.zeros((len(statements["account_id"]), 32), dtype=np.uint8)


def _rows(columns: Columns) -> zip[tuple[Any, ...]]:
    return zip(*(column.tolist() for column in columns.values()), strict=True)
