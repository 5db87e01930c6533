"""`cardwright dispute`: opens, decides and lists what holders dispute."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any

import typer

from accounts.command_line import AsJson, BrokerUrl, DatabaseUrl, DryRun, Home, settings_from
from accounts.database import open_book
from billing.disputes import FOR_HOLDER, FOR_ISSUER
from billing.disputing import Told, decide_dispute, list_disputes, open_dispute
from statements.seal import seal_statements

dispute = typer.Typer(help="What holders dispute: open, decide, list.", no_args_is_help=True, add_completion=False,
                      rich_markup_mode=None)

Account = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Code of the account, as in accounts.csv.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept.")]
Who = Annotated[str, typer.Option("--as", metavar="WHO", help="Who writes it down.")]


class DecidedFor(StrEnum):
    """Who was right."""

    HOLDER = "holder"
    ISSUER = "issuer"


class CreditedAs(StrEnum):
    """Who bears what is credited: the merchant, or the issuer."""

    CHARGEBACK = "chargeback"
    ADJUSTMENT_CREDIT = "adjustment_credit"


@dispute.command("open")
def open_(
    account: Account,
    debit: Annotated[str, typer.Argument(
        metavar="DEBIT", help="Reference of the transaction, or the day it posted and its amount: 2024-05-06/49.90.")],
    reason: Reason,
    who: Who,
    amount: Annotated[str | None, typer.Option(
        "--amount", metavar="AMOUNT", show_default=False, help="The part that is disputed [all of it].")] = None,
    as_json: AsJson = False, dry_run: DryRun = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Note that the holder disputes a debit, from the open business day on: it bears nothing and is not asked for.

    \b
    cardwright dispute open A1 R17 --reason "never arrived" --as lan
    cardwright dispute open A1 2024-05-06/49.90 --amount 20.00 --reason "charged twice" --as lan
    """
    with open_book(settings_from(home, database_url, broker_url)) as database, database.connect() as connection:
        facts = open_dispute(connection, account, debit, amount, Told(who, reason))
        if dry_run:
            connection.rollback()
    _tell(facts, f"{_named(facts)} is disputed from {facts['opened_on']} on: {facts['reason']}", as_json, dry_run)


@dispute.command("decide")
def decide(
    account: Account,
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="Of the dispute, as `list` shows it.")],
    decided_for: Annotated[DecidedFor, typer.Option("--for", help="Who is right.")],
    reason: Reason,
    who: Who,
    credited_as: Annotated[CreditedAs | None, typer.Option(
        "--credited-as", show_default=False,
        help="For the holder: returned to the merchant [chargeback] or borne by the issuer.")] = None,
    as_json: AsJson = False, dry_run: DryRun = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Decide a dispute on the open business day; what it changes in closed cycles is corrected with it.

    For the holder it is credited, and all that was charged because of it is given back; for the issuer it is owed again.

    \b
    cardwright dispute decide A1 1 --for holder --reason "merchant did not answer" --as wei
    cardwright dispute decide A1 1 --for issuer --reason "signed slip" --as wei
    """
    outcome = FOR_HOLDER if decided_for is DecidedFor.HOLDER else FOR_ISSUER
    with open_book(settings_from(home, database_url, broker_url)) as database, database.connect() as connection:
        facts = decide_dispute(connection, account, number, outcome, None if credited_as is None else credited_as.value,
                               Told(who, reason), seal_statements)
        if dry_run:
            connection.rollback()
    _tell(facts, f"{_named(facts)}: {_decided(facts)}, {facts['charges_corrected']} charges corrected", as_json, dry_run)


@dispute.command("list")
def list_(
    account: Account,
    as_json: AsJson = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """What an account disputes and disputed.

    \b
    cardwright dispute list A1
    """
    with open_book(settings_from(home, database_url, broker_url)) as database, database.connect() as connection:
        found = list_disputes(connection, account)
    if as_json:
        print(json.dumps({"account": account, "disputes": found}, ensure_ascii=False, sort_keys=True))
        return
    if not found:
        print(f"account {account} disputes nothing")
    for each in found:
        state = "open" if each["outcome"] is None else _decided(each)
        print(f"{_named(each)}, since {each['opened_on']} ({each['reason']}): {state}")


def _named(facts: dict[str, Any]) -> str:
    debit = facts["debit"]
    what = debit["reference"] or f"{debit['posted_on']}/{debit['amount']}"
    return f"dispute {facts['dispute']} of {facts['account']}: {facts['amount']} {facts['currency']} of {debit['type']} {what}"


def _decided(facts: dict[str, Any]) -> str:
    credited = "" if facts["credited_as"] is None else f", credited as {facts['credited_as']}"
    return f"decided {facts['outcome'].replace('_', ' the ')} on {facts['decided_on']} ({facts['decision_reason']}){credited}"


def _tell(facts: dict[str, Any], line: str, as_json: bool, dry_run: bool) -> None:
    if as_json:
        print(json.dumps({**facts, "dry_run": dry_run}, ensure_ascii=False, sort_keys=True))
    else:
        print(f"{line}{' (dry run: nothing written)' if dry_run else ''}")
