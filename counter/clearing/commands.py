"""`cardwright clearing`: files of networks and banks, taken in, held, released; and payments whose account has to be found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from accounts.command_line import AsJson, BrokerUrl, DatabaseUrl, Home, progress, settings_from
from accounts.database import open_book
from accounts.errors import Findings
from counter.clearing import register, shown, suspense
from counter.clearing.taking import OWNER, Taken, take_files, take_released

Owner = Annotated[str, typer.Option("--owner", metavar="WHO",
                                    help="Who finds out about payments that name no account.")]
clearing = typer.Typer(help="Files of networks and banks: take in, list, release; payments in suspense.",
                       no_args_is_help=True, add_completion=False,
                       rich_markup_mode=None)


@clearing.command("take")
def take(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Clearing files; in any order, of any sender.")],
    owner: Owner = OWNER,
    as_json: AsJson = False, home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Take in clearing files (.csv) and bank statements (camt.053, .xml): they post on the open business day and count at once.

    A file that was taken before posts nothing. One that was cut off, does not add up or does not follow the sender's last one
    is held. Exit code 1 if a file is held or rows are rejected; they go to a file in the home's rejects/.

    \b
    cardwright clearing take union-000317.csv
    cardwright clearing take statement-2024-01-05.xml --owner mei
    """
    settings = settings_from(home, database_url, broker_url)
    with open_book(settings) as database, progress() as bar:
        task = bar.add_task("rows", total=None)
        taken = take_files(database, settings.home, paths, lambda rows: bar.update(task, advance=rows), owner)
    _tell(taken, as_json)


@clearing.command("list")
def list_(
    held: Annotated[bool, typer.Option("--held", help="Only those that wait.")] = False,
    most: Annotated[int, typer.Option("--most", min=1, metavar="N", help="So many, the newest.")] = 50,
    as_json: AsJson = False, home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Which clearing files came in, and which are held, for what.

    \b
    cardwright clearing list --held
    """
    with open_book(settings_from(home, database_url, broker_url)) as database, database.connect() as connection:
        found = register.listed(connection, held, most)
        connection.rollback()
    print(json.dumps({"files": found}, ensure_ascii=False, sort_keys=True) if as_json else shown.register_text(found))


@clearing.command("release")
def release(
    file: Annotated[int, typer.Argument(metavar="FILE", help="Its number in `clearing list`.")],
    who: Annotated[str, typer.Option("--as", metavar="WHO", help="Who answers for it; kept.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept.")],
    owner: Owner = OWNER,
    as_json: AsJson = False, home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Take in a held file as it is.

    \b
    cardwright clearing release 12 --as lan --reason "UNION sent no 316: a holiday; mail of 5 January"
    """
    settings = settings_from(home, database_url, broker_url)
    with open_book(settings) as database:
        with database.connect() as connection:
            released = register.release(connection, file, who, reason)
        taken = take_released(database, settings.home, released, owner=owner)
    _tell(taken, as_json)


@clearing.command("suspense")
def in_suspense(
    owner: Annotated[str | None, typer.Option("--owner", metavar="WHO", show_default=False, help="Only this owner's.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Those that were assigned as well.")] = False,
    as_json: AsJson = False, home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """What came in, or went back, and no account could be told for; oldest first.

    \b
    cardwright clearing suspense --owner mei
    """
    with open_book(settings_from(home, database_url, broker_url)) as database, database.connect() as connection:
        found = suspense.listed(connection, owner, everything)
        connection.rollback()
    print(json.dumps({"items": found}, ensure_ascii=False, sort_keys=True) if as_json else shown.suspense_text(found))


@clearing.command("assign")
def assign(
    item: Annotated[int, typer.Argument(metavar="ITEM", help="Its number in `clearing suspense`.")],
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Whose it is.")],
    who: Annotated[str, typer.Option("--as", metavar="WHO", help="Who found out; kept.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="How; kept.")],
    as_json: AsJson = False, home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Post an item in suspense to the account that it turned out to be for; it counts from the bank's value date.

    \b
    cardwright clearing assign 7 A-4711 --as mei --reason "payer rang: mistyped account"
    """
    with open_book(settings_from(home, database_url, broker_url)) as database, database.connect() as connection:
        told = suspense.assign(connection, item, account, who, reason)
    print(json.dumps(told, ensure_ascii=False, sort_keys=True) if as_json else shown.suspense_text([told]))


@clearing.command("hand-over")
def hand_over(
    item: Annotated[int, typer.Argument(metavar="ITEM", help="Its number in `clearing suspense`.")],
    owner: Annotated[str, typer.Option("--to", metavar="WHO", help="Who finds out from now on.")],
    as_json: AsJson = False, home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Give an item in suspense to another owner.

    \b
    cardwright clearing hand-over 7 --to wei
    """
    with open_book(settings_from(home, database_url, broker_url)) as database, database.connect() as connection:
        told = suspense.hand_over(connection, item, owner)
    print(json.dumps(told, ensure_ascii=False, sort_keys=True) if as_json else shown.suspense_text([told]))


def _tell(taken: list[Taken], as_json: bool) -> None:
    facts: dict[str, Any] = {"files": [shown.facts(each) for each in taken]}
    print(json.dumps(facts, ensure_ascii=False, sort_keys=True) if as_json else shown.text(facts))
    if any(each["state"] == "held" or (each["state"] == "taken" and each["rows"]["rejected"]) for each in facts["files"]):
        raise typer.Exit(Findings.exit_code)
