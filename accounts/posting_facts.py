"""Facts of a business day: what its postings come to by all that reports group by, and which cards were used.

Facts add up: a report of a year is a sum over the facts of its days. They are drawn up when a day closes, in the same
transaction, and never changed; where work that was parked is made up for later, the difference comes as further rows. So
the facts of a day are at any time the sum of its rows, and one statement draws them up, puts them right and checks them.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from psycopg import Connection

from accounts.month_facts import COLUMNS, add_facts, month_end
from accounts.posting_types import (
    BALANCE_TRANSFER,
    CASH_ADVANCE,
    CHARGEBACK,
    OPENING_CREDIT,
    POINTS_CREDIT,
    PURCHASE,
    REFUND,
    SPEND,
    SPEND_REFUND,
)

#: The types of posting that are turnover.
SPENT = (PURCHASE, CASH_ADVANCE, BALANCE_TRANSFER, REFUND, CHARGEBACK, SPEND, SPEND_REFUND)

#: What a fact may be grouped by beside its day, currency and type, by the grains that facts are kept at. Facts at every
#: combination would be as many as the postings; what no grain holds is asked of the postings themselves.
BY_ACCOUNT, BY_CYCLE, BY_MERCHANT = 3, 2, 5  # grouping(product, merchant, cycle): a bit is set where the column is summed over
GRAINS: dict[int, tuple[str, ...]] = {
    BY_ACCOUNT: ("product", "org_unit_id", "card_kind", "category", "channel"),
    BY_MERCHANT: ("category", "channel", "merchant"),
    BY_CYCLE: ("product", "org_unit_id", "card_kind", "cycle"),
}
#: From a day, or the first, to another, or the last one closed.
_DAYS = ("business_on BETWEEN coalesce(%(from_on)s::date, '-infinity') AND coalesce(%(last_on)s::date,"
         " (SELECT closed_through FROM book))")
_DIMENSIONS = "product, org_unit_id, card_kind, category, channel, merchant, cycle"

#: Facts of days as their postings give them, less those kept: rows only where they differ. Payments, fees and interest are kept
#: by account alone.
DIFFERENCES = f"""
SELECT business_on, grain, currency, type, {_DIMENSIONS}, sum(postings)::bigint AS postings, sum(amount)::bigint AS amount
FROM (
    SELECT business_on, grouping(product, merchant, cycle) AS grain, currency, type, {_DIMENSIONS},
           count(*) AS postings, sum(amount) AS amount
    FROM counted_posting
    WHERE {_DAYS} AND type >= %(from_type)s
    GROUP BY business_on, currency, type,
             GROUPING SETS ({", ".join(f"({', '.join(names)})" for names in GRAINS.values())})
    HAVING grouping(product, merchant, cycle) = {BY_ACCOUNT} OR type = ANY(%(spent)s::smallint[])
    UNION ALL
    SELECT business_on, grain, currency, type, {_DIMENSIONS}, -postings, -amount FROM posting_fact
    WHERE {_DAYS} AND type >= %(from_type)s
) both_sides
GROUP BY business_on, grain, currency, type, {_DIMENSIONS}
HAVING sum(postings) <> 0 OR sum(amount) <> 0
ORDER BY business_on, grain
"""  # noqa: S608

#: The cards that transactions of a day were made with, by what the day's facts are grouped by: each as four bytes, ascending.
#: Merchants only where money was spent.
CARDS_USED = f"""
SELECT business_on, grouping(merchant) = 0 AS by_merchant, type, category, channel, merchant,
       string_agg(DISTINCT int4send(card_id::int), ''::bytea) AS cards
FROM (
    SELECT DISTINCT posted_on AS business_on, type, category, channel, merchant, card_id FROM posting
    WHERE {_DAYS.replace("business_on", "posted_on")} AND type BETWEEN %(first_transaction)s AND %(last_transaction)s
        AND card_id IS NOT NULL
) used
GROUP BY business_on, type, GROUPING SETS ((category, channel), (category, channel, merchant))
HAVING grouping(merchant) = 1 OR type = ANY(%(spent)s::smallint[])
"""  # noqa: S608

CARD_USE = "business_on, by_merchant, type, category, channel, merchant, cards"


def fact_parameters(from_on: date | None, last_on: date | None, from_type: int = OPENING_CREDIT.code + 1) -> dict[str, Any]:
    """What the statements of this module are given: the days, both included, and the least type of posting.

    from_on, last_on: None for the first day there is and the last one closed.
    """
    return {
        "from_on": from_on, "last_on": last_on, "from_type": from_type, "spent": [each.code for each in SPENT],
        "first_transaction": PURCHASE.code, "last_transaction": SPEND_REFUND.code,
    }


def seal_facts(connection: Connection[Any], on: date) -> None:
    """Draw up the facts of a business day that is being closed; its transactions are complete."""
    connection.execute(f"INSERT INTO posting_fact ({COLUMNS}) {DIFFERENCES}", fact_parameters(on, on))
    connection.execute(f"INSERT INTO card_use ({CARD_USE}) {CARDS_USED}", fact_parameters(on, on))


def restate_facts(connection: Connection[Any], on: date) -> None:
    """Add to the facts of a closed day, and to its month's if that is closed, what was charged on it since.

    No transaction of a file can have come to it.
    """
    rows = connection.execute(DIFFERENCES, fact_parameters(on, on, from_type=POINTS_CREDIT.code + 1)).fetchall()
    add_facts(connection, "posting_fact", on, rows)
    closed = connection.execute("SELECT closed_through >= %s FROM book", (month_end(on),)).fetchone()
    if closed and closed[0]:
        add_facts(connection, "month_fact", month_end(on), rows)
