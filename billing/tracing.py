"""From the engine's trace to the days that a charge of interest is made of: which balance, from when to when.

The runs of a segment add up to the balance-days that its interest was counted on, exactly; `interest_runs` makes sure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from psycopg import Connection

from accounts.calendar import day_of
from accounts.columns import Columns
from billing.balances import BILLED, CASH, NEW, REVOLVING, Int64Array
from billing.closing import derive_statements
from billing.cycle import CycleClosing, Trace

#: Segments that interest is charged on, with the statement column of their balance-days.
SEGMENTS = {"purchase": "purchase_balance_days", "cash_advance": "cash_balance_days", "over_limit": "over_limit_balance_days"}


@dataclass(frozen=True)
class Run:
    """Days in a row on which the same balance bore interest: first and last day, balance in minor units.

    correction: balance-days that are taken off, because they bore the over-limit rate before (balance is 0 then).
    """

    first: date
    last: date
    balance: int
    correction: int = 0

    @property
    def days(self) -> int:
        """How many days the run has."""
        return (self.last - self.first).days + 1

    @property
    def balance_days(self) -> int:
        """What the run contributes, minor units x days."""
        return self.balance * self.days + self.correction


def interest_runs(trace: Trace, account: int, before: Trace | None, expected: Mapping[str, int]) -> dict[str, list[Run]]:
    """The runs of equal balance that each segment's interest of one closing was counted on.

    trace: of the closing; account: its index in the batch; before: the trace of the account's previous closing (a batch of
    one), needed where grace was lost on all that it billed; expected: the statement's balance-days by column.
    Raises AssertionError if the runs do not add up to them.
    """
    closing = trace.closing
    if closing is None:
        return {}
    by_day = {"purchase": _purchase_days(trace, closing, account, before), "cash_advance": {}, "over_limit": {}}
    for position, day in enumerate(trace.days):
        if trace.counted[position][account]:
            _add(by_day["cash_advance"], day, int(trace.bases[position][CASH, account]))
            _add(by_day["over_limit"], day, int(trace.over_limit[position][account]))
    for balance, owner, first, until, amount in trace.spans:
        if owner == account and balance == CASH:
            _add_span(by_day["cash_advance"], first, until, amount)
    runs = {segment: _runs(days) for segment, days in by_day.items()}
    for segment, column in SEGMENTS.items():
        _settle(runs[segment], expected[column], segment, closing)
    return {segment: each for segment, each in runs.items() if each}


def interest_runs_of(connection: Connection[Any], member_id: int, account_id: int, closes_on: date) -> dict[str, list[Run]]:
    """The runs that an issued statement's interest was counted on, by segment, derived again from the books.

    Raises LookupError if the account has no statement of that day.
    """
    rows = connection.execute(
        "SELECT s.closes_on, s.cycle_no, s.purchase_balance_days, s.cash_balance_days, s.over_limit_balance_days"
        " FROM statement s"
        " WHERE s.member_id = %s AND s.account_id = %s AND s.closes_on <= %s AND s.cycle_no > 0"
        " ORDER BY s.cycle_no DESC LIMIT 2", (member_id, account_id, closes_on),
    ).fetchall()
    if not rows or rows[0][0] != closes_on:
        raise LookupError(f"no statement of {closes_on}")
    traces = [_trace(connection, member_id, account_id, row[0]) for row in rows]
    expected = dict(zip(SEGMENTS.values(), rows[0][2:], strict=True))
    return interest_runs(traces[0], 0, traces[1] if len(traces) > 1 else None, expected)


def _trace(connection: Connection[Any], member_id: int, account_id: int, closes_on: date) -> Trace:
    derived = derive_statements(connection, closes_on, member_id, member_id, _unsealed, account_id=account_id, trace=True)
    return next(trace for _, trace in derived.traces.values())


def _unsealed(statements: Columns, _postings: Columns, _starts: Int64Array) -> np.ndarray:
    return np.zeros((len(statements["account_id"]), 32), dtype=np.uint8)


def _purchase_days(trace: Trace, closing: CycleClosing, account: int, before: Trace | None) -> dict[int, int]:
    terms, days = closing.terms, dict[int, int]()
    kept = bool(closing.kept[account]) and closing.purchases_have_grace
    rows = [REVOLVING] if kept else [REVOLVING, BILLED]
    if not closing.purchases_have_grace or (not kept and terms.grace.lost_for == "all"):
        rows.append(NEW)
    for position, day in enumerate(trace.days):
        if not trace.counted[position][account]:
            continue
        for row in rows:
            balance = int(trace.bases[position][row, account])
            if closing.unpaid_form and row != NEW and day <= closing.cut[account]:
                balance = int(closing.at_cut[row, account])
                if trace.taken:
                    balance -= min(balance, int(trace.taken[position][0 if row == REVOLVING else 1][account]))
            _add(days, day, balance)
    for balance, owner, first, until, amount in trace.spans:
        if owner == account and balance in rows:
            _add_span(days, first, until, amount)
    if BILLED in rows and not closing.unpaid_form and before is not None and closing.state.billed_balance_days[account]:
        # What had not fallen due at that closing was billed again by it.
        billed_then = [NEW, BILLED] if before.closing is not None and before.closing.in_time[0] else [NEW]
        for position, day in enumerate(before.days):
            if before.counted[position][0]:
                _add(days, day, int(before.bases[position][billed_then, 0].sum()))
        for balance, _, first, until, amount in before.spans:
            if balance == NEW:
                _add_span(days, first, until, amount)
    return days


def _add(days: dict[int, int], day: int, balance: int) -> None:
    if balance:
        days[day] = days.get(day, 0) + balance


def _add_span(days: dict[int, int], first: int, until: int, amount: int) -> None:
    for day in range(first, until):
        _add(days, day, amount)


def _runs(days: Mapping[int, int]) -> list[Run]:
    runs: list[Run] = []
    for day in sorted(days):
        on = day_of(day)
        if runs and runs[-1].balance == days[day] and (on - runs[-1].last).days == 1:
            runs[-1] = Run(runs[-1].first, on, days[day])
        else:
            runs.append(Run(on, on, days[day]))
    return [run for run in runs if run.balance]


def _settle(runs: list[Run], expected: int, segment: str, closing: CycleClosing) -> None:
    """Make the difference that the over-limit rate caused in an earlier cycle a line of its own."""
    difference = expected - sum(run.balance_days for run in runs)
    if not difference:
        return
    if segment == "purchase" and closing.unpaid_form and closing.over_limit_rate and difference < 0:
        on = day_of(closing.start)
        runs.append(Run(on, on, 0, difference))
        return
    raise AssertionError(f"the days of the {segment} interest do not add up: {difference} balance-days are unexplained")
