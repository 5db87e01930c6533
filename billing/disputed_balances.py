"""What is disputed inside a cycle: taken out of the balance that it stands in, held, and given back where the issuer is right.

A disputed amount is owed and yet in no balance: nothing pays it, it bears nothing, no minimum asks for it. Few accounts have
one, so these are rows, not columns. Source: docs/reference/billing-rules.md, 15.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from accounts.calendar import closing_on, day_number, day_of
from billing.balances import BoolArray, Int64Array
from billing.carried import DISPUTED, Carried
from billing.cells import BILLED, FIRST, NEW, REVOLVING, Cells
from billing.disputes import Dispute, Disputes
from billing.postings import Spans, cell_of_debits
from billing.promotions import last_days
from fees.terms import Terms


class WalkSoFar(Protocol):
    """A cycle's days as far as they are walked (billing/walk.py): arrays that disputes change in place.

    doubled: None where no day bears interest at two balances.
    """

    balances: Int64Array
    debits: Int64Array
    bases: Int64Array
    doubled: Int64Array | None
    at_cut: Int64Array
    spans: Spans


@dataclass
class _Held:
    """An amount that is disputed: which dispute of which account, and the segment and age it was taken from."""

    account: int
    number: int
    opened_on: int
    segment: int
    age: int
    amount: int
    bears: bool


def segment_of_debit(terms: Terms, cells: Cells, dispute: Dispute) -> int:
    """The segment that a disputed debit lies in as the dispute is opened, by its number; what ended has gone over."""
    names = [row.name for row in cells.rows]
    named = names.index(dispute.segment) + 1 if dispute.segment in names else 0
    segment = cells.cells[int(cell_of_debits(cells, np.array([dispute.type]), np.array([named]))[0])][0]
    counts_from = dispute.posted_on if terms.interest.accrues_from == "posting" else dispute.effective_on
    last_day = last_days(terms, cells, np.array([segment]), np.array([day_number(counts_from)]))[0]
    if last_day >= day_number(dispute.opened_on):
        return segment
    return cells.segment(cells.rows[segment - FIRST].revert_to or "purchase")


class DisputedBalances:
    """What is held as disputed, moved day by day.

    kept: whether each account kept its grace at this closing; start: the walk's first day.
    """

    def __init__(self, terms: Terms, cells: Cells, disputes: Disputes | None, carried: Carried, kept: BoolArray,
                 all_lost: BoolArray, previous_closing: Int64Array, closes_on: int, start: int, closing_day: int) -> None:
        self.terms, self.cells, self.kept = terms, cells, kept
        self.all_lost, self.previous_closing = all_lost, previous_closing
        self.closes_on, self.start, self.closing_day = closes_on, start, closing_day
        self.accounts = len(kept)
        rows = [] if disputes is None else disputes.rows
        bearing = {(account, each.number) for account, each in rows if each.bears}
        told = carried.of_kind(DISPUTED)
        self.held = [
            _Held(account, number, opened_on, segment, age, amount, (account, number) in bearing)
            for account, number, opened_on, segment, age, amount in zip(*(
                column.tolist() for column in (told.account, told.balance_days, told.began_on, told.segment, told.age,
                                               told.amount)), strict=True)]
        self.opened: dict[int, list[tuple[int, Dispute]]] = defaultdict(list)
        self.lost: dict[int, list[tuple[int, Dispute]]] = defaultdict(list)
        for account, each in rows:
            for day, moves in ((each.opened_on, self.opened), (each.decided_on, self.lost)):
                if day is not None and previous_closing[account] < day_number(day) <= closes_on:
                    moves[day_number(day) - start].append((account, each))
        #: Of debits that the last statement billed: account, segment, the day each counts from, and what of it is disputed.
        self.not_reached: list[tuple[int, int, int, int]] = []
        #: Charges for time in dispute that came back in this cycle, (fees and interest, accounts).
        self.given_back = np.zeros((FIRST, self.accounts), dtype=np.int64)
        #: What of each balance bears interest as if it were not disputed, (cells, accounts); None where nothing does.
        self.shadow: Int64Array | None = None
        if bearing:
            self.shadow = np.zeros((cells.count, self.accounts), dtype=np.int64)
            for held in self.held:
                self._cast(held, held.amount)

    def total(self) -> Int64Array:
        """What each account has disputed now, (accounts,)."""
        total = np.zeros(self.accounts, dtype=np.int64)
        for each in self.held:
            total[each.account] += each.amount
        return total

    def with_shadow(self, balances: Int64Array) -> Int64Array:
        """Balances as interest is counted on them."""
        return balances if self.shadow is None else balances + self.shadow

    def move(self, offset: int, walk: WalkSoFar) -> None:
        """Take out what is disputed from a day on, and give back what is decided for the issuer on it."""
        for account, dispute in self.opened.get(offset, ()):
            self._take(account, dispute, offset, walk)
        for account, dispute in self.lost.get(offset, ()):
            mine = [each for each in self.held if (each.account, each.number) == (account, dispute.number)]
            self.held = [each for each in self.held if each not in mine]
            for each in mine:
                self._give_back(each, offset, walk)

    def hold_charges(self, segment: int, amounts: Int64Array) -> None:
        """Hold what the closing charged for time in dispute; it comes back with the dispute.

        segment: interest, or fees for the tax on it; amounts: (accounts,).
        """
        for account in np.flatnonzero(amounts).tolist():
            dispute = next(each for each in self.held if each.account == account and each.bears)
            self.held.append(_Held(account, dispute.number, dispute.opened_on, segment, NEW, int(amounts[account]), True))

    def carried_on(self) -> Carried:
        """Rows for what is still disputed at the closing. What bears interest ages as the balance that it was taken from."""
        rows = [(each.account, each.segment, self._aged(each), each.opened_on, each.amount, each.number) for each in self.held]
        account, segment, age, opened_on, amount, number = np.array(rows, dtype=np.int64).reshape(-1, 6).T
        return Carried.rows(account, DISPUTED, segment=segment, age=age, began_on=opened_on, amount=amount,
                            balance_days=number)

    # -- moving ---------------------------------------------------------------------------------------------------------

    def _take(self, account: int, dispute: Dispute, offset: int, walk: WalkSoFar) -> None:
        left = dispute.amount
        segment = segment_of_debit(self.terms, self.cells, dispute)
        for age in self._ages(account, dispute):
            cell = self.cells.of(segment, age)
            taken = min(int(walk.balances[cell, account]), left) if self.cells.cells[cell] == (segment, age) else 0
            if not taken:
                continue
            walk.balances[cell, account] -= taken
            left -= taken
            held = _Held(account, dispute.number, day_number(dispute.opened_on), segment, age, taken, dispute.bears)
            self.held.append(held)
            self._cast(held, taken)
            if not dispute.bears:
                self._bear_nothing_before(held, cell, dispute, offset, walk)

    def _bear_nothing_before(self, held: _Held, cell: int, dispute: Dispute, offset: int, walk: WalkSoFar) -> None:
        """It is no debit of its cycle any more; and where its grace was not lost at a closing, the days up to the dispute are
        not charged, should it be lost."""
        account, amount, counts_from = held.account, held.amount, day_number(dispute.effective_on)
        own = max(counts_from - self.start, 0)
        if held.age == NEW:
            for day in (min(own, offset), *range(offset, -1, -1)):
                taken = min(int(walk.debits[day, cell, account]), amount)
                walk.debits[day, cell, account] -= taken
                amount -= taken
        if held.age == BILLED:
            self.not_reached.append((account, held.segment, counts_from, held.amount))
            walk.at_cut[cell, account] = max(walk.at_cut[cell, account] - held.amount, 0)
        if held.age == BILLED or (held.age == NEW and self.cells.has_grace(held.segment) and not self.all_lost[account]):
            for base in (walk.bases, walk.doubled):
                if base is not None:
                    days = base[own:offset, cell, account]
                    days -= np.minimum(days, held.amount)
            _leave_out_of_early_days(held, cell, counts_from, walk)

    def _give_back(self, held: _Held, offset: int, walk: WalkSoFar) -> None:
        self._cast(held, -held.amount)
        segment, age, account = held.segment, held.age, held.account
        if segment >= FIRST and self.cells.rows[segment - FIRST].ends:
            age = NEW if age != REVOLVING and self.cells.has_grace(segment) else REVOLVING
            segment = self.cells.segment(self.cells.rows[segment - FIRST].revert_to or "purchase")
        elif self.cells.has_grace(segment) and age == BILLED:
            age = BILLED if held.bears and not self.kept[account] else NEW
        cell = self.cells.of(segment, age)
        walk.balances[cell, account] += held.amount
        if age == NEW and not (held.bears and held.age == NEW):
            walk.debits[offset, cell, account] += held.amount
        if segment < FIRST:
            self.given_back[segment, account] += held.amount

    def _cast(self, held: _Held, amount: int) -> None:
        """What bears interest all the same; in a segment that ends nothing does."""
        ends = held.segment >= FIRST and self.cells.rows[held.segment - FIRST].ends
        if self.shadow is not None and held.bears and not ends:
            self.shadow[self.cells.of(held.segment, held.age), held.account] += amount

    # -- where it lies --------------------------------------------------------------------------------------------------

    def _ages(self, account: int, dispute: Dispute) -> tuple[int, ...]:
        """Where the debit lies most likely: by the statement that billed it."""
        last, posted_on = int(self.previous_closing[account]), day_number(dispute.posted_on)
        if posted_on > last:
            return NEW, BILLED, REVOLVING
        if posted_on > day_number(closing_on(day_of(last), 0, self.closing_day)):
            return BILLED, REVOLVING, NEW
        return REVOLVING, BILLED, NEW

    def _aged(self, held: _Held) -> int:
        if not self.cells.has_grace(held.segment):
            return REVOLVING
        if not held.bears or held.age == REVOLVING:
            return BILLED if held.age == NEW else held.age
        if held.age == BILLED:
            return BILLED if self.kept[held.account] else REVOLVING
        return REVOLVING if self.all_lost[held.account] else BILLED


def _leave_out_of_early_days(held: _Held, cell: int, counts_from: int, walk: WalkSoFar) -> None:
    """From the disputed debit's own day on, take what is disputed off the days that debits count before the walk began.

    What is left of a balance is then its newest debits; one that is older than the disputed one bears until that day.
    """
    left, spans = held.amount, walk.spans
    mine = np.flatnonzero((spans.account == held.account) & (spans.cell == cell))
    for each in mine[np.argsort(spans.first[mine], kind="stable")].tolist():
        taken = min(int(spans.amount[each]), left)
        spans.amount[each] -= taken
        left -= taken
        if taken and spans.first[each] < counts_from:
            until = min(counts_from, int(spans.until[each]))
            walk.spans = walk.spans.with_one(held.account, cell, int(spans.first[each]), until, taken)
