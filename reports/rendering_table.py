"""A report for the screen: numbers to the right, a line of totals, all rows, and how many they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import StringIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from reports.answer import NO_GROUP, Report

_BETWEEN = "  "


def heading(report: Report) -> str:
    """Title, period and every filter, in one line."""
    parts = [f"{report.title}, {report.period}"]
    parts.append("by " + ", ".join(each.name for each in report.groups))
    if report.filters.get("org_unit"):
        parts.append(f"organisation unit {report.filters['org_unit']} and below")
    if report.filters.get("currency"):
        parts.append(f"amounts in {report.filters['currency']}")
    if report.as_of is not None:
        parts.append(f"as of {report.as_of}")
    return "; ".join(parts)


def counted(report: Report) -> str:
    """How many rows matched and how many were written: always the same number."""
    return f"{len(report.rows):,} rows matched, {len(report.rows):,} written"


def in_words(report: Report) -> str:
    """The totals in one line, for formats that have rows only."""
    return "; ".join(
        ("totals " + currency if report.several_currencies and currency else "totals") + ": "
        + ", ".join(f"{readable(name)} {_shown(value, is_group=False)}" for name, value in figures.items())
        for currency, figures in report.plain_totals()
    )


def readable(name: str) -> str:
    """A field's name as a column heading."""
    return name.replace("_", " ")


def as_table(report: Report, terminal: bool = False) -> str:
    """The whole report as text, a line a row, never cut; a terminal's width wraps it if it must.

    terminal: with colours, where the reader wants any.
    """
    groups = set(report.group_names)
    header = [readable(name) for name in report.columns]
    rows = [[_shown(value, name in groups) for name, value in report.plain(row)] for row in report.rows]
    totals = [_total_line(report, currency, figures) for currency, figures in report.plain_totals()]
    widths = [max(map(cell_len, column)) for column in zip(header, *rows, *totals, strict=True)]
    left = len(report.group_names)
    out = StringIO()
    console = Console(file=out, force_terminal=terminal or None, highlight=False, soft_wrap=True)
    console.print(Text(heading(report), "bold"), end="\n\n")
    console.print(Text(_line(header, widths, left), "bold"))
    for cells in rows:
        line = _line(cells, widths, left)
        if terminal and any(cell.startswith("-") and len(cell) > 1 for cell in cells[left:]):
            console.print(_with_negatives_red(cells, widths, left))
        else:
            out.write(line + "\n")
    for cells in totals:
        console.print(Text(_line(cells, widths, left), "bold"))
    console.print(Text(f"\n{counted(report)}"))
    return out.getvalue()


def _total_line(report: Report, currency: str | None, figures: dict[str, int | str | None]) -> list[str]:
    label = f"total {currency}" if report.several_currencies else "total"
    return [label, *[""] * (len(report.group_names) - 1), *(_shown(value, is_group=False) for value in figures.values())]


def _line(cells: Sequence[str], widths: Sequence[int], left: int) -> str:
    return _BETWEEN.join(_padded(cells, widths, left)).rstrip()


def _padded(cells: Sequence[str], widths: Sequence[int], left: int) -> Iterable[str]:
    """Cells at the width of their column: text to the left, numbers to the right; a Chinese character takes two places."""
    for place, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        room = " " * (width - cell_len(cell))
        yield cell + room if place < left else room + cell


def _with_negatives_red(cells: Sequence[str], widths: Sequence[int], left: int) -> Text:
    styled = [(padded, "red" if place >= left and cells[place].startswith("-") else "")
              for place, padded in enumerate(_padded(cells, widths, left))]
    return Text(_BETWEEN).join(Text(*each) for each in styled)


def _shown(value: int | str | None, is_group: bool) -> str:
    if value is None:
        return NO_GROUP if is_group else "-"
    if is_group:
        return " ".join(str(value).split())
    return f"{value:,}" if isinstance(value, int) else grouped(value)


def grouped(amount: str) -> str:
    """A decimal text with commas between thousands."""
    whole, dot, decimals = amount.partition(".")
    return f"{int(whole):,}{dot}{decimals}" if whole.lstrip("-") != "0" else amount
