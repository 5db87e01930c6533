"""The commands of this room: `cardwright instalment` makes an instalment plan, or settles one."""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated, Any

import typer
from psycopg import Connection

from accounts.command_line import AsJson, BrokerUrl, DatabaseUrl, DryRun, Home, console, settings_from
from accounts.database import open_book
from accounts.directory import UnknownAccount
from accounts.errors import Trouble, Usage
from accounts.money import BadAmount, minor_units
from billing.instalment_plans import PlanAccount, PlanMade, make_plan, settle_plan
from billing.instalments import NotConvertible

_ACCOUNT = """
SELECT a.member_id, a.account_id, a.product, a.closing_day, c.digits, a.status
FROM account_directory d
JOIN card_account a ON a.member_id = d.member_id AND a.account_id = d.account_id
JOIN currency c ON c.currency = a.currency WHERE d.account = %s
"""
#: One at a time makes plans of an account.
_HOLD = "SELECT 1 FROM guarded_balance WHERE member_id = %s AND account_id = %s FOR UPDATE"
_BOOK = "SELECT open_on, closed_through, open_on - 1 > coalesce(closed_through, first_on - 1) FROM book FOR SHARE"


class DayInHand(Trouble):
    """A business day that is being run: what it bills is not known yet."""


def instalment(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Code of the account, as in accounts.csv.")],
    of: Annotated[
        str | None,
        typer.Option("--of", metavar="REF", show_default=False,
                     help="Reference of a purchase, the last closing date, or new_balance; with --settle a plan number too."),
    ] = None,
    parts: Annotated[int | None, typer.Option("--parts", metavar="N", show_default=False, help="How many parts.")] = None,
    amount: Annotated[
        str | None,
        typer.Option("--amount", show_default=False, help="Less than all of it; without --of what was bought in instalments."),
    ] = None,
    settle: Annotated[bool, typer.Option("--settle", help="Bill all that is left of a plan now.")] = False,
    as_json: AsJson = False,
    dry_run: DryRun = False,
    home: Home = None,
    database_url: DatabaseUrl = None,
    broker_url: BrokerUrl = None,
) -> None:
    """Make an instalment plan of a purchase or of the last statement's balance, or settle one early.

    It counts from the open business day; parts fall due at the closings after it.

    \b
    cardwright instalment A1 --of R17 --parts 12
    cardwright instalment A1 --of new_balance --parts 6 --amount 3000.00
    cardwright instalment A1 --of R17 --settle
    """
    if settle and (of is None or parts is not None or amount is not None):
        raise Usage("--settle takes --of and nothing else: all that is left of that plan is billed")
    if not settle and (parts is None or (of is None and amount is None)):
        raise Usage("a plan needs --parts, and --of (what it is made from) or --amount (what was bought in instalments)")
    with open_book(settings_from(home, database_url, broker_url)) as database, database.connect() as connection:
        found = connection.execute(_ACCOUNT, (account,)).fetchone()
        if found is None:
            raise UnknownAccount(account)
        if found[5] in ("closed", "charged_off"):
            raise NotConvertible(f"account {account} is {found[5].replace('_', ' ')}: no plan is made or settled for it")
        on, digits, plan_account = _open_day(connection), found[4], PlanAccount(*found[:4])
        connection.execute(_HOLD, plan_account.key)
        if settle:
            made = settle_plan(connection, plan_account, on, str(of))
        else:
            made = make_plan(connection, plan_account, on, int(parts or 0), of, _minor(amount, digits))
        if dry_run:
            connection.rollback()
    facts = {**_facts(made), "account": account, "on": on.isoformat(), "settled": settle, "dry_run": dry_run}
    if as_json:
        print(json.dumps(facts, sort_keys=True, ensure_ascii=False))
        return
    console.print(_told(facts), markup=False)


def _open_day(connection: Connection[Any]) -> date:
    """The business day that is open; it stays so until this transaction ends."""
    row = connection.execute(_BOOK).fetchone()
    if row is None or row[0] is None:
        raise Usage("the books have no business day yet; import a portfolio first (`cardwright import PATH`)")
    on: date = row[0]
    if row[2]:
        raise DayInHand(f"the business day before {on} is not closed yet; run it (`cardwright run --until`), then try again")
    return on


def _minor(amount: str | None, digits: int) -> int | None:
    if amount is None:
        return None
    try:
        return minor_units(amount, digits)
    except BadAmount as wrong:
        raise Usage(f"--amount: {wrong}") from None


def _facts(made: PlanMade) -> dict[str, Any]:
    text = made.version.terms.text
    return {"plan": made.plan_no, "of": made.of, "amount": text(made.amount), "parts": [text(part) for part in made.parts],
            "fee": None if made.fee is None else text(made.fee), "terms_version": made.version.terms.label}


def _told(facts: dict[str, Any]) -> str:
    written = " (dry run: nothing written)" if facts["dry_run"] else ""
    of = f" of {facts['of']}" if facts["of"] else ""
    if facts["settled"]:
        return f"plan {facts['plan']}{of} settled on {facts['on']}: {facts['parts'][0]}, fee {facts['fee']}{written}"
    first, *_, last = facts["parts"]
    fee = f"fee {facts['fee']} on each" if facts["fee"] is not None else "interest on what is left with each"
    return (f"plan {facts['plan']}{of} made on {facts['on']}: {facts['amount']} in {len(facts['parts'])} parts, first {first}, "
            f"last {last}, {fee}{written}")
