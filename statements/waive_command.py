"""The command `waive`: gives a charge back, or agrees that a kind of charge is not borne for a while."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer

from accounts.command_line import AsJson, BrokerUrl, DatabaseUrl, DryRun, Home, settings_from
from accounts.database import open_book
from accounts.errors import Usage
from statements.waiving import Decision, agree_standing_waiver, waive

_DATE = {"formats": ["%Y-%m-%d"], "metavar": "DATE", "show_default": False}


def waive_charge(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Code of the account, as in accounts.csv.")],
    charge: Annotated[str, typer.Argument(
        metavar="CHARGE", help="The charge, as `explain` names it; with --from a fee's name, like annual.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; the holder reads it.")],
    who: Annotated[str, typer.Option("--as", metavar="WHO", help="Who waives.")],
    approved_by: Annotated[str, typer.Option("--approved-by", metavar="WHO", help="Who approves; not who waives.")],
    percent: Annotated[str | None, typer.Option(
        "--percent", metavar="SHARE", show_default=False, help='Share of the charge, like "0.5" [all that is left].')] = None,
    from_on: Annotated[datetime | None, typer.Option(
        "--from", help="Waive every such fee as it is charged, from this day on.", **_DATE)] = None,
    until_on: Annotated[datetime | None, typer.Option("--until", help="Last day of it [no end].", **_DATE)] = None,
    as_json: AsJson = False, dry_run: DryRun = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Waive a charge: a line of its own on the open business day, with the reason and who approved it.

    \b
    cardwright waive A1 2024-05-06.late_payment --reason goodwill --as lan --approved-by wei
    cardwright waive A1 2024-05-06.annual --percent 0.5 --reason "half a year" --as lan --approved-by wei
    cardwright waive A1 annual --from 2024-01-01 --until 2024-12-31 --reason campaign --as lan --approved-by wei
    """
    decision, share = Decision(reason, who, approved_by), None if percent is None else _share(percent)
    if until_on is not None and from_on is None:
        raise Usage("--until without --from; a charge that was made is waived once")
    with open_book(settings_from(home, database_url, broker_url)) as database, database.connect() as connection:
        if from_on is None:
            facts = waive(connection, account, charge, share, decision)
        else:
            facts = agree_standing_waiver(connection, account, charge, from_on.date(),
                                          None if until_on is None else until_on.date(), share, decision)
        if dry_run:
            connection.rollback()
    print(json.dumps({**facts, "dry_run": dry_run}, ensure_ascii=False, sort_keys=True) if as_json else _shown(facts, dry_run))


def _share(text: str) -> Decimal:
    try:
        share = Decimal(text)
    except InvalidOperation:
        share = Decimal(0)
    if not 0 < share <= 1 or not share.is_finite():
        raise Usage(f'--percent {text!r} is not a share; write "0.5" for half of the charge, at most "1"')
    return share


def _shown(facts: dict[str, Any], dry_run: bool) -> str:
    nothing = " (dry run: nothing written)" if dry_run else ""
    if "charge" in facts:
        return (f"{facts['amount']} {facts['currency']} of {facts['charge']} waived, posts on {facts['posts_on']}: "
                f"{facts['reason']}, approved by {facts['approved_by']}{nothing}")
    until = f" to {facts['until']}" if facts["until"] else " on"
    return (f"{facts['kind']} of account {facts['account']} waived from {facts['from']}{until}: {facts['reason']}, "
            f"approved by {facts['approved_by']}{nothing}")
