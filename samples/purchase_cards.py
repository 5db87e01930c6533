"""The purchase cards as a portfolio: 1,242 company cards of a city council and two years of what was bought with them.

Days inside a month were chosen here: a transaction posts on its own date, moved into the window of its publication month,
the 3rd of the month to the 2nd of the next (a row published months late posts on the 3rd). See NOTES below.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from samples.sample_files import PURCHASE_CARDS, read_sample, write_notes, write_portfolio_file

PRODUCT = "purchase-card"
CLOSING_DAY = 2
MIGRATED_ON = date(2014, 4, 2)
FIRST_CLOSING = date(2014, 5, 2)
LAST_CLOSING = date(2016, 4, 2)
CYCLES = 24
CREDIT_LIMIT = "10000000.00"
PAYMENT_MERCHANT = "direct debit payment than"

NOTES = f"""# Purchase cards: what was chosen

- **Posting days**: a row posts on its own date, moved into the window of its publication month: the 3rd of month M to
  the 2nd of M + 1. 951 rows published late post on the 3rd; 34 rows dated a day too late post on the 2nd. The date of
  the transaction itself stays as published.
- **Accounts**: one account and one company card for each masked card number (last four digits, which numbers of
  different cards may share), opened on {MIGRATED_ON} or on the card's first transaction if that is earlier, with nothing
  owed: all are taken over from a former system, none pays a joining fee, each closes all {CYCLES} cycles from
  {FIRST_CLOSING} to {LAST_CLOSING}.
- **Nothing pays the cards off**: the data have spending only (and one payment), so balances grow for two years, as does
  what the council owes. The **credit limit** of {CREDIT_LIMIT} is made up, at or above what any card comes to.
- **Cards** count as issued on the day they are first seen.
- **Members**: one company member for each card, in the organisation unit of the directorate that most of its rows name.
  Each spelling of a directorate is a unit of its own, as published.
- **Identity**: rows have no reference, and 2,166 repeat an earlier row exactly and are genuine: file and line tell them
  apart, all 87,905 post. Amounts are signed, so a negative purchase is a refund.
- The one row `{PAYMENT_MERCHANT}…` is a payment of 1,174.42, not a purchase.

Contains Birmingham City Council data, licensed under the Open Government Licence v3.0.
"""


def write_portfolio(directory: Path, cards: int | None = None) -> dict[str, int]:
    """Writes org_units, members, accounts, cards, transactions.signed and NOTES.md to `directory`; returns rows per file.

    cards: only so many cards, evenly spread over all; None takes all 1,242.
    """
    published = read_sample(PURCHASE_CARDS)
    if cards is not None:
        published = published[published["card_masked"].isin(_spread_of_cards(published, cards))]
    directorates = sorted(published["directorate"].unique())
    unit_of = {name: f"BCC-{number:02d}" for number, name in enumerate(directorates, start=1)}
    by_card = _by_card(published)
    unit = by_card["directorate"].map(unit_of)
    rows = {
        "org_units.csv": write_portfolio_file(directory, "org_units.csv", {
            "code": ["BCC", *unit_of.values()],
            "name": ["Birmingham City Council", *unit_of],
            "kind": ["head_office", *["branch"] * len(unit_of)],
            "parent": ["", *["BCC"] * len(unit_of)],
        }),
        "members.csv": write_portfolio_file(directory, "members.csv", {
            "member": "PCM-" + by_card["last_four"],
            "kind": "company",
            "name": "Birmingham City Council, " + by_card["directorate"],
            "org_unit": unit,
            "language": "en",
        }),
        "accounts.csv": write_portfolio_file(directory, "accounts.csv", {
            "account": "PC-" + by_card["last_four"],
            "member": "PCM-" + by_card["last_four"],
            "product": PRODUCT,
            "opened_on": [min(first_on, MIGRATED_ON.isoformat()) for first_on in by_card["first_on"]],
            "credit_limit": CREDIT_LIMIT,
            "closing_day": str(CLOSING_DAY),
            "org_unit": unit,
            "opening_balance": "0.00",
            "opening_on": MIGRATED_ON.isoformat(),
        }),
        "cards.csv": write_portfolio_file(directory, "cards.csv", {
            "card": "PCC-" + by_card["last_four"],
            "account": "PC-" + by_card["last_four"],
            "kind": "company",
            "issued_on": by_card["first_on"],
        }),
        "transactions.signed.csv": write_portfolio_file(directory, "transactions.signed.csv",
                                                        _transactions(published)),
    }
    write_notes(directory, NOTES)
    return rows


def _spread_of_cards(published: pd.DataFrame, cards: int) -> list[str]:
    every = np.sort(published["card_masked"].unique().astype(str))
    return [str(card) for card in every[np.linspace(0, len(every) - 1, cards).astype(int)]]


def _by_card(published: pd.DataFrame) -> pd.DataFrame:
    """One row a card, in order of its last four digits: first date seen, and the directorate most of its rows name."""
    rows_of = published.groupby(["card_masked", "directorate"], as_index=False).size()
    main = rows_of.sort_values(["card_masked", "size", "directorate"], ascending=[True, False, True])
    main = main.drop_duplicates("card_masked").set_index("card_masked")
    dates = published.assign(posted_on=_posted_on(published))
    first_on = dates.groupby("card_masked")[["trans_date", "posted_on"]].min()
    return pd.DataFrame({
        "last_four": [str(card)[-4:] for card in main.index],
        "directorate": main["directorate"],
        "first_on": first_on.min(axis=1),
    }).reset_index(drop=True)


def _posted_on(published: pd.DataFrame) -> Any:
    """The date of each row, moved into the window of its publication month; ISO text."""
    month = published["publish_month"].to_numpy().astype("datetime64[M]")
    window_opens = month.astype("datetime64[D]") + 2
    window_closes = (month + 1).astype("datetime64[D]") + 1
    return np.clip(published["trans_date"].to_numpy().astype("datetime64[D]"), window_opens, window_closes).astype(str)


def _transactions(published: pd.DataFrame) -> pd.DataFrame:
    payment = (published["merchant"] == PAYMENT_MERCHANT).to_numpy()
    signed = [Decimal(amount) for amount in published["gbp_amount"]]
    # The council shows money coming in as negative; a payment of ours is positive where a purchase's opposite is meant.
    amounts = [f"{-amount if paid else amount:.2f}" for amount, paid in zip(signed, payment, strict=True)]
    return pd.DataFrame({
        "type": np.where(payment, "payment", "purchase"),
        "amount": amounts,
        "card": "PCC-" + published["card_masked"].str[-4:],
        "transaction_on": published["trans_date"],
        "posted_on": _posted_on(published),
        "merchant": published["merchant"],
        "category": published["cac1_desc"],
        "description": published["cac2_desc"],
    })
