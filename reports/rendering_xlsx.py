"""A report as a workbook: Summary (what was asked, totals, chart), Data (one real table), Notes (what columns mean).

Text is written as text, whatever it looks like; the only formulas are our own sums over the table.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from io import BytesIO
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from reports.answer import CURRENCY, NO_GROUP, TIMES, Measure, Report, Row
from reports.charts import OTHER, OTHER_COLOUR, PALETTE, ChartPoints, chart_points
from reports.rendering_table import counted, readable

#: Rows of one sheet: less than Excel's 1,048,576, so that a header and totals fit; more go on to further sheets.
ROWS_A_SHEET = 1_000_000
#: Excel counts in doubles: an amount that one would not hold to the cent is written as text.
EXACT_IN_EXCEL = Decimal(10) ** 13
OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
           "nan_inf_to_errors": False}


class _Formats:
    """The cell formats of a workbook, made once."""

    def __init__(self, workbook: Any) -> None:
        self._workbook = workbook
        self._numbers: dict[str, Any] = {}
        self.title = workbook.add_format({"bold": True, "font_size": 16})
        self.label = workbook.add_format({"bold": True, "valign": "top"})
        self.heading = workbook.add_format({"bold": True, "bottom": 1, "align": "right"})
        self.heading_left = workbook.add_format({"bold": True, "bottom": 1})
        self.table_heading = workbook.add_format({"align": "right"})
        self.wrapped = workbook.add_format({"text_wrap": True, "valign": "top"})
        self.text = workbook.add_format({"num_format": "@"})

    def number(self, pattern: str) -> Any:
        if pattern not in self._numbers:
            self._numbers[pattern] = self._workbook.add_format({"num_format": pattern})
        return self._numbers[pattern]


def as_xlsx(report: Report) -> bytes:
    """The workbook; the same report gives the same bytes."""
    out = BytesIO()
    workbook = xlsxwriter.Workbook(out, OPTIONS)
    # A date alone is taken for none, and then the clock is asked.
    created = datetime.combine(report.as_of or report.to_on or date(2000, 1, 1), time(), UTC)
    workbook.set_properties({"title": report.title, "created": created})
    formats = _Formats(workbook)
    summary = workbook.add_worksheet("Summary")
    chunks = [report.rows[at:at + ROWS_A_SHEET] for at in range(0, len(report.rows), ROWS_A_SHEET)] or [()]
    for number, rows in enumerate(chunks, 1):
        _write_data(workbook, "Data" if number == 1 else f"Data {number}", f"{report.name}_{number}", report, rows, formats)
    _write_notes(workbook.add_worksheet("Notes"), report, formats)
    _write_summary(workbook, summary, report, len(chunks), formats)
    workbook.close()
    return out.getvalue()


def _pattern(report: Report, measure: Measure, row: Row | None) -> str:
    """How Excel shows a measure; of all rows alike, or of one row where currencies differ."""
    if measure.kind == "count":
        return "#,##0"
    if measure.kind == "rate":
        return "0.00%"
    if measure.kind in ("days", "points"):
        return "0.0"
    if measure.kind == "seconds":
        return "0.00"
    code = report.currency_of(row) if row is not None else next(iter(report.shown_digits), None)
    digits = report.shown_digits[code] if code else 2
    amount = "#,##0" + ("." + "0" * digits if digits else "")
    return f"{amount};[Red]-{amount}"


def _write_number(sheet: Any, at: tuple[int, int], report: Report, measure: Measure, row: Row, formats: _Formats) -> None:
    value = row.get(measure.name)
    if value is None:
        return
    exact = Decimal(report.amount_text(row, measure.name)) if measure.kind == "money" else Decimal(str(value))
    if abs(exact) >= EXACT_IN_EXCEL:
        sheet.write_string(*at, str(exact), formats.text)
    else:
        sheet.write_number(*at, exact, formats.number(_pattern(report, measure, row)))


def _write_data(workbook: Any, name: str, table_name: str, report: Report, rows: tuple[Row, ...], formats: _Formats) -> None:
    sheet = workbook.add_worksheet(name)
    columns: list[dict[str, Any]] = [{"header": each} for each in report.group_names]
    for each in report.measures:
        described: dict[str, Any] = {"header": each.name, "header_format": formats.table_heading}
        if _sums(report, each):
            described |= {"total_function": "sum", "format": formats.number(_pattern(report, each, None))}
        columns.append(described)
    columns[0]["total_string"] = "total"
    last = max(len(rows), 1)
    sheet.add_table(0, 0, last + 1, len(columns) - 1, {
        "name": table_name, "columns": columns, "total_row": True, "style": "Table Style Light 9", "autofilter": True,
    })
    day = formats.number("yyyy-mm-dd")
    for line, row in enumerate(rows, 1):
        for column, group in enumerate(report.group_names):
            value = row[group]
            if isinstance(value, date):
                sheet.write_datetime(line, column, value, day)
            else:
                sheet.write_string(line, column, NO_GROUP if value is None else str(value), formats.text)
        for column, measure in enumerate(report.measures, len(report.group_names)):
            _write_number(sheet, (line, column), report, measure, row, formats)
    for column, measure in enumerate(report.measures, len(report.group_names)):
        if _sums(report, measure) and report.totals:
            letter = xl_col_to_name(column)
            total = sum(_amount(report, row, measure) for row in rows)
            sheet.write_formula(last + 1, column, f"=SUBTOTAL(109,{letter}2:{letter}{last + 1})",
                                formats.number(_pattern(report, measure, None)), float(total))
    sheet.freeze_panes(1, len(report.group_names))
    for column, group in enumerate(report.group_names):
        longest = max((len(str(row[group])) for row in rows[:5000]), default=0)
        sheet.set_column(column, column, min(max(longest, len(group)) + 4, 48))
    sheet.set_column(len(report.group_names), len(columns) - 1, 17)
    _print_setup(sheet, report)


def _amount(report: Report, row: Row, measure: Measure) -> Decimal:
    return Decimal(report.amount_text(row, measure.name) if measure.kind == "money" else str(row[measure.name]))


def _sums(report: Report, measure: Measure) -> bool:
    """Whether the table's column may be added up: never over amounts of several currencies."""
    if measure.kind == "money" and report.several_currencies:
        return False
    over_time = any(each.name in TIMES for each in report.groups)
    return measure.adds_up == "always" or (measure.adds_up == "not_over_time" and not over_time)


