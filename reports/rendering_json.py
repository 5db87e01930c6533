"""A report as JSON: sorted keys, amounts and rates as text, so that the same books give the same bytes."""

from __future__ import annotations

from typing import Any

import orjson

from reports.answer import Report


def as_json(report: Report) -> bytes:
    """report, from, to, as_of, filters, rows, totals; with several currencies, totals has an object for each."""
    totals: dict[Any, Any]
    if report.several_currencies:
        totals = dict(report.plain_totals())
    else:
        totals = next((figures for _, figures in report.plain_totals()), {})
    document = {
        "report": report.name,
        "from": report.from_on,
        "to": report.to_on,
        "as_of": report.as_of,
        "filters": dict(report.filters),
        "rows": [dict(report.plain(row)) for row in report.rows],
        "totals": totals,
    }
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
