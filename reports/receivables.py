"""Receivables: what holders owe on one day, by product, delinquency and organisation unit."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, get_args

from psycopg import Connection

from accounts.posting_types import OPENINGS, OWN_CHARGES, RECEIVABLE
from accounts.sharding import SHARD_MEMBERS
from billing.carried import CHARGED_OFF
from reports.answer import CURRENCY, Chart, Dimension, Measure, Row
from reports.asking import Asked, ReportKind, days_of_book, select_groups
from statements.document import Delinquency
from statements.verify_ledger import POST_STEP

#: First day past due of each bucket but the first; the names are those that statements print.
BUCKET_STARTS = (1, 30, 60, 90, 120, 150, 180)
BUCKETS: tuple[str, ...] = get_args(Delinquency)

#: What an account owes by postings of some days.
_OWED = """sum(CASE WHEN posting.debit_account = %(receivable)s THEN posting.amount
                      WHEN posting.credit_account = %(receivable)s THEN -posting.amount ELSE 0 END)::bigint"""

#: Each account's latest statement by the day: nearly all have one that closed within a month, which are found together.
_LATEST = """
    recent AS (
        SELECT DISTINCT ON (member_id, account_id) member_id, account_id, cycle_no, closes_on, new_balance, past_due,
               days_past_due
        FROM statement WHERE closes_on > %(last_on)s::date - 31 AND closes_on <= %(last_on)s::date
        ORDER BY member_id, account_id, cycle_no DESC
    ),
    latest AS (
        SELECT account.member_id, account.account_id, found.*
        FROM card_account account
        LEFT JOIN recent USING (member_id, account_id)
        CROSS JOIN LATERAL (
            SELECT recent.cycle_no, recent.closes_on, recent.new_balance, recent.past_due, recent.days_past_due
            WHERE recent.cycle_no IS NOT NULL
            UNION ALL (
                SELECT cycle_no, closes_on, new_balance, past_due, days_past_due FROM statement
                WHERE recent.cycle_no IS NULL AND statement.member_id = account.member_id
                    AND statement.account_id = account.account_id AND closes_on <= %(last_on)s::date
                ORDER BY cycle_no DESC LIMIT 1
            )
        ) found
    )"""

#: Balances at the end of a day by all postings up to it.
_BY_POSTINGS = f"""
    owed AS (
        SELECT member_id, account_id, {_OWED} AS balance FROM posting
        WHERE posted_on <= %(last_on)s::date GROUP BY member_id, account_id
    )"""  # noqa: S608

#: Balances at the end of a day not long past: what is owed now, less what counts in it and was posted since. `waiting`: shards
#: whose file rows of a day are not let in yet.
_BY_WHAT_IS_OWED_NOW = f"""
    waiting AS (
        SELECT business_on, shard::bigint * %(shard_members)s AS after_member FROM day_step
        WHERE step = {POST_STEP} AND state <> 'done'
    ),
    opened AS (
        SELECT greatest((SELECT max(business_on) FROM business_day), (SELECT closed_through FROM book)) AS last_on
    ),
    moved AS (
        SELECT member_id, account_id, -{_OWED} AS amount FROM posting
        WHERE posted_on > %(last_on)s::date
            AND (source_id = %(own_charges)s OR type = ANY(%(opening_types)s::smallint[])
                 OR (posted_on <= (SELECT last_on FROM opened)
                     AND NOT EXISTS (SELECT 1 FROM waiting WHERE waiting.business_on = posting.posted_on
                                     AND posting.member_id > waiting.after_member
                                     AND posting.member_id <= waiting.after_member + %(shard_members)s)))
        GROUP BY member_id, account_id
        UNION ALL
        SELECT posting.member_id, posting.account_id, {_OWED}
        FROM waiting
        CROSS JOIN LATERAL (
            SELECT * FROM posting WHERE posting.posted_on = waiting.business_on AND posting.member_id > waiting.after_member
                AND posting.member_id <= waiting.after_member + %(shard_members)s
        ) posting
        WHERE waiting.business_on <= %(last_on)s::date AND posting.source_id <> %(own_charges)s
            AND posting.type <> ALL(%(opening_types)s::smallint[])
        GROUP BY posting.member_id, posting.account_id
    ),
    owed AS (
        SELECT member_id, account_id, sum(balance)::bigint AS balance
        FROM (SELECT member_id, account_id, balance FROM guarded_balance UNION ALL SELECT * FROM moved) known
        GROUP BY member_id, account_id
    )"""  # noqa: S608

#: Balances at the end of a day long past: that of the latest statement and what was posted from its closing to the day.
_BY_STATEMENTS = f"""
    since AS (
        SELECT posting.member_id, posting.account_id, {_OWED} AS amount
        FROM posting JOIN latest USING (member_id, account_id)
        WHERE posting.posted_on > %(last_on)s::date - 31 AND posting.posted_on <= %(last_on)s::date
            AND posting.posted_on > latest.closes_on AND latest.closes_on >= %(last_on)s::date - 31
        GROUP BY posting.member_id, posting.account_id
    ),
    owed AS (
        SELECT account.member_id, account.account_id,
               coalesce(latest.new_balance, 0) + coalesce(since.amount, alone.amount, 0) AS balance
        FROM card_account account
        LEFT JOIN latest USING (member_id, account_id)
        LEFT JOIN since USING (member_id, account_id)
        LEFT JOIN LATERAL (
            SELECT {_OWED} AS amount FROM posting
            WHERE (latest.closes_on IS NULL OR latest.closes_on < %(last_on)s::date - 31)
                AND posting.member_id = account.member_id AND posting.account_id = account.account_id
                AND posting.posted_on > coalesce(latest.closes_on, '-infinity') AND posting.posted_on <= %(last_on)s::date
        ) alone ON true
    )"""  # noqa: S608
#: Days back from the last one closed from which on statements are nearer than what is owed now.
_LONG_PAST = 31

#: One row a group: accounts on a day, their balances, arrears from each one's latest statement.
_RECEIVABLES = """
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
    WHERE account.opened_on <= %(last_on)s::date AND NOT account.prepaid
        AND (account.closed_on IS NULL OR account.closed_on > %(last_on)s::date OR coalesce(owed.balance, 0) <> 0)
        AND (%(units)s::int[] IS NULL OR unit.org_unit_id = ANY(%(units)s::int[]))
    {group_by}
