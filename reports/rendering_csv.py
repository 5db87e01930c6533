"""A report as CSV: RFC 4180, CRLF, ISO dates, dot decimals, one header row, totals never among the rows."""

from __future__ import annotations

import csv
from io import StringIO

from reports.answer import Report
from statements.spreadsheet_text import spreadsheet_safe


def as_csv(report: Report) -> bytes:
    """The rows alone, so that a program can read them back: UTF-8 without a byte order mark.

    Names of groups are text from files and are made safe for spreadsheets; numbers are written as they are.
    """
    out = StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(report.columns)
    for row in report.rows:
        writer.writerow([
            "" if value is None else spreadsheet_safe(str(value)) if name in report.group_names else value
            for name, value in report.plain(row)
        ])
    return out.getvalue().encode()
