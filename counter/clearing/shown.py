"""What became of clearing files, as JSON-ready facts and as lines for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from counter.clearing.taking import Taken

Facts = dict[str, Any]


def facts(taken: Taken) -> Facts:
    """A file: state taken | taken_before | held; its rows, totals and what is worth knowing."""
    its: Facts = {"file": taken.file, "name": taken.name, "sender": taken.sender, "sequence": taken.sequence,
                  "went_on": taken.went_on}
    outcome = taken.outcome
    if outcome is None:
        assert taken.held is not None
        return its | {"state": "held", "held_for": taken.held.rule, "held_because": taken.held.says}
    return its | {
        "state": outcome.state, "resumed_after": outcome.resumed_after if outcome.state == "taken" else 0,
        "rows": {"read": outcome.read, "posted": outcome.posted, "already_there": outcome.known, "rejected": outcome.rejected},
        "control_totals": outcome.totals.document(), "notices": {**dict.fromkeys(outcome.file.notices, 1), **outcome.notices},
        "rejects": None if outcome.rejects_path is None else str(outcome.rejects_path),
    }


def text(given: Facts) -> str:
    """The same facts as lines."""
    lines: list[str] = []
    for each in given["files"]:
        name = f"{each['name']} ({each['sender']} {each['sequence']}, file {each['file']})"
        if each["state"] == "held":
            lines += [f"{name}: held ({each['held_for']}); nothing of it was posted", f"  {each['held_because']}",
                      f"  or take it as it is: cardwright clearing release {each['file']} --as WHO --reason TEXT"]
            continue
        rows = each["rows"]
        lines.append(f"{name}: {rows['read']:,} read, {rows['posted']:,} posted, {rows['already_there']:,} already there, "
                     f"{rows['rejected']:,} rejected")
        if each["state"] == "taken_before":
            lines.append("  taken in before: nothing is posted again")
        if each["went_on"]:
            lines.append("  it had been held for the one before it")
        if each["resumed_after"]:
            lines.append(f"  went on after row {each['resumed_after']:,}, where an earlier intake had stopped")
        lines += [f"  {count:,} × {what}" if count > 1 else f"  {what}" for what, count in sorted(each["notices"].items())]
        if each["rejects"]:
            lines.append(f"  rejected rows: {each['rejects']}")
    return "\n".join(lines)


def suspense_text(items: Sequence[Facts]) -> str:
    """Items in suspense as lines."""
    lines: list[str] = []
    for each in items:
        became = f"assigned to {each['account']} by {each['decided_by']}: {each['reason']}" if each["account"] else each["why"]
        lines.append(f"{each['item']}  {each['kind']} of {each['amount']} {each['currency']}, value {each['value_on']}, from "
                     f"{each['payer'] or 'nobody named'}: {each['words'] or 'no words'} ({became}); owner {each['owner']}")
    return "\n".join(lines) or "nothing is in suspense"


def register_text(files: Sequence[Facts]) -> str:
    """The register as lines."""
    if not files:
        return "no clearing file came in yet"
    lines: list[str] = []
    for each in files:
        came_to = "" if each["posted"] is None else (
            f": {each['posted']:,} posted, {each['already_there']:,} already there, {each['rejected']:,} rejected")
        released = f", released by {each['released_by']}: {each['release_reason']}" if each["released_by"] else ""
        lines.append(f"{each['file']}  {each['sender']} {each['sequence']} of {each['file_on']}, {each['name']}, "
                     f"{each['rows']:,} rows, {each['state']}{came_to}{released}")
        if each["state"] == "held":
            lines.append(f"   {each['held_for']}: {each['held_because']}")
    return "\n".join(lines)
