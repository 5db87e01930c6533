"""Which different cards were used in a day and in a month, drawn up from the cards used each day when it closes.

A report over a year counts different cards in twelve sets of a month, or in those of its days, where it would read every card
of every day once more for each type, category, channel and merchant. Sets are never changed: only transactions name cards, and
none of them can come to a closed day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from psycopg import Connection

from accounts.month_facts import MONTH_END, last_of_month
from accounts.packed_cards import PLAIN, Ids, packed, plain, united
from accounts.posting_facts import SPENT

#: What a set is of: the cards used in a day or month, or those that money was spent with, in all or by what was spent on.
DAY_USED, DAY_SPENT, MONTH_USED, MONTH_SPENT, MONTH_BY_CHANNEL, MONTH_BY_MERCHANT = range(1, 7)


class CardSet(NamedTuple):
    """A row: business_on is the day, or the last one of the month, when it was drawn up; cards as `packed_cards` says."""

    business_on: date
    grain: int
    type: int | None
    category: str | None
    channel: str | None
    merchant: str | None
    cards: bytes


_COLUMNS = ", ".join(CardSet._fields)
_COPY = f"COPY card_set ({_COLUMNS}) FROM STDIN (FORMAT BINARY)"
_COPY_TYPES = ("date", "int2", "int2", "text", "text", "text", "bytea")
_SPENT = [each.code for each in SPENT]

_OF_DAY = "SELECT type = ANY(%s::smallint[]) AS spent, cards FROM card_use WHERE business_on = %s AND NOT by_merchant"
_OF_DAYS = "SELECT cards FROM card_set WHERE grain = %s AND business_on BETWEEN %s AND %s"
_OF_MONTH = """
SELECT by_merchant, type, category, channel, merchant, string_agg(cards, ''::bytea) FROM card_use
WHERE business_on BETWEEN %s AND %s AND type = ANY(%s::smallint[])
GROUP BY by_merchant, type, category, channel, merchant ORDER BY by_merchant, type, category, channel, merchant
"""
_KEPT = f"SELECT {_COLUMNS} FROM card_set WHERE business_on = %s ORDER BY grain, type, category, channel, merchant"  # noqa: S608
#: Closed days that cards were used on, and the last days of their months.
_DAYS = f"""
WITH used AS (SELECT DISTINCT business_on FROM card_use)
SELECT business_on FROM used UNION SELECT business_on FROM card_set
UNION SELECT ends_on
FROM (SELECT {MONTH_END} AS ends_on FROM used) of_month
WHERE ends_on <= (SELECT closed_through FROM book)
ORDER BY business_on
"""  # noqa: S608

#: Rows that are written together, so that a month's sets are not all in memory.
_AT_ONCE = 2_000


def seal_card_sets(connection: Connection[Any], on: date) -> None:
    """Draw up the sets of a day that is being closed."""
    _write(connection, _of_day(connection, on))


def seal_month_of_cards(connection: Connection[Any], ends_on: date) -> None:
    """Draw up the sets of a month whose last day is being closed and has its own."""
    rows = _of_month(connection, ends_on)
    while some := list(islice(rows, _AT_ONCE)):
        _write(connection, some)


def seal_card_sets_of_closed_days(connection: Connection[Any]) -> None:
    """Draw up the sets of all days that are closed, where there are none yet; day by day, in order."""
    for on in _days(connection):
        seal_card_sets(connection, on)
        if last_of_month(on):
            seal_month_of_cards(connection, on)


def first_day_of_other_cards(connection: Connection[Any]) -> date | None:
    """The first day whose sets, or whose month's, are not the cards used on its days; None where all are."""
    for on in _days(connection):
        drawn = [*_of_day(connection, on), *(_of_month(connection, on) if last_of_month(on) else ())]
        if drawn != [CardSet(*row) for row in connection.execute(_KEPT, (on,))]:
            return on
    return None


def _days(connection: Connection[Any]) -> list[date]:
    return [on for (on,) in connection.execute(_DAYS)]


def _write(connection: Connection[Any], rows: Iterable[CardSet]) -> None:
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.set_types(_COPY_TYPES)
        for row in rows:
            copy.write_row(row)


def _of_day(connection: Connection[Any], on: date) -> list[CardSet]:
    """The sets of a day; none where no card was used."""
    used = [(spent, bytes([PLAIN]) + cards) for spent, cards in connection.execute(_OF_DAY, (_SPENT, on), binary=True)]
    return _sets(on, {DAY_USED: [cards for _, cards in used], DAY_SPENT: [cards for spent, cards in used if spent]})


def _of_month(connection: Connection[Any], ends_on: date) -> Iterator[CardSet]:
    """The sets of a month: of all cards from the sets of its days, the others from the cards used on its days."""
    days = (ends_on.replace(day=1), ends_on)
    yield from _sets(ends_on, {grain: [cards for (cards,) in connection.execute(_OF_DAYS, (of_days, *days), binary=True)]
                               for grain, of_days in ((MONTH_USED, DAY_USED), (MONTH_SPENT, DAY_SPENT))})
    with connection.cursor(name="month_of_cards", binary=True) as cursor:
        cursor.itersize = 100
        for by_merchant, of_type, category, channel, merchant, cards in cursor.execute(_OF_MONTH, (*days, _SPENT)):
            grain = MONTH_BY_MERCHANT if by_merchant else MONTH_BY_CHANNEL
            yield CardSet(ends_on, grain, of_type, category, channel, merchant, packed(_different(plain(cards))))


def _sets(on: date, cards_of: Mapping[int, Sequence[bytes]]) -> list[CardSet]:
    """Sets of all cards, by what they are of; of no cards there is none."""
    return [CardSet(on, grain, None, None, None, None, packed(united(cards))) for grain, cards in cards_of.items() if cards]


def _different(ids: Ids) -> Ids:
    """Each id once, ascending: sorted where they are few, else marked."""
    if 16 * len(ids) < ids.max():
        return np.unique(ids)
    seen = np.zeros(int(ids.max()) + 1, dtype=bool)
    seen[ids] = True
    return np.flatnonzero(seen)
