"""Checks of days and terms: nothing slipped into a closed day, nothing due was left out, every charge has its clause."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from accounts.card_sets import first_day_of_other_cards
from accounts.month_facts import MONTH_DIFFERENCES
from accounts.posting_facts import CARD_USE, CARDS_USED, DIFFERENCES, fact_parameters
from accounts.posting_types import (
    BY_CODE,
    CHARGE_OFF,
    FEE_TAX,
    INSTALMENT,
    INSTALMENT_FEE,
    INTEREST_TAX,
    POSTING_TYPES,
    RECOVERY,
)
from statements.verify_scope import BadRow, Check, Scope, by_query, money

#: Number of the step of a business day that closes cycles.
CLOSE_STEP = 40

#: Closed days whose postings or statements are not those that their totals were drawn up from.
DAY_TOTALS = """
    WITH posted AS (
        SELECT posting.posted_on AS business_on, known.code, known.digits, count(*) AS postings,
               coalesce(sum(amount) FILTER (WHERE debit_account < %(house)s), 0) AS debits,
               coalesce(sum(amount) FILTER (WHERE credit_account < %(house)s), 0) AS credits
        FROM posting LEFT JOIN currency known ON known.currency = posting.currency
        WHERE posting.posted_on >= (SELECT first_on FROM book) AND posting.posted_on <= (SELECT closed_through FROM book)
        GROUP BY posting.posted_on, known.code, known.digits
    ), counted AS (
        SELECT business_on, sum(postings) AS postings,
               jsonb_object_agg(coalesce(code, '?'), to_jsonb((debits / power(10::numeric, digits))::text)) AS debits,
               jsonb_object_agg(coalesce(code, '?'), to_jsonb((credits / power(10::numeric, digits))::text)) AS credits
        FROM posted GROUP BY business_on
    ), issued AS (
        SELECT closes_on AS business_on, count(*) AS statements FROM statement WHERE cycle_no > 0 GROUP BY closes_on
    )
    SELECT business_on, differing.what, differing.sealed, differing.found
    FROM (SELECT business_on, totals FROM business_day WHERE closed_at IS NOT NULL) day
    FULL JOIN counted USING (business_on)
    FULL JOIN (SELECT * FROM issued WHERE business_on <= (SELECT closed_through FROM book)) issued USING (business_on)
    CROSS JOIN LATERAL (
        SELECT 'postings' AS what, coalesce(day.totals ->> 'postings', '0') AS sealed,
               coalesce(counted.postings, 0)::text AS found,
               coalesce((day.totals ->> 'postings')::numeric, 0) = coalesce(counted.postings, 0) AS same
        UNION ALL
        SELECT 'statements', coalesce(day.totals ->> 'statements', '0'), coalesce(issued.statements, 0)::text,
               coalesce((day.totals ->> 'statements')::numeric, 0) = coalesce(issued.statements, 0)
        UNION ALL
        SELECT side.name || ' ' || code, coalesce(side.sealed ->> code, '0'), coalesce(side.found ->> code, '0'),
               coalesce((side.sealed ->> code)::numeric, 0) = coalesce((side.found ->> code)::numeric, 0)
        FROM (VALUES ('debits', day.totals -> 'debits', counted.debits),
                     ('credits', day.totals -> 'credits', counted.credits)) AS side (name, sealed, found)
        CROSS JOIN LATERAL (SELECT jsonb_object_keys(side.sealed) UNION SELECT jsonb_object_keys(side.found)) AS codes (code)
    ) differing
    WHERE NOT differing.same AND EXISTS (SELECT 1 FROM business_day)
    ORDER BY business_on, differing.what
"""

#: Rows of files that were recorded on a day after that day had been closed. Charges of work that was parked may come later.
LATE_ROWS = """
    SELECT account.account, posting.posted_on, posting.source_id, posting.source_line, posting.recorded_at, day.closed_at
    FROM posting
    JOIN business_day day ON day.business_on = posting.posted_on AND posting.recorded_at > day.closed_at
    JOIN card_account account USING (member_id, account_id)
    WHERE posting.source_id <> %(own_charges)s AND posting.type <> %(service_fee)s
        AND (%(account)s::bigint IS NULL OR (posting.member_id = %(member)s AND posting.account_id = %(account)s))
    ORDER BY posting.posted_on, posting.member_id, posting.account_id, posting.source_id, posting.source_line