def _print_setup(sheet: Any, report: Report) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_footer(f"&L{report.title.replace('&', '&&')}, {report.period}&RPage &P of &N")


def _write_summary(workbook: Any, sheet: Any, report: Report, sheets: int, formats: _Formats) -> None:
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 12, 17)
    sheet.write_string(0, 0, report.title, formats.title)
    facts = [
        ("period", report.period),
        ("as of", str(report.as_of) if report.as_of else "no business day closed yet"),
        ("rows by", ", ".join(report.group_names)),
        ("organisation unit", f"{report.filters['org_unit']} and below" if report.filters.get("org_unit") else "all"),
        *([("currency", ", ".join(report.shown_digits))] if report.shown_digits else []),
        ("rows", counted(report) + (f", on {sheets} sheets from Data on" if sheets > 1 else "")),
    ]
    for line, (label, text) in enumerate(facts, 2):
        sheet.write_string(line, 0, label, formats.label)
        sheet.write_string(line, 1, text)
    line = _write_totals(sheet, 3 + len(facts), report, formats)
    for points in chart_points(report):
        line = _write_chart(workbook, sheet, line + 1, points, formats)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)


def _write_totals(sheet: Any, line: int, report: Report, formats: _Formats) -> int:
    sheet.write_string(line, 0, "totals", formats.heading_left)
    for column, measure in enumerate(report.measures, 1):
        sheet.write_string(line, column, readable(measure.name), formats.heading)
    for row in report.totals:
        line += 1
        sheet.write_string(line, 0, str(row[CURRENCY]) if report.several_currencies else "all rows", formats.label)
        for column, measure in enumerate(report.measures, 1):
            _write_number(sheet, (line, column), report, measure, row, formats)
    return line + 1


def _write_chart(workbook: Any, sheet: Any, line: int, points: ChartPoints, formats: _Formats) -> int:
    """The chart, and below it the points it draws; gives the line after them."""
    chart = workbook.add_chart({"type": "column" if points.is_time else "bar", "subtype": "stacked"})
    chart_lines = 20
    first = line + chart_lines + 2
    last = first + len(points.labels) - 1
    sheet.write_string(first - 1, 0, readable(points.label_name), formats.heading_left)
    pattern = "#,##0" + ("." + "0" * points.digits if points.digits else "")
    for at, label in enumerate(points.labels, first):
        sheet.write_string(at, 0, label, formats.text)
    for column, part in enumerate(points.parts, 1):
        sheet.write_string(first - 1, column, part, formats.heading)
        for at, label in enumerate(points.labels, first):
            sheet.write_number(at, column, points.shown(label, part), formats.number(pattern))
        chart.add_series({
            "name": ["Summary", first - 1, column], "categories": ["Summary", first, 0, last, 0],
            "values": ["Summary", first, column, last, column], "gap": 40,
            "fill": {"color": OTHER_COLOUR if part == OTHER else PALETTE[(column - 1) % len(PALETTE)]},
        })
    chart.set_title({"name": points.caption, "name_font": {"size": 13}})
    labels: dict[str, Any] = {"name": readable(points.label_name), "label_position": "low"}
    amounts = {"name": points.axis, "num_format": "#,##0", "major_gridlines": {"visible": True, "line": {"color": "#DDDDDD"}}}
    if points.is_time:
        chart.set_x_axis(labels)
        chart.set_y_axis(amounts)
    else:
        # Of a bar chart the upright axis has the labels; reversed, the first stands on top and the amounts at the foot.
        chart.set_x_axis(amounts)
        chart.set_y_axis({**labels, "reverse": True, "crossing": "max"})
    if len(points.parts) == 1:
        chart.set_legend({"none": True})
    else:
        chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 900, "height": 380})
    sheet.insert_chart(line, 0, chart, {"description": points.caption, "object_position": 1})
    return last + 2


def _write_notes(sheet: Any, report: Report, formats: _Formats) -> None:
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 14)
    sheet.set_column(2, 2, 110)
    for column, name in enumerate(("column", "unit", "meaning")):
        sheet.write_string(0, column, name, formats.heading_left)
    unit = {"count": "number", "rate": "fraction", "days": "days", "seconds": "seconds", "points": "points",
            "money": ", ".join(report.shown_digits) or "money"}
    lines = [(CURRENCY, "ISO 4217", "currency of the row's amounts")] if report.several_currencies else []
    lines += [(each.name, "group", each.meaning) for each in report.groups]
    lines += [(each.name, unit[each.kind], each.meaning) for each in report.measures]
    for line, texts in enumerate(lines, 1):
        for column, text in enumerate(texts):
            sheet.write_string(line, column, text, formats.wrapped)
    for line, note in enumerate(report.notes, len(lines) + 2):
        sheet.merge_range(line, 0, line, 2, "")
        sheet.write_string(line, 0, note, formats.wrapped)
        sheet.set_row(line, 48)
    sheet.freeze_panes(1, 0)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
