"""A file is what its name and its bytes say, or one line says why it cannot be taken in."""

from __future__ import annotations

import csv
import gzip
import zipfile
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from accounts.intake import files
from accounts.intake.control_totals import ControlTotals
from accounts.intake.files import FileChanged, FileName, UnusableFile, open_portfolio_file
from accounts.intake.layouts import LAYOUTS
from accounts.intake.rejects import RejectsFile
from accounts.intake.rows import Reject, joined

KINDS = ["org_units", "members", "accounts", "cards", "transactions"]
HEADER = b"type,amount,account,transaction_on\n"
ROW = b"purchase,12.34,A1,2023-05-01\n"


@pytest.mark.parametrize(("name", "said"), [
    ("transactions.csv", ("transactions", False, "csv")),
    ("transactions.signed.csv", ("transactions", True, "csv")),
    ("transactions-2023-05-01.csv.gz", ("transactions", False, "csv.gz")),
    ("transactions-2023.signed.parquet", ("transactions", True, "parquet")),
    ("transactions.signed-2023-05.xlsx", ("transactions", True, "xlsx")),
    ("transactions.unsigned.csv", ("transactions", False, "csv")),
    ("members_2.csv", ("members", False, "csv")),
    ("org_units.csv", ("org_units", False, "csv")),
    ("transactionsbackup.csv", None), ("transactions.json", None), ("Transactions.csv", None), ("my-accounts.csv", None),
    ("accounts", None), ("accounts.csv.bak", None), ("accounts.xls", None),
])
def test_the_name_says_the_kind(name: str, said: tuple[str, bool, str] | None) -> None:
    found = FileName.read(name, KINDS)
    assert (None if found is None else (found.kind, found.signed, found.format)) == said


def opened(path: Path, content: bytes) -> files.PortfolioFile:
    path.write_bytes(content)
    return open_portfolio_file(path, LAYOUTS)


@pytest.mark.parametrize(("name", "content", "why"), [
    ("transactions.csv", b"", "is empty"),
    ("transactions.csv", b"\n\n", "is empty"),
    ("transactions.csv", b"\xef\xbb\xbf", "is empty"),
    ("transactions.csv", b"PK\x03\x04rest", "is named .csv but is a ZIP or XLSX file"),
    ("transactions.csv", b"PAR1rest", "is named .csv but is a Parquet file"),
    ("transactions.csv", b"%PDF-1.7", "is named .csv but is a PDF"),
    ("transactions.csv", gzip.compress(HEADER, mtime=0), "is named .csv but is a gzip file"),
    ("transactions.csv", "type,amount".encode("utf-16"), "is named .csv but is UTF-16 text; save it as UTF-8"),
    ("transactions.csv.gz", HEADER, "is named .csv.gz but is something else"),
    ("transactions.csv.gz", gzip.compress(HEADER + ROW * 999, mtime=0)[:60], "cannot be read"),
    ("transactions.csv.gz", gzip.compress(b"%PDF-1.7", mtime=0), "is a PDF"),
    ("transactions.parquet", HEADER, "is named .parquet but is something else"),
    ("transactions.parquet", b"PAR1" + bytes(40), "cannot be read as Parquet"),
    ("transactions.xlsx", HEADER, "is named .xlsx but is something else"),
    ("transactions.xlsx", b"PK\x03\x04" + bytes(40), "cannot be read as XLSX"),
    ("transactions.csv", b"type,amount,account\n", "column transaction_on is missing; it has type, amount, account"),
    ("transactions.csv", b"type,amount,transaction_on\n", "column account or card is missing"),
    ("transactions.csv", b"type;amount;account;transaction_on\n", "separated by semicolons"),
    ("transactions.csv", b"Type,amount,account,transaction_on\n", "column type is missing"),
    ("transactions.csv", b"type,amount,amount,account,transaction_on\n", "column amount is there more than once"),
    ("transactions.csv", b"type,amount,account,transaction_on,cvv\n", "column cvv would hold what proves"),
    ("transactions.csv", b"\xff\xfa,b\n", "the header is not UTF-8"),
    ("transactions.csv", HEADER + b"x" * (2 << 20), "line 2 is longer than 1 MiB"),
    ("transactions.csv", HEADER + ROW + b"x" * (3 << 20) + b"\n" + ROW, "line 3 is longer than 1 MiB"),
    ("transactions.csv", b"x" * (3 << 20), "line 1 is longer than 1 MiB"),
    ("accounts.csv", b'{"account": 1}', "column account, member, product, opened_on is missing"),
])
def test_a_file_that_is_not_what_it_says(tmp_path: Path, name: str, content: bytes, why: str) -> None:
    with pytest.raises(UnusableFile) as told:
        opened(tmp_path / name, content)
    assert why in str(told.value)
    assert str(told.value).startswith(str(tmp_path / name))
    assert "\n" not in str(told.value)


