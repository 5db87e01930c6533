"""Waivers on real books: a line of their own, two people, never more than the charge; standing ones as charges are made."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from accounts.database import Database
from accounts.errors import Usage
from accounts.posting_types import BY_CODE
from billing.scenario import Scenario
from statements.explain import explain
from statements.history import read_history
from statements.waiving import (
    Decision,
    MoreThanCharged,
    NoSuchChargeOnAccount,
    SamePerson,
    agree_standing_waiver,
    waive,
)
from tests.integration.books_of_scenarios import open_books, run_days

FIRST_ON, HALF_WAY, UNTIL = date(2024, 1, 1), date(2024, 2, 10), date(2024, 3, 5)
TWO = Decision("goodwill", "lan", "wei")
SCENARIO: dict[str, Any] = {
    "account": {"opened_on": FIRST_ON, "credit_limit": "10000"}, "until": UNTIL,
    "terms": {"product": "classic", "cycle": {"closing_day": 5, "due_day": 23}, "fees": {
        "joining": {"amount": "100.00"}, "cash_advance": {"percent": "0.0333"}}},
    "events": [{"on": date(2024, 1, 10), "type": "cash_advance", "amount": "100.10"},
               {"on": date(2024, 2, 15), "type": "cash_advance", "amount": "200.00"}],
}
#: Waived on the day after the one that is done.
NEXT = HALF_WAY + timedelta(days=1)


@pytest.fixture
def books(embedded_database: Database) -> Any:
    with embedded_database.connect() as connection:
        open_books(connection, [Scenario.from_document(SCENARIO, Path("scenario.toml"))], FIRST_ON)
        run_days(connection, FIRST_ON, HALF_WAY)
        connection.execute("UPDATE book SET open_on = %s", (NEXT,))
        yield connection


def waived(books: Connection[Any]) -> list[tuple[str, str, int, str]]:
    """(day, type, amount, description) of every waiver."""
    rows = books.execute("SELECT posted_on, type, amount, description FROM posting WHERE type BETWEEN 70 AND 81"
                         " ORDER BY posted_on, source_id, type").fetchall()
    return [(row[0].isoformat(), BY_CODE[row[1]].name, row[2], row[3]) for row in rows]


def test_a_waiver_posts_on_the_open_day_with_reason_and_approver_and_is_billed(books: Connection[Any]) -> None:
    facts = waive(books, "A1", "2024-01-01.joining", None, TWO)
    assert (facts["amount"], facts["posts_on"]) == ("100.00", NEXT.isoformat())
    run_days(books, NEXT, UNTIL)
    assert waived(books) == [(NEXT.isoformat(), "joining_fee_waiver", 100_00, "goodwill, approved by wei")]
    assert books.execute("SELECT waivers FROM statement WHERE closes_on = %s", (UNTIL,)).fetchone() == (100_00,)
    [billed] = books.execute("SELECT new_balance FROM statement WHERE closes_on = %s", (UNTIL,)).fetchall()
    assert books.execute("SELECT balance FROM guarded_balance").fetchone() == billed
    charge = explain(read_history(books, "A1", date(2024, 1, 5)), "en")["charges"][0]
    assert charge["facts"]["waivers"] == f"{NEXT}: 100.00 (goodwill, wei)"
    assert "100.00 of it was waived" in charge["because"]


def test_waivers_never_come_to_more_than_the_charge(books: Connection[Any]) -> None:
    assert waive(books, "A1", "2024-01-10.cash_advance", Decimal("0.5"), TWO)["amount"] == "1.67"
    with pytest.raises(MoreThanCharged, match=r"came to 3.33 and 1.67 of it is waived already; 2.00 more"):
        waive(books, "A1", "2024-01-10.cash_advance", Decimal("0.6"), TWO)
    assert waive(books, "A1", "2024-01-10.cash_advance", None, TWO)["amount"] == "1.66"
    with pytest.raises(MoreThanCharged):
        waive(books, "A1", "2024-01-10.cash_advance", None, TWO)


def test_two_people_are_needed_and_the_charge_has_to_be_there(books: Connection[Any]) -> None:
    with pytest.raises(SamePerson) as refused:
        waive(books, "A1", "2024-01-01.joining", None, Decision("goodwill", "lan", " Lan"))
    assert refused.value.exit_code == 3
    with pytest.raises(Usage, match="--reason is empty"):
        waive(books, "A1", "2024-01-01.joining", None, Decision(" ", "lan", "wei"))
    with pytest.raises(NoSuchChargeOnAccount, match=r"that day it has 2024-01-01\.joining"):
        waive(books, "A1", "2024-01-01.annual", None, TWO)
    with pytest.raises(Usage, match="is not a charge"):
        waive(books, "A1", "joining", None, TWO)
    assert waived(books) == []


def test_a_standing_waiver_waives_as_the_fee_is_charged(books: Connection[Any]) -> None:
    agree_standing_waiver(books, "A1", "cash_advance", date(2024, 2, 15), date(2024, 2, 15), Decimal("0.25"), TWO)
    agree_standing_waiver(books, "A1", "cash_advance", date(2024, 2, 16), None, None, TWO)
    run_days(books, NEXT, UNTIL)
    assert waived(books) == [("2024-02-15", "cash_advance_fee_waiver", 1_67, "goodwill, approved by wei")]
    assert books.execute("SELECT charge_type, amount, approved_by FROM waiver").fetchall() == [(56, 1_67, "wei")]
    with pytest.raises(MoreThanCharged):
        waive(books, "A1", "2024-02-15.cash_advance", Decimal("0.8"), TWO)
    assert waive(books, "A1", "2024-02-15.cash_advance", None, TWO)["amount"] == "4.99"


@pytest.mark.parametrize(("kind", "until"), [("interest", None), ("fee", None), ("annual", date(2023, 12, 31))])
def test_a_standing_waiver_is_of_a_fee_and_ends_after_it_begins(books: Connection[Any], kind: str, until: date | None) -> None:
    with pytest.raises(Usage):
        agree_standing_waiver(books, "A1", kind, FIRST_ON, until, None, TWO)
