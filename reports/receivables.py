"""Receivables: what holders owe on one day, by product, delinquency and organisation unit."""

from __future__ import annotations

from typing import Any, get_args

from psycopg import Connection

from accounts.posting_types import RECEIVABLE
from billing.carried import CHARGED_OFF
from reports.answer import CURRENCY, Chart, Dimension, Measure, Row
from reports.asking import Asked, ReportKind, days_of_book, select_groups
from statements.document import Delinquency

#: First day past due of each bucket but the first; the names are those that statements print.
BUCKET_STARTS = (1, 30, 60, 90, 120, 150, 180)
BUCKETS: tuple[str, ...] = get_args(Delinquency)

#: One row a group: accounts on a day, balances summed from postings, arrears from each one's latest statement.
RECEIVABLES = """
    WITH owed AS (
        SELECT member_id, account_id,
               sum(CASE WHEN debit_account = %(receivable)s THEN amount WHEN credit_account = %(receivable)s THEN -amount
                        ELSE 0 END)::bigint AS balance
        FROM posting WHERE posted_on <= %(last_on)s::date GROUP BY member_id, account_id
    ),
    latest AS (
        SELECT DISTINCT ON (member_id, account_id) member_id, account_id, past_due, days_past_due,
               EXISTS (SELECT 1 FROM carried WHERE carried.member_id = statement.member_id
                       AND carried.account_id = statement.account_id AND carried.cycle_no = statement.cycle_no
                       AND carried.kind = %(charged_off)s) AS charged_off
        FROM statement WHERE closes_on <= %(last_on)s::date ORDER BY member_id, account_id, cycle_no DESC
    )
    SELECT {groups}
        count(*) AS accounts,
        coalesce(sum(owed.balance), 0)::bigint AS balance,
        coalesce(sum(latest.past_due), 0)::bigint AS past_due,
        coalesce(sum(greatest(owed.balance - account.credit_limit, 0)), 0)::bigint AS over_limit,
        coalesce(sum(least(owed.balance, 0)), 0)::bigint AS credit_balances
    FROM card_account account
    LEFT JOIN owed USING (member_id, account_id)
    LEFT JOIN latest USING (member_id, account_id)
    LEFT JOIN member ON member.member_id = account.member_id
    LEFT JOIN org_unit unit ON unit.org_unit_id = coalesce(account.org_unit_id, member.org_unit_id)
    WHERE account.opened_on <= %(last_on)s::date
        AND (account.closed_on IS NULL OR account.closed_on > %(last_on)s::date OR coalesce(owed.balance, 0) <> 0)
        AND (%(units)s::int[] IS NULL OR unit.org_unit_id = ANY(%(units)s::int[]))
    {group_by}
"""

DIMENSIONS = (
    Dimension("product", "account.product", "product of the card account"),
    Dimension(
        "delinquency",
        "CASE WHEN latest.charged_off THEN 'charged_off' ELSE"
        " (%(buckets)s::text[])[width_bucket(coalesce(latest.days_past_due, 0), %(bucket_starts)s::int[]) + 1] END",
        "days past due on the account's latest statement by that day, charged_off once written off; current where it has none",
        BUCKETS,
    ),
    Dimension("org_unit", "unit.code", "organisation unit of the account, or else of its member"),
)

MEASURES = (
    Measure("accounts", "count", "accounts open on the day, and closed ones that still carry a balance"),
    Measure("balance", "money", "what holders owe by all postings up to the day, credit balances taken off"),
    Measure("past_due", "money", "minimum payments missed, as on each account's latest statement by that day"),
    Measure("over_limit", "money", "what balances exceed their credit limits by"),
    Measure("credit_balances", "money", "of balance: what the issuer owes to holders; negative"),
)


def _select(connection: Connection[Any], asked: Asked, groups: tuple[Dimension, ...]) -> list[Row]:
    parameters = asked.parameters(receivable=RECEIVABLE, buckets=list(BUCKETS), bucket_starts=list(BUCKET_STARTS),
                                  charged_off=CHARGED_OFF)
    return select_groups(connection, RECEIVABLES, groups, parameters, leading=f"account.currency AS {CURRENCY}")


RECEIVABLES_REPORT = ReportKind(
    name="receivables",
    title="Receivables",
    sentence="What holders owe on one day, by product, delinquency and organisation unit.",
    dimensions=DIMENSIONS,
    measures=MEASURES,
    default_by=("delinquency",),
    select=_select,
    chart=Chart("balance", "Balance owed"),
    period=days_of_book,
    one_day=True,
    notes=("What the holder owes is positive, a credit balance is negative. Balances are the sum of all postings up to the "
           "day; past due and delinquency are those of each account's latest statement by that day; credit limits are the "
           "present ones.",),
)
