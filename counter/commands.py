"""`cardwright prepaid` and `cardwright card`: what staff do at the counter, with the same replies that a till gets."""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

import typer
from psycopg import Connection

from accounts.command_line import AsJson, BrokerUrl, DatabaseUrl, DryRun, Home, settings_from
from accounts.database import open_book
from accounts.errors import Usage
from counter import authorisations, card_changes
from counter import prepaid as value
from counter.authorisations import Abroad
from counter.card_told import card_told
from counter.holding import Told
from counter.prepaid import Sale

prepaid = typer.Typer(help="Value on prepaid cards: sell, load, spend, refund, move, pay out.", no_args_is_help=True,
                      add_completion=False, rich_markup_mode=None)
card = typer.Typer(help="The life of a card: block, freeze, report, extend, replace, close, show.", no_args_is_help=True,
                   add_completion=False, rich_markup_mode=None)

authorisation = typer.Typer(help="What tills are promised: decide, clear, reverse, list.", no_args_is_help=True,
                            add_completion=False, rich_markup_mode=None)

CardCode = Annotated[str, typer.Argument(metavar="CARD", help="Code of the card, as in cards.csv.")]
Amount = Annotated[str, typer.Argument(metavar="AMOUNT", help="In major units: 49.90.")]
Source = Annotated[str, typer.Option("--from", metavar="SOURCE", help="What it is paid with: bank_transfer, cash …")]
Who = Annotated[str, typer.Option("--as", metavar="WHO", help="Who does it; kept.")]
Ref = Annotated[str | None, typer.Option("--ref", metavar="REF", show_default=False,
                                         help="Your own reference: sent again, the same reply and nothing more.")]
Outlet = Annotated[str | None, typer.Option("--outlet", metavar="CODE", show_default=False, help="Where.")]
Reason = Annotated[str | None, typer.Option("--reason", metavar="TEXT", show_default=False, help="Why; kept.")]


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
    _do(lambda connection: value.activate(connection, code, amount, source, told, buyer=buyer, buyer_kind=buyer_kind.value,
                                          identified=identified), as_json, dry_run, home, database_url, broker_url)


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
    _do(lambda connection: value.load(connection, code, amount, source, Told(who, ref, outlet)),
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
    _do(lambda connection: value.give_bonus(connection, code, amount, funder, until, Told(who, ref, outlet)),
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
    _do(lambda connection: value.spend(connection, code, amount, Told(who, ref, outlet), Sale(merchant, mcc)),
        as_json, dry_run, home, database_url, broker_url)


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
    _do(lambda connection: value.refund(connection, code, of, amount, Told(who, ref, outlet)),
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
    _do(lambda connection: value.transfer(connection, code, to_card, amount, told, approved_by),
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
    _do(lambda connection: value.redeem(connection, code, Told(who, ref, outlet, reason), paid_to),
        as_json, dry_run, home, database_url, broker_url)


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
    _do(lambda connection: authorisations.authorise(connection, code, amount, told, Sale(merchant, mcc), kind=kind,
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
    _do(lambda connection: authorisations.clear(connection, code, of, amount, Told(who, ref, outlet), not more_to_come),
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
    _do(lambda connection: authorisations.reverse(connection, code, of, Told(who, ref, outlet)),
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
    _do(lambda connection: card_changes.change_state(connection, code, step.value, Told(who, ref, outlet, reason)),
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
    _do(lambda connection: card_changes.freeze(connection, code, True, Told(who, ref, None, reason)),
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
    _do(lambda connection: card_changes.freeze(connection, code, False, Told(who, ref, None, reason)),
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
    _do(lambda connection: card_changes.extend(connection, code, Told(who, ref, outlet, reason)),
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
    _do(lambda connection: card_changes.replace_card(connection, code, new_card, Told(who, ref, outlet, reason)),
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


def _do(command: Callable[[Connection[Any]], dict[str, Any]], as_json: bool, dry_run: bool, home: Any, database_url: Any,
        broker_url: Any) -> None:
    """One command is one transaction; tells the reply."""
    with open_book(settings_from(home, database_url, broker_url)) as database, database.connect() as connection:
        reply = command(connection)
        if dry_run:
            connection.rollback()
    if as_json:
        print(json.dumps({**reply, "dry_run": dry_run}, ensure_ascii=False, sort_keys=True))
        return
    amounts = ", ".join(f"{each['type']} {each['amount']}" for each in reply["postings"])
    holds = f"; holds {reply['value']}, {reply['spendable']} can be spent" if "value" in reply else ""
    print(f"{reply['card']}: {reply['command']} on {reply['on']}, {reply['status']}{'; ' * bool(amounts)}{amounts}{holds}"
          f"{' (dry run: nothing written)' * dry_run}")
