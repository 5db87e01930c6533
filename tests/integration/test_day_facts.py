"""Reports made from the facts of closed days say the same as those made from the postings, whatever is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import combinations
from typing import Any

import psycopg
import pytest

from accounts.database import Database
from accounts.migration import migrate
from jobs.business_day import restate_day
from jobs.steps import steps_of_the_day
from reports.answer import Report
from reports.asking import Question, ask
from reports.catalogue import REPORTS, answer
from reports.counted import grain_of
from reports.rendering import Format, renderer
from statements.verify import scope_of, verify
from tests import small_book

FIRST_ON, UNTIL = small_book.FIRST_ON, date(2024, 6, 10)
QUARTER = Question(date(2024, 3, 15), date(2024, 5, 20))


@pytest.fixture(scope="module")
def book(module_database: Database) -> Database:
    """A quarter of a small book in two currencies, with refunds, chargebacks and charges, its days closed."""
    with psycopg.connect(module_database.url) as connection:
        small_book.build(connection, second_currency=True)
        small_book.run_days(connection, UNTIL)
    return module_database


@pytest.fixture
def connection(book: Database) -> Iterator[psycopg.Connection[Any]]:
    with book.connect() as connected:
        yield connected


def both(connection: psycopg.Connection[Any], name: str, **asked: Any) -> tuple[Report, Report]:
    """A report from facts, and the same from postings; each in a transaction of its own."""
    found = []
    for from_postings in (False, True):
        connection.rollback()
        found.append(answer(connection, name, Question(**asked, from_postings=from_postings)))
    return found[0], found[1]


def groupings(name: str) -> list[tuple[str, ...]]:
    """Every group of a report, every two, and all of them together."""
    names = [each.name for each in REPORTS[name].dimensions]
    return [(each,) for each in names] + list(combinations(names, 2)) + [tuple(names)]


@pytest.mark.parametrize("name", ["turnover", "cards", "income"])
@pytest.mark.parametrize("days", [
    {}, {"from_on": QUARTER.from_on, "to_on": QUARTER.to_on}, {"from_on": date(2024, 5, 5), "to_on": date(2024, 5, 5)}],
    ids=["all days", "part of them", "one day"])
@pytest.mark.parametrize("org_unit", [None, "N"])
def test_facts_and_postings_say_the_same(
    connection: psycopg.Connection[Any], name: str, days: dict[str, date], org_unit: str | None
) -> None:
    for by in groupings(name):
        from_facts, from_postings = both(connection, name, by=by, org_unit=org_unit, **days)
        assert from_facts == from_postings, by
        assert from_facts.rows, by


def test_days_before_the_book_are_empty_either_way(connection: psycopg.Connection[Any]) -> None:
    for name in ("turnover", "cards", "income"):
        from_facts, from_postings = both(connection, name, from_on=date(2024, 1, 1), to_on=date(2024, 2, 1))
        assert from_facts == from_postings
        assert not any(row.get("transactions") or row.get("charged") or row.get("active") for row in from_facts.totals)


@pytest.mark.parametrize("wanted", [Format.JSON, Format.CSV, Format.HTML])
def test_every_format_has_the_same_bytes(connection: psycopg.Connection[Any], wanted: Format) -> None:
    from_facts, from_postings = both(connection, "turnover", by=("cycle", "product"))
    assert renderer(wanted)(from_facts) == renderer(wanted)(from_postings)


def test_reports_of_facts_do_not_look_at_postings(book: Database) -> None:
    """The postings hidden: facts alone answer whatever one of their grains holds, and what none holds is asked of postings."""
    with psycopg.connect(book.url) as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute("DELETE FROM posting")
        for by in groupings("turnover"):
            assert (len(answer_in(owner, "turnover", by).rows) > 0) == (grain_of(by, of_unit=False) is not None), by
        assert answer_in(owner, "income", ("month", "product", "kind")).rows
        assert any(row["active"] for row in answer_in(owner, "cards", ("month",)).rows)
        owner.rollback()


def test_whole_months_are_read_as_sets_of_the_month(book: Database) -> None:
    """The cards of single days hidden: they are needed only where transactions of one day are told apart."""
    with psycopg.connect(book.url) as owner:
        owner.execute("SET session_replication_role = replica")
        owner.execute("DELETE FROM card_use WHERE business_on <= '2024-05-31'")
        for by in (("month",), ("category", "month"), ("merchant",), ("product", "type"), ("day",), ("cycle", "org_unit")):
            until = Question(to_on=date(2024, 5, 31), by=by)
            from_facts = ask(owner, REPORTS["turnover"], until)
            from_postings = ask(owner, REPORTS["turnover"], replace(until, from_postings=True))
            assert from_facts == from_postings, by
            assert any(row["cards"] for row in from_facts.rows), by
        by_day = ask(owner, REPORTS["turnover"], Question(to_on=date(2024, 5, 31), by=("day", "category")))
        assert {row["cards"] for row in by_day.rows} == {0}
        owner.rollback()


@pytest.mark.parametrize("on", [UNTIL, date(2024, 6, 7), date(2024, 5, 20), date(2024, 5, 5), date(2024, 4, 19), FIRST_ON])
@pytest.mark.parametrize("org_unit", [None, "N"])
def test_receivables_are_the_sum_of_all_postings(
    connection: psycopg.Connection[Any], on: date, org_unit: str | None
) -> None:
    """By what is owed now on the last days, by statements on those long past, accounts without a statement among them."""
    for by in groupings("receivables"):
        known, from_postings = both(connection, "receivables", by=by, to_on=on, org_unit=org_unit)
        assert known == from_postings, by
        assert known.rows, by


def answer_in(owner: psycopg.Connection[Any], name: str, by: tuple[str, ...]) -> Report:
    """A report inside a transaction that has written."""
    return ask(owner, REPORTS[name], Question(by=by))


def test_charges_made_up_for_come_to_the_facts_of_their_day(embedded_database: Database) -> None:
    on = date(2024, 4, 6)
    with psycopg.connect(embedded_database.url) as connection:
        small_book.build(connection, accounts=8)
        small_book.run_days(connection, date(2024, 4, 30))
        before = connection.execute("SELECT * FROM posting_fact").fetchall()
        of_months = connection.execute("SELECT * FROM month_fact").fetchall()
        small_book.insert(connection, "posting", [
            small_book.posting(4, 900, "late_payment_fee", 1_000, on, source_id=1),
            small_book.posting(4, 900, "late_payment_fee_waiver", 400, on, source_id=1)])
        restate_day(connection, on, steps_of_the_day())
        restate_day(connection, on, steps_of_the_day())
        connection.commit()
        after = connection.execute("SELECT * FROM posting_fact").fetchall()
        assert after[:len(before)] == before, "nothing that was sealed has changed"
        assert len(after) == len(before) + 2, "restated twice, added once"
        assert connection.execute("SELECT count(*) FROM month_fact").fetchone() == (len(of_months) + 2,), "the month follows"
        assert first_bad(connection) is None
        for name in ("turnover", "income"):
            from_facts, from_postings = both(connection, name, by=("month", "product"))
            assert from_facts == from_postings


def first_bad(connection: psycopg.Connection[Any]) -> str | None:
    outcomes = {each.check.name: each for each in verify(connection, scope_of(connection))}
    return outcomes["day_facts"].first_bad


def test_books_of_the_revision_before_get_the_facts_of_their_days(embedded_database: Database) -> None:
    def facts(connection: psycopg.Connection[Any]) -> list[list[Any]]:
        return [sorted(connection.execute(f"SELECT {table}::text FROM {table}").fetchall())  # noqa: S608
                for table in ("posting_fact", "month_fact", "card_use", "card_set")]

    with psycopg.connect(embedded_database.url) as connection:
        small_book.build(connection, accounts=8, second_currency=True)
        small_book.run_days(connection, date(2024, 4, 30))
        drawn_up = facts(connection)
        connection.execute("DROP VIEW counted_posting; DROP TABLE posting_fact, month_fact, card_use, card_set")
        connection.execute("DROP TABLE authorisation, pay_code, lot_movement, purse_lot, counter_event;"
                           " DROP SEQUENCE counter_line;"
                           " DROP INDEX ix_card_expires_on; ALTER TABLE card_account DROP COLUMN prepaid;"
                           " ALTER TABLE card DROP COLUMN frozen")
        # With the functions go the policies that ask them.
        connection.execute("DROP FUNCTION sees_everything, sees_unit CASCADE;"
                           " DROP TABLE staff_session, staff_act, proposal, saved_query, sent_notice, staff, clearing_item,"
                           " clearing_file, api_key, api_reply, house_entry, suspense_item, service_contact, sales_order")
        connection.execute("UPDATE alembic_version SET version_num = '0008'")
    assert migrate(embedded_database.url)
    with psycopg.connect(embedded_database.url) as connection:
        assert facts(connection) == drawn_up
        assert first_bad(connection) is None


def test_facts_are_append_only(embedded_database: Database) -> None:
    for table in ("posting_fact", "month_fact", "card_use", "card_set"):
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"),
            psycopg.connect(embedded_database.url) as owner,
        ):
            owner.execute(f"DELETE FROM {table}")  # noqa: S608
