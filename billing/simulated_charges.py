"""What a scenario's account is charged day by day: the fees on its events, at its due dates and at its anniversaries.

The same rules as the steps of a business day (billing/day/), on one account that is not stored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from accounts.calendar import day_number
from accounts.columns import Columns
from accounts.posting_types import (
    ANNUAL_FEE,
    BY_CODE,
    BY_NAME,
    FEE_TAX,
    JOINING_FEE,
    LATE_PAYMENT_FEE,
    OVER_LIMIT_FEE,
    OWN_CHARGES,
    REPLACEMENT_FEE,
    RETURNED_PAYMENT,
    RETURNED_PAYMENT_FEE,
    WAIVERS,
    PostingType,
)
from billing.arrangements import RE_AGE, asked_at
from billing.day.anniversaries import annual_waiver
from billing.day.charge import TAX_LINES
from billing.disputes import disputed_on, moves
from billing.event_fees import event_fees
from billing.late_at_closing import daily_late_fee, interest_bears_late_fee, interest_late_fee
from billing.missed_minimums import BilledMinimum, DueHistory, Receipt, is_repeat, missed_in_a_row
from billing.over_limit import LEFT_OUT, LimitHistory
from billing.postings import received_types
from billing.re_age import ReAgeHistory, own_minimum, require_re_age
from billing.scenario import DISPUTE_EVENTS, INSTALMENT_EVENTS, ScenarioEvent
from billing.simulated_disputes import ScenarioDisputes
from billing.simulated_instalments import SimulatedInstalments
from billing.simulated_ledger import SCENARIO_SOURCE, SimulatedLedger
from billing.waivers import waiver_for
from fees.annual import annual_fee, year_before
from fees.fee_tax import fee_tax
from fees.first_year_cap import CAPPED, first_year_cap, within_first_year_cap
from fees.joining import joining_fee
from fees.late_payment import MissedMinimum, charged_at_closing, late_payment_fee, late_tolerance_days
from fees.over_limit import needs_opt_in, over_limit_fee
from fees.replacement import replacement_fee
from fees.terms import Terms
from fees.terms_fees import LatePaymentFee, PercentOfInterest, TieredLatePaymentFee
from fees.waiver import waived_amount


class SimulatedCharges:
    """Posts a scenario's events and fees to its ledger.

    statements: rows of the statement table so far, oldest first, the opening state of an account under way among them.
    """

    def __init__(self, ledger: SimulatedLedger, first_day: date, statements: list[dict[str, Any]],
                 closing_day: int, disputes: ScenarioDisputes | None = None) -> None:
        self.disputes = [] if disputes is None else disputes.held(date.max)
        self.ledger, self.first_day, self.statements = ledger, first_day, statements
        self.scenario = ledger.scenario
        #: Set once the account is charged off: from then on it bears no fees.
        self.charged_off = False
        self.instalments = SimulatedInstalments(ledger, statements, closing_day)

    # -- the day's events -----------------------------------------------------------------------------------------------

    def post_events(self, day: date) -> None:
        """Post the events of a day, each with the fees on it."""
        terms = self.scenario.terms_on(day)
        for line, event in enumerate(self.scenario.events, 1):
            if max(event.posted_on or event.on, self.first_day) != day or event.type in DISPUTE_EVENTS:
                continue
            if event.type in INSTALMENT_EVENTS:
                self.instalments.take(event, day, line)
                continue
            if event.type == "replacement":
                self._replacement(event, day, terms, line)
                continue
            if event.arrangement is not None:
                if event.type == RE_AGE and not event.agreed:
                    self._require_re_age(event.on, terms)
                continue
            self.ledger.add(BY_NAME[event.type], day, self.ledger.minor(event.amount), SCENARIO_SOURCE, line, event)
        self._event_fees(day, terms)

    def _replacement(self, event: ScenarioEvent, day: date, terms: Terms, line: int) -> None:
        if terms.fees.replacement is not None:
            fee = int(replacement_fee(terms, [event.reason])[0])
            self.fee(REPLACEMENT_FEE, day, fee, terms.fees.replacement.clause, line)

    def _require_re_age(self, on: date, terms: Terms) -> None:
        """Raises ReAgeRefused where the account may not be re-aged on a day."""
        account = self.scenario.account
        require_re_age(account.account, terms, on, ReAgeHistory(
            account.opened_on,
            [own_minimum(terms, each.closes_on, each.due_on, each.minimum_due, row["past_due"])
             for each, row in zip(self.due_history(terms, self.statements).statements, self.statements, strict=True)],
            [(day_number(each["posted_on"]), -BY_CODE[each["type"]].sign * each["amount"]) for each in self.ledger.postings
             if BY_CODE[each["type"]].figure == "payments" and each["posted_on"] < on],
            [each.from_on for each in self.scenario.arrangements() if each.kind == RE_AGE and each.from_on < on]))

    def _event_fees(self, day: date, terms: Terms) -> None:
        postings = [each for each in self.ledger.postings
                    if each["posted_on"] == day and each["source_id"] == SCENARIO_SOURCE]
        if self.charged_off or not postings:
            return
        penalised = self._penalised(day)
        events, tax = [], dict[int, int]()
        for posting in postings:
            returned = posting["type"] == RETURNED_PAYMENT.code
            events.append((posting["source_line"], self._as_columns(
                posting, terms, minimum_due=self._last_minimum(day) if returned else 0, first=int(not penalised))))
            penalised |= returned
        for fee in event_fees(terms):
            for line, columns in events:
                amounts = self._capped(fee.kind, day, terms, fee.of(columns))
                self.ledger.add(fee.kind, day, int(amounts[0]), SCENARIO_SOURCE, line, None, fee.clause)
                tax[line] = tax.get(line, 0) + int(fee_tax(terms, str(fee.kind.charge), amounts)[0])
                self._waive(fee.kind, day, int(amounts[0]), SCENARIO_SOURCE, line, fee.clause)
        for line, amount in tax.items():
            self.ledger.add(FEE_TAX, day, amount, SCENARIO_SOURCE, line, None, "fees.tax_on_charges")

    def _capped(self, kind: PostingType, day: date, terms: Terms, amounts: Any) -> Any:
        """A fee, cut to what the first year's cap leaves of it."""
        cap, opened_on = first_year_cap(terms), self.scenario.account.opened_on
        if cap is None or kind.charge not in CAPPED:
            return amounts
        charged = sum(each["amount"] for each in self.ledger.postings if each["posted_on"] >= opened_on
                      and BY_CODE[each["type"]].charge in CAPPED and BY_CODE[each["type"]].sign > 0)
        limit = self.ledger.minor(self.scenario.account.credit_limit)
        return within_first_year_cap(cap, _column(1), amounts, _column(limit), _column(charged),
                                     np.array([opened_on > year_before(day)]))

    def _as_columns(self, posting: dict[str, Any], terms: Terms, minimum_due: int, first: int) -> Columns:
        currency = self.scenario.events[posting["source_line"] - 1].currency or terms.currency
        values = {"type": posting["type"], "amount": posting["amount"], "foreign": int(currency != terms.currency),
                  "minimum_due": minimum_due, "first": first}
        return {name: np.array([value], dtype=np.int64) for name, value in values.items()}

    def _last_due(self, day: date) -> dict[str, Any] | None:
        """The statement with the last due date before a day; where there is none, the last statement."""
        due = [each for each in self.statements if each["due_on"] < day]
        return due[-1] if due else self.statements[-1] if self.statements else None

    def _last_minimum(self, day: date) -> int:
        last = self._last_due(day)
        return 0 if last is None else int(last["minimum_payment_due"])

    def _penalised(self, day: date) -> bool:
        """Whether the last due date before a day bore a penalty fee already."""
        last = self._last_due(day)
        if last is None:
            return False
        since = last["due_on"] if last["due_on"] < day else last["closes_on"]
        return any(each["type"] in (LATE_PAYMENT_FEE.code, RETURNED_PAYMENT_FEE.code) and since < each["posted_on"] < day
                   for each in self.ledger.postings)

    # -- due dates ------------------------------------------------------------------------------------------------------

    def process_due_date(self, day: date) -> None:
        """Charge the late-payment fee, the day after due date and tolerance, if the minimum payment was not met."""
        terms = self.scenario.terms_on(day)
        fee = terms.fees.late_payment
        if fee is None or charged_at_closing(fee):
            return
        tolerance = late_tolerance_days(terms, fee)
        due_on = day - timedelta(days=tolerance + 1)
        upto = [place for place, each in enumerate(self.statements, 1) if each["due_on"] == due_on]
        if not upto:
            return
        missed = self._missed(terms, fee, tolerance, day, self.statements[:upto[-1]])
        returned = any(each["type"] == RETURNED_PAYMENT_FEE.code and due_on < each["posted_on"] <= day
                       for each in self.ledger.postings)
        if missed is not None and not returned:
            amounts = late_payment_fee(terms, missed, self.ledger.digits)
            self.fee(LATE_PAYMENT_FEE, day, int(amounts[0]), fee.clause)

    def _missed(self, terms: Terms, fee: LatePaymentFee, tolerance: int, day: date,
                statements: list[dict[str, Any]]) -> MissedMinimum | None:
        """What the fee for the last of some statements is worked out from; None if its minimum was met."""
        history, allowed = self.due_history(terms, statements), terms.minor(terms.cycle.tolerance_amount)
        due_dates = history.missed(tolerance, allowed)
        if not due_dates[-1]:
            return None
        last = history.statements[-1]
        received = history.received(last, last.due_on + tolerance, day_number(day))
        within = fee.repeat_within_cycles if isinstance(fee, TieredLatePaymentFee) else 0
        first = MissedMinimum.first(_column(last.minimum_due), _column(history.unpaid(last, tolerance)),
                                    _column(last.new_balance), _column(received))
        return replace(first, in_a_row=_column(missed_in_a_row(due_dates)), repeats=np.array([is_repeat(due_dates, within)]))

    def due_history(self, terms: Terms, statements: list[dict[str, Any]]) -> DueHistory:
        """Some of the account's statements and what was received since the first of them."""
        types, arrangements = set(received_types(terms)), self.scenario.arrangements()
        return DueHistory(
            [BilledMinimum(day_number(each["closes_on"]), day_number(each["due_on"]), each["minimum_payment_due"],
                           each["new_balance"] - each.get("disputed", 0),
                           asked_at(arrangements, each["closes_on"], each["due_on"]))
             for each in statements],
            [Receipt(day_number(each["posted_on"]), day_number(each["effective_on"]),
                     -BY_CODE[each["type"]].sign * each["amount"]) for each in self.ledger.postings if each["type"] in types]
            + [each.receipt for each in self.disputes],
            [day_number(each["posted_on"]) for each in self.ledger.postings if each["type"] == RETURNED_PAYMENT_FEE.code],
            terms.shown_unit)

    # -- closing --------------------------------------------------------------------------------------------------------

    def process_closing(self, day: date, limit: int, interest: Callable[[], int]) -> None:
        """Charge what depends on the cycle that is about to close: over-limit fee, late payment by the day or by interest.

        interest: what the closing would charge as the postings stand.
        """
        terms = self.scenario.terms_on(day)
        if terms.fees.over_limit is not None and (self.scenario.account.over_limit_opt_in or not needs_opt_in(terms)):
            history = self._limit_history(day, limit)
            amounts = over_limit_fee(terms, _column(history.excess()), _column(history.charged_in_a_row))
            self.fee(OVER_LIMIT_FEE, day, int(amounts[0]), terms.fees.over_limit.clause)
        fee = terms.fees.late_payment
        if fee is not None and charged_at_closing(fee) and self.statements:
            self.fee(LATE_PAYMENT_FEE, day, self._late_at_closing(terms, fee, day_number(day), interest), fee.clause)

    def _late_at_closing(self, terms: Terms, fee: LatePaymentFee, closes_on: int, interest: Callable[[], int]) -> int:
        history, after = self.due_history(terms, self.statements), day_number(self.statements[-1]["closes_on"])
        if not isinstance(fee, PercentOfInterest):
            return sum(daily_late_fee(terms, fee, history, after, closes_on))
        statement = interest_bears_late_fee(terms, fee, history, after, closes_on)
        return 0 if statement is None else interest_late_fee(terms, fee, history, statement, interest())

    def _limit_history(self, day: date, limit: int) -> LimitHistory:
        last = self.statements[-1] if self.statements else None
        since = date.min if last is None else last["closes_on"]
        return LimitHistory(
            0 if last is None else last["new_balance"] - disputed_on(self.disputes, since), limit,
            0 if last is None else day_number(last["due_on"]),
            sorted(
                [(day_number(each["posted_on"]), each["type"], BY_CODE[each["type"]].sign * each["amount"])
                 for each in self.ledger.postings if since < each["posted_on"] <= day and each["type"] not in LEFT_OUT]
                + moves(self.disputes, since, day)),
            [day_number(each["closes_on"]) for each in reversed(self.statements)],
            {day_number(each["posted_on"]) for each in self.ledger.postings if each["type"] == OVER_LIMIT_FEE.code})

    # -- anniversaries --------------------------------------------------------------------------------------------------

    def process_anniversary(self, day: date) -> None:
        """Charge joining and annual fees due on a day; then waive what a year's spending earns."""
        terms = self.scenario.terms_on(day)
        opened = np.array([day_number(self.scenario.account.opened_on)])
        taken_over = np.array([self.scenario.opening is not None])
        if terms.fees.joining is not None:
            self.fee(JOINING_FEE, day, int(joining_fee(terms, opened, taken_over, day)[0]), terms.fees.joining.clause)
        if terms.fees.annual is not None:
            fee = int(annual_fee(terms, opened, taken_over, day)[0])
            looked_back = fee > 0 and day > self.scenario.account.opened_on
            waiver = annual_waiver(terms, day, self.ledger.postings) if looked_back else None
            self.fee(ANNUAL_FEE, day, fee, terms.fees.annual.clause, already_waived=waiver is not None)
            if waiver is not None and not self.charged_off:
                self.ledger.charge(waiver, day, fee, terms.fees.annual.clause)

    # -- common ---------------------------------------------------------------------------------------------------------

    def fee(self, kind: PostingType, day: date, amount: int, clause: str, line: int = 0, already_waived: bool = False) -> None:
        """Charge a fee of Cardwright's own, and the tax on it; waive what a standing waiver gives back. None of it to an
        account that is charged off.

        already_waived: the terms waive it whole, so that nothing is left to waive.
        """
        if self.charged_off or amount <= 0:
            return  # on most days nothing is due
        terms = self.scenario.terms_on(day)
        amount = int(self._capped(kind, day, terms, _column(amount))[0])
        self.ledger.add(kind, day, amount, OWN_CHARGES, line, None, clause)
        tax = int(fee_tax(terms, str(kind.charge), _column(amount))[0])
        self.ledger.add(FEE_TAX, day, tax, OWN_CHARGES, line * TAX_LINES + kind.code, None, clause)
        if not already_waived:
            self._waive(kind, day, amount, OWN_CHARGES, line, clause)

    def _waive(self, kind: PostingType, day: date, amount: int, source: int, line: int, clause: str) -> None:
        """Waive what a standing waiver gives back of a fee that was just charged."""
        waiver = waiver_for((each.in_force for each in self.scenario.waivers), str(kind.charge), day)
        if waiver is not None:
            waived = waived_amount(self.scenario.terms_on(day), amount, waiver.percent)
            self.ledger.add(WAIVERS[str(kind.charge)], day, waived, source, line, None, clause, waiver.description)


def _column(value: int) -> Any:
    return np.array([value], dtype=np.int64)
