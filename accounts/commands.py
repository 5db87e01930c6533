"""`cardwright init`: the edge of this room."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Annotated

import typer

from accounts.command_line import AsJson, BrokerUrl, DatabaseUrl, DryRun, Home, console, settings_from
from accounts.database import SchemaMissing, SchemaOld, open_book, shown_url
from accounts.first_day import set_first_day
from accounts.migration import SCHEMA
from accounts.settings import Settings


def init(
    first_day: Annotated[
        datetime | None,
        typer.Option("--first-day", formats=["%Y-%m-%d"], metavar="DATE",
                     help="The book's first business day, before anything is in it."),
    ] = None,
    as_json: AsJson = False,
    dry_run: DryRun = False,
    home: Home = None,
    database_url: DatabaseUrl = None,
    broker_url: BrokerUrl = None,
) -> None:
    """Create or migrate the schema; a book that is up to date is left as it is.

    \b
    cardwright init
    cardwright init --home books/taiwan --first-day 2005-05-01
    """
    settings = settings_from(home, database_url, broker_url)
    first_on = None if first_day is None else first_day.date()
    facts = _would_do(settings, first_on) if dry_run else _make(settings, first_on)
    if as_json:
        print(json.dumps(facts, sort_keys=True))
    else:
        begins = f"; first business day {facts['first_on']}" if facts["first_on"] else ""
        console.print(f"{facts['database']}: schema {facts['schema']} {facts['outcome']}{begins}", markup=False)


def _make(settings: Settings, first_on: date | None) -> dict[str, str | None]:
    with open_book(settings, migrate=True) as database, database.connect() as connection:
        if first_on is not None:
            set_first_day(connection, first_on)
        row = connection.execute("SELECT first_on FROM book").fetchone()
        begins_on = row[0] if row is not None else None
        return _facts(shown_url(database.url), "made" if database.migrated else "is up to date", begins_on)


def _would_do(settings: Settings, first_on: date | None) -> dict[str, str | None]:
    try:
        with open_book(settings) as database:
            if first_on is not None:
                connection = database.open_connection()
                with connection.transaction(force_rollback=True):
                    set_first_day(connection, first_on)
                connection.close()
            return _facts(shown_url(database.url), "is up to date", first_on)
    except (SchemaMissing, SchemaOld):
        where = shown_url(settings.database_url) if settings.database_url else f"embedded database in {settings.home}"
        return _facts(where, "would be made", first_on)


def _facts(where: str, outcome: str, first_on: date | None) -> dict[str, str | None]:
    return {
        "database": where, "schema": SCHEMA, "outcome": outcome,
        "first_on": None if first_on is None else first_on.isoformat(),
    }
