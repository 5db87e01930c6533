"""A scenario with events that are heard of late: statements as they were issued, then what corrects them, then what follows.

Up to the day on which a late event becomes known the account is billed without it. On that day it is posted, with the
difference that it makes to everything charged before; from then on each statement is that of the account on which everything
happened in time, told by what was really posted since the statement before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from accounts.money import major_units
from accounts.posting_types import BY_CODE, BY_NAME, CHARGEBACK
from billing.disputes import FOR_HOLDER
from billing.rebilling import Charge, ChargeKey, Correction, charges_of, corrections, reason, reason_name
from billing.scenario import Scenario, ScenarioEvent
from billing.simulated_disputes import ScenarioDisputes
from billing.simulated_ledger import SCENARIO_SOURCE, SimulatedLedger
from billing.simulation import Simulated, SimulatedStatement

#: Figures of a statement, and whether a posting by which the holder owes more raises or lowers them.
_FIGURES = {"payments": -1, "credits": -1, "purchases": 1, "cash_advances": 1, "balance_transfers": 1, "fees": 1, "interest": 1,
            "waivers": -1, "adjustments": 1}
#: Corrections stand as source 3, after the scenario file's own events of the day.
REBILLING = 3
_BEGINNING = ("cycle_no", "opens_on", "previous_balance", "previous_sha256")
_ORDER = ("posted_on", "source_id", "source_line", "type")
SealOne = Callable[[Mapping[str, Any], Sequence[Mapping[str, Any]]], bytes]


def simulate_late_events(scenario: Scenario, bill: Callable[[Scenario], Simulated], seal: SealOne) -> Simulated:
    """Run a scenario in which some events carry `known_on`, or a dispute is decided that changes what was billed before.

    bill: bills a scenario in which everything is known in time; seal: hashes a statement row with its postings.
    """
    return _LateEvents(scenario, bill, seal).run()


class _LateEvents:
    def __init__(self, scenario: Scenario, bill: Callable[[Scenario], Simulated], seal: SealOne) -> None:
        self.scenario, self.bill, self.seal = scenario, bill, seal
        self.result = Simulated(scenario.account.account, scenario)
        self.charged: dict[ChargeKey, Charge] = {}
        self.disputes = ScenarioDisputes(scenario)
        self.decided = self.disputes.retroactive
        #: What plans were made of, by the line of their event: whatever becomes known later, that stands.
        self.agreed: dict[int, int] = {}

    def run(self) -> Simulated:
        """From one day on which something becomes known to the next."""
        first_day = date.min
        decided_on = {each.decided.on for each in self.decided if each.decided is not None}
        days = sorted({each.known_on for each in self.scenario.events if is_late(each) and each.known_on is not None}
                      | decided_on)
        for begins, ends in zip([first_day, *days], [*days, date.max], strict=True):
            if begins > self.scenario.until:
                break
            until = min(ends - timedelta(days=1), self.scenario.until)
            known = self._as_agreed(self.disputes.known_by(known_by(self.scenario, begins), begins))
            view = self.bill(self.scenario.model_copy(update={"until": until, "events": known}))
            if begins != first_day:
                self._hear(begins, view)
            self._go_on(begins, view)
            self.agreed |= view.agreed
            self.result.state = view.state
        return self.result

    def _as_agreed(self, events: Sequence[ScenarioEvent]) -> tuple[ScenarioEvent, ...]:
        digits = self.scenario.terms[0].digits
        return tuple(
            event.model_copy(update={"amount": major_units(self.agreed[line], digits)}) if line in self.agreed else event
            for line, event in enumerate(events, 1))

    def _hear(self, day: date, view: Simulated) -> None:
        """Post what became known on a day, and what it changes in everything charged before."""
        heard = {line for line, event in enumerate(self.scenario.events, 1) if is_late(event) and event.known_on == day}
        self.result.postings += [
            {**each, "posted_on": day} for each in view.postings
            if each["source_id"] == SCENARIO_SOURCE and each["source_line"] in heard and not _is_charge(each)
        ]
        self._credit(day)
        should = charges_of(each for each in view.postings if each["posted_on"] < day)
        graces = self._graces(view)
        like = next(iter(view.postings or self.result.postings), {})
        for line, each in enumerate(corrections(should, self.charged), 1):
            self.result.postings.append(correcting_posting(each, day, REBILLING, line, like))
            self.result.corrections.append(self._told(each, day, graces))
        self.charged = should

    def _credit(self, day: date) -> None:
        """Credit what was decided for the holder on a day."""
        ledger = SimulatedLedger(self.scenario, self.result.postings)
        for each in self.decided:
            if each.decided is not None and each.decided_place is not None and each.outcome == FOR_HOLDER and (
                    each.decided.on == day):
                kind = BY_NAME[each.decided.credited_as or CHARGEBACK.name]
                ledger.add(kind, day, each.amount, SCENARIO_SOURCE, each.decided_place + 1, each.decided)

    def _go_on(self, begins: date, view: Simulated) -> None:
        """What happens from then on, as in the view of everything known by then."""
        since = [each for each in view.postings if each["posted_on"] >= begins]
        self.result.postings += since
        self.charged |= charges_of(since)
        for each in view.statements:
            if each.row["closes_on"] >= begins:
                self.result.statements.append(self._issued(each, view.statements[0].row))

    def _issued(self, on_time: SimulatedStatement, first: Mapping[str, Any]) -> SimulatedStatement:
        """A statement as it is issued: what was posted since the last one, and what is owed where everything was in time.

        first: the first statement in time, where that issued first begins too: what became known late may have closed a cycle
        in which nothing seemed to have happened.
        """
        last = self.result.statements[-1].row if self.result.statements else None
        closes_on = on_time.row["closes_on"]
        if last is None:
            on_time = replace(on_time, row={**on_time.row, **{name: first[name] for name in _BEGINNING}})
        opens_on = first["opens_on"] if last is None else last["closes_on"] + timedelta(days=1)
        lines = sorted((each for each in self.result.postings if opens_on <= each["posted_on"] <= closes_on),
                       key=lambda each: tuple(each[name] for name in _ORDER))
        row = issued_row(on_time.row, lines, last)
        row["sha256"] = self.seal(row, lines)
        return replace(on_time, row=row, postings=lines)

    def _graces(self, view: Simulated) -> dict[date, tuple[str, str]]:
        issued = {each.row["closes_on"]: each.row["grace"] for each in self.result.statements}
        return {each.row["closes_on"]: (_grace(issued.get(each.row["closes_on"], each.row["grace"])), _grace(each.row["grace"]))
                for each in view.statements}

    def _told(self, correction: Correction, day: date, graces: Mapping[date, tuple[str, str]]) -> dict[str, Any]:
        terms = self.scenario.terms[0]

        def text(amount: int) -> str:
            return major_units(amount, terms.digits, terms.shown_digits)

        return correction_document(correction, day, graces.get(correction.on), text)


def is_late(event: ScenarioEvent) -> bool:
    """Whether an event is heard of after the day on which it should have been posted."""
    return event.known_on is not None and event.known_on > (event.posted_on or event.on)


def known_by(scenario: Scenario, day: date) -> tuple[ScenarioEvent, ...]:
    """The events with those late ones in time that are known by a day; the others keep their line and never post."""
    return tuple(
        each.model_copy(update={"known_on": None, **({"posted_on": date.max} if is_late(each) and each.known_on > day else {})})
        if each.known_on is not None else each for each in scenario.events
    )


def issued_row(on_time: Mapping[str, Any], lines: Sequence[Mapping[str, Any]],
               last: Mapping[str, Any] | None) -> dict[str, Any]:
    """The statement that is issued after a rebilling: the figures of what was posted, and the state of an account in time.

    on_time: the statement where everything was known in time; lines: what was posted since the last statement issued; last: its
    row, None before the first. Raises AssertionError where the figures do not come to what is owed.
    """
    row = dict(on_time)
    for figure, sign in _FIGURES.items():
        row[figure] = sum(sign * BY_CODE[each["type"]].sign * each["amount"] for each in lines
                          if BY_CODE[each["type"]].figure == figure)
    if last is not None:
        row |= {"cycle_no": last["cycle_no"] + 1, "opens_on": last["closes_on"] + timedelta(days=1),
                "previous_balance": last["new_balance"], "previous_sha256": last["sha256"]}
        same_year = last["closes_on"].year == row["closes_on"].year
        row |= {f"year_{name}": row[name] + (last[f"year_{name}"] if same_year else 0) for name in ("interest", "fees")}
    owed = row["previous_balance"] + sum(sign * row[figure] for figure, sign in _FIGURES.items())
    if owed != row["new_balance"]:
        raise AssertionError(f"what was posted up to {row['closes_on']} comes to {owed} and not to {row['new_balance']}")
    return row


def correcting_posting(correction: Correction, on: date, source_id: int, line: int, like: Mapping[str, Any]) -> dict[str, Any]:
    """The posting that corrects a charge, dated on a day; like: any posting of the account."""
    kind = correction.posting_type
    return {
        **dict.fromkeys(like), **{name: like[name] for name in ("member_id", "account_id", "currency")},
        "posted_on": on, "effective_on": on, "transaction_on": correction.on, "source_id": source_id, "source_line": line,
        "type": kind.code, "debit_account": kind.debit, "credit_account": kind.credit, "amount": abs(correction.amount),
        "terms_version_id": correction.terms_version_id, "clause": correction.clause,
        "description": f"corrects {correction.on.isoformat()}",
    }


def correction_document(correction: Correction, on: date, grace: tuple[str, str] | None,
                        text: Callable[[int], str]) -> dict[str, Any]:
    """A correction as it is printed: which charge, before and after, and why."""
    kind = BY_CODE[correction.key.type]
    told: dict[str, Any] = {
        "on": on.isoformat(), "corrects": correction.on.isoformat(), "kind": kind.charge or kind.name,
        "type": correction.posting_type.name, "before": text(correction.before), "after": text(correction.after),
        "amount": text(correction.owed), "clause": correction.clause, "reason": reason_name(correction, grace),
        "because": reason(correction, grace, text),
    }
    if kind.segment is not None:
        told["segment"] = kind.segment
    if kind.figure == "waivers":
        told["waiver"] = True
    return told


def _grace(code: int) -> str:
    return "lost" if code else "kept"


def _is_charge(posting: Mapping[str, Any]) -> bool:
    return bool(charges_of([posting]))

