"""The lines of statements as CSV (RFC 4180), for spreadsheets: text that could run as a formula is disarmed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from statements.document import StatementDocument
from statements.spreadsheet_text import spreadsheet_safe

COLUMNS = (
    "account", "closes_on", "posted_on", "transaction_on", "type", "description", "card", "ref", "amount", "currency",
)


def render_csv(statements: Iterable[StatementDocument]) -> bytes:
    """One row a statement line, of one statement or several: UTF-8, header, CRLF; amounts as numbers, credits negative."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for statement in statements:
        fixed = [spreadsheet_safe(statement["account"]), statement["cycle"]["closes_on"]]
        for line in statement["lines"]:
            writer.writerow([
                *fixed, line["posted_on"], line["transaction_on"], line["type"], spreadsheet_safe(line["description"]),
                spreadsheet_safe(line["card"]), spreadsheet_safe(line["ref"]), line["amount"], statement["currency"],
            ])
    return text.getvalue().encode()
