"""A back-test as a report that every format can write, as JSON, and as text for the screen."""

from __future__ import annotations

from typing import Any

from accounts.money import major_units
from reports.answer import Chart, Dimension, Measure, Report, Row
from reports.backtest import Backtest, Trial
from reports.rendering_table import as_table, grouped

_MEASURES = (
    Measure("issued", "money", "charged in the period by the terms as issued, less what was waived"),
    Measure("other", "money", "what the other terms would have charged, less what they would have waived"),
    Measure("difference", "money", "other less issued"),
)
_KIND = Dimension("kind", "", "interest by its balance, or the fee's name in the terms")


def report_of(found: Backtest, trial: Trial) -> Report:
    """Revenue by kind as a report; whom it concerns is in its notes."""
    rows = [_row(found.issued[kind], found.other[kind], kind=kind) for kind in found.kinds]
    return Report(
        name="backtest", title=f"{trial.product} under other terms", from_on=trial.from_on, to_on=trial.to_on, as_of=None,
        filters={"product": trial.product, "terms": trial.terms.label, "sample": trial.sample,
                 "currency": trial.terms.currency},
        groups=(_KIND,), measures=_MEASURES, rows=tuple(rows), totals=(_row(found.issued.total(), found.other.total()),),
        shown_digits={trial.terms.currency: found.shown_digits}, chart=Chart("difference", "Revenue more or less, by kind"),
        notes=(*_notes(found), *(f"Account {account}: {issued} as issued, {other} under the other terms, difference {more}."
                                 for account, issued, other, more in _affected(found, trial))),
    )


def document_of(found: Backtest, trial: Trial) -> dict[str, Any]:
    """All of it, for --json: amounts as text."""
    report = report_of(found, trial)
    fields = ("account", *(each.name for each in _MEASURES))
    return {
        "report": "backtest", "from": trial.from_on, "to": trial.to_on, "filters": dict(report.filters),
        "rows": [dict(report.plain(row)) for row in report.rows], "totals": next(report.plain_totals())[1],
        "accounts": {"compared": found.accounts, "better_off": found.better_off, "worse_off": found.worse_off,
                     "unchanged": found.unchanged, "not_reproduced": len(found.not_reproduced),
                     "not_billed": len(found.not_billed)},
        "most_affected": [dict(zip(fields, each, strict=True)) for each in _affected(found, trial)],
        "not_reproduced": found.not_reproduced,
        "not_billed": [{"account": account, "reason": reason} for account, reason in found.not_billed],
    }


def text_of(found: Backtest, trial: Trial, terminal: bool) -> str:
    """Revenue, accounts better and worse off, and the most affected of them."""
    lines = [as_table(report_of(found, trial), terminal), *_notes(found)]
    affected = [tuple(map(grouped, amounts)) for _, *amounts in _affected(found, trial)]
    if affected:
        names = ["account", *(each.account for each in found.most_affected)]
        columns = [names, *([name, *amounts] for name, amounts in
                            zip((each.name for each in _MEASURES), zip(*affected, strict=True), strict=True))]
        widths = [max(map(len, column)) for column in columns]
        lines += ["", "most affected", *(
            "  ".join([row[0].ljust(widths[0]), *(text.rjust(width) for text, width in zip(row[1:], widths[1:], strict=True))])
            for row in zip(*columns, strict=True))]
    return "\n".join(lines) + "\n"


def _row(issued: int, other: int, **group: str) -> Row:
    return {**group, "issued": issued, "other": other, "difference": other - issued}


def _notes(found: Backtest) -> list[str]:
    notes = [f"{found.accounts:,} accounts compared: {found.better_off:,} would have been charged less, {found.worse_off:,} "
             f"more, {found.unchanged:,} the same."]
    if found.not_reproduced:
        count, first = len(found.not_reproduced), found.not_reproduced[0]
        notes.append(f"{count:,} of them ({first} first) have charges in the books that their own terms do not give again: "
                     "made by hand, or on what was known of the account then. As issued stands here what the terms give.")
    if found.not_billed:
        account, reason = found.not_billed[0]
        notes.append(f"{len(found.not_billed):,} accounts could not be billed and are left out; {account}: {reason}.")
    return notes


def _affected(found: Backtest, trial: Trial) -> list[tuple[str, str, str, str]]:
    def text(amount: int) -> str:
        return major_units(amount, trial.terms.digits, found.shown_digits)

    return [(each.account, text(each.issued), text(each.other), text(each.difference)) for each in found.most_affected]
