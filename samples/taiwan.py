"""The Taiwan accounts as a portfolio: 20,000 accounts under way in April 2005 and what they did until September.

Days inside a month were chosen here, since the data have none (the rules are in NOTES below, which is written beside the
output). Every amount is the published one, so with rates and fees at zero each account closes each month at `BILL_AMT`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from samples.sample_files import TAIWAN_ACCOUNTS, read_sample, spread, write_notes, write_portfolio_file

CLOSING_DAY = 25
OPENING_ON = date(2005, 4, 25)
CLOSINGS = tuple(date(2005, month, CLOSING_DAY) for month in range(5, 10))
LAST_ACCOUNT_OPENED_ON = date(2005, 3, 20)
DUE_AFTER_DAYS = 15
FIRST_PAYMENT_DAY = 5
#: One holder in four reads Chinese; the rest, English.
CHINESE_EVERY = 4

#: What the statement says of a month's net charge and net credit, in the holder's language.
CHARGES = {
    "en": "Net charges of the month, the bank's own interest and fees included",
    "zh": "当月净消费（含原发卡行利息及费用）",
}
CREDITS = {"en": "Net credit of the month", "zh": "当月净退款"}

NOTES = f"""# Taiwan accounts: what was chosen

The data give one statement balance and one sum paid for each month, and no days. Chosen here, the same on every run:

- **Closing day {CLOSING_DAY}**; the April statement (`BILL_AMT6`) is the opening balance on {OPENING_ON}; May to
  September close on the {CLOSING_DAY}th. Payments are due {DUE_AFTER_DAYS} days after closing.
- **Payments**: `PAY_AMT` of month k is one payment in the cycle that closes in month k. Where the published status of
  that month says paid duly or minimum met (−2, −1, 0) it falls {FIRST_PAYMENT_DAY} to {DUE_AFTER_DAYS} days after the
  previous closing, otherwise (1 or more months late) after the due date, up to the closing day; which day follows from
  the ID.
- **Charges**: the net charges of a month, `BILL_k − BILL_(k+1) + PAY_AMT_k`, are one purchase (a refund where negative)
  on a day of the cycle that follows from the ID. **They already contain the interest and fees that the bank itself
  charged**, so what Cardwright charges on a product with interest comes on top: it shows the engine at work, not what
  these people owed.
- **Opened on**: a day between 2000-01-01 and {LAST_ACCOUNT_OPENED_ON} that follows from the ID.
- **Cards**: one primary card an account, issued when it was opened; charges and refunds are made with it.
- **Codes and names**: account and member `TW` + ID, card `TWC` + ID, "Holder" + ID; a reference names account and
  month. One holder in {CHINESE_EVERY} (ID divisible by {CHINESE_EVERY}) gets statements in Chinese. Sex, education,
  marriage and age are left out.