def test_a_bomb_of_one_endless_line_is_noticed_at_once(tmp_path: Path) -> None:
    path = tmp_path / "transactions.csv.gz"
    with gzip.open(path, "wb", compresslevel=1) as stream:
        for _ in range(64):
            stream.write(bytes(1 << 20))
    with pytest.raises(UnusableFile, match="line 1 is longer than 1 MiB"):
        open_portfolio_file(path, LAYOUTS)


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    file = opened(tmp_path / "transactions.csv", b"\xef\xbb\xbf" + HEADER + ROW)
    assert file.header == ["type", "amount", "account", "transaction_on"]
    assert joined(list(file.blocks())).column("type").to_pylist() == ["purchase"]


def test_the_same_content_gzipped_is_the_same_file(tmp_path: Path) -> None:
    plain = opened(tmp_path / "transactions.csv", HEADER + ROW)
    packed = opened(tmp_path / "transactions.csv.gz", gzip.compress(HEADER + ROW))
    assert plain.sha256 == packed.sha256
    assert plain.rows_expected == packed.rows_expected == 1


def test_columns_that_are_not_known_are_kept_aside_by_name_or_place(tmp_path: Path) -> None:
    file = opened(tmp_path / "transactions.csv", b"type,colour,amount,account,transaction_on,,\n")
    assert file.unknown_columns == ["colour", "column 6 (no name)", "column 7 (no name)"]


def test_a_file_that_grows_while_it_is_read_is_not_taken_for_whole(tmp_path: Path) -> None:
    path = tmp_path / "transactions.csv"
    file = opened(path, HEADER + ROW)
    with path.open("ab") as stream:
        stream.write(ROW)
    with pytest.raises(FileChanged, match="changed while it was read"):
        list(file.blocks())


def typed_rows() -> list[list[Any]]:
    return [
        ["type", "amount", "account", "transaction_on", "ref"],
        ["purchase", Decimal("12.50"), "007", date(2023, 5, 1), "Null"],
        ["payment", 300, "1e3", datetime(2023, 5, 2), None],  # noqa: DTZ001 - spreadsheets know no zones
    ]


def as_text(file: files.PortfolioFile) -> list[list[str | None]]:
    block = joined(list(file.blocks()))
    return list(map(list, zip(*(block.column(name).to_pylist() for name in typed_rows()[0]), strict=True)))


EXPECTED = [["purchase", "12.5", "007", "2023-05-01", "Null"], ["payment", "300", "1e3", "2023-05-02", None]]


