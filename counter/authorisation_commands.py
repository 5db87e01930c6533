"""`cardwright authorisation`: what tills are promised, as a switch or the desk asks for it."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from accounts.command_line import AsJson, BrokerUrl, DatabaseUrl, DryRun, Home, settings_from
from accounts.database import open_book
from accounts.errors import Usage
from counter import authorisations
from counter.authorisations import Abroad
from counter.holding import Told
from counter.options import Amount, CardCode, Outlet, Ref, Who, carry_out
from counter.prepaid import Sale

authorisation = typer.Typer(help="What tills are promised: decide, clear, reverse, list.", no_args_is_help=True,
                            add_completion=False, rich_markup_mode=None)

@authorisation.command("decide")
def decide(
    code: CardCode, amount: Amount, who: Who,
    ref: Annotated[str, typer.Option("--ref", metavar="REF", help="The retrieval reference: sent twice, it is one promise.")],
    kind: Annotated[str, typer.Option("--kind", metavar="KIND", help="purchase or cash_advance.")] = "purchase",
    merchant: Annotated[str | None, typer.Option("--merchant", metavar="NAME", show_default=False, help="Where.")] = None,
    mcc: Annotated[str | None, typer.Option("--mcc", metavar="CODE", show_default=False, help="Its category code.")] = None,
    original: Annotated[str | None, typer.Option("--original", metavar="AMOUNT/CURRENCY", show_default=False,
                                                 help="What the till asked for in its own currency: 12.00/USD.")] = None,
    days: Annotated[int, typer.Option("--days", metavar="N", help="How long it is held.")] = authorisations.DAYS_HELD,
    outlet: Outlet = None, as_json: AsJson = False, dry_run: DryRun = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Promise a till an amount and hold it, or refuse (exit code 3) with the rule and its numbers.

    \b
    cardwright authorisation decide C-17 49.90 --ref 000317 --merchant "Corner shop" --as switch
    cardwright authorisation decide C-17 87.10 --ref 000318 --original 12.00/USD --as switch
    """
    told = Told(who, ref, outlet)
    carry_out(lambda connection: authorisations.authorise(connection, code, amount, told, Sale(merchant, mcc), kind=kind,
                                                    abroad=_abroad(original), days=days),
              as_json, dry_run, home, database_url, broker_url)


@authorisation.command("clear")
def clear(
    code: CardCode, amount: Amount, who: Who,
    of: Annotated[str, typer.Option("--of", metavar="REF", help="The reference of the authorisation.")],
    ref: Annotated[str, typer.Option("--ref", metavar="REF", help="The reference of this clearing.")],
    more_to_come: Annotated[bool, typer.Option("--more-to-come", help="Keep holding what is left of it.")] = False,
    outlet: Outlet = None, as_json: AsJson = False, dry_run: DryRun = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Post what a promise was used for; the hold is given back.

    \b
    cardwright authorisation clear C-17 49.90 --of 000317 --ref 000401 --as switch
    """
    carry_out(lambda connection: authorisations.clear(connection, code, of, amount, Told(who, ref, outlet), not more_to_come),
              as_json, dry_run, home, database_url, broker_url)


@authorisation.command("reverse")
def reverse(
    code: CardCode, who: Who,
    of: Annotated[str, typer.Option("--of", metavar="REF", help="The reference of the authorisation.")],
    ref: Ref = None, outlet: Outlet = None, as_json: AsJson = False, dry_run: DryRun = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Take a promise back: what is held for it is free again.

    \b
    cardwright authorisation reverse C-17 --of 000317 --as switch
    """
    carry_out(lambda connection: authorisations.reverse(connection, code, of, Told(who, ref, outlet)),
              as_json, dry_run, home, database_url, broker_url)


@authorisation.command("refund")
def refund_without_original(
    code: CardCode, amount: Amount, who: Who,
    ref: Annotated[str, typer.Option("--ref", metavar="REF", help="The retrieval reference: sent twice, it is one refund.")],
    merchant: Annotated[str | None, typer.Option("--merchant", metavar="NAME", show_default=False, help="Who pays it.")] = None,
    mcc: Annotated[str | None, typer.Option("--mcc", metavar="CODE", show_default=False, help="Its category code.")] = None,
    outlet: Outlet = None, as_json: AsJson = False, dry_run: DryRun = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Take in a refund whose sale is not on the books; `prepaid refund` is for a spend that is.

    \b
    cardwright authorisation refund C-17 20.00 --ref 000500 --merchant "Corner shop" --as switch
    """
    carry_out(lambda connection: authorisations.refund_without_original(connection, code, amount, Told(who, ref, outlet),
                                                                  Sale(merchant, mcc)),
              as_json, dry_run, home, database_url, broker_url)


@authorisation.command("list")
def list_(
    code: CardCode, as_json: AsJson = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """What tills were promised on a card's account, and what became of it.

    \b
    cardwright authorisation list C-17
    """
    with open_book(settings_from(home, database_url, broker_url)) as database, database.connect() as connection:
        found = authorisations.listed(connection, code)
        connection.rollback()
    if as_json:
        print(json.dumps({"card": code, "authorisations": found}, ensure_ascii=False, sort_keys=True))
        return
    for each in found:
        where = f" at {each['merchant']}" if each["merchant"] else ""
        print(f"{each['ref']} {each['authorised_on']} {each['kind']} of {each['amount']}{where}: {each['state']}, "
              f"{each['held']} held until {each['expires_on']}, {each['cleared']} cleared")
    if not found:
        print(f"card {code}: no till was promised anything")


def _abroad(text: str | None) -> Abroad | None:
    if text is None:
        return None
    amount, slash, currency = text.partition("/")
    if not slash:
        raise Usage(f"--original {text!r} is written AMOUNT/CURRENCY, like 12.00/USD")
    return Abroad(amount, currency)
