"""What the holder contests: out of all balances while it is open, and what it did before (rule 15)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from fees.terms import Terms
from statements.reperformance.balances import BILLED, NEW, REVOLVING, Balances, Debit, debit_of, segment_row
from statements.reperformance.cycles import Cycle
from statements.reperformance.facts import Contested, Fact
from statements.reperformance.received import share_of_minimum


@dataclass(frozen=True)
class Excused:
    """An amount that bears nothing on days of a class of debits, from one to another, though it was owed (rule 15.3)."""

    segment: str
    age: str
    first: date
    last: date
    amount: int


@dataclass
class Held:
    """What of a dispute left a balance: minor units, with the segment and class that it lay in."""

    contested: Contested
    segment: str
    age: str
    amount: int
    counts_on: date


class Disputes:
    """The disputes of an account as its days pass."""

    def __init__(self, contested: Sequence[Contested]) -> None:
        self.contested = contested
        self.held: list[Held] = []
        #: The closing before the previous one.
        self.billed_since = date.min

    def total(self) -> int:
        """What is held now, minor units: in the new balance and in no other."""
        return sum(each.amount for each in self.held)

    def touched_on(self, day: date) -> bool:
        """Whether one is opened or decided on a day."""
        return any(day in (each.opened_on, each.decided_on) for each in self.contested)

    def on_day(self, day: date, cycle: Cycle, balances: Balances) -> Iterator[Excused]:
        """Opens and decides what a day opens and decides; gives what bears nothing on the days before."""
        if day <= cycle.previous:  # walked as a day of the cycle before
            return
        for each in self.contested:
            if each.opened_on == day:
                found = self._hold(each, cycle, balances)
                self.held += found
                yield from self._excused(found, cycle, day)
        for each in self.contested:
            if each.decided_on == day:
                self._give_back(each, cycle, balances, day)

    def _hold(self, contested: Contested, cycle: Cycle, balances: Balances) -> list[Held]:
        posted_on = contested.debit.posted_on
        ages = (REVOLVING, BILLED, NEW)
        if posted_on > cycle.previous:
            ages = (NEW, BILLED, REVOLVING)
        elif posted_on > self.billed_since:
            ages = (BILLED, REVOLVING, NEW)
        like = debit_of(contested.debit, cycle.terms)
        segment = _lies_in(like, cycle.terms, contested.opened_on)
        left, found = contested.amount, []
        for age in ages:
            for debit in _own_day_first(balances.debits, segment, age, like.counts_on):
                taken = min(left, debit.left)
                debit.left -= taken
                left -= taken
                if taken:
                    found.append(Held(contested, segment, age, taken, like.counts_on))
        return found

    def _excused(self, found: Sequence[Held], cycle: Cycle, day: date) -> Iterator[Excused]:
        for each in found:
            row = segment_row(cycle.terms, each.segment)
            if each.age != REVOLVING and row.grace and not row.deferred:
                yield Excused(each.segment, each.age, each.counts_on, day, each.amount)

    def _give_back(self, contested: Contested, cycle: Cycle, balances: Balances, day: date) -> None:
        """Decided for the issuer: owed again (rule 15.4)."""
        for each in [each for each in self.held if each.contested is contested]:
            self.held.remove(each)
            row = segment_row(cycle.terms, each.segment)
            had_grace = row.grace and not row.deferred
            segment = (row.revert_to or "purchase") if row.until is not None or row.valid_days is not None else row.name
            debit = Debit("principal", segment, NEW, each.amount, each.amount, day, day)
            if each.age == REVOLVING or not had_grace:
                debit.posted_on = contested.debit.posted_on
                of_this_cycle = each.age == NEW and contested.opened_on > cycle.previous and segment == each.segment
                debit.age, debit.of_before = (NEW, False) if of_this_cycle else (REVOLVING, True)
            balances.debits.append(debit)


def _lies_in(debit: Debit, terms: Terms, day: date) -> str:
    """The segment of a debit on a day; what ended has gone over."""
    if debit.last_day is not None and debit.last_day < day:
        return segment_row(terms, debit.segment).revert_to or "purchase"
    return debit.segment


def _own_day_first(debits: Sequence[Debit], segment: str, age: str, counts_on: date) -> list[Debit]:
    of_class = [each for each in debits if each.kind == "principal" and (each.segment, each.age) == (segment, age)]
    return sorted((each for each in of_class if not each.is_part),
                  key=lambda each: (each.counts_on != counts_on, -each.counts_on.toordinal()))


def dispute_fact(contested: Contested, terms: Terms, closing: date, new_balance: int, minimum: int) -> Fact | None:
    """What the last statement does not ask for any more once a dispute is opened (rule 15.2); None where it never did.

    new_balance, minimum: of that statement, the first without what was disputed then.
    """
    if contested.debit.posted_on > closing or new_balance <= 0:
        return None
    on, share = contested.opened_on, share_of_minimum(terms, minimum, new_balance, contested.amount)
    return Fact("dispute", contested.amount, on, on, "disputed", "dispute", of_minimum=share,
                disputed_of=contested.debit.posted_on)
