"""What is agreed about accounts of the books: recorded by two people, followed by the nightly run, verified, reported."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from accounts.database import Database
from accounts.errors import Refused, Usage
from billing.account_event_command import EventKind, account_event
from billing.account_events import NotAgreed
from billing.re_age import ReAgeRefused
from reports.asking import Question
from reports.catalogue import answer
from statements.compose import compose
from statements.explain import explain
from statements.facts import Letterhead
from statements.history import read_history
from statements.issued import account_facts
from statements.page import page_of
from statements.verify import scope_of, verify
from tests import small_book

OPEN = date(2024, 5, 10)


@pytest.fixture
def book(embedded_database: Database) -> Database:
    """The small book, run up to the day before OPEN, on terms that charge off at 40 days."""
    with psycopg.connect(embedded_database.url) as connection:
        small_book.build(connection)
        small_book.load_terms(connection, in_force_from="2024-04-25", delinquency={
            "charge_off_after_days": 40, "re_age": {"min_months_on_books": 1, "min_payments": 0}})
        small_book.run_days(connection, OPEN - timedelta(days=1))
    return embedded_database


def record(database: Database, kind: str, account: str = "A2", from_on: date = OPEN, **options: Any) -> None:
    given: dict[str, Any] = {"reason": "told", "who": "ming", "approved_by": "lan", "as_json": True, **options}
    account_event(account, EventKind(kind), from_on.isoformat(), home=None, database_url=database.url, **given)


def one(database: Database, query: str) -> Any:
    with psycopg.connect(database.url) as connection:
        row = connection.execute(query).fetchone()
    return None if row is None else row[0]


def test_it_is_recorded_with_who_and_why_and_printed(book: Database, capsys: pytest.CaptureFixture[str]) -> None:
    record(book, "hardship", until="2024-08-09", rate="0.06", reason="lost work")
    assert json.loads(capsys.readouterr().out) == {
        "account": "A2", "kind": "hardship", "from": "2024-05-10", "until": "2024-08-09", "rate": "0.06", "reason": "lost work",
        "proposed_by": "ming", "approved_by": "lan", "dry_run": False}
    assert one(book, "SELECT jsonb_build_array(event_no, kind, reason, proposed_by, approved_by) FROM account_event") == [
        1, "hardship", "lost work", "ming", "lan"]
    with psycopg.connect(book.url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("DELETE FROM account_event")


def test_a_dry_run_records_nothing(book: Database) -> None:
    record(book, "charge_off", dry_run=True)
    assert one(book, "SELECT count(*) FROM account_event") == 0


@pytest.mark.parametrize(("options", "refusal", "says"), [
    ({"approved_by": None}, NotAgreed, "ming proposes it; a second person has to approve it"),
    ({"approved_by": "ming"}, NotAgreed, "somebody else has to approve it"),
    ({"from_on": OPEN - timedelta(days=1)}, NotAgreed, "2024-05-09 is closed; the first day it can begin on is 2024-05-10"),
    ({"until": "2024-05-09"}, Usage, "lies before --from"),
    ({"until": None}, Usage, "takes --until"),
    ({"rate": "0.06"}, Usage, "takes no --rate"),
    ({"reason": " "}, Usage, "--reason is empty"),
    ({"account": "nobody"}, Usage, "no account 'nobody' in the books"),
])
def test_what_is_refused(book: Database, options: dict[str, Any], refusal: type[Exception], says: str) -> None:
    with pytest.raises(refusal, match=says):
        record(book, "payment_holiday", **{"until": "2024-06-09", **options})
    assert one(book, "SELECT count(*) FROM account_event") == 0


def test_two_holidays_may_not_share_a_day_and_a_re_age_has_its_limits(book: Database) -> None:
    record(book, "payment_holiday", until="2024-06-09")
    with pytest.raises(NotAgreed, match="2024-06-09 to 2024-07-09 shares days with that from 2024-05-10 to 2024-06-09"):
        record(book, "payment_holiday", from_on=date(2024, 6, 9), until="2024-07-09")
    record(book, "payment_holiday", from_on=date(2024, 6, 10), until="2024-07-09")
    record(book, "re_age")
    with pytest.raises(ReAgeRefused, match=r"it may be re-aged 1 times in 12 months and was 1 times \(2024-05-10\)"):
        record(book, "re_age", from_on=date(2024, 7, 10))
    assert issubclass(ReAgeRefused, Refused)
    assert Refused.exit_code == 3


def test_what_was_agreed_is_explained_in_two_languages(book: Database) -> None:
    def why(account: str, closes_on: date, kind: str, language: Any) -> tuple[str, str]:
        told = explain(read_history(connection, account, closes_on), language, why_not=[kind])["not_charged"][0]
        return told["condition"], told["because"]

    # Statements of 05-05 are due on 05-23, those of 04-20 on 05-23 too.
    record(book, "hardship", "A9", until="2024-06-30", rate="0.0365")
    record(book, "payment_holiday", "A13", until="2024-06-30")
    record(book, "charge_off", "A2")
    with psycopg.connect(book.url) as connection:
        small_book.run_days(connection, date(2024, 6, 21))
        for account, condition, english, chinese in (
            ("A9", "excused_hardship", "lies in the hardship agreed from 2024-05-10 to 2024-06-30", "困难减息期"),
            ("A13", "excused_payment_holiday", "lies in the payment holiday agreed from 2024-05-10", "延期还款期"),
        ):
            closes_on = date(2024, 6, 5)
            assert why(account, closes_on, "late_payment", "en")[0] == condition
            assert english in why(account, closes_on, "late_payment", "en")[1]
            assert chinese in why(account, closes_on, "late_payment", "zh")[1]
        charges = explain(read_history(connection, "A9", date(2024, 6, 5)), "en")["charges"]
        because = next(each["because"] for each in charges if each["kind"] == "interest")
        assert "from 2024-05-10 to 2024-06-04 at 3.65 % a year, agreed for hardship" in because
        assert why("A2", date(2024, 6, 20), "interest", "en") == (
            "charged_off", "The account was charged off on 2024-05-20; nothing is charged to it any more.")
        assert why("A2", date(2024, 6, 20), "late_payment", "zh")[1] == "账户已于 2024-05-20 核销，此后不再计息收费。"


def test_a_night_follows_what_was_agreed_and_the_books_verify(book: Database) -> None:
    record(book, "charge_off", "A2")
    record(book, "hardship", "A3", until="2024-07-31", rate="0")
    record(book, "payment_holiday", "A4", until="2024-07-31")
    record(book, "hardship", "A9", until="2024-07-31", rate="0.0365")
    with psycopg.connect(book.url) as connection:
        small_book.run_days(connection, date(2024, 6, 21))
        off = [compose(each) for each in account_facts(connection, "A2") if each.row["closes_on"] >= OPEN]
        holiday = [compose(each) for each in account_facts(connection, "A4") if each.row["closes_on"] >= OPEN]
        hardship = [compose(each) for each in account_facts(connection, "A9") if each.row["closes_on"] == date(2024, 6, 5)]
        outcomes = verify(connection, scope_of(connection, None, None, None))
        charged_off = connection.execute("SELECT count(*) FROM card_account WHERE status = 'charged_off'").fetchone()
        carried = connection.execute("SELECT count(DISTINCT account_id) FROM carried WHERE kind = 6").fetchone()
        assert carried is not None
    with psycopg.connect(book.url) as connection:
        rows = answer(connection, "receivables", Question(to_on=date(2024, 6, 21))).rows
        receivables = {row["delinquency"]: row["accounts"] for row in rows}
    assert [each.first_bad for each in outcomes if not each.holds] == []
    assert off[0]["lines"][-1]["type"] == "charge_off" or any(line["type"] == "charge_off" for line in off[0]["lines"])
    assert (off[0]["new_balance"], off[0]["minimum_payment_due"]) == ("0.00", "0.00")
    assert (off[0]["delinquency"], off[0]["charged_off"]["on"]) == ("charged_off", off[0]["cycle"]["closes_on"])
    for language, words in (("en", "This account was charged off on"), ("zh", "核销")):
        assert any(words in notice["text"] for notice in page_of(off[0], Letterhead(), language)["notices"])
    assert receivables["charged_off"] == carried[0]
    assert [row["of"] for each in hardship for row in each["interest_by_segment"][0]["rates"]] == ["terms", "hardship"]
    assert [each["minimum_payment_due"] for each in holiday] == ["0.00"] * len(holiday)
    assert charged_off == carried
    with pytest.raises(NotAgreed, match="it was charged off"):
        record(book, "hardship", "A2", from_on=date(2024, 7, 1), until="2024-07-31", rate="0")
