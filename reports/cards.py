"""Cards: how many were in force, came, were replaced or renewed, went, and were used.

opening + issued - closed = closing, in every row: replacements and renewals are issued cards too, and the card they take
the place of is closed on that day.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from psycopg import Connection

from accounts.calendar import EPOCH, months_later
from accounts.packed_cards import mark
from reports.answer import Chart, Dimension, Measure, Row
from reports.asking import Asked, ReportKind, days_of_book, select_groups
from reports.cards_used import cards_used

#: A card taken in with one of these was out of force already when the book first heard of it.
ENDED_STATUSES = ("closed", "cancelled", "canceled", "expired", "lost", "stolen", "replaced", "destroyed", "terminated")
#: Reasons of a card that takes the place of one that has run its time; any other reason is a replacement.
RENEWAL_REASONS = ("renewal", "expired", "expiry")

#: Cards by what they are grouped by, each as a record of `_CARD`: days are counted from 1970 on. A card that is in force has
#: no last day.
CARDS = """
    WITH life AS (
        SELECT card.card_id, account.product, card.kind, unit.code AS org_unit, card.status,
               card.channel, member.kind <> 'anonymous' AS bound, card.issued_on,
               CASE WHEN card.replaces_card_id IS NULL THEN 0
                    WHEN lower(card.reason) = ANY(%(renewal_reasons)s::text[]) THEN 2
                    ELSE 1 END AS issued_as,
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
        WHERE (%(units)s::int[] IS NULL OR unit.org_unit_id = ANY(%(units)s::int[]))
            AND card.issued_on <= %(last_on)s::date AND (ended.ended_on IS NULL OR ended.ended_on >= %(from_on)s::date
                                                         OR card.issued_on >= %(from_on)s::date)
    )
    SELECT {groups}
        string_agg(int8send(life.card_id) || int4send(life.issued_on - date '1970-01-01')
                   || int4send(coalesce(life.ended_on - date '1970-01-01', 2147483647))
                   || int2send((life.issued_as + CASE WHEN life.bound THEN 4 ELSE 0 END
                                + CASE WHEN life.kind = 'supplementary' THEN 8 ELSE 0 END)::smallint), ''::bytea) AS cards
    FROM life
    {group_by}
"""
_CARD = np.dtype([("card_id", ">i8"), ("issued_on", ">i4"), ("ended_on", ">i4"), ("is", ">i2")])
_REPLACEMENT, _RENEWAL, _BOUND, _SUPPLEMENTARY = 1, 2, 4, 8

MONTH = Dimension("month", "", "month of the period")

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
    if not periods:
        return [] if groups else [_counted(np.zeros(0, dtype=_CARD), (EPOCH, EPOCH), np.zeros(0, dtype=bool))]
    parameters = asked.parameters(
        renewal_reasons=list(RENEWAL_REASONS), ended_statuses=list(ENDED_STATUSES), as_of=asked.as_of,
    )
    of_cards = tuple(each for each in groups if each != MONTH)
    used, rows = _used(connection, asked, periods), []
    for found in select_groups(connection, CARDS, of_cards, parameters):
        cards = np.frombuffer(cast("bytes", found.pop("cards")) or b"", dtype=_CARD)
        for period, used_in_it in zip(periods, used, strict=True):
            measures = _counted(cards, period, used_in_it)
            if not groups or any(measures.values()):
                month: Row = {MONTH.name: f"{period[0]:%Y-%m}"} if MONTH in groups else {}
                rows.append({**{each.name: (month | found)[each.name] for each in groups}, **measures})
    return rows


def _counted(cards: NDArray[Any], period: tuple[date, date], used: NDArray[np.bool_]) -> Row:
    """What became of some cards from the first day of a period to its last; used: by card id, those used in it."""
    opens_on, closes_on = ((each - EPOCH).days for each in period)
    cards = cards[(cards["issued_on"] <= closes_on) & (cards["ended_on"] >= opens_on)]
    opening, closing = cards["issued_on"] < opens_on, cards["ended_on"] > closes_on

    def count(which: NDArray[np.bool_]) -> int:
        return int(np.count_nonzero(which))

    return {
        "opening": count(opening), "issued": count(~opening), "replaced": count(~opening & (cards["is"] & 3 == _REPLACEMENT)),
        "renewed": count(~opening & (cards["is"] & 3 == _RENEWAL)), "closed": count(~closing), "closing": count(closing),
        "active": count(used[cards["card_id"]]), "bound": count(closing & (cards["is"] & _BOUND > 0)),
        "supplementary": count(closing & (cards["is"] & _SUPPLEMENTARY > 0)),
    }


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


def _used(connection: Connection[Any], asked: Asked, periods: Sequence[tuple[date, date]]) -> list[NDArray[np.bool_]]:
    """Of each period by card id, whether a transaction of the card was posted."""
    newest = connection.execute("SELECT coalesce(max(card_id), 0) FROM card").fetchone()
    assert newest is not None
    used = np.zeros((len(periods), newest[0] + 1), dtype=bool)
    period = 0
    for on, cards in cards_used(connection, asked, (), only_spent=False, by_month=True):
        while on > periods[period][1]:
            period += 1
        mark(used[period], cards)
    return list(used)


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
