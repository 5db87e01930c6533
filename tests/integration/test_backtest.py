"""The portfolio under other terms: the terms in force give the issued statements again, others what each account alone would be
charged; nothing is written."""

from __future__ import annotations

import csv
import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors, sql
from psycopg.rows import dict_row

from accounts.database import Database
from accounts.posting_types import BY_CODE, SEGMENT_INTEREST
from billing.scenario import Scenario
from billing.simulation import simulate
from billing.statement_rows import STATEMENT
from fees.terms import Terms
from jobs.steps import steps_of_the_day
from reports.backtest import CHARGES, Affected, Backtest, Trial, backtest, kind_of
from reports.backtest_copy import Chosen, Copy
from statements.seal import seal_statements
from tests import small_book
from tests.conftest import RunCardwright
from tests.integration.books_of_scenarios import open_books, run_days
from tests.integration.test_nightly_equals_simulation import FIRST_ON as SCENARIOS_FROM
from tests.integration.test_nightly_equals_simulation import UNTIL as SCENARIOS_UNTIL
from tests.integration.test_nightly_equals_simulation import random_scenario

UNTIL = date(2024, 6, 10)
FROM = date(2024, 4, 1)


@pytest.fixture(scope="module")
def book(module_database: Database) -> Database:
    """A quarter of a small book, its days closed."""
    with psycopg.connect(module_database.url) as connection:
        small_book.build(connection)
        small_book.run_days(connection, UNTIL)
    return module_database


@pytest.fixture
def connection(book: Database) -> Iterator[psycopg.Connection[Any]]:
    with book.connect() as connected:
        yield connected


def terms(**changes: Any) -> Terms:
    """The classic terms, some tables changed."""
    given = Terms.from_toml((small_book.SCHEDULES / "classic.toml").read_text("utf-8"))
    return Terms.from_document({**given.document(), **changes})


def with_fees(**changes: Any) -> Terms:
    """The classic terms, some fees changed; None takes one out."""
    fees = {**terms().document()["fees"], **changes}
    return terms(fees={name: fee for name, fee in fees.items() if fee is not None})


def everyone(connection: psycopg.Connection[Any]) -> Chosen:
    """All accounts of the small book's product."""
    rows = connection.execute("SELECT member_id, account_id, account FROM card_account ORDER BY 1, 2").fetchall()
    return Chosen(*zip(*rows, strict=True))


def booked(connection: psycopg.Connection[Any]) -> Counter[str]:
    """What the books were charged by Cardwright from `FROM` on, by kind."""
    found: Counter[str] = Counter()
    for code, amount in connection.execute(
            "SELECT type, amount FROM posting WHERE type >= 40 AND posted_on >= %s", (FROM,)):
        found[kind_of(BY_CODE[code])] += BY_CODE[code].sign * amount
    return found


@pytest.mark.parametrize("from_on", [small_book.FIRST_ON, FROM, date(2024, 5, 20)])
def test_the_terms_in_force_give_every_statement_again(book: Database, from_on: date) -> None:
    query = "SELECT * FROM {} WHERE closes_on >= %s AND cycle_no > 0 ORDER BY account_id, cycle_no"
    with book.connect() as real, book.connect() as connection:
        issued = real.cursor(row_factory=dict_row).execute(query.format("statement"), (from_on,)).fetchall()
        chosen = everyone(connection)
        copy = Copy(connection)
        copy.fill(chosen, "classic", from_on, None)
        assert not connection.execute(query.format("statement"), (from_on,)).fetchall()
        assert copy.run(chosen, steps_of_the_day(), from_on, UNTIL) == {}
        again = connection.cursor(row_factory=dict_row).execute(query.format("statement"), (from_on,)).fetchall()
    assert len(issued) > 30
    assert [[row[name] for name in STATEMENT] for row in again] == [[row[name] for name in STATEMENT] for row in issued]


def test_the_terms_in_force_give_the_issued_charges_again(book: Database) -> None:
    found = backtest(book, Trial("classic", terms(), FROM, UNTIL), 1)
    with book.connect() as connection:
        assert found.issued == found.other == booked(connection)
    assert (found.accounts, found.unchanged, found.most_affected, found.not_reproduced) == (40, 40, [], [])


