"""How long management reports take over a year of a book: from the facts of closed days and, of a small one, from its postings.

A small book gets its year's postings, and the facts that the closing of each day draws up from them. Those of a large one
(240 million for a million accounts) are not made, as no report reads them whose groups the facts hold: it gets facts, sets of
cards, statements and balances as large as the nights would have left them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import psycopg

from accounts.card_sets import seal_card_sets, seal_month_of_cards
from accounts.database import Database
from accounts.month_facts import last_of_month, seal_month_facts
from accounts.posting_facts import BY_ACCOUNT, BY_CYCLE, BY_MERCHANT, seal_facts
from accounts.posting_types import HOUSE, POSTING_TYPES
from reports.answer import Report
from reports.asking import Question
from reports.catalogue import answer

FIRST_ON, DAYS = date(2023, 1, 1), 365
#: One head office, four regions, the branches.
UNITS, PRODUCTS, CLOSING_DAYS, CATEGORIES, MERCHANTS = 40, 4, 10, 12, 2_000
TRANSACTIONS_A_DAY = 2 / 3
#: Books up to so many accounts get their postings too, and reports are made from these as well.
WITH_POSTINGS = 5_000

#: Every sixth account has a supplementary card; a card is replaced now and then.
_BOOK = """
INSERT INTO org_unit SELECT n, 'U' || n, 'Unit ' || n,
    CASE WHEN n = 1 THEN 'head_office' WHEN n <= 5 THEN 'region' ELSE 'branch' END,
    CASE WHEN n = 1 THEN NULL WHEN n <= 5 THEN 1 ELSE 2 + n %% 4 END FROM generate_series(1, %(units)s) n;
INSERT INTO member (member_id, member, kind, org_unit_id)
SELECT n, 'M' || n, CASE WHEN n %% 50 = 0 THEN 'anonymous' ELSE 'person' END, 6 + n %% (%(units)s - 5)
FROM generate_series(1, %(accounts)s) n;
INSERT INTO card_account (member_id, account_id, account, product, currency, opened_on, credit_limit, closing_day, anchor_on,
                          migrated, status)
SELECT n, n, 'A' || n, 'product ' || n %% %(products)s, 156, date '2022-06-01' + (n %% 300)::int, 3000000,
       1 + 3 * (n / 7 %% %(closings)s),
       %(first_on)s, true, 'open' FROM generate_series(1, %(accounts)s) n;
INSERT INTO card (member_id, account_id, card_id, card, kind, issued_on, status, channel, expires_on)
SELECT n, n, n, 'C' || n, 'primary', date '2022-06-01' + (n %% 300)::int, 'active',
       CASE n %% 3 WHEN 0 THEN 'web' ELSE 'branch' END,
       date '2023-06-01' + (n %% 1500)::int FROM generate_series(1, %(accounts)s) n;
INSERT INTO card (member_id, account_id, card_id, card, kind, issued_on, status, channel, replaces_card_id, reason)
SELECT n, n, %(accounts)s + row_number() OVER (ORDER BY n), 'D' || n,
       CASE n %% 2 WHEN 0 THEN 'supplementary' ELSE 'primary' END,
       date '2023-01-01' + (n %% 365)::int, 'active', 'web', CASE n %% 2 WHEN 0 THEN NULL ELSE n END,
       CASE n %% 2 WHEN 0 THEN NULL ELSE 'lost' END FROM generate_series(1, %(accounts)s) n WHERE n %% 5 = 0;
INSERT INTO card_directory SELECT card, member_id, account_id, card_id FROM card;
INSERT INTO service_case (member_id, case_code, kind, received_at, account_id, channel, topic, product, due_at, answered_at,
                          closed_at, source_id, source_line)
SELECT n, 'K' || n, CASE n %% 4 WHEN 0 THEN 'complaint' WHEN 1 THEN 'dispute' WHEN 2 THEN 'claim' ELSE 'request' END, at, n,
       'web', 'topic ' || n %% 20, 'product ' || n %% %(products)s, at + interval '15 days', at + interval '1 day' * (n %% 25),
       at + interval '1 day' * (n %% 40), 2, n