"""

#: Accounts whose latest closing that is due has no statement, unless they or their shard's closing are parked.
NOT_CLOSED = f"""
    SELECT account.account, due.cycle_no,
           (least(due.month + account.closing_day - 1, (due.month + interval '1 month')::date - 1)) AS closes_on,
           latest.cycle_no AS latest_no
    FROM card_account account
    CROSS JOIN (SELECT coalesce(closed_through, '-infinity') AS closed_through FROM book) book
    CROSS JOIN LATERAL (
        SELECT CASE WHEN least(this.month + account.closing_day - 1, (this.month + interval '1 month')::date - 1)
                        <= book.closed_through
                    THEN this.month ELSE (this.month - interval '1 month')::date END AS month
        FROM (SELECT book.closed_through - extract(day FROM book.closed_through)::int + 1 AS month) this
        WHERE isfinite(book.closed_through)
    ) last
    CROSS JOIN LATERAL (
        SELECT last.month, ((extract(year FROM last.month) - extract(year FROM account.anchor_on)) * 12
                            + extract(month FROM last.month) - extract(month FROM account.anchor_on) + 1)::int AS cycle_no
    ) due
    LEFT JOIN (SELECT member_id, account_id, max(cycle_no) AS cycle_no FROM statement WHERE cycle_no > 0
               GROUP BY member_id, account_id) latest USING (member_id, account_id)
    WHERE account.anchor_on <= book.closed_through AND coalesce(latest.cycle_no, 0) < due.cycle_no
        AND (%(account)s::bigint IS NULL OR (account.member_id = %(member)s AND account.account_id = %(account)s))
        AND NOT EXISTS (SELECT 1 FROM parked_account parked WHERE parked.member_id = account.member_id
                            AND parked.account_id = account.account_id AND parked.released_at IS NULL)
        AND NOT EXISTS (SELECT 1 FROM day_step step WHERE step.shard = (account.member_id - 1) / %(shard_members)s
                            AND step.step <= {CLOSE_STEP} AND step.state <> 'done'
                            AND step.business_on <= book.closed_through)
    ORDER BY account.member_id, account.account_id
