"""Bills one account from a scenario with the very functions that the nightly run uses, on a batch of one; stores nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from typing import Any

import numpy as np

from accounts.calendar import closing_on, day_number, day_of, due_on, first_closing
from accounts.columns import Columns
from accounts.money import CURRENCIES, major_units, minor_units
from accounts.posting_types import (
    BY_CODE,
    OWN_CHARGES,
    PostingType,
)
from billing.arrangements import HARDSHIP, Arrangement, Arrangements
from billing.balances import Int64Array
from billing.bearing import Before
from billing.carried import BALANCE, CHARGED_OFF, DISPUTED, Carried
from billing.cells import BILLED, FEES, INTEREST, REVOLVING, Cells, cells_of
from billing.closed_cycle import Trace
from billing.cycle import close_cycle
from billing.disputes import Disputes
from billing.instalments import BilledPlans
from billing.postings import Events
from billing.reading import POSTINGS
from billing.scenario import Scenario
from billing.simulated_charges import SimulatedCharges
from billing.simulated_disputes import ScenarioDispute, ScenarioDisputes
from billing.simulated_ledger import SimulatedLedger
from billing.state import OpeningState
from billing.statement_rows import CLOSING_CHARGES, STATEMENT, Seal, charge_clause
from billing.terms_by_day import TermsByDay
from fees.terms import Terms

#: The scenario file stands as source 2, its events as lines counted from 1.
_SCENARIO_SOURCE = 2


@dataclass
class SimulatedStatement:
    """One statement: `row` has the columns of the statement table, `postings` those of the posting table.

    plans: instalment plans of the account with parts to come; hardship: in force on the closing day.
    """

    row: dict[str, Any]
    postings: list[dict[str, Any]]
    terms: Terms
    trace: Trace
    charged: Carried = field(default_factory=Carried.none)
    plans: Sequence[BilledPlans] = ()
    hardship: Arrangement | None = None


@dataclass
class Simulated:
    """What a scenario came to."""

    account: str
    scenario: Scenario
    statements: list[SimulatedStatement] = field(default_factory=list)
    postings: list[dict[str, Any]] = field(default_factory=list)
    state: dict[str, Any] = field(default_factory=dict)
    corrections: list[dict[str, Any]] = field(default_factory=list)
    agreed: dict[int, int] = field(default_factory=dict)
    """What instalment plans were made of, minor units, by the line of their event."""


def simulate(scenario: Scenario, seal: Seal, close_on: date | None = None) -> Simulated:
    """Run every business day of a scenario up to its `until`; late events rebill the cycles closed by then.

    close_on: draw the line of an open cycle on that day, for a preview; nothing comes after it.
    """
    if any(event.known_on is not None for event in scenario.events) or ScenarioDisputes(scenario).retroactive:
        from billing.late_events import simulate_late_events  # it bills by this very function

        return simulate_late_events(scenario, lambda on_time: _Simulation(on_time, seal).run(),
                                    lambda row, lines: sealed(row, lines, seal))
    return _Simulation(scenario, seal, close_on).run()


class _Simulation:
    def __init__(self, scenario: Scenario, seal: Seal, close_on: date | None = None) -> None:
        self.result = Simulated(scenario.account.account, scenario)
        self.disputes = ScenarioDisputes(scenario)
        scenario = self.disputes.without_credited()
        self.scenario, self.seal, self.close_on = scenario, seal, close_on
        opening = scenario.opening
        self.first_day = scenario.account.opened_on if opening is None else opening.on + timedelta(days=1)
        self.digits = CURRENCIES[scenario.terms[0].currency].digits
        self.currency = CURRENCIES[scenario.terms[0].currency].numeric
        self.limit = minor_units(scenario.account.credit_limit, self.digits)
        self.closing_day = scenario.account.closing_day or scenario.terms_on(self.first_day).cycle.closing_day
        self.anchor = first_closing(self.first_day, self.closing_day)
        self.still_open: dict[tuple[ScenarioDispute, ...], Simulated] = {}
        self.carried = Carried.none()
        self.before: Before | None = None
        self.last_row: dict[str, Any] | None = None if opening is None else self._cycle_zero()
        self.last_terms = scenario.terms_on(self.first_day if opening is None else opening.on)
        self.ledger = SimulatedLedger(scenario, self.result.postings)
        self.charges = SimulatedCharges(self.ledger, self.first_day, [] if self.last_row is None else [self.last_row],
                                       self.closing_day, self.disputes)
        self.previous_closing = self.first_day - timedelta(days=1)

    def run(self) -> Simulated:
        day = self.first_day
        while day <= self.scenario.until:
            self.charges.post_events(day)
            self.charges.process_due_date(day)
            self.charges.process_anniversary(day)
            if day in (self._next_closing(), self.close_on):
                self.charges.instalments.bill_parts(day)
                self.charges.process_closing(day, self.limit, partial(self._interest_if_closed, day))
                self._close(day)
            day += timedelta(days=1)
        self.result.state, self.result.agreed = self._state(), self.charges.instalments.agreed
        return self.result

    # -- the steps of a day ---------------------------------------------------------------------------------------------

    def _close(self, day: date) -> None:
        postings = [each for each in self.result.postings if each["posted_on"] > self.previous_closing]
        if self._nothing_to_bill_yet(day, postings):
            self.anchor = closing_on(self.anchor, 2, self.closing_day)
            return
        terms = self.scenario.terms_on(self.previous_closing + timedelta(days=1))
        trace = Trace()
        by_day = TermsByDay(terms, day, self.closing_day, self.scenario.history())
        closed = close_cycle(by_day, self._opening_state(), self.carried, self._events(postings, terms),
                             np.array([self.limit]), self.before, trace,
                             Arrangements.of([(0, each) for each in self.scenario.arrangements()], 1),
                             Disputes.of([(0, each) for each in self.disputes.held(day)], 1), self._not_disputed(day))
        figures = {name: int(column[0]) for name, column in closed.columns.items()}
        for each in closed.charges:
            self._charge(each.kind, day, int(each.amount[0]), charge_clause(terms, each.kind, each.line), each.line)
        self.before, self.carried = closed.before, self._renumbered(closed.carried, terms, day)
        row = self._row(day, figures, terms) | {"disputed": int(self.carried.of_kind(DISPUTED).amount.sum())}
        lines = sorted((each for each in self.result.postings if each["posted_on"] > self.previous_closing),
                       key=lambda each: (each["posted_on"], each["source_id"], each["source_line"], each["type"]))
        row["sha256"] = sealed(row, lines, self.seal)
        hardship = next((each for each in self.scenario.arrangements() if each.kind == HARDSHIP and each.holds_on(day)), None)
        self.result.statements.append(SimulatedStatement(row, lines, terms, trace, closed.carried,
                                                         self.charges.instalments.to_come(), hardship))
        self.charges.statements.append(row)
        self.charges.charged_off = bool(len(closed.carried.of_kind(CHARGED_OFF).account))
        self.charges.instalments.bears_fees = not self.charges.charged_off
        self.last_row, self.last_terms, self.previous_closing = row, terms, day

    def _interest_if_closed(self, day: date) -> int:
        """The interest that closing on a day would charge, found on a copy."""
        trial = copy(self)
        trial.result = replace(self.result, statements=[*self.result.statements], postings=[*self.result.postings])
        trial.ledger = SimulatedLedger(self.scenario, trial.result.postings)
        trial.charges = SimulatedCharges(trial.ledger, self.first_day, [*self.charges.statements], self.closing_day,
                                         self.disputes)
        trial._close(day)
        own: int = sum(each["amount"] for each in trial.result.postings[len(self.result.postings):]
                  if BY_CODE[each["type"]].figure == "interest")
        not_disputed = self._not_disputed(day)
        return own if not_disputed is None else min(own, int(not_disputed["interest"][0]))

    def _not_disputed(self, day: date) -> dict[str, Int64Array] | None:
        """What a closing would charge were disputes that are lost later still open; None where there are none."""
        lost_later = tuple(each for each in self.disputes.bearing if each.decided is not None and each.decided.on > day)
        if not lost_later:
            return None
        if lost_later not in self.still_open:
            self.still_open[lost_later] = _Simulation(self.disputes.still_open(lost_later), self.seal, self.close_on).run()
        lines = next(each.postings for each in self.still_open[lost_later].statements if each.row["closes_on"] == day)
        own = [each for each in lines if each["posted_on"] == day and each["source_id"] == OWN_CHARGES]
        return {figure: np.array([sum(each["amount"] for each in own if BY_CODE[each["type"]] in CLOSING_CHARGES
                                      and BY_CODE[each["type"]].figure == figure)]) for figure in ("interest", "fees")}

    # -- what they are made of ------------------------------------------------------------------------------------------

    def _next_closing(self) -> date:
        number = 1 if not self.result.statements else len(self.result.statements) + 1
        return closing_on(self.anchor, number, self.closing_day)

    def _nothing_to_bill_yet(self, day: date, postings: list[dict[str, Any]]) -> bool:
        month_before = closing_on(day, 0, self.closing_day)
        return self.last_row is None and not postings and self.first_day > month_before + timedelta(days=1)

    def _charge(self, kind: PostingType, day: date, amount: int, clause: str, line: int = 0) -> None:
        self.ledger.charge(kind, day, amount, clause, line)

    def _version_of(self, terms: Terms) -> int:
        return self.ledger.version_of(terms)

    def _cycle_zero(self) -> dict[str, Any]:
        opening = self.scenario.opening
        assert opening is not None
        terms = self.scenario.terms_on(opening.on)
        of = {name: minor_units(getattr(opening.balances, name), self.digits)
              for name in ("purchase", "cash_advance", "interest", "fees")}
        row: dict[str, Any] = dict.fromkeys(STATEMENT, 0)
        purchase = max(of["purchase"], 0)
        past_due = minor_units(opening.past_due, self.digits)
        due = opening.payment_due_on or due_on(opening.on, terms.cycle)
        row.update({
            "closes_on": opening.on, "opens_on": opening.on, "due_on": due, "new_balance": sum(of.values()),
            "minimum_payment_due": minor_units(opening.minimum_payment_due, self.digits), "past_due": past_due,
            "revolving": purchase if opening.grace == "lost" else 0, "billed": purchase if opening.grace == "kept" else 0,
            "cash": of["cash_advance"], "unpaid_interest": of["interest"], "unpaid_fees": of["fees"],
            "oldest_unpaid_due_on": closing_on(due, 0, due.day) if past_due else day_of(0), "sha256": bytes(32),
            "grace": 1 if opening.grace == "lost" else 0,
        })
        others = opening.balances.others()
        if others:
            row["new_balance"] += sum(minor_units(amount, self.digits) for amount in others.values())
            self.carried = self._opening_rows(cells_of(self.scenario.terms_on(self.first_day)), row, others)
        return row

    def _opening_rows(self, cells: Cells, row: dict[str, Any], others: dict[str, str]) -> Carried:
        """The balances of an opening that has other segments than a statement's columns can tell."""
        age = REVOLVING if row["grace"] else BILLED
        found = [(cells.purchase, age, row["revolving"] + row["billed"]), (cells.cash_advance, REVOLVING, row["cash"]),
                 (INTEREST, age, row["unpaid_interest"]), (FEES, age, row["unpaid_fees"])]
        found += [(cells.segment(name), age if cells.has_grace(cells.segment(name)) else REVOLVING,
                   minor_units(amount, self.digits)) for name, amount in others.items()]
        held = [each for each in found if each[2] > 0]
        segment, ages, amount = (np.array([each[column] for each in held], dtype=np.int64) for column in range(3))
        return Carried.rows(np.zeros(len(held), dtype=np.int64), BALANCE, segment=segment, age=ages, amount=amount)

    def _renumbered(self, carried: Carried, terms: Terms, day: date) -> Carried:
        """Carried rows with the segments numbered as in the version that the next cycle is billed on."""
        following = self.scenario.terms_on(day + timedelta(days=1))
        if following is terms:
            return carried
        cells = cells_of(following)
        number = np.array([FEES, INTEREST, *(cells.segment(row.name) for row in terms.interest.segment)], dtype=np.int64)
        return replace(carried, segment=number[np.minimum(carried.segment, len(number) - 1)])

    def _events(self, postings: list[dict[str, Any]], terms: Terms) -> Events:
        names = [row.name for row in terms.interest.segment]
        events = _events(postings)
        events.segment = np.array([names.index(each["segment"]) + 1 if each["segment"] in names else 0 for each in postings],
                                  dtype=np.int64)
        return events

    def _opening_state(self) -> OpeningState:
        if self.last_row is None:
            return OpeningState.of_new_accounts(np.array([day_number(self.previous_closing)]))
        row = self.last_row
        names = ("new_balance", "minimum_payment_due", "past_due", "oldest_unpaid_due_on", "revolving", "billed", "cash",
                 "unpaid_interest", "unpaid_fees", "billed_balance_days", "year_interest", "year_fees", "due_on", "grace")
        columns = {name: np.array([day_number(row[name]) if isinstance(row[name], date) else row[name]], dtype=np.int64)
                   for name in names}
        asked = columns["past_due"] * ("past_due" in self.last_terms.minimum_payment.add)
        return OpeningState(previous_closing=np.array([day_number(self.previous_closing)]), **columns, past_due_asked=asked)

    def _row(self, day: date, figures: dict[str, int], terms: Terms) -> dict[str, Any]:
        row: dict[str, Any] = {name: figures.get(name, 0) for name in STATEMENT}
        row.update({
            "member_id": 1, "account_id": 1, "cycle_no": len(self.result.statements) + 1,
            "opens_on": self.previous_closing + timedelta(days=1), "closes_on": day, "due_on": due_on(day, terms.cycle),
            "terms_version_id": self._version_of(terms), "credit_limit": self.limit,
            "oldest_unpaid_due_on": day_of(figures["oldest_unpaid_due_on"]),
            "previous_sha256": bytes(32) if self.last_row is None else self.last_row["sha256"],
        })
        return row

    def _state(self) -> dict[str, Any]:
        """The account at the end of the last day: what it owes, and what its last closing carried on."""
        shown = self.scenario.terms[0].shown_digits

        def text(amount: int) -> str:
            return major_units(amount, self.digits, shown)

        row = self.last_row
        since = sum(BY_CODE[each["type"]].sign * each["amount"] for each in self.result.postings
                    if row is None or each["posted_on"] > row["closes_on"])
        billed = 0 if row is None else row["new_balance"]
        state: dict[str, Any] = {"on": self.scenario.until.isoformat(), "balance": text(billed + since)}
        if row is not None:
            state |= {
                "closed_on": row["closes_on"].isoformat(), "grace": "lost" if row["grace"] else "kept",
                "balances": {"purchase": text(row["revolving"] + row["billed"]), "cash_advance": text(row["cash"]),
                             "interest": text(row["unpaid_interest"]), "fees": text(row["unpaid_fees"])},
                "minimum_payment_due": text(row["minimum_payment_due"]), "payment_due_on": row["due_on"].isoformat(),
                "past_due": text(row["past_due"]),
            }
            disputed = int(self.carried.of_kind(DISPUTED).amount.sum())
            if disputed:
                state["balances"]["disputed"] = text(disputed)
        return state


def _events(postings: list[dict[str, Any]]) -> Events:
    def column(values: list[int]) -> Any:
        return np.array(values, dtype=np.int64)

    return Events(
        column([0] * len(postings)), column([each["type"] for each in postings]), column([each["amount"] for each in postings]),
        column([day_number(each["effective_on"]) for each in postings]),
        column([day_number(each["posted_on"]) for each in postings]),
    )


def _plain(value: Any) -> int:
    return day_number(value) if isinstance(value, date) else int(value or 0)


def sealed(row: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], seal: Seal) -> bytes:
    """The digest of a statement row with its postings, as of issued ones."""
    plain = [name for name, kind in STATEMENT.items() if kind != "digest"]
    statement: Columns = {name: np.array([_plain(row[name])], dtype=np.int64) for name in plain}
    statement["previous_sha256"] = np.frombuffer(row["previous_sha256"], dtype=np.uint8).reshape(1, 32)
    postings = {name: np.array([_plain(each[name]) for each in lines], dtype=np.int64) for name in POSTINGS}
    return seal(statement, postings, np.array([0, len(lines)])).tobytes()
