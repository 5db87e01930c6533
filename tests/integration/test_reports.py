"""Reports say what the rows of the books say: every sum is worked out here once more, row by row, in Python."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from accounts.calendar import first_closing
from accounts.database import Database
from accounts.errors import Usage
from accounts.posting_types import BY_CODE
from reports.answer import Report, Row
from reports.asking import Question
from reports.catalogue import LATER_REPORTS, REPORTS, answer
from reports.rendering_json import as_json
from statements.compose import delinquency
from tests import small_book

UNTIL = date(2024, 6, 10)
SPENT = {"purchase": 1, "cash_advance": 1, "balance_transfer": 1, "refund": -1, "chargeback": -1}


@pytest.fixture(scope="module")
def book(module_database: Database) -> Database:
    """A quarter of a small book and some cases, its days closed; one posting waits for a day still to come."""
    with psycopg.connect(module_database.url) as connection:
        small_book.build(connection)
        small_book.insert(connection, "posting", [small_book.posting(4, 9, "purchase", 777, date(2024, 6, 11), 40)])
        small_book.insert(connection, "service_case", [
            small_book.case("1", "2024-03-01", answered_at="2024-03-04", due_at="2024-03-10", closed_at="2024-03-05"),
            small_book.case("2", "2024-03-31", answered_at="2024-04-10", due_at="2024-04-05", channel=None),
            small_book.case("3", "2024-03-15", due_at="2024-03-20", kind="dispute"),
            small_book.case("4", "2024-04-02", timely=True, outcome="Closed with explanation", answered_at="2024-04-03"),
            small_book.case("5", "2024-04-02", timely=False, outcome="In progress", product="prepaid"),
            small_book.case("6", "2024-05-01", member_id=2, account_id=2),
        ])
        small_book.run_days(connection, UNTIL)
    return module_database


@pytest.fixture
def connection(book: Database) -> Iterator[psycopg.Connection[Any]]:
    with book.connect() as connected:
        yield connected


@pytest.fixture
def rows_of(book: Database) -> Callable[[str], list[dict[str, Any]]]:
    """All rows of a query, as the tests see the books."""

    def read(query: str) -> list[dict[str, Any]]:
        with psycopg.connect(book.url, row_factory=dict_row) as connected:
            return connected.execute(query).fetchall()  # type: ignore[arg-type]

    return read


POSTINGS = """
    SELECT posting.*, account.product, account.closing_day, account.anchor_on, card.kind AS card_kind, unit.code AS org_unit
    FROM posting JOIN card_account account USING (member_id, account_id) JOIN member USING (member_id)
    LEFT JOIN card ON card.card_id = posting.card_id
    LEFT JOIN org_unit unit ON unit.org_unit_id = coalesce(account.org_unit_id, member.org_unit_id)
