"""Checks of the ledger: it balances, its rows are what their type says, and the running balances are its sums."""

from __future__ import annotations

from statements.verify_scope import BadRow, by_query, money

#: Number of the step of a business day that lets the day's file rows count in the guarded balances.
POST_STEP = 10

#: Days and currencies whose debits and credits, over the lines of the chart of accounts, are not the same sum.
TRIAL_BALANCE = """
    WITH moved AS (
        SELECT posted_on, currency, debit_account, credit_account, sum(amount) AS amount
        FROM posting GROUP BY posted_on, currency, debit_account, credit_account
    ), side AS (
        SELECT posted_on, currency, debit_account AS ledger, amount FROM moved
        UNION ALL SELECT posted_on, currency, credit_account, -amount FROM moved
    )
    SELECT side.posted_on, side.currency, known.code, min(side.ledger) FILTER (WHERE line.ledger_account IS NULL) AS unknown,
           coalesce(sum(side.amount) FILTER (WHERE line.ledger_account IS NOT NULL), 0) AS difference
    FROM side
    LEFT JOIN ledger_account line ON line.ledger_account = side.ledger
    LEFT JOIN currency known ON known.currency = side.currency
    GROUP BY side.posted_on, side.currency, known.code
    HAVING bool_or(line.ledger_account IS NULL) OR known.code IS NULL OR sum(side.amount) <> 0
    ORDER BY side.posted_on, side.currency
"""

#: Postings whose sides are not those of their type, or in another currency than their account's.
POSTINGS_OUT_OF_TYPE = """
    SELECT posting.*, account.account, account.currency AS account_currency, kind.debit, kind.credit
    FROM posting
    LEFT JOIN card_account account USING (member_id, account_id)
    LEFT JOIN unnest(%(types)s::smallint[], %(debits)s::smallint[], %(credits)s::smallint[]) AS kind (type, debit, credit)
        ON kind.type = posting.type
    WHERE (%(account)s::bigint IS NULL OR (posting.member_id = %(member)s AND posting.account_id = %(account)s))
        AND (kind.type IS NULL OR posting.debit_account <> kind.debit OR posting.credit_account <> kind.credit
             OR account.currency IS DISTINCT FROM posting.currency OR posting.effective_on > posting.posted_on)
    ORDER BY posting.member_id, posting.account_id, posting.posted_on, posting.source_id, posting.source_line
"""

#: What counts in each account's guarded balance by now: its opening balance, its charges, and the file rows of every day
#: that was opened and whose rows were let in; a day in hand has let in only some shards'.
COUNTED = f"""
    SELECT posting.member_id, posting.account_id,
           sum(CASE WHEN posting.debit_account < %(house)s THEN posting.amount
                    WHEN posting.credit_account < %(house)s THEN -posting.amount ELSE 0 END) AS balance
    FROM posting
    CROSS JOIN (SELECT greatest((SELECT max(business_on) FROM business_day),
                                (SELECT closed_through FROM book)) AS day) AS opened
    LEFT JOIN (SELECT business_on, shard FROM day_step WHERE step = {POST_STEP} AND state <> 'done') waiting
        ON waiting.business_on = posting.posted_on AND waiting.shard = (posting.member_id - 1) / %(shard_members)s
    WHERE (%(account)s::bigint IS NULL OR (posting.member_id = %(member)s AND posting.account_id = %(account)s))
        AND (posting.source_id <= %(own_charges)s OR posting.type = ANY(%(opening_types)s::smallint[])
             OR (posting.posted_on <= opened.day AND waiting.shard IS NULL))
    GROUP BY posting.member_id, posting.account_id
"""  # noqa: S608

#: Currencies in which the sum of all guarded balances is not what the ledger says holders owe.
SUBLEDGER = f"""
    WITH counted AS ({COUNTED}), ledger AS (
        SELECT account.currency, sum(counted.balance) AS balance
        FROM counted JOIN card_account account USING (member_id, account_id) GROUP BY account.currency
    ), subledger AS (
        SELECT account.currency, sum(guarded.balance) AS balance
        FROM guarded_balance guarded JOIN card_account account USING (member_id, account_id) GROUP BY account.currency
    )
    SELECT currency, coalesce(ledger.balance, 0) AS ledger, coalesce(subledger.balance, 0) AS subledger
    FROM ledger FULL JOIN subledger USING (currency)
    WHERE coalesce(ledger.balance, 0) <> coalesce(subledger.balance, 0) ORDER BY currency
"""  # noqa: S608

#: Accounts whose guarded balance is missing or is not the sum of the postings that count.
GUARDED_BALANCES = f"""
    WITH counted AS ({COUNTED})
    SELECT account.account, account.currency, guarded.balance AS guarded, coalesce(counted.balance, 0) AS postings
    FROM card_account account
    LEFT JOIN guarded_balance guarded USING (member_id, account_id)
    LEFT JOIN counted USING (member_id, account_id)
    WHERE (%(account)s::bigint IS NULL OR (account.member_id = %(member)s AND account.account_id = %(account)s))
        AND guarded.balance IS DISTINCT FROM coalesce(counted.balance, 0)
    ORDER BY account.member_id, account.account_id
"""  # noqa: S608


def _trial_balance(row: BadRow) -> str:
    if row["code"] is None:
        return f"postings of {row['posted_on']} are in currency {row['currency']}, which the books do not know"
    if row["unknown"] is not None:
        return f"a posting of {row['posted_on']} names ledger account {row['unknown']}, which is not in the chart of accounts"
    return f"debits and credits of {row['posted_on']} differ by {money(row, 'difference')}"


def _out_of_type(row: BadRow) -> str:
    posting = (f"account {row['account']}: the posting of {row['posted_on']}, source {row['source_id']} "
               f"line {row['source_line']}, type {row['type']},")
    if row["debit"] is None:
        return f"{posting} is of no known type"
    if (row["debit_account"], row["credit_account"]) != (row["debit"], row["credit"]):
        return (f"{posting} moves from {row['credit_account']} to {row['debit_account']}; its type moves from "
                f"{row['credit']} to {row['debit']}")
    if row["account_currency"] != row["currency"]:
        return f"{posting} is in currency {row['currency']}; the account is in {row['account_currency']}"
    return f"{posting} counts from {row['effective_on']}, after it was posted"


def _guarded(row: BadRow) -> str:
    if row["guarded"] is None:
        return f"account {row['account']} has no guarded balance; its postings come to {money(row, 'postings')}"
    return f"account {row['account']}: guarded balance {money(row, 'guarded')}, postings come to {money(row, 'postings')}"


LEDGER_CHECKS = (
    by_query("trial_balance_zero", "Debits equal credits over the chart of accounts, on every day and in every currency.",
             TRIAL_BALANCE, _trial_balance, of_accounts=False),
    by_query("postings_match_their_type", "Every posting moves between the two ledger accounts of its type, in its account's "
             "currency.", POSTINGS_OUT_OF_TYPE, _out_of_type),
    by_query("subledger_equals_ledger", "The guarded balances of all accounts add up to what holders owe, less what they hold.",
             SUBLEDGER, lambda row: f"guarded balances add up to {money(row, 'subledger')}, the ledger to "
             f"{money(row, 'ledger')}", of_accounts=False),
    by_query("guarded_balances_equal_postings", "Every account's guarded balance is the sum of its postings that count.",
             GUARDED_BALANCES, _guarded),
)
