"""How many different cards: what sums of days cannot tell, counted from the cards that were used each day.

A card used on many days, at many merchants, counts once in each row. The cards used are read group by group, day by day, and
added up as sets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import Connection, sql

from accounts.calendar import first_closing
from accounts.packed_cards import BITS, mark, plain, unpacked
from accounts.posting_types import BY_CODE
from reports.answer import Value
from reports.asking import Asked
from reports.cards_used import cards_used

Key = tuple[Value, ...]

#: Groups that a card has by its account, and those of its transactions; the others are of the day.
_OF_CARDS = {"product": "account.product", "org_unit": "unit.code", "card_kind": "card.kind"}
_OF_TRANSACTIONS = ("type", "category", "channel", "merchant")

#: Cards by currency and what they are grouped by, four bytes each.
_CARDS = """
    SELECT {columns}, string_agg(int4send(card.card_id::int), ''::bytea)
    FROM card
    JOIN card_account account USING (member_id, account_id)
    {units}
    GROUP BY {columns}
"""
_UNITS = """
    JOIN member ON member.member_id = card.member_id
    LEFT JOIN org_unit unit ON unit.org_unit_id = coalesce(account.org_unit_id, member.org_unit_id)
    WHERE %(units)s::int[] IS NULL OR unit.org_unit_id = ANY(%(units)s::int[])
"""
_ONE_CURRENCY = """
    SELECT max(currency), (SELECT max(card_id) FROM card_directory) FROM card_account HAVING min(currency) = max(currency)
