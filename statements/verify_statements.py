"""Checks of statements against themselves, each other and the ledger: figures, windows, no posting lost or shown twice."""

from __future__ import annotations

from accounts.posting_types import CASH_ADVANCE_INTEREST, OVER_LIMIT_INTEREST, OWN_CHARGES, PURCHASE_INTEREST
from statements.verify_scope import BadRow, by_query, money

#: Statements whose figures do not add up, or whose dates run backwards.
IDENTITY = """
    SELECT account.account, account.currency, statement.closes_on, statement.opens_on, statement.new_balance,
           statement.previous_balance - payments - credits + purchases + cash_advances + balance_transfers + fees + interest
               - waivers + adjustments AS sum
    FROM statement JOIN card_account account USING (member_id, account_id)
    WHERE (%(account)s::bigint IS NULL OR (statement.member_id = %(member)s AND statement.account_id = %(account)s))
        AND (%(closes_on)s::date IS NULL OR statement.closes_on = %(closes_on)s)
        AND (statement.new_balance <> previous_balance - payments - credits + purchases + cash_advances + balance_transfers
                 + fees + interest - waivers + adjustments
             OR statement.opens_on > statement.closes_on OR statement.due_on < statement.closes_on)
    ORDER BY statement.member_id, statement.account_id, statement.cycle_no
"""

#: Statements that do not follow on the one before: another balance, a number left out, days left out or in both.
ROLL_FORWARD = """
    SELECT account.account, account.currency, ordered.*
    FROM (
        SELECT member_id, account_id, cycle_no, opens_on, closes_on, previous_balance,
               lag(cycle_no) OVER cycles AS before_no, lag(closes_on) OVER cycles AS before_closes_on,
               lag(new_balance) OVER cycles AS before_balance
        FROM statement
        WHERE %(account)s::bigint IS NULL OR (member_id = %(member)s AND account_id = %(account)s)
        WINDOW cycles AS (PARTITION BY member_id, account_id ORDER BY cycle_no)
    ) ordered JOIN card_account account USING (member_id, account_id)
    WHERE (%(closes_on)s::date IS NULL OR ordered.closes_on = %(closes_on)s)
        AND CASE WHEN before_no IS NULL THEN cycle_no > 1 OR (cycle_no = 1 AND previous_balance <> 0)
                 ELSE cycle_no <> before_no + 1 OR previous_balance <> before_balance OR opens_on <> before_closes_on + 1 END
    ORDER BY ordered.member_id, ordered.account_id, ordered.cycle_no
"""

#: Accounts taken over whose opening postings are not the balance that their first statement starts from.
OPENING_BALANCES = """
    SELECT account.account, account.currency, coalesce(opening.new_balance, 0) AS stated, coalesce(posted.balance, 0) AS posted
    FROM (SELECT member_id, account_id, new_balance FROM statement WHERE cycle_no = 0) opening
    FULL JOIN (
        SELECT member_id, account_id,
               sum(CASE WHEN debit_account < %(house)s THEN amount ELSE -amount END) AS balance
        FROM posting WHERE type = ANY(%(opening_types)s::smallint[]) GROUP BY member_id, account_id
    ) posted USING (member_id, account_id)
    JOIN card_account account USING (member_id, account_id)
    WHERE (%(account)s::bigint IS NULL OR (account.member_id = %(member)s AND account.account_id = %(account)s))
        AND coalesce(opening.new_balance, 0) <> coalesce(posted.balance, 0)
    ORDER BY account.member_id, account.account_id
"""

