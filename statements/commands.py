"""The commands of this room: statement, explain, simulate, schema; verify comes from its own file."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from accounts.command_line import AsJson, BrokerUrl, DatabaseUrl, DryRun, Home, console, settings_from
from accounts.database import open_book
from accounts.errors import Usage
from accounts.money import BadAmount
from statements.compose import compose, to_json
from statements.documents import StatementFormat, document_bytes, file_name, lines_bytes, ofx_bytes, write_whole
from statements.facts import StatementFacts
from statements.issued import account_facts, statement_facts
from statements.verify_command import verify
from statements.wording import Language, language_of

__all__ = ["explain", "schema", "simulate", "statement", "verify"]

_DATE = {"formats": ["%Y-%m-%d"], "metavar": "DATE", "show_default": False}

Account = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Code of the account, as in accounts.csv.")]
Closing = Annotated[datetime | None, typer.Option("--closing", help="Closing date [the latest].", **_DATE)]
Lang = Annotated[
    str | None, typer.Option("--lang", metavar="en|zh", show_default=False, help="English or 中文 [the member's].")
]


def statement(
    account: Account,
    closing: Closing = None,
    every: Annotated[bool, typer.Option("--all", help="Every statement that was issued to the account.")] = False,
    form: Annotated[StatementFormat, typer.Option("--format")] = StatementFormat.JSON,
    out: Annotated[
        Path | None,
        typer.Option("--out", show_default=False, help="File to write; with --all and pdf or html a folder; - is stdout "
                     "[stdout; of a PDF, and with --all of HTML, the documents folder of the home]."),
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="The open cycle as if it closed today, marked DRAFT.")] = False,
    corrected: Annotated[
        bool, typer.Option("--corrected", help="As it would have been with late events known in time, after a rebilling; with "
                           "--preview as the next rebilling would have it.")
    ] = False,
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", help="Day of the preview [the last business day done]; with --corrected, the "
                                      "last day whose rebillings count.", **_DATE)
    ] = None,
    lang: Lang = None,
    as_json: AsJson = False,
    dry_run: DryRun = False,
    home: Home = None,
    database_url: DatabaseUrl = None,
    broker_url: BrokerUrl = None,
) -> None:
    """Show issued statements, corrected ones, or a preview of the open cycle marked DRAFT.

    \b
    cardwright statement A1 --closing 2023-05-05
    cardwright statement A1 --closing 2023-05-05 --corrected --format pdf
    cardwright statement A1 --all --format pdf --out statements/
    cardwright statement A1 --all --format ofx --out A1.ofx
    """
    form = StatementFormat.JSON if as_json else form
    _check(every, closing is not None, form, preview, corrected, as_of is not None)
    language = language_asked(lang)
    settings = settings_from(home, database_url, broker_url)
    with open_book(settings) as database, database.connect() as connection:
        if corrected:
            from statements.corrected import corrected_facts

            found: Sequence[StatementFacts] = corrected_facts(
                connection, account, _day(closing), every=every, as_of=_day(as_of), preview=preview)
        elif preview:
            from statements.preview import preview_facts

            found = [preview_facts(connection, account, _day(as_of))]
        else:
            found = account_facts(connection, account) if every else [statement_facts(connection, account, _day(closing))]
    _deliver(found, every, form, out, settings.home / "documents", language, dry_run)


def explain(
    account: Account,
    closing: Closing = None,
    charge: Annotated[
        str | None, typer.Option("--charge", metavar="ID", show_default=False, help="One charge, by its id on the statement.")
    ] = None,
    why_not: Annotated[
        list[str] | None,
        typer.Option("--why-not", metavar="KIND", show_default=False,
                     help="Why there is no such charge: late_payment, annual, joining, interest, interest.over_limit …"),
    ] = None,
    lang: Lang = None,
    as_json: AsJson = False,
    home: Home = None,
    database_url: DatabaseUrl = None,
    broker_url: BrokerUrl = None,
) -> None:
    """Explain every charge on a statement down to its days, balances, rate, rounding and clause.

    \b
    cardwright explain A1 --closing 2023-05-05
    cardwright explain A1 --closing 2023-05-05 --why-not late_payment
    """
    from statements.explain import explain as explained
    from statements.explain import explanation_lines
    from statements.history import read_history

    language = language_asked(lang)
    settings = settings_from(home, database_url, broker_url)
    with open_book(settings) as database, database.connect() as connection:
        history = read_history(connection, account, _day(closing))
    language = language or language_of(history.facts.letterhead.language)
    explanation = explained(history, language, charge, why_not or ())
    if as_json:
        _print(explanation)
        return
    for line in explanation_lines(explanation, history.facts.currency):
        print(line)


def simulate(
    scenario: Annotated[Path, typer.Argument(metavar="SCENARIO", help="A scenario file; docs/reference/scenario.md.")],
    as_json: AsJson = True,
) -> None:
    """Bill one account from a file; nothing is stored and no database is needed. Prints statements and state as JSON.

    \b
    cardwright simulate scenario.toml
    """
    from billing.scenario import Scenario
    from billing.simulation import simulate as run_scenario
    from statements.seal import seal_statements
    from statements.simulated import simulated_document

    told = Scenario.from_toml(scenario)
    try:
        simulated = run_scenario(told, seal_statements)
    except BadAmount as error:
        raise Usage(f"{scenario}: {error}") from None
    _print(simulated_document(simulated))


def schema(
    name: Annotated[str, typer.Argument(metavar="NAME", help="terms, scenario, statement, explanation, rebilling, org_units, "
                                        "members, accounts, cards, transactions, cases, contacts, orders.")],
    as_json: AsJson = True,
) -> None:
    """Print the JSON Schema of a file or a document.

    \b
    cardwright schema statement
    """
    from statements.schema import json_schema

    _print(json_schema(name))


def _check(every: bool, closing: bool, form: StatementFormat, preview: bool, corrected: bool, as_of: bool) -> None:
    """Raises Usage where two options do not go together."""
    if every and (closing or (preview and not corrected)):
        raise Usage("--all gives every issued statement; leave --closing and --preview out")
    if form is StatementFormat.OFX and (preview or corrected):
        raise Usage("OFX is for issued statements, into which corrections come as lines of their own; "
                    "leave --preview and --corrected out")
    if as_of and corrected and preview:
        raise Usage("--corrected --preview shows what the next rebilling would correct; leave --as-of out")
    if as_of and not (preview or corrected):
        raise Usage("--as-of is the day of a preview; add --preview, or name an issued statement with --closing")
    if preview and closing and not corrected:
        raise Usage("--preview shows the open cycle and --closing an issued statement; give one (--as-of dates a preview)")


def _deliver(found: Sequence[StatementFacts], every: bool, form: StatementFormat, out: Path | None, documents: Path,
             language: Language | None, dry_run: bool) -> None:
    """Print what can be printed and write the rest; one file a statement where a page is a whole file of its own."""
    of_pages = form in (StatementFormat.PDF, StatementFormat.HTML)
    if out is None and (form is StatementFormat.PDF or (form is StatementFormat.HTML and every)):
        out = documents
        targets = [out / file_name(facts, form) for facts in found]
    elif out is None or str(out) == "-":
        if of_pages and every:
            raise Usage(f"several {form.value} documents do not fit on stdout; name a folder with --out")
        sys.stdout.buffer.write(_bytes(found, every, form, language))
        return
    elif of_pages and (every or out.is_dir()):
        targets = [out / file_name(facts, form) for facts in found]
    else:
        targets = [out / file_name(found[0], form) if out.is_dir() else out]
    for index, path in enumerate(targets):
        content = document_bytes(found[index], form, language) if of_pages else _bytes(found, every, form, language)
        if dry_run:
            console.print(f"would write {path} ({len(content):,} bytes)", markup=False)
            continue
        write_whole(path, content)
        print(path)


def _bytes(found: Sequence[StatementFacts], every: bool, form: StatementFormat, language: Language | None) -> bytes:
    if form is StatementFormat.CSV:
        return lines_bytes(found)
    if form is StatementFormat.OFX:
        return ofx_bytes(found, language)
    return to_json([compose(facts) for facts in found]) if every else document_bytes(found[0], form, language)


def _print(document: Any) -> None:
    sys.stdout.buffer.write(to_json(document))
    sys.stdout.flush()


def _day(given: datetime | None) -> date | None:
    return None if given is None else given.date()


def language_asked(given: str | None) -> Language | None:
    """The language that --lang asks for; None for the member's. Raises Usage for one that statements do not have."""
    if given is None:
        return None
    if given.lower().partition("-")[0].partition("_")[0] not in ("en", "zh"):
        raise Usage(f"--lang {given} is not a language of statements; there are en and zh")
    return language_of(given)
