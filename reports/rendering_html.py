"""A report as one HTML page: charts as inline SVG, the table with every row, no scripts, nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from reports.answer import NO_GROUP, Report
from reports.charts import as_svg, chart_points
from reports.rendering_table import counted, grouped, readable

Cell = tuple[str, str, bool]


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=False)
    environment.filters["readable"] = readable
    return environment.from_string(files("reports").joinpath("report.html.jinja").read_text("utf-8"))


def facts(report: Report) -> list[tuple[str, str]]:
    """What was asked, for the head of a page: label and text."""
    answer = [
        ("as of", str(report.as_of) if report.as_of else "no business day closed yet"),
        ("rows by", ", ".join(readable(name) for name in report.group_names)),
        ("organisation unit", f"{report.filters['org_unit']} and below" if report.filters.get("org_unit") else "all"),
    ]
    if report.shown_digits:
        answer.append(("amounts in", ", ".join(report.shown_digits)))
    return [*answer, ("rows", counted(report))]


def cells(report: Report, fields: Iterable[tuple[str, int | str | None]]) -> list[Cell]:
    """Name, text as shown, and whether it is below zero, of each field."""
    answer: list[Cell] = []
    for name, value in fields:
        if name in report.group_names:
            answer.append((name, NO_GROUP if value is None else str(value), False))
        elif value is None:
            answer.append((name, "-", False))
        else:
            text = f"{value:,}" if isinstance(value, int) else grouped(value)
            answer.append((name, text.replace("-", "\u2212"), text.startswith("-")))
    return answer


def labelled_totals(report: Report) -> list[tuple[str, list[Cell]]]:
    """A line of totals for each currency, with its label."""
    return [
        (f"total {currency}" if report.several_currencies else "total", cells(report, figures.items()))
        for currency, figures in report.plain_totals()
    ]


def meanings(report: Report) -> list[tuple[str, str]]:
    """What each column means, in the order of columns."""
    return [(each.name, each.meaning) for each in report.groups] + [(each.name, each.meaning) for each in report.measures]


def as_html(report: Report) -> bytes:
    """The page, complete in itself: may be mailed, archived, printed."""
    style = files("reports").joinpath("report.css").read_text("utf-8")
    return _template().render(
        report=report, style=Markup(style), facts=facts(report), counted=counted(report), groups=report.group_names,
        charts=[(points.caption, Markup(as_svg(points, 1040))) for points in chart_points(report)],
        rows=[cells(report, report.plain(row)) for row in report.rows], totals=labelled_totals(report),
        meanings=meanings(report),
    ).encode()
