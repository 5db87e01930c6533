"""Fees that fall due by a date, on real books: who is charged on which day, and what is waived in a line of its own."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from psycopg import Connection

from accounts.calendar import first_closing
from accounts.database import Database
from accounts.posting_types import BY_CODE, PAYMENT, PURCHASE, PostingType
from accounts.sharding import members_of
from billing import day
from fees.schedule import approve, propose
from fees.terms import Terms

FIRST_ON = date(2024, 1, 1)
TERMS = """
product = "classic"
in_force_from = 2020-01-01
[fees]
joining = {amount = "100.00", clause = "§1"}
annual = {amount = "300.00", waive_if_spend = "20000.00", waive_if_count = 6, clause = "§2"}
supplementary_annual = {amount = "150.00", clause = "§3"}
service = {amount = "1.00", clause = "§4"}
replacement = {amount = "15.00", free_for = ["issuer_fault"], clause = "§5"}
"""


@pytest.fixture
def books(database: Database) -> Any:
    with database.connect() as connection:
        propose(connection, Terms.from_toml(TERMS), "author")
        approve(connection, "classic", "approver")
        connection.execute("UPDATE book SET first_on = %(on)s, open_on = %(on)s", {"on": FIRST_ON})
        connection.execute("INSERT INTO source (source_id, kind, name, complete) VALUES (2, 'file', 'test', true)")
        yield connection


def open_account(books: Connection[Any], number: int, opened_on: date) -> None:
    books.execute("INSERT INTO member (member_id, member, kind) VALUES (%s, %s, 'person')", (number, f"M{number}"))
    books.execute(
        "INSERT INTO card_account (member_id, account_id, account, product, currency, opened_on, credit_limit, closing_day,"
        " anchor_on, migrated, status) VALUES (%s, %s, %s, 'classic', 156, %s, 1000000, 5, %s, %s, 'active')",
        (number, number, f"A{number}", opened_on, first_closing(max(opened_on, FIRST_ON), 5), opened_on < FIRST_ON))
    books.execute("INSERT INTO guarded_balance (member_id, account_id) VALUES (%s, %s)", (number, number))


def issue_card(books: Connection[Any], number: int, card: int, kind: str, issued_on: date, replaces: int | None = None,
               reason: str | None = None) -> None:
    books.execute(
        "INSERT INTO card (member_id, account_id, card_id, card, kind, issued_on, status, replaces_card_id, reason)"
        " VALUES (%s, %s, %s, %s, %s, %s, 'active', %s, %s)",
        (number, number, card, f"C{card}", kind, issued_on, replaces, reason))


def post(books: Connection[Any], number: int, line: int, kind: PostingType, on: date, amount: int) -> None:
    books.execute(
        "INSERT INTO posting (member_id, account_id, posted_on, source_id, source_line, type, debit_account, credit_account,"
        " currency, amount, effective_on, transaction_on) VALUES (%s, %s, %s, 2, %s, %s, %s, %s, 156, %s, %s, %s)",
        (number, number, on, line, kind.code, kind.debit, kind.credit, amount, on, on))


def charged(books: Connection[Any]) -> list[tuple[int, str, str, int, str]]:
    """(account, day, type, amount, clause) of all own charges so far."""
    rows = books.execute("SELECT account_id, posted_on, type, amount, clause FROM posting WHERE clause IS NOT NULL"
                         " ORDER BY account_id, posted_on, type, source_line").fetchall()
    return [(row[0], row[1].isoformat(), BY_CODE[row[2]].name, row[3], row[4]) for row in rows]


def run(books: Connection[Any], first: date, last: date) -> None:
    on = first
    while on <= last:
        if day.shards_to_post(books, on):
            day.post_day(books, on, *members_of(0), [])
        if day.shards_with_anniversaries(books, on):
            day.process_anniversaries(books, on, *members_of(0), [])
        on += timedelta(days=1)


def test_joining_and_first_annual_fee_at_opening_and_never_for_an_account_taken_over(books: Connection[Any]) -> None:
    open_account(books, 1, date(2024, 1, 10))
    open_account(books, 2, date(2023, 6, 1))
    run(books, FIRST_ON, date(2024, 3, 1))
    assert charged(books) == [(1, "2024-01-10", "joining_fee", 10000, "§1"), (1, "2024-01-10", "annual_fee", 30000, "§2")]


def test_an_account_taken_in_late_is_charged_on_the_next_day_that_is_run(books: Connection[Any]) -> None:
    run(books, FIRST_ON, date(2024, 1, 20))
    open_account(books, 1, date(2024, 1, 10))
    run(books, date(2024, 1, 21), date(2024, 2, 15))
    assert [row[1:3] for row in charged(books)] == [("2024-01-21", "joining_fee"), ("2024-01-21", "annual_fee")]


def test_a_leap_day_has_its_anniversary_on_the_28th_in_common_years_and_on_itself_in_leap_years(books: Connection[Any]) -> None:
    open_account(books, 1, date(2020, 2, 29))
    run(books, date(2024, 2, 27), date(2024, 3, 2))
    run(books, date(2025, 2, 26), date(2025, 3, 2))
    assert [row[1:3] for row in charged(books)] == [("2024-02-29", "annual_fee"), ("2025-02-28", "annual_fee")]


@pytest.mark.parametrize(("purchases", "waived"), [
    ([2_000_000], True), ([1_999_999], False), ([1] * 6, True), ([1] * 5, False), ([], False),
])
def test_the_annual_fee_is_charged_and_then_waived_for_spend_or_count(
    books: Connection[Any], purchases: list[int], waived: bool
) -> None:
    open_account(books, 1, date(2022, 6, 15))
    for line, amount in enumerate(purchases, 1):
        post(books, 1, line, PURCHASE, date(2024, 5, 1), amount)
    run(books, date(2024, 5, 1), date(2024, 6, 16))
    expected = [(1, "2024-06-15", "annual_fee", 30000, "§2")]
    if waived:
        expected.append((1, "2024-06-15", "annual_fee_waiver", 30000, "§2"))
    assert charged(books) == expected
    balance = books.execute("SELECT balance FROM guarded_balance").fetchone()
    assert balance == (sum(purchases) + (0 if waived else 30000),)


def test_each_supplementary_card_at_issue_and_every_year_and_its_replacement_only_once(books: Connection[Any]) -> None:
    open_account(books, 1, date(2023, 3, 1))
    issue_card(books, 1, 1, "primary", date(2023, 3, 1))
    issue_card(books, 1, 2, "supplementary", date(2024, 1, 15))
    issue_card(books, 1, 3, "supplementary", date(2023, 2, 10))
    issue_card(books, 1, 4, "supplementary", date(2024, 1, 20), replaces=3, reason="lost")
    issue_card(books, 1, 5, "primary", date(2024, 1, 22), replaces=1, reason="issuer_fault")
    run(books, FIRST_ON, date(2024, 2, 15))
    run(books, date(2025, 1, 14), date(2025, 1, 16))
    assert charged(books) == [
        (1, "2024-01-15", "supplementary_annual_fee", 15000, "§3"), (1, "2024-01-20", "replacement_fee", 1500, "§5"),
        (1, "2024-02-10", "supplementary_annual_fee", 15000, "§3"), (1, "2025-01-15", "supplementary_annual_fee", 15000, "§3"),
    ]


def test_the_service_fee_is_a_second_leg_of_each_payment(books: Connection[Any]) -> None:
    open_account(books, 1, date(2023, 1, 20))
    for line in (1, 2):
        post(books, 1, line, PAYMENT, date(2024, 1, 5), 5000)
    run(books, FIRST_ON, date(2024, 1, 8))
    legs = books.execute("SELECT source_id, source_line, type, amount FROM posting ORDER BY source_line, type").fetchall()
    assert legs == [(2, 1, 13, 5000), (2, 1, 54, 100), (2, 2, 13, 5000), (2, 2, 54, 100)]
    assert books.execute("SELECT balance FROM guarded_balance").fetchone() == (-9800,)
