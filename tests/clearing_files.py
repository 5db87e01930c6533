"""Clearing files for tests: rows as dictionaries, with a header, totals and a trailer that agree with them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

COLUMNS = ("kind", "card", "ref", "of", "transaction_on", "amount", "currency", "original_amount", "original_currency",
           "merchant", "mcc", "more_to_come", "description")
DEFAULTS = {"kind": "presentment", "transaction_on": "2024-01-04", "currency": "CNY", "merchant": "Corner shop", "mcc": "5411"}


def clearing_text(rows: Sequence[dict[str, Any]], sequence: int = 1, *, sender: str = "UNION", on: str = "2024-01-05",
                  trailer: str | None = None, totals: Sequence[str] | None = None) -> str:
    """A file as text; trailer, totals: instead of those that agree ("" for none)."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["header", "cardwright.clearing/1", sender, sequence, on])
    writer.writerow(COLUMNS)
    full = [{**DEFAULTS, **each} for each in rows]
    writer.writerows([each.get(name, "") for name in COLUMNS] for each in full)
    if totals is None:
        keys = sorted({(each["kind"], each["currency"]) for each in full})
        for kind, currency in keys:
            of_key = [Decimal(each["amount"]) for each in full if (each["kind"], each["currency"]) == (kind, currency)]
            writer.writerow(["total", kind, currency, len(of_key), sum(of_key, Decimal(0))])
    else:
        out.write("".join(f"{each}\n" for each in totals))
    out.write(f"trailer,{sequence},{len(full)}\n" if trailer is None else trailer)
    return out.getvalue()


def clearing_file(home: Path, rows: Sequence[dict[str, Any]], sequence: int = 1, **more: Any) -> Path:
    """The same on disk, named by its number."""
    path = home / f"{more.get('sender', 'union').lower()}-{sequence:06}{more.pop('suffix', '')}.csv"
    path.write_text(clearing_text(rows, sequence, **more), encoding="utf-8")
    return path
