"""What the commands of the counter have in common: their options, and one transaction each."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any

import typer
from psycopg import Connection

from accounts.command_line import settings_from
from accounts.database import open_book

CardCode = Annotated[str, typer.Argument(metavar="CARD", help="Code of the card, as in cards.csv.")]
Amount = Annotated[str, typer.Argument(metavar="AMOUNT", help="In major units: 49.90.")]
Source = Annotated[str, typer.Option("--from", metavar="SOURCE", help="What it is paid with: bank_transfer, cash …")]
Who = Annotated[str, typer.Option("--as", metavar="WHO", help="Who does it; kept.")]
Ref = Annotated[str | None, typer.Option("--ref", metavar="REF", show_default=False,
                                         help="Your own reference: sent again, the same reply and nothing more.")]
Outlet = Annotated[str | None, typer.Option("--outlet", metavar="CODE", show_default=False, help="Where.")]
Reason = Annotated[str | None, typer.Option("--reason", metavar="TEXT", show_default=False, help="Why; kept.")]


def carry_out(command: Callable[[Connection[Any]], dict[str, Any]], as_json: bool, dry_run: bool, home: Any,
              database_url: Any, broker_url: Any) -> None:
    """One command is one transaction; tells the reply."""
    with open_book(settings_from(home, database_url, broker_url)) as database, database.connect() as connection:
        reply = command(connection)
        if dry_run:
            connection.rollback()
    if as_json:
        print(json.dumps({**reply, "dry_run": dry_run}, ensure_ascii=False, sort_keys=True))
        return
    amounts = ", ".join(f"{each['type']} {each['amount']}" for each in reply["postings"])
    holds = f"; holds {reply['value']}, {reply['spendable']} can be spent" if "value" in reply else ""
    print(f"{reply['card']}: {reply['command']} on {reply['on']}, {reply['status']}{'; ' * bool(amounts)}{amounts}{holds}"
          f"{' (dry run: nothing written)' * dry_run}")
