"""One answer, six formats: the same rows, the same totals, nothing that a spreadsheet would run, nothing from elsewhere."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO, StringIO
from zipfile import ZipFile

import pytest
from pypdf import PdfReader
from python_calamine import CalamineWorkbook
from rich.cells import cell_len

from accounts.errors import Trouble
from reports.answer import Chart, Dimension, Measure, Report, Row, share
from reports.charts import OTHER, chart_points, specification
from reports.rendering import Format, format_of_file, renderer
from reports.rendering_table import as_table, grouped
from statements.spreadsheet_text import spreadsheet_safe
from statements.whole_file import whole_file

MEASURES = (
    Measure("transactions", "count", "how many"), Measure("net", "money", "how much"),
    Measure("cards", "count", "how many cards", "never"), Measure("timely_rate", "rate", "what share", "never"),
)
DIMENSIONS = {"month": Dimension("month", "", "month"), "merchant": Dimension("merchant", "", "merchant"),
              "day": Dimension("day", "", "day")}
FORMULA = '=HYPERLINK("http://example.org","pay <here> & now")'


def report(rows: list[Row], by: tuple[str, ...] = ("month", "merchant"), **changes: object) -> Report:
    totals: list[Row] = [{
        "transactions": sum(int(str(row["transactions"])) for row in rows), "cards": 3, "timely_rate": Decimal("0.5"),
        "net": sum(int(str(row["net"])) for row in rows), "currency": "CNY"}]
    made = Report("turnover", "Turnover", date(2024, 3, 1), date(2024, 4, 30), date(2024, 4, 30),
                  {"by": list(by), "org_unit": None, "currency": "CNY"}, tuple(DIMENSIONS[name] for name in by), MEASURES,
                  tuple(rows), tuple(totals), {"CNY": 2}, Chart("net", "Net turnover"), ("A note.",))
    return replace(made, **changes)  # type: ignore[arg-type]


def row(month: str, merchant: str | None, transactions: int, net: int, **more: object) -> Row:
    return {"month": month, "merchant": merchant, "transactions": transactions, "net": net, "cards": 2,  # type: ignore[dict-item]
            "timely_rate": Decimal("0.9724"), "currency": "CNY", **more}


ROWS = [row("2024-03", FORMULA, 3, 123_456), row("2024-03", None, 1, -5), row("2024-04", "Yonghui 永辉", 10_000, 7)]


def test_json_has_the_documented_shape_sorted_and_without_floats() -> None:
    text = renderer(Format.JSON)(report(ROWS)).decode()
    document = json.loads(text, parse_float=lambda number: pytest.fail(f"a float: {number}"))
    assert sorted(document) == list(document) == ["as_of", "filters", "from", "report", "rows", "to", "totals"]
    assert document["rows"][0] == {"month": "2024-03", "merchant": FORMULA, "transactions": 3, "net": "1234.56", "cards": 2,
                                   "timely_rate": "0.9724"}
    assert document["rows"][1]["merchant"] is None
    assert document["totals"] == {"transactions": 10_004, "net": "1234.58", "cards": 3, "timely_rate": "0.5"}
    assert (document["from"], document["to"], document["as_of"]) == ("2024-03-01", "2024-04-30", "2024-04-30")
    assert renderer(Format.JSON)(report(ROWS)).decode() == text


def test_several_currencies_lead_the_rows_and_have_totals_of_their_own() -> None:
    rows = [row("2024-03", "a", 1, 100), row("2024-03", "a", 1, 3, currency="JPY")]
    totals = tuple({**each, "cards": 1} for each in rows)
    document = json.loads(renderer(Format.JSON)(report(rows, totals=totals, shown_digits={"CNY": 2, "JPY": 0})))
    assert [(each["currency"], each["net"]) for each in document["rows"]] == [("CNY", "1.00"), ("JPY", "3")]
    assert {code: each["net"] for code, each in document["totals"].items()} == {"CNY": "1.00", "JPY": "3"}


def test_csv_is_rfc_4180_with_rows_alone_and_safe_text() -> None:
    text = renderer(Format.CSV)(report(ROWS)).decode()
    assert text.count("\r\n") == len(ROWS) + 1 == text.count("\n")
    read = list(csv.reader(StringIO(text, newline="")))
    assert read[0] == ["month", "merchant", "transactions", "net", "cards", "timely_rate"]
    assert read[1] == ["2024-03", "'" + FORMULA, "3", "1234.56", "2", "0.9724"]
    assert read[2] == ["2024-03", "", "1", "-0.05", "2", "0.9724"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1", "－1", "＠x", "\u200b=1"])
def test_text_that_could_start_a_formula_is_disarmed(text: str) -> None:
    assert spreadsheet_safe(text) == "'" + text


@pytest.mark.parametrize("text", ["", "JD.com", "7-Eleven", "永辉超市", "a=b", "O'Neill"])
def test_other_text_stays(text: str) -> None:
    assert spreadsheet_safe(text) == text


def test_table_says_filters_totals_and_how_many() -> None:
    text = as_table(report(ROWS))
    assert text.splitlines()[0] == (
        "Turnover, 2024-03-01 to 2024-04-30; by month, merchant; amounts in CNY; as of 2024-04-30")
    assert re.search(r"2024-03 +\(none\) +1 +-0\.05", text)
    assert re.search(r"total +10,004 +1,234\.58 +3", text)
    assert text.rstrip().endswith("3 rows matched, 3 written")


def test_table_lines_up_whatever_the_script_and_is_never_cut() -> None:
    lines = as_table(report([row("2024-03", "王" * 60, 1, 5), row("2024-03", "Wang", 1, 5)])).splitlines()
    first, second = (line for line in lines if line.startswith("2024-03"))
    assert cell_len(first) == cell_len(second)
    assert first.split()[1] == "王" * 60


def test_table_of_a_terminal_shows_what_is_below_zero_in_red(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    text = as_table(report(ROWS), terminal=True)
    assert re.search(r"\x1b\[31m +-0\.05\x1b\[0m", text)
    assert "\x1b" not in as_table(report(ROWS))


@pytest.mark.parametrize(("text", "shown"), [("1234567.80", "1,234,567.80"), ("-1234.5", "-1,234.5"), ("-0.05", "-0.05"),
                                             ("0", "0"), ("999", "999")])
def test_thousands_are_set_apart(text: str, shown: str) -> None:
    assert grouped(text) == shown


def test_workbook_has_three_sheets_one_table_no_foreign_formula_and_a_chart() -> None:
    content = renderer(Format.XLSX)(report(ROWS))
    book = CalamineWorkbook.from_filelike(BytesIO(content))
    assert book.sheet_names == ["Summary", "Data", "Notes"]
    data = book.get_sheet_by_name("Data").to_python()
    assert data[0] == ["month", "merchant", "transactions", "net", "cards", "timely_rate"]
    assert data[1] == ["2024-03", FORMULA, 3, 1234.56, 2, 0.9724]
    assert data[2][1] == "(none)"
    assert data[4][:4] == ["total", "", 10_004, 1234.58]
    summary = {line[0]: line[1] for line in book.get_sheet_by_name("Summary").to_python()}
    assert summary["period"] == "2024-03-01 to 2024-04-30"
    assert summary["rows"] == "3 rows matched, 3 written"
    assert summary["all rows"] == 10_004
    with ZipFile(BytesIO(content)) as files:
        sheet = files.read("xl/worksheets/sheet2.xml").decode()
        formulas = re.findall(r"<f>(.*?)</f>", sheet)
        assert formulas
        assert all(formula.startswith("SUBTOTAL(109,") for formula in formulas)
        assert 'state="frozen"' in sheet
        table = files.read("xl/tables/table1.xml").decode()
        assert "<autoFilter" in table
        assert 'totalsRowCount="1"' in table
        assert any(name.startswith("xl/charts/chart") for name in files.namelist())
        assert not any("externalLink" in name for name in files.namelist())
        assert "2024-04-30T00:00:00Z" in files.read("docProps/core.xml").decode()
    assert renderer(Format.XLSX)(report(ROWS)) == content


def test_workbook_does_not_add_up_different_currencies() -> None:
    rows = [row("2024-03", "a", 1, 100), row("2024-03", "a", 1, 3, currency="JPY")]
    content = renderer(Format.XLSX)(report(rows, totals=tuple(rows), shown_digits={"CNY": 2, "JPY": 0}))
    with ZipFile(BytesIO(content)) as files:
        formulas = re.findall(r"<f>(.*?)</f>", files.read("xl/worksheets/sheet2.xml").decode())
    assert formulas == ["SUBTOTAL(109,D2:D3)"]


def test_page_is_complete_in_itself_and_shows_every_row() -> None:
    page = renderer(Format.HTML)(report(ROWS)).decode()
    assert "<script" not in page
    assert not re.search(r"""(src|href)=["'](https?:)?//""", page)
    assert page.count("<svg") == 1
    assert "=HYPERLINK(&#34;http://example.org&#34;,&#34;pay &lt;here&gt; &amp; now&#34;)" in page
    assert "1,234.56" in page
    assert "3 rows matched, 3 written" in page
    assert 'class="negative">\u22120.05' in page


