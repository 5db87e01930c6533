"""`cardwright card`: what staff do to a card itself, and all that is known of it."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer

from accounts.command_line import AsJson, BrokerUrl, DatabaseUrl, DryRun, Home, settings_from
from accounts.database import open_book
from counter import card_changes
from counter.card_told import card_told
from counter.holding import Told
from counter.options import CardCode, Outlet, Reason, Ref, Who, carry_out

card = typer.Typer(help="The life of a card: block, freeze, report, extend, replace, close, show.", no_args_is_help=True,
                   add_completion=False, rich_markup_mode=None)

class Step(StrEnum):
    """Steps in the life of a card that move no money."""

    approve = "approve"
    decline = "decline"
    emboss = "emboss"
    issue = "issue"
    block = "block"
    unblock = "unblock"
    report_lost = "report_lost"
    report_stolen = "report_stolen"
    report_damaged = "report_damaged"
    renew = "renew"
    close = "close"


@card.command("do")
def do(
    code: CardCode,
    step: Annotated[Step, typer.Argument(help="What happens to it.")],
    who: Who, reason: Reason = None, ref: Ref = None, outlet: Outlet = None, as_json: AsJson = False, dry_run: DryRun = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Take a card one step further: approve, issue, block, unblock, report it lost, close …

    \b
    cardwright card do C-17 block --reason suspicion --as lan
    cardwright card do C-17 report_lost --as lan
    """
    carry_out(lambda connection: card_changes.change_state(connection, code, step.value, Told(who, ref, outlet, reason)),
              as_json, dry_run, home, database_url, broker_url)


@card.command("freeze")
def freeze(
    code: CardCode, who: Who, reason: Reason = None, ref: Ref = None, as_json: AsJson = False, dry_run: DryRun = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Freeze a card: no money leaves it until it is unfrozen; refunds still come in.

    \b
    cardwright card freeze P-1001 --reason "holder mislaid it" --as lan
    """
    carry_out(lambda connection: card_changes.freeze(connection, code, True, Told(who, ref, None, reason)),
              as_json, dry_run, home, database_url, broker_url)


@card.command("unfreeze")
def unfreeze(
    code: CardCode, who: Who, reason: Reason = None, ref: Ref = None, as_json: AsJson = False, dry_run: DryRun = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Let a frozen card go again.

    \b
    cardwright card unfreeze P-1001 --as lan
    """
    carry_out(lambda connection: card_changes.freeze(connection, code, False, Told(who, ref, None, reason)),
              as_json, dry_run, home, database_url, broker_url)


@card.command("extend")
def extend(
    code: CardCode, who: Who, reason: Reason = None, ref: Ref = None, outlet: Outlet = None, as_json: AsJson = False,
    dry_run: DryRun = False, home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Lengthen a prepaid card's validity by one step of its terms; its fee comes out of the value.

    \b
    cardwright card extend P-1001 --as lan
    """
    carry_out(lambda connection: card_changes.extend(connection, code, Told(who, ref, outlet, reason)),
              as_json, dry_run, home, database_url, broker_url)


@card.command("replace")
def replace(
    code: CardCode,
    new_card: Annotated[str, typer.Argument(metavar="NEW-CARD", help="Code of the card that takes its place.")],
    who: Who, reason: Reason = None, ref: Ref = None, outlet: Outlet = None, as_json: AsJson = False, dry_run: DryRun = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Put a new card in the place of a lost, stolen, damaged or expired one; the old number is never used again.

    \b
    cardwright card replace P-1001 P-2001 --reason lost --as lan
    """
    carry_out(lambda connection: card_changes.replace_card(connection, code, new_card, Told(who, ref, outlet, reason)),
              as_json, dry_run, home, database_url, broker_url)


@card.command("show")
def show(
    code: CardCode, as_json: AsJson = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Show a card: its state, what it holds lot by lot, and everything that was done with it.

    \b
    cardwright card show P-1001
    """
    with open_book(settings_from(home, database_url, broker_url)) as database, database.connect() as connection:
        facts = card_told(connection, code)
        connection.rollback()
    if as_json:
        print(json.dumps(facts, ensure_ascii=False, sort_keys=True))
        return
    frozen = ", frozen" if facts["frozen"] else ""
    ends = f", until {facts['expires_on']}" if facts["expires_on"] else ""
    print(f"{facts['card']} of account {facts['account']} ({facts['product']}): {facts['status']}{frozen}{ends}")
    for each in facts.get("lots", ()):
        ends = f" until {each['expires_on']}" if each["expires_on"] else ""
        print(f"  {each['remaining']} of {each['original']} {each['purse']} from {each['source']}, {each['funder']}{ends}")
    if "value" in facts:
        print(f"  holds {facts['value']} {facts['currency']}, {facts['spendable']} can be spent")
    for each in facts["events"]:
        why = f" ({each['reason']})" if each["reason"] else ""
        amounts = ", ".join(f"{one['type']} {one['amount']}" for one in each["postings"])
        print(f"  {each['on']} {each['command']} by {each['told_by']}{why}: {each['status']}{'; ' * bool(amounts)}{amounts}")
