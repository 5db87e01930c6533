"""Accounts by the code that files and staff know them by."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from accounts.errors import Usage


class UnknownAccount(Usage):
    """An account code that the books do not know."""

    def __init__(self, account: str) -> None:
        super().__init__(f"no account {account!r} in the books; check the code, it is the one of accounts.csv")
        self.account = account


def find_account(connection: Connection[Any], account: str) -> tuple[int, int]:
    """Member and account id of a code; raises UnknownAccount."""
    found = connection.execute("SELECT member_id, account_id FROM account_directory WHERE account = %s", (account,)).fetchone()
    if found is None:
        raise UnknownAccount(account)
    return int(found[0]), int(found[1])
