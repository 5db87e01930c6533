"""Bills accounts again with the second engine and compares every figure with the statements that were issued."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from accounts.money import BY_NUMERIC, major_units
from billing.terms_book import TermsBook
from statements.reperformance import NotReperformed, reperform_account
from statements.verify_scope import Check, Scope

#: Accounts in a stable order, so that the same books always give the same first finding.
_ACCOUNTS = """
    SELECT member_id, account_id, account, currency FROM card_account
    WHERE (member_id, account_id) IN (SELECT member_id, account_id FROM statement WHERE cycle_no > 0)
      AND (%(account)s::bigint IS NULL OR account_id = %(account)s)
      AND (%(sampled)s::bigint[] IS NULL OR account_id = ANY(%(sampled)s))
    ORDER BY md5(account), account
"""


@dataclass
class Reperformed:
    """How far the second engine came: accounts billed again, accounts left out, and of these how many for each reason.

    An account that is left out for two reasons counts under both.
    """

    billed: int = 0
    left_out: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def in_words(self) -> str:
        """One line; empty where every account was billed again."""
        if not self.left_out:
            return ""
        most_first = sorted(self.reasons.items(), key=lambda each: (-each[1], each[0]))
        why = ", ".join(f"{name}: {count}" for name, count in most_first)
        return (f"statements_reperform: {self.left_out} of {self.billed + self.left_out} accounts left out, which the second "
                f"engine does not bill ({why})")


def statements_reperform(found: Reperformed) -> Check:
    """The check that bills every account in scope again; found: counts what it came to."""
    return Check(
        "statements_reperform", "every statement, billed again by the second engine, comes to the figures that were issued",
        lambda connection, scope: _first_bad(connection, scope, found))


def _first_bad(connection: Connection[Any], scope: Scope, found: Reperformed) -> str | None:
    book = TermsBook(connection)
    sampled = None if scope.sampled is None else list(scope.sampled)
    with connection.cursor(row_factory=dict_row) as cursor:
        accounts = cursor.execute(_ACCOUNTS, {"account": scope.account_id, "sampled": sampled}).fetchall()
    differences = [_difference(connection, scope, account, book, found) for account in accounts]
    return next((each for each in differences if each is not None), None)


def _difference(connection: Connection[Any], scope: Scope, account: dict[str, Any], book: TermsBook,
                found: Reperformed) -> str | None:
    """The first figure of an account that the second engine comes to another amount for; None where there is none."""
    key = (account["member_id"], account["account_id"])
    try:
        again = {each.closing: each for each in reperform_account(connection, *key, book)}
    except NotReperformed as beyond:
        found.left_out += 1
        found.reasons.update(beyond.reasons)
        return None
    found.billed += 1
    with connection.cursor(row_factory=dict_row) as cursor:
        issued = cursor.execute("SELECT * FROM statement WHERE member_id = %s AND account_id = %s AND cycle_no > 0"
                                " ORDER BY cycle_no", key).fetchall()
    for row in issued:
        closing = row["closes_on"]
        if scope.closes_on is not None and closing != scope.closes_on:
            continue
        where = f"account {account['account']}, statement of {closing}"
        if closing not in again:
            return f"{where}: the second engine does not close on that day"
        for name, amount in again[closing].figures.items():
            if row[name] != amount:
                return f"{where}: {name} is {_shown(account, name, row[name])}, reperformed {_shown(account, name, amount)}"
    return None


def _shown(account: dict[str, Any], name: str, amount: int) -> str:
    return str(amount) if name == "days_past_due" else major_units(amount, BY_NUMERIC[account["currency"]].digits)
