"""`cardwright api-key`: keys of tills and partners to the HTTP API."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from accounts.command_line import AsJson, BrokerUrl, DatabaseUrl, DryRun, Home, settings_from
from accounts.database import open_book
from counter.options import Who
from web.api import keys

api_key = typer.Typer(help="Keys of tills and partners to the HTTP API.", no_args_is_help=True, add_completion=False,
                      rich_markup_mode=None)
Partner = Annotated[str, typer.Argument(metavar="PARTNER", help="Whose key it is: an outlet's or a partner's name.")]


@api_key.command("issue")
def issue(
    partner: Partner, who: Who,
    scope: Annotated[list[str], typer.Option("--scope", metavar="SCOPE", help=f"Any of {', '.join(keys.SCOPES)}; repeat it.")],
    org_unit: Annotated[str | None, typer.Option("--org-unit", metavar="CODE", show_default=False,
                                                 help="Where it stands; it reads what that unit keeps [all].")] = None,
    days: Annotated[int | None, typer.Option("--days", min=1, metavar="N", show_default=False,
                                             help="It ends after so many days [never].")] = None,
    as_json: AsJson = False, dry_run: DryRun = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Issue a key. Its secret is printed this once; the books have its hash.

    \b
    cardwright api-key issue till-1 --org-unit pudong --scope spend --scope authorise --as wei
    """
    now = datetime.now(UTC)
    ends_at = None if days is None else now + timedelta(days=days)
    with open_book(settings_from(home, database_url, broker_url)) as database, database.connect() as connection:
        number, secret = keys.issue(connection, partner, scope, org_unit, who, now, ends_at)
        if dry_run:
            connection.rollback()
    _tell(partner, number, secret, as_json, dry_run)


@api_key.command("rotate")
def rotate(
    partner: Partner, who: Who,
    overlap_days: Annotated[int, typer.Option("--overlap-days", min=0, metavar="N",
                                              help="The keys before stay good for so long.")] = keys.OVERLAP.days,
    as_json: AsJson = False, dry_run: DryRun = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Issue a new key like the newest one; those before end after an overlap.

    \b
    cardwright api-key rotate till-1 --as wei
    """
    with open_book(settings_from(home, database_url, broker_url)) as database, database.connect() as connection:
        number, secret = keys.rotate(connection, partner, who, datetime.now(UTC), timedelta(days=overlap_days))
        if dry_run:
            connection.rollback()
    _tell(partner, number, secret, as_json, dry_run)


@api_key.command("revoke")
def revoke(
    partner: Partner, who: Who,
    key: Annotated[int | None, typer.Option("--key", metavar="N", show_default=False, help="One of its keys [all].")] = None,
    as_json: AsJson = False, dry_run: DryRun = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """End a partner's keys at once.

    \b
    cardwright api-key revoke till-1 --as wei
    """
    with open_book(settings_from(home, database_url, broker_url)) as database, database.connect() as connection:
        ended = keys.revoke(connection, partner, key, who, datetime.now(UTC))
        if dry_run:
            connection.rollback()
    if as_json:
        print(json.dumps({"partner": partner, "ended": ended, "dry_run": dry_run}, sort_keys=True))
        return
    print(f"{partner}: {ended} key{'s' * (ended != 1)} ended{' (dry run: nothing written)' * dry_run}")


@api_key.command("list")
def list_keys(
    as_json: AsJson = False, home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """List every key that was issued, without its secret.

    \b
    cardwright api-key list
    """
    with open_book(settings_from(home, database_url, broker_url)) as database, database.connect() as connection:
        rows = [{name: _plain(value) for name, value in row.items()} for row in keys.listed(connection)]
    if as_json:
        print(json.dumps(rows, sort_keys=True))
        return
    table = Table(box=SIMPLE, pad_edge=False)
    rows = [row | {"scopes": " ".join(row["scopes"])} for row in rows]
    names = ("key", "partner", "org_unit", "scopes", "issued_by", "issued_at", "ends_at", "revoked_by")
    for name in names:
        table.add_column(name.replace("_", " "))
    for row in rows:
        table.add_row(*("" if row[name] is None else str(row[name]) for name in names))
    Console(file=sys.stdout, highlight=False).print(table)


def _plain(value: Any) -> Any:
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value


def _tell(partner: str, number: int, secret: str, as_json: bool, dry_run: bool) -> None:
    shown = None if dry_run else secret
    if as_json:
        print(json.dumps({"partner": partner, "key": number, "secret": shown, "dry_run": dry_run}, sort_keys=True))
        return
    if dry_run:
        print("nothing written (dry run)")
        return
    print(f"{secret}\nkey {number} of {partner}; the secret is not kept, note it now")