def test_a_fee_left_out_and_a_fee_raised(book: Database) -> None:
    found = backtest(book, Trial("classic", with_fees(service=None, replacement={"amount": "40.00"}), FROM, UNTIL), 1)
    with book.connect() as connection:
        real = booked(connection)
        replaced = connection.execute("SELECT count(*) FROM posting WHERE type = 55 AND posted_on >= %s", (FROM,)).fetchone()
    assert found.issued == real
    assert found.issued["service"] > 0
    assert found.other["service"] == 0
    assert replaced is not None
    assert found.other["replacement"] == 4_000 * replaced[0] != real["replacement"]
    assert found.better_off > 0
    assert found.accounts == 40
    first = found.most_affected[0]
    assert abs(first.difference) == max(abs(each.difference) for each in found.most_affected)


def test_every_account_is_charged_what_it_would_be_alone(embedded_database: Database) -> None:
    chance, from_on = random.Random(5), date(2024, 1, 15)
    scenarios = [random_scenario(chance, {}, "") for _ in range(30)]
    with embedded_database.connect() as connection:
        open_books(connection, scenarios, SCENARIOS_FROM)
        run_days(connection, SCENARIOS_FROM, SCENARIOS_UNTIL)
    own = scenarios[0].terms[0]
    other = Terms.from_document({
        **own.document(), "grace": {"lost_for": "all"}, "interest": {
            "payment_day_counts": "old", "segment": [{"name": "balance_transfer", "daily_rate": "0.0002", "grace": False},
                                                     {"name": "purchase", "daily_rate": "0.0005"}]},
        "fees": {**own.document()["fees"], "late_payment": {"kind": "fixed", "amount": "35.00"}},
        "minimum_payment": {"floor": "60.00"}, "in_force_from": from_on.isoformat()})
    found = backtest(embedded_database, Trial("classic", other, from_on, SCENARIOS_UNTIL), 1)
    alone = [Affected(f"A{number}", _charged(each, (own,), from_on).total(), _charged(each, (own, other), from_on).total())
             for number, each in enumerate(scenarios, 1)]
    for versions, charged in (((own,), found.issued), ((own, other), found.other)):
        assert charged == sum((_charged(each, versions, from_on) for each in scenarios), Counter())
    assert found.other["interest.balance_transfer"] > 0
    assert found.kinds[0] == "interest.balance_transfer"
    assert found.most_affected == sorted(alone, key=lambda each: each.order)[:10]
    assert found.better_off == sum(each.difference < 0 for each in alone)
    assert found.worse_off == sum(each.difference > 0 for each in alone) > 0


def _charged(scenario: Scenario, versions: tuple[Terms, ...], from_on: date) -> Counter[str]:
    """What one account is charged from a day on, by kind, billed alone."""
    charged: Counter[str] = Counter()
    types = {each.code for each in CHARGES}
    for each in simulate(scenario.model_copy(update={"terms": versions}), seal_statements).postings:
        if each["posted_on"] >= from_on and each["type"] in types:
            segment = "balance_transfer" if each["type"] == SEGMENT_INTEREST.code else None
            charged[kind_of(BY_CODE[each["type"]], segment)] += BY_CODE[each["type"]].sign * each["amount"]
    return charged


def test_nothing_is_written_and_the_database_sees_to_it(book: Database) -> None:
    tables = ("posting", "statement", "card_account", "guarded_balance", "terms_version", "book", "day_step")
    with book.connect() as connection:
        def rows() -> list[Any]:
            return [connection.execute(sql.SQL("SELECT t::text FROM {} t ORDER BY 1").format(sql.Identifier(name))).fetchall()
                    for name in tables]

        before = rows()
        backtest(book, Trial("classic", with_fees(service=None), FROM, UNTIL), 1)
        assert rows() == before
    with book.connect() as connection:
        Copy(connection)
        with pytest.raises(errors.ReadOnlySqlTransaction):
            connection.execute("INSERT INTO public.posting SELECT * FROM public.posting LIMIT 1")


def test_processes_and_samples(book: Database) -> None:
    trial = Trial("classic", with_fees(replacement={"amount": "40.00"}), FROM, UNTIL)
    told: list[tuple[int, int]] = []
    one, several = backtest(book, trial, 1), backtest(book, trial, 2, lambda so_far, of: told.append((so_far, of)))
    assert one == several
    assert sorted(told) == [(20, 40), (40, 40)]
    few = Trial("classic", trial.terms, FROM, UNTIL, sample=7)
    assert backtest(book, few, 1) == backtest(book, few, 2)
    assert backtest(book, few, 1).accounts == 7


