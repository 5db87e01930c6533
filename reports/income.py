"""Income: interest and fees charged, less what was waived and reversed, by the kind of charge."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from accounts.posting_facts import BY_ACCOUNT
from accounts.posting_types import POSTING_TYPES, PostingType
from reports.answer import CURRENCY, Chart, Dimension, Measure, Row
from reports.asking import Asked, ReportKind, days_of_book, select_groups
from reports.counted import source_of, spans_to_count


def kind_of_income(posting_type: PostingType) -> str | None:
    """The kind that a posting counts under: `interest`, `over_limit_interest` or the fee's name in the terms."""
    return "over_limit_interest" if posting_type.segment == "over_limit" else posting_type.charge


def effect_on_income(posting_type: PostingType) -> str:
    """Which measure a posting of a charge counts in."""
    if posting_type.sign > 0:
        return "charged"
    return "waived" if posting_type.figure == "waivers" else "reversed"


#: Tax is collected for somebody else: it is no income.
EARNING = tuple(each for each in POSTING_TYPES if each.charge not in (None, "tax"))
KINDS = tuple(dict.fromkeys(str(kind_of_income(each)) for each in EARNING))

#: One row a group: charges by what became of them.
INCOME = """
    SELECT {groups}
        coalesce(sum(counted.amount) FILTER (WHERE earning.effect = 'charged'), 0)::bigint AS charged,
        coalesce(sum(counted.amount) FILTER (WHERE earning.effect = 'waived'), 0)::bigint AS waived,
        coalesce(sum(counted.amount) FILTER (WHERE earning.effect = 'reversed'), 0)::bigint AS reversed,
        sum(CASE WHEN earning.effect = 'charged' THEN counted.amount ELSE -counted.amount END)::bigint AS net
    FROM {source} counted
    JOIN unnest(%(types)s::smallint[], %(kinds)s::text[], %(effects)s::text[]) AS earning (type, kind, effect)
        ON earning.type = counted.type
    WHERE counted.business_on BETWEEN coalesce(%(from_on)s::date, '-infinity') AND %(last_on)s::date
        AND (%(units)s::int[] IS NULL OR counted.org_unit_id = ANY(%(units)s::int[]))
    {group_by}
"""

DIMENSIONS = (
    Dimension("month", "to_char(counted.business_on, 'YYYY-MM')", "month of posting"),
    Dimension("product", "counted.product", "product of the card account"),
    Dimension("kind", "earning.kind", "interest, over_limit_interest, or the fee's name in the terms", KINDS),
)

MEASURES = (
    Measure("charged", "money", "interest and fees charged, by Cardwright or taken in from files"),
    Measure("waived", "money", "charges forgiven in a line of their own, as a positive amount"),
    Measure("reversed", "money", "charges taken back, as a positive amount"),
    Measure("net", "money", "charged less waived less reversed"),
)


def _select(connection: Connection[Any], asked: Asked, groups: tuple[Dimension, ...]) -> list[Row]:
    parameters = asked.parameters(
        types=[each.code for each in EARNING], kinds=[kind_of_income(each) for each in EARNING],
        effects=[effect_on_income(each) for each in EARNING], **spans_to_count(asked, [each.name for each in groups]),
    )
    return select_groups(connection, INCOME, groups, parameters, f"counted.currency AS {CURRENCY}", source_of(
        None if asked.from_postings else BY_ACCOUNT, [each.name for each in groups], asked.units is not None))


INCOME_REPORT = ReportKind(
    name="income",
    title="Income",
    sentence="Interest and fees charged, less what was waived and reversed, by posting date.",
    dimensions=DIMENSIONS,
    measures=MEASURES,
    default_by=("month", "kind"),
    select=_select,
    chart=Chart("net", "Net income from interest and fees"),
    period=days_of_book,
    notes=("Interest includes that on purchases and on cash advances; over-limit interest is a kind of its own; `fee` is a "
           "fee that came in a transactions file. Waivers and reversals are written as positive amounts.",),
)