FROM (SELECT n, %(first_on)s::date + interval '1 day' * (n %% 365) AS at FROM generate_series(1, %(accounts)s / 5) n) received;
INSERT INTO guarded_balance (member_id, account_id, balance)
SELECT n, n, n %% 97 * 10000 - 50000 FROM generate_series(1, %(accounts)s) n;
INSERT INTO statement (member_id, account_id, cycle_no, opens_on, closes_on, due_on, terms_version_id, credit_limit,
    previous_balance, payments, credits, purchases, cash_advances, balance_transfers, fees, interest, waivers, adjustments,
    new_balance, minimum_payment_due, past_due, over_limit, days_past_due, grace, purchase_balance_days, purchase_interest,
    cash_balance_days, cash_interest, over_limit_balance_days, over_limit_interest, year_interest, year_fees, revolving, billed,
    cash, unpaid_interest, unpaid_fees, billed_balance_days, oldest_unpaid_due_on, sha256, previous_sha256)
SELECT member_id, account_id, cycle, closes_on - 30, closes_on, closes_on + 20, 1, credit_limit, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
       member_id %% 97 * 10000, 100, CASE WHEN late > 0 THEN 100 ELSE 0 END, 0, late, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
       0, closes_on, sha256(''), sha256('')
FROM (SELECT *, %(first_on)s::date + make_interval(months => cycle - 1) + (closing_day - 1) * interval '1 day' AS at,
             CASE WHEN member_id %% 20 < 2 THEN member_id %% 200 ELSE 0 END AS late
      FROM card_account, generate_series(1, 12) cycle) cycles
CROSS JOIN LATERAL (SELECT at::date AS closes_on) closing;
UPDATE book SET first_on = %(first_on)s, open_on = %(last_on)s::date + 1, closed_through = %(last_on)s;
"""

#: Purchases in every category by two channels; cash advances, refunds, transfers and chargebacks in few; payments; charges.
_WHAT = """
CREATE TEMP TABLE what AS
SELECT 10 AS type, 'category ' || category AS category, channel, 0.88 / (%(categories)s * 2) AS share
FROM generate_series(1, %(categories)s) category, unnest(ARRAY['pos', 'web']) channel
UNION ALL SELECT 14, 'category ' || category, 'web', 0.04 / %(categories)s FROM generate_series(1, %(categories)s) category
UNION ALL SELECT type, NULL, channel, share
FROM (VALUES (11, 'atm', 0.05), (12, 'web', 0.01), (20, NULL, 0.02)) v (type, channel, share)
UNION ALL SELECT type, NULL, NULL, 0.05 FROM unnest(ARRAY[13, 40, 41, 53, 51, 73]) type;
"""
#: What one day comes to at each grain; closing: which of the closing days, for cycles.
_ONE_DAY = f"""
CREATE TEMP TABLE one_day AS
SELECT {BY_ACCOUNT} AS grain, type, 'product ' || product AS product, unit AS org_unit_id, card_kind, category, channel,
       NULL AS merchant, NULL::int AS closing, %(a_day)s * share * part / %(products)s / (%(units)s - 5) AS postings
FROM generate_series(0, %(products)s - 1) product, generate_series(6, %(units)s) unit,
     (VALUES ('primary', 0.85), ('supplementary', 0.15)) k (card_kind, part), what
UNION ALL
SELECT {BY_CYCLE}, type, 'product ' || product, unit, card_kind, NULL, NULL, NULL, closing,
       %(a_day)s * share * part / %(products)s / (%(units)s - 5) / %(closings)s
FROM generate_series(0, %(products)s - 1) product, generate_series(6, %(units)s) unit,
     (VALUES ('primary', 0.85), ('supplementary', 0.15)) k (card_kind, part),
     (SELECT type, sum(share) AS share FROM what WHERE type IN (10, 11, 12, 14, 20) GROUP BY type) spent,
     generate_series(0, %(closings)s - 1) closing
