"""Verifies the books: named checks, each silent where it holds and naming the first bad thing where it does not.

A check is one pass over the tables it speaks of. `CHECKS` lists them in the order they are made: the ledger first, then what
was told to holders from it, then the days and the terms.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection

from accounts.errors import Usage
from statements.issued import account_key
from statements.verify_counter import COUNTER_CHECKS
from statements.verify_days import DAY_CHECKS
from statements.verify_ledger import LEDGER_CHECKS
from statements.verify_scope import Check, Scope
from statements.verify_seals import SEAL_CHECKS
from statements.verify_statements import STATEMENT_CHECKS

CHECKS: tuple[Check, ...] = (*LEDGER_CHECKS, *COUNTER_CHECKS, *STATEMENT_CHECKS, *SEAL_CHECKS, *DAY_CHECKS)

#: Accounts whose statements are sealed and derived again, the same ones for the same books.
SAMPLE = """
    SELECT account_id FROM account_directory
    WHERE (member_id, account_id) IN (SELECT member_id, account_id FROM statement WHERE cycle_no > 0)
    ORDER BY md5(account), account LIMIT %s
"""


@dataclass(frozen=True)
class Outcome:
    """What a check came to; first_bad is None where it holds."""

    check: Check
    first_bad: str | None

    @property
    def holds(self) -> bool:
        return self.first_bad is None


def scope_of(connection: Connection[Any], closes_on: date | None = None, account: str | None = None,
             sample: int | None = None) -> Scope:
    """What is to be verified. Raises UnknownAccount, or Usage for a closing that has no statements or an empty sample."""
    if sample is not None and sample < 1:
        raise Usage(f"--sample {sample} would look at nothing; give 1 or more")
    key = account_key(connection, account) if account is not None else None
    if closes_on is not None:
        issued = connection.execute(
            "SELECT EXISTS (SELECT 1 FROM statement WHERE closes_on = %(on)s AND cycle_no > 0"
            " AND (%(account)s::bigint IS NULL OR account_id = %(account)s))",
            {"on": closes_on, "account": key.account_id if key else None},
        ).fetchone()
        if not issued or not issued[0]:
            of_account = f" of account {account}" if account else ""
            raise Usage(f"no statement{of_account} closed on {closes_on}, so there is nothing to verify; check the date")
    sampled: Collection[int] | None = None
    if sample is not None and key is None:
        sampled = [row[0] for row in connection.execute(SAMPLE, (sample,))]
    return Scope(key.member_id if key else None, key.account_id if key else None, closes_on, sampled)


def verify(connection: Connection[Any], scope: Scope, checks: Sequence[Check] = CHECKS,
           progress: Callable[[Check], None] = lambda check: None) -> list[Outcome]:
    """Every check that speaks of the scope, made on the books as they stand at one moment.

    connection: in a transaction that began as one repeatable read. progress: told of each check before it is made.
    """
    outcomes = []
    for check in checks:
        if scope.account_id is not None and not check.of_accounts:
            continue
        progress(check)
        outcomes.append(Outcome(check, check.first_bad(connection, scope)))
    return outcomes


__all__ = ["CHECKS", "Check", "Outcome", "Scope", "scope_of", "verify"]
