"""`cardwright import`: takes a portfolio in, file by file, in the order in which the files depend on each other."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from psycopg import Connection

from accounts.command_line import AsJson, BrokerUrl, DatabaseUrl, DryRun, Home, console, progress, settings_from
from accounts.database import Database, open_book
from accounts.errors import Findings, Usage
from accounts.intake.accounts import AccountsIntake, TakenOver
from accounts.intake.book_days import BookDays, hold_book_days
from accounts.intake.cards import CardsIntake, keys_of
from accounts.intake.directory import Directory
from accounts.intake.files import FileName, PortfolioFile, UnusableFile, open_portfolio_file
from accounts.intake.first_day import settle_first_day
from accounts.intake.layouts import LAYOUTS
from accounts.intake.members import MembersIntake
from accounts.intake.org_units import OrgUnitsIntake
from accounts.intake.products import Product, Products, ProductVersion
from accounts.intake.taking import FileOutcome, Transactions, take_file
from accounts.intake.transactions import TransactionsIntake
from accounts.money import CURRENCIES
from billing.opening import Opening, open_migrated_accounts
from counter.opening import open_lots
from fees.schedule import versions
from fees.supported import late_closing_days
from jobs import intake_shown
from service.contacts import ContactsIntake
from service.intake import CasesIntake
from service.layouts import SERVICE_LAYOUTS
from service.orders import OrdersIntake
from statements.seal import seal_statements

#: What is taken in, in the order of taking.
KINDS = {**LAYOUTS, **SERVICE_LAYOUTS}

#: Told the file that is next, and how many more of its rows are done.
Watcher = Callable[[PortfolioFile, int], None]


class UnusableFiles(Findings):
    """Files that cannot be taken in; nothing of any file was."""

    def __init__(self, unusable: Sequence[UnusableFile]) -> None:
        self.unusable = unusable
        super().__init__(f"{len(unusable)} of the files cannot be taken in, so none was: " + "; ".join(map(str, unusable)))


@dataclass(frozen=True)
class LeftFile:
    """A file that was found and left alone."""

    path: Path
    why: str


@dataclass(frozen=True)
class Imported:
    """What became of all files of an import, in the order in which they were taken."""

    files: list[FileOutcome]
    left: list[LeftFile]
    book: BookDays


def take_in(database: Database, home: Path, paths: Sequence[Path], *, dry_run: bool = False,
            watcher: Watcher = lambda file, rows: None) -> Imported:
    """Take in directories and files of a portfolio.

    home: where rejects are written and card-number keys kept. dry_run: everything is judged, then undone. Raises Usage for
    paths that make no sense, UnusableFiles before anything is taken in, Trouble where an intake has to stop half-way: what
    was committed until then stays, and the same import goes on behind it.
    """
    found, left = find_files(paths)
    files = open_files(found)
    with _transactions_of(database, dry_run) as transactions:
        with transactions() as connection:
            settle_first_day(connection, files, products_of(connection))
        taken: list[FileOutcome] = []
        for file in files:
            watcher(file, 0)
            taken.append(take_file(transactions, file, _intake_of(transactions, file, home), home, partial(watcher, file)))
        with transactions() as connection:
            book = hold_book_days(connection)
    return Imported(taken, left, book)


def find_files(paths: Sequence[Path]) -> tuple[list[Path], list[LeftFile]]:
    """The portfolio files of directories and paths in the order of taking, and what was left alone. Raises Usage."""
    found: dict[Path, Path] = {}
    left: list[LeftFile] = []
    for path in paths:
        if not path.exists():
            raise Usage(f"{path} does not exist")
        for each in _files_in(path):
            if FileName.read(each.name, list(KINDS)):
                found.setdefault(each.resolve(), each)
            elif each == path:
                raise Usage(f"{path} is no portfolio file by its name; names begin with {', '.join(KINDS)} and end in "
                            ".csv, .csv.gz, .parquet or .xlsx")
            else:
                left.append(LeftFile(each, "is no portfolio file by its name"))
    if not found:
        raise Usage(f"there are no portfolio files in {', '.join(map(str, paths))}")
    return sorted(found.values(), key=_order), left


def _files_in(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    try:
        return sorted(each for each in path.iterdir() if not each.name.startswith(".") and not each.is_dir())
    except PermissionError:
        raise Usage(f"{path} may not be read by this user") from None


def _order(path: Path) -> tuple[int, list[tuple[int, int, str]], str]:
    name = FileName.read(path.name, list(KINDS))
    assert name is not None
    parts = [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.findall(r"[0-9]+|[^0-9]+", path.name)]
    return list(KINDS).index(name.kind), parts, str(path)


def open_files(paths: Sequence[Path]) -> list[PortfolioFile]:
    """All files, measured and with a header that can be used. Raises UnusableFiles, naming every one that cannot be."""
    files: list[PortfolioFile] = []
    unusable: list[UnusableFile] = []
    for path in paths:
        try:
            files.append(open_portfolio_file(path, KINDS))
        except UnusableFile as error:
            unusable.append(error)
    if unusable:
        raise UnusableFiles(unusable)
    return files


def products_of(connection: Connection[Any]) -> Products:
    """Products with approved terms, as intake needs to know them."""
    found: dict[str, Product] = {}
    for each in versions(connection):
        if each.status == "approved":
            terms = each.terms
            earlier = found[terms.product].versions if terms.product in found else ()
            version = ProductVersion(each.first, each.until, terms.cycle.closing_day, terms.shown_digits,
                                     late_closing_days(terms), tuple(row.name for row in terms.interest.segment))
            found[terms.product] = Product(terms.product, terms.kind, CURRENCIES[terms.currency], (*earlier, version))
    return found


def _intake_of(transactions: Transactions, file: PortfolioFile, home: Path) -> Any:
    kind = file.layout.kind
    if kind == "org_units":
        return OrgUnitsIntake()
    if kind == "members":
        return MembersIntake()
    if kind == "cards":
        return CardsIntake(keys_of(home))
    if kind == "cases":
        return CasesIntake()
    if kind == "contacts":
        return ContactsIntake()
    with transactions() as connection:
        if kind == "orders":
            return OrdersIntake(products_of(connection))
        if kind == "accounts":
            return AccountsIntake(products_of(connection), _open_accounts)
        return TransactionsIntake(file.signed, Directory.for_file(connection, file.rows_expected), products_of(connection),
                                  hold_book_days(connection))


def _open_accounts(connection: Connection[Any], accounts: Sequence[TakenOver]) -> None:
    open_migrated_accounts(connection, [Opening(*each) for each in accounts], seal_statements)
    open_lots(connection, accounts)


@contextmanager
def _transactions_of(database: Database, dry_run: bool) -> Iterator[Transactions]:
    """One transaction after another; for a dry run one for everything, undone at the end."""
    if not dry_run:
        yield database.connect
        return
    connection = database.open_connection()
    try:
        yield lambda: nullcontext(connection)
    finally:
        connection.rollback()
        connection.close()


def import_portfolio(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Directories or files of a portfolio.")],
    as_json: AsJson = False, dry_run: DryRun = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Take in a portfolio, file by file; a file that was taken in before posts nothing.

    Rejected rows go to a file in the home's rejects/, with line, column, value and reason; exit code 1 if there are any.

    \b
    cardwright import portfolio/
    cardwright import --dry-run transactions-2023-05.csv.gz
    """
    settings = settings_from(home, database_url, broker_url)
    try:
        with open_book(settings, migrate=True) as database, _bar() as watcher:
            imported = take_in(database, settings.home, paths, dry_run=dry_run, watcher=watcher)
    except UnusableFiles as error:
        for each in error.unusable:
            console.print(f"cardwright: {each}", markup=False)
        console.print("cardwright: nothing was taken in", markup=False)
        raise typer.Exit(Findings.exit_code) from None
    facts = intake_shown.facts(imported.files, [(each.path, each.why) for each in imported.left], imported.book, dry_run)
    print(json.dumps(facts, ensure_ascii=False, sort_keys=True) if as_json else intake_shown.text(facts))
    if any(each["state"] == "taken" and each["rows"]["rejected"] for each in facts["files"]):
        raise typer.Exit(Findings.exit_code)


@contextmanager
def _bar() -> Iterator[Watcher]:
    tasks: dict[Path, Any] = {}
    with progress() as shown:

        def watch(file: PortfolioFile, rows: int) -> None:
            if file.path not in tasks:
                tasks[file.path] = shown.add_task(file.name, total=file.rows_expected)
            shown.update(tasks[file.path], advance=rows)

        yield watch


