"""An account told from the books as a scenario is billed as it was: the very statements issued, to the last minor unit."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import dict_row

from accounts.database import Database
from billing.scenario_of_account import scenario_of_account
from billing.simulation import simulate
from billing.statement_rows import STATEMENT
from billing.terms_book import TermsBook
from statements.seal import seal_statements
from tests import small_book
from tests.integration.books_of_scenarios import open_books, run_days
from tests.integration.test_nightly_equals_simulation import (
    ARRANGED,
    FEE_SCHEDULES,
    FIRST_ON,
    TERMS,
    UNTIL,
    random_scenario,
)

#: Ids, and hashes that cover them.
NOT_COMPARED = {"member_id", "account_id", "terms_version_id", "sha256", "previous_sha256"}


def assert_billed_as_issued(connection: Connection[Any]) -> int:
    """Compare every account of the books with its scenario; how many statements there were."""
    cursor = connection.cursor(row_factory=dict_row)
    statements = cursor.execute("SELECT * FROM statement WHERE cycle_no > 0 ORDER BY account_id, cycle_no").fetchall()
    accounts = connection.execute("SELECT member_id, account_id, product, balance FROM card_account"
                                  " JOIN guarded_balance USING (member_id, account_id)").fetchall()
    book = TermsBook(connection)
    compared = [name for name in STATEMENT if name not in NOT_COMPARED]
    for member_id, account_id, product, balance in accounts:
        versions = [each.terms for each in book.versions if each.product == product]
        simulated = simulate(scenario_of_account(connection, member_id, account_id, versions), seal_statements)
        issued = [{name: row[name] for name in compared} for row in statements if row["account_id"] == account_id]
        assert [{name: each.row[name] for name in compared} for each in simulated.statements] == issued, f"account {account_id}"
        assert simulated.state["balance"] == f"{balance / 100:.2f}", f"account {account_id}"
    return len(statements)


@pytest.mark.parametrize("name", [
    "unpaid", "a new rate and a new segment in the middle of a cycle", "by interest, over the limit by agreement",
    "escalating, every fee taxed, on every event", *ARRANGED,
])
def test_a_book_of_random_accounts_is_billed_again_as_it_was(embedded_database: Database, name: str) -> None:
    chance = random.Random(name)
    terms = {**TERMS, **ARRANGED}[name] if name not in FEE_SCHEDULES else {"fees": FEE_SCHEDULES[name]}
    scenarios = [random_scenario(chance, terms, name) for _ in range(25)]
    with embedded_database.connect() as connection:
        open_books(connection, scenarios, FIRST_ON)
        run_days(connection, FIRST_ON, UNTIL)
        assert assert_billed_as_issued(connection) > 75


def test_accounts_with_cards_and_an_account_taken_over_are_billed_again_as_they_were(embedded_database: Database) -> None:
    with psycopg.connect(embedded_database.url) as connection:
        small_book.build(connection)
        small_book.run_days(connection, date(2024, 6, 10))
        assert assert_billed_as_issued(connection) > 90
