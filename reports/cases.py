"""Cases: complaints, disputes, claims and requests, by the day that they came.

Every row speaks of the cases received in it, whatever happened to them later: received = closed + open.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from psycopg import Connection

from reports.answer import Chart, Dimension, Measure, Row, share
from reports.asking import Asked, ReportKind, select_groups

#: Outcomes that are none yet.
NO_OUTCOME_YET = ("in progress", "open", "pending")

#: One row a group: the cases received in the period, and what had become of them by its last day. Days are UTC.
CASES = """
    SELECT {groups}
        count(*) AS received,
        count(*) FILTER (WHERE entry.closed) AS closed,
        count(*) FILTER (WHERE entry.timely) AS timely,
        count(*) FILTER (WHERE NOT entry.timely) AS untimely,
        round((percentile_cont(0.5) WITHIN GROUP (ORDER BY entry.days_to_answer))::numeric, 1) AS median_days_to_answer,
        count(*) FILTER (WHERE NOT entry.closed) AS open
    FROM (
        SELECT member_id, account_id, kind, product, topic, channel,
            (received_at AT TIME ZONE 'UTC')::date AS received_on,
            CASE WHEN closed_at IS NOT NULL THEN (closed_at AT TIME ZONE 'UTC')::date <= %(to_on)s::date
                 ELSE outcome IS NOT NULL AND lower(outcome) <> ALL(%(no_outcome_yet)s::text[]) END AS closed,
            CASE WHEN timely IS NOT NULL THEN timely
                 WHEN answered_at IS NOT NULL THEN answered_at <= due_at
                 WHEN (due_at AT TIME ZONE 'UTC')::date < %(to_on)s::date THEN false END AS timely,
            CASE WHEN (answered_at AT TIME ZONE 'UTC')::date <= %(to_on)s::date
                 THEN (answered_at AT TIME ZONE 'UTC')::date - (received_at AT TIME ZONE 'UTC')::date END
                 AS days_to_answer
        FROM service_case
    ) entry
    LEFT JOIN card_account account ON account.member_id = entry.member_id AND account.account_id = entry.account_id
    LEFT JOIN member ON member.member_id = entry.member_id
    WHERE entry.received_on BETWEEN %(from_on)s::date AND %(to_on)s::date
        AND (%(units)s::int[] IS NULL
             OR coalesce(account.org_unit_id, member.org_unit_id) = ANY(%(units)s::int[]))
    {group_by}
"""

#: The days that the cases span: the first one received, the last thing that happened to any.
DAYS_OF_CASES = """
    SELECT (min(received_at) AT TIME ZONE 'UTC')::date,
           (greatest(max(received_at), max(answered_at), max(closed_at)) AT TIME ZONE 'UTC')::date
    FROM service_case
"""

DIMENSIONS = (
    Dimension("month", "to_char(entry.received_on, 'YYYY-MM')", "month in which the case was received"),
    Dimension("kind", "entry.kind", "complaint, dispute, claim or request", ("complaint", "dispute", "claim", "request")),
    Dimension("product", "entry.product", "product that the case is about, as the file names it"),
    Dimension("topic", "entry.topic", "topic as the file names it"),
    Dimension("channel", "entry.channel", "channel that the case came by"),
)

MEASURES = (
    Measure("received", "count", "cases received in the period"),
    Measure("closed", "count", "of received: closed by the last day asked about"),
    Measure("timely", "count", "of received: answered in time, as the file says or by answered_at and due_at"),
    Measure("untimely", "count", "of received: answered late, or not answered and past due_at"),
    Measure("timely_rate", "rate", "timely / (timely + untimely), a fraction; unknown where neither is known of any case",
            "never"),
    Measure("median_days_to_answer", "days", "median of the days from receipt to answer, of those answered", "never"),
    Measure("open", "count", "of received: not closed by the last day asked about"),
)


def _select(connection: Connection[Any], asked: Asked, groups: tuple[Dimension, ...]) -> list[Row]:
    parameters = asked.parameters(no_outcome_yet=list(NO_OUTCOME_YET))
    return select_groups(connection, CASES, groups, parameters)


def _finish(row: Row, unit: int) -> None:
    timely, untimely = row["timely"], row["untimely"]
    assert isinstance(timely, int)
    assert isinstance(untimely, int)
    row["timely_rate"] = share(timely, timely + untimely, 4)


def _days_of_cases(connection: Connection[Any]) -> tuple[date | None, date | None]:
    row = connection.execute(DAYS_OF_CASES).fetchone()
    return (row[0], row[1]) if row else (None, None)


CASES_REPORT = ReportKind(
    name="cases",
    title="Cases",
    sentence="Complaints, disputes, claims and requests by the day they came: how many, closed, in time, how long it took.",
    dimensions=DIMENSIONS,
    measures=MEASURES,
    default_by=("month",),
    select=_select,
    chart=Chart("received", "Cases received"),
    period=_days_of_cases,
    money=False,
    finish=_finish,
    notes=("Each row speaks of the cases received in it, whenever they were answered or closed. A case with an outcome but "
           "no closing day counts as closed. Days are calendar days, UTC.",),
)
