"""A branch sees what it keeps and nothing else, because the database says so: whatever is asked, of whichever table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import psycopg
import pytest

from accounts.database import Database
from accounts.distribution import BY_MEMBER
from accounts.organisation import EVERYTHING, VisibleUnits, narrow_to, units_below, within
from tests.conftest import TestServer

UNITS = """
INSERT INTO org_unit VALUES (1, 'HO', 'Head office', 'head_office', NULL), (2, 'N', 'North', 'region', 1),
    (3, 'N1', 'Harbour', 'branch', 2), (4, 'N2', 'Market', 'branch', 2), (5, 'S', 'South', 'region', 1)
"""
#: Members 1..5 at units 3, 4, 5, none and 5; account n is member n's and at their unit, but member 5's is at unit 3.
BOOKS = """
INSERT INTO member (member_id, member, kind, org_unit_id) SELECT n, 'M' || n, 'person', unit FROM held;
INSERT INTO member_directory SELECT 'M' || n, n FROM held;
INSERT INTO card_account (member_id, account_id, account, product, currency, opened_on, credit_limit, closing_day, anchor_on,
                          migrated, org_unit_id, status)
    SELECT n, n, 'A' || n, 'classic', 156, '2024-01-01', 0, 5, '2024-01-05', false, coalesce(keeps, unit), 'open' FROM held;
INSERT INTO account_directory SELECT 'A' || n, n, n FROM held;
INSERT INTO card (member_id, account_id, card_id, card, kind, issued_on, status)
    SELECT n, n, n, 'C' || n, 'primary', '2024-01-01', 'active' FROM held;
INSERT INTO guarded_balance (member_id, account_id, balance) SELECT n, n, 0 FROM held;
INSERT INTO card_directory SELECT 'C' || n, n, n, n FROM held;
"""


@pytest.fixture(scope="module")
def books(test_server: TestServer) -> Iterator[Database]:
    with test_server.fresh_database() as database:
        with database.connect() as connection:
            connection.execute(UNITS)
            connection.execute("CREATE TEMP TABLE held (n int, unit int, keeps int)")
            connection.execute("INSERT INTO held VALUES (1, 3, NULL), (2, 4, NULL), (3, 5, NULL), (4, NULL, NULL), (5, 5, 3)")
            for statement in BOOKS.split(";\n"):
                if statement.strip():
                    connection.execute(statement.encode())
        yield database


def seen(database: Database, units: VisibleUnits, column: str, table: str) -> list[str]:
    with database.connect() as connection:
        narrow_to(connection, units)
        return [row[0] for row in connection.execute(f"SELECT {column} FROM {table} ORDER BY 1".encode())]  # noqa: S608 — names of this file


@pytest.mark.parametrize(
    ("unit", "accounts", "members"),
    [
        (1, ["A1", "A2", "A3", "A4", "A5"], ["M1", "M2", "M3", "M4", "M5"]),
        (2, ["A1", "A2", "A5"], ["M1", "M2", "M5"]),
        (3, ["A1", "A5"], ["M1", "M5"]),
        (4, ["A2"], ["M2"]),
        (5, ["A3"], ["M3", "M5"]),
        (99, [], []),
    ],
)
def test_a_unit_sees_its_own_and_what_lies_below(books: Database, unit: int, accounts: list[str], members: list[str]) -> None:
    with books.connect() as connection:
        units = units_below(connection, unit)
    assert seen(books, units, "account", "card_account") == accounts
    assert seen(books, units, "account", "account_directory") == accounts
    assert seen(books, units, "card", "card") == [name.replace("A", "C") for name in accounts]
    assert seen(books, units, "card", "card_directory") == [name.replace("A", "C") for name in accounts]
    assert seen(books, units, "'A' || account_id", "guarded_balance") == accounts
    assert seen(books, units, "member", "member") == members
    assert seen(books, units, "member", "member_directory") == members


def test_nobody_sees_anything_until_their_units_are_named(books: Database) -> None:
    with books.connect() as connection:
        connection.execute("SET LOCAL ROLE cardwright_staff")
        assert connection.execute("SELECT count(*) FROM card_account").fetchone() == (0,)
    assert seen(books, VisibleUnits(), "account", "card_account") == []


def test_another_branch_is_not_changed_either(books: Database) -> None:
    with books.connect() as connection:
        narrow_to(connection, VisibleUnits((4,)))
        assert connection.execute("UPDATE card SET frozen = true").rowcount == 1
        assert connection.execute("UPDATE card_account SET status = 'closed' WHERE account = 'A1'").rowcount == 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            connection.execute("UPDATE card_account SET org_unit_id = 3 WHERE account = 'A2'")
        connection.rollback()


def test_a_connection_sees_everything_again_after_its_transaction(books: Database) -> None:
    with books.connect() as connection:
        with within(connection, VisibleUnits((4,))):
            assert connection.execute("SELECT count(*) FROM card_account").fetchone() == (1,)
        assert connection.execute("SELECT count(*), current_user FROM card_account").fetchone() == (5, "cardwright_app")


def test_every_table_of_a_members_data_has_its_policy(books: Database) -> None:
    with books.connect() as connection:
        secured = {name for (name,) in connection.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid WHERE c.relrowsecurity")}
        views = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'v' AND relnamespace = 'public'::regnamespace"
            " AND NOT coalesce('security_invoker=true' = ANY (reloptions), false)").fetchall()
    assert set(BY_MEMBER) - secured == set()
    assert views == [], "a view that asks as its owner shows every branch's rows"


def test_head_office_sees_what_belongs_to_no_unit(books: Database) -> None:
    with books.connect() as connection:
        assert units_below(connection, None) == units_below(connection, 1) == EVERYTHING
    assert date(2024, 1, 1) in seen(books, EVERYTHING, "opened_on", "card_account")
