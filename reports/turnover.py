"""Turnover: what was spent, by posting date.

Purchases, cash advances and balance transfers (debits) less refunds and chargebacks (credits). Payments, fees, interest
and adjustments are not turnover.
"""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from accounts.posting_types import BALANCE_TRANSFER, CASH_ADVANCE, CHARGEBACK, PURCHASE, REFUND
from reports.answer import CURRENCY, Chart, Dimension, Measure, Row, share
from reports.asking import Asked, ReportKind, days_of_book, select_groups

SPENT = (PURCHASE, CASH_ADVANCE, BALANCE_TRANSFER, REFUND, CHARGEBACK)

#: One row a group: how many postings of turnover, what they come to, and on how many cards.
TURNOVER = """
    SELECT {groups}
        count(*) AS transactions,
        coalesce(sum(posting.amount) FILTER (WHERE kind.sign > 0), 0)::bigint AS debits,
        coalesce(sum(posting.amount) FILTER (WHERE kind.sign < 0), 0)::bigint AS credits,
        sum(posting.amount * kind.sign)::bigint AS net,
        count(DISTINCT posting.card_id) AS cards,
        count(*) FILTER (WHERE kind.sign > 0) AS debit_transactions
    FROM posting
    JOIN unnest(%(types)s::smallint[], %(names)s::text[], %(signs)s::int[]) AS kind (type, name, sign)
        ON kind.type = posting.type
    JOIN card_account account USING (member_id, account_id)
    LEFT JOIN card ON card.member_id = posting.member_id AND card.account_id = posting.account_id
        AND card.card_id = posting.card_id
    LEFT JOIN member ON member.member_id = posting.member_id
    LEFT JOIN org_unit unit ON unit.org_unit_id = coalesce(account.org_unit_id, member.org_unit_id)
    WHERE posting.posted_on BETWEEN coalesce(%(from_on)s::date, '-infinity') AND %(last_on)s::date
        AND (%(units)s::int[] IS NULL OR unit.org_unit_id = ANY(%(units)s::int[]))
    {group_by}
"""

#: The closing date of the cycle that a posting belongs to: the first closing on or after its day, never before the
#: account's first one; a closing day that a month has not falls on its last day.
CLOSING_OF_THE_CYCLE = """
    greatest(account.anchor_on, CASE
        WHEN extract(day FROM posting.posted_on) <= account.closing_day
        THEN least(posting.posted_on - extract(day FROM posting.posted_on)::int + account.closing_day,
                   (posting.posted_on - extract(day FROM posting.posted_on)::int + 1 + interval '1 month')::date - 1)
        ELSE least((posting.posted_on - extract(day FROM posting.posted_on)::int + 1 + interval '1 month')::date - 1
                   + account.closing_day,
                   (posting.posted_on - extract(day FROM posting.posted_on)::int + 1 + interval '2 months')::date - 1)
    END)
"""

DIMENSIONS = (
    Dimension("month", "to_char(posting.posted_on, 'YYYY-MM')", "month of posting"),
    Dimension("day", "posting.posted_on", "day of posting"),
    Dimension("cycle", CLOSING_OF_THE_CYCLE, "closing date of the billing cycle that holds the posting"),
    Dimension("product", "account.product", "product of the card account"),
    Dimension("org_unit", "unit.code", "organisation unit of the account, or else of its member"),
    Dimension("merchant", "posting.merchant", "merchant as the file names it"),
    Dimension("category", "posting.category", "spend category as the file names it"),
    Dimension("channel", "posting.channel", "channel of the transaction"),
    Dimension("card_kind", "card.kind", "primary, supplementary or company card; none where the row names no card"),
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
    parameters = asked.parameters(
        types=[each.code for each in SPENT], names=[each.name for each in SPENT], signs=[each.sign for each in SPENT],
    )
    return select_groups(connection, TURNOVER, groups, parameters, leading=f"account.currency AS {CURRENCY}")


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
