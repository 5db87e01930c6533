"""Posts what Cardwright itself charges: in columns, each charge with the terms version and clause that priced it."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from psycopg import Connection

from accounts.calendar import day_number
from accounts.columns import Columns, Spec, copy_in
from accounts.posting_types import OWN_CHARGES, PostingType
from billing.balances import Int64Array

_CHARGE: Spec = {
    "member_id": "bigint", "account_id": "bigint", "posted_on": "date", "source_id": "integer", "source_line": "bigint",
    "type": "smallint", "debit_account": "smallint", "credit_account": "smallint", "currency": "smallint",
    "amount": "bigint", "effective_on": "date", "transaction_on": "date", "terms_version_id": "integer",
}
_CHARGE_OF_CARD: Spec = {**_CHARGE, "card_id": "bigint"}

#: The guarded balances of some accounts change by the given amounts.
_CHANGE_BALANCES = """
UPDATE guarded_balance g SET balance = g.balance + c.amount
FROM (SELECT member_id, account_id, sum(amount) AS amount
      FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS u(member_id, account_id, amount)
      GROUP BY member_id, account_id) c
WHERE g.member_id = c.member_id AND g.account_id = c.account_id
"""


def post_charges(connection: Connection[Any], kind: PostingType, on: date, members: Int64Array, accounts: Int64Array,
                 amounts: Int64Array, currency: int, terms_version_id: int, clause: str,
                 cards: Int64Array | None = None, line: int = 0) -> int:
    """Post one kind of charge to many accounts on a day; charges of zero are left out. Gives the number posted.

    amounts: minor units, >= 0; cards: the card that each charge is for, where it is for one; line: tells charges of one kind,
    account and day apart where there are several. The guarded balances change
    with it. Raises UniqueViolation if any of them stands in the books already: nothing is charged twice.
    """
    spec, columns = charge_rows(kind, on, members, accounts, amounts, currency, terms_version_id, cards, line)
    count = copy_in(connection, "posting", spec, columns, {"clause": clause})
    change_balances(connection, columns["member_id"], columns["account_id"], columns["amount"] * kind.sign)
    return count


def charge_rows(kind: PostingType, on: date, members: Int64Array, accounts: Int64Array, amounts: Int64Array, currency: int,
                terms_version_id: int, cards: Int64Array | None = None, line: int = 0) -> tuple[Spec, Columns]:
    """The ledger rows of one kind of charge, those of zero left out: their types and columns (without the clause)."""
    keep = amounts > 0
    count = int(keep.sum())
    columns: Columns = {
        "member_id": members[keep], "account_id": accounts[keep], "amount": amounts[keep],
        "source_line": np.full(count, line, dtype=np.int64) if cards is None else cards[keep],
    }
    fixed = {"posted_on": day_number(on), "effective_on": day_number(on), "transaction_on": day_number(on),
             "source_id": OWN_CHARGES, "type": kind.code, "debit_account": kind.debit, "credit_account": kind.credit,
             "currency": currency, "terms_version_id": terms_version_id}
    for name, value in fixed.items():
        columns[name] = np.full(count, value, dtype=np.int64)
    if cards is not None:
        columns["card_id"] = cards[keep]
    return _CHARGE if cards is None else _CHARGE_OF_CARD, columns


def change_balances(connection: Connection[Any], members: Int64Array, accounts: Int64Array, amounts: Int64Array) -> None:
    """Add signed amounts to guarded balances; several for one account add up."""
    if len(amounts):
        connection.execute(_CHANGE_BALANCES, (members.tolist(), accounts.tolist(), amounts.tolist()))
