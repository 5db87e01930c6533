"""`cardwright products`: terms of products from their files into the books, past a second person, and out again."""

from __future__ import annotations

import getpass
import json
from dataclasses import asdict
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from psycopg import Connection
from rich.console import Console
from rich.table import Table

from accounts.command_line import AsJson, BrokerUrl, DatabaseUrl, DryRun, Home, console, settings_from
from accounts.database import open_book
from accounts.errors import Findings
from fees import schedule
from fees.brochure import Brochure, brochure, brochure_html
from fees.lint import counter_example_names, lint_file, load_schedule, write_counter_examples
from fees.rule_packs.check import Case
from fees.rule_packs.registry import require_lawful
from fees.schedule import NoTermsInForce, UnknownProduct, Version
from fees.supported import require_supported
from fees.terms import Terms

products = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, add_completion=False,
    help="Load, lint, approve, list and show the terms of products.",
    epilog="cardwright products load fees/schedules/classic.toml --as ming",
)


class BrochureFormat(Enum):
    """How the fee table is printed."""

    text = "text"
    html = "html"


class BrochureLanguage(Enum):
    """Language of the fee table."""

    en = "en"
    zh = "zh"


Product = Annotated[str, typer.Argument(metavar="CODE", help="Code of the product.")]
On = Annotated[
    datetime | None,
    typer.Option("--on", formats=["%Y-%m-%d"], metavar="DATE", help="Terms in force on this day.", show_default="today"),
]


@products.command()
def load(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Schedules: TOML, or JSON of the same shape.")],
    who: Annotated[str | None, typer.Option("--as", metavar="WHO", help="Who proposes.", show_default="this user")] = None,
    as_json: AsJson = False,
    dry_run: DryRun = False,
    home: Home = None,
    database_url: DatabaseUrl = None,
    broker_url: BrokerUrl = None,
) -> None:
    """Propose the terms in files, all of them or none; the same terms again change nothing.

    \b
    cardwright products load classic.toml
    cardwright products load schedules/*.toml --as ming
    """
    terms = [load_schedule(path) for path in files]
    for path, each in zip(files, terms, strict=True):
        require_supported(each, str(path))
        require_lawful(Case(each), str(path))
    proposer = who if who is not None else _user()
    with open_book(settings_from(home, database_url, broker_url)) as database, database.connect() as connection:
        proposals = [schedule.propose(connection, each, proposer) for each in terms]
        if dry_run:
            connection.rollback()
    if as_json:
        return _print_json([{"terms_version": each.label, "outcome": each.outcome, "as": proposer, "dry_run": dry_run}
                            for each in proposals])
    words = {"proposed": "proposed; a second person approves it", "replaced": "replaces what was proposed before",
             "already_there": "is there already"}
    for done in proposals:
        console.print(f"{done.label} {words[done.outcome]}{' (dry run: nothing written)' * dry_run}", markup=False)
    return None


