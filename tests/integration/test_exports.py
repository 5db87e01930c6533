"""The books leave the house whole: other people's tools read the journal and agree on every closing balance."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import psycopg
import pyarrow.parquet as pq
import pytest

from accounts.database import Database
from accounts.errors import Usage
from accounts.posting_types import CHART_OF_ACCOUNTS
from reports.export_commands import Counted, JournalFormat, journal_text
from reports.journal import JournalPeriod, journal_period
from reports.journal_beancount import account_component, ledger_name, quoted
from reports.journal_hledger import one_line
from reports.statement_export import write_jsonl, write_parquet
from statements.issued import issued_facts
from tests import small_book

UNTIL = date(2024, 6, 10)
MAY = (date(2024, 5, 1), date(2024, 5, 31))
BEAN_CHECK = Path(sys.executable).with_name("bean-check")
BEAN_CHECK_REFUSED = "Balance failed for"


@pytest.fixture(scope="module")
def book(embedded_module_database: Database) -> Database:
    """A quarter of a small book of two currencies, with merchants' names that are hard to write."""
    with psycopg.connect(embedded_module_database.url) as connection:
        small_book.build(connection, second_currency=True)
        small_book.run_days(connection, UNTIL)
    return embedded_module_database


def journal(
    book: Database, wanted: JournalFormat, from_on: date | None = None, to_on: date | None = None
) -> tuple[str, Counted]:
    counted = Counted()
    with book.connect() as connection:
        period = journal_period(connection, from_on, to_on)
        return "".join(journal_text(connection, period, wanted, counted)), counted


