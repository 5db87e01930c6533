"""Value held in lots: what a card holds is where each part came from, who gave it and until when it can be spent.

Pure: lots go in, movements come out. What is spent takes lots in one declared order; what comes back goes to the very lots that
it was taken from. Source: docs/reference/prepaid-rules.md, 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

PRINCIPAL_PURSE, BONUS_PURSE = "principal", "bonus"
#: The purses, in the order that a spend takes from them.
PURSES = (BONUS_PURSE, PRINCIPAL_PURSE)


@dataclass(frozen=True, slots=True)
class Lot:
    """Part of a card's value.

    number: counted from 1 as lots were made; source: how it came in (`cash`, `bank_transfer`, `promotion`); funder: who paid
    for it; expires_on: the last day that it can be spent on, None for ever; amounts: minor units.
    """

    number: int
    purse: str
    source: str
    funder: str
    expires_on: date | None
    original: int
    remaining: int

    def spendable_on(self, day: date) -> bool:
        """Whether it is not past its last day."""
        return self.expires_on is None or day <= self.expires_on


@dataclass(frozen=True, slots=True)
class Movement:
    """What a lot gains (positive) or gives (negative), minor units."""

    lot: int
    amount: int


class NotEnoughValue(Exception):
    """More was asked for than the lots hold that can be spent; carries both."""

    def __init__(self, asked: int, spendable: int) -> None:
        self.asked, self.spendable = asked, spendable
        super().__init__(f"{asked} asked for, {spendable} can be spent")


class MoreThanWasTaken(Exception):
    """More was to come back than a spend took and did not get back yet; carries both."""

    def __init__(self, asked: int, left: int) -> None:
        self.asked, self.left = asked, left
        super().__init__(f"{asked} was to come back, {left} of what was taken is left")


def spendable(lots: Iterable[Lot], day: date) -> int:
    """What can be spent on a day, minor units."""
    return sum(each.remaining for each in lots if each.spendable_on(day))


def take(lots: Sequence[Lot], amount: int, day: date) -> list[Movement]:
    """What a spend takes: bonus first, then what ends earliest, then what was put in first; never more than there is.

    Raises NotEnoughValue. What is past its last day is left alone: it is kept, and cannot be spent.
    """
    open_lots = sorted((each for each in lots if each.remaining and each.spendable_on(day)), key=_order_of_taking)
    movements, left = [], amount
    for each in open_lots:
        taken = min(left, each.remaining)
        if taken:
            movements.append(Movement(each.number, -taken))
            left -= taken
    if left:
        raise NotEnoughValue(amount, amount - left)
    return movements


def _order_of_taking(lot: Lot) -> tuple[int, date, int]:
    return PURSES.index(lot.purse), lot.expires_on or date.max, lot.number


def give_back(taken: Sequence[Movement], given: Sequence[Movement], amount: int) -> list[Movement]:
    """Where a refund goes: to the lots that the spend took from, last taken first, never more than each of them gave.

    taken: of the spend, in the order of taking; given: of its refunds so far. Raises MoreThanWasTaken.
    """
    back: dict[int, int] = {}
    for each in given:
        back[each.lot] = back.get(each.lot, 0) + each.amount
    movements, left = [], amount
    for each in reversed(taken):
        room = -each.amount - back.get(each.lot, 0)
        returned = min(left, room)
        if returned:
            movements.append(Movement(each.lot, returned))
            left -= returned
    if left:
        raise MoreThanWasTaken(amount, amount - left)
    return movements


def moved(lots: Sequence[Lot], movements: Iterable[Movement]) -> list[Lot]:
    """The lots after movements. No lot holds less than nothing or more than it ever held: that is asserted, always."""
    change: dict[int, int] = {}
    for each in movements:
        change[each.lot] = change.get(each.lot, 0) + each.amount
    after = [replace(each, remaining=each.remaining + change.pop(each.number, 0)) for each in lots]
    assert not change, f"movements of lots that are not there: {sorted(change)}"
    assert all(0 <= each.remaining <= each.original for each in after), "a lot below nothing or above what it held"
    return after


def carried_over(lots: Sequence[Lot], movements: Iterable[Movement], first_number: int) -> list[Lot]:
    """The lots that another card gets for what was taken here: purse, source, funder and last day go with the value."""
    by_number = {each.number: each for each in lots}
    return [
        replace(by_number[each.lot], number=number, original=-each.amount, remaining=-each.amount)
        for number, each in enumerate(movements, start=first_number)
    ]


def past_their_day(lots: Iterable[Lot], purse: str, day: date) -> list[Movement]:
    """What is left in lots of a purse whose last day was before a day."""
    return [Movement(each.number, -each.remaining) for each in lots
            if each.purse == purse and each.remaining and not each.spendable_on(day)]