"""  # noqa: S608

#: Charges of ours that name no approved version of their product's terms in force when they say, or not its clause. Fees go
#: by their day, interest and charge-offs by the first day of their cycle, instalments and fees on them by the day of the plan.
CHARGES_AND_TERMS = """
    SELECT account.account, account.currency, charge.amount, charge.posted_on, charge.name, charge.clause,
           charge.terms_version_id, terms.product, terms.status,
           terms.in_force @> coalesce(cycle.opens_on, plan.made_on, charge.posted_on) AS in_force,
           priced.clause AS priced_clause
    FROM (
        SELECT posting.*, kind.name, kind.charge, kind.segment AS of_segment
        FROM posting
        LEFT JOIN unnest(%(types)s::smallint[], %(names)s::text[], %(charges)s::text[], %(segments)s::text[])
            AS kind (type, name, charge, segment) ON kind.type = posting.type
        WHERE (posting.source_id = %(own_charges)s OR posting.type = %(service_fee)s)
            AND (%(account)s::bigint IS NULL OR (posting.member_id = %(member)s AND posting.account_id = %(account)s))
    ) charge
    JOIN card_account account USING (member_id, account_id)
    LEFT JOIN terms_version terms USING (terms_version_id)
    LEFT JOIN statement cycle ON (charge.of_segment IS NOT NULL OR charge.type = ANY(%(of_closing)s::smallint[]))
        AND cycle.member_id = charge.member_id
        AND cycle.account_id = charge.account_id AND cycle.closes_on = charge.posted_on AND cycle.cycle_no > 0
    LEFT JOIN instalment_plan plan ON plan.member_id = charge.member_id AND plan.account_id = charge.account_id
        AND ((charge.type = ANY(%(instalments)s::smallint[]) AND plan.plan_no = charge.source_line)
             OR (charge.type = %(fee_tax)s AND charge.source_line %% 1000 = %(instalment_fee)s
                 AND plan.plan_no = charge.source_line / 1000))
    LEFT JOIN LATERAL (
        SELECT CASE WHEN charge.of_segment IS NULL THEN terms.document #>> ARRAY['fees', charge.charge, 'clause']
                    WHEN charge.of_segment = 'over_limit' THEN terms.document #>> '{interest,over_limit,clause}'
                    WHEN charge.of_segment IN ('other_segment', 'deferred')
                    THEN terms.document #>> ARRAY['interest', 'segment', (charge.source_line - 1)::text, 'clause']
                    ELSE (SELECT rated.entry ->> 'clause'
                          FROM jsonb_array_elements(terms.document #> '{interest,segment}') AS rated (entry)
                          WHERE rated.entry ->> 'name' = charge.of_segment LIMIT 1) END AS clause
    ) priced ON true
    WHERE terms.status IS DISTINCT FROM 'approved' OR terms.product <> account.product
        OR NOT terms.in_force @> coalesce(cycle.opens_on, plan.made_on, charge.posted_on)
        OR charge.clause IS DISTINCT FROM coalesce(priced.clause, charge.clause) OR charge.clause IS NULL
    ORDER BY charge.member_id, charge.account_id, charge.posted_on, charge.type
"""

#: Approved versions of one product that are in force on the same day, or were approved by the one who proposed them.
OVERLAPPING_TERMS = """
    SELECT earlier.product, earlier.in_force_from AS earlier_from, later.in_force_from AS later_from, false AS alone
    FROM terms_version earlier
    JOIN terms_version later ON later.product = earlier.product AND later.terms_version_id > earlier.terms_version_id
        AND later.in_force && earlier.in_force
    WHERE earlier.status = 'approved' AND later.status = 'approved'
    UNION ALL
    SELECT product, in_force_from, NULL, true FROM terms_version
    WHERE status = 'approved' AND (approved_by IS NULL OR approved_by = proposed_by)
    ORDER BY product, earlier_from
"""

#: Days whose facts are not what their postings come to, or whose cards are not those their transactions were made with.
FACTS = f"""
    WITH found AS ({CARDS_USED})
    SELECT business_on, type, postings, amount, currency FROM ({DIFFERENCES}) differing
    UNION ALL
    SELECT business_on, type, NULL, NULL, NULL FROM (
        (SELECT * FROM found EXCEPT ALL SELECT {CARD_USE} FROM card_use)
        UNION ALL (SELECT {CARD_USE} FROM card_use EXCEPT ALL SELECT * FROM found)
    ) cards
    ORDER BY business_on, type
"""  # noqa: S608


def _facts(row: BadRow) -> str:
    kind = BY_CODE[row["type"]].name if row["type"] in BY_CODE else f"type {row['type']}"
    if row["postings"] is None:
        return f"{row['business_on']}: the cards kept as used for {kind} are not those of the postings"
    return (f"{row['business_on']}: the facts of {kind} are {row['postings']} postings and {money(row, 'amount')} short of "
            "what was posted")


_FACTS = by_query("day_facts", "", FACTS, _facts, of_accounts=False, more=fact_parameters(None, None))
_MONTHS = by_query("day_facts", "", MONTH_DIFFERENCES + "ORDER BY business_on, type", lambda row: f"the month to {_facts(row)}",
                   of_accounts=False, more={"month": None})


def _facts_and_sets(connection: Connection[Any], scope: Scope) -> str | None:
    """Facts of days against postings, those of months against their days, sets of cards against the cards of each day."""
    bad = _FACTS.first_bad(connection, scope) or _MONTHS.first_bad(connection, scope)
    if bad is None and (on := first_day_of_other_cards(connection)) is not None:
        return f"{on}: the sets of cards kept for the day, or for the month it ends, are not the cards used on its days"
    return bad


def _charge(row: BadRow) -> str:
    charge = f"account {row['account']}: {row['name']} of {money(row, 'amount')} on {row['posted_on']}"
    if row["terms_version_id"] is None or row["product"] is None:
        return f"{charge} names no version of the terms"
    if row["status"] != "approved":
        return f"{charge} names terms version {row['terms_version_id']}, which is {row['status']}"
    if not row["in_force"]:
        return f"{charge} names terms version {row['terms_version_id']} of {row['product']}, not in force then"
    if row["clause"] is None or (row["priced_clause"] is not None and row["clause"] != row["priced_clause"]):
        return f"{charge} names clause {row['clause']!r}; the terms charge it by {row['priced_clause']!r}"
    return f"{charge} names terms of another product, {row['product']}"


def _overlap(row: BadRow) -> str:
    if row["alone"]:
        return f"the terms of {row['product']} from {row['earlier_from']} were approved by no second person"
    return f"the terms of {row['product']} from {row['earlier_from']} and from {row['later_from']} are in force together"


_CHARGE_TYPES = {
    "names": [each.name for each in POSTING_TYPES], "charges": [each.charge for each in POSTING_TYPES],
    "segments": [each.segment for each in POSTING_TYPES], "of_closing": [INTEREST_TAX.code, CHARGE_OFF.code, RECOVERY.code],
    "instalments": [INSTALMENT.code, INSTALMENT_FEE.code], "instalment_fee": INSTALMENT_FEE.code, "fee_tax": FEE_TAX.code,
}

DAY_CHECKS = (
    by_query("day_totals", "The postings and statements of every closed day are those its totals were drawn up from.",
             DAY_TOTALS, lambda row: f"{row['business_on']}: {row['what']} {row['sealed']} in the day's totals, {row['found']} "
             "in the books", of_accounts=False),
    Check("day_facts", "The facts of every closed day, which reports are made from, are what its postings come to.",
          _facts_and_sets, of_accounts=False),
    by_query("closed_days_have_no_late_rows", "No row of a file was recorded on a day that was closed already.", LATE_ROWS,
             lambda row: f"account {row['account']}: the row of {row['posted_on']}, source {row['source_id']} line "
             f"{row['source_line']}, was recorded at {row['recorded_at']:%Y-%m-%d %H:%M:%S}, after the day was closed"),
    by_query("due_accounts_closed", "Every account whose cycle was due by the last closed day has its statement or is parked.",
             NOT_CLOSED, lambda row: f"account {row['account']}: its cycle {row['cycle_no']} was due on {row['closes_on']} and "
             f"has no statement; its latest is number {row['latest_no'] or 'none'}"),
    by_query("charges_have_terms", "Every charge names the approved version of the terms and the clause that priced it.",
             CHARGES_AND_TERMS, _charge, more=_CHARGE_TYPES),
    by_query("terms_do_not_overlap", "Of every product one version of the terms is in force at a time, approved by two people.",
             OVERLAPPING_TERMS, _overlap, of_accounts=False),
)