"""


def group_of(posting: dict[str, Any], name: str) -> Any:
    if name == "month":
        return f"{posting['posted_on']:%Y-%m}"
    if name == "cycle":
        return max(posting["anchor_on"], first_closing(posting["posted_on"], posting["closing_day"]))
    return {"day": posting["posted_on"], "type": BY_CODE[posting["type"]].name}.get(name, posting.get(name))


def measured(postings: list[dict[str, Any]]) -> dict[str, int]:
    debits = [each["amount"] for each in postings if SPENT[BY_CODE[each["type"]].name] > 0]
    credits = [each["amount"] for each in postings if SPENT[BY_CODE[each["type"]].name] < 0]
    return {
        "transactions": len(postings), "debits": sum(debits), "credits": sum(credits), "net": sum(debits) - sum(credits),
        "cards": len({each["card_id"] for each in postings if each["card_id"]}),
        "average_ticket": (2 * sum(debits) + len(debits)) // (2 * len(debits)) if debits else 0,
    }


def measures(row: Row, names: Any) -> dict[str, Any]:
    return {name: row[name] for name in names}


@pytest.mark.parametrize("by", [
    *((each.name,) for each in REPORTS["turnover"].dimensions), ("product", "month"), ("category", "card_kind", "type")])
def test_turnover_is_the_sum_of_what_was_spent(
    connection: psycopg.Connection[Any], rows_of: Callable[[str], list[dict[str, Any]]], by: tuple[str, ...]
) -> None:
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    spent = [each for each in rows_of(POSTINGS) if BY_CODE[each["type"]].name in SPENT and each["posted_on"] <= UNTIL]
    for each in spent:
        groups[tuple(group_of(each, name) for name in by)].append(each)
    report = answer(connection, "turnover", Question(by=by))
    expected = {group: measured(postings) for group, postings in groups.items()}
    assert {tuple(row[name] for name in by): measures(row, measured(spent)) for row in report.rows} == expected
    assert [measures(row, measured(spent)) for row in report.totals] == [measured(spent)]
    assert len(report.rows) == len(expected)


def test_rows_come_in_order_and_what_has_no_group_comes_last(connection: psycopg.Connection[Any]) -> None:
    merchants = [row["merchant"] for row in answer(connection, "turnover", Question(by=("merchant",))).rows]
    assert merchants == [*sorted(filter(None, merchants)), None]
    kinds = [row["kind"] for row in answer_again(connection, "income", Question(by=("kind",))).rows]
    assert kinds == ["fee", "interest", "joining", "annual", "supplementary_annual", "late_payment", "service", "replacement"]


def answer_again(connection: psycopg.Connection[Any], name: str, question: Question) -> Report:
    """Another answer on the same connection: each is a transaction of its own."""
    connection.rollback()
    return answer(connection, name, question)


def test_days_outside_and_days_not_closed_do_not_count(connection: psycopg.Connection[Any]) -> None:
    days = [row["day"] for row in answer(connection, "turnover", Question(by=("day",), to_on=date(2024, 12, 31))).rows]
    assert max(days) <= UNTIL
    few = answer_again(connection, "turnover", Question(date(2024, 4, 1), date(2024, 4, 3), ("day",)))
    assert {row["day"] for row in few.rows} <= {date(2024, 4, day) for day in (1, 2, 3)}
    assert few.as_of == UNTIL


def test_a_unit_counts_with_all_below_it(connection: psycopg.Connection[Any]) -> None:
    by_unit = {row["org_unit"]: row["net"] for row in answer(connection, "turnover", Question(by=("org_unit",))).rows}
    north = answer_again(connection, "turnover", Question(by=("org_unit",), org_unit="N"))
    assert {row["org_unit"] for row in north.rows} == {"N", "N1"}
    assert north.totals[0]["net"] == by_unit["N"] + by_unit["N1"]


def test_receivables_are_balances_by_postings_and_arrears_by_statements(
    connection: psycopg.Connection[Any], rows_of: Callable[[str], list[dict[str, Any]]]
) -> None:
    for to_on in (None, date(2024, 4, 20)):
        owed: dict[int, int] = defaultdict(int)
        for each in rows_of("SELECT * FROM posting"):
            if each["posted_on"] <= (to_on or UNTIL):
                owed[each["account_id"]] += each["amount"] * BY_CODE[each["type"]].sign
        latest = {each["account_id"]: each for each in rows_of("SELECT * FROM statement ORDER BY cycle_no")
                  if each["closes_on"] <= (to_on or UNTIL)}
        expected: dict[str, list[int]] = defaultdict(lambda: [0] * 5)
        for account in rows_of("SELECT * FROM card_account"):
            if account["opened_on"] > (to_on or UNTIL):
                continue
            statement = latest.get(account["account_id"], {"past_due": 0, "days_past_due": 0})
            balance = owed[account["account_id"]]
            values = (1, balance, statement["past_due"], max(balance - account["credit_limit"], 0), min(balance, 0))
            bucket = expected[delinquency(statement["days_past_due"])]
            bucket[:] = [one + other for one, other in zip(bucket, values, strict=True)]
        report = answer_again(connection, "receivables", Question(to_on=to_on))
        names = ("accounts", "balance", "past_due", "over_limit", "credit_balances")
        assert {row["delinquency"]: [row[name] for name in names] for row in report.rows} == expected
        assert [report.totals[0][name] for name in names] == [sum(each) for each in zip(*expected.values(), strict=True)]
        assert report.from_on is None


def test_receivables_equal_guarded_balances(connection: psycopg.Connection[Any]) -> None:
    (total,) = answer(connection, "receivables", Question()).totals
    assert connection.execute("SELECT sum(balance) FROM guarded_balance").fetchone() == (total["balance"],)


def test_income_is_what_was_charged_less_what_was_given_back(
    connection: psycopg.Connection[Any], rows_of: Callable[[str], list[dict[str, Any]]]
) -> None:
    expected: dict[tuple[str, str], int] = defaultdict(int)
    for each in rows_of("SELECT * FROM posting"):
        kind = BY_CODE[each["type"]]
        if kind.charge:
            expected[f"{each['posted_on']:%Y-%m}", kind.charge] += each["amount"] * kind.sign
    report = answer(connection, "income", Question())
    assert {(row["month"], row["kind"]): row["net"] for row in report.rows} == expected
    assert report.totals[0]["net"] == sum(expected.values())
    assert report.totals[0]["charged"] == sum(expected.values())


def test_a_waived_fee_is_charged_and_waived(embedded_database: Database) -> None:
    with psycopg.connect(embedded_database.url) as connection:
        small_book.build(connection, accounts=2)
        small_book.insert(connection, "posting", [
            small_book.posting(2, 900, "annual_fee", 30_000, small_book.FIRST_ON, source_id=1),
            small_book.posting(2, 900, "annual_fee_waiver", 30_000, small_book.FIRST_ON, source_id=1)])
        small_book.run_days(connection, small_book.FIRST_ON)
        connection.commit()
        report = answer(connection, "income", Question(by=("kind",)))
    row = next(each for each in report.rows if each["kind"] == "annual")
    assert (row["charged"], row["waived"], row["net"]) == (30_000, 30_000, 0)


def test_cards_in_force_follow_from_those_before_and_what_came_and_went(
    connection: psycopg.Connection[Any], rows_of: Callable[[str], list[dict[str, Any]]]
) -> None:
    report = answer(connection, "cards", Question(by=("month",)))
    cards = rows_of("SELECT card.*, member.kind AS member_kind FROM card JOIN member USING (member_id)")
    replaced_on = {each["replaces_card_id"]: each["issued_on"] for each in cards if each["replaces_card_id"]}
    uses = rows_of("SELECT DISTINCT card_id, posted_on FROM posting WHERE card_id IS NOT NULL AND source_id <> 1")
    assert [row["month"] for row in report.rows] == ["2024-03", "2024-04", "2024-05", "2024-06"]
    for row in report.rows:
        first = date.fromisoformat(f"{row['month']}-01")
        last = min((first + timedelta(days=31)).replace(day=1) - timedelta(days=1), UNTIL)
        closing = [each for each in cards if each["issued_on"] <= last and replaced_on.get(each["card_id"], date.max) > last]
        lived = {each["card_id"] for each in cards
                 if each["issued_on"] <= last and replaced_on.get(each["card_id"], date.max) >= first}
        issued = [each for each in cards if first <= each["issued_on"] <= last]
        assert row["opening"] + row["issued"] - row["closed"] == row["closing"] == len(closing)
        assert row["issued"] == len(issued)
        assert row["replaced"] == sum(each["reason"] == "lost" for each in issued)
        assert row["renewed"] == sum(each["reason"] == "renewal" for each in issued)
        assert row["closed"] == sum(first <= day <= last for day in replaced_on.values())
        assert row["supplementary"] == sum(each["kind"] == "supplementary" for each in closing)
        assert row["bound"] == sum(each["member_kind"] != "anonymous" for each in closing)
        assert row["active"] == len({each["card_id"] for each in uses if first <= each["posted_on"] <= last} & lived)
    (total,) = report.totals
    assert total["opening"] == report.rows[0]["opening"]
    assert total["closing"] == report.rows[-1]["closing"]
    assert total["issued"] == sum(int(str(row["issued"])) for row in report.rows)


@pytest.mark.parametrize(("card", "account", "why"), [
    ({"status": "closed"}, {}, "taken in as closed"),
    ({"expires_on": date(2024, 4, 30)}, {}, "ran out"),
    ({"status": "expired", "expires_on": date(2024, 4, 30)}, {}, "ran out, and says so"),
    ({}, {"status": "closed", "closed_on": date(2024, 4, 30)}, "its account closed"),
])
def test_a_card_out_of_force_is_closed(embedded_database: Database, card: Row, account: Row, why: str) -> None:
    with psycopg.connect(embedded_database.url) as connection:
        small_book.build(connection, accounts=2)
        for table, changes in (("card", card), ("card_account", account)):
            for name, value in changes.items():
                connection.execute(f"UPDATE {table} SET {name} = %s WHERE account_id = 2", (value,))  # noqa: S608
        small_book.run_days(connection, date(2024, 5, 2))
        connection.commit()
        rows = answer(connection, "cards", Question(by=("month",))).rows
    assert rows[-1]["closing"] == 1, why
    assert sum(int(str(row["closed"])) for row in rows) == 1


def test_cases_are_counted_by_the_day_they_came(connection: psycopg.Connection[Any]) -> None:
    report = answer(connection, "cases", Question())
    names = ("received", "closed", "timely", "untimely", "timely_rate", "median_days_to_answer", "open")
    assert {row["month"]: tuple(row[name] for name in names) for row in report.rows} == {
        "2024-03": (3, 1, 1, 2, Decimal("0.3333"), Decimal("6.5"), 2),
        "2024-04": (2, 1, 1, 1, Decimal("0.5000"), Decimal("1.0"), 1),
        "2024-05": (1, 0, 0, 0, None, None, 1),
    }
    assert tuple(report.totals[0][name] for name in names) == (6, 2, 2, 3, Decimal("0.4000"), Decimal("3.0"), 4)
    assert (report.from_on, report.to_on) == (date(2024, 3, 1), date(2024, 5, 1))
    by_channel = answer_again(connection, "cases", Question(by=("channel", "kind")))
    assert [(row["channel"], row["kind"], row["received"]) for row in by_channel.rows] == [
        ("web", "complaint", 4), ("web", "dispute", 1), (None, "complaint", 1)]
    assert [row["received"] for row in answer_again(connection, "cases", Question(org_unit="N")).totals] == [1]


def test_a_case_is_open_until_the_day_it_was_closed(connection: psycopg.Connection[Any]) -> None:
    early = answer(connection, "cases", Question(to_on=date(2024, 3, 4)))
    assert [(row["received"], row["closed"], row["open"]) for row in early.totals] == [(1, 0, 1)]


def test_currencies_are_never_mixed(embedded_database: Database) -> None:
    with psycopg.connect(embedded_database.url) as connection:
        small_book.build(connection, accounts=4, second_currency=True)
        small_book.run_days(connection, date(2024, 4, 30))
        connection.commit()
        for name in ("turnover", "receivables", "income"):
            report = answer_again(connection, name, Question())
            document = json.loads(as_json(report))
            assert {row["currency"] for row in document["rows"]} == {"CNY", "GBP"}
            assert list(document["totals"]) == ["CNY", "GBP"]
            assert "currency" not in document["filters"]


@pytest.mark.parametrize(("name", "question", "said"), [
    ("turnover", Question(by=("colour",)), "no group 'colour'; --by takes any of: month, day, cycle, product"),
    ("turnover", Question(by=("month", "month")), "names a group twice"),
    ("turnover", Question(org_unit="Nowhere"), "no organisation unit has the code 'Nowhere'"),
    ("turnover", Question(date(2024, 5, 1), date(2024, 4, 1)), "the days run backwards"),
    ("receivables", Question(date(2024, 5, 1)), "speaks of one day"),
    ("losses", Question(), "not in this release; there are: turnover, cards, service, cases, receivables, income"),
    ("profits", Question(), "no report is called 'profits'"),
])
def test_what_makes_no_sense_is_refused(
    connection: psycopg.Connection[Any], name: str, question: Question, said: str
) -> None:
    with pytest.raises(Usage, match=said):
        answer(connection, name, question)


def test_every_report_of_the_reference_has_a_name() -> None:
    assert not set(REPORTS) & set(LATER_REPORTS)
    assert len(REPORTS) + len(LATER_REPORTS) == 14


@pytest.mark.parametrize("name", list(REPORTS))
def test_an_empty_book_has_reports_too(embedded_database: Database, name: str) -> None:
    with embedded_database.connect() as connection:
        report = answer(connection, name, Question())
        assert report.rows == ()
        assert json.loads(as_json(report))["to"] is None


def test_the_command_writes_files_and_says_what_it_wrote(
    book: Database, cardwright: Callable[..., Any], tmp_path: Any
) -> None:
    asked = ("report", "turnover", "--by", "month", "--from", "2024-04-01", "--to", "2024-05-31")
    shown = cardwright(*asked, database=book)
    assert shown.returncode == 0
    assert "2 rows matched, 2 written" in shown.stdout
    facts = json.loads(cardwright(*asked, "--json", database=book).stdout)
    assert [row["month"] for row in facts["rows"]] == ["2024-04", "2024-05"]
    out = tmp_path / "turnover.xlsx"
    assert "none written (dry run)" in cardwright(*asked, "--out", out, "--dry-run", database=book).stderr
    assert not out.exists()
    assert "2 rows matched, 2 written" in cardwright(*asked, "--out", out, database=book).stderr
    assert out.read_bytes().startswith(b"PK")


@pytest.mark.parametrize(("arguments", "said"), [
    (("losses",), "report losses is not in this release"),
    (("turnover", "--format", "docx"), "--format takes one of: table, json, csv, xlsx, html, pdf"),
    (("turnover", "--by", "month,,type"), "names a group without a name"),
    (("turnover", "--json", "--format", "csv"), "say different things"),
    (("turnover", "--from", "yesterday"), "yesterday"),
])
def test_the_command_says_in_one_line_what_is_wrong(
    embedded_database: Database, cardwright: Callable[..., Any], arguments: tuple[str, ...], said: str
) -> None:
    ended = cardwright("report", *arguments, database=embedded_database)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_a_place_that_cannot_be_written_is_trouble(
    embedded_database: Database, cardwright: Callable[..., Any], tmp_path: Any
) -> None:
    ended = cardwright("report", "cases", "--out", tmp_path / "none" / "cases.csv", database=embedded_database)
    assert ended.returncode == 4
    assert "cannot be written" in ended.stderr