UNION ALL
SELECT {BY_MERCHANT}, type, NULL, NULL, NULL, category, channel, 'Merchant ' || merchant, NULL,
       %(a_day)s * share * %(categories)s / %(merchants)s
FROM generate_series(1, %(merchants)s) merchant, what
WHERE type IN (10, 14) AND category = 'category ' || 1 + merchant %% %(categories)s
"""  # noqa: S608
_FACTS_OF_DAY = """
INSERT INTO posting_fact (business_on, grain, currency, type, product, org_unit_id, card_kind, category, channel, merchant,
                          cycle, postings, amount)
SELECT %(on)s, grain, 156, type, product, org_unit_id, card_kind, category, channel, merchant,
       CASE WHEN closing IS NOT NULL THEN date_trunc('month', %(on)s::date)::date + closing * 3
            + CASE WHEN 1 + closing * 3 < extract(day FROM %(on)s::date) THEN 31 ELSE 0 END END, count, count * 9876
FROM (SELECT *, floor(postings + random())::bigint AS count FROM one_day OFFSET 0) counted WHERE count > 0
"""
#: The transactions of a day, each of one kind by its share, its card and merchant drawn; charges and payments name no card.
_POSTINGS_OF_DAY = """
INSERT INTO posting (member_id, account_id, posted_on, source_id, source_line, type, debit_account, credit_account, currency,
                     amount, effective_on, transaction_on, card_id, merchant, category, channel)
SELECT card.member_id, card.account_id, %(on)s, 2, n, what.type, sides.debit, sides.credit, 156, amount, %(on)s, %(on)s,
       CASE WHEN what.type BETWEEN 10 AND 22 AND what.type <> 13 THEN card.card_id END,
       CASE WHEN what.type IN (10, 14) THEN 'Merchant ' || merchant END, what.category, what.channel
FROM (SELECT n, 1 + floor(random() * %(cards)s)::bigint AS card_id, random() AS place,
             1 + floor(random() * %(merchants)s)::int AS merchant, 1 + floor(random() * 20000)::bigint AS amount
      FROM generate_series(1, %(a_day)s) n OFFSET 0) drawn
JOIN card USING (card_id)
JOIN (SELECT *, sum(share) OVER (ROWS UNBOUNDED PRECEDING) AS until, sum(share) OVER () AS whole FROM what) what
    ON place * whole >= until - share AND place * whole < until
JOIN unnest(%(types)s::smallint[], %(debits)s::smallint[], %(credits)s::smallint[]) sides (type, debit, credit)
    ON sides.type = what.type
"""
_BALANCES = """
UPDATE guarded_balance SET balance = coalesce(
    (SELECT sum(CASE WHEN debit_account < %(house)s THEN amount WHEN credit_account < %(house)s THEN -amount
                     ELSE 0 END)
     FROM posting WHERE posting.member_id = guarded_balance.member_id AND posting.account_id = guarded_balance.account_id), 0)
