"""What of each day's balances bears interest at a closing, by segment: grace, its loss, and how far it reaches back.

Source: docs/reference/billing-rules.md, 1.5 and 4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from billing.balances import BoolArray, Int64Array
from billing.cells import BILLED, FEES, FIRST, INTEREST, NEW, PRINCIPAL, REVOLVING, Cells
from billing.delinquency import Penalty
from billing.state import OpeningState
from billing.terms_by_day import TermsByDay
from billing.walk import Walked
from fees.terms import Terms

#: Methods that take one base for the whole cycle, which reaches back to nothing.
WHOLE_CYCLE = ("previous_balance", "adjusted_balance", "ending_balance", "two_cycle")


@dataclass(frozen=True)
class Before:
    """The cycle before, walked again: its days say when what it billed came in and what was left of it day by day.

    accounts: index into the batch of each account it was walked for; undecided: which of these still had grace open on an
    earlier statement at its closing; interest: posted at its closing, per account; penalty: as in that cycle.
    """

    accounts: Int64Array
    walked: Walked
    cells: Cells
    undecided: BoolArray
    fees_at_closing: Int64Array
    interest_at_closing: Int64Array
    penalty: Penalty | None


@dataclass
class Timeline:
    """What bears interest in one segment, by day: `layers` are arrays (days, accounts) from day `start` on.

    The second layer, if there is one, holds the balance before the money of days that bear interest at both; it comes first in
    its day. Where a closing needs no days, `balance_days` alone says what they came to before this cycle.
    """

    start: int
    layers: list[Int64Array]


@dataclass
class Bearing:
    """What bears interest in one segment at a closing: what was owed before and what is new, each a timeline of its own;
    balance_days: of days before the cycle that no timeline shows, (accounts,)."""

    segment: int
    older: Timeline
    newer: Timeline
    balance_days: Int64Array


@dataclass(frozen=True)
class Decided:
    """What was decided for each account: statement paid in full, grace kept, whether that is still open."""

    paid: BoolArray
    kept: BoolArray
    in_time: BoolArray


class BearingOfCycle:
    """Works out what bears interest at one closing of a batch; `of_segment` gives each segment's."""

    def __init__(self, by_day: TermsByDay, cells: Cells, state: OpeningState, walked: Walked, decided: Decided,
                 before: Before | None, by_days: bool) -> None:
        self.by_days = by_days  # every day has to be seen, not only what they come to
        self.by_day, self.terms, self.cells, self.state = by_day, by_day.first, cells, state
        self.walked, self.decided, self.before = walked, decided, before
        self.accounts = len(state.new_balance)
        self.days = np.arange(walked.start, walked.start + len(walked.bases))
        self.cut = state.due_on + self.terms.cycle.tolerance_days
        self.all_lost = ~decided.kept & (self.terms.grace.lost_for == "all")

    def of_segment(self, segment: int) -> Bearing:
        """What bears interest in a segment."""
        layers = [self.walked.bases] + ([self.walked.doubled] if self.walked.doubled is not None else [])
        older = [self._older(segment, each) for each in layers]
        newer = [self._newer(segment, each) for each in layers]
        bearing = Bearing(segment, Timeline(self.walked.start, older), Timeline(self.walked.start, newer),
                          np.zeros(self.accounts, dtype=np.int64))
        if self.terms.interest.method not in WHOLE_CYCLE:
            self._span_days(bearing)
            self._reach_back(bearing)
        return bearing

    def whole(self, segment: int, balances: Int64Array, with_new: bool) -> Int64Array:
        """What bears interest of balances taken once for the whole cycle, (accounts,); balances: (cells, accounts)."""
        if not self.cells.has_grace(segment):
            return self._sum(balances, segment, (REVOLVING, BILLED, NEW) if with_new else (REVOLVING, BILLED))
        revolving = self._sum(balances, segment, (REVOLVING,))
        if self.terms.interest.residual_interest == "waive":
            revolving *= ~self.decided.paid
        bears = revolving + self._sum(balances, segment, (BILLED,)) * ~self.decided.kept
        return bears + self._sum(balances, segment, (NEW,)) * self._bears_new(segment) if with_new else bears

    def whole_segment_before(self, segment: int) -> tuple[Int64Array, Int64Array]:
        """Balance-days of the whole segment in the cycle before, and its interest days; 0 and 1 where there was none, or
        where grace is kept."""
        total, days = np.zeros(self.accounts, dtype=np.int64), np.ones(self.accounts, dtype=np.int64)
        if self.before is not None:
            walked, cells = self.before.walked, self.before.cells
            rows = [cell for age in (REVOLVING, BILLED, NEW) for cell in cells.bearing_as(self._segment_before(segment), age)]
            of_days = walked.bases[:, rows].sum(axis=(0, 1))
            if walked.doubled is not None:
                of_days = of_days + walked.doubled[:, rows].sum(axis=(0, 1))
            total[self.before.accounts] = of_days
            total -= self._disputed_before(segment)
            if self.cells.has_grace(segment):
                total *= ~self.decided.kept
            days[self.before.accounts] = np.maximum(walked.counted.sum(axis=0), 1)
        return total, days

    def _disputed_before(self, segment: int) -> Int64Array:
        """Balance-days in the cycle before of what was billed then and is disputed now: they bear nothing either."""
        assert self.before is not None
        total, walked = np.zeros(self.accounts, dtype=np.int64), self.before.walked
        cells = self.before.cells.of_kind(self._segment_before(segment), PRINCIPAL, NEW)
        for account, disputed, counts_from, amount in self.walked.not_reached:
            for place in np.flatnonzero(self.before.accounts == account).tolist() if disputed == segment else ():
                for base in (walked.bases, *([] if walked.doubled is None else [walked.doubled])):
                    days = _added_up(base[max(counts_from - walked.start, 0):, :, place:place + 1], cells)
                    total[account] += np.minimum(days, amount).sum()
        return total

    # -- this cycle -----------------------------------------------------------------------------------------------------

    def _sum(self, array: Int64Array, segment: int, ages: tuple[int, ...]) -> Int64Array:
        """The balances that bear interest as a segment's of some ages do, added up: the next-to-last axis goes."""
        return _added_up(array, [cell for age in ages for cell in self.cells.bearing_as(segment, age)])

    def _older(self, segment: int, base: Int64Array) -> Int64Array:
        if not self.cells.has_grace(segment):
            return self._sum(base, segment, (REVOLVING, BILLED))
        interest, lost = self.terms.interest, ~self.decided.kept
        if interest.grace_lost_charges == "unpaid":
            revolving, billed = self._unpaid_at_cut(segment, base, REVOLVING), self._unpaid_at_cut(segment, base, BILLED)
        else:
            revolving, billed = self._sum(base, segment, (REVOLVING,)), self._sum(base, segment, (BILLED,))
        if interest.residual_interest == "waive":
            revolving *= ~self.decided.paid
        if interest.accrues_from == "next_cycle":
            billed *= self.days[:, None] > self.state.previous_closing[None]
        elif interest.accrues_from == "due":
            billed *= self.days[:, None] > self.state.due_on[None]
        billed *= lost
        revolving += billed
        return revolving

    def _unpaid_at_cut(self, segment: int, base: Int64Array, age: int) -> Int64Array:
        """Of each day's balances of an age, on the days up to the cut no more than was unpaid at its end, kind by kind."""
        early = self.days[:, None] <= self.cut[None]
        total = np.zeros((base.shape[0], base.shape[2]), dtype=np.int64)
        for kind in self.cells.kinds_bearing_as(segment):
            cells = self.cells.of_kind(segment, kind, age)
            part = _added_up(base, cells)
            total += np.where(early, np.minimum(part, _added_up(self.walked.at_cut, cells)[None]), part)
        return total

    def _newer(self, segment: int, base: Int64Array) -> Int64Array:
        new = self._sum(base, segment, (NEW,))
        if self.cells.has_grace(segment):
            new *= self.all_lost & (self.terms.interest.revolving_new_purchases == "at_once")
        return new

    def _bears_new(self, segment: int) -> BoolArray:
        """Whose new debits bear interest at this closing."""
        if not self.cells.has_grace(segment):
            return np.ones(self.accounts, dtype=bool)
        return self.all_lost & (self.terms.interest.revolving_new_purchases == "at_once")

    def _span_days(self, bearing: Bearing) -> None:
        """Debits that count from before the cycle bear interest for those days as well."""
        spans = self.walked.spans
        mine = np.isin(spans.cell, self.cells.bearing_as(bearing.segment, NEW))
        mine &= self._bears_new(bearing.segment)[spans.account]
        if not mine.any():
            return
        amounts = spans.amount[mine]
        np.add.at(bearing.balance_days, spans.account[mine], amounts * (spans.until[mine] - spans.first[mine]))
        start = int(spans.first[mine].min())
        if self.by_days:
            lengthen(bearing.newer, start)
            add_spans(bearing.newer.layers[0], start, spans.account[mine], spans.first[mine], spans.until[mine], amounts)
            bearing.balance_days[:] = 0

    # -- the cycle before -----------------------------------------------------------------------------------------------

    def _reach_back(self, bearing: Bearing) -> None:
        """What the lost statement billed bears interest from the day that it came in."""
        interest, segment = self.terms.interest, bearing.segment
        unconditional = self._unconditional(segment)
        if not self.cells.has_grace(segment) or (
                interest.accrues_from in ("closing", "next_cycle", "due") and not unconditional.any()):
            return
        reaches_back = interest.accrues_from not in ("closing", "next_cycle", "due")
        if self.before is None:
            if segment == self.cells.purchase:
                reaches = reaches_back & self._left_of_billed(self.cells.bearing_as(segment, BILLED))
                bearing.balance_days += np.where(reaches | unconditional, self.state.billed_balance_days, 0)
            return
        for kind in self.cells.kinds_bearing_as(segment):
            reaches = reaches_back & self._left_of_billed(self.cells.of_kind(segment, kind, BILLED))
            shown = (reaches | unconditional)[self.before.accounts]
            if shown.any():
                self._reach_back_kind(bearing, kind, shown, unconditional)
        if interest.grace_lost_charges != "unpaid":
            self._leave_out_disputed(bearing)

    def _left_of_billed(self, cells: list[int]) -> BoolArray:
        """Whose grace is lost with something left, at the closing that billed them, of the debits in some balances."""
        left: BoolArray = ~self.decided.kept & (_added_up(self.walked.opening, cells) > 0)
        return left

    def _reach_back_kind(self, bearing: Bearing, kind: int, shown: BoolArray, unconditional: BoolArray) -> None:
        """What one kind adds: the days of its debits in the cycle that billed them, in the unpaid form of what was unpaid.

        shown: whose, among the accounts of the cycle before; unconditional: whose whatever was paid, among all.
        """
        before, segment = self.before, bearing.segment
        assert before is not None
        of_batch, cells = before.accounts, before.cells.of_kind(self._segment_before(segment), kind, NEW)
        limit = self._unpaid_by_day(segment, kind) if self.terms.interest.grace_lost_charges == "unpaid" else None
        spans = before.walked.spans
        spanned = np.isin(spans.cell, cells) & shown[spans.account]
        lengthen(bearing.older, min([before.walked.start, *spans.first[spanned].tolist()]))
        layers = [before.walked.bases] + ([before.walked.doubled] if before.walked.doubled is not None else [])
        while len(bearing.older.layers) < len(layers):
            bearing.older.layers.append(np.zeros_like(bearing.older.layers[0]))
        first = bearing.older.start
        for layer, base in zip(bearing.older.layers, layers, strict=False):
            then = self._billed_then(segment, kind, base)
            if limit is not None:
                then = np.minimum(then, np.where(unconditional[of_batch][None], then, limit))
            offset = before.walked.start - first
            layer[offset:offset + len(then), of_batch[shown]] += then[:, shown]
        if spanned.any():
            amounts = spans.amount[spanned] if limit is None else self._unpaid_spans(segment, kind, spanned, limit)
            add_spans(bearing.older.layers[0], first, of_batch[spans.account[spanned]], spans.first[spanned],
                      spans.until[spanned], amounts)

    def _leave_out_disputed(self, bearing: Bearing) -> None:
        """The days of a disputed debit in the cycle that billed it bear nothing."""
        first = bearing.older.start
        for account, segment, counts_from, amount in self.walked.not_reached:
            if segment == bearing.segment:
                for layer in bearing.older.layers:
                    days = layer[max(counts_from - first, 0):int(self.walked.first_day[account]) - first, account]
                    days -= np.minimum(days, amount)

    def _unconditional(self, segment: int) -> BoolArray:
        """Whose purchases of the cycle before are charged now whatever was paid."""
        terms = self.terms
        found = (self.state.grace > 0) & (terms.grace.lost_for == "all") & self.cells.has_grace(segment) & (
            terms.interest.revolving_new_purchases == "next_statement")
        return np.asarray(found, dtype=bool)

    def _segment_before(self, segment: int) -> int:
        assert self.before is not None
        return self.before.cells.segment(self.cells.rows[segment - FIRST].name)

    def _billed_then(self, segment: int, kind: int, base: Int64Array) -> Int64Array:
        """What the cycle before billed of a kind, by day: its new debits, and what had not fallen due by its closing."""
        assert self.before is not None
        cells, row = self.before.cells, self._segment_before(segment)
        total = _added_up(base, cells.of_kind(row, kind, NEW))
        if self.before.undecided.any():
            total += _added_up(base, cells.of_kind(row, kind, BILLED)) * self.before.undecided
        return total

    def _debits_before(self, segment: int, kind: int) -> Int64Array:
        """What the cycle before debited of a kind on each of its days, (days, accounts): payments that came back too, where
        grace was kept at its closing; else they revolve, and are none of what is billed."""
        assert self.before is not None
        cells, row = self.before.cells, self._segment_before(segment)
        debits = _added_up(self.before.walked.debits, cells.of_kind(row, kind, NEW))
        kept = (self.state.grace == 0)[self.before.accounts]
        debits += _added_up(self.before.walked.debits, cells.of_kind(row, kind, BILLED)) * kept
        # What its closing charged came in last of all.
        if kind == INTEREST:
            debits[-1] += self.before.interest_at_closing
        elif kind == FEES:
            debits[-1] += self.before.fees_at_closing
        return debits

    def _unpaid_by_day(self, segment: int, kind: int) -> Int64Array:
        """Of what came in of a kind by each day of the cycle before, the part unpaid at the due date, (days, accounts).

        Payments pay the oldest debit first, so what is unpaid are the newest ones.
        """
        assert self.before is not None
        debits = self._debits_before(segment, kind)
        by_then = np.cumsum(debits, axis=0)
        if self.terms.interest.debits_count_from == "next_day":
            by_then = np.concatenate([np.zeros_like(by_then[:1]), by_then[:-1]])
        newer = debits.sum(axis=0)[None] - by_then
        billed = self.cells.of_kind(segment, kind, BILLED)
        came_back = _added_up(self.walked.debits, billed) * (self.days[:, None] <= self.cut[None])  # in this cycle: newer still
        unpaid = (_added_up(self.walked.at_cut, billed) - came_back.sum(axis=0))[self.before.accounts]
        limit: Int64Array = np.clip(unpaid[None] - newer, 0, None)
        return limit

    def _unpaid_spans(self, segment: int, kind: int, spanned: BoolArray, limit: Int64Array) -> Int64Array:
        """Of debits that count from before that cycle, the part of each that was unpaid at the due date: oldest paid first."""
        assert self.before is not None
        spans = self.before.walked.spans
        account, first, amount = spans.account[spanned], spans.first[spanned], spans.amount[spanned]
        order = np.lexsort((first, account))
        owner = account[order]
        total = np.cumsum(amount[order])
        last = np.searchsorted(owner, owner, side="right") - 1
        newer_spans = total[last] - total
        # What came in on the days of the cycle itself is newer than all of them.
        shift = 1 if self.terms.interest.debits_count_from == "next_day" else 0
        walk_day = np.clip(spans.until[spanned] - self.before.walked.start, 0, len(limit) - 1 - shift)
        at_first = limit[walk_day + shift, account][order]
        debits = self._debits_before(segment, kind)
        first_day_total = np.cumsum(debits, axis=0)[walk_day, account][order]
        spans_total = np.zeros(len(self.before.accounts), dtype=np.int64)
        np.add.at(spans_total, account, amount)
        others_that_day = first_day_total - spans_total[owner]
        part = np.clip(at_first - others_that_day - newer_spans, 0, amount[order])
        answer: Int64Array = np.empty_like(part)
        answer[order] = part
        return answer


