"""Cards: how many were in force, came, were replaced or renewed, went, and were used.

opening + issued - closed = closing, in every row: replacements and renewals are issued cards too, and the card they take
the place of is closed on that day.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
from psycopg import Connection

from accounts.calendar import months_later
from reports.answer import Chart, Dimension, Measure, Row
from reports.asking import Asked, ReportKind, days_of_book, select_groups
from reports.different_cards import cards_used, unpacked

#: A card taken in with one of these was out of force already when the book first heard of it.
ENDED_STATUSES = ("closed", "cancelled", "canceled", "expired", "lost", "stolen", "replaced", "destroyed", "terminated")
#: Reasons of a card that takes the place of one that has run its time; any other reason is a replacement.
RENEWAL_REASONS = ("renewal", "expired", "expiry")

#: One row a group and period: cards by what became of them in it. used: of each period a bit for every card.
CARDS = """
    WITH period AS (
        SELECT number::int, opens_on, closes_on
        FROM unnest(%(opens_on)s::date[], %(closes_on)s::date[]) WITH ORDINALITY AS each (opens_on, closes_on, number)
    ),
    life AS (
        SELECT card.member_id, card.account_id, card.card_id, account.product, card.kind, unit.code AS org_unit, card.status,
               card.channel, member.kind <> 'anonymous' AS bound, card.issued_on,
               CASE WHEN card.replaces_card_id IS NULL THEN 'new'
                    WHEN lower(card.reason) = ANY(%(renewal_reasons)s::text[]) THEN 'renewal'
                    ELSE 'replacement' END AS issued_as,
               CASE WHEN ended.ended_on < card.issued_on THEN card.issued_on ELSE ended.ended_on END AS ended_on
        FROM card
        JOIN card_account account USING (member_id, account_id)
        JOIN member ON member.member_id = card.member_id
        LEFT JOIN org_unit unit ON unit.org_unit_id = coalesce(account.org_unit_id, member.org_unit_id)
        LEFT JOIN (
            SELECT member_id, account_id, replaces_card_id, min(issued_on) AS issued_on
            FROM card WHERE replaces_card_id IS NOT NULL GROUP BY member_id, account_id, replaces_card_id
        ) following ON following.member_id = card.member_id AND following.account_id = card.account_id
            AND following.replaces_card_id = card.card_id
        CROSS JOIN LATERAL (
            SELECT least(following.issued_on, account.closed_on, CASE
                WHEN lower(card.status) = ANY(%(ended_statuses)s::text[]) AND following.issued_on IS NULL
                    AND account.closed_on IS NULL
                THEN CASE WHEN card.expires_on <= %(as_of)s::date THEN card.expires_on ELSE card.issued_on END
                ELSE card.expires_on END) AS ended_on
        ) ended
        WHERE %(units)s::int[] IS NULL OR unit.org_unit_id = ANY(%(units)s::int[])
    )
    SELECT {groups}
        count(*) FILTER (WHERE life.issued_on < period.opens_on) AS opening,
        count(*) FILTER (WHERE life.issued_on >= period.opens_on) AS issued,
        count(*) FILTER (WHERE life.issued_on >= period.opens_on AND life.issued_as = 'replacement') AS replaced,
        count(*) FILTER (WHERE life.issued_on >= period.opens_on AND life.issued_as = 'renewal') AS renewed,
        count(*) FILTER (WHERE life.ended_on <= period.closes_on) AS closed,
        count(*) FILTER (WHERE life.ended_on IS NULL OR life.ended_on > period.closes_on) AS closing,
        count(*) FILTER (WHERE get_bit((%(used)s::bytea[])[period.number], life.card_id) = 1) AS active,
        count(*) FILTER (WHERE life.bound AND (life.ended_on IS NULL OR life.ended_on > period.closes_on)) AS bound,
        count(*) FILTER (WHERE life.kind = 'supplementary' AND (life.ended_on IS NULL OR life.ended_on > period.closes_on))
            AS supplementary
    FROM life
    JOIN period ON life.issued_on <= period.closes_on AND (life.ended_on IS NULL OR life.ended_on >= period.opens_on)
    {group_by}
