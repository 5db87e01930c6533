"""What is changed of prepaid value behind the ledger's back is named by the right check."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg
import pytest

from accounts.database import Database
from counter.holding import Told
from counter.prepaid import Sale, spend
from statements.verify import verify
from statements.verify_scope import Scope
from tests.prepaid_book import open_book, run_days, sell

# What is changed, and the checks that name it; more may fail with them.
CORRUPTIONS: list[tuple[str, set[str]]] = [
    ("UPDATE purse_lot SET remaining = remaining - 1 WHERE account_id = 1", {"lots_equal_value", "movements_equal_lots"}),
    ("UPDATE lot_movement SET amount = amount - 1 WHERE account_id = 1 AND amount > 0",
     {"movements_equal_lots", "lots_move_with_the_ledger"}),
    ("DELETE FROM posting WHERE account_id = 1 AND type = 24", {"lots_move_with_the_ledger"}),
    ("UPDATE guarded_balance SET balance = 1 WHERE account_id = 1", {"never_overdrawn", "lots_equal_value"}),
    ("UPDATE guarded_balance SET holds = holds + 1 WHERE account_id = 2", {"holds_equal_authorisations"}),
    ("UPDATE card_account SET prepaid = false WHERE account_id = 1", {"value_on_prepaid_accounts_only"}),
]


@pytest.fixture(scope="module")
def book(module_database: Database) -> Database:
    with module_database.connect() as connection:
        open_book(connection)
        sell(connection, "P1", "100.00")
        spend(connection, "P1", "40.00", Told("till", "T1"), Sale("Corner shop"))
        connection.commit()
        run_days(connection, date(2024, 2, 1))
    return module_database


@pytest.fixture
def owner(book: Database) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(book.url) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection
        connection.rollback()


def bad(connection: psycopg.Connection[Any]) -> set[str]:
    return {each.check.name for each in verify(connection, Scope()) if each.first_bad is not None}


def test_a_good_book_verifies_in_silence(book: Database) -> None:
    with book.connect() as connection:
        assert bad(connection) == set()


@pytest.mark.parametrize(("change", "checks"), CORRUPTIONS)
def test_a_change_is_named_by_its_checks(owner: psycopg.Connection[Any], change: str, checks: set[str]) -> None:
    owner.execute(change.encode())
    assert checks <= bad(owner)
