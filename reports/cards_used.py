"""Which cards were used in the days of a report, read from as few sets as hold them.

Whole months are read as sets of the month, further days as sets of the day where transactions are not told apart, and else as
the cards used that day. What cannot be taken by the month (days and cycles) is read day by day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from psycopg import Connection, sql

from accounts.card_sets import DAY_SPENT, DAY_USED, MONTH_BY_CHANNEL, MONTH_BY_MERCHANT, MONTH_SPENT, MONTH_USED
from accounts.packed_cards import PLAIN
from accounts.posting_facts import CARDS_USED, fact_parameters
from reports.asking import Asked

#: The cards of single days, with the groups asked for. The server sorts them by where they lie: their bytes are not touched.
_CARDS = """
    SELECT {columns}business_on, true AS plain, cards FROM {source} used
    WHERE by_merchant = %(by_merchant)s AND business_on = ANY(%(days)s::date[])
        AND type BETWEEN %(first_transaction)s AND %(last_transaction)s
        AND (NOT %(only_spent)s OR type = ANY(%(spent)s::smallint[]))
"""
_SETS = """
    SELECT {columns}business_on, false AS plain, cards FROM card_set
    WHERE grain = {grain} AND business_on = ANY({days}::date[])
"""
#: How many sets come from the server at once; a large book's may be 150 kB each.
_AT_ONCE = 500


def cards_used(connection: Connection[Any], asked: Asked, names: Sequence[str], only_spent: bool,
               by_month: bool) -> Iterator[tuple[Any, ...]]:
    """Which cards were used, in order of their groups and day: of each the groups' values, the day, the set.

    names: of type, category, channel and merchant, those that are told apart. only_spent: by turnover alone. by_month: the
    day may be the last of a month, for all of it.
    """
    spans = asked.spans(by_month and not asked.from_postings)
    parameters = fact_parameters(asked.from_on, asked.last_on) | {
        "by_merchant": "merchant" in names, "only_spent": only_spent, "days": list(spans.days)}
    columns = sql.SQL("").join(sql.SQL("{}, ").format(sql.Identifier(name)) for name in names)
    if asked.from_postings:
        parts = [sql.SQL(_CARDS).format(columns=columns, source=sql.SQL(f"({CARDS_USED})"))]
    elif not names:
        days, months = (DAY_SPENT, MONTH_SPENT) if only_spent else (DAY_USED, MONTH_USED)
        parts = [_sets(columns, days, spans.days), _sets(columns, months, spans.months)]
    else:
        assert only_spent, "kinds of transactions are told apart only where money was spent"
        grain = MONTH_BY_MERCHANT if "merchant" in names else MONTH_BY_CHANNEL
        parts = [_sets(columns, grain, spans.months),
                 sql.SQL(_CARDS).format(columns=columns, source=sql.SQL("card_use"))]
    statement = sql.SQL("SELECT * FROM ({}) used ORDER BY {}business_on").format(sql.SQL(" UNION ALL ").join(parts), columns)
    with connection.cursor(name="cards_used", binary=True) as cursor:
        cursor.itersize = _AT_ONCE
        for *values, plain, cards in cursor.execute(statement, parameters):
            yield (*values, bytes([PLAIN]) + cards if plain else cards)


def _sets(columns: sql.Composed, grain: int, days: Sequence[date]) -> sql.Composed:
    """SQL of the sets of some days or months."""
    return sql.SQL(_SETS).format(columns=columns, grain=sql.Literal(grain), days=sql.Literal(list(days)))
