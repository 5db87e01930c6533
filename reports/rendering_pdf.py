"""A report as PDF by Typst: the same head, charts, rows and totals as the HTML page, on A4 landscape."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path

import pylopdf_fonts_zh_cn
import typst

from reports.answer import Report
from reports.charts import as_svg, chart_points
from reports.rendering_html import Cell, cells, facts, labelled_totals, meanings
from reports.rendering_table import counted, readable


@cache
def _fonts() -> typst.Fonts:
    """Typst's own Latin fonts and the Chinese ones of an installed package; none of the system's."""
    return typst.Fonts(font_paths=[Path(pylopdf_fonts_zh_cn.__file__).parent], include_system_fonts=False)


def as_pdf(report: Report) -> bytes:
    """The document; the same report gives the same bytes."""
    groups = set(report.group_names)
    document = {
        "title": report.title, "period": report.period, "facts": facts(report), "counted": counted(report),
        "charts": [{"caption": points.caption, "svg": as_svg(points, 900)} for points in chart_points(report)],
        "columns": [{"name": readable(name), "group": name in groups} for name in report.columns],
        "rows": [_plain(cells(report, report.plain(row))) for row in report.rows],
        "totals": [{"label": label, "cells": _plain(figures)} for label, figures in labelled_totals(report)],
        "meanings": [[readable(name), meaning] for name, meaning in meanings(report)],
        "notes": report.notes,
    }
    template = files("reports").joinpath("report.typ").read_bytes()
    return bytes(typst.compile(template, font_paths=_fonts(), sys_inputs={"report": json.dumps(document)}))


def _plain(row: list[Cell]) -> list[dict[str, object]]:
    return [{"text": text, "negative": negative} for _, text, negative in row]