Source: Yeh & Lien, Expert Systems with Applications 36(2), 2009 (UCI "Default of Credit Card Clients"), CC BY 4.0.
"""

Int64Array = np.ndarray[tuple[int], np.dtype[np.int64]]


def write_portfolio(directory: Path, product: str = "taiwan-classic", accounts: int | None = None) -> dict[str, int]:
    """Writes members, accounts, cards, transactions and NOTES.md to `directory`; returns the rows per file.

    product: which terms the accounts are on. accounts: only the first so many of the file; None takes all 20,000.
    """
    published = read_sample(TAIWAN_ACCOUNTS)[:accounts]
    figures = published[[name for name in published.columns if name != "default.payment.next.month"]].astype("int64")
    codes = published["ID"].str.zfill(5)
    opened_on = _opened_on(figures["ID"].to_numpy())
    language = _language(figures)
    rows = {
        "members.csv": write_portfolio_file(directory, "members.csv", {
            "member": "TW" + codes,
            "kind": "person",
            "name": ("持卡人 " + codes).where(language == "zh", "Holder " + codes),
            "joined_on": opened_on,
            "language": language,
        }),
        "accounts.csv": write_portfolio_file(directory, "accounts.csv", {
            "account": "TW" + codes,
            "member": "TW" + codes,
            "product": product,
            "opened_on": opened_on,
            "credit_limit": published["LIMIT_BAL"],
            "closing_day": str(CLOSING_DAY),
            "opening_balance": published["BILL_AMT6"],
            "opening_on": OPENING_ON.isoformat(),
        }),
        "cards.csv": write_portfolio_file(directory, "cards.csv", {
            "card": "TWC" + codes,
            "account": "TW" + codes,
            "kind": "primary",
            "issued_on": opened_on,
        }),
        "transactions.csv": write_portfolio_file(directory, "transactions.csv",
                                                 _transactions(figures, codes)),
    }
    write_notes(directory, NOTES)
    return rows


def published_balances(accounts: int | None = None) -> dict[tuple[str, date], int]:
    """The answer book: what each account's statement said, whole NT$, by account code and closing date."""
    published = read_sample(TAIWAN_ACCOUNTS)[:accounts]
    return {
        ("TW" + identity.zfill(5), closes_on): int(balance)
        for suffix, closes_on in zip(range(5, 0, -1), CLOSINGS, strict=True)
        for identity, balance in zip(published["ID"], published[f"BILL_AMT{suffix}"], strict=True)
    }


def _language(figures: pd.DataFrame) -> pd.Series[str]:
    return (figures["ID"] % CHINESE_EVERY == 0).map({True: "zh", False: "en"})


def _opened_on(identities: Int64Array) -> Any:
    first = np.datetime64("2000-01-01", "D")
    days = int((np.datetime64(LAST_ACCOUNT_OPENED_ON, "D") - first).astype(int)) + 1
    return (first + spread(identities, 0, days)).astype(str)


def _transactions(figures: pd.DataFrame, codes: pd.Series[str]) -> pd.DataFrame:
    """Every month's payment and net charge, in order of date within the month's cycle of the account."""
    identities = figures["ID"].to_numpy()
    cards, language = "TWC" + codes, _language(figures)
    parts: list[pd.DataFrame] = []
    for suffix, previous_on, closes_on in zip(range(5, 0, -1), (OPENING_ON, *CLOSINGS), CLOSINGS, strict=False):
        cycle_days = (closes_on - previous_on).days
        late = figures["PAY_0" if suffix == 1 else f"PAY_{suffix}"].to_numpy() >= 1
        paid = figures[f"PAY_AMT{suffix}"]
        charged = figures[f"BILL_AMT{suffix}"] - figures[f"BILL_AMT{suffix + 1}"] + paid
        on_time_day = FIRST_PAYMENT_DAY + spread(identities, suffix, DUE_AFTER_DAYS - FIRST_PAYMENT_DAY + 1)
        late_day = DUE_AFTER_DAYS + 1 + spread(identities, suffix, cycle_days - DUE_AFTER_DAYS)
        charge_day = 1 + spread(identities, 10 + suffix, cycle_days)
        reference = "TW" + codes + closes_on.strftime("-%Y-%m")
        payment_day = np.where(late, late_day, on_time_day)
        parts += [
            _dated("payment", paid, previous_on, payment_day, {"account": "TW" + codes, "ref": reference + "-paid"}),
            _dated("purchase", charged, previous_on, charge_day,
                   {"card": cards, "ref": reference + "-net", "description": language.map(CHARGES)}),
            _dated("refund", -charged, previous_on, charge_day,
                   {"card": cards, "ref": reference + "-net", "description": language.map(CREDITS)}),
        ]
    return pd.concat(parts).sort_values("transaction_on", kind="stable")


def _dated(posting_type: str, amounts: pd.Series[int], previous_on: date, day: Int64Array,
           more: Mapping[str, object]) -> pd.DataFrame:
    dates = (np.datetime64(previous_on, "D") + day).astype(str)
    rows = pd.DataFrame({"type": posting_type, "amount": amounts, "transaction_on": dates, **more})
    return rows[amounts > 0]