@products.command()
def lint(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A schedule: TOML, or JSON of the same shape.")],
    after: Annotated[
        Path | None,
        typer.Option("--after", metavar="FILE", help="The version before it: is there notice of what becomes dearer?"),
    ] = None,
    told_on: Annotated[
        datetime | None,
        typer.Option("--told-on", formats=["%Y-%m-%d"], metavar="DATE", help="The day that holders are told, with --after.",
                     show_default="the earlier version's first day"),
    ] = None,
    counter_example: Annotated[
        Path | None,
        typer.Option("--counter-example", metavar="DIR", help="Write the accounts that show a breach there, for `simulate`."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check a schedule, and by its rule pack the law, without loading it; ends with 1 if it could not be loaded.

    \b
    cardwright products lint classic.toml
    cardwright products lint card.toml --after card-2023.toml --counter-example accounts/
    """
    findings = lint_file(file, None if after is None else load_schedule(after), _day(told_on))
    accounts = counter_example_names(file.stem, findings)
    if counter_example is not None:
        write_counter_examples(counter_example, accounts)
    if as_json:
        _print_json([each.facts(accounts) for each in findings])
    else:
        for each in findings:
            print(f"{each.level}: {each.message}")
            if each.counter_example is not None:
                print(f"  an account that shows it: {each.counter_example.shows}")
    refused = sum(each.level == "refused" for each in findings)
    if accounts and not as_json:
        said = f"{len(accounts)} account{'s' * (len(accounts) > 1)} written to {counter_example}, for `cardwright simulate`"
        console.print(said if counter_example is not None else "--counter-example DIR writes the accounts, for `simulate`",
                      markup=False)
    if refused:
        raise Findings(f"{file} could not be loaded: {refused} finding{'s' * (refused > 1)}")
    if not as_json:
        console.print(f"{file} can be loaded", markup=False)


@products.command()
def approve(
    product: Product,
    who: Annotated[str, typer.Option("--as", metavar="WHO", help="Who approves; not who proposed.")],
    in_force_from: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], metavar="DATE", help="Only the version in force from this day."),
    ] = None,
    as_json: AsJson = False,
    dry_run: DryRun = False,
    home: Home = None,
    database_url: DatabaseUrl = None,
    broker_url: BrokerUrl = None,
) -> None:
    """Approve what is proposed for a product, as a second person; each version ends the one before it.

    \b
    cardwright products approve classic --as lan
    cardwright products approve classic --as lan --from 2024-01-01
    """
    with open_book(settings_from(home, database_url, broker_url)) as database, database.connect() as connection:
        approved = schedule.approve(connection, product, who, _day(in_force_from))
        if dry_run:
            connection.rollback()
    if as_json:
        return _print_json([_facts(each) for each in approved])
    for each in approved:
        console.print(f"{each.terms.label} approved{' (dry run: nothing written)' * dry_run}", markup=False)
    if not approved:
        console.print(f"nothing waits to be approved for {product}", markup=False)
    return None


@products.command("list")
def list_products(
    as_json: AsJson = False, home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """List every version of every product's terms.

    \b
    cardwright products list
    cardwright products list --json
    """
    with open_book(settings_from(home, database_url, broker_url)) as database, database.connect() as connection:
        found = schedule.versions(connection)
    if as_json:
        return _print_json([_facts(each) for each in found])
    table = Table("Product", "Name", "Currency", "In force from", "to", "Status", "Proposed by", "Approved by", box=None)
    for each in found:
        table.add_row(each.terms.product, each.terms.name, each.terms.currency, each.first.isoformat(), _last_day(each) or "",
                      each.status, each.proposed_by, each.approved_by or "")
    _print_table(table)
    return None


@products.command()
def show(
    product: Product,
    on: On = None,
    as_json: AsJson = False,
    home: Home = None,
    database_url: DatabaseUrl = None,
    broker_url: BrokerUrl = None,
) -> None:
    """Show the terms of a product in force on a day, every key with its value, defaults too.

    \b
    cardwright products show classic
    cardwright products show classic --on 2023-06-30 --json
    """
    with open_book(settings_from(home, database_url, broker_url)) as database, database.connect() as connection:
        version = _version(connection, product, _day(on) or _today())
    if as_json:
        return _print_json({**_facts(version), "terms": version.terms.model_dump(mode="json", exclude_none=True)})
    print(f"# {version.terms.label}, {version.status}, proposed by {version.proposed_by}"
          + (f", approved by {version.approved_by}" if version.approved_by else ""))
    for key, value in _flat(version.terms.model_dump(mode="json", exclude_none=True)):
        print(f"{key} = {value}")
    return None


@products.command("brochure")
def print_brochure(
    product: Product,
    on: On = None,
    lang: Annotated[BrochureLanguage, typer.Option("--lang", help="Language.")] = BrochureLanguage.en,
    output: Annotated[BrochureFormat, typer.Option("--format", help="On the screen, or as a page.")] = BrochureFormat.text,
    as_json: AsJson = False,
    home: Home = None,
    database_url: DatabaseUrl = None,
    broker_url: BrokerUrl = None,
) -> None:
    """Print the customer's fee table of a product: every rate and fee with its clause.

    \b
    cardwright products brochure classic
    cardwright products brochure classic --lang zh --format html > classic.html
    """
    with open_book(settings_from(home, database_url, broker_url)) as database, database.connect() as connection:
        version = _version(connection, product, _day(on) or _today())
    made = brochure(version.terms, lang.value)
    if as_json:
        _print_json(asdict(made))
    elif output is BrochureFormat.html:
        print(brochure_html(made), end="")
    else:
        _print_brochure(made)


def _version(connection: Connection[Any], product: str, on: date) -> Version:
    """The version in force on a day; where none is approved for it yet, the first one, approved or proposed."""
    known = schedule.versions(connection, product)
    if not known:
        raise UnknownProduct(product, schedule.products(connection))
    approved = [each for each in known if each.status == "approved"]
    for each in approved:
        if each.first <= on and (each.until is None or on < each.until):
            return each
    if approved:
        raise NoTermsInForce(product, on)
    return known[0]


def _print_brochure(made: Brochure) -> None:
    print(made.title)
    print(made.in_force)
    for section in made.sections:
        table = Table(*made.columns, title=section.heading, title_justify="left", box=None, padding=(0, 2, 0, 0))
        for line in section.lines:
            table.add_row(line.item, line.rule, line.clause)
        print()
        _print_table(table)
    print(f"\n{made.closing_words}")


def _print_table(table: Table) -> None:
    screen = Console(highlight=False, markup=False)
    screen.print(table) if screen.is_terminal else Console(highlight=False, markup=False, width=120).print(table)


def _facts(version: Version) -> dict[str, Any]:
    terms: Terms = version.terms
    return {
        "terms_version": terms.label, "product": terms.product, "name": terms.name, "currency": terms.currency,
        "status": version.status, "in_force_from": version.first.isoformat(),
        "in_force_to": _last_day(version), "sha256": version.sha256.hex(),
        "proposed_by": version.proposed_by, "approved_by": version.approved_by,
    }


def _last_day(version: Version) -> str | None:
    return None if version.until is None else (version.until - timedelta(days=1)).isoformat()


def _flat(table: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Every key of the terms as a path with its value as TOML shows it."""
    found: list[tuple[str, str]] = []
    for key, value in table.items():
        path = prefix + key
        if isinstance(value, dict):
            found += _flat(value, f"{path}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for index, row in enumerate(value):
                found += _flat(row, f"{path}.{row['name']}." if "name" in row else f"{path}[{index}].")
        else:
            found.append((path, json.dumps(value, ensure_ascii=False)))
    return found


def _print_json(facts: Any) -> None:
    print(json.dumps(facts, sort_keys=True, ensure_ascii=False))


def _day(given: datetime | None) -> date | None:
    return None if given is None else given.date()


def _today() -> date:
    return datetime.now().astimezone().date()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