def _file(tmp_path: Path, changed: Terms) -> Path:
    path = tmp_path / "other.json"
    path.write_text(json.dumps(changed.document()), "utf-8")
    return path


DAYS = ("--from", "2024-04-01", "--to", "2024-06-10")


def test_the_command(cardwright: RunCardwright, book: Database, tmp_path: Path) -> None:
    path = _file(tmp_path, with_fees(service=None))
    done = cardwright("backtest", "--terms", path, *DAYS, "--json", database=book)
    facts = json.loads(done.stdout)
    assert (done.returncode, facts["report"], facts["from"], facts["to"]) == (0, "backtest", "2024-04-01", "2024-06-10")
    rows = {row["kind"]: row for row in facts["rows"]}
    assert rows["service"]["other"] == "0.00"
    assert rows["service"]["difference"] == f"-{rows['service']['issued']}"
    assert facts["accounts"]["compared"] == 40
    assert facts["accounts"]["better_off"] + facts["accounts"]["worse_off"] + facts["accounts"]["unchanged"] == 40
    assert len(facts["most_affected"]) == 10
    table = cardwright("backtest", "--terms", path, *DAYS, database=book).stdout
    assert "40 accounts compared: " in table
    assert f"service  {rows['service']['issued']}" in " ".join(table.split()).replace("service ", "service  ")
    out = tmp_path / "b.csv"
    cardwright("backtest", "--terms", path, *DAYS, "--out", out, database=book)
    assert [row["kind"] for row in csv.DictReader(out.open(encoding="utf-8"))] == list(rows)
    page = cardwright("backtest", "--terms", path, *DAYS, "--format", "html", database=book).stdout
    assert facts["most_affected"][0]["account"] in page


def test_accounts_that_the_other_terms_cannot_bill_are_named(cardwright: RunCardwright, book: Database, tmp_path: Path) -> None:
    path = _file(tmp_path, terms(cycle={"closing_day": 20, "due_day": 23, "tolerance_days": 15}))
    done = cardwright("backtest", "--terms", path, *DAYS, "--json", database=book)
    facts = json.loads(done.stdout)
    assert done.returncode == 1
    assert facts["accounts"]["compared"] == 10
    assert facts["accounts"]["not_billed"] == len(facts["not_billed"]) == 30
    assert facts["not_billed"][0]["reason"].startswith("closes on day ")


@pytest.mark.parametrize(("changes", "arguments", "code", "said"), [
    ({"product": "gold"}, DAYS, 2, "no product 'gold' has approved terms; the products are classic"),
    ({}, ("--from", "2024-02-01", "--to", "2024-06-10"), 2, "hold the days from 2024-03-01 to 2024-06-10"),
    ({}, ("--from", "2024-04-01", "--to", "2024-06-11"), 2, "hold the days from 2024-03-01 to 2024-06-10"),
    ({}, ("--from", "2024-05-02", "--to", "2024-05-01"), 2, "--from 2024-05-02 is after --to 2024-05-01"),
    ({"currency": "GBP"}, DAYS, 2, "is kept in CNY and these terms are in GBP"),
    ({"benefits": {"interest_forgiveness_days": 9}}, DAYS, 3, "is not charged by this release"),
])
def test_what_cannot_be_tried(cardwright: RunCardwright, book: Database, tmp_path: Path, changes: dict[str, Any],
                              arguments: tuple[str, ...], code: int, said: str) -> None:
    done = cardwright("backtest", "--terms", _file(tmp_path, terms(**changes)), *arguments, database=book)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr


def test_a_backtest_adds_up() -> None:
    parts = [Backtest(), Backtest()]
    for part, number in ((parts[0], 1), (parts[1], 2)):
        part.count(Affected(f"A{number}", 100, 100 + number))
        part.issued["late_payment"] += 100
    parts[0].add(parts[1])
    assert (parts[0].worse_off, parts[0].issued["late_payment"]) == (2, 200)
    assert [each.account for each in parts[0].most_affected] == ["A2", "A1"]
