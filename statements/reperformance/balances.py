"""What is owed, debit by debit: each with its segment, its age class and what is left of it (rule 2)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial

from fees.terms import Terms
from fees.terms_interest import SegmentTerms
from statements.reperformance.facts import Fact, Kind

NEW, BILLED, REVOLVING = "new", "billed", "revolving"
AGES = (REVOLVING, BILLED, NEW)
"""The age classes, oldest first."""


@dataclass(eq=False)
class Debit:
    """Something owed. left: minor units; counts_on: the day that it bears from; last_day: in a segment that ends."""

    kind: Kind
    segment: str
    age: str
    amount: int
    left: int
    counts_on: date
    posted_on: date
    last_day: date | None = None
    of_before: bool = False
    """A payment that came back, or what went over from a segment that ended: no new debit of this cycle."""
    is_part: bool = False
    """A part of an instalment plan that no closing has aged yet: in no base of the minimum, and paid after its equals."""
    bases: dict[date, int] = field(default_factory=dict)
    """Of a debit in a deferred segment: what its interest days came to, balance-days by date."""


@dataclass(frozen=True)
class Part:
    """What was left of a debit at some moment, where it lay then."""

    debit: Debit
    kind: Kind
    segment: str
    age: str
    left: int


Snapshot = tuple[Part, ...]


def amounts(snapshot: Snapshot) -> dict[tuple[Kind, str, str], int]:
    """What was left by kind, segment and age class."""
    sums: dict[tuple[Kind, str, str], int] = defaultdict(int)
    for part in snapshot:
        sums[part.kind, part.segment, part.age] += part.left
    return dict(sums)


class Balances:
    """The debits of an account and what the issuer owes it: while there is credit, nothing is owed (rule 2.4)."""

    def __init__(self) -> None:
        self.debits: list[Debit] = []
        self.credit = 0

    def total(self) -> int:
        return sum(each.left for each in self.debits) - self.credit

    def owed(self, *kinds: Kind) -> int:
        return sum(each.left for each in self.debits if each.kind in kinds)

    def snapshot(self) -> Snapshot:
        return tuple(Part(each, each.kind, each.segment, each.age, each.left) for each in self.debits if each.left)

    def pay(self, amount: int, order: Callable[[Sequence[Debit]], Iterable[Debit]]) -> int:
        """Pays debits in an order, found where there is something to pay with; gives what is left of the amount."""
        if not amount or not self.debits:
            return amount
        for each in order(self.debits):
            paid = min(amount, each.left)
            each.left -= paid
            amount -= paid
        return amount

    def convert(self, terms: Terms, amount: int, ages: Sequence[str]) -> int:
        """Takes what becomes a plan from principal, class by class as given; what is more than that is credit (rule 14.2)."""
        rows = [each.name for each in terms.interest.segment if each.name not in ("purchase", "cash_advance")]
        for segment in ("purchase", *rows):
            for age in ages:
                amount = self.pay(amount, partial(_newest_first, segment, age))
        return amount

    def forget_paid(self) -> None:
        """Drops debits of which nothing is left."""
        self.debits = [each for each in self.debits if each.left]

    def write_off(self) -> None:
        """Nothing that is owed is carried on (rule 13.6)."""
        self.debits = []

    def grow_older(self, terms: Terms, grace_kept: bool) -> None:
        """What a closing does to the age classes (rule 2.3)."""
        for each in self.debits:
            each.is_part = False
            if not has_grace(terms, each):
                each.age = REVOLVING
            elif each.age == NEW:
                each.age = REVOLVING if not grace_kept and terms.grace.lost_for == "all" else BILLED
            elif each.age == BILLED and not grace_kept:
                each.age = REVOLVING


def _newest_first(segment: str, age: str, debits: Sequence[Debit]) -> list[Debit]:
    """What a conversion takes from one balance: of what is new the newest, else the oldest first."""
    of_class = [each for each in debits if each.kind == "principal" and (each.segment, each.age) == (segment, age)]
    return sorted((each for each in of_class if not each.is_part), key=lambda each: each.counts_on, reverse=age == NEW)


def has_grace(terms: Terms, debit: Debit | Part) -> bool:
    """Whether the segment of a debit has grace; fees and interest age like purchases."""
    row = segment_row(terms, debit.segment)
    return row.grace and not row.deferred


def segment_row(terms: Terms, name: str) -> SegmentTerms:
    """The row of a segment; that of purchases where these terms have none of that name any more."""
    rows = {each.name: each for each in terms.interest.segment}
    return rows.get(name, rows["purchase"])


def debit_of(fact: Fact, terms: Terms) -> Debit:
    """A debit as it enters the balances: its segment, class and last day (rules 1.2, 2.1, 2.2, 11.1)."""
    counts_on = fact.posted_on if terms.interest.accrues_from == "posting" else fact.effective_on
    segment, last_day = _segment_of(fact, terms, counts_on) if fact.kind == "principal" else ("purchase", None)
    debit = Debit(fact.kind, segment, NEW, fact.amount, fact.amount, counts_on, fact.posted_on, last_day)
    if fact.type == "returned_payment":
        debit.age, debit.of_before = BILLED if has_grace(terms, debit) else REVOLVING, True
    debit.is_part = fact.type == "instalment"
    return debit


def _segment_of(fact: Fact, terms: Terms, counts_on: date) -> tuple[str, date | None]:
    names = {each.name for each in terms.interest.segment}
    by_type = fact.type if fact.type in ("cash_advance", "balance_transfer") and fact.type in names else "purchase"
    name = fact.segment or by_type
    row = segment_row(terms, name)
    last_day = row.until
    if row.valid_days is not None:
        last_day = counts_on + timedelta(days=row.valid_days - 1)
    if last_day is not None and last_day < fact.posted_on:
        return row.revert_to or "purchase", None
    return name, last_day
