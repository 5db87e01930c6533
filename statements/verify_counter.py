"""Checks of the counter: what is held is what tills were promised; prepaid lots, ledger and guarded balance say the same."""

from __future__ import annotations

from accounts.posting_types import COUNTER, HOUSE, OPENING_VALUE, OWN_CHARGES, PREPAID_VALUE
from counter.night import LINES_A_DAY
from statements.verify_scope import BadRow, by_query, money

_OF_ACCOUNT = "(%(account)s::bigint IS NULL OR (account.member_id = %(member)s AND account.account_id = %(account)s))"

#: Accounts whose lots do not hold what the guarded balance says.
LOTS_AND_BALANCE = f"""
    SELECT account.account, account.currency, -guarded.balance AS value, coalesce(held.remaining, 0) AS lots
    FROM card_account account
    JOIN guarded_balance guarded USING (member_id, account_id)
    LEFT JOIN (SELECT member_id, account_id, sum(remaining)::bigint AS remaining FROM purse_lot GROUP BY member_id, account_id)
        held USING (member_id, account_id)
    WHERE {_OF_ACCOUNT} AND account.prepaid AND -guarded.balance <> coalesce(held.remaining, 0)
    ORDER BY account.member_id, account.account_id
"""  # noqa: S608

#: Lots whose movements do not come to what is left in them.
MOVEMENTS = f"""
    SELECT account.account, account.currency, lot.lot, lot.remaining, coalesce(sum(movement.amount), 0)::bigint AS moved
    FROM purse_lot lot JOIN card_account account USING (member_id, account_id)
    LEFT JOIN lot_movement movement USING (member_id, account_id, lot)
    WHERE {_OF_ACCOUNT}
    GROUP BY account.member_id, account.account_id, account.account, account.currency, lot.lot, lot.remaining
    HAVING lot.remaining <> coalesce(sum(movement.amount), 0)
    ORDER BY account.member_id, account.account_id, lot.lot
"""  # noqa: S608

#: Commands whose lots moved by another amount than the ledger; what the night did to an account on a day is one of them.
COMMANDS = f"""
    WITH posted AS (
        SELECT member_id, account_id, line,
               sum(CASE WHEN credit_account < {HOUSE} THEN amount ELSE -amount END)::bigint AS amount
        FROM (
            SELECT member_id, account_id, credit_account, amount,
                   CASE WHEN type = {OPENING_VALUE.code} THEN 0 WHEN source_id = {COUNTER} THEN source_line
                        ELSE -(posted_on - DATE '1970-01-01')::bigint * {LINES_A_DAY} END AS line
            FROM posting
            WHERE (source_id IN ({COUNTER}, {OWN_CHARGES}) OR type = {OPENING_VALUE.code})
              AND least(debit_account, credit_account) = {PREPAID_VALUE}
        ) by_line
        GROUP BY member_id, account_id, line
    ), moved AS (
        SELECT member_id, account_id, line, sum(amount)::bigint AS amount FROM lot_movement GROUP BY member_id, account_id, line
    )
    SELECT account.account, account.currency, line, coalesce(posted.amount, 0) AS posted, coalesce(moved.amount, 0) AS moved
    FROM posted FULL JOIN moved USING (member_id, account_id, line)
    JOIN card_account account USING (member_id, account_id)
    WHERE {_OF_ACCOUNT} AND account.prepaid AND coalesce(posted.amount, 0) <> coalesce(moved.amount, 0)
    ORDER BY account.member_id, account.account_id, line
"""  # noqa: S608

#: Prepaid accounts that gave more than they had.
OVERDRAWN = f"""
    SELECT account.account, account.currency, -guarded.balance - guarded.holds AS spendable
    FROM card_account account JOIN guarded_balance guarded USING (member_id, account_id)
    WHERE {_OF_ACCOUNT} AND account.prepaid AND -guarded.balance - guarded.holds < 0
    ORDER BY account.member_id, account.account_id
"""  # noqa: S608

#: Postings of prepaid value on credit accounts, or of credit on prepaid ones.
WRONG_BOOK = f"""
    SELECT account.account, account.currency, posting.posted_on, posting.type
    FROM posting JOIN card_account account USING (member_id, account_id)
    WHERE {_OF_ACCOUNT}
        AND account.prepaid <> (least(posting.debit_account, posting.credit_account) = {PREPAID_VALUE})
    ORDER BY posting.member_id, posting.account_id, posting.posted_on
"""  # noqa: S608


#: Accounts on which more or less is held than their authorisations hold.
HOLDS = f"""
    SELECT account.account, account.currency, guarded.holds, coalesce(promised.held, 0) AS promised
    FROM card_account account JOIN guarded_balance guarded USING (member_id, account_id)
    LEFT JOIN (SELECT member_id, account_id, sum(held)::bigint AS held FROM authorisation GROUP BY member_id, account_id)
        promised USING (member_id, account_id)
    WHERE {_OF_ACCOUNT} AND guarded.holds <> coalesce(promised.held, 0)
    ORDER BY account.member_id, account.account_id
"""  # noqa: S608


def _lots(row: BadRow) -> str:
    return f"account {row['account']}: its lots hold {money(row, 'lots')}, the guarded balance says {money(row, 'value')}"


COUNTER_CHECKS = (
    by_query("holds_equal_authorisations", "What is held on every account is what its authorisations hold.", HOLDS,
             lambda row: f"account {row['account']}: {money(row, 'holds')} is held, its authorisations hold "
             f"{money(row, 'promised')}"),
    by_query("lots_equal_value", "The lots of every prepaid account hold what its guarded balance says.", LOTS_AND_BALANCE,
             _lots),
    by_query("movements_equal_lots", "What is left in every lot is the sum of its movements.", MOVEMENTS,
             lambda row: f"account {row['account']}: lot {row['lot']} holds {money(row, 'remaining')}, its movements come to "
             f"{money(row, 'moved')}"),
    by_query("lots_move_with_the_ledger", "Every command at the counter moved its lots by what it posted.", COMMANDS,
             lambda row: f"account {row['account']}: line {row['line']} posted {money(row, 'posted')} and moved lots by "
             f"{money(row, 'moved')}"),
    by_query("never_overdrawn", "No prepaid account holds less than nothing, or than what is held on it.", OVERDRAWN,
             lambda row: f"account {row['account']} can spend {money(row, 'spendable')}"),
    by_query("value_on_prepaid_accounts_only", "Value is posted to prepaid accounts, debt to credit accounts.", WRONG_BOOK,
             lambda row: f"account {row['account']}: the posting of {row['posted_on']}, type {row['type']}, belongs to the "
             "other kind of account"),
)
