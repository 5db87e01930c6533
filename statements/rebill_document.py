"""What a rebilling comes to, as it is printed: cycle by cycle before and after, and each correction with its reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from accounts.money import major_units
from accounts.posting_types import BY_CODE
from billing.late_events import correction_document
from billing.rebill import Rebilling
from statements.wording import grouped

REBILLING_SCHEMA = "cardwright.rebilling/1"
#: What of a statement is compared.
_AMOUNTS = ("purchases", "payments", "credits", "cash_advances", "balance_transfers", "fees", "interest", "waivers",
            "adjustments", "new_balance", "minimum_payment_due", "past_due", "over_limit")


def rebilling_document(found: Rebilling) -> dict[str, Any]:
    """A rebilling as JSON: `events` taken in, `cycles` that come out otherwise, `corrections`, what the holder owes more."""
    terms, digits = found.after.history.scenario.terms[-1], found.digits

    def text(amount: int) -> str:
        return major_units(amount, digits, terms.shown_digits)

    reasons = found.reasons
    corrections = [correction_document(each, found.on, None, text) | {"because": reasons[each.key]}
                   for each in found.correcting]
    events = [{"type": BY_CODE[row["type"]].name, "amount": text(row["amount"]), "late_for": row["late_for"].isoformat(),
               "posted_on": row["posted_on"].isoformat(), "ref": row["source_ref"] or ""} for row in found.late]
    return {
        "schema": REBILLING_SCHEMA, "account": found.account, "product": terms.product, "currency": terms.currency,
        "on": found.on.isoformat(), "events": events, "cycles": _cycles(found, text), "corrections": corrections,
        "total": text(sum(each.owed for each in found.correcting)),
    }


def _cycles(found: Rebilling, text: Any) -> list[dict[str, Any]]:
    """The closed cycles with a figure that comes out otherwise: those figures before and after."""
    before: Mapping[date, Mapping[str, Any]] = {each.row["closes_on"]: each.row for each in found.before.simulated.statements}
    cycles = []
    for each in found.after.simulated.statements:
        was, row = before.get(each.row["closes_on"], {}), each.row
        changed = {name: {"before": text(was.get(name, 0)), "after": text(row[name])}
                   for name in _AMOUNTS if was.get(name, 0) != row[name]}
        if was.get("grace", row["grace"]) != row["grace"]:
            changed["grace"] = {"before": _grace(was["grace"]), "after": _grace(row["grace"])}
        if was.get("days_past_due", 0) != row["days_past_due"]:
            changed["days_past_due"] = {"before": str(was.get("days_past_due", 0)), "after": str(row["days_past_due"])}
        if changed:
            cycles.append({"closes_on": row["closes_on"].isoformat(), "figures": changed})
    return cycles


def _grace(code: int) -> str:
    return "lost" if code else "kept"


def rebilling_lines(told: Mapping[str, Any]) -> Iterator[str]:
    """A rebilling as text for a terminal."""
    if not told["events"] and not told["corrections"]:
        yield f"account {told['account']}: nothing to correct"
        return
    for each in told["events"]:
        yield f"{each['late_for']}  {each['type']} {grouped(each['amount'])}, known on {each['posted_on']}"
    for cycle in told["cycles"]:
        yield f"cycle closed on {cycle['closes_on']}"
        for name, figure in cycle["figures"].items():
            yield f"  {name:20} {grouped_or_word(figure['before']):>14} → {grouped_or_word(figure['after']):>14}"
    for each in told["corrections"]:
        yield f"{each['on']}  {each['type']:34} {grouped(each['amount']):>14} {told['currency']}"
        yield f"  {each['because']}"
    yield f"the holder owes {grouped(told['total'])} {told['currency']} more" if not told["total"].startswith("-") else (
        f"the holder owes {grouped(told['total'][1:])} {told['currency']} less")


def grouped_or_word(value: str) -> str:
    """A figure with its thousands set apart; a word as it is."""
    return grouped(value) if value.lstrip("-")[:1].isdigit() else value
