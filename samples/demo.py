"""The demo: each sample book from its files to reports, statements and a verified ledger, by the services of the rooms."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from accounts.database import Database, open_book
from accounts.errors import Findings
from accounts.settings import Settings
from fees.schedule import SCHEDULES, approve, propose
from fees.terms import Terms
from jobs.intake import take_in
from jobs.running import Watcher, run_until
from jobs.steps import steps_of_the_day
from reports.answer import Report
from reports.asking import Question
from reports.catalogue import answer
from reports.rendering import Format, renderer
from samples.agreement import Comparison
from samples.demo_books import SampleBook, WantedReport
from samples.demo_statements import Found, find_statements
from statements.documents import StatementFormat, document_bytes, write_whole
from statements.facts import StatementFacts
from statements.issued import statement_facts
from statements.verify import scope_of, verify
from statements.whole_file import whole_file

#: Terms are proposed by one person and approved by a second.
PROPOSED_BY = "product desk"
APPROVED_BY = "second signatory"
#: What every report is written as.
REPORT_FORMATS = (Format.HTML, Format.XLSX)


class DemoNotRight(Findings):
    """A step of the demo found something that a demo on known data must not find."""

    def __init__(self, book: str, what: str, home: Path) -> None:
        super().__init__(f"demo, book {book}: {what}; the book is in {home}: look there, or remove it and run the demo again")


@dataclass(frozen=True)
class MadeReport:
    """One report and the files that it is in."""

    wanted: WantedReport
    report: Report
    files: tuple[Path, ...]


@dataclass(frozen=True)
class MadeStatement:
    """One of the statements worth looking at, and the file that it is in."""

    found: Found
    facts: StatementFacts
    file: Path


@dataclass
class MadeBook:
    """What became of one sample book.

    agreement: which published figures the book was held against, and how many it met. seconds: by stage, in order.
    """

    sample: SampleBook
    settings: Settings
    accounts: int = 0
    transactions: int = 0
    postings: int = 0
    days: int = 0
    statements: int = 0
    checks: int = 0
    agreement: str = ""
    reports: list[MadeReport] = field(default_factory=list)
    shown: list[MadeStatement] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Keeps the seconds that a stage takes."""
        began = time.monotonic()
        yield
        self.seconds[stage] = time.monotonic() - began


@dataclass(frozen=True)
class Places:
    """Where the demo writes: portfolio files, reports and statements, in folders of each book."""

    out: Path

    def of(self, kind: str, sample: SampleBook) -> Path:
        """The folder for one kind of file of one book, made if need be."""
        folder = self.out / kind / sample.name
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def make_book(settings: Settings, sample: SampleBook, places: Places, *, accounts: int | None, workers: int,
              say: Callable[[str], None], watch: Watcher | None = None) -> MadeBook:
    """Brings one sample book from its files to reports, statements and a verified ledger; what is done already stays.

    accounts: only so many of the sample; None takes all. say: told what comes next, in a few words. Raises DemoNotRight
    where rows were rejected, accounts parked or a check failed.
    """
    made = MadeBook(sample, settings)
    with open_book(settings, migrate=True) as database:
        say("portfolio files")
        with made.timed("files"):
            portfolio = places.of("portfolio", sample)
            sample.write_portfolio(portfolio, accounts)
        if _is_done(database, sample):
            say(f"imported and run to {sample.until} already")
        else:
            say("import")
            with made.timed("import"):
                _approve_terms(database, sample)
                _import(database, made, portfolio)
            say(f"every business day to {sample.until}")
            with made.timed("run"):
                _run(made, workers, watch)
        say("reports")
        with made.timed("reports"):
            made.reports = [_report(database, wanted, places.of("reports", sample)) for wanted in sample.reports]
        say("statements worth a look")
        with made.timed("statements"):
            made.shown = _show_statements(database, sample, places.of("statements", sample))
        say("verify")
        with made.timed("verify"):
            _count(database, made)
            _verify(database, made)
            if sample.compare is not None and accounts is None:
                made.agreement = _compare(database, made, sample.compare)
    return made


def _is_done(database: Database, sample: SampleBook) -> bool:
    """Whether the book was run to its last day before: then nothing is imported, whatever the files say by now."""
    with database.connect() as connection:
        row = connection.execute("SELECT closed_through >= %s FROM book", (sample.until,)).fetchone()
    return bool(row and row[0])


def _approve_terms(database: Database, sample: SampleBook) -> None:
    terms = Terms.from_toml((SCHEDULES / sample.schedule).read_text("utf-8"))
    with database.connect() as connection:
        propose(connection, terms, PROPOSED_BY)
        approve(connection, terms.product, APPROVED_BY)


def _import(database: Database, made: MadeBook, portfolio: Path) -> None:
    folders = [portfolio, *sorted(each for each in portfolio.iterdir() if each.is_dir())]
    imported = take_in(database, made.settings.home, folders)
    for each in imported.files:
        if each.rejected:
            raise DemoNotRight(made.sample.name, f"{each.rejected:,} rows of {each.file.name} were rejected",
                               made.settings.home)


def _run(made: MadeBook, workers: int, watch: Watcher | None) -> None:
    result = run_until(made.settings, made.sample.until, steps_of_the_day(), workers=workers, watch=watch)
    if result.parked:
        raise DemoNotRight(made.sample.name, "work was parked (`cardwright status` says what and why)", made.settings.home)


def _report(database: Database, wanted: WantedReport, folder: Path) -> MadeReport:
    with database.connect() as connection:
        report = answer(connection, wanted.name, Question(by=wanted.by))
    files = []
    for form in REPORT_FORMATS:
        files.append(folder / f"{wanted.name}-by-{'-'.join(wanted.by)}.{form}")
        with whole_file(files[-1]) as file:
            file.write(renderer(form)(report))
    return MadeReport(wanted, report, tuple(files))


def _show_statements(database: Database, sample: SampleBook, folder: Path) -> list[MadeStatement]:
    shown = []
    with database.connect() as connection:
        for found in find_statements(connection, sample.name):
            facts = statement_facts(connection, found.account, found.closes_on)
            file = folder / f"{found.wanted.name}.pdf"
            write_whole(file, document_bytes(facts, StatementFormat.PDF))
            shown.append(MadeStatement(found, facts, file))
    return shown


_COUNTS = """
SELECT (SELECT count(*) FROM card_account), (SELECT count(*) FROM business_day WHERE closed_at IS NOT NULL),
       (SELECT count(*) FROM posting), (SELECT coalesce(sum(rows_posted), 0) FROM source WHERE kind = 'transactions'),
       (SELECT count(*) FROM statement WHERE cycle_no > 0)
"""


def _count(database: Database, made: MadeBook) -> None:
    with database.connect() as connection:
        row = connection.execute(_COUNTS).fetchone()
    assert row is not None
    made.accounts, made.days, made.postings, made.transactions, made.statements = map(int, row)


def _verify(database: Database, made: MadeBook) -> None:
    with database.connect() as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        outcomes = verify(connection, scope_of(connection))
    made.checks = len(outcomes)
    for each in outcomes:
        if not each.holds:
            raise DemoNotRight(made.sample.name, f"check {each.check.name}: {each.first_bad}", made.settings.home)


def _compare(database: Database, made: MadeBook, compare: Comparison) -> str:
    with database.connect() as connection:
        agreement = compare(connection)
    if not agreement.holds:
        raise DemoNotRight(made.sample.name, f"{agreement}", made.settings.home)
    return str(agreement)
