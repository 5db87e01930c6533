"""Minimum payments that were not met: how much is past due, since when, and when the penalty rate holds.

Unpaid minimums are a queue by due date; what is received pays the oldest first.
Source: docs/reference/billing-rules.md, 9 and 13.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from accounts.money import minor_units
from billing.arrangements import HARDSHIP, PAYMENT_HOLIDAY, RE_AGE, Arrangements
from billing.balances import BoolArray, Int64Array
from billing.carried import PENALTY, UNPAID_MINIMUM, Carried
from billing.state import OpeningState
from fees.terms import Terms

NEVER = 0
_FAR = 2**31


@dataclass(frozen=True)
class ReAge:
    """Accounts brought current in the cycle: on which day (day numbers, far away: not), what had been received by its end,
    and what of each minimum is asked from then on, (entries, accounts)."""

    on: Int64Array
    received: Int64Array
    amount: Int64Array


@dataclass(frozen=True)
class Queue:
    """The minimums of a batch that may still be unpaid, oldest first: shape (entries, accounts), zero where there is none.

    due_on: day numbers; amount: minor units still unpaid at the previous closing; re_age: of accounts brought current since.
    arrangements: payment holidays, whose days are not counted as days past due.
    """

    due_on: Int64Array
    amount: Int64Array
    re_age: ReAge | None = None
    arrangements: Arrangements | None = None

    def after(self, received: Int64Array, on: int) -> Int64Array:
        """What is left of each at the end of a day when so much has come in, (entries, accounts); a returned payment adds
        nothing."""
        left = _after(self.amount, received)
        if self.re_age is None:
            return left
        return np.where(self.re_age.on <= on, _after(self.re_age.amount, received - self.re_age.received), left)

    def days_past_due(self, due_on: Int64Array, on: int) -> Int64Array:
        """Days from due dates to a day, those of payment holidays not counted; due_on: the last axis the accounts."""
        days = on - due_on
        return days if self.arrangements is None else days - self.arrangements.holiday_days(due_on, on)


def _after(amount: Int64Array, received: Int64Array) -> Int64Array:
    left: Int64Array = np.clip(np.cumsum(amount, axis=0) - received, 0, amount)
    return left


def unpaid_minimums(state: OpeningState, carried: Carried) -> Queue:
    """The queue at the beginning of a cycle: what earlier statements asked for and did not get, then the last one's own.

    Of an account several older ones are `carried` rows.
    """
    minimum, past_due, oldest_due_on = state.minimum_payment_due, state.past_due, state.oldest_unpaid_due_on
    rows, accounts = carried.of_kind(UNPAID_MINIMUM), len(minimum)
    position = _within_account(rows.account)
    depth = int(position.max(initial=0)) + 1
    due, amount = np.zeros((depth + 1, accounts), dtype=np.int64), np.zeros((depth + 1, accounts), dtype=np.int64)
    # One older one alone is told by the statement's own columns. It stands last of the older ones, right before the newest.
    several = np.zeros(accounts, dtype=bool)
    several[rows.account] = True
    due[depth - 1], amount[depth - 1] = np.where(several, 0, oldest_due_on), np.where(several, 0, past_due)
    due[position, rows.account], amount[position, rows.account] = rows.began_on, rows.amount
    due[depth], amount[depth] = state.due_on, np.maximum(minimum - state.past_due_asked, 0)
    return Queue(due, amount)


def arranged(queue: Queue, arrangements: Arrangements, received_by_day: Int64Array, start: int, previous_closing: Int64Array,
             closes_on: int) -> Queue:
    """The queue as arrangements leave it: minimums due in a payment holiday are not asked, nor after a re-age those due by
    then.

    received_by_day: what had come in by the end of each day, (days, accounts), the first of them `start`.
    """
    asked = ~arrangements.holds(PAYMENT_HOLIDAY, queue.due_on[-1])
    amount = queue.amount.copy()
    amount[-1] *= asked
    on = arrangements.last_in(RE_AGE, previous_closing, closes_on)
    re_aged = np.flatnonzero(on)
    if not re_aged.size:
        return replace(queue, amount=amount, arrangements=arrangements)
    received = np.zeros_like(on)
    received[re_aged] = received_by_day[on[re_aged] - start, re_aged]
    then = np.where(queue.due_on <= on[None], 0, _after(amount, received))
    return Queue(queue.due_on, amount, ReAge(np.where(on > 0, on, _FAR), received, then), arrangements)


def _within_account(account: Int64Array) -> Int64Array:
    """Position of each row among those of its account; rows are sorted by account."""
    if not len(account):
        return account
    return np.arange(len(account)) - np.searchsorted(account, account)


def missed(terms: Terms, queue: Queue, received: Int64Array, on: int, digits: int) -> Int64Array:
    """Of each minimum, what is missed as of a day, (entries, accounts): due date and tolerance are over, and it is short by
    more than the tolerated amount."""
    left = queue.after(received, on)
    over = (queue.due_on + terms.cycle.tolerance_days <= on) & (left > minor_units(terms.cycle.tolerance_amount, digits))
    return np.where(over, left, 0)


@dataclass
class PastDue:
    """Past due at a closing: amount, due date of the oldest (0: none), days past due, and rows to carry where several are
    unpaid."""

    amount: Int64Array
    oldest_due_on: Int64Array
    days: Int64Array
    carried: Carried

    def without(self, accounts: BoolArray) -> PastDue:
        """The same where some accounts no longer owe what was past due; their days stay told."""
        return replace(self, amount=np.where(accounts, 0, self.amount),
                       oldest_due_on=np.where(accounts, NEVER, self.oldest_due_on))


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
    days = np.where(oldest > NEVER, queue.days_past_due(oldest, closes_on), 0)
    return PastDue(short.sum(axis=0), oldest, days, rows)


@dataclass
class Penalty:
    """Which days of a cycle bear the penalty rate, (days, accounts), and the rows to carry; since: the day, a day number, from
    which on they did as the cycle began (NEVER: they did not)."""

    days: BoolArray
    carried: Carried
    since: Int64Array


def penalty_of(terms: Terms, queue: Queue, received_by_day: Int64Array, met: BoolArray, start: int,
               previous_closing: Int64Array, closes_on: int, carried: Carried, digits: int) -> Penalty | None:
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
    opening = since
    for offset in range(days):
        day = start + offset
        late = missed(terms, queue, received_by_day[offset], day, digits) > 0
        begins = (since == NEVER) & (late & (queue.days_past_due(queue.due_on, day) > rule.after_days_past_due)).any(axis=0)
        if queue.arrangements is not None:
            begins &= ~queue.arrangements.holds(HARDSHIP, np.full(accounts, day))
        since = np.where(begins, day, since)
    under = (since[None] > NEVER) & (np.arange(start, start + days)[:, None] >= since[None])
    newest_due = queue.due_on[-1]
    decided = (since > NEVER) & (newest_due > since) & (newest_due + terms.cycle.tolerance_days <= closes_on)
    if queue.arrangements is not None:
        # A minimum that was not asked is neither met nor missed.
        decided &= ~(queue.arrangements.holds(PAYMENT_HOLIDAY, newest_due)
                     | queue.arrangements.holds(PAYMENT_HOLIDAY, previous_closing))
    count = np.where(decided, np.where(met, count + 1, 0), count)
    still = np.flatnonzero((since > NEVER) & (count < rule.cured_after_on_time))
    return Penalty(under, Carried.rows(still, PENALTY, began_on=since[still], amount=count[still]), opening)
