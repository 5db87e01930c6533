"""What to draw of a report, and the drawing: bars from zero, axes named with their units, colours that everyone can tell apart.

The points are taken from the rows, so a chart can say nothing that the table beside it does not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import altair as alt
import pylopdf_fonts_zh_cn
import vl_convert

from accounts.money import CURRENCIES
from reports.answer import NO_GROUP, TIMES, Report, Row

#: Categories drawn; the table has them all.
MOST_BARS = 15
#: Colours of stacked parts: Okabe and Ito's, told apart by colour-blind readers; what is left over is grey.
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
OTHER, OTHER_COLOUR = "all others", "#999999"
#: Measured with the Chinese face of an installed package, shown with the first of these that the reader has.
FONTS = "Noto Sans SC, Arial, Helvetica, Liberation Sans, sans-serif"
#: Pixels; a longer label ends in an ellipsis.
LONGEST_LABEL = 240
#: Above so many points in time bars are too thin to see.
MOST_TIME_BARS = 400


@dataclass(frozen=True)
class ChartPoints:
    """One chart: labels along the axis, one or more parts of each bar.

    values: minor units for money, else counts; by (label, part). digits: decimals between minor and shown units.
    of: how many labels the report has in all.
    """

    title: str
    axis: str
    label_name: str
    part_name: str | None
    labels: tuple[str, ...]
    parts: tuple[str, ...]
    values: dict[tuple[str, str], int]
    digits: int
    is_time: bool
    of: int

    def shown(self, label: str, part: str) -> float:
        """The height of a bar in shown units: only drawn, never counted with."""
        return float(self.values.get((label, part), 0) / 10**self.digits)

    @property
    def caption(self) -> str:
        """Title, and how much of the report it draws where that is not all."""
        if len(self.labels) == self.of:
            return self.title
        return f"{self.title}: the {len(self.labels)} largest of {self.of:,}"


def chart_points(report: Report) -> Iterator[ChartPoints]:
    """A chart for each currency of the report; none where it has no rows."""
    by_currency: dict[str | None, list[Row]] = defaultdict(list)
    for row in report.rows:
        by_currency[report.currency_of(row)].append(row)
    for currency, rows in by_currency.items():
        yield _points(report, currency, rows)


def _points(report: Report, currency: str | None, rows: list[Row]) -> ChartPoints:
    groups = {each.name: each for each in report.groups}
    along = next((name for name in groups if name in TIMES), next(iter(groups)))
    part_name = next((name for name in groups if name != along), None)
    measure = next(each for each in report.measures if each.name == report.chart.measure)
    values: dict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        amount = row[measure.name]
        assert isinstance(amount, int)
        values[_label(row, along), _label(row, part_name) if part_name else measure.name] += amount
    labels = _without_gaps(tuple(dict.fromkeys(label for label, _ in values)), along)
    order = groups[part_name].order if part_name else ()
    parts = tuple(sorted({part for _, part in values}, key=lambda part: (_place(part, order), part)))
    words, is_money = _words(measure.name), measure.kind == "money" and currency is not None
    return ChartPoints(
        title=f"{report.chart.title}{f' in {currency}' if is_money else ''} by "
              f"{_words(along)}{f' and {_words(part_name)}' if part_name else ''}",
        axis=f"{words} ({currency})" if is_money else f"{words} (number)",
        label_name=along,
        part_name=part_name,
        labels=labels if along in TIMES else _largest(values, labels, MOST_BARS),
        parts=_with_the_rest_together(values, parts),
        values=values,
        digits=CURRENCIES[str(currency)].digits if is_money else 0,
        is_time=along in TIMES,
        of=len(labels),
    )


def _label(row: Row, name: str) -> str:
    value = row[name]
    return NO_GROUP if value is None else str(value)


def _without_gaps(labels: tuple[str, ...], along: str) -> tuple[str, ...]:
    """Every day or month from the first to the last, so that time runs evenly along the axis; anything else as it is."""
    if along not in ("day", "month") or not labels or NO_GROUP in labels:
        return labels
    first, last = min(labels), max(labels)
    if along == "month":
        months = range(int(first[:4]) * 12 + int(first[5:]) - 1, int(last[:4]) * 12 + int(last[5:]))
        return tuple(f"{month // 12:04}-{month % 12 + 1:02}" for month in months)
    begin = date.fromisoformat(first)
    return tuple(str(begin + timedelta(days=n)) for n in range((date.fromisoformat(last) - begin).days + 1))


def _place(part: str, order: tuple[str, ...]) -> int:
    return order.index(part) if part in order else len(order)


def _largest(values: dict[tuple[str, str], int], labels: tuple[str, ...], most: int) -> tuple[str, ...]:
    """The longest bars first where there are too many, else all in their own order."""
    if len(labels) <= most:
        return labels
    sizes: dict[str, int] = defaultdict(int)
    for (label, _), amount in values.items():
        sizes[label] += amount
    return tuple(sorted(labels, key=lambda label: (-abs(sizes[label]), label))[:most])


def _with_the_rest_together(values: dict[tuple[str, str], int], parts: tuple[str, ...]) -> tuple[str, ...]:
    """At most as many parts as there are colours; what is smaller is added up in `values` under one name."""
    if len(parts) <= len(PALETTE):
        return parts
    sizes: dict[str, int] = defaultdict(int)
    for (_, part), amount in values.items():
        sizes[part] += abs(amount)
    kept = set(sorted(parts, key=lambda part: (-sizes[part], part))[:len(PALETTE)])
    for (label, part), amount in list(values.items()):
        if part not in kept:
            values[label, OTHER] = values.get((label, OTHER), 0) + amount
    return (*(part for part in parts if part in kept), OTHER)


def as_svg(points: ChartPoints, width: int = 640) -> str:
    """The chart as one SVG without scripts or outside references.

    width: of the plot in CSS pixels.
    """
    _register_fonts()
    return str(vl_convert.vegalite_to_svg(specification(points, width)))


@cache
def _register_fonts() -> None:
    vl_convert.register_font_directory(str(Path(pylopdf_fonts_zh_cn.__file__).parent))


def specification(points: ChartPoints, width: int) -> dict[str, Any]:
    """The drawing as a Vega-Lite specification.

    width: of the plot in CSS pixels.
    """
    data = alt.Data(values=[  # type: ignore[no-untyped-call]
        {"label": label, "part": part, "value": points.shown(label, part), "place": place}
        for label in points.labels for place, part in enumerate(points.parts) if (label, part) in points.values
    ])
    parts = list(points.parts)
    colour = alt.value(PALETTE[0]) if len(parts) == 1 else alt.Color(
        "part:N", sort=parts, scale=alt.Scale(domain=parts, range=_colours(points.parts)),
        legend=alt.Legend(title=_words(points.part_name), orient="top", direction="horizontal", columns=5, labelLimit=0,
                          offset=28),
    )
    amounts = alt.Axis(title=points.axis, format=",~f", tickCount=6)
    labels = alt.Axis(title=_words(points.label_name))
    chart, order = alt.Chart(data), alt.Order("place:Q")
    height: Any = 300
    if points.is_time:
        labels.labelAngle, labels.labelOverlap = (-45 if len(points.labels) > 8 else 0), True
        _above(amounts, 8 * max(len(f"{points.shown(*each):,.0f}") for each in points.values) + 8)
        x = alt.X("label:O", scale=alt.Scale(domain=list(points.labels)), axis=labels)
        y = alt.Y("value:Q", axis=amounts, scale=alt.Scale(zero=True), stack=True)
        marks = chart.mark_area() if len(points.labels) > MOST_TIME_BARS else chart.mark_bar()
        drawn = marks.encode(x=x, y=y, color=colour, order=order)
    else:
        labels.labelLimit = LONGEST_LABEL
        _above(labels, min(max(map(_width, points.labels)), LONGEST_LABEL))
        y = alt.Y("label:N", sort=list(points.labels), axis=labels)
        x = alt.X("value:Q", axis=amounts, scale=alt.Scale(zero=True), stack=True)
        drawn = chart.mark_bar().encode(x=x, y=y, color=colour, order=order)
        height = alt.Step(24)
    title = alt.Title(points.caption, anchor="start", frame="group", offset=30 if len(parts) == 1 else 14)
    whole = drawn.properties(width=width, height=height, title=title, padding={"left": 8, "right": 24, "top": 8, "bottom": 8})
    whole = whole.configure(font=FONTS).configure_view(stroke=None).configure_title(fontSize=15, fontWeight="normal")
    whole = whole.configure_axis(labelFontSize=12, titleFontSize=12, titleFontWeight="normal", titleColor="#5b6570",
                                 gridColor="#e2e2e2")
    whole = whole.configure_legend(labelFontSize=12, titleFontSize=12, titleFontWeight="normal", titleColor="#5b6570")
    document: dict[str, Any] = whole.to_dict()
    return document


def _above(axis: alt.Axis, room: int) -> None:
    """The title of the upright axis lies flat above it, where no label can run into it, whatever font the reader has."""
    axis.titleAngle, axis.titleAlign, axis.titleAnchor, axis.titleX, axis.titleY = 0, "left", "end", -room, -12
    axis.minExtent = room


def _width(label: str) -> int:
    """About how many pixels a label takes: a character of Chinese is twice as wide as a Latin one."""
    return 12 + sum(13 if ord(each) > 0x2E80 else 7 for each in label)


def _colours(parts: tuple[str, ...]) -> list[str]:
    return [OTHER_COLOUR if part == OTHER else PALETTE[place % len(PALETTE)] for place, part in enumerate(parts)]


def _words(name: str | None) -> str:
    return (name or "").replace("_", " ")
