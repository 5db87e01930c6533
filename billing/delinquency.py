"""Minimum payments that were not met: how much is past due, since when, and when the penalty rate holds.

Unpaid minimums are a queue by due date; what is received pays the oldest first. Source: docs/reference/billing-rules.md, 9.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from accounts.money import minor_units
from billing.balances import BoolArray, Int64Array
from billing.carried import PENALTY, UNPAID_MINIMUM, Carried
from fees.terms import Terms

NEVER = 0


@dataclass
class Queue:
    """The minimums of a batch that may still be unpaid, oldest first: shape (entries, accounts), zero where there is none.

    due_on: day numbers; amount: minor units still unpaid at the previous closing.
    """

    due_on: Int64Array
    amount: Int64Array

    def after(self, received: Int64Array) -> Int64Array:
        """What is left of each when so much has come in, (entries, accounts); a returned payment adds nothing."""
        reached = np.cumsum(self.amount, axis=0)
        left: Int64Array = np.clip(reached - received, 0, self.amount)
        return left


def unpaid_minimums(terms: Terms, minimum: Int64Array, past_due: Int64Array, oldest_due_on: Int64Array, due_on: Int64Array,
                    carried: Carried) -> Queue:
    """The queue at the beginning of a cycle: what earlier statements asked for and did not get, then the last one's own.

    minimum, past_due, oldest_due_on, due_on: of the previous statement, (accounts,); several older ones are `carried` rows.
    """
    rows, accounts = carried.of_kind(UNPAID_MINIMUM), len(minimum)
    position = _within_account(rows.account)
    depth = int(position.max(initial=0)) + 1
    due, amount = np.zeros((depth + 1, accounts), dtype=np.int64), np.zeros((depth + 1, accounts), dtype=np.int64)
    # One older one alone is told by the statement's own columns. It stands last of the older ones, right before the newest.
    several = np.zeros(accounts, dtype=bool)
    several[rows.account] = True
    due[depth - 1], amount[depth - 1] = np.where(several, 0, oldest_due_on), np.where(several, 0, past_due)
    due[position, rows.account], amount[position, rows.account] = rows.began_on, rows.amount
    asked_before = "past_due" in terms.minimum_payment.add
    due[depth], amount[depth] = due_on, np.maximum(minimum - past_due, 0) if asked_before else minimum
    return Queue(due, amount)


def _within_account(account: Int64Array) -> Int64Array:
    """Position of each row among those of its account; rows are sorted by account."""
    if not len(account):
        return account
    return np.arange(len(account)) - np.searchsorted(account, account)


def missed(terms: Terms, queue: Queue, received: Int64Array, on: int, digits: int) -> Int64Array:
    """Of each minimum, what is missed as of a day, (entries, accounts): due date and tolerance are over, and it is short by
    more than the tolerated amount."""
    left = queue.after(received)
    over = (queue.due_on + terms.cycle.tolerance_days <= on) & (left > minor_units(terms.cycle.tolerance_amount, digits))
    return np.where(over, left, 0)


@dataclass
class PastDue:
    """Past due at a closing: amount, due date of the oldest (0: none), and rows to carry where several are unpaid."""

    amount: Int64Array
    oldest_due_on: Int64Array
    carried: Carried


def past_due_at(terms: Terms, queue: Queue, received: Int64Array, closes_on: int, new_balance: Int64Array,
                digits: int) -> PastDue:
    """What of earlier minimums is still unpaid at a closing, never more than the new balance: the newest give way."""
    short = missed(terms, queue, received, closes_on, digits)
    owed = np.maximum(new_balance, 0)
    before = np.cumsum(short, axis=0) - short
    short = np.clip(owed - before, 0, short)
    unpaid = short > 0
    first = unpaid.argmax(axis=0)
    oldest = np.where(unpaid.any(axis=0), np.take_along_axis(queue.due_on, first[None], axis=0)[0], NEVER)
    entry, account = np.nonzero(unpaid & (unpaid.sum(axis=0) > 1))
    rows = Carried.rows(account, UNPAID_MINIMUM, began_on=queue.due_on[entry, account], amount=short[entry, account])
    return PastDue(short.sum(axis=0), oldest, rows)


@dataclass
class Penalty:
    """Which days of a cycle bear the penalty rate, (days, accounts), and the rows to carry."""

    days: BoolArray
    carried: Carried


def penalty_of(terms: Terms, queue: Queue, received_by_day: Int64Array, met: BoolArray, start: int, closes_on: int,
               carried: Carried, digits: int) -> Penalty | None:
    """When accounts are under the penalty rate in a cycle; None where the terms have none.

    received_by_day: what had come in by the end of each day, (days, accounts), the first of them `start`; met: whether the
    previous statement's minimum was met in time.
    """
    rule = terms.interest.penalty
    if rule.rate_key is None:
        return None
    days, accounts = received_by_day.shape
    since, count = np.zeros(accounts, dtype=np.int64), np.zeros(accounts, dtype=np.int64)
    rows = carried.of_kind(PENALTY)
    since[rows.account], count[rows.account] = rows.began_on, rows.amount
    for offset in range(days):
        day = start + offset
        late = missed(terms, queue, received_by_day[offset], day, digits) > 0
        begins = (since == NEVER) & (late & (queue.due_on < day - rule.after_days_past_due)).any(axis=0)
        since = np.where(begins, day, since)
    under = (since[None] > NEVER) & (np.arange(start, start + days)[:, None] >= since[None])
    newest_due = queue.due_on[-1]
    decided = (since > NEVER) & (newest_due > since) & (newest_due + terms.cycle.tolerance_days <= closes_on)
    count = np.where(decided, np.where(met, count + 1, 0), count)
    still = np.flatnonzero((since > NEVER) & (count < rule.cured_after_on_time))
    return Penalty(under, Carried.rows(still, PENALTY, began_on=since[still], amount=count[still]))
