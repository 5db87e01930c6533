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
#: Beside them, of corrected statements only.
CORRECTED_COLUMNS = ("corrected_on", "corrects")


def render_csv(statements: Iterable[StatementDocument]) -> bytes:
    """One row a statement line, of one statement or several: UTF-8, header, CRLF; amounts as numbers, credits negative.

    Of corrected statements each row names the day of the correction and the seal of the statement corrected, too.
    """
    documents = list(statements)
    marked = any("corrected" in each for each in documents)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS + CORRECTED_COLUMNS if marked else COLUMNS)
    for statement in documents:
        corrected = statement.get("corrected")
        mark = [corrected["on"], corrected["corrects"]] if corrected else ["", ""] if marked else []
        fixed = [spreadsheet_safe(statement["account"]), statement["cycle"]["closes_on"]]
        for line in statement["lines"]:
            writer.writerow([
                *fixed, line["posted_on"], line["transaction_on"], line["type"], spreadsheet_safe(line["description"]),
                spreadsheet_safe(line["card"]), spreadsheet_safe(line["ref"]), line["amount"], statement["currency"],
                *mark,
            ])
    return text.getvalue().encode()
