"""A made-up portfolio of any size as portfolio files: seeded, so that every machine measures the same rows."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv

CLOSING_DAY = 28
FIRST_MONTH = date(2023, 1, 1)

#: Plain terms: daily balance with grace, a minimum payment and a late fee.
TERMS = """
product = "bench"
name = "Bench"
currency = "CNY"
in_force_from = 2022-01-01
[cycle]
closing_day = 28
due_day = 18
[fees]
late_payment = {kind = "percent_of_unpaid_minimum", percent = "0.05", floor = "10.00"}
"""


def write_accounts(folder: Path, accounts: int) -> None:
    """members.csv and accounts.csv: one account a member."""
    folder.mkdir(parents=True, exist_ok=True)
    number = pa.array(np.arange(1, accounts + 1)).cast(pa.string())
    member = pa.compute.binary_join_element_wise("M", number, "")
    constant = {name: pa.array([value]).take(pa.array(np.zeros(accounts, dtype=np.int64)))
                for name, value in (("kind", "person"), ("product", "bench"), ("opened_on", "2022-06-01"),
                                    ("credit_limit", "30000.00"))}
    pa.csv.write_csv(pa.table({"member": member, "kind": constant["kind"]}), folder / "members.csv")
    pa.csv.write_csv(pa.table({
        "account": pa.compute.binary_join_element_wise("A", number, ""), "member": member, "product": constant["product"],
        "opened_on": constant["opened_on"], "credit_limit": constant["credit_limit"],
    }), folder / "accounts.csv")


def closing_of(month: int) -> date:
    """Closing date of the month counted from 0."""
    index = FIRST_MONTH.month - 1 + month
    return date(FIRST_MONTH.year + index // 12, index % 12 + 1, CLOSING_DAY)


def write_month(path: Path, accounts: int, per_account: int, month: int) -> int:
    """A month's transactions in order of day, accounts at random inside a day: 1 payment to 19 purchases. Gives the rows."""
    rows = accounts * per_account
    chance = np.random.default_rng(month)
    closing = closing_of(month)
    opening = (closing_of(month - 1) + timedelta(days=1)) if month else FIRST_MONTH
    day = np.sort(chance.integers(0, (closing - opening).days + 1, rows))
    account = chance.permutation(np.repeat(np.arange(1, accounts + 1), per_account))
    cents = chance.integers(100, 20_000, rows)
    is_payment = chance.random(rows) < 1 / per_account
    cents = np.where(is_payment, cents * 10, cents)
    dates = pa.array((np.datetime64(opening) + day).astype("datetime64[D]"))
    merchants = pa.array([f"Merchant {number:03d}" for number in range(500)])
    table = pa.table({
        "type": pa.array(["purchase", "payment"]).take(pa.array(is_payment.astype(np.int8))),
        "amount": _major(cents),
        "account": pa.compute.binary_join_element_wise("A", pa.array(account).cast(pa.string()), ""),
        "transaction_on": dates,
        "ref": pa.compute.binary_join_element_wise(f"R{month}-", pa.array(np.arange(rows)).cast(pa.string()), ""),
        "merchant": merchants.take(pa.array(chance.integers(0, 500, rows))),
    })
    pa.csv.write_csv(table, path, pa.csv.WriteOptions(quoting_style="needed"))
    return rows


def _major(cents: np.ndarray) -> pa.Array:
    whole = pa.array(cents // 100).cast(pa.string())
    rest = pa.compute.utf8_lpad(pa.array(cents % 100).cast(pa.string()), 2, "0")
    return pa.compute.binary_join_element_wise(whole, rest, ".")
