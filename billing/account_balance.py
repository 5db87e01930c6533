"""What an account owes and may still spend, now or at the end of any business day: the first thing a cardholder asks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from accounts.directory import UnknownAccount
from accounts.errors import Usage
from accounts.intake.account_rules import NO_CREDIT_LIMIT
from accounts.money import major_units
from accounts.posting_types import HOUSE
from billing.terms_book import TermsBook


@dataclass(frozen=True)
class LatestStatement:
    """What the latest statement asks for; amounts are minor units."""

    closes_on: date
    due_on: date
    new_balance: int
    minimum_payment_due: int


@dataclass(frozen=True)
class AccountBalance:
    """An account's balance at the end of a business day; amounts are minor units, what the holder owes is positive.

    holds: authorised and not yet posted, known for now only. statement: the latest closed by that day, if there is one.
    """

    account: str
    product: str
    status: str
    currency: str
    digits: int
    as_of: date
    balance: int
    credit_limit: int
    holds: int
    statement: LatestStatement | None

    @property
    def open_to_buy(self) -> int:
        """Credit limit - balance - holds; below zero where the account is over its limit."""
        return self.credit_limit - self.balance - self.holds


_NOW = """
SELECT a.member_id, a.account_id, a.product, a.status, a.credit_limit, c.code, c.digits, g.balance, g.holds,
       (SELECT open_on - 1 FROM book) AS last_day
FROM account_directory d
JOIN card_account a ON a.member_id = d.member_id AND a.account_id = d.account_id
JOIN currency c ON c.currency = a.currency
JOIN guarded_balance g ON g.member_id = a.member_id AND g.account_id = a.account_id
WHERE d.account = %s
"""
_THEN = """
SELECT coalesce(sum(CASE WHEN debit_account < %(house)s THEN amount ELSE -amount END), 0)::bigint AS balance FROM posting
WHERE member_id = %(member_id)s AND account_id = %(account_id)s AND posted_on <= %(as_of)s
"""
_STATEMENT = """
SELECT closes_on, due_on, new_balance, minimum_payment_due FROM statement
WHERE member_id = %(member_id)s AND account_id = %(account_id)s AND cycle_no > 0 AND closes_on <= %(as_of)s
ORDER BY cycle_no DESC LIMIT 1
"""


def account_balance(connection: Connection[Any], account: str, as_of: date | None = None) -> AccountBalance:
    """What an account owes and may still spend.

    account: its code; as_of: the business day at whose end, the last one opened where none is given.
    Raises UnknownAccount, or Usage for books without a business day and for a day that was not opened yet.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(_NOW, (account,)).fetchone()
        if row is None:
            raise UnknownAccount(account)
        last_day = row["last_day"]
        if last_day is None:
            raise Usage("the books have no business day yet; import a portfolio first (`cardwright import PATH`)")
        on = last_day if as_of is None else as_of
        if on > last_day:
            raise Usage(f"business day {on} was not opened yet, the last one is {last_day}; ask for a day up to that")
        key = {"member_id": row["member_id"], "account_id": row["account_id"], "as_of": on, "house": HOUSE}
        balance, holds = row["balance"], row["holds"]
        if on < last_day:
            then = cursor.execute(_THEN, key).fetchone()
            balance, holds = (then["balance"] if then else 0), 0
        latest = cursor.execute(_STATEMENT, key).fetchone()
    return AccountBalance(
        account, row["product"], row["status"], row["code"], row["digits"], on, balance, row["credit_limit"], holds,
        None if latest is None else LatestStatement(**latest))


def balance_facts(connection: Connection[Any], found: AccountBalance) -> dict[str, Any]:
    """A balance as it is told: amounts in major units, as the terms of the day show them; `credit_limit` and `open_to_buy` are
    null for an account without a limit."""
    version = TermsBook(connection).on(found.product, found.as_of)
    limited, latest = found.credit_limit < NO_CREDIT_LIMIT, found.statement

    def text(minor: int) -> str:
        return major_units(minor, found.digits) if version is None else version.terms.text(minor)

    return {
        "account": found.account, "product": found.product, "status": found.status, "currency": found.currency,
        "as_of": found.as_of.isoformat(), "balance": text(found.balance), "holds": text(found.holds),
        "credit_limit": text(found.credit_limit) if limited else None,
        "open_to_buy": text(found.open_to_buy) if limited else None,
        "statement": None if latest is None else {
            "closes_on": latest.closes_on.isoformat(), "due_on": latest.due_on.isoformat(),
            "new_balance": text(latest.new_balance), "minimum_payment_due": text(latest.minimum_payment_due)},
    }