def bean_check(text: str, path: Path) -> subprocess.CompletedProcess[str]:
    path.write_text(text, "utf-8")
    return subprocess.run([str(BEAN_CHECK), str(path)], capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("days", [(None, None), MAY, (date(2024, 4, 10), None)])
def test_beancount_accepts_the_journal(book: Database, tmp_path: Path, days: tuple[date | None, date | None]) -> None:
    text, counted = journal(book, JournalFormat.BEANCOUNT, *days)
    ended = bean_check(text, tmp_path / "books.beancount")
    assert (ended.returncode, ended.stdout + ended.stderr) == (0, "")
    assert text.count(" balance ") == counted.closings > 30
    assert counted.postings > 200


def test_beancount_refuses_a_journal_that_is_a_cent_off(book: Database, tmp_path: Path) -> None:
    text, _ = journal(book, JournalFormat.BEANCOUNT, *MAY)
    amount = re.search(r"balance (\S+)  (-?[0-9]+\.[0-9]{2}) ~ 0", text)
    assert amount is not None
    forged = text.replace(amount[0], amount[0].replace(amount[2], str(Decimal(amount[2]) + Decimal("0.01"))), 1)
    ended = bean_check(forged, tmp_path / "forged.beancount")
    assert ended.returncode == 1
    assert BEAN_CHECK_REFUSED in ended.stdout + ended.stderr
    assert amount[1] in ended.stdout + ended.stderr


@pytest.mark.parametrize("days", [(None, None), MAY])
def test_hledger_accepts_the_journal(book: Database, tmp_path: Path, days: tuple[date | None, date | None]) -> None:
    if shutil.which("hledger") is None:
        pytest.skip("hledger is not installed; the journal is read by this test's own rules below")
    path = tmp_path / "books.journal"
    path.write_text(journal(book, JournalFormat.HLEDGER, *days)[0], "utf-8")
    ended = subprocess.run(["hledger", "-f", str(path), "check", "--strict"], capture_output=True, text=True, timeout=120,
                           env={"LANG": "C.UTF-8"})
    assert (ended.returncode, ended.stderr) == (0, "")


def test_hledger_journal_balances_by_its_own_rules(book: Database) -> None:
    """Read line by line as hledger's manual says: legs of a transaction add up to nothing, assertions hold in order."""
    text, counted = journal(book, JournalFormat.HLEDGER)
    balances: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    declared, asserted, transactions, last_on = set(re.findall(r"^account (\S+)", text, re.M)), 0, 0, ""
    for entry in text.split("\n\n"):
        if not re.match(r"[0-9]{4}-", entry):
            continue
        transactions += 1
        on = entry[:10]
        assert on >= last_on
        last_on = on
        legs = re.findall(r"^    (\S+)    (-?[0-9.]+) ([A-Z]{3})(?: = (-?[0-9.]+) \3)?$", entry, re.M)
        assert sum(Decimal(amount) for _, amount, _, _ in legs) == 0
        for account, amount, currency, assertion in legs:
            assert account in declared
            balances[account, currency] += Decimal(amount)
            if assertion:
                asserted += 1
                assert balances[account, currency] == Decimal(assertion)
    assert asserted == counted.closings
    assert transactions == counted.closings + counted.postings


def test_csv_journal_has_every_posting_and_every_closing(book: Database) -> None:
    text, counted = journal(book, JournalFormat.CSV, *MAY)
    rows = list(csv.DictReader(StringIO(text, newline="")))
    records = {name: [row for row in rows if row["record"] == name] for name in ("posting", "balance", "brought_forward")}
    assert (len(records["posting"]), len(records["balance"])) == (counted.postings, counted.closings)
    owed: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        if row["record"] == "brought_forward":
            owed[row["account"]] = Decimal(row["amount"])
        elif row["record"] == "posting":
            owed[row["account"]] += Decimal(row["amount"]) * (1 if row["debit_account"] == "cardholder_receivable" else -1)
        else:
            assert owed[row["account"]] == Decimal(row["amount"])
    assert {row["merchant"] for row in records["posting"]} >= {"'" + str(small_book.MERCHANTS[1])}


@pytest.mark.parametrize(("account", "component"), [
    ("A1", "A1"), ("4711", "4711"), ("A-1", "A-1"), ("a_7", "X-a-5f-7"), ("", "X-"), ("X-1", "X-X-2d-1"), ("王", "X--738b-"),
])
def test_every_account_code_has_a_name_of_its_own(account: str, component: str) -> None:
    assert account_component(account) == component


def test_names_and_texts_are_written_so_that_they_are_read_back() -> None:
    assert ledger_name(424) == "Income:Late-Payment-Fee-Income"
    assert len({ledger_name(number) for number in CHART_OF_ACCOUNTS}) == len(CHART_OF_ACCOUNTS)
    assert quoted('say "so" \\ now\nand then') == '"say \\"so\\" \\\\ now and then"'
    assert one_line("one; two | three\nfour") == "one, two / three four"


def test_a_journal_stops_at_the_last_closed_day(book: Database, embedded_database: Database) -> None:
    with book.connect() as connection:
        assert journal_period(connection, None, date(2030, 1, 1)) == JournalPeriod(None, UNTIL)
        with pytest.raises(Usage, match="would run backwards"):
            journal_period(connection, UNTIL + timedelta(days=1), None)
    with embedded_database.connect() as connection, pytest.raises(Usage, match="no business day is closed yet"):
        journal_period(connection, None, None)


def test_statements_leave_in_account_and_closing_order_as_they_are_printed(
    book: Database, cardwright: Callable[..., Any], tmp_path: Path
) -> None:
    out = tmp_path / "statements.jsonl"
    ended = cardwright("export", "statements", "--format", "jsonl", "--out", out, database=book)
    assert ended.returncode == 0, ended.stderr
    lines = out.read_bytes().splitlines(keepends=True)
    assert f"{len(lines):,} statements matched, {len(lines):,} written" in ended.stderr
    statements = [json.loads(line) for line in lines]
    keys = [(each["account"], each["cycle"]["closes_on"]) for each in statements]
    assert keys == sorted(keys)
    with psycopg.connect(book.url) as connection:
        assert connection.execute("SELECT count(*) FROM statement WHERE cycle_no > 0").fetchone() == (len(keys),)
    one = cardwright("statement", statements[7]["account"], "--closing", statements[7]["cycle"]["closes_on"], database=book)
    assert one.stdout.encode() == lines[7]


def test_parquet_holds_the_same_statements_in_exact_decimals(book: Database) -> None:
    with book.connect() as connection:
        as_lines, as_columns = BytesIO(), BytesIO()
        count = write_jsonl(issued_facts(connection), as_lines)
        assert write_parquet(issued_facts(connection), as_columns, 2) == count > 100
    rows = pq.read_table(as_columns).to_pylist()
    for line, row in zip(as_lines.getvalue().splitlines(), rows, strict=True):
        statement = json.loads(line)
        assert Decimal(statement["new_balance"]) == row["new_balance"]
        assert statement["cycle"]["closes_on"] == str(row["cycle"]["closes_on"])
        assert [Decimal(each["amount"]) for each in statement["lines"]] == [each["amount"] for each in row["lines"]]
        assert statement["seal"] == row["seal"]


def test_one_closing_alone(book: Database, cardwright: Callable[..., Any], tmp_path: Path) -> None:
    out = tmp_path / "may.jsonl"
    asked = ("export", "statements", "--closing", "2024-05-05", "--format", "jsonl", "--out", out)
    assert "would be written" in cardwright(*asked, "--dry-run", database=book).stderr
    assert not out.exists()
    cardwright(*asked, database=book)
    assert {json.loads(line)["cycle"]["closes_on"] for line in out.read_bytes().splitlines()} == {"2024-05-05"}


@pytest.mark.parametrize(("arguments", "code", "said"), [
    (("journal", "--format", "excel"), 2, "excel"),
    (("journal",), 2, "--format"),
    (("statements", "--format", "jsonl"), 2, "--out"),
    (("statements", "--format", "jsonl", "--out", "x", "--closing", "2024-05-05", "--to", "2024-05-06"), 2, "not both"),
    (("journal", "--format", "csv", "--out", "none/journal.csv"), 4, "cannot be written"),
])
def test_what_cannot_be_exported_is_said_in_one_line(
    book: Database, cardwright: Callable[..., Any], arguments: tuple[str, ...], code: int, said: str
) -> None:
    ended = cardwright("export", *arguments, database=book)
    assert ended.returncode == code
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_command_writes_the_journal_to_stdout_and_talks_on_stderr(book: Database, cardwright: Callable[..., Any]) -> None:
    ended = cardwright("export", "journal", "--format", "hledger", "--from", "2024-05-01", "--to", "2024-05-31", database=book)
    assert ended.returncode == 0
    assert ended.stdout.startswith("; The journal")
    assert re.search(r"journal of 2024-05-01 to 2024-05-31: 45 accounts, \d+ postings, \d+ balances at closings", ended.stderr)