"""
_ROWS_OF_CARDS = f"""
SELECT business_on, grain = {BY_MERCHANT}, type, category, channel, merchant, sum(postings)::bigint FROM posting_fact
WHERE business_on = %s AND type BETWEEN 10 AND 22 AND (grain = {BY_ACCOUNT} OR grain = {BY_MERCHANT})
GROUP BY 1, 2, 3, 4, 5, 6
"""  # noqa: S608


@dataclass(frozen=True)
class ReportTime:
    """How long one report took: what was asked, the rows it has, seconds; of a small book from its postings too."""

    name: str
    by: tuple[str, ...]
    rows: int
    seconds: float
    postings_seconds: float | None = None


class NotTheSame(Exception):
    """A report says something else from facts than from postings."""

    def __init__(self, name: str, by: tuple[str, ...]) -> None:
        super().__init__(f"report {name} by {', '.join(by)} says something else from facts than from postings")


def make_year(url: str, accounts: int) -> None:
    """The books of a year in an empty, migrated database; postings only where they are few."""
    parameters = {
        "accounts": accounts, "units": UNITS, "products": PRODUCTS, "closings": CLOSING_DAYS, "categories": CATEGORIES,
        "first_on": FIRST_ON, "last_on": FIRST_ON + timedelta(days=DAYS - 1), "merchants": MERCHANTS,
        "a_day": accounts * TRANSACTIONS_A_DAY,
    }
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica; SET synchronous_commit = off")
        for statements in (_BOOK, _WHAT, _ONE_DAY):
            psycopg.ClientCursor(connection).execute(statements, parameters)
        for on in (FIRST_ON + timedelta(days=day) for day in range(DAYS)):
            if accounts <= WITH_POSTINGS:
                _postings_of_day(connection, on, accounts)
                seal_facts(connection, on)
            else:
                connection.execute(_FACTS_OF_DAY, {"on": on})
                _cards_of_day(connection, on, accounts)
            seal_card_sets(connection, on)
            if last_of_month(on):
                seal_month_facts(connection, on)
                seal_month_of_cards(connection, on)
        if accounts <= WITH_POSTINGS:
            connection.execute(_BALANCES, {"house": HOUSE})
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _postings_of_day(connection: psycopg.Connection, on: date, accounts: int) -> None:
    connection.execute(_POSTINGS_OF_DAY, {
        "on": on, "cards": accounts + accounts // 5, "merchants": MERCHANTS,
        "a_day": max(1, int(accounts * TRANSACTIONS_A_DAY)),
        "types": [each.code for each in POSTING_TYPES], "debits": [each.debit for each in POSTING_TYPES],
        "credits": [each.credit for each in POSTING_TYPES]})


def _cards_of_day(connection: psycopg.Connection, on: date, accounts: int) -> None:
    chance = np.random.default_rng(on.toordinal())
    rows = connection.execute(_ROWS_OF_CARDS, (on,)).fetchall()
    copied = "COPY card_use (business_on, by_merchant, type, category, channel, merchant, cards) FROM STDIN (FORMAT binary)"
    with connection.cursor() as cursor, cursor.copy(copied) as copy:
        copy.set_types(["date", "bool", "int2", "text", "text", "text", "bytea"])
        for *key, count in rows:
            cards = np.unique(chance.integers(1, accounts + accounts // 5, count))
            copy.write_row((*key, cards.astype(">i4").tobytes()))


QUESTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    *(("turnover", (each,)) for each in ("month", "day", "cycle", "product", "org_unit", "merchant", "category", "channel",
                                         "card_kind", "type")),
    ("turnover", ("product", "org_unit", "month")), ("turnover", ("category", "channel", "month")),
    ("cards", ("month",)), ("cards", ("product", "org_unit")), ("cards", ("status",)),
    ("income", ("month", "kind")), ("income", ("product", "kind")),
    ("receivables", ("delinquency",)), ("receivables", ("product", "org_unit", "delinquency")),
    ("cases", ("month",)), ("cases", ("kind", "topic", "channel")),
)


def report_times(url: str, accounts: int) -> Iterator[ReportTime]:
    """Each report over the whole year, from the question to its rows and totals in memory. Raises NotTheSame."""
    for name, by in QUESTIONS:
        report, seconds = _timed(url, name, Question(by=by))
        postings_seconds = None
        if accounts <= WITH_POSTINGS:
            from_postings, postings_seconds = _timed(url, name, Question(by=by, from_postings=True))
            if from_postings != report:
                raise NotTheSame(name, by)
        yield ReportTime(name, by, len(report.rows), seconds, postings_seconds)


def _timed(url: str, name: str, question: Question) -> tuple[Report, float]:
    with Database(url).connect() as connection:
        began = time.perf_counter()
        return answer(connection, name, question), time.perf_counter() - began