#: Postings up to an account's latest closing that no statement holds, and statements whose days overlap.
ON_ONE_STATEMENT = """
    SELECT account.account, stray.*
    FROM (
        SELECT posting.member_id, posting.account_id, posting.posted_on AS day, posting.source_id, posting.source_line,
               posting.type, NULL::date AS other_closing
        FROM posting
        JOIN (SELECT member_id, account_id, max(closes_on) AS closes_on FROM statement WHERE cycle_no > 0
              GROUP BY member_id, account_id) latest
            ON latest.member_id = posting.member_id AND latest.account_id = posting.account_id
            AND posting.posted_on <= latest.closes_on
        WHERE posting.type <> ALL(%(opening_types)s::smallint[])
            AND (%(account)s::bigint IS NULL OR (posting.member_id = %(member)s AND posting.account_id = %(account)s))
            AND NOT EXISTS (
                SELECT 1 FROM statement
                WHERE statement.member_id = posting.member_id AND statement.account_id = posting.account_id
                    AND statement.cycle_no > 0 AND posting.posted_on BETWEEN statement.opens_on AND statement.closes_on)
        UNION ALL
        SELECT member_id, account_id, opens_on, NULL, NULL, NULL, before_closes_on
        FROM (SELECT member_id, account_id, opens_on,
                     lag(closes_on) OVER (PARTITION BY member_id, account_id ORDER BY closes_on) AS before_closes_on
              FROM statement
              WHERE cycle_no > 0 AND (%(account)s::bigint IS NULL OR (member_id = %(member)s AND account_id = %(account)s))
             ) windows WHERE opens_on <= before_closes_on
    ) stray LEFT JOIN card_account account USING (member_id, account_id)
    ORDER BY stray.member_id, stray.account_id, stray.day
"""

#: Statements one of whose figures is not the sum of the postings in its days.
LINES_AND_FIGURES = f"""
    WITH summed AS (
        SELECT statement.member_id, statement.account_id, statement.cycle_no,
               coalesce(sum(line.amount) FILTER (WHERE line.figure = 'payments'), 0) AS payments,
               coalesce(sum(line.amount) FILTER (WHERE line.figure = 'credits'), 0) AS credits,
               coalesce(sum(line.amount) FILTER (WHERE line.figure = 'purchases'), 0) AS purchases,
               coalesce(sum(line.amount) FILTER (WHERE line.figure = 'cash_advances'), 0) AS cash_advances,
               coalesce(sum(line.amount) FILTER (WHERE line.figure = 'balance_transfers'), 0) AS balance_transfers,
               coalesce(sum(line.amount) FILTER (WHERE line.figure = 'fees'), 0) AS fees,
               coalesce(sum(line.amount) FILTER (WHERE line.figure = 'interest'), 0) AS interest,
               coalesce(sum(line.amount) FILTER (WHERE line.figure = 'waivers'), 0) AS waivers,
               coalesce(sum(line.amount) FILTER (WHERE line.figure = 'adjustments'), 0) AS adjustments,
               coalesce(sum(line.amount) FILTER (WHERE line.own_type = {PURCHASE_INTEREST.code}), 0) AS purchase_interest,
               coalesce(sum(line.amount) FILTER (WHERE line.own_type = {CASH_ADVANCE_INTEREST.code}), 0) AS cash_interest,
               coalesce(sum(line.amount) FILTER (WHERE line.own_type = {OVER_LIMIT_INTEREST.code}), 0) AS over_limit_interest
        FROM statement
        LEFT JOIN (
            SELECT posting.member_id, posting.account_id, posting.posted_on, kind.figure,
                   CASE WHEN posting.source_id = {OWN_CHARGES} THEN posting.type END AS own_type,
                   posting.amount * kind.sign AS amount
            FROM posting JOIN unnest(%(types)s::smallint[], %(figures)s::text[], %(signs)s::int[]) AS kind (type, figure, sign)
                ON kind.type = posting.type
            WHERE posting.type <> ALL(%(opening_types)s::smallint[])
                AND (%(account)s::bigint IS NULL OR (posting.member_id = %(member)s AND posting.account_id = %(account)s))
        ) line ON line.member_id = statement.member_id AND line.account_id = statement.account_id
            AND line.posted_on BETWEEN statement.opens_on AND statement.closes_on
        WHERE statement.cycle_no > 0
            AND (%(account)s::bigint IS NULL OR (statement.member_id = %(member)s AND statement.account_id = %(account)s))
            AND (%(closes_on)s::date IS NULL OR statement.closes_on = %(closes_on)s)
        GROUP BY statement.member_id, statement.account_id, statement.cycle_no
    )
    SELECT account.account, account.currency, statement.closes_on, differing.figure, differing.stated, differing.summed
    FROM summed
    JOIN statement USING (member_id, account_id, cycle_no)
    JOIN card_account account USING (member_id, account_id)
    CROSS JOIN LATERAL (VALUES
        ('payments', statement.payments, summed.payments), ('credits', statement.credits, summed.credits),
        ('purchases', statement.purchases, summed.purchases),
        ('cash_advances', statement.cash_advances, summed.cash_advances),
        ('balance_transfers', statement.balance_transfers, summed.balance_transfers),
        ('fees', statement.fees, summed.fees), ('interest', statement.interest, summed.interest),
        ('waivers', statement.waivers, summed.waivers), ('adjustments', statement.adjustments, summed.adjustments),
        ('purchase_interest', statement.purchase_interest, summed.purchase_interest),
        ('cash_interest', statement.cash_interest, summed.cash_interest),
        ('over_limit_interest', statement.over_limit_interest, summed.over_limit_interest)
    ) AS differing (figure, stated, summed)
    WHERE differing.stated <> differing.summed
    ORDER BY statement.member_id, statement.account_id, statement.cycle_no
"""  # noqa: S608


