"""`cardwright prepaid`: value on prepaid cards, as staff and tills ask for it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from accounts.command_line import AsJson, BrokerUrl, DatabaseUrl, DryRun, Home, settings_from
from accounts.database import open_book
from counter import pay_codes
from counter import prepaid as value
from counter.account_closing import close_account
from counter.holding import Told
from counter.options import Amount, CardCode, Outlet, Reason, Ref, Source, Who, carry_out
from counter.prepaid import Sale

prepaid = typer.Typer(help="Value on prepaid cards: sell, load, spend, refund, move, pay out.", no_args_is_help=True,
                      add_completion=False, rich_markup_mode=None)
class BuyerKind(StrEnum):
    """Who buys."""

    person = "person"
    company = "company"


@prepaid.command("activate")
def activate(
    code: CardCode, amount: Amount, source: Source, who: Who, ref: Ref = None, outlet: Outlet = None,
    buyer: Annotated[str | None, typer.Option("--buyer", metavar="ID", show_default=False,
                                              help="Who pays: purchases of one buyer on a day are looked at together.")] = None,
    buyer_kind: Annotated[BuyerKind, typer.Option("--buyer-kind", help="Who buys.")] = BuyerKind.person,
    identified: Annotated[bool, typer.Option("--identified", help="The buyer showed a document.")] = False,
    as_json: AsJson = False, dry_run: DryRun = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Sell a card that is issued: it is paid for, and holds its value from now on.

    \b
    cardwright prepaid activate P-1001 500.00 --from cash --buyer ID-7 --as lan --outlet pudong
    """
    told = Told(who, ref, outlet)
    carry_out(lambda connection: value.activate(connection, code, amount, source, told, buyer=buyer,
                                                      buyer_kind=buyer_kind.value, identified=identified),
              as_json, dry_run, home, database_url, broker_url)


