"""`cardwright balance`: what an account owes and may still spend."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from accounts.command_line import AsJson, BrokerUrl, DatabaseUrl, Home, settings_from
from accounts.database import open_book
from billing.account_balance import account_balance, balance_facts


def balance(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Code of the account, as in accounts.csv.")],
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], metavar="DATE", show_default=False,
                                      help="At the end of this business day [the last one opened]."),
    ] = None,
    as_json: AsJson = False,
    home: Home = None,
    database_url: DatabaseUrl = None,
    broker_url: BrokerUrl = None,
) -> None:
    """What an account owes, what it may still spend, and what its latest statement asks for.

    \b
    cardwright balance A1
    cardwright balance A1 --as-of 2024-05-31 --json
    """
    with open_book(settings_from(home, database_url, broker_url)) as database, database.connect() as connection:
        facts = balance_facts(connection, account_balance(connection, account, as_of.date() if as_of else None))
    if as_json:
        print(json.dumps(facts, sort_keys=True, ensure_ascii=False))
        return
    _show(facts)


def _show(facts: dict[str, Any]) -> None:
    table = Table(box=SIMPLE, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column(justify="right", no_wrap=True)
    for name in ("balance", "holds", "credit_limit", "open_to_buy"):
        table.add_row(name.replace("_", " "), "none" if facts[name] is None else f"{facts[name]} {facts['currency']}")
    if latest := facts["statement"]:
        table.add_row(f"statement of {latest['closes_on']}", f"{latest['new_balance']} {facts['currency']}")
        table.add_row(f"minimum payment, due {latest['due_on']}", f"{latest['minimum_payment_due']} {facts['currency']}")
    out = Console(file=sys.stdout, highlight=False)
    out.print(f"{facts['account']} ({facts['product']}, {facts['status']}), end of {facts['as_of']}", markup=False)
    out.print(table)