def test_a_workbook_says_the_same_as_text(tmp_path: Path) -> None:
    path = tmp_path / "transactions.xlsx"
    with xlsxwriter.Workbook(path, {"default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet("rows")
        book.add_worksheet("notes")
        for line, row in enumerate(typed_rows()):
            for place, cell in enumerate(row):
                if isinstance(cell, date):
                    sheet.write_datetime(line + 2, place, cell)
                elif cell is not None:
                    sheet.write(line + 2, place, cell)
    file = open_portfolio_file(path, LAYOUTS)
    assert as_text(file) == EXPECTED
    assert joined(list(file.blocks())).lines.tolist() == [4, 5]
    assert file.notices == ["only its first sheet is taken in; left: notes"]


def test_numbers_that_a_spreadsheet_has_cut_are_not_taken_for_whole(tmp_path: Path) -> None:
    path = tmp_path / "transactions.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["type", "amount", "account", "transaction_on"])
        sheet.write_row(1, 0, ["purchase", 12.34, 4111111111111111, "2023-05-01"])
        sheet.write_row(2, 0, ["purchase", 0.1 + 0.2, "A1", "2023-05-01", "", "far out"])
        sheet.write_row(4, 0, ["purchase", 7, "A1", "2023-05-01"])
    block = joined(list(open_portfolio_file(path, LAYOUTS).blocks()))
    assert block.lines.tolist() == [5]
    assert [(each.line, each.column) for each in block.broken] == [(2, "account"), (3, "")]


def test_a_workbook_that_unpacks_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.intake.typed_files.LARGEST_WORKBOOK", 1000)
    path = tmp_path / "members.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(5000))
    with pytest.raises(UnusableFile, match="unpacks to more than 2 GiB"):
        open_portfolio_file(path, LAYOUTS)


def parquet(path: Path, amount: Any) -> files.PortfolioFile:
    header, *rows = typed_rows()
    columns = dict(zip(header, map(list, zip(*rows, strict=True)), strict=True))
    columns["transaction_on"] = [date(2023, 5, 1), date(2023, 5, 2)]
    pq.write_table(pa.table({**columns, "amount": amount, "kept aside": [1.5, 2.5]}), path)
    return open_portfolio_file(path, LAYOUTS)


@pytest.mark.parametrize("amount", [
    pa.array([Decimal("12.50"), Decimal("300.00")], pa.decimal128(18, 2)),
    pa.array([Decimal("12.5"), Decimal("300")], pa.decimal256(40, 10)),
    pa.array(["12.5", "300"]),
    pa.array(["12.5", "300"]).dictionary_encode(),
])
def test_parquet_says_the_same_as_text(tmp_path: Path, amount: Any) -> None:
    file = parquet(tmp_path / "transactions.parquet", amount)
    assert as_text(file) == EXPECTED
    assert joined(list(file.blocks())).lines.tolist() == [2, 3]
    assert file.unknown_columns == ["kept aside"]


def test_parquet_floats_are_no_money(tmp_path: Path) -> None:
    with pytest.raises(UnusableFile, match="column amount is of type double; write it as text, integer or decimal"):
        parquet(tmp_path / "transactions.parquet", pa.array([12.5, 300.0]))


def test_rejects_are_cut_back_to_what_was_committed_and_hide_what_they_must(tmp_path: Path) -> None:
    rejects = RejectsFile(tmp_path, "cards.csv", bytes(32))
    assert rejects.path == tmp_path / "rejects" / "cards.csv.00000000.csv"
    rejects.begin(0)
    rejects.add([Reject(7, "pan", "4111 1111 1111 1111", "number 4111111111111111 is odd")])
    rejects.add([Reject(8, "holder", "=cmd|x", "no")])
    rejects.add([Reject(9, "holder", "-12", "no"), Reject(9, "card", "4111111111111112", "passes no check")])
    rejects.begin(9)
    with rejects.path.open(newline="") as stream:
        assert list(csv.reader(stream)) == [
            ["line", "column", "value", "reason"],
            ["7", "pan", "411111…1111", "number 411111…1111 is odd"],
            ["8", "holder", "'=cmd|x", "no"],
        ]


def test_control_totals_add_up_whatever_the_size() -> None:


    totals = ControlTotals()
    rows = 300_000
    totals.add_columns([("CNY", 2), ("JPY", 0)], np.array([0, 1] * (rows // 2)), ["purchase"], np.zeros(rows, dtype=np.int64),
                       np.zeros(rows, dtype=np.int64), np.full(rows, 10**15))
    totals.add_columns([("CNY", 2)], np.zeros(2, dtype=np.int64), ["purchase"], np.zeros(2, dtype=np.int64), np.array([1, 2]),
                       np.array([-5, 7]))
    document = totals.document()
    assert document["JPY"]["purchase"]["posted"] == {"rows": 150_000, "amount": str(150_000 * 10**15)}
    assert document["CNY"]["purchase"] == {
        "posted": {"rows": 150_000, "amount": f"{150_000 * 10**13}.00"},
        "already_there": {"rows": 1, "amount": "-0.05"},
        "rejected": {"rows": 1, "amount": "0.07"},
        "read": {"rows": 150_002, "amount": f"{150_000 * 10**13}.02"},
    }
    assert ControlTotals.from_document(document).document() == document
