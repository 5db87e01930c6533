"""The days of one cycle, for a whole batch: debits come in, waivers and money run down the balances, and each day leaves the
bases that interest is counted on.

The walk knows nothing of grace: it says what was owed, day by day; billing/bearing.py says which of it bears interest.
Source: docs/reference/billing-rules.md, 1, 4.6 and 8.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from accounts.calendar import day_number
from billing.balances import BoolArray, Int64Array, allocation_order, run_down
from billing.carried import Carried
from billing.cells import AGES, FEES, FIRST, NEW, PRINCIPAL, REVOLVING, Cells
from billing.conversions import IS_CONVERSION, conversion_order, forget_newest
from billing.disputed_balances import DisputedBalances
from billing.own_rates import OwnRates
from billing.postings import FIGURE, SIGN, WAIVERS, Events, Spans, cell_of_debits, received
from billing.promotions import Ending, last_days, revert_cell
from billing.state import OpeningState
from billing.terms_by_day import TermsByDay


@dataclass
class Walked:
    """What a cycle's days came to. Days are counted from `start`; shapes say (days, cells, accounts) and the like.

    bases: of each interest day, zero on other days; doubled: the base before the money on days with money where such a day
    bears interest at both, else None; excess: over the credit limit (days, accounts), None where it bears nothing;
    debits: what came in on each day; spans: those of them that count from an earlier day; at_cut: balances at the end of the
    due date with tolerance; received: by the end of each day, (days, accounts); balances, credit: at the end;
    first_day, last_day: interest days of each account; opening: balances at the beginning; ending: debits in segments that end;
    not_reached: what was disputed of the last statement (billing/disputed_balances.py); borne: what of the balances at the end
    interest is counted on.
    """

    start: int
    counted: BoolArray
    bases: Int64Array
    doubled: Int64Array | None
    excess: Int64Array | None
    debits: Int64Array
    spans: Spans
    at_cut: Int64Array
    received: Int64Array
    opening: Int64Array
    balances: Int64Array
    credit: Int64Array
    first_day: Int64Array
    last_day: int
    ending: Ending
    not_reached: list[tuple[int, int, int, int]]
    borne: Int64Array


class Walk:
    """The work of walking through a cycle's days; `run` gives what they came to."""

    def __init__(self, by_day: TermsByDay, cells: Cells, state: OpeningState, opening: Int64Array, carried: Carried,
                 events: Events, credit_limit: Int64Array) -> None:
        self.by_day, self.terms, self.cells, self.state = by_day, by_day.first, cells, state
        self.credit_limit, self.carried = credit_limit, carried
        self.events = events
        interest = self.terms.interest
        self.closes_on = day_number(by_day.closes_on)
        self.accounts = len(state.new_balance)
        self.first_day = state.previous_closing + (1 if interest.closing_day_counts else 0)
        self.last_day = self.closes_on if interest.closing_day_counts else self.closes_on - 1
        self.start = int(self.first_day.min()) if self.accounts else self.closes_on
        self.days = max(self.closes_on - self.start + 1, 0)
        self.cut = state.due_on + self.terms.cycle.tolerance_days
        self.opening = opening
        self.balances = opening.copy()
        self.credit = np.maximum(-state.new_balance, 0)
        self.own: OwnRates | None = None
        self.disputed: DisputedBalances | None = None
        self._orders: dict[tuple[object, ...], tuple[list[int], list[int]]] = {}
        self._scatter()

    # -- laying out -----------------------------------------------------------------------------------------------------

    def _scatter(self) -> None:
        """Lay the events out by day: debits (days, cells, accounts), money and minimum's worth (days, accounts)."""
        events, interest, cells = self.events, self.terms.interest, self.cells
        shape = (self.days, cells.count, self.accounts)
        self.debits = np.zeros(shape, dtype=np.int64)
        debit = SIGN[events.type] > 0
        counts_from = np.where(debit & (interest.accrues_from == "posting"), events.posted_on, events.effective_on)
        first = self.first_day[events.account]
        day = np.clip(counts_from, first, self.closes_on) - self.start
        owner, amount = events.account[debit], events.amount[debit]
        cell = cell_of_debits(cells, events.type[debit], events.segment[debit])
        cell = self._ending(cell, owner, amount, counts_from[debit], day[debit] + self.start, events.posted_on[debit])
        np.add.at(self.debits.reshape(-1), (day[debit] * cells.count + cell) * self.accounts + owner, amount)
        waiver = ~debit & (FIGURE[events.type] == WAIVERS)
        converted = IS_CONVERSION[events.type]
        paid = ~debit & ~waiver & ~converted
        self.waived, self.money = self._by_day(day, waiver), self._by_day(day, paid)
        came_in = np.zeros((self.days, self.accounts), dtype=np.int64)
        np.add.at(came_in.reshape(-1), day * self.accounts + events.account, received(self.terms, events))
        self.received = np.cumsum(came_in, axis=0)
        self.conversions = [(kind, self._by_day(day, events.type == kind))
                            for kind in np.unique(events.type[converted]).tolist()]
        self.debit_days: BoolArray = np.asarray(self.debits.any(axis=(1, 2)))
        self.requests = self._requested(day, paid & (events.segment > 0))
        late = (counts_from[debit] < first[debit]) & np.isin(cell, [cells.of(s, NEW) for s in range(cells.instalment)])
        self.spans = Spans(owner[late], cell[late], counts_from[debit][late], first[debit][late], amount[late])

    def receive(self, account: Int64Array, day: Int64Array, amount: Int64Array) -> None:
        """Count amounts as received that are no events; day: day numbers."""
        for each, on, came_in in zip(account.tolist(), day.tolist(), amount.tolist(), strict=True):
            self.received[on - self.start:, each] += came_in

    def _by_day(self, day: Int64Array, chosen: BoolArray) -> Int64Array:
        sums = np.zeros((self.days, self.accounts), dtype=np.int64)
        np.add.at(sums.reshape(-1), day[chosen] * self.accounts + self.events.account[chosen], self.events.amount[chosen])
        return sums

    def _requested(self, day: Int64Array, chosen: BoolArray) -> dict[int, list[tuple[int, Int64Array]]]:
        """Payments that name a segment: by day, (segment, amounts of all accounts)."""
        requests: dict[int, list[tuple[int, Int64Array]]] = {}
        for offset in np.unique(day[chosen]).tolist():
            for row in np.unique(self.events.segment[chosen & (day == offset)]).tolist():
                mine = chosen & (day == offset) & (self.events.segment == row)
                amounts = np.zeros(self.accounts, dtype=np.int64)
                np.add.at(amounts, self.events.account[mine], self.events.amount[mine])
                requests.setdefault(offset, []).append((FIRST + row - 1, amounts))
        return requests

    def _ending(self, cell: Int64Array, owner: Int64Array, amount: Int64Array, counts_from: Int64Array, day: Int64Array,
                posted_on: Int64Array) -> Int64Array:
        """Set up the debits that end, and send those that are over when they post where they revert to."""
        cells = self.cells
        if not any(row.ends for row in cells.rows):
            self.ending = Ending.of(cells, Carried.none())
            return cell
        segment = np.array([each for each, _ in cells.cells], dtype=np.int64)[cell]
        ends = last_days(self.terms, cells, segment, counts_from)
        over = ends < posted_on
        reverted = np.array([revert_cell(cells, int(each), NEW) if gone else 0
                             for each, gone in zip(segment, over, strict=True)], dtype=np.int64)
        cell = np.where(over, reverted, cell)
        mine = ~over & np.isin(segment, [FIRST + number for number, row in enumerate(cells.rows) if row.ends])
        earlier = np.maximum(day - counts_from, 0)[mine] * amount[mine]
        new = Ending(owner[mine], cell[mine], segment[mine], day[mine], ends[mine], amount[mine], earlier,
                     np.zeros(int(mine.sum()), dtype=np.int64), np.zeros(int(mine.sum()), dtype=np.int64))
        self.ending = Ending.of(cells, self.carried, new)
        return cell

    # -- the days -------------------------------------------------------------------------------------------------------

    def run(self, own: OwnRates | None) -> Walked:
        """Walk. own: the rates that accounts have of their own, by which payments are allocated."""
        self.own = own
        cells, interest = self.cells, self.terms.interest
        shape = (self.days, cells.count, self.accounts)
        self.bases = np.zeros(shape, dtype=np.int64)
        self.doubled = np.zeros(shape, dtype=np.int64) if interest.payment_day_counts == "both" else None
        over_limit = any(self.by_day.on(day).interest.over_limit.bears for day in self._version_days())
        self.excess = np.zeros((self.days, self.accounts), dtype=np.int64) if over_limit else None
        self.counted: BoolArray = np.asarray(self.first_day[None] <= np.arange(self.start, self.start + self.days)[:, None])
        self.counted[self.days - 1:] &= self.last_day >= self.closes_on
        # With a dispute what is borne may be the very balances that the days change.
        self.at_cut, opening = self._borne().copy(), self.opening if self.disputed is None else self._borne().copy()
        self.taking = self._order_of_taking()
        for offset in range(self.days):
            self._step(self.start + offset, offset)
        self.ending.leave(self.balances, self.closes_on, self.last_day < self.closes_on)
        return Walked(self.start, self.counted, self.bases, self.doubled, self.excess, self.debits, self.spans, self.at_cut,
                      self.received, opening, self.balances, self.credit, self.first_day, self.last_day, self.ending,
                      [] if self.disputed is None else self.disputed.not_reached, self._borne())

    def _version_days(self) -> list[int]:
        """A day of each version of the terms that is in force in the cycle."""
        starts = [day_number(first) for first, _ in self.by_day.versions]
        return [self.start, *(day for day in starts if self.start < day <= self.closes_on)]

    def _step(self, day: int, offset: int) -> None:
        """One day: what ended goes over, debits, then waivers and money, then what the day counts for interest."""
        interest, balances = self.terms.interest, self.balances
        start_of_day = self._borne().copy() if interest.debits_count_from == "next_day" else None
        if len(self.ending):
            self.ending.move_ended(day, balances, self.cells)
        if self.debit_days[offset]:
            balances += self.debits[offset]
        for kind, amounts in self.conversions:
            if amounts[offset].any():
                self._convert(kind, offset, amounts[offset])
        if self.disputed is not None:
            self.disputed.move(offset, self)
        before_money = self._borne().copy() if interest.payment_day_counts != "new" else None
        money, waived = self.money[offset], self.waived[offset]
        acts = np.flatnonzero((money > 0) | (waived > 0) | ((self.credit > 0) & balances.any(axis=0)))
        if acts.size:
            self._pay(day, offset, acts)
        reached = self.cut == day
        if reached.any():
            self.at_cut[:, reached] = self._borne()[:, reached]
        self._count(offset, money, start_of_day, before_money)
        if offset == self.days - 1:
            later = self.cut > day
            self.at_cut[:, later] = self._borne()[:, later]

    def _borne(self) -> Int64Array:
        """The balances as interest is counted on them."""
        return self.balances if self.disputed is None else self.disputed.with_shadow(self.balances)

    def _convert(self, kind: int, offset: int, amounts: Int64Array) -> None:
        """Take what became instalment plans out of the purchases; what was paid of it before is the holder's credit."""
        new = self.cells.of(self.cells.purchase, NEW)
        before = self.balances[new].copy()
        self.credit = self.credit + run_down(self.balances, conversion_order(self.cells, kind), amounts)
        forget_newest(self.debits[:offset + 1, new], before - self.balances[new])

    def _pay(self, day: int, offset: int, acts: Int64Array) -> None:
        """Let the day's waivers and money, and any credit balance, pay what some accounts owe."""
        some = self.balances[:, acts]
        money, waived = self.money[offset, acts], self.waived[offset, acts]
        over = run_down(some, self.cells.all_of(FEES), waived) if waived.any() else waived
        before = self.received[offset - 1, acts] if offset else 0
        towards_minimum = np.clip(self.state.minimum_payment_due[acts] - before, 0, money)
        left = np.zeros(len(acts), dtype=np.int64)
        for group, rate in self._by_own_rate(day, acts):
            minimum, excess = self._order(day, rate)
            of_group = some[:, group]
            rest = run_down(of_group, minimum, towards_minimum[group])
            beyond = money[group] - towards_minimum[group]
            beyond = self._asked_for(of_group, offset, acts[group], beyond)
            beyond = self._ending_soon(of_group, offset, acts[group], rest + beyond + over[group] + self.credit[acts[group]])
            left[group] = run_down(of_group, excess, beyond)
            some[:, group] = of_group
        self.credit[acts] = left
        self.balances[:, acts] = some

    def _asked_for(self, balances: Int64Array, offset: int, accounts: Int64Array, money: Int64Array) -> Int64Array:
        """What comes before the order: the segment that the holder asked for; gives what is left of the money."""
        for segment, amounts in self.requests.get(offset, ()):
            towards = np.minimum(amounts[accounts], money)
            money = money - towards + run_down(balances, self.cells.all_of(segment), towards)
        return money

    def _ending_soon(self, balances: Int64Array, offset: int, accounts: Int64Array, money: Int64Array) -> Int64Array:
        """What comes before the order as well: deferred interest in its last two cycles."""
        if len(self.ending):
            until = self.by_day.end_of_last_cycles()
            for number, row in enumerate(self.cells.rows):
                if row.deferred:
                    # What ended with the previous closing was charged there, though the day bears in this cycle.
                    mine = (self.ending.segment == FIRST + number) & (self.ending.ends < until) & (
                        self.ending.ends >= self.start + offset) & (
                        self.ending.ends > self.state.previous_closing[self.ending.account])
                    soon = np.zeros(self.accounts, dtype=np.int64)
                    np.add.at(soon, self.ending.account[mine], self.ending.amount[mine])
                    # Later debits of the segment are paid after these; what is left of the balance beyond them is not theirs.
                    later = np.zeros(self.accounts, dtype=np.int64)
                    others = (self.ending.segment == FIRST + number) & (self.ending.ends >= until)
                    np.add.at(later, self.ending.account[others], self.ending.amount[others])
                    held = balances[self.cells.all_of(FIRST + number)].sum(axis=0)
                    towards = np.minimum(np.clip(held - later[accounts], 0, soon[accounts]), money)
                    money = money - towards + run_down(balances, self.cells.all_of(FIRST + number), towards)
        return money

    def _rates_of(self, day: int) -> int:
        """The day whose rates sort what is paid on a day."""
        return int(self.state.previous_closing.max()) if self.terms.allocation.as_of == "previous_closing" else day

    def _by_own_rate(self, day: int, acts: Int64Array) -> list[tuple[Int64Array, Fraction | None]]:
        """Positions in `acts` by the rate that these accounts have of their own on a day; None: that of the terms."""
        if self.own is None:
            return [(np.arange(len(acts)), None)]
        others, found = np.ones(len(acts), dtype=bool), list[tuple[Int64Array, Fraction | None]]()
        for rate, whose in self.own.on(self._rates_of(day)):
            found.append((np.flatnonzero(whose[acts]), rate))
            others &= ~whose[acts]
        return [each for each in [*found, (np.flatnonzero(others), None)] if each[0].size]

    def _order(self, day: int, own: Fraction | None) -> tuple[list[int], list[int]]:
        """The two orders of a day: for the minimum payment's worth, and for what exceeds it; own: an account's own rate."""
        allocation = self.terms.allocation
        previous = allocation.as_of == "previous_closing"
        on = self._rates_of(day)
        rates = tuple([own] * len(self.cells.rows) if own is not None else self.by_day.single_rates(on))
        if rates not in self._orders:
            self._orders[rates] = (allocation_order(self.cells, allocation.minimum, rates, previous),
                                   allocation_order(self.cells, allocation.excess, rates, previous))
        return self._orders[rates]

    def _count(self, offset: int, money: Int64Array, start_of_day: Int64Array | None, before_money: Int64Array | None) -> None:
        """Keep the day's bases, for the accounts whose interest day it is."""
        counted = self.counted[offset]
        if not counted.any():
            return
        base = self.bases[offset]
        base[:] = self._borne() if start_of_day is None else start_of_day
        paid = money > 0
        if start_of_day is None and before_money is not None and paid.any():
            if self.doubled is not None:
                self.doubled[offset][:, paid] = before_money[:, paid]
                self.doubled[offset] *= counted
            else:
                base[:, paid] = before_money[:, paid]
        if self.excess is not None:
            excess = np.maximum(self.balances.sum(axis=0) - self.credit - self.credit_limit, 0) * counted
            self.excess[offset] = excess
            if self.terms.interest.over_limit.instead_of_purchase_rate:
                left = excess
                for cell in self.taking:
                    taken = np.minimum(base[cell], left)
                    base[cell] -= taken
                    left = left - taken
        if not counted.all():
            base *= counted

    def _order_of_taking(self) -> list[int]:
        """Which principal the excess over the limit is: the newest of segments with grace first, last row first, then
        that of segments without."""
        cells, segments = self.cells, range(FIRST + len(self.cells.rows) - 1, FIRST - 1, -1)
        with_grace = [cell for age in reversed(AGES) for segment in segments if cells.has_grace(segment)
                      for cell in cells.of_kind(segment, PRINCIPAL, age)]
        without = [cell for segment in segments if not cells.has_grace(segment) for age in (NEW, REVOLVING)
                   for cell in cells.of_kind(segment, PRINCIPAL, age)]
        return [*with_grace, *without]
