"""Prepaid float: what holders' cards hold, how it moved, and so what the reserve account has to hold.

From the postings themselves, by the days that they count on: float is the sum of all that was ever put on cards less all that
left them.
"""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from accounts.posting_types import (
    BONUS,
    BONUS_FORFEITED,
    DISCOUNT_RETURNED,
    HOUSE,
    LOAD,
    OPENING_VALUE,
    POSTING_TYPES,
    PREPAID_VALUE,
    SPEND,
    SPEND_DISCOUNT,
    SPEND_REFUND,
    TRANSFER_IN,
    TRANSFER_OUT,
    UNLOAD,
)
from reports.answer import CURRENCY, Chart, Dimension, Measure, Row
from reports.asking import Asked, ReportKind, days_of_book, select_groups

#: Types that a measure adds up, and those that it takes off.
_MOVED: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "loaded": ((LOAD.code,), ()),
    "given": ((BONUS.code, SPEND_DISCOUNT.code), (DISCOUNT_RETURNED.code,)),
    "spent": ((SPEND.code,), ()),
    "refunded": ((SPEND_REFUND.code,), ()),
    "paid_out": ((UNLOAD.code,), ()),
    "fees": (tuple(each.code for each in POSTING_TYPES if each.charge and each.debit == PREPAID_VALUE),
             tuple(each.code for each in POSTING_TYPES if each.charge and each.credit == PREPAID_VALUE)),
    "forfeited": ((BONUS_FORFEITED.code,), ()),
    "taken_over": ((OPENING_VALUE.code,), ()),
    "transferred": ((TRANSFER_IN.code,), (TRANSFER_OUT.code,)),
}


def _sum_of(name: str) -> str:
    adds, takes = _MOVED[name]
    return f"""coalesce(sum(CASE WHEN posting.type = ANY(ARRAY{list(adds)}::smallint[]) THEN posting.amount
                          WHEN posting.type = ANY(ARRAY{list(takes)}::smallint[]) THEN -posting.amount ELSE 0 END)
            FILTER (WHERE posting.posted_on >= period.first_on), 0)::bigint AS {name}"""


#: A period is the whole of the days asked for, or each of them where days are told apart.
_PERIODS = """
    (SELECT on_day::date AS first_on, on_day::date AS last_on
     FROM generate_series(%(from_on)s::date, %(last_on)s::date, interval '1 day') on_day WHERE %(by_day)s
     UNION ALL SELECT %(from_on)s::date, %(last_on)s::date WHERE NOT %(by_day)s) period
"""
FLOAT = f"""
    SELECT {{groups}}
        count(DISTINCT account.account_id) AS accounts,
        coalesce(sum(CASE WHEN posting.credit_account < {HOUSE} THEN posting.amount ELSE -posting.amount END)
            FILTER (WHERE posting.posted_on < period.first_on), 0)::bigint AS opening,
        {", ".join(_sum_of(name) for name in _MOVED)},
        coalesce(sum(CASE WHEN posting.credit_account < {HOUSE} THEN posting.amount ELSE -posting.amount END), 0)::bigint
            AS closing
    FROM {_PERIODS}
    JOIN card_account account ON account.prepaid AND account.opened_on <= period.last_on
    LEFT JOIN posting ON posting.member_id = account.member_id AND posting.account_id = account.account_id
        AND posting.posted_on <= period.last_on
    LEFT JOIN member ON member.member_id = account.member_id
    LEFT JOIN org_unit unit ON unit.org_unit_id = coalesce(account.org_unit_id, member.org_unit_id)
    WHERE %(units)s::int[] IS NULL OR unit.org_unit_id = ANY(%(units)s::int[])
    {{group_by}}
"""  # noqa: S608

DIMENSIONS = (
    Dimension("day", "to_char(period.last_on, 'YYYY-MM-DD')", "business day"),
    Dimension("product", "account.product", "product of the prepaid account"),
    Dimension("org_unit", "unit.code", "organisation unit of the account, or else of its member"),
)
MEASURES = (
    Measure("accounts", "count", "prepaid accounts opened by the last day"),
    Measure("opening", "money", "what cards held before the first day", "never"),
    Measure("loaded", "money", "put on cards by holders"),
    Measure("given", "money", "bonus, and discounts on spends less what of them was taken back"),
    Measure("spent", "money", "spent with cards, discounts not taken off"),
    Measure("refunded", "money", "spends that came back"),
    Measure("paid_out", "money", "value paid out to holders"),
    Measure("fees", "money", "fees taken out of value"),
    Measure("forfeited", "money", "bonus that nobody used in time"),
    Measure("taken_over", "money", "held by accounts when they were taken over, within the days asked for"),
    Measure("transferred", "money", "moved in from other cards less moved out to them; zero over all cards"),
    Measure("closing", "money", "what cards hold at the end of the last day: the liability, and what the reserve account must "
            "hold", "never"),
)


def _select(connection: Connection[Any], asked: Asked, groups: tuple[Dimension, ...]) -> list[Row]:
    by_day = any(each.name == "day" for each in groups)
    return select_groups(connection, FLOAT, groups, asked.parameters(by_day=by_day), leading=f"account.currency AS {CURRENCY}")


PREPAID_FLOAT_REPORT = ReportKind(
    name="prepaid_float",
    title="Prepaid float",
    sentence="What prepaid cards hold, how it moved, and what the reserve account has to hold for it.",
    dimensions=DIMENSIONS,
    measures=MEASURES,
    default_by=("product",),
    select=_select,
    chart=Chart("closing", "Held on cards"),
    period=days_of_book,
    notes=("Opening + loaded + given + refunded - spent - paid out - fees - forfeited + taken over + transferred = closing. "
           "What "
           "is held for authorisations is part of it.",),
)
