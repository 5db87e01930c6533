"""Turnover: what was spent, by posting date.

Purchases, cash advances and balance transfers (debits) less refunds and chargebacks (credits). Payments, fees, interest
and adjustments are not turnover.
"""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from accounts.posting_facts import SPENT
from reports.answer import CURRENCY, Chart, Dimension, Measure, Row, share
from reports.asking import Asked, ReportKind, days_of_book, select_groups
from reports.counted import grain_of, source_of, spans_to_count
from reports.different_cards import different_cards

#: One row a group: how many postings of turnover, what they come to, and on how many cards (which facts cannot tell).
TURNOVER = """
    SELECT {groups}
        sum(counted.postings)::bigint AS transactions,
        coalesce(sum(counted.amount) FILTER (WHERE kind.sign > 0), 0)::bigint AS debits,
        coalesce(sum(counted.amount) FILTER (WHERE kind.sign < 0), 0)::bigint AS credits,
        sum(counted.amount * kind.sign)::bigint AS net,
        count(DISTINCT counted.card_id) AS cards,
        coalesce(sum(counted.postings) FILTER (WHERE kind.sign > 0), 0)::bigint AS debit_transactions
    FROM {source} counted
    JOIN unnest(%(types)s::smallint[], %(names)s::text[], %(signs)s::int[]) AS kind (type, name, sign)
        ON kind.type = counted.type
    LEFT JOIN org_unit unit ON unit.org_unit_id = counted.org_unit_id
    WHERE counted.business_on BETWEEN coalesce(%(from_on)s::date, '-infinity') AND %(last_on)s::date
        AND (%(units)s::int[] IS NULL OR unit.org_unit_id = ANY(%(units)s::int[]))
    {group_by}
"""

DIMENSIONS = (
    Dimension("month", "to_char(counted.business_on, 'YYYY-MM')", "month of posting"),
    Dimension("day", "counted.business_on", "day of posting"),
    Dimension("cycle", "counted.cycle", "closing date of the billing cycle that holds the posting"),
    Dimension("product", "counted.product", "product of the card account"),
    Dimension("org_unit", "unit.code", "organisation unit of the account, or else of its member"),
    Dimension("merchant", "counted.merchant", "merchant as the file names it"),
    Dimension("category", "counted.category", "spend category as the file names it"),
    Dimension("channel", "counted.channel", "channel of the transaction"),
    Dimension("card_kind", "counted.card_kind", "primary, supplementary or company card; none where the row names no card"),
    Dimension("type", "kind.name", "type of the posting", tuple(each.name for each in SPENT)),
)

MEASURES = (
    Measure("transactions", "count", "postings of turnover, debits and credits alike"),
    Measure("debits", "money", "purchases, cash advances and balance transfers"),
    Measure("credits", "money", "refunds and chargebacks, as a positive amount"),
    Measure("net", "money", "debits less credits"),
    Measure("cards", "count", "different cards with at least one posting; postings without a card count none", "never"),
    Measure("average_ticket", "money", "debits divided by the number of debit postings, rounded half up", "never"),
)


def _select(connection: Connection[Any], asked: Asked, groups: tuple[Dimension, ...]) -> list[Row]:
    names = tuple(each.name for each in groups)
    parameters = asked.parameters(
        types=[each.code for each in SPENT], names=[each.name for each in SPENT], signs=[each.sign for each in SPENT],
        **spans_to_count(asked, names),
    )
    of_unit = asked.units is not None
    grain = None if asked.from_postings else grain_of(names, of_unit)
    rows = select_groups(connection, TURNOVER, groups, parameters, f"counted.currency AS {CURRENCY}",
                         source_of(grain, names, of_unit))
    if grain is not None and rows:
        cards = different_cards(connection, asked, names)
        for row in rows:
            row["cards"] = cards.get((row[CURRENCY], *(row[name] for name in names)), 0)
    return rows


def _finish(row: Row, unit: int) -> None:
    """The average ticket: no debits make none, so it is zero."""
    debits, count = row["debits"], row.pop("debit_transactions", 0)
    assert isinstance(debits, int)
    assert isinstance(count, int)
    row["average_ticket"] = int(share(debits, count * unit, 0) or 0) * unit


TURNOVER_REPORT = ReportKind(
    name="turnover",
    title="Turnover",
    sentence="What was spent: purchases, cash advances and balance transfers less refunds and chargebacks, by posting date.",
    dimensions=DIMENSIONS,
    measures=MEASURES,
    default_by=("month",),
    select=_select,
    chart=Chart("net", "Net turnover"),
    period=days_of_book,
    finish=_finish,
    notes=("Debits are what holders spent; credits are what came back, written as positive amounts; net is debits less "
           "credits. Payments, fees, interest and adjustments are not turnover. Postings count by posting date.",),
)
