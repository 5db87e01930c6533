"""Sales orders: taken in row by row, and told as those ask who sell without a store."""

from __future__ import annotations

import csv
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from accounts.database import Database
from reports.asking import Question
from reports.catalogue import answer
from tests.conftest import RunCardwright
from tests.prepaid_book import open_book

#: O3 is paid a day after the month, O5 never; M1 buys twice, M2 once; an unknown buyer is nobody's repurchase.
ORDERS = """\
order,channel,ordered_at,buyer,product,quantity,face,price,paid_at,delivered_at,org_unit,status
O1,store,2024-01-05T10:00:00Z,M1,ok-card,2,100.00,196.00,2024-01-05T10:00:00Z,2024-01-05,N,delivered
O2,web,2024-01-06,M1,ok-card,3,50.00,150.00,2024-01-07,2024-01-08,,delivered
O3,pickup,2024-01-31,M2,gift-card,1,500.00,500.00,2024-02-01,,N,paid
O4,company,2024-01-20,,ok-card,500,100.00,49000.00,2024-01-21,2024-01-25,N,delivered
O5,phone,2024-02-02,M3,gift-card,,20.00,,,,,ordered
"""
MEASURES = ("orders", "paid", "delivered", "quantity", "face", "price", "conversion", "without_a_store", "buyers", "repurchase")


@pytest.fixture
def sold(database: Database, cardwright: RunCardwright, tmp_path: Path) -> Database:
    with database.connect() as connection:
        open_book(connection)
    (tmp_path / "org_units.csv").write_text("code,name,kind,parent\nHO,Head office,head_office,\nN,North,branch,HO\n")
    (tmp_path / "orders.csv").write_text(ORDERS)
    ended = cardwright("import", tmp_path, database=database)
    assert ended.returncode == 0, ended.stderr
    return database


def counted(database: Database, *by: str, **question: Any) -> tuple[dict[Any, tuple[Any, ...]], tuple[Any, ...]]:
    with database.connect() as connection:
        report = answer(connection, "orders", Question(by=by, **question))
    rows = {tuple(row[name] for name in by): tuple(row[name] for name in MEASURES) for row in report.rows}
    return rows, tuple(report.totals[0][name] for name in MEASURES)


def test_every_measure_of_a_small_book(sold: Database) -> None:
    months, total = counted(sold, "month")
    assert months["2024-01",] == (
        4, 4, 3, 506, 5_085_000, 4_984_600, Decimal("1.0000"), Decimal("0.9960"), 2, Decimal("0.5000"))
    assert months["2024-02",] == (1, 0, 0, 1, 2_000, 0, Decimal("0.0000"), Decimal("1.0000"), 0, None)
    assert total[:4] == (5, 4, 3, 507)
    assert (total[6], total[8]) == (Decimal("0.8000"), 2)


def test_what_is_paid_after_the_last_day_is_not_paid_yet(sold: Database) -> None:
    _, total = counted(sold, "channel", to_on=date(2024, 1, 31))
    assert (total[0], total[1], total[6]) == (4, 3, Decimal("0.7500"))


def test_by_channel_and_unit(sold: Database) -> None:
    channels, _ = counted(sold, "channel")
    assert [key[0] for key in channels] == ["store", "phone", "web", "pickup", "company"], "in the order of the contract"
    assert {key: row[0] for key, row in counted(sold, "org_unit", "product")[0].items()} == {
        ("N", "gift-card"): 1, ("N", "ok-card"): 2, (None, "gift-card"): 1, (None, "ok-card"): 1}
    assert counted(sold, "month", org_unit="N")[1][3] == 503


def test_bad_rows_are_told_apart_and_the_file_is_taken_once(sold: Database, cardwright: RunCardwright, tmp_path: Path) -> None:
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "orders.csv").write_text(
        "order,channel,ordered_at,buyer,product,quantity,face,org_unit\n"
        "O6,store,2024-02-01,M1,ok-card,1,10.00,N\n"
        "O7,fax,2024-02-01,M1,ok-card,1,10.00,N\n"
        "O8,store,2024-02-01,M99,ok-card,1,10.00,N\n"
        "O9,store,2024-02-01,M1,no-card,1,10.00,N\n"
        "O10,store,2024-02-01,M1,ok-card,0,10.00,N\n"
        "O11,store,2024-02-01,M1,ok-card,1,10.001,N\n"
        "O12,store,2024-02-01,M1,ok-card,1,-1.00,N\n"
        "O13,store,2024-02-01,M1,ok-card,1,10.00,Z\n"
        "O14,store,,M1,ok-card,1,10.00,N\n")
    ended = cardwright("import", folder, "--json", database=sold)
    file = json.loads(ended.stdout)["files"][0]
    assert (ended.returncode, file["rows"]["posted"], file["rows"]["rejected"]) == (1, 1, 8), file
    with Path(file["rejects"]).open(encoding="utf-8") as rejects:
        columns = [(int(row["line"]), row["column"]) for row in csv.DictReader(rejects)]
    assert sorted(set(columns)) == [(3, "channel"), (4, "buyer"), (5, "product"), (6, "quantity"), (7, "face"), (8, "face"),
                                    (9, "org_unit"), (10, "ordered_at")]
    again = json.loads(cardwright("import", tmp_path / "orders.csv", "--json", database=sold).stdout)["files"][0]
    assert again["rows"]["posted"] == 0
    changed = tmp_path / "changed"
    changed.mkdir()
    (changed / "orders.csv").write_text(ORDERS.replace("O1,store", "O1,web").splitlines()[0] + "\n"
                                        + ORDERS.replace("O1,store", "O1,web").splitlines()[1] + "\n")
    ended = cardwright("import", changed, "--json", database=sold)
    assert ended.returncode == 1, "another order by a name that is taken"


def test_the_command_tells_amounts_with_their_currency(sold: Database, cardwright: RunCardwright) -> None:
    told = json.loads(cardwright("report", "orders", "--by", "month", "--format", "json", database=sold).stdout)
    assert [(row["month"], row["face"], row["price"]) for row in told["rows"]] == [
        ("2024-01", "50850.00", "49846.00"), ("2024-02", "20.00", "0.00")]
