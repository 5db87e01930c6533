"""The lines of statements as CSV (RFC 4180), for spreadsheets: text that could run as a formula is disarmed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from statements.document import StatementDocument

COLUMNS = (
    "account", "closes_on", "posted_on", "transaction_on", "type", "description", "card", "ref", "amount", "currency",
)
_STARTS_A_FORMULA = frozenset("=+-@|%＝＋－＠")
#: What spreadsheets skip before they look at the first character.
_SKIPPED = " \t\r\n\v\f\0\u00a0\u200b\u3000\ufeff"


def render_csv(statements: Iterable[StatementDocument]) -> bytes:
    """One row a statement line, of one statement or several: UTF-8, header, CRLF; amounts as numbers, credits negative."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for statement in statements:
        fixed = [disarmed(statement["account"]), statement["cycle"]["closes_on"]]
        for line in statement["lines"]:
            writer.writerow([
                *fixed, line["posted_on"], line["transaction_on"], line["type"], disarmed(line["description"]),
                disarmed(line["card"]), disarmed(line["ref"]), line["amount"], statement["currency"],
            ])
    return text.getvalue().encode()


def disarmed(text: str) -> str:
    """Text as it may stand in a cell: with an apostrophe before it where a spreadsheet could take it for a formula."""
    begins = text.lstrip(_SKIPPED)[:1]
    return f"'{text}" if begins in _STARTS_A_FORMULA or text[:1] in ("\t", "\r", "\n") else text
