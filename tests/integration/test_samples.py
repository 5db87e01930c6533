"""The sample readers put every published figure into portfolio files: nothing lost, nothing doubled, nothing rounded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from samples import complaints, purchase_cards, taiwan
from samples.sample_files import PURCHASE_CARD_CONTROL_TOTALS, TAIWAN_ACCOUNTS, read_sample, spread


@pytest.fixture(scope="module")
def taiwan_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("taiwan")
    taiwan.write_portfolio(directory)
    return directory


@pytest.fixture(scope="module")
def purchase_card_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("purchase-cards")
    purchase_cards.write_portfolio(directory)
    return directory


def rows(directory: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(directory / name, dtype=str, keep_default_na=False)


def test_taiwan_limits_are_the_published_total(taiwan_files: Path) -> None:
    accounts = rows(taiwan_files, "accounts.csv")
    assert len(accounts) == 20_000
    assert accounts["account"].is_unique
    assert sum(map(int, accounts["credit_limit"])) == 3_351_879_680


def test_taiwan_september_is_the_published_totals(taiwan_files: Path) -> None:
    transactions = rows(taiwan_files, "transactions.csv")
    last = transactions[transactions["transaction_on"] > "2005-08-25"]
    assert sum(map(int, last[last["type"] == "payment"]["amount"])) == 112_895_706
    sign = transactions["type"].map({"purchase": 1, "payment": -1, "refund": -1})
    opening = sum(map(int, rows(taiwan_files, "accounts.csv")["opening_balance"]))
    assert opening + int((sign * transactions["amount"].astype("int64")).sum()) == 1_025_009_915


def test_taiwan_rows_lie_in_the_cycle_and_on_the_side_of_the_due_date_that_the_status_says(taiwan_files: Path) -> None:
    transactions = rows(taiwan_files, "transactions.csv")
    assert transactions["transaction_on"].min() > taiwan.OPENING_ON.isoformat()
    assert transactions["transaction_on"].max() <= taiwan.CLOSINGS[-1].isoformat()
    september = transactions[(transactions["type"] == "payment") & (transactions["transaction_on"] > "2005-08-25")]
    published = read_sample(TAIWAN_ACCOUNTS)
    late = set("TW" + published["ID"][published["PAY_0"].astype("int64") >= 1].str.zfill(5))
    assert set(september["account"][september["transaction_on"] > "2005-09-09"]) == late & set(september["account"])


def test_taiwan_answer_book_has_every_statement() -> None:
    balances = taiwan.published_balances()
    assert len(balances) == 100_000
    assert sum(balance for (_, on), balance in balances.items() if on == date(2005, 9, 25)) == 1_025_009_915


def test_purchase_cards_keep_every_row_and_the_published_net(purchase_card_files: Path) -> None:
    transactions = rows(purchase_card_files, "transactions.signed.csv")
    purchases, payments = (transactions[transactions["type"] == kind] for kind in ("purchase", "payment"))
    assert len(transactions) == 87_905
    assert list(payments["amount"]) == ["1174.42"]
    net = sum(map(Decimal, purchases["amount"])) - sum(map(Decimal, payments["amount"]))
    assert net == Decimal("13691229.02")
    assert purchases["amount"].str.startswith("-").sum() + len(payments) == 1_675


def test_purchase_cards_post_within_their_publication_month(purchase_card_files: Path) -> None:
    """Grouped by the cycle they post in, the rows give the control totals of each publication month."""
    transactions = rows(purchase_card_files, "transactions.signed.csv")
    # A cycle runs from the 3rd to the 2nd: two days earlier, every row of it lies in the month it is named after.
    transactions["month"] = (pd.to_datetime(transactions["posted_on"]) - pd.Timedelta(days=2)).dt.strftime("%Y-%m")
    transactions["signed"] = pd.Series([
        -Decimal(amount) if kind == "payment" else Decimal(amount)
        for amount, kind in zip(transactions["amount"], transactions["type"], strict=True)
    ], dtype=object)
    by_month = {str(month): part for month, part in transactions.groupby("month")}
    controls = read_sample(PURCHASE_CARD_CONTROL_TOTALS)
    assert len(controls) == len(by_month) == 22
    for control in controls.to_dict("records"):
        month = by_month[control["publish_month"]]
        credits = [amount for amount in month["signed"] if amount < 0]
        assert [len(month), sum(month["signed"]), sum(credits), len(credits), month["card"].nunique()] == [
            int(control["rows"]), Decimal(control["net_gbp"]), Decimal(control["credits_gbp"]),
            int(control["n_credits"]), int(control["cards"]),
        ]


def test_purchase_card_accounts_are_all_migrated(purchase_card_files: Path) -> None:
    accounts, cards = rows(purchase_card_files, "accounts.csv"), rows(purchase_card_files, "cards.csv")
    assert len(accounts) == len(cards) == 1_242
    assert accounts["opened_on"].max() == "2014-04-02"
    transactions = rows(purchase_card_files, "transactions.signed.csv")
    first_on = transactions.groupby("card")[["transaction_on", "posted_on"]].min().min(axis=1)
    assert dict(zip(cards["card"], cards["issued_on"], strict=True)) == first_on.to_dict()


def test_complaints_keep_every_row_under_a_name_of_its_own(tmp_path: Path) -> None:
    assert complaints.write_portfolio(tmp_path) == {"cases.csv": 4_267}
    cases = rows(tmp_path, "cases.csv")
    assert cases["case"].is_unique
    assert cases["case"].str.startswith("cfpb-line-").sum() == 357
    assert cases["timely"].value_counts().to_dict() == {"true": 4_255, "false": 12}
    assert (cases["sent_at"] < cases["received_at"]).sum() == 9


@pytest.mark.parametrize("write_portfolio", [taiwan.write_portfolio, purchase_cards.write_portfolio])
def test_a_small_demo_takes_so_many_accounts_and_is_the_same_every_time(
    write_portfolio: Callable[..., dict[str, int]], tmp_path: Path,
) -> None:
    for directory in ("one", "two"):
        rows_written = write_portfolio(tmp_path / directory, **(
            {"accounts": 30} if write_portfolio is taiwan.write_portfolio else {"cards": 30}))
        assert rows_written["accounts.csv"] == 30
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert "NOTES.md" in files
    assert all((tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes() for name in files)


def test_days_are_spread_evenly() -> None:
    days = spread(read_sample(TAIWAN_ACCOUNTS)["ID"].to_numpy().astype("int64"), 3, 11)
    counts = pd.Series(days).value_counts()
    assert len(counts) == 11
    assert counts.max() < 1.2 * counts.min()
