"""What a rebilling comes to, as it is printed: cycle by cycle before and after, and each correction with its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from accounts.money import major_units
from accounts.posting_types import BY_CODE, DEFERRED_INTEREST, SEGMENT_INTEREST
from billing.late_events import correction_document
from billing.rebill import Rebilling
from billing.rebilling import Charge
from billing.simulation import SimulatedStatement
from statements.compose import late_events
from statements.rebilling_shape import (
    REBILLING_SCHEMA,
    BilledCharge,
    ChangedCycle,
    ChangedFigure,
    CorrectionLine,
    RebillingDocument,
)
from statements.wording import grouped

#: What of a statement is compared.
_AMOUNTS = ("purchases", "payments", "credits", "cash_advances", "balance_transfers", "fees", "interest", "waivers",
            "adjustments", "new_balance", "minimum_payment_due", "past_due", "over_limit")
Text = Callable[[int], str]


def rebilling_document(found: Rebilling, posted: bool = False) -> RebillingDocument:
    """A rebilling as JSON: `events` taken in, `cycles` that come out otherwise, `corrections`, what the holder owes more."""
    terms, digits = found.after.history.scenario.terms[-1], found.digits

    def text(amount: int) -> str:
        return major_units(amount, digits, terms.shown_digits)

    corrections: list[Any] = [correction_document(each, found.on, found.grace(each), text) for each in found.correcting]
    return RebillingDocument(
        schema=REBILLING_SCHEMA, account=found.account, product=terms.product, currency=terms.currency,
        on=found.on.isoformat(), posted=posted, events=late_events(found.late, text), cycles=_cycles(found, text),
        corrections=corrections, total=text(sum(each.owed for each in found.correcting)),
    )


def _cycles(found: Rebilling, text: Text) -> list[ChangedCycle]:
    """The closed cycles with a figure or a charge that comes out otherwise."""
    before = {each.row["closes_on"]: each for each in found.before.simulated.statements}
    cycles = []
    for each in found.after.simulated.statements:
        issued = before.get(each.row["closes_on"])
        figures = _figures({} if issued is None else issued.row, each.row, text)
        charges = _charges(found, issued, each, text)
        if figures or any(charge["before"] != charge["after"] for charge in charges):
            cycles.append(ChangedCycle(closes_on=each.row["closes_on"].isoformat(), figures=figures, charges=charges))
    return cycles


def _figures(was: Mapping[str, Any], row: Mapping[str, Any], text: Text) -> dict[str, ChangedFigure]:
    changed = {name: ChangedFigure(before=text(was.get(name, 0)), after=text(row[name]))
               for name in _AMOUNTS if was.get(name, 0) != row[name]}
    if was.get("grace", row["grace"]) != row["grace"]:
        changed["grace"] = ChangedFigure(before=_grace(was["grace"]), after=_grace(row["grace"]))
    if was.get("days_past_due", 0) != row["days_past_due"]:
        changed["days_past_due"] = ChangedFigure(before=str(was.get("days_past_due", 0)), after=str(row["days_past_due"]))
    return changed


def _charges(found: Rebilling, issued: SimulatedStatement | None, corrected: SimulatedStatement,
             text: Text) -> list[BilledCharge]:
    """All charges and waivers of a cycle, as charged and as they would have been, in the order of their days."""
    was = {} if issued is None else found.before.charges_on(issued)
    now = found.after.charges_on(corrected)
    charges = []
    for key in sorted(was.keys() | now.keys(), key=lambda key: ((now.get(key) or was[key]).on, key)):
        each: Charge = now.get(key) or was[key]
        kind = BY_CODE[key.type]
        charge = BilledCharge(on=each.on.isoformat(), type=kind.name, kind=kind.charge or kind.name,
                              before=text(was[key].amount if key in was else 0),
                              after=text(now[key].amount if key in now else 0))
        segments = corrected.terms.interest.segment
        if kind in (SEGMENT_INTEREST, DEFERRED_INTEREST) and 0 < key.source_line <= len(segments):
            charge["segment"] = segments[key.source_line - 1].name
        elif kind.segment is not None:
            charge["segment"] = kind.segment
        if kind.figure == "waivers":
            charge["waiver"] = True
        charges.append(charge)
    return charges


def _grace(code: int) -> str:
    return "lost" if code else "kept"


def rebilling_lines(told: RebillingDocument) -> Iterator[str]:
    """A rebilling as text for a terminal: what became known, each cycle with its figures and charges, what is posted."""
    if not told["events"] and not told["corrections"]:
        yield f"account {told['account']}: nothing to correct"
        return
    for event in told["events"]:
        yield f"{event['late_for']}  {event['type']} {grouped(event['amount'])}, known on {event['posted_on']}"
    for cycle in told["cycles"]:
        yield f"cycle closed on {cycle['closes_on']}"
        for name, figure in cycle["figures"].items():
            yield _changed(name, figure["before"], figure["after"])
        for charge in cycle["charges"]:
            yield _changed(f"{charge['on']} {charge['type']}", charge["before"], charge["after"])
    for each in told["corrections"]:
        yield from _correction_lines(each, told["currency"])
    yield f"the holder owes {grouped(told['total'])} {told['currency']} more" if not told["total"].startswith("-") else (
        f"the holder owes {grouped(told['total'][1:])} {told['currency']} less")


def _changed(name: str, before: str, after: str) -> str:
    """A figure before and after; one that stays as it is stands alone."""
    shown = grouped_or_word(before).rjust(14)
    return f"  {name:40} {shown}" + ("" if before == after else f" → {grouped_or_word(after):>14}")


def _correction_lines(each: CorrectionLine, currency: str) -> Iterator[str]:
    yield f"{each['on']}  {each['type']:34} {grouped(each['amount']):>14} {currency}"
    yield f"  {each['because']}"


def grouped_or_word(value: str) -> str:
    """A figure with its thousands set apart; a word as it is."""
    return grouped(value) if value.lstrip("-")[:1].isdigit() else value
