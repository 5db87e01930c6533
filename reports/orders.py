"""Orders: cards sold by channel, paid and delivered; how many leave a store out, and how many buyers come again.

Every row speaks of the orders made in it, and of what had become of them by the last day asked about. Days are UTC.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from psycopg import Connection

from reports.answer import CURRENCY, Chart, Dimension, Measure, Row, share
from reports.asking import Asked, ReportKind, select_groups

#: Channels in which nobody stands at a counter. Cards ordered elsewhere and fetched at a store were sold without one.
WITHOUT_A_STORE = ("phone", "web", "pickup", "direct", "app", "company")

ORDERS = """
    SELECT {groups}
        count(*) AS orders,
        count(*) FILTER (WHERE entry.paid) AS paid,
        count(*) FILTER (WHERE entry.delivered) AS delivered,
        coalesce(sum(entry.quantity), 0)::bigint AS quantity,
        coalesce(sum(entry.quantity * entry.face), 0)::bigint AS face,
        coalesce(sum(entry.price), 0)::bigint AS price,
        coalesce(sum(entry.quantity) FILTER (WHERE entry.channel = ANY(%(without_a_store)s::text[])), 0)::bigint
            AS without_a_store_quantity,
        count(DISTINCT entry.member_id) FILTER (WHERE entry.paid AND entry.member_id <> 0) AS buyers,
        count(DISTINCT entry.member_id) FILTER (WHERE entry.paid AND entry.member_id <> 0 AND entry.bought_before) AS again
    FROM (
        SELECT made.*, unit.code AS unit_code, made.ordered_at AT TIME ZONE 'UTC' AS at,
            coalesce((made.paid_at AT TIME ZONE 'UTC')::date <= %(to_on)s::date, false) AS paid,
            coalesce((made.delivered_at AT TIME ZONE 'UTC')::date <= %(to_on)s::date, false) AS delivered,
            made.member_id <> 0 AND made.paid_at > min(made.paid_at) OVER (PARTITION BY made.member_id) AS bought_before
        FROM sales_order made
        LEFT JOIN org_unit unit ON unit.org_unit_id = made.org_unit_id
    ) entry
    WHERE entry.at::date BETWEEN %(from_on)s::date AND %(to_on)s::date
        AND (%(units)s::int[] IS NULL OR entry.org_unit_id = ANY(%(units)s::int[]))
    {group_by}
"""

DAYS_OF_ORDERS = """
    SELECT (min(ordered_at) AT TIME ZONE 'UTC')::date,
           (greatest(max(ordered_at), max(paid_at), max(delivered_at)) AT TIME ZONE 'UTC')::date
    FROM sales_order
"""

DIMENSIONS = (
    Dimension("month", "to_char(entry.at, 'YYYY-MM')", "month in which the order was made"),
    Dimension("channel", "entry.channel", "store, phone, web, pickup, direct, app or company",
              ("store", "phone", "web", "pickup", "direct", "app", "company")),
    Dimension("product", "entry.product", "product of the cards"),
    Dimension("org_unit", "entry.unit_code", "unit that sold them"),
    Dimension("status", "entry.status", "status as the file names it"),
)

MEASURES = (
    Measure("orders", "count", "orders made in the period"),
    Measure("paid", "count", "of orders: paid by the last day asked about"),
    Measure("delivered", "count", "of orders: delivered by the last day asked about"),
    Measure("quantity", "count", "cards ordered"),
    Measure("face", "money", "face value of all cards ordered"),
    Measure("price", "money", "what the orders cost their buyers"),
    Measure("conversion", "rate", "paid / orders", "never"),
    Measure("without_a_store", "rate", "of quantity: cards ordered by another channel than a store", "never"),
    Measure("buyers", "count", "members who paid for an order of the row", "never"),
    Measure("repurchase", "rate", "of buyers: those who had paid for an order before", "never"),
)


def _select(connection: Connection[Any], asked: Asked, groups: tuple[Dimension, ...]) -> list[Row]:
    return select_groups(connection, ORDERS, groups, asked.parameters(without_a_store=list(WITHOUT_A_STORE)),
                         leading=f"entry.currency AS {CURRENCY}")


def _finish(row: Row, unit: int) -> None:
    def number(name: str) -> int:
        value = row.get(name) or 0
        assert isinstance(value, int)
        return value

    row["conversion"] = share(number("paid"), number("orders"), 4)
    row["without_a_store"] = share(number("without_a_store_quantity"), number("quantity"), 4)
    row["repurchase"] = share(number("again"), number("buyers"), 4)
    for name in ("without_a_store_quantity", "again"):
        row.pop(name, None)
    row.setdefault("buyers", 0)


def _days_of_orders(connection: Connection[Any]) -> tuple[date | None, date | None]:
    row = connection.execute(DAYS_OF_ORDERS).fetchone()
    return (row[0], row[1]) if row else (None, None)


ORDERS_REPORT = ReportKind(
    name="orders",
    title="Orders",
    sentence="Cards ordered by channel: how many, paid and delivered, sold without a store, and to buyers who came again.",
    dimensions=DIMENSIONS,
    measures=MEASURES,
    default_by=("month", "channel"),
    select=_select,
    chart=Chart("quantity", "Cards ordered"),
    period=_days_of_orders,
    finish=_finish,
    notes=("Each row speaks of the orders made in it, whenever they were paid or delivered. A buyer of several rows is counted "
           "in each, and once in the total. Days are calendar days, UTC.",),
)
