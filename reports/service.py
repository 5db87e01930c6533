"""Service performance: the contacts offered to the desk, how long members waited, and whether it helped.

Source: the measures of CONTRACT.md 7. Every row speaks of the contacts offered in it; calendar days and hours are UTC.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from psycopg import Connection

from reports.answer import Chart, Dimension, Measure, Row, share
from reports.asking import Asked, ReportKind, select_groups

#: The same member asking about the same topic again so soon was not helped the first time.
SAME_CONTACT_DAYS = 7

#: One row a group. What is a mean or a percentile is of answered contacts of which it is known.
CONTACTS = """
    SELECT {groups}
        count(*) AS offered,
        count(*) FILTER (WHERE entry.answered) AS answered,
        count(*) FILTER (WHERE entry.outcome = 'abandoned') AS abandoned,
        count(*) FILTER (WHERE entry.answered AND entry.wait_s IS NOT NULL) AS waits,
        count(*) FILTER (WHERE entry.answered AND entry.wait_s <= 20) AS in_20_s,
        round(avg(entry.wait_s) FILTER (WHERE entry.answered), 2) AS average_wait_s,
        round((percentile_cont(0.5) WITHIN GROUP (ORDER BY entry.wait_s) FILTER (WHERE entry.answered))::numeric, 1)
            AS median_wait_s,
        round((percentile_cont(0.9) WITHIN GROUP (ORDER BY entry.wait_s) FILTER (WHERE entry.answered))::numeric, 1)
            AS p90_wait_s,
        round(avg(entry.handle_s) FILTER (WHERE entry.answered), 2) AS average_handle_s,
        count(*) FILTER (WHERE entry.resolved) AS resolved,
        count(*) FILTER (WHERE entry.resolved AND NOT entry.came_again) AS resolved_at_once,
        count(entry.csat) AS scored,
        count(*) FILTER (WHERE entry.csat >= 4) AS satisfied,
        count(entry.nps) AS asked,
        count(*) FILTER (WHERE entry.nps >= 9) - count(*) FILTER (WHERE entry.nps <= 6) AS promoters_less_detractors
    FROM (
        SELECT contact.*, contact.outcome = 'answered' AS answered, member.org_unit_id,
            contact.offered_at AT TIME ZONE 'UTC' AS at,
            contact.member_id <> 0 AND coalesce(lead(contact.offered_at) OVER again - contact.offered_at
                <= make_interval(days => %(same_contact_days)s), false) AS came_again
        FROM service_contact contact LEFT JOIN member ON member.member_id = contact.member_id
        WINDOW again AS (PARTITION BY contact.member_id, contact.topic ORDER BY contact.offered_at, contact.contact_code)
    ) entry
    WHERE entry.at::date BETWEEN %(from_on)s::date AND %(to_on)s::date
        AND (%(units)s::int[] IS NULL OR entry.org_unit_id = ANY(%(units)s::int[]))
    {group_by}
"""

DAYS_OF_CONTACTS = """
    SELECT (min(offered_at) AT TIME ZONE 'UTC')::date, (max(offered_at) AT TIME ZONE 'UTC')::date FROM service_contact
"""

DIMENSIONS = (
    Dimension("day", "entry.at::date", "day on which the contact was offered"),
    Dimension("week", "to_char(entry.at, 'IYYY-\"W\"IW')", "ISO week, from Monday"),
    Dimension("month", "to_char(entry.at, 'YYYY-MM')", "month"),
    Dimension("hour", "to_char(entry.at, 'HH24')", "hour of the day, over all days"),
    Dimension("queue", "entry.queue", "queue that it was offered to"),
    Dimension("priority", "entry.priority", "priority as the file names it"),
    Dimension("topic", "entry.topic", "topic as the file names it"),
    Dimension("channel", "entry.channel", "channel that it came by"),
    Dimension("agent", "entry.agent", "who answered"),
)

MEASURES = (
    Measure("offered", "count", "contacts offered, whatever became of them"),
    Measure("answered", "count", "of offered: answered by a person"),
    Measure("abandoned", "count", "of offered: given up before an answer"),
    Measure("abandonment_rate", "rate", "abandoned / offered", "never"),
    Measure("service_level_20s", "rate", "of answered, where the wait is known: answered within 20 seconds", "never"),
    Measure("average_wait_s", "seconds", "mean wait of answered", "never"),
    Measure("median_wait_s", "seconds", "half of the answered waited no longer", "never"),
    Measure("p90_wait_s", "seconds", "nine in ten of the answered waited no longer", "never"),
    Measure("average_handle_s", "seconds", "mean time with the agent, of answered; shown, and no score of anybody's", "never"),
    Measure("first_contact_resolution", "rate",
            f"of resolved: the member did not come back on the topic within {SAME_CONTACT_DAYS} days", "never"),
    Measure("csat", "rate", "of those who scored it from 1 to 5: scored 4 or 5", "never"),
    Measure("nps", "points", "of those asked, in percent: 9 and 10 less 0 to 6; from -100 to 100", "never"),
)


def _select(connection: Connection[Any], asked: Asked, groups: tuple[Dimension, ...]) -> list[Row]:
    return select_groups(connection, CONTACTS, groups, asked.parameters(same_contact_days=SAME_CONTACT_DAYS))


def _finish(row: Row, unit: int) -> None:
    def number(name: str) -> int:
        value = row.pop(name)
        assert isinstance(value, int)
        return value

    offered, abandoned = row["offered"], row["abandoned"]
    assert isinstance(offered, int)
    assert isinstance(abandoned, int)
    row["abandonment_rate"] = share(abandoned, offered, 4)
    row["service_level_20s"] = share(number("in_20_s"), number("waits"), 4)
    row["first_contact_resolution"] = share(number("resolved_at_once"), number("resolved"), 4)
    row["csat"] = share(number("satisfied"), number("scored"), 4)
    points = share(number("promoters_less_detractors"), number("asked"), 3)
    row["nps"] = None if points is None else (points * 100).quantize(Decimal("0.1"))


def _days_of_contacts(connection: Connection[Any]) -> tuple[date | None, date | None]:
    row = connection.execute(DAYS_OF_CONTACTS).fetchone()
    return (row[0], row[1]) if row else (None, None)


SERVICE_REPORT = ReportKind(
    name="service",
    title="Service performance",
    sentence="Contacts offered to the service desk: answered or given up, how long members waited, and whether it helped.",
    dimensions=DIMENSIONS,
    measures=MEASURES,
    default_by=("month",),
    select=_select,
    chart=Chart("offered", "Contacts offered"),
    period=_days_of_contacts,
    money=False,
    finish=_finish,
    notes=("The service level counts answered contacts alone: those given up are in the abandonment rate. Days and hours are "
           "of the calendar, UTC. Scores are of those who gave one.",),
)
