"""`cardwright account-event`: what is agreed or decided about an account, by two people."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, Any

import typer

from accounts.command_line import AsJson, BrokerUrl, DatabaseUrl, DryRun, Home, settings_from
from accounts.database import open_book
from accounts.directory import find_account
from accounts.errors import Usage
from billing.account_events import Decision, record_account_event
from billing.arrangements import LASTING, Arrangement, Kind


class EventKind(StrEnum):
    """What may be agreed or decided."""

    re_age = "re_age"
    hardship = "hardship"
    payment_holiday = "payment_holiday"
    charge_off = "charge_off"


def account_event(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Code of the account, as in accounts.csv.")],
    kind: Annotated[EventKind, typer.Argument(help="What is agreed or decided.")],
    from_on: Annotated[str, typer.Option("--from", metavar="DATE", help="The day it begins on: one that is not closed.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept.")],
    who: Annotated[str, typer.Option("--as", metavar="WHO", help="Who proposes it.")],
    until: Annotated[
        str | None, typer.Option("--until", metavar="DATE", show_default=False, help="Last day of hardship or of a holiday."),
    ] = None,
    rate: Annotated[
        str | None, typer.Option("--rate", metavar="R", show_default=False, help="Of hardship: a year, 0.06 is 6 %."),
    ] = None,
    approved_by: Annotated[
        str | None, typer.Option("--approved-by", metavar="WHO", show_default=False, help="The second person."),
    ] = None,
    as_json: AsJson = False,
    dry_run: DryRun = False,
    home: Home = None,
    database_url: DatabaseUrl = None,
    broker_url: BrokerUrl = None,
) -> None:
    """Record a re-age, hardship, a payment holiday or a charge-off of an account.

    Refused (exit code 3) without a second person, where the terms set a limit that stands against it, for a closed day.

    \b
    cardwright account-event A1 re_age --from 2024-05-20 --reason "paid three" --as ming --approved-by lan
    cardwright account-event A1 hardship --from 2024-05-20 --until 2024-11-19 --rate 0.06 \\
      --reason "lost work" --as ming --approved-by lan
    """
    event = _event(kind, _date("--from", from_on), None if until is None else _date("--until", until), rate)
    decision = Decision(_told("--reason", reason), _told("--as", who),
                        None if approved_by is None else _told("--approved-by", approved_by))
    with open_book(settings_from(home, database_url, broker_url)) as database, database.connect() as connection:
        record_account_event(connection, *find_account(connection, account), event, decision)
        if dry_run:
            connection.rollback()
    _tell(_facts(account, event, decision, dry_run), as_json)


def _event(kind: EventKind, from_on: date, until: date | None, rate: str | None) -> Arrangement:
    name: Kind = kind.value
    if (until is not None) != (name in LASTING):
        raise Usage(f"{name} takes {'--until, its last day' if name in LASTING else 'no --until: it happens on a day'}")
    if (rate is not None) != (kind is EventKind.hardship):
        raise Usage(f"{name} takes {'--rate, a rate a year' if kind is EventKind.hardship else 'no --rate'}")
    if until is not None and until < from_on:
        raise Usage(f"--until {until} lies before --from {from_on}")
    return Arrangement(name, from_on, until or from_on, None if rate is None else _rate(rate))


def _rate(text: str) -> Decimal:
    try:
        rate = Decimal(text)
    except InvalidOperation:
        rate = Decimal(-1)
    if not 0 <= rate <= 10:
        raise Usage(f"--rate {text!r} is no rate a year; 0.06 is 6 %, 10 is the most")
    return rate


def _told(option: str, text: str) -> str:
    if not text.strip():
        raise Usage(f"{option} is empty")
    return text.strip()


def _date(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Usage(f"{option} {text!r} is not a date; write it like 2005-05-25") from None


def _facts(account: str, event: Arrangement, decision: Decision, dry_run: bool) -> dict[str, Any]:
    return {
        "account": account, "kind": event.kind, "from": event.from_on.isoformat(), "until": event.until_on.isoformat(),
        "rate": None if event.annual_rate is None else str(event.annual_rate), "reason": decision.reason,
        "proposed_by": decision.proposed_by, "approved_by": decision.approved_by, "dry_run": dry_run,
    }


def _tell(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(facts, sort_keys=True, ensure_ascii=False))
        return
    days = facts["from"] if facts["from"] == facts["until"] else f"{facts['from']} to {facts['until']}"
    rate = "" if facts["rate"] is None else f" at {facts['rate']} a year"
    done = "would be recorded" if facts["dry_run"] else "recorded"
    print(f"{facts['account']}: {facts['kind']} {days}{rate} {done}")
