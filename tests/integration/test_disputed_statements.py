"""What statements and explanations say of what is disputed: the amount, who need not pay it, and what was left out for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from accounts.database import Database
from billing.disputing import Told, open_dispute
from billing.scenario import Scenario
from statements.compose import compose
from statements.document import Explanation, NotCharged, StatementDocument
from statements.explain import explain, explanation_lines
from statements.facts import Letterhead
from statements.history import read_history
from statements.issued import statement_facts
from statements.page import page_of
from statements.schema import json_schema
from statements.verify import scope_of, verify
from tests.integration.books_of_scenarios import open_books, run_days

OPENED, UNTIL = date(2024, 1, 1), date(2024, 4, 6)
TERMS: dict[str, Any] = {
    "product": "classic", "cycle": {"closing_day": 5, "due_day": 23},
    "fees": {"late_payment": {"kind": "fixed", "amount": "25.00"}}, "disclosures": {"payoff": True},
}
#: February's statement bills 1,500.00; 1,000.00 of it (R1) is disputed on the tenth.
EVENTS = [{"on": date(2024, 1, 10), "type": "purchase", "amount": "1000.00", "id": "R1"},
          {"on": date(2024, 1, 12), "type": "purchase", "amount": "500.00", "id": "R2"}]
FEBRUARY, MARCH = date(2024, 2, 5), date(2024, 3, 5)
CLERK = Told("lan", "never arrived")


@pytest.fixture
def books(embedded_database: Database) -> Iterator[Connection[Any]]:
    with psycopg.connect(embedded_database.url) as connection:
        yield connection
        connection.rollback()


def billed(books: Connection[Any], *events: dict[str, Any], disputed_on: date = date(2024, 2, 10)) -> None:
    told = {"account": {"opened_on": OPENED, "credit_limit": "10000"}, "until": UNTIL, "terms": TERMS,
            "events": [*EVENTS, *events]}
    open_books(books, [Scenario.from_document(told, Path("scenario.toml"))], OPENED)
    run_days(books, OPENED, disputed_on - timedelta(days=1))
    books.execute("UPDATE book SET open_on = %s", (disputed_on,))
    open_dispute(books, "A1", "R1", None, CLERK)
    run_days(books, disputed_on, UNTIL)


def statement_of(books: Connection[Any], closes_on: date = MARCH) -> StatementDocument:
    return compose(statement_facts(books, "A1", closes_on))


def explained(books: Connection[Any], closes_on: date = MARCH) -> Explanation:
    return explain(read_history(books, "A1", closes_on), "en")


def why_not(books: Connection[Any], kind: str, closes_on: date = MARCH) -> NotCharged:
    history = read_history(books, "A1", closes_on)
    assert explain(history, "zh", why_not=[kind])["not_charged"][0]["because"]
    return explain(history, "en", why_not=[kind])["not_charged"][0]


def test_a_statement_says_what_is_disputed_and_what_is_asked_for(books: Connection[Any]) -> None:
    billed(books, {"on": date(2024, 2, 20), "type": "payment", "amount": "500.00"},
           {"on": date(2024, 3, 1), "type": "purchase", "amount": "70.00"})
    assert "disputed" not in statement_of(books, FEBRUARY)
    statement = statement_of(books)
    assert statement["new_balance"] == "1070.00"
    assert statement["disputed"] == {"amount": "1000.00", "not_disputed": "70.00",
                                     "items": [{"since": "2024-02-10", "amount": "1000.00"}]}
    assert (statement["grace"], statement["interest"], statement["past_due"]) == ("kept", "0.00", "0.00")
    assert float(statement["minimum_payment_due"]) <= 70
    assert float(statement["payoff"]["in_36_months"]["total"]) < 100
    for language, notice, row in (
            ("en", "1,000.00 CNY of the new balance is disputed", "Disputed since 2024-02-10"),
            ("zh", "本期应还款额中有 1,000.00 CNY 存在争议", "2024-02-10 起争议金额")):
        page = page_of(statement, Letterhead(), language)  # type: ignore[arg-type]
        assert any(notice in each["text"] for each in page["notices"])
        assert any("70.00" in each["text"] and "1,070.00" not in each["text"] for each in page["notices"])
        assert {"label": row, "value": "1,000.00"} in page["credit"]
    assert "disputed" in json_schema("statement")["properties"]
    assert [each.first_bad for each in verify(books, scope_of(books)) if each.first_bad] == []


def test_nothing_is_to_be_paid_where_all_that_is_owed_is_disputed(books: Connection[Any]) -> None:
    billed(books, {"on": date(2024, 2, 20), "type": "payment", "amount": "500.00"})
    page = page_of(statement_of(books), Letterhead(), "en")
    assert [each["value"] for each in page["headline"]] == ["1,000.00", "0.00", "–"]
    assert [each["text"] for each in page["notices"]][-1] == "Nothing to pay: nothing is owed but what is disputed."


def test_who_paid_all_the_rest_is_told_that_the_dispute_kept_grace_and_met_the_minimum(books: Connection[Any]) -> None:
    billed(books, {"on": date(2024, 2, 20), "type": "payment", "amount": "500.00"})
    interest = why_not(books, "interest")
    assert interest["condition"] == "disputed_grace_kept"
    assert interest["facts"] | {} == {
        "billed_on": "2024-02-05", "owed": "1500.00", "received": "500.00", "disputed": "1000.00", "in_time": "2024-02-23",
        "tolerance_amount": "0.00"}
    assert "1000.00 of it was disputed by then" in interest["because"]
    assert why_not(books, "late_payment")["condition"] == "minimum_met"  # the payment alone met it
    april = why_not(books, "interest", date(2024, 4, 5))
    assert (april["condition"], april["facts"]["disputed"]) == ("disputed", "1000.00")


def test_a_minimum_that_only_the_dispute_met_says_so(books: Connection[Any]) -> None:
    billed(books, {"on": date(2024, 2, 20), "type": "payment", "amount": "60.00"})
    asked = statement_of(books, FEBRUARY)["minimum_payment_due"]
    late = why_not(books, "late_payment")
    assert (late["condition"], late["facts"]["received"], late["facts"]["minimum"]) == (
        "disputed_minimum_met", "60.00", asked)
    assert late["facts"]["disputed"] == "100.00"


def test_interest_says_what_was_left_out_of_it_and_a_late_fee_what_was_not_asked_for(books: Connection[Any]) -> None:
    billed(books, {"on": date(2024, 2, 20), "type": "payment", "amount": "10.00"})
    found = explained(books)
    interest = next(each for each in found["charges"] if each["kind"] == "interest")
    assert interest["facts"]["disputed"] == "1000.00"
    assert "1000.00 that was in dispute from 2024-02-10 to 2024-03-05 is left out" in interest["because"]
    assert "10.00 of the 500.00 billed on 2024-02-05 was received" in interest["because"]
    assert {run["balance"] for run in interest["days"]} == {"500.00", "490.00"}
    fee = next(each for each in found["charges"] if each["kind"] == "late_payment")
    assert (fee["facts"]["received"], fee["facts"]["disputed"]) == ("110.00", "100.00")
    told = found["disputed"]
    assert (told["disputed"], told["new_balance"]) == ("1000.00", statement_of(books)["new_balance"])
    assert "is in no item of the minimum payment" in told["because"]
    assert any(line.startswith("Disputed: 1,000.00 CNY") for line in explanation_lines(found, "CNY"))
