"""A report for the screen: numbers to the right, a line of totals, all rows, and how many they are."""

from __future__ import annotations

from io import StringIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports.answer import NO_GROUP, Report


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
        + ", ".join(f"{readable(name)} {_cell(value, False, name).plain}" for name, value in figures.items())
        for currency, figures in report.plain_totals()
    )


def readable(name: str) -> str:
    """A field's name as a column heading."""
    return name.replace("_", " ")


def as_table(report: Report, width: int | None = None) -> str:
    """The whole report as text; never cut to the width of the screen.

    width: columns of the screen, None where the text goes into a file or a pipe.
    """
    groups = set(report.group_names)
    table = Table(title=None, show_footer=False, header_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in report.columns:
        table.add_column(readable(name), justify="left" if name in groups else "right", no_wrap=name not in groups,
                         overflow="fold")
    for row in report.rows:
        table.add_row(*(_cell(value, name in groups, name) for name, value in report.plain(row)))
    if report.rows:
        table.add_section()
    for currency, totals in report.plain_totals():
        label = "total" + (f" {currency}" if report.several_currencies else "")
        first, *others = report.group_names
        cells = {first: Text(label, "bold"), **{name: Text("") for name in others}}
        cells |= {name: _cell(value, False, name, "bold") for name, value in totals.items()}
        table.add_row(*(cells[name] for name in report.columns))
    out = StringIO()
    needed = Console(width=100_000, file=StringIO()).measure(table)
    console = Console(file=out, width=needed.maximum if width is None else max(width, needed.minimum),
                      force_terminal=width is not None, highlight=False)
    console.print(heading(report), style="bold", soft_wrap=True, markup=False)
    console.print()
    console.print(table)
    console.print()
    console.print(counted(report), soft_wrap=True, markup=False)
    return out.getvalue()


def _cell(value: int | str | None, is_group: bool, name: str, style: str = "") -> Text:
    if value is None:
        return Text(NO_GROUP if is_group else "-", style)
    if is_group:
        return Text(str(value), style)
    text = f"{value:,}" if isinstance(value, int) else grouped(value)
    return Text(text, "red" if text.startswith("-") else style)


def grouped(amount: str) -> str:
    """A decimal text with commas between thousands."""
    whole, dot, decimals = amount.partition(".")
    return f"{int(whole):,}{dot}{decimals}" if whole.lstrip("-") != "0" else amount
