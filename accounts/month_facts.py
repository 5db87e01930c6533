"""Facts of a month: the facts of its days added up when its last day closes, so that a report of a year has few rows to read.

Facts of days are as many as there are combinations of what reports group by, every day again. Where what is asked does not tell
days apart, whole months are read in their place. They follow every restating of a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from psycopg import Connection

from accounts.calendar import on_day_of_month

_DIMENSIONS = "grain, currency, type, product, org_unit_id, card_kind, category, channel, merchant, cycle"
COLUMNS = f"business_on, {_DIMENSIONS}, postings, amount"
#: The last day of the month that a day is in.
MONTH_END = "(date_trunc('month', business_on) + interval '1 month - 1 day')::date"

#: Facts of closed months as those of their days come to, less those kept: rows only where they differ. month: its last day, or
#: null for all months that are closed.
MONTH_DIFFERENCES = f"""
SELECT business_on, {_DIMENSIONS}, sum(postings)::bigint AS postings, sum(amount)::bigint AS amount
FROM (
    SELECT {MONTH_END} AS business_on, {_DIMENSIONS}, postings, amount FROM posting_fact
    WHERE business_on BETWEEN coalesce(date_trunc('month', %(month)s::date)::date, '-infinity')
        AND coalesce(%(month)s::date, (SELECT CASE WHEN extract(day FROM closed_through + 1) = 1 THEN closed_through
                                                   ELSE date_trunc('month', closed_through)::date - 1 END FROM book))
    UNION ALL
    SELECT business_on, {_DIMENSIONS}, -postings, -amount FROM month_fact
    WHERE %(month)s::date IS NULL OR business_on = %(month)s::date
) both_sides
GROUP BY business_on, {_DIMENSIONS}
HAVING sum(postings) <> 0 OR sum(amount) <> 0
"""  # noqa: S608


def month_end(on: date) -> date:
    """The last day of the month that a day is in."""
    return on_day_of_month(on.year, on.month, 31)


def last_of_month(on: date) -> bool:
    """Whether a day is the last of its month."""
    return on == month_end(on)


def add_facts(connection: Connection[Any], table: str, on: date, rows: Sequence[tuple[Any, ...]]) -> None:
    """Add rows to the facts of a day, or of the month that it ends; their own day is not looked at."""
    values = ", ".join(["%s"] * len(COLUMNS.split(", ")))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} ({COLUMNS}) VALUES ({values})", [(on, *row[1:]) for row in rows])  # noqa: S608


def seal_month_facts(connection: Connection[Any], month: date | None) -> None:
    """Add up the facts of a month that is being closed; month: its last day, None for all months closed before."""
    connection.execute(
        f"INSERT INTO month_fact ({COLUMNS}) {MONTH_DIFFERENCES} ORDER BY business_on, grain",
        {"month": month})