def _added_up(array: Int64Array, cells: list[int]) -> Int64Array:
    """Some balances added up: the next-to-last axis goes."""
    if not cells:
        return np.zeros((*array.shape[:-2], array.shape[-1]), dtype=np.int64)
    total: Int64Array = array[..., cells[0], :].copy()
    for cell in cells[1:]:
        total += array[..., cell, :]
    return total


def needs_days(terms: Terms) -> bool:
    """Whether interest cannot be counted on balance-days alone, so that each day has to be seen."""
    interest = terms.interest
    return bool(
        interest.grace_lost_charges == "unpaid" or interest.rounded_per != "total" or interest.compounding == "daily"
        or interest.method == "two_cycle" or interest.day_count not in ("actual/365", "actual/360")
        or any(row.tiers is not None for row in interest.segment) or interest.penalty.rate_key is not None
        or any(row.grace and row.name != "purchase" for row in interest.segment)
        or interest.fees_bear_interest or interest.interest_bears_interest or interest.compounding != "none"
    )


def lengthen(timeline: Timeline, start: int) -> None:
    """Let a timeline begin on an earlier day."""
    more = timeline.start - start
    if more > 0:
        timeline.layers = [np.concatenate([np.zeros((more, each.shape[1]), dtype=np.int64), each]) for each in timeline.layers]
        timeline.start = start


def add_spans(layer: Int64Array, start: int, account: Int64Array, first: Int64Array, until: Int64Array,
              amount: Int64Array) -> None:
    """Add amounts to the days from `first` to the day before `until`."""
    steps = np.zeros((len(layer) + 1, layer.shape[1]), dtype=np.int64)
    np.add.at(steps, (first - start, account), amount)
    np.add.at(steps, (until - start, account), -amount)
    layer += np.cumsum(steps, axis=0)[:-1]


