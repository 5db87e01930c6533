"""The formats a report may be written in, by name."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from reports.answer import Report


class Format(StrEnum):
    """How a report is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"
    HTML = "html"
    PDF = "pdf"


#: Formats that mean nothing on a screen.
BINARY = frozenset({Format.XLSX, Format.PDF})


def renderer(wanted: Format) -> Callable[[Report], bytes]:
    """What writes a report in a format; the libraries of a format are loaded only where it is asked for."""
    if wanted is Format.JSON:
        from reports.rendering_json import as_json as render
    elif wanted is Format.CSV:
        from reports.rendering_csv import as_csv as render
    elif wanted is Format.XLSX:
        from reports.rendering_xlsx import as_xlsx as render
    elif wanted is Format.HTML:
        from reports.rendering_html import as_html as render
    elif wanted is Format.PDF:
        from reports.rendering_pdf import as_pdf as render
    else:
        return _as_plain_table
    return render


def _as_plain_table(report: Report) -> bytes:
    from reports.rendering_table import as_table

    return as_table(report).encode()


def format_of_file(name: str) -> Format | None:
    """The format that a file's ending asks for."""
    endings = {".json": Format.JSON, ".csv": Format.CSV, ".xlsx": Format.XLSX, ".html": Format.HTML, ".htm": Format.HTML,
               ".pdf": Format.PDF, ".txt": Format.TABLE}
    return next((found for ending, found in endings.items() if name.lower().endswith(ending)), None)