@prepaid.command("load")
def load(
    code: CardCode, amount: Amount, source: Source, who: Who, ref: Ref = None, outlet: Outlet = None,
    as_json: AsJson = False, dry_run: DryRun = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Put value on a card; it can be spent at once.

    \b
    cardwright prepaid load P-1001 200.00 --from bank_transfer --ref L-88 --as lan
    """
    carry_out(lambda connection: value.load(connection, code, amount, source, Told(who, ref, outlet)),
              as_json, dry_run, home, database_url, broker_url)


@prepaid.command("bonus")
def bonus(
    code: CardCode, amount: Amount, who: Who,
    funder: Annotated[str, typer.Option("--funder", metavar="WHO", help="Who gives it: issuer, or a partner.")] = "issuer",
    until: Annotated[str | None, typer.Option("--until", metavar="DATE", show_default=False, help="Its last day.")] = None,
    ref: Ref = None, outlet: Outlet = None, as_json: AsJson = False, dry_run: DryRun = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Give value away: it is spent before the holder's own, and forfeited after its last day.

    \b
    cardwright prepaid bonus P-1001 18.00 --until 2027-01-31 --as wei
    """
    carry_out(lambda connection: value.give_bonus(connection, code, amount, funder, until, Told(who, ref, outlet)),
              as_json, dry_run, home, database_url, broker_url)


@prepaid.command("spend")
def spend(
    code: CardCode, amount: Amount, who: Who,
    ref: Annotated[str, typer.Option("--ref", metavar="REF", help="The till's reference: sent twice, it is one spend.")],
    merchant: Annotated[str | None, typer.Option("--merchant", metavar="NAME", show_default=False, help="Where.")] = None,
    mcc: Annotated[str | None, typer.Option("--mcc", metavar="CODE", show_default=False, help="Its category code.")] = None,
    outlet: Outlet = None, as_json: AsJson = False, dry_run: DryRun = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Pay with a card. Never more than it holds; the discount of its terms is taken off.

    \b
    cardwright prepaid spend P-1001 49.90 --ref T1-000317 --merchant "Corner shop" --as till-1
    """
    carry_out(lambda connection: value.spend(connection, code, amount, Told(who, ref, outlet), Sale(merchant, mcc)),
              as_json, dry_run, home, database_url, broker_url)


@prepaid.command("paycode")
def paycode(
    code: CardCode, who: Who, as_json: AsJson = False, dry_run: DryRun = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Make a code that the holder shows instead of the card: good once, for 60 seconds.

    \b
    cardwright prepaid paycode P-1001 --as app
    """
    with open_book(settings_from(home, database_url, broker_url)) as database, database.connect() as connection:
        reply = pay_codes.make_pay_code(connection, code, Told(who), datetime.now(UTC))
        if dry_run:
            connection.rollback()
    if as_json:
        print(json.dumps({**reply, "dry_run": dry_run}, ensure_ascii=False, sort_keys=True))
        return
    print(f"{reply['code']} until {reply['expires_at']}{' (dry run: nothing written)' * dry_run}")


@prepaid.command("pay")
def pay(
    pay_code: Annotated[str, typer.Argument(metavar="CODE", help="The twelve digits that the holder shows.")],
    amount: Amount, who: Who,
    ref: Annotated[str, typer.Option("--ref", metavar="REF", help="The till's reference: sent twice, it is one spend.")],
    merchant: Annotated[str | None, typer.Option("--merchant", metavar="NAME", show_default=False, help="Where.")] = None,
    mcc: Annotated[str | None, typer.Option("--mcc", metavar="CODE", show_default=False, help="Its category code.")] = None,
    outlet: Outlet = None, as_json: AsJson = False, dry_run: DryRun = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Pay with a code instead of a card.

    \b
    cardwright prepaid pay 482913775026 49.90 --ref T1-000318 --as till-1
    """
    carry_out(lambda connection: pay_codes.pay(connection, pay_code, amount, Told(who, ref, outlet), Sale(merchant, mcc),
                                         datetime.now(UTC)), as_json, dry_run, home, database_url, broker_url)


@prepaid.command("refund")
def refund(
    code: CardCode, who: Who,
    of: Annotated[str, typer.Option("--of", metavar="REF", help="The reference of the spend.")],
    ref: Annotated[str, typer.Option("--ref", metavar="REF", help="The reference of this refund.")],
    amount: Annotated[str | None, typer.Option("--amount", metavar="AMOUNT", show_default=False,
                                               help="A part of it [all that is left].")] = None,
    outlet: Outlet = None, as_json: AsJson = False, dry_run: DryRun = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Give a spend back, to the lots it was taken from; to a card that took the place of the one that paid as well.

    \b
    cardwright prepaid refund P-1001 --of T1-000317 --ref T1-000320 --amount 20.00 --as till-1
    """
    carry_out(lambda connection: value.refund(connection, code, of, amount, Told(who, ref, outlet)),
              as_json, dry_run, home, database_url, broker_url)


@prepaid.command("transfer")
def transfer(
    code: CardCode,
    to_card: Annotated[str, typer.Argument(metavar="TO-CARD", help="The card that gets it.")],
    who: Who,
    amount: Annotated[str | None, typer.Option("--amount", metavar="AMOUNT", show_default=False,
                                               help="How much [all that can be spent: the cards are merged].")] = None,
    approved_by: Annotated[str | None, typer.Option("--approved-by", metavar="WHO", show_default=False,
                                                    help="The second person, where the holders differ.")] = None,
    ref: Ref = None, outlet: Outlet = None, reason: Reason = None, as_json: AsJson = False, dry_run: DryRun = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Move value to another card, with its last days and givers.

    \b
    cardwright prepaid transfer P-1001 P-1002 --amount 100.00 --as lan --approved-by wei
    """
    told = Told(who, ref, outlet, reason)
    carry_out(lambda connection: value.transfer(connection, code, to_card, amount, told, approved_by),
              as_json, dry_run, home, database_url, broker_url)


@prepaid.command("redeem")
def redeem(
    code: CardCode, who: Who,
    paid_to: Annotated[str, typer.Option("--to", metavar="TEXT", help="Where it is paid out to; kept.")],
    ref: Ref = None, outlet: Outlet = None, reason: Reason = None, as_json: AsJson = False, dry_run: DryRun = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Pay out all that a card holds, less the fee of its terms, and close it.

    \b
    cardwright prepaid redeem P-1001 --to "account of the holder" --as lan
    """
    carry_out(lambda connection: value.redeem(connection, code, Told(who, ref, outlet, reason), paid_to),
              as_json, dry_run, home, database_url, broker_url)


@prepaid.command("close-account")
def close(
    code: CardCode, who: Who, ref: Ref = None, outlet: Outlet = None, reason: Reason = None,
    as_json: AsJson = False, dry_run: DryRun = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Close a prepaid account that holds nothing any more, by its last card.

    \b
    cardwright prepaid close-account P-1001 --as lan --reason "holder's wish"
    """
    carry_out(lambda connection: close_account(connection, code, Told(who, ref, outlet, reason)),
              as_json, dry_run, home, database_url, broker_url)
