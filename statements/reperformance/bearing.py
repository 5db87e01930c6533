"""What bears interest in a segment, day by day (rule 4): revolving, billed with its reach-back, new.

A day's base is kept in two parts, of older debits and of new ones, because each makes runs of its own (rule 7.2).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from statements.reperformance.balances import BILLED, NEW, REVOLVING, Part, Snapshot, amounts, segment_row
from statements.reperformance.disputed import Excused
from statements.reperformance.excess import taken_off
from statements.reperformance.facts import Kind
from statements.reperformance.walk import Walked, early_days

#: A day, and which of its two bases where it has two (0 else).
Slot = tuple[date, int]


@dataclass
class Base:
    """Minor units that bear interest for a day."""

    older: Fraction | int = 0
    new: Fraction | int = 0


Bases = dict[Slot, Base]


@dataclass(frozen=True)
class Closed:
    """A cycle as it stands at its closing, before interest: what the next one has to know of it.

    closing: what was owed then; grace_kept, paid_in_full: of the statement before; at_cut: what was left at its cut; days:
    every base by kind, segment and age class.
    """

    walked: Walked
    closing: Snapshot
    grace_kept: bool
    paid_in_full: bool
    at_cut: Snapshot
    days: dict[Slot, dict[tuple[Kind, str, str], int]] = field(default_factory=dict)


def days_of(walked: Walked, credit_limit: int) -> dict[Slot, dict[tuple[Kind, str, str], int]]:
    """Every base of the cycle by kind, segment and class, less what only bears over-limit interest (rule 4.6)."""
    days = {}
    for day, bases in walked.bases.items():
        for position, snapshot in enumerate(bases):
            base = amounts(snapshot)
            if position == len(bases) - 1:
                for key, taken in taken_off(walked.cycle.terms, base, walked.ends[day] - credit_limit).items():
                    base[key] -= taken
            days[day, position] = base
    return days


def over_limit_bases(walked: Walked, credit_limit: int) -> Bases:
    """The excess over the limit at the end of each interest day."""
    return {(day, 0): Base(older=max(0, end - credit_limit)) for day, end in walked.ends.items()}


class Bearing:
    """What bears interest at a closing; before: the cycle before, None of a first one."""

    def __init__(self, now: Closed, before: Closed | None) -> None:
        self.now, self.before = now, before
        self.cycle, self.terms = now.walked.cycle, now.walked.cycle.terms
        self.left_at_cut = amounts(now.at_cut)

    def in_segment(self, name: str) -> Bases:
        """Bases of a segment's charge by daily balances, the reach-back and late debits included."""
        bases: Bases = defaultdict(Base)
        for kind in self.kinds(name):
            self._older(bases, kind, name)
            if self.new_bears(name):
                self._new(bases, kind, name)
            if self.before is not None and self._reaches_back(name, kind):
                self._reach_back(bases, kind, name, self.before)
            if self.before is not None and self._charged_later(name):
                self._new_of_before(bases, kind, name, self.before)
        return bases

    def on_days_of_cycle(self, name: str) -> int:
        """What bears on the interest days of this cycle, added up: no reach-back, no days before the first."""
        total = 0
        for slot, base in self.now.days.items():
            for kind in self.kinds(name):
                total += sum(self._older_base(base.get((kind, name, age), 0), kind, name, age, slot[0])
                             for age in (REVOLVING, BILLED))
                total += base.get((kind, name, NEW), 0) if self.new_bears(name) else 0
        return total

    def whole_segment_before(self, name: str, before: Closed) -> int:
        """A segment's bases on the interest days of the cycle before, added up, whatever their class."""
        total = 0
        for (day, _), base in before.days.items():
            for (kind, segment, age), amount in base.items():
                if segment == name and kind in self.kinds(name):
                    since = self._excused(self.now, kind, name, BILLED, day) if age == NEW else 0
                    total += max(0, amount - self._excused(before, kind, name, age, day) - since)
        return total

    def kinds(self, name: str) -> tuple[Kind, ...]:
        """Fees and interest bear in the purchase charge, where they bear at all (rule 4.5)."""
        interest = self.terms.interest
        if name != "purchase":
            return ("principal",)
        kinds: list[Kind] = ["principal"]
        if interest.fees_bear_interest:
            kinds.append("fees")
        if interest.interest_bears_interest or interest.compounding != "none":
            kinds.append("interest")
        return tuple(kinds)

    def new_bears(self, name: str) -> bool:
        """Rules 4.1 and 4.4: new debits in this cycle."""
        if not self._grace(name):
            return True
        lost_for_all = not self.now.grace_kept and self.terms.grace.lost_for == "all"
        return lost_for_all and self.terms.interest.revolving_new_purchases == "at_once"

    def revolving_bears(self) -> bool:
        return not (self.terms.interest.residual_interest == "waive" and self.now.paid_in_full)

    def _grace(self, name: str) -> bool:
        return segment_row(self.terms, name).grace

    def _older(self, bases: Bases, kind: Kind, name: str) -> None:
        for age in (REVOLVING, BILLED):
            for slot, of_day in _of_class(self.now, kind, name, age):
                bases[slot].older += self._older_base(of_day, kind, name, age, slot[0])

    def _older_base(self, of_day: int, kind: Kind, name: str, age: str, day: date) -> int:
        """What bears on a day of an older class: not what is disputed later, and only as far as the terms let it."""
        if not self._older_bears(name, age, day):
            return 0
        return self._uncut(max(0, of_day - self._excused(self.now, kind, name, age, day)), kind, name, age, day)

    def _older_bears(self, name: str, age: str, day: date) -> bool:
        if not self._grace(name):
            return True
        if not self.revolving_bears():
            return False
        if age == REVOLVING:
            return True
        if self.now.grace_kept:
            return False
        accrues_from = self.terms.interest.accrues_from
        if accrues_from == "next_cycle":
            return day > self.cycle.previous
        return accrues_from != "due" or self.cycle.due is None or day > self.cycle.due

    def _uncut(self, base: int, kind: Kind, name: str, age: str, day: date) -> int:
        """In the unpaid form, what was paid by the cut bears nothing on the days up to it (rule 4.2)."""
        cut = self.cycle.cut
        if self.terms.interest.grace_lost_charges != "unpaid" or not self._grace(name) or cut is None or day > cut:
            return base
        return min(base, self.left_at_cut.get((kind, name, age), 0))

    def _new(self, bases: Bases, kind: Kind, name: str) -> None:
        for slot, base in _of_class(self.now, kind, name, NEW):
            bases[slot].new += base

    def _reaches_back(self, name: str, kind: Kind) -> bool:
        if not self._grace(name) or self.now.grace_kept or self.before is None:
            return False
        if self.terms.interest.accrues_from not in ("transaction", "posting"):
            return False
        return any(self._was_new(part, kind, name) for part in self.now.walked.opening)

    def _was_new(self, part: Part, kind: Kind, name: str) -> bool:
        """Whether something was billed by the last statement for the first time."""
        assert self.before is not None
        in_class = part.kind == kind and part.segment == name and part.age == BILLED
        return in_class and self.before.walked.cycle.previous < part.debit.posted_on <= self.cycle.previous

    def _reach_back(self, bases: Bases, kind: Kind, name: str, before: Closed) -> None:
        for slot, of_day in _of_class(before, kind, name, NEW):
            since = self._excused(self.now, kind, name, BILLED, slot[0])
            base = max(0, of_day - self._excused(before, kind, name, NEW, slot[0]) - since)
            bases[slot].older += base if self.terms.interest.grace_lost_charges == "full" else min(
                base, self._unpaid_by(kind, name, slot[0]))

    def _unpaid_by(self, kind: Kind, name: str, day: date) -> int:
        """What was unpaid at the cut of the debits that counted by a day."""
        unpaid = sum(part.left for part in self.now.at_cut
                     if self._was_new(part, kind, name) and part.debit.counts_on <= day)
        cut = self.cycle.cut
        after_cut = [each for each in self.now.walked.excused if cut is not None and each.last > cut]
        return unpaid - _excused_of(after_cut, kind, name, BILLED, day)

    def _excused(self, closed: Closed, kind: Kind, name: str, age: str, day: date) -> int:
        """What of a class bears nothing on a day because it was disputed later (rule 15.3)."""
        return _excused_of(closed.walked.excused, kind, name, age, day)

    def _charged_later(self, name: str) -> bool:
        """Whether the new debits of the cycle before are charged now (rule 4.4, next_statement)."""
        before = self.before
        if before is None or not self._grace(name) or before.grace_kept:
            return False
        terms = before.walked.cycle.terms
        return terms.grace.lost_for == "all" and terms.interest.revolving_new_purchases == "next_statement"

    def _new_of_before(self, bases: Bases, kind: Kind, name: str, before: Closed) -> None:
        for slot, base in _of_class(before, kind, name, NEW):
            bases[slot].older += base


def _excused_of(excused: Iterable[Excused], kind: Kind, name: str, age: str, day: date) -> int:
    return sum(each.amount for each in excused
               if kind == "principal" and (each.segment, each.age) == (name, age) and each.first <= day < each.last)


def _of_class(closed: Closed, kind: Kind, name: str, age: str) -> Iterator[tuple[Slot, int]]:
    """The bases of a class on every interest day of a cycle, and what its late debits add before the first (rule 1.5)."""
    sums: dict[Slot, int] = defaultdict(int)
    for part in closed.walked.early:
        if (part.kind, part.segment, part.age) == (kind, name, age):
            for day in early_days(closed.walked.cycle, part):
                sums[day, 0] += part.left
    for slot, base in closed.days.items():
        sums[slot] += base.get((kind, name, age), 0)
    yield from sums.items()