def _identity(row: BadRow) -> str:
    statement = f"account {row['account']}, statement of {row['closes_on']}:"
    if row["sum"] != row["new_balance"]:
        return f"{statement} its figures come to {money(row, 'sum')}, its new balance is {money(row, 'new_balance')}"
    return f"{statement} it opens on {row['opens_on']}, closes on {row['closes_on']} or is due before it closes"


def _roll_forward(row: BadRow) -> str:
    statement = f"account {row['account']}, statement of {row['closes_on']} (number {row['cycle_no']}):"
    if row["before_no"] is None:
        if row["cycle_no"] > 1:
            return f"{statement} it is the first and should be number 1"
        return f"{statement} it is the first and its previous balance is {money(row, 'previous_balance')}, not zero"
    if row["cycle_no"] != row["before_no"] + 1:
        return f"{statement} the one before it has number {row['before_no']}"
    if row["previous_balance"] != row["before_balance"]:
        return (f"{statement} its previous balance is {money(row, 'previous_balance')}, the statement before closed with "
                f"{money(row, 'before_balance')}")
    return f"{statement} it opens on {row['opens_on']}, the one before closed on {row['before_closes_on']}"


def _stray(row: BadRow) -> str:
    if row["other_closing"] is not None:
        return (f"account {row['account']}: a statement opens on {row['day']} while the one before closes on "
                f"{row['other_closing']}, so postings between would be on both")
    return (f"account {row['account']}: the posting of {row['day']}, source {row['source_id']} line {row['source_line']}, "
            f"type {row['type']}, is on no statement")


def _figures(row: BadRow) -> str:
    return (f"account {row['account']}, statement of {row['closes_on']}: {row['figure']} {money(row, 'stated')}, its postings "
            f"come to {money(row, 'summed')}")


STATEMENT_CHECKS = (
    by_query("statements_identity", "The new balance of every statement is its previous balance and its figures, exactly.",
             IDENTITY, _identity),
    by_query("statements_roll_forward", "Every statement starts where the one before ended: balance, number and day.",
             ROLL_FORWARD, _roll_forward),
    by_query("opening_balances_equal_postings", "An account taken over starts from what its opening posting says.",
             OPENING_BALANCES, lambda row: f"account {row['account']}: taken over with {money(row, 'stated')}, opening "
             f"postings come to {money(row, 'posted')}"),
    by_query("every_posting_on_one_statement", "Every posting up to an account's latest closing is on exactly one statement.",
             ON_ONE_STATEMENT, _stray),
    by_query("statement_lines_match_figures", "Every figure of a statement is the sum of its postings.",
             LINES_AND_FIGURES, _figures),
)