"""


@dataclass
class Cards:
    """The cards of a book in groups: of_card is the number of a card's group by its id, -1 where it is in none.

    keys: of each group its currency and values; closings: its closing day and first closing, None where cycles do not matter;
    groups that differ in these alone have the same key.
    """

    keys: list[Key] = field(default_factory=list)
    closings: list[tuple[int, date] | None] = field(default_factory=list)
    of_card: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, dtype=np.int32))


def different_cards(connection: Connection[Any], asked: Asked, groups: Sequence[str]) -> dict[Key, int]:
    """Different cards that money was spent with, by currency (numeric) and the groups, in their order."""
    cards = _cards(connection, asked, groups)
    counted: dict[Key, int] = {}
    if not cards.keys:
        return counted
    names = [name for name in _OF_TRANSACTIONS if name in groups]
    used = cards_used(connection, asked, names, only_spent=True, by_month=not {"day", "cycle"} & set(groups))
    span, counter = _span_of(groups), _Cycles(cards) if "cycle" in groups else _Counter(cards)
    together = _span_of(["day"]) if "cycle" in groups else span
    for (*values, _), rows in groupby(used, key=lambda row: (*row[:-2], span(row[-2]))):
        counter.begin()
        for on, days in groupby(rows, key=lambda row: together(row[-2])):
            ids = counter.different(row[-1] for row in days)
            for closing, group, count in counter.count(on, ids):
                known = {
                    **dict(zip(names, values, strict=True)), **dict(zip(_of_cards(groups), cards.keys[group][1:], strict=True)),
                    "month": f"{on:%Y-%m}", "day": on, "cycle": closing,
                }
                if "type" in known:
                    known["type"] = BY_CODE[known["type"]].name
                key = (cards.keys[group][0], *(known[name] for name in groups))
                counted[key] = counted.get(key, 0) + count
    return counted


def _span_of(groups: Sequence[str]) -> Callable[[date], date]:
    """The first of the days that are in the same groups as a day."""
    if "day" in groups:
        return lambda on: on
    if "month" in groups:
        return lambda on: on.replace(day=1)
    return lambda on: date.min


def _of_cards(groups: Sequence[str]) -> list[str]:
    return [name for name in groups if name in _OF_CARDS]


def _cards(connection: Connection[Any], asked: Asked, groups: Sequence[str]) -> Cards:
    """The cards in their groups. Where all are in one, the cards themselves need not be read."""
    of_units = asked.units is not None or "org_unit" in groups
    if not of_units and not {"cycle", *_OF_CARDS} & set(groups):
        row = connection.execute(_ONE_CURRENCY).fetchone()
        if row is not None and row[1] is not None:
            return Cards([(row[0],)], [None], np.zeros(row[1] + 1, dtype=np.int32))
    closing = ("account.closing_day", "account.anchor_on") if "cycle" in groups else ()
    columns = ["account.currency", *(_OF_CARDS[name] for name in _of_cards(groups)), *closing]
    statement = sql.SQL(_CARDS).format(columns=sql.SQL(", ".join(columns)), units=sql.SQL(_UNITS if of_units else ""))
    found, members = Cards(), []
    with connection.cursor(binary=True) as cursor:
        for *values, packed in cursor.execute(statement, asked.parameters()):
            found.closings.append((values[-2], values[-1]) if closing else None)
            found.keys.append(tuple(values[:-2] if closing else values))
            members.append(plain(packed))
    if members:
        found.of_card = np.full(max(int(each.max()) for each in members) + 1, -1, dtype=np.int32)
        for number, each in enumerate(members):
            found.of_card[each] = number
    return found


class _Counter:
    """Counts the different cards of each group in a span of days."""

    def __init__(self, cards: Cards) -> None:
        self.cards = cards
        self._seen = np.zeros(len(cards.of_card), dtype=bool)

    def begin(self) -> None:
        """Other transactions follow, or other days."""

    def different(self, sets: Iterable[bytes]) -> NDArray[np.int64]:
        """The ids of cards that are in a group, each once. Few are sorted, of many each one's place is marked."""
        few: list[NDArray[np.int64]] = []
        count, marked = 0, False
        for cards in sets:
            if marked or cards[0] == BITS:
                mark(self._seen, cards)
                marked = True
                continue
            few.append(unpacked(cards))
            count += len(few[-1])
            if 16 * count > len(self._seen):
                self._mark(few)
                few, marked = [], True
        if marked:
            self._mark(few)
            ids = np.flatnonzero(self._seen)
            self._seen[:] = False
        else:
            ids = np.unique(np.concatenate(few)) if few else np.zeros(0, dtype=np.int64)
            ids = ids[ids < len(self._seen)]
        return ids[self.cards.of_card[ids] >= 0]

    def count(self, on: date, ids: NDArray[np.int64]) -> Iterator[tuple[date | None, int, int]]:
        """Of different cards used in a span of days, `on` one of them: closing date, number of the group, how many."""
        counts = np.bincount(self.cards.of_card[ids], minlength=len(self.cards.keys))
        for group in np.flatnonzero(counts).tolist():
            yield None, group, int(counts[group])

    def _mark(self, few: Iterable[NDArray[np.int64]]) -> None:
        for ids in few:
            self._seen[ids[ids < len(self._seen)]] = True


class _Cycles(_Counter):
    """Counts the different cards of each cycle, day after day; spans are single days.

    A card's cycles follow each other, so it is new where it was last counted in another one.
    """

    def __init__(self, cards: Cards) -> None:
        super().__init__(cards)
        self._last = np.zeros(len(cards.of_card), dtype=np.int32)

    def begin(self) -> None:
        self._last[:] = 0

    def count(self, on: date, ids: NDArray[np.int64]) -> Iterator[tuple[date | None, int, int]]:
        closings = {each: max(each[1], first_closing(on, each[0])) for each in set(filter(None, self.cards.closings))}
        closing_of = [closings[each] if each else date.max for each in self.cards.closings]
        closing = np.array([each.toordinal() for each in closing_of], dtype=np.int32)[self.cards.of_card[ids]]
        new = ids[self._last[ids] != closing]
        self._last[ids] = closing
        for _, group, count in super().count(on, new):
            yield closing_of[group], group, count
