"""Portfolio files for tests: written from rows, taken in, and looked at in the books."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from accounts.database import Database
from accounts.intake.taking import FileOutcome
from jobs.intake import Imported, take_in
from tests.small_book import load_terms

Rows = Sequence[Sequence[object]]

MEMBERS: Rows = [["member", "kind", "name"], ["M1", "person", "Ann"], ["M2", "company", "O'Brien 漢字"]]
ACCOUNTS: Rows = [
    ["account", "member", "product", "opened_on", "credit_limit"],
    ["A1", "M1", "classic", "2024-02-20", "10000.00"], ["A2", "M2", "classic", "2024-03-05", "500.00"],
]
CARDS: Rows = [["card", "account", "kind", "issued_on"], ["C1", "A1", "primary", "2024-02-20"]]
TRANSACTIONS = ["type", "amount", "account", "transaction_on"]


class Portfolio:
    """A book with the classic terms, and a folder that files are written to and taken in from."""

    def __init__(self, database: Database, folder: Path, **terms: Any) -> None:
        self.database = database
        self.folder = folder / "portfolio"
        self.home = folder / "home"
        self.folder.mkdir()
        with database.connect() as connection:
            load_terms(connection, **terms)

    def write(self, name: str, rows: Rows | bytes) -> Path:
        """A file of the portfolio, from rows or as bytes."""
        path = self.folder / name
        if isinstance(rows, bytes):
            path.write_bytes(rows)
        else:
            with path.open("w", encoding="utf-8", newline="") as stream:
                csv.writer(stream).writerows(rows)
        return path

    def begin(self) -> Portfolio:
        """Two members, two accounts and a card, taken in; the book begins on 2024-03-01."""
        self.first_day(date(2024, 3, 1))
        paths = [self.write("members.csv", MEMBERS), self.write("accounts.csv", ACCOUNTS), self.write("cards.csv", CARDS)]
        assert [each.rejected for each in self.take(*paths).files] == [0, 0, 0]
        return self

    def first_day(self, day: date, open_on: date | None = None) -> None:
        """The book begins on a day, and stands at a later one if asked."""
        with self.database.connect() as connection:
            connection.execute("UPDATE book SET first_on = %s, open_on = %s", (day, open_on or day))

    def take(self, *paths: Path, dry_run: bool = False) -> Imported:
        """Take files in; the whole folder if none is given."""
        return take_in(self.database, self.home, paths or [self.folder], dry_run=dry_run)

    def transactions(self, name: str, rows: Rows, header: Sequence[str] = TRANSACTIONS) -> FileOutcome:
        """Write and take in a transactions file."""
        return self.take(self.write(name, [header, *rows])).files[0]

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """What the books say."""
        with self.database.connect() as connection:
            return connection.execute(query, parameters).fetchall()

    def postings(self) -> list[tuple[Any, ...]]:
        """Account, type code, amount, transaction, effective and posting date, in the order of source and line."""
        return self.rows(
            "SELECT d.account, p.type, p.amount, p.transaction_on, p.effective_on, p.posted_on FROM posting p"
            " JOIN account_directory d USING (account_id) ORDER BY p.source_id, p.source_line")


def rejects(outcome: FileOutcome) -> list[tuple[int, str, str, str]]:
    """Line, column, value and reason of everything that was rejected."""
    if outcome.rejects_path is None:
        return []
    with outcome.rejects_path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == ["line", "column", "value", "reason"]
    return [(int(line), column, value, reason) for line, column, value, reason in rows[1:]]


def counts(outcome: FileOutcome) -> tuple[int, int, int, int]:
    """Rows read, posted, already there, rejected."""
    return outcome.read, outcome.posted, outcome.known, outcome.rejected
