"""The facts of the business day as text for people; each function takes the facts that `--json` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jobs.steps import steps_of_the_day

Facts = dict[str, Any]


def days(facts: Facts) -> str:
    """The days of a run that had work, a line with the sums, and what is parked."""
    done = facts["days"]
    if not done:
        return "\n".join(["no business day to be done", *_parked(facts["parked"])])
    postings, statements = sum(day["postings"] for day in done), sum(day["statements"] for day in done)
    return "\n".join([
        *_day_table([day for day in done if day["steps"] or day["not_closed"]["steps"]]),
        f"{len(done):,} business days, {done[0]['on']} to {done[-1]['on']}: {postings:,} postings, {statements:,} statements",
        *_not_closed(done),
        *_parked(facts["parked"]),
    ])


def due(facts: Facts) -> str:
    """What a run would begin with."""
    if facts["opened"]:
        first = f"{facts['opened']} is open; shards that go on: {_listed(facts['shards_to_go_on'])}"
    elif facts["days"]:
        first = f"{facts['next_day']} comes next: {_listed(facts['planned'], 'no steps')}"
    else:
        first = f"all business days up to {facts['until']} are done; the next is {facts['next_day']}"
    return "\n".join([first, f"{facts['days']:,} business days up to {facts['until']}", *_parked(facts["parked"])])


def tick(facts: Facts) -> str:
    """What one look for due work did."""
    return "\n".join([
        *_day_table(facts["closed"]),
        f"opened {facts['opened']} with {facts['steps_planned']} steps" if facts["opened"] else "no day opened",
        f"{facts['wake_ups']} wake-ups sent",
    ])


def status(facts: Facts) -> str:
    """Where the book stands."""
    book = facts["book"]
    lines = [
        f"first business day {book['first_on'] or 'not yet known'}, closed through {book['closed_through'] or 'no day yet'}, "
        f"intake posts on {book['intake_posts_on'] or book['first_on'] or 'the first day'}",
    ]
    for step in facts["steps"]:
        when = f"since {step['started_at']}, lease until {step['lease_until']}" if step["state"] == "running" else ""
        why = f"  last attempt: {step['reason']}" if step["reason"] else ""
        lines.append(f"{step['state']:8} {step['step']}  attempts {step['attempts']}  {when}{why}".rstrip())
    latest = [{"on": day["on"], **day["totals"]} for day in reversed(facts["days"]) if day["totals"]]
    return "\n".join([*lines, *_day_table(latest), *_parked(facts["parked"])])


def retried(facts: Facts) -> str:
    """A step that will be tried again."""
    return f"{facts['step']} will be tried again by `cardwright run`, or by workers that are up"


def released(facts: Facts) -> str:
    """An account that is billed again."""
    counts = ", ".join(f"{name} {count:,}" for name, count in sorted(facts["counts"].items())) or "nothing was due"
    return f"account {facts['account']} is billed again; caught up on {facts['steps_caught_up']} steps: {counts}"


def _day_table(done: Sequence[Facts]) -> list[str]:
    if not done:
        return []
    order = {step.name: step.number for step in steps_of_the_day()}
    rows = [("day", "postings", "debits", "credits", "statements", "steps", "not closed")]
    rows += [
        (
            day["on"], f"{day['postings']:,}", _money(day["debits"]), _money(day["credits"]), f"{day['statements']:,}",
            " ".join(sorted(day["steps"], key=lambda name: order.get(name, 0))), f"{len(day['not_closed']['accounts']):,}",
        )
        for day in done
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if column in (0, 5) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _money(by_currency: dict[str, str]) -> str:
    return " + ".join(f"{code} {amount}" for code, amount in sorted(by_currency.items())) or "-"


def _not_closed(done: Sequence[Facts]) -> list[str]:
    """Which accounts were due and not closed, by day; no line is the good news."""
    return [
        f"not closed on {day['on']}: {_listed(day['not_closed']['accounts'])}"
        for day in done
        if day["not_closed"]["accounts"]
    ]


def _parked(parked: Facts) -> list[str]:
    lines = [f"parked step {each['step']} after {each['attempts']} attempts: {each['reason']}" for each in parked["steps"]]
    lines += [f"parked account {each['account']} at {each['step']}: {each['reason']}" for each in parked["accounts"]]
    if parked["steps"]:
        lines.append("when the cause is put right: `cardwright retry STEP`, then run again")
    if parked["accounts"]:
        lines.append("when the cause is put right: `cardwright release ACCOUNT --reason TEXT`")
    return lines or ["nothing is parked"]


def _listed(names: Sequence[Any], none: str = "none") -> str:
    shown = ", ".join(str(name) for name in names[:20])
    return (f"{shown} and {len(names) - 20:,} more" if len(names) > 20 else shown) or none
