"""The two sample books of the demo: what goes into each, up to which day it runs, which reports are made of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from samples import complaints, purchase_cards, taiwan
from samples.agreement import Comparison, turnover_agrees_with_control_totals
from samples.demo_statements import PURCHASE_CARDS, TAIWAN

#: Accounts of each book in the small demo.
SMALL = {TAIWAN: 300, PURCHASE_CARDS: 40}


@dataclass(frozen=True)
class WantedReport:
    """A report to be made of a book; `on_screen` is also printed."""

    name: str
    by: tuple[str, ...]
    on_screen: bool = False


@dataclass(frozen=True)
class SampleBook:
    """One book of the demo.

    schedule: file of fees/schedules. until: the last business day. write_portfolio: writes the files of docs/reference/
    portfolio-files.md to a directory, only so many accounts where a number is given. remark: what has to be said of it.
    example: which of its statements to try commands on. source: attribution of the data. compare: holds the whole book against
    published figures.
    """

    name: str
    title: str
    schedule: str
    product: str
    until: date
    write_portfolio: Callable[[Path, int | None], dict[str, int]]
    reports: tuple[WantedReport, ...]
    remark: str
    example: str
    source: str
    compare: Comparison | None = None


def _write_taiwan(directory: Path, accounts: int | None) -> dict[str, int]:
    return taiwan.write_portfolio(directory, accounts=accounts)


def _write_purchase_cards(directory: Path, cards: int | None) -> dict[str, int]:
    return {**purchase_cards.write_portfolio(directory, cards), **complaints.write_portfolio(directory / "cases")}


SAMPLE_BOOKS: tuple[SampleBook, ...] = (
    SampleBook(
        name=TAIWAN, title="Taiwan credit cards, April to September 2005", schedule="taiwan-classic.toml",
        product="taiwan-classic", until=taiwan.CLOSINGS[-1], write_portfolio=_write_taiwan,
        reports=(
            WantedReport("income", ("month", "kind"), on_screen=True),
            WantedReport("receivables", ("delinquency",), on_screen=True),
            WantedReport("turnover", ("cycle",)),
            WantedReport("cards", ("month",)),
        ),
        remark="The published charges already contain the interest and fees that the bank itself charged; what Cardwright "
               "charges here comes on top of them. It shows the engine at work, not what these people owed.",
        example="late-payment",
        source="Yeh & Lien, Expert Systems with Applications 36(2), 2009 (UCI), CC BY 4.0",
    ),
    SampleBook(
        name=PURCHASE_CARDS, title="Purchase cards of a city council, April 2014 to March 2016",
        schedule="purchase-card.toml", product=purchase_cards.PRODUCT, until=purchase_cards.LAST_CLOSING,
        write_portfolio=_write_purchase_cards,
        reports=(
            WantedReport("turnover", ("cycle",), on_screen=True),
            WantedReport("turnover", ("org_unit",)),
            WantedReport("turnover", ("category",)),
            WantedReport("cards", ("month",)),
            WantedReport("cases", ("topic",)),
            WantedReport("receivables", ("org_unit",)),
        ),
        remark="Each cycle from the 3rd to the 2nd is a publication month: with its payment put back, its turnover is that "
               "month's control total. May 2014 and April 2015 were never published. Nothing in the data pays the cards "
               "off, so balances only grow.",
        example="many-lines",
        source="Contains Birmingham City Council data, Open Government Licence v3.0; CFPB complaints, public domain",
        compare=turnover_agrees_with_control_totals,
    ),
)
