"""What an account owes and may still spend: now from its guarded row, for any day from its postings, and the two agree."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import psycopg
import pytest

from accounts.database import Database
from accounts.errors import Usage
from accounts.intake.account_rules import NO_CREDIT_LIMIT
from billing.account_balance import account_balance
from billing.balance_command import balance
from tests import small_book

LAST = date(2024, 5, 9)


@pytest.fixture
def book(embedded_database: Database) -> Database:
    with psycopg.connect(embedded_database.url) as connection:
        small_book.build(connection)
        small_book.run_days(connection, LAST)
    return embedded_database


def test_a_statement_and_the_balance_of_its_day_say_the_same(book: Database) -> None:
    with psycopg.connect(book.url) as connection:
        issued = connection.execute(
            "SELECT d.account, s.closes_on, s.new_balance, s.due_on, s.minimum_payment_due FROM statement s"
            " JOIN account_directory d USING (member_id, account_id) WHERE s.cycle_no > 0").fetchall()
        assert len(issued) > 60
        for account, closes_on, new_balance, due_on, minimum in issued:
            then = account_balance(connection, account, closes_on)
            assert then.statement is not None
            assert (then.balance, then.open_to_buy) == (new_balance, 500_000 - new_balance)
            assert (then.statement.closes_on, then.statement.due_on) == (closes_on, due_on)
            assert (then.statement.new_balance, then.statement.minimum_payment_due) == (new_balance, minimum)


def test_the_guarded_balance_is_what_the_postings_of_the_last_day_come_to(book: Database) -> None:
    with psycopg.connect(book.url) as connection:
        for (account,) in connection.execute("SELECT account FROM account_directory").fetchall():
            now = account_balance(connection, account)
            assert now.as_of == LAST
            # A day more, and the same question is answered by the postings.
            connection.execute("UPDATE book SET open_on = open_on + 1")
            assert account_balance(connection, account, LAST).balance == now.balance
            connection.rollback()
        assert account_balance(connection, "A2", small_book.FIRST_ON - timedelta(days=1)).balance == 0
        assert account_balance(connection, "A2", small_book.FIRST_ON).statement is None


def test_the_command_prints_what_a_clerk_asks_for(book: Database, capsys: pytest.CaptureFixture[str]) -> None:
    with psycopg.connect(book.url) as connection:
        connection.execute("UPDATE guarded_balance SET holds = 2500 WHERE account_id = 2")
        connection.execute("UPDATE card_account SET credit_limit = %s WHERE account_id = 3", (NO_CREDIT_LIMIT,))
    balance("A2", as_json=True, home=None, database_url=book.url)
    facts = json.loads(capsys.readouterr().out)
    owed = round(float(facts["balance"]) * 100)
    assert (facts["holds"], facts["as_of"], facts["currency"]) == ("25.00", "2024-05-09", "CNY")
    assert facts["open_to_buy"] == f"{(500_000 - owed - 2500) / 100:.2f}"
    balance("A2", as_of=datetime(2024, 4, 30), home=None, database_url=book.url)  # noqa: DTZ001
    shown = capsys.readouterr().out
    assert "end of 2024-04-30" in shown
    assert "minimum payment, due" in shown
    balance("A3", home=None, database_url=book.url)
    assert "none" in capsys.readouterr().out


def test_amounts_are_written_as_the_product_shows_them(book: Database, capsys: pytest.CaptureFixture[str]) -> None:
    with psycopg.connect(book.url) as connection:
        small_book.load_terms(connection, in_force_from="2024-05-10", interest={"rounding_unit": "1"})
        small_book.run_days(connection, LAST + timedelta(days=1))
    balance("A2", as_of=datetime(2024, 5, 9), as_json=True, home=None, database_url=book.url)  # noqa: DTZ001
    assert json.loads(capsys.readouterr().out)["credit_limit"] == "5000.00"
    balance("A2", as_json=True, home=None, database_url=book.url)
    facts = json.loads(capsys.readouterr().out)
    assert facts["credit_limit"] == "5000"
    assert len(facts["balance"].partition(".")[2]) in (0, 2), "whole, unless there are cents to lose"


@pytest.mark.parametrize(("account", "as_of", "said"), [
    ("A999", None, "no account 'A999'"), ("A2", LAST + timedelta(days=1), "2024-05-10 was not opened yet, the last one is"),
])
def test_what_cannot_be_answered(book: Database, account: str, as_of: date | None, said: str) -> None:
    with psycopg.connect(book.url) as connection, pytest.raises(Usage, match=said):
        account_balance(connection, account, as_of)