"""

DIMENSIONS = (
    Dimension("product", "account.product", "product of the card account"),
    Dimension(
        "delinquency",
        "CASE WHEN EXISTS (SELECT 1 FROM carried WHERE carried.member_id = latest.member_id"
        " AND carried.account_id = latest.account_id AND carried.cycle_no = latest.cycle_no"
        " AND carried.kind = %(charged_off)s) THEN 'charged_off' ELSE"
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
    parameters = asked.parameters(
        receivable=RECEIVABLE, buckets=list(BUCKETS), bucket_starts=list(BUCKET_STARTS), charged_off=CHARGED_OFF,
        own_charges=OWN_CHARGES, opening_types=[each.code for each in OPENINGS], shard_members=SHARD_MEMBERS)
    statement = f"WITH {_LATEST}, {_balances(asked)} {_RECEIVABLES}"
    return select_groups(connection, statement, groups, parameters, leading=f"account.currency AS {CURRENCY}")


def _balances(asked: Asked) -> str:
    """Where balances are taken from; all three come to the same."""
    if asked.from_postings or asked.last_on is None or asked.as_of is None:
        return _BY_POSTINGS
    return _BY_STATEMENTS if asked.last_on < asked.as_of - timedelta(days=_LONG_PAST) else _BY_WHAT_IS_OWED_NOW


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
