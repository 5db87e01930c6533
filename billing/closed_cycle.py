"""What the closing of a cycle comes to: its charges, its columns, and what they were derived from."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from accounts.posting_types import PostingType
from billing.balances import Int64Array
from billing.bearing import Bearing, Before
from billing.carried import Carried
from billing.cells import Cells
from billing.own_rates import OwnRates
from billing.terms_by_day import TermsByDay
from billing.walk import Walked


@dataclass(frozen=True)
class Charged:
    """One charge that a closing makes on many accounts: its posting type, the line number that tells several of one type
    apart, and the amount of each account, minor units."""

    kind: PostingType
    line: int
    amount: Int64Array


@dataclass
class Trace:
    """What a closing was derived from, kept only where its charges are to be explained (billing/tracing.py reads it).

    bearings: by segment; bases: by segment, the one base of the cycle (numerators, denominators) where the method takes one;
    deferred: debits whose interest was put off until now: row of the terms, account, last day, balance-days, rate of that day.
    """

    by_day: TermsByDay | None = None
    cells: Cells | None = None
    bearings: dict[int, Bearing] = field(default_factory=dict)
    bases: dict[int, tuple[Int64Array, Int64Array]] = field(default_factory=dict)
    deferred: list[tuple[int, int, int, int, Fraction]] = field(default_factory=list)
    excess: Int64Array | None = None
    start: int = 0
    own: OwnRates | None = None
    walked: Walked | None = None


@dataclass
class ClosedCycle:
    """A batch's cycle, closed.

    columns: the statement's figures and the state carried on, named as in billing.models.Statement (without keys, dates and
    seal), shape (accounts,); charges: what the closing posts; carried: state that the columns cannot tell; before: what the
    next closing may need of this cycle's days.
    """

    columns: dict[str, Int64Array]
    charges: list[Charged]
    carried: Carried
    before: Before