"""

MONTH = Dimension("month", "to_char(period.opens_on, 'YYYY-MM')", "month of the period")

DIMENSIONS = (
    MONTH,
    Dimension("product", "life.product", "product of the card account"),
    Dimension("kind", "life.kind", "primary, supplementary or company card", ("primary", "supplementary", "company")),
    Dimension("org_unit", "life.org_unit", "organisation unit of the account, or else of its member"),
    Dimension("status", "life.status", "the card's status as the book knows it now"),
    Dimension("channel", "life.channel", "channel that the card was issued through"),
)

MEASURES = (
    Measure("opening", "count", "cards in force when the period began: issued earlier and not closed earlier",
            "not_over_time"),
    Measure("issued", "count", "cards issued in the period, replacements and renewals included"),
    Measure("replaced", "count", "of issued: in place of another card, for any reason but renewal"),
    Measure("renewed", "count", "of issued: in place of a card that ran out (reason renewal or expired)"),
    Measure("closed", "count", "cards that went out of force in the period: replaced, account closed, run out or ended"),
    Measure("closing", "count", "cards in force when the period ended: opening + issued - closed", "not_over_time"),
    Measure("active", "count", "of the cards in force at any time in the period: those with a transaction posted in it",
            "not_over_time"),
    Measure("bound", "count", "of closing: cards of a member known by name (not an anonymous holder)", "not_over_time"),
    Measure("supplementary", "count", "of closing: supplementary cards", "not_over_time"),
)


def _select(connection: Connection[Any], asked: Asked, groups: tuple[Dimension, ...]) -> list[Row]:
    periods = _periods(asked, by_month=MONTH in groups)
    parameters = asked.parameters(
        renewal_reasons=list(RENEWAL_REASONS), ended_statuses=list(ENDED_STATUSES), as_of=asked.as_of,
        opens_on=[opens_on for opens_on, _ in periods], closes_on=[closes_on for _, closes_on in periods],
        used=_used(connection, asked, periods),
    )
    return select_groups(connection, CARDS, groups, parameters)


def _periods(asked: Asked, by_month: bool) -> list[tuple[date, date]]:
    """First and last day of what the rows speak of: the whole of what is asked about, or each month of it."""
    if asked.from_on is None or asked.last_on is None:
        return []
    if not by_month:
        return [(asked.from_on, asked.last_on)]
    periods, opens_on = [], asked.from_on
    while opens_on <= asked.last_on:
        next_month = months_later(opens_on, 1, 1)
        periods.append((opens_on, min(next_month - timedelta(days=1), asked.last_on)))
        opens_on = next_month
    return periods


def _used(connection: Connection[Any], asked: Asked, periods: Sequence[tuple[date, date]]) -> list[bytes]:
    """Of each period a bit for every card, by its id: whether a transaction of it was posted."""
    newest = connection.execute("SELECT coalesce(max(card_id), 0) FROM card_directory").fetchone()
    assert newest is not None
    used = np.zeros((len(periods), newest[0] + 1), dtype=bool)
    period = 0
    for on, packed in cards_used(connection, asked, (), only_spent=False) if periods else ():
        while on > periods[period][1]:
            period += 1
        used[period, unpacked(packed)] = True
    return [np.packbits(each, bitorder="little").tobytes() for each in used]


CARDS_REPORT = ReportKind(
    name="cards",
    title="Cards",
    sentence="How many cards were in force, came, went, and were used.",
    dimensions=DIMENSIONS,
    measures=MEASURES,
    default_by=("month",),
    select=_select,
    chart=Chart("closing", "Cards in force at the end"),
    period=days_of_book,
    money=False,
    notes=("A card goes out of force on the day that another takes its place, that its account closes or that it runs out, "
           "whichever is first. A card taken in as already ended, of which no such day is known, counts as closed on the "
           "day it was issued. Over several months, opening is that of the first and closing that of the last.",),
)