def test_document_holds_every_row_and_total() -> None:
    reader = PdfReader(BytesIO(renderer(Format.PDF)(report(ROWS))))
    text = "\n".join(page.extract_text() for page in reader.pages)
    for expected in ("1,234.56", "10,004", "Yonghui 永辉", "3 rows matched, 3 written"):
        assert expected in text
    assert reader.metadata is not None
    assert reader.metadata.title == "Turnover, 2024-03-01 to 2024-04-30"
    assert renderer(Format.PDF)(report(ROWS)) == renderer(Format.PDF)(report(ROWS))


@pytest.mark.parametrize("wanted", list(Format))
def test_no_rows_are_a_report_too(wanted: Format) -> None:
    empty = report([], to_on=None, from_on=None)
    content = renderer(wanted)(empty)
    assert content
    if wanted is Format.HTML:
        assert "Nothing to show" in content.decode()


def test_a_chart_draws_what_the_rows_say() -> None:
    (points,) = chart_points(report(ROWS))
    assert points.labels == ("2024-03", "2024-04")
    assert points.values["2024-03", FORMULA] == 123_456
    assert points.shown("2024-03", "(none)") == -0.05
    drawn = specification(points, 600)
    assert drawn["encoding"]["y"]["scale"]["zero"] is True
    assert drawn["encoding"]["y"]["axis"]["title"] == "net (CNY)"


