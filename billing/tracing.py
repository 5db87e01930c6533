"""From the engine's trace to the days that a charge of interest is made of: which balance, from when to when, at what rate.

The runs of a charge come to it exactly, rounded as the terms say: `interest_of_runs` works it out from them alone, one
account at a time, in fractions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from itertools import groupby
from typing import Any

import numpy as np
from psycopg import Connection

from accounts.calendar import day_of
from accounts.columns import Columns
from accounts.money import minor_units
from billing.balances import Int64Array
from billing.bearing import WHOLE_CYCLE, Bearing, Timeline
from billing.cells import FIRST
from billing.closed_cycle import Trace
from billing.closing import derive_statements
from billing.interest import Tiers
from billing.terms_by_day import TermsByDay
from fees.rounding import round_fraction
from fees.terms import Terms

#: Segments that interest is charged on, with the statement column of their balance-days.
SEGMENTS = {"purchase": "purchase_balance_days", "cash_advance": "cash_balance_days", "over_limit": "over_limit_balance_days"}


@dataclass(frozen=True)
class Run:
    """Days in a row on which the same balance bore interest at the same rates: first and last day, balance in minor units.

    tiers: the rates of each of its days by part of the balance; newer: debits of the cycle itself, where the terms round their
    runs apart.
    """

    first: date
    last: date
    balance: Fraction
    tiers: Tiers
    newer: bool = False

    @property
    def days(self) -> int:
        """How many days the run has."""
        return (self.last - self.first).days + 1

    @property
    def balance_days(self) -> Fraction:
        """What the run contributes, minor units x days."""
        return self.balance * self.days

    @property
    def parts(self) -> list[tuple[Fraction, Fraction]]:
        """The parts of the balance with their rates a day."""
        return parts_of(self.balance, self.tiers)

    @property
    def a_day(self) -> Fraction:
        """The interest of one of its days, not rounded, minor units."""
        return sum((part * rate for part, rate in self.parts), Fraction(0))


def parts_of(balance: Fraction, tiers: Tiers) -> list[tuple[Fraction, Fraction]]:
    """A balance split by the amounts up to which each rate holds."""
    parts, lower = [], 0
    for up_to, rate in tiers:
        upper = balance if up_to is None else min(balance, Fraction(up_to))
        if upper > lower:
            parts.append((upper - lower, rate))
        lower = up_to or 0
    return parts


def interest_of_runs(terms: Terms, runs: Sequence[Run], deferred: bool = False) -> tuple[Fraction, int]:
    """What runs come to: not rounded, and as charged; minor units. deferred: of interest that was put off."""
    interest = terms.interest
    unit, per = minor_units(interest.rounding_unit, terms.digits), interest.rounded_per

    def rounded(exact: Fraction) -> int:
        return int(round_fraction(np.array([exact.numerator], dtype=object), exact.denominator, interest.rounding, unit)[0])

    if interest.method in WHOLE_CYCLE or deferred:
        exact = sum((run.a_day * run.days for run in runs), Fraction(0))
        return exact, rounded(exact)
    if interest.compounding == "daily":
        return _compounded(runs, rounded if per != "total" else None, rounded)
    if per == "segment":
        return (sum((run.a_day * run.days for run in runs), Fraction(0)), sum(rounded(run.a_day * run.days) for run in runs))
    exact = sum((run.a_day * run.days for run in runs), Fraction(0))
    if per == "total":
        return exact, rounded(exact)
    return exact, sum(rounded(sum((run.a_day for run in same_day), Fraction(0))) for _, same_day in by_day(runs))


def by_day(runs: Sequence[Run]) -> Iterator[tuple[int, list[Run]]]:
    """The runs cut into single days, those of one day together, in order."""
    days = [(run.first.toordinal() + offset, run) for run in runs for offset in range(run.days)]
    days.sort(key=lambda each: each[0])
    for day, same in groupby(days, key=lambda each: each[0]):
        yield day, [run for _, run in same]


def _compounded(runs: Sequence[Run], of_day: Any, rounded: Any) -> tuple[Fraction, int]:
    joined = Fraction(0)
    for _, same_day in by_day(runs):
        exact = sum((part * rate for run in same_day for part, rate in parts_of(run.balance + joined, run.tiers)), Fraction(0))
        joined += of_day(exact) if of_day else exact
    return joined, rounded(joined)


def interest_runs(trace: Trace, account: int) -> dict[str, list[Run]]:
    """The runs that each segment's interest of one closing was counted on, by the segment's name; account: index in it."""
    terms_by_day, cells = trace.by_day, trace.cells
    if terms_by_day is None or cells is None:
        return {}
    found: dict[str, list[Run]] = {}
    apart = terms_by_day.first.interest.rounded_per == "segment" and terms_by_day.first.interest.compounding != "daily"
    for segment, bearing in trace.bearings.items():
        row = segment - FIRST
        rates = _Rates(terms_by_day, row, trace, account)
        if segment in trace.bases:
            base = Fraction(int(trace.bases[segment][0][account]), int(trace.bases[segment][1][account]))
            found[cells.rows[row].name] = _whole_cycle(trace, account, base, rates)
        else:
            together = any(len(rates.on(day)) > 1 for day in _days(bearing))
            found[cells.rows[row].name] = _runs(bearing, account, rates, apart and not together, _bears_on(trace))
    for row, owner, last, balance_days, rate in trace.deferred:
        if owner == account:
            # All that the debit ran up while its segment lasted, shown on its last day.
            on = day_of(last)
            found.setdefault(f"deferred.{cells.rows[row].name}", []).append(
                Run(on, on, Fraction(balance_days), ((None, rate),)))
    if trace.excess is not None:
        none = Timeline(trace.start, [np.zeros_like(trace.excess)])
        excess = Bearing(-1, none, Timeline(trace.start, [trace.excess]), np.zeros(0, dtype=np.int64))
        found["over_limit"] = _runs(excess, account, _Rates(terms_by_day, None, trace, account), apart)
    return {name: runs for name, runs in found.items() if runs}


class _Rates:
    """The rates of one segment for one account, day by day; row None: of the excess over the limit."""

    def __init__(self, by_day: TermsByDay, row: int | None, trace: Trace, account: int) -> None:
        self.terms_by_day, self.row, self.own, self.account = by_day, row, trace.own, account

    def on(self, day: int) -> Tiers:
        if self.row is None:
            return ((None, self.terms_by_day.over_limit_rate(day)),)
        for rate, whose in () if self.own is None else self.own.on(day):
            if whose[self.account]:
                return ((None, rate),)
        return self.terms_by_day.segment_rate(self.row, day)


def _days(bearing: Bearing) -> range:
    lines = (bearing.older, bearing.newer)
    return range(min(each.start for each in lines), max(each.start + len(each.layers[0]) for each in lines))


def _bears_on(trace: Trace) -> int | None:
    """The last day on which interest that joined the balance bears interest itself; None where none joins by day."""
    assert trace.by_day is not None
    assert trace.walked is not None
    return trace.walked.last_day if trace.by_day.first.interest.compounding == "daily" else None


def _runs(bearing: Bearing, account: int, rates: _Rates, apart: bool, bears_on: int | None = None) -> list[Run]:
    """The runs of one account; bears_on: up to that day, days without a balance are shown as well once there was one."""
    lines = [[bearing.older], [bearing.newer]] if apart else [[bearing.older, bearing.newer]]
    runs: list[Run] = []
    for number, timelines in enumerate(lines):
        stream: list[Run] = []
        ended = False
        for day in _days(bearing):
            if bears_on is not None and day > bears_on:
                break
            for layer in (1, 0):
                balance = sum(_at(each, layer, day, account) for each in timelines)
                if layer == 1 and not balance:
                    continue
                on, tiers = day_of(day), rates.on(day)
                last = stream[-1] if stream else None
                if last is not None and not ended and last.balance == balance and last.tiers == tiers and (
                        on - last.last).days == 1:
                    stream[-1] = replace(last, last=on)
                else:
                    stream.append(Run(on, on, Fraction(balance), tiers, apart and number == 1))
                ended = layer == 1
        first = next((run.first for run in stream if run.balance), None)
        runs += [run for run in stream if run.balance or (
            bears_on is not None and first is not None and run.first > first)]
    return sorted(runs, key=lambda run: (run.newer, run.first))


def _at(timeline: Timeline, layer: int, day: int, account: int) -> int:
    position = day - timeline.start
    if layer >= len(timeline.layers) or not 0 <= position < len(timeline.layers[layer]):
        return 0
    return int(timeline.layers[layer][position, account])


def _whole_cycle(trace: Trace, account: int, base: Fraction, rates: _Rates) -> list[Run]:
    walked = trace.walked
    assert walked is not None
    runs: list[Run] = []
    for position in np.flatnonzero(walked.counted[:, account]).tolist():
        on, tiers = day_of(walked.start + position), rates.on(walked.start + position)
        if runs and runs[-1].tiers == tiers:
            runs[-1] = replace(runs[-1], last=on)
        else:
            runs.append(Run(on, on, base, tiers))
    return [run for run in runs if run.balance]


def interest_runs_of(connection: Connection[Any], member_id: int, account_id: int, closes_on: date) -> dict[str, list[Run]]:
    """The runs that an issued statement's interest was counted on, by segment, derived again from the books.

    Raises LookupError if the account has no statement of that day; AssertionError if the runs are not what it says.
    """
    row = connection.execute(
        "SELECT s.purchase_balance_days, s.cash_balance_days, s.over_limit_balance_days FROM statement s"
        " WHERE s.member_id = %s AND s.account_id = %s AND s.closes_on = %s AND s.cycle_no > 0",
        (member_id, account_id, closes_on),
    ).fetchone()
    if row is None:
        raise LookupError(f"no statement of {closes_on}")
    derived = derive_statements(connection, closes_on, member_id, member_id, unsealed, account_id=account_id, trace=True)
    trace = next(trace for _, trace in derived.traces)
    runs = interest_runs(trace, 0)
    check_runs(trace, runs, dict(zip(SEGMENTS.values(), row, strict=True)))
    return runs


def check_runs(trace: Trace, runs: Mapping[str, Sequence[Run]], expected: Mapping[str, int]) -> None:
    """Raises AssertionError if the runs do not add up to a statement's balance-days; expected: these, by column."""
    for segment, column in SEGMENTS.items():
        found = sum(run.balance_days for run in runs.get(segment, ()))
        if int(found) != expected[column]:
            raise AssertionError(f"the days of the {segment} interest do not add up: "
                                 f"{expected[column] - int(found)} balance-days are unexplained")


def unsealed(statements: Columns, _postings: Columns, _starts: Int64Array) -> np.ndarray:
    """No seal: for what is derived only to be looked at."""
    return np.zeros((len(statements["account_id"]), 32), dtype=np.uint8)
