"""Whether a statement was paid in full and grace kept, and which days a closing has to see because of it.

Source: docs/reference/billing-rules.md, 3.
"""

from __future__ import annotations

import numpy as np

from accounts.calendar import day_number, day_of
from accounts.money import minor_units
from billing.arrangements import Arrangements
from billing.balances import Int64Array
from billing.bearing import Decided, needs_days
from billing.disputes import Disputes
from billing.postings import Events, received
from billing.state import OpeningState
from billing.terms_by_day import TermsByDay
from fees.terms import Terms

#: Interest reaches back at most so many days before the previous closing.
LONGEST_REACH = 62


def received_in_time(terms: Terms, state: OpeningState, events: Events) -> Int64Array:
    """What each account's previous statement was paid by its due date (and tolerance), minor units, shape (accounts,)."""
    counted = received(terms, events)
    some = np.flatnonzero(counted)
    account = events.account[some]
    in_time = events.effective_on[some] <= (state.due_on + terms.cycle.tolerance_days)[account]
    total = np.zeros_like(state.new_balance)
    np.add.at(total, account[in_time], counted[some][in_time])
    return total


def decide_grace(terms: Terms, state: OpeningState, paid_in_time: Int64Array, closes_on: int, digits: int) -> Decided:
    """Whether the previous statement was paid in full, and grace kept; a statement of zero or less is paid in full.

    paid_in_time: as `received_in_time` gives it. Where it can still be paid in time after this closing (a preview, an account
    taken over in the middle of a cycle), grace is not decided yet and nothing of it is missed.
    """
    in_time = np.asarray(state.due_on + terms.cycle.tolerance_days > closes_on)
    owed = state.new_balance - minor_units(terms.cycle.tolerance_amount, digits)
    paid = (paid_in_time >= owed) | (state.new_balance <= 0) | in_time
    kept = paid & ((state.grace == 0) | in_time) if terms.grace.requires == "previous_and_new_balance" else paid
    return Decided(paid, kept, in_time)


def sees_days(by_day: TermsByDay, state: OpeningState, arrangements: Arrangements | None) -> bool:
    """Whether each day has to be seen: the terms ask for it, another version came into force within the days that count, or
    an account has a rate of its own on some of them."""
    first = int(state.previous_closing.min(initial=day_number(by_day.closes_on))) - LONGEST_REACH
    return needs_days(by_day.first) or by_day.changes(day_of(first)) or (
        arrangements is not None and arrangements.changes_rates(first, day_number(by_day.closes_on)))


def needs_before(by_day: TermsByDay, state: OpeningState, events: Events, traced: bool,
                 arrangements: Arrangements | None = None, disputes: Disputes | None = None) -> Int64Array:
    """The accounts whose closing has to see the days of the cycle before, indexes into the batch.

    Where every day bears the same rate and is rounded with the others, the balance-days that the statement carries do; but not
    where debits among them are disputed since.
    """
    terms = by_day.first
    if not (traced or disputes is not None or sees_days(by_day, state, arrangements)):
        return np.zeros(0, dtype=np.int64)
    if terms.interest.method == "two_cycle" or disputes is not None:
        return np.arange(len(state.new_balance))
    decided = decide_grace(terms, state, received_in_time(terms, state, events), day_number(by_day.closes_on), terms.digits)
    unconditional = (state.grace > 0) & (terms.interest.revolving_new_purchases == "next_statement")
    needed = ~decided.kept | unconditional
    if terms.interest.penalty.rate_key is not None:
        # Days of the cycle before may have been under the penalty rate, and debits that come late bear on them.
        needed[events.account[events.effective_on <= state.previous_closing[events.account]]] = True
    return np.flatnonzero(needed)