def test_time_runs_without_gaps() -> None:
    (points,) = chart_points(report([row("2023-11", "a", 1, 1), row("2024-02", "a", 1, 1)], ("month",)))
    assert points.labels == ("2023-11", "2023-12", "2024-01", "2024-02")
    assert specification(points, 600)["encoding"]["x"]["scale"]["domain"] == list(points.labels)


def test_only_the_largest_of_many_are_drawn_and_the_chart_says_so() -> None:
    rows = [row("2024-03", f"m{number:03}", 1, number) for number in range(40)]
    (points,) = chart_points(report(rows, ("merchant",)))
    assert points.labels[0] == "m039"
    assert len(points.labels) == 15
    assert points.caption.endswith(": the 15 largest of 40")


def test_parts_beyond_the_palette_are_added_up() -> None:
    rows = [row("2024-03", f"m{number}", 1, 10 + number) for number in range(10)]
    (points,) = chart_points(report(rows))
    assert points.parts[-1] == OTHER
    assert points.values["2024-03", OTHER] == 10 + 11 + 12
    assert sum(points.values.get(("2024-03", part), 0) for part in points.parts) == sum(int(str(each["net"])) for each in rows)


@pytest.mark.parametrize(("part", "whole", "places", "expected"), [
    (1, 3, 4, "0.3333"), (2, 3, 4, "0.6667"), (1, 8, 2, "0.13"), (-1, 8, 2, "-0.13"), (5, 2, 0, "3"), (0, 7, 4, "0.0000")])
def test_shares_are_rounded_half_up(part: int, whole: int, places: int, expected: str) -> None:
    assert str(share(part, whole, places)) == expected


def test_a_share_of_nothing_is_unknown() -> None:
    assert share(0, 0, 4) is None


@pytest.mark.parametrize(("name", "wanted"), [("a.json", Format.JSON), ("A.XLSX", Format.XLSX), ("x.htm", Format.HTML),
                                              ("x", None), ("x.docx", None)])
def test_the_ending_of_a_file_names_its_format(name: str, wanted: Format | None) -> None:
    assert format_of_file(name) is wanted


def test_a_file_is_there_whole_or_as_before(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "report.csv"
    path.write_text("before")

    def write_half() -> None:
        with whole_file(path) as file:
            file.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert path.read_text() == "before"
    with whole_file(path) as file:
        file.write(b"whole")
    assert path.read_text() == "whole"
    assert [each.name for each in tmp_path.iterdir()] == ["report.csv"]
    with pytest.raises(Trouble, match="nowhere"), whole_file(tmp_path / "nowhere" / "report.csv"):
        pass
