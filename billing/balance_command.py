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
from accounts.intake.account_rules import NO_CREDIT_LIMIT
from accounts.money import major_units
from billing.account_balance import AccountBalance, account_balance
from billing.terms_book import TermsBook
from fees.terms import Terms


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
        found = account_balance(connection, account, as_of.date() if as_of else None)
        version = TermsBook(connection).on(found.product, found.as_of)
    facts = _facts(found, None if version is None else version.terms)
    if as_json:
        print(json.dumps(facts, sort_keys=True, ensure_ascii=False))
        return
    _show(facts)


def _facts(found: AccountBalance, terms: Terms | None) -> dict[str, Any]:
    """Amounts in major units, as the terms of the day show them; `credit_limit` and `open_to_buy` are null for an account
    without a limit."""
    limited, latest = found.credit_limit < NO_CREDIT_LIMIT, found.statement

    def text(minor: int) -> str:
        return major_units(minor, found.digits) if terms is None else terms.text(minor)

    return {
        "account": found.account, "product": found.product, "status": found.status, "currency": found.currency,
        "as_of": found.as_of.isoformat(), "balance": text(found.balance), "holds": text(found.holds),
        "credit_limit": text(found.credit_limit) if limited else None,
        "open_to_buy": text(found.open_to_buy) if limited else None,
        "statement": None if latest is None else {
            "closes_on": latest.closes_on.isoformat(), "due_on": latest.due_on.isoformat(),
            "new_balance": text(latest.new_balance), "minimum_payment_due": text(latest.minimum_payment_due)},
    }


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
