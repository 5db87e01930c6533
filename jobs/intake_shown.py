"""What an import did, as facts and as text for people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from accounts.intake.book_days import BookDays
from accounts.intake.taking import FileOutcome

Facts = dict[str, Any]
_OUTCOMES = ("read", "posted", "already_there", "rejected")


def facts(files: Sequence[FileOutcome], left: Sequence[tuple[Path, str]], book: BookDays, dry_run: bool) -> Facts:
    """Rows and control totals of each file, what was left alone, and the days of the book."""
    return {
        "dry_run": dry_run,
        "files": [_file(each) for each in files],
        "left": [{"file": path.name, "why": why} for path, why in left],
        "book": {
            "first_on": None if book.first_on is None else book.first_on.isoformat(),
            "open_on": None if book.open_on is None else book.open_on.isoformat(),
        },
        "rows": {
            "read": sum(each.read for each in files), "posted": sum(each.posted for each in files),
            "already_there": sum(each.known for each in files), "rejected": sum(each.rejected for each in files),
        },
    }


def _file(outcome: FileOutcome) -> Facts:
    file = outcome.file
    return {
        "file": file.name,
        "kind": file.layout.kind,
        "sha256": file.sha256.hex(),
        "state": outcome.state,
        "resumed_after": outcome.resumed_after if outcome.state == "taken" else 0,
        "rows": {"read": outcome.read, "posted": outcome.posted, "already_there": outcome.known, "rejected": outcome.rejected},
        "control_totals": outcome.totals.document(),
        "unknown_columns": file.unknown_columns,
        "notices": {**dict.fromkeys(file.notices, 1), **outcome.notices},
        "rejects": None if outcome.rejects_path is None else str(outcome.rejects_path),
    }


def text(given: Facts) -> str:
    """The same facts as lines."""
    lines: list[str] = []
    width = max([len(each["file"]) for each in given["files"]], default=4)
    if given["files"]:
        lines.append(f"{'file':{width}}  {'read':>11} {'posted':>11} {'already there':>13} {'rejected':>11}")
    for each in given["files"]:
        rows = each["rows"]
        lines.append(f"{each['file']:{width}}  {rows['read']:11,} {rows['posted']:11,} {rows['already_there']:13,} "
                     f"{rows['rejected']:11,}")
        lines += [f"  {note}" for note in _notes(each)]
        lines += [f"  {total}" for total in _totals(each["control_totals"])]
    lines += [f"left {each['file']}: {each['why']}" for each in given["left"]]
    book = given["book"]
    if book["first_on"]:
        lines.append(f"first business day {book['first_on']}; intake posts on {book['open_on']} or later")
    if given["dry_run"]:
        lines.append("dry run: nothing was kept")
    return "\n".join(lines)


def _notes(file: Facts) -> list[str]:
    notes: list[str] = []
    if file["state"] == "taken_before":
        notes.append("taken in before: nothing is posted again")
    if file["resumed_after"]:
        notes.append(f"went on after row {file['resumed_after']:,}, where an earlier intake had stopped")
    if file["unknown_columns"]:
        notes.append(f"columns kept aside: {', '.join(file['unknown_columns'])}")
    notes += [f"{count:,} × {what}" if count > 1 else what
              for what, count in sorted(file["notices"].items())]
    if file["rejects"]:
        notes.append(f"rejected rows: {file['rejects']}")
    return notes


def _totals(totals: Facts) -> list[str]:
    """Control totals, a line for each currency and type."""
    return [
        f"{currency} {kind}: " + ", ".join(
            f"{name.replace('_', ' ')} {line[name]['amount']} ({line[name]['rows']:,})"
            for name in _OUTCOMES if line[name]["rows"]
        )
        for currency, kinds in sorted(totals.items()) for kind, line in sorted(kinds.items())
    ]
