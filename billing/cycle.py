"""One billing cycle of many accounts at once: the pure function that a bill is.

    statement(n + 1), state(n + 1) = close_cycle(state(n), events since, terms in force)

The days are walked over the whole batch (billing/walk.py); what of each day bears interest is decided (billing/bearing.py) and
priced exactly, rounded where it is posted (billing/interest.py); then the minimum, what is past due, and the state carried on.
No clock, no database. The rules: docs/reference/billing-rules.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np

from accounts.calendar import day_number
from accounts.money import minor_units
from accounts.posting_types import (
    CASH_ADVANCE_INTEREST,
    CHARGE_OFF,
    DEFERRED_INTEREST,
    INTEREST_TAX,
    MINIMUM_INTEREST,
    OVER_LIMIT_INTEREST,
    PURCHASE_INTEREST,
    RECOVERY,
    SEGMENT_INTEREST,
    PostingType,
)
from billing.arrangements import PAYMENT_HOLIDAY, Arrangements
from billing.balances import BoolArray, Int64Array
from billing.bearing import WHOLE_CYCLE, BearingOfCycle, Before
from billing.carried import CHARGED, DISPUTED, Carried
from billing.cells import FEES, FIRST, INTEREST, NEW, cells_of
from billing.charge_off import ChargedOff, WriteOff, write_off
from billing.closed_cycle import Charged, ClosedCycle, Trace
from billing.delinquency import Queue, arranged, past_due_at, penalty_of, unpaid_minimums
from billing.disputed_balances import DisputedBalances
from billing.disputes import Disputes, disputed_at_opening
from billing.grace import LONGEST_REACH, decide_grace, received_in_time, sees_days
from billing.interest import Priced, Pricing
from billing.minimum_payment import minimum_payment
from billing.own_rates import OwnRates, PenaltyDays
from billing.postings import FIGURE, FIGURES, LOWERING, SIGN, Events
from billing.state import OpeningState, aged, balance_rows, opening_balances, state_columns
from billing.terms_by_day import TermsByDay
from billing.walk import Walk
from fees.rounding import round_fraction, round_share

#: Columns of the statement that say what interest of its two segments and of the excess over the limit came to.
_INTEREST_COLUMNS = ("purchase_balance_days", "purchase_interest", "cash_balance_days", "cash_interest",
                     "over_limit_balance_days", "over_limit_interest")


class CycleClosing:
    """The work of closing one cycle; `close_cycle` is the way in."""

    def __init__(self, by_day: TermsByDay, state: OpeningState, carried: Carried, events: Events, credit_limit: Int64Array,
                 before: Before | None = None, trace: Trace | None = None, arrangements: Arrangements | None = None,
                 disputes: Disputes | None = None, not_disputed: Mapping[str, Int64Array] | None = None) -> None:
        self.not_disputed = not_disputed
        self.asked_later: dict[str, Int64Array] = {}  # charged for time in dispute, held with what is disputed
        self.by_day, self.terms, self.state, self.carried, self.events = by_day, by_day.first, state, carried, events
        self.closes_on, self.credit_limit, self.digits = day_number(by_day.closes_on), credit_limit, by_day.first.digits
        self.before, self.trace, self.arrangements = before, trace, arrangements
        self.accounts = len(state.new_balance)
        self.cells, self.disputes = cells_of(self.terms), disputes
        if disputes is not None:
            # What was disputed at the last closing is owed, but nobody asks for it: from here on the balance is without it.
            self.disputed_before = disputed_at_opening(carried, self.accounts)
            self.state = state = replace(state, new_balance=state.new_balance - self.disputed_before)
        self.charged_off = ChargedOff.of(carried, self.accounts)
        if self.charged_off is not None:
            self.state = state = replace(state, grace=np.where(self.charged_off.off, 0, state.grace))
        paid_in_time = received_in_time(self.terms, state, events)
        met_by = paid_in_time
        if disputes is not None:
            met_by = paid_in_time + self._disputed_in_time(disputes, of_minimum=True)
            paid_in_time = paid_in_time + self._disputed_in_time(disputes, of_minimum=False)
        self.decided = decide_grace(self.terms, state, paid_in_time, self.closes_on, self.digits)
        self.queue: Queue = unpaid_minimums(state, carried)
        walk = Walk(by_day, self.cells, state, opening_balances(self.cells, state, carried), carried, events, credit_limit)
        if disputes is not None:
            self._dispute(walk, disputes)
        if arrangements is not None:
            self.queue = arranged(self.queue, arrangements, walk.received, walk.start, state.previous_closing, self.closes_on)
        met = met_by >= state.minimum_payment_due - minor_units(self.terms.cycle.tolerance_amount, self.digits)
        self.penalty = penalty_of(self.terms, self.queue, walk.received, met, walk.start, state.previous_closing,
                                  self.closes_on, carried, self.digits)
        self.own = self._own_rates(walk.start)
        self.walked = walk.run(self.own)
        self.disputed = walk.disputed
        if self.charged_off is not None:
            self.charged_off.bear_nothing(self.walked)
        self.balances, self.credit = self.walked.balances, self.walked.credit
        self.charges: list[Charged] = []
        self.charged_rows: list[Carried] = []

    def _disputed_in_time(self, disputes: Disputes, of_minimum: bool) -> Int64Array:
        """What the previous statement does not ask for any more by its due date: all that is disputed, or its share of the
        minimum."""
        last_day = self.state.due_on + self.terms.cycle.tolerance_days
        account, day, amount = disputes.received(self.state.previous_closing, self.closes_on)
        if of_minimum:
            amount = self._share_of_minimum(disputes, account, amount)
        total = np.zeros(self.accounts, dtype=np.int64)
        np.add.at(total, account, np.where(day <= last_day[account], amount, 0))
        return total

    def _share_of_minimum(self, disputes: Disputes, account: Int64Array, amount: Int64Array) -> Int64Array:
        return disputes.of_minimum(account, amount, self.state.minimum_payment_due, self.state.new_balance,
                                   self.terms.shown_unit)

    def _dispute(self, walk: Walk, disputes: Disputes) -> None:
        """Let the walk hold what is disputed; the last statement does not ask for it any more."""
        account, day, amount = disputes.received(self.state.previous_closing, self.closes_on)
        walk.receive(account, day, self._share_of_minimum(disputes, account, amount))
        all_lost = ~self.decided.kept & (self.terms.grace.lost_for == "all")
        walk.disputed = DisputedBalances(self.terms, self.cells, disputes, self.carried, self.decided.kept, all_lost,
                                         self.state.previous_closing, self.closes_on, walk.start, self.by_day.closing_day)

    def close(self) -> ClosedCycle:
        """Charge interest, then set the minimum payment and the state that is carried on."""
        by_segment = self._charge_interest()
        columns = self._figures()
        # What is disputed is in the balances that the statement shows, and in nothing that it asks for.
        new_balance = self._new_balance(columns)
        over_limit = np.maximum(new_balance - self.credit_limit, 0)
        total_received = self.walked.received[-1] if len(self.walked.received) else np.zeros_like(new_balance)
        past_due = past_due_at(self.terms, self.queue, total_received, self.closes_on, new_balance, self.digits)
        written = write_off(self.terms, self.charged_off, self.arrangements, past_due, new_balance,
                            self.state.previous_closing, self.closes_on)
        if written is not None:
            new_balance = self._write_off(written, columns, new_balance)
            over_limit, past_due = np.where(written.of, 0, over_limit), past_due.without(written.of)
        minimum = self._minimum(columns, new_balance, over_limit, past_due.amount)
        if self.arrangements is not None:
            minimum = np.where(self.arrangements.holds(PAYMENT_HOLIDAY, np.full(self.accounts, self.closes_on)), 0, minimum)
        if self.disputed is not None:
            columns["previous_balance"] = columns["previous_balance"] + self.disputed_before
            new_balance = new_balance + self.disputed.total()
        columns |= {
            "new_balance": new_balance, "minimum_payment_due": minimum, "past_due": past_due.amount, "over_limit": over_limit,
            "days_past_due": past_due.days, "oldest_unpaid_due_on": past_due.oldest_due_on,
            "grace": (~self.decided.kept).astype(np.int64), **by_segment,
            "year_interest": self._year_to_date(self.state.year_interest) + columns["interest"],
            "year_fees": self._year_to_date(self.state.year_fees) + columns["fees"],
        }
        carried_columns, rows = self._carried()
        penalty_rows = [] if self.penalty is None else [self.penalty.carried]
        disputed_rows = [] if self.disputed is None else [self.disputed.carried_on()]
        carried = Carried.together([rows, past_due.carried, *penalty_rows, *self.charged_rows, *disputed_rows])
        if written is not None:
            kept = ~written.of[carried.account] | np.isin(carried.kind, (CHARGED, DISPUTED))
            carried = Carried.together([carried.chosen(kept), written.carried])
        return ClosedCycle(columns | carried_columns, self.charges, carried, self._as_before())

    def _write_off(self, written: WriteOff, columns: dict[str, Int64Array], new_balance: Int64Array) -> Int64Array:
        """Post what is written off and recovered; gives the new balance after it."""
        self._charge(CHARGE_OFF, 0, written.written_off)
        self._charge(RECOVERY, 0, written.recovered)
        self.balances[:, written.written_off > 0] = 0
        self.credit = self.credit - written.recovered
        change = written.recovered - written.written_off
        columns["adjustments"] = columns["adjustments"] + change
        return new_balance + change

    # -- interest -------------------------------------------------------------------------------------------------------

    def _charge_interest(self) -> dict[str, Int64Array]:
        """Price every segment, add up what is charged to the balances, and give the statement's columns of interest."""
        by_days = self.trace is not None or self.before is not None or sees_days(self.by_day, self.state, self.arrangements)
        bearing = BearingOfCycle(self.by_day, self.cells, self.state, self.walked, self.decided, self.before, by_days)
        self.bearing = bearing
        pricing = Pricing(bearing, self.own)
        zero = np.zeros(self.accounts, dtype=np.int64)
        columns = dict.fromkeys(_INTEREST_COLUMNS, zero)
        if self.trace is not None:
            self.trace.by_day, self.trace.cells, self.trace.walked = self.by_day, self.cells, self.walked
            self.trace.start, self.trace.excess, self.trace.own = self.walked.start, self.walked.excess, self.own
        for row, terms in enumerate(self.cells.rows):
            if terms.deferred:
                continue
            of_segment = bearing.of_segment(FIRST + row)
            if self.trace is not None:
                self.trace.bearings[FIRST + row] = of_segment
            priced = pricing.segment(of_segment, row)
            if self.trace is not None and priced.base is not None:
                self.trace.bases[FIRST + row] = priced.base
            self._post_segment(columns, FIRST + row, priced)
        if self.walked.excess is not None:
            priced = pricing.over_limit(self.walked.excess, self.walked.start)
            columns["over_limit_balance_days"], columns["over_limit_interest"] = priced.balance_days, priced.amount
            self._charge(OVER_LIMIT_INTEREST, 0, priced.amount)
        self._charge_deferred()
        self._charge_minimum_and_tax()
        return columns

    def _own_rates(self, start: int) -> OwnRates | None:
        """The rates that accounts have of their own on the days of this cycle and of the one before; start: of this one."""
        penalty, before = None, self.before
        if self.penalty is not None or (before is not None and before.penalty is not None):
            penalty = PenaltyDays.of(self.penalty, start, self.accounts)
            if before is not None:
                of_before = PenaltyDays.of(before.penalty, before.walked.start, len(before.accounts))
                penalty = penalty.after(of_before, before.accounts)
        hardship = self.arrangements
        if hardship is not None and not hardship.changes_rates(start - LONGEST_REACH, self.closes_on):
            hardship = None
        return None if penalty is None and hardship is None else OwnRates(self.by_day, penalty, hardship)

    def _post_segment(self, columns: dict[str, Int64Array], segment: int, priced: Priced) -> None:
        if segment == self.cells.purchase:
            columns["purchase_balance_days"], columns["purchase_interest"] = priced.balance_days, priced.amount
            self._charge(PURCHASE_INTEREST, 0, priced.amount)
        elif segment == self.cells.cash_advance:
            columns["cash_balance_days"], columns["cash_interest"] = priced.balance_days, priced.amount
            self._charge(CASH_ADVANCE_INTEREST, 0, priced.amount)
        else:
            self._charge(SEGMENT_INTEREST, segment - FIRST + 1, priced.amount)
            told = np.flatnonzero(priced.balance_days | priced.amount)
            self.charged_rows.append(Carried.rows(told, CHARGED, segment=segment, amount=priced.amount[told],
                                                  balance_days=priced.balance_days[told]))

    def _charge(self, kind: PostingType, line: int, amount: Int64Array) -> None:
        if amount.any():
            self.charges.append(Charged(kind, line, amount))

    def _charge_deferred(self) -> None:
        """Interest put off is charged on what is left of debits whose segment ended in this cycle."""
        ending = self.walked.ending
        if not len(ending):
            return
        debited = np.cumsum(self.walked.debits, axis=0)
        for bases in (self.walked.bases, self.walked.doubled):
            if bases is not None:
                ending.run_up(bases, debited, self.walked.start)
        opens_on = self.state.previous_closing + 1
        unit = minor_units(self.terms.interest.rounding_unit, self.digits)
        for row, terms in enumerate(self.cells.rows):
            if not terms.deferred:
                continue
            due = np.flatnonzero((ending.segment == FIRST + row) & (ending.left > 0) & (ending.ends <= self.closes_on)
                                 & (ending.ends >= opens_on[ending.account]))
            if self.charged_off is not None:
                due = due[~self.charged_off.off[ending.account[due]]]
            exact: dict[int, Fraction] = {}
            for each in due.tolist():
                rate = self.by_day.segment_rate(row, int(ending.ends[each]))[0][1]
                account = int(ending.account[each])
                if self.trace is not None:
                    self.trace.deferred.append(
                        (row, account, int(ending.ends[each]), int(ending.balance_days[each]), rate))
                exact[account] = exact.get(account, Fraction(0)) + rate * int(ending.balance_days[each])
            amount = np.zeros(self.accounts, dtype=np.int64)
            for account, interest in exact.items():
                amount[account] = round_fraction(np.array([interest.numerator], dtype=object), interest.denominator,
                                                 self.terms.interest.rounding, unit)[0]
            self._charge(DEFERRED_INTEREST, row + 1, amount)

    def _charge_minimum_and_tax(self) -> None:
        """The rest of the least charge, then the tax on all interest."""
        interest, unit = self.terms.interest, minor_units(self.terms.interest.rounding_unit, self.digits)
        total = self._charged()
        if interest.minimum_charge:
            short = np.maximum(minor_units(interest.minimum_charge, self.digits) - total, 0)
            self._charge(MINIMUM_INTEREST, 0, np.where(total > 0, short, 0))
            total = self._charged()
        tax = Fraction(self.terms.fees.tax_on_charges.interest)
        if tax:
            self._charge(INTEREST_TAX, 0, round_share(total, tax, interest.rounding, unit))

    def _charged(self, figure: str = "interest") -> Int64Array:
        charged = (each.amount for each in self.charges if each.kind.figure == figure)
        return sum(charged, np.zeros(self.accounts, dtype=np.int64))

    # -- figures --------------------------------------------------------------------------------------------------------

    def _figures(self) -> dict[str, Int64Array]:
        """The figures of the cycle, the closing's own charges among them, which the balances take in here."""
        events = self.events
        sums = np.zeros((len(FIGURES), self.accounts), dtype=np.int64)
        np.add.at(sums, (FIGURE[events.type], events.account), SIGN[events.type] * events.amount)
        figures = {name: -row if name in LOWERING else row for name, row in zip(FIGURES, sums, strict=True)}
        figures["previous_balance"] = self.state.new_balance
        for figure, segment in (("interest", INTEREST), ("fees", FEES)):
            charged = self._charged(figure)
            figures[figure] = figures[figure] + charged
            if self.disputed is not None and self.not_disputed is not None:
                in_dispute = np.maximum(charged - self.not_disputed[figure], 0)
                self.disputed.hold_charges(segment, in_dispute)
                charged = charged - in_dispute
                self.asked_later[figure] = in_dispute
            absorbed = np.minimum(self.credit, charged)
            self.credit = self.credit - absorbed
            self.balances[self.cells.of(segment, NEW)] += charged - absorbed
        return figures

    def _new_balance(self, figures: dict[str, Int64Array]) -> Int64Array:
        new_balance = figures["previous_balance"].copy()
        for name in FIGURES:
            new_balance += -figures[name] if name in LOWERING else figures[name]
        if self.disputed is not None:
            new_balance += self.disputed_before - self.disputed.total()
        if not np.array_equal(self.balances.sum(axis=0) - self.credit, new_balance):
            raise AssertionError("the balances of a cycle do not add up to its new balance")
        return new_balance

    def _minimum(self, figures: dict[str, Int64Array], new_balance: Int64Array, over_limit: Int64Array,
                 past_due: Int64Array) -> Int64Array:
        """The minimum payment; what an earlier minimum asked for and did not get is in `past_due` and not asked twice."""
        cells, balances = self.cells, self.balances

        def held(cash: bool, new: bool | None) -> Int64Array:
            rows = [position for position in cells.principal
                    if (cells.cells[position][0] == cells.cash_advance) == cash and cells.cells[position][0] != cells.instalment
                    and (new is None or (cells.cells[position][1] == NEW) == new)]
            total: Int64Array = balances[rows].sum(axis=0)
            return total

        asked_before = "past_due" in self.terms.minimum_payment.add
        if self.disputed is not None:
            figures = {**figures, **{name: figures[name] + self.disputed.given_back[segment] - self.asked_later.get(name, 0)
                                     for name, segment in (("interest", INTEREST), ("fees", FEES))}}
        fees, interest = balances[cells.all_of(FEES)].sum(axis=0), balances[cells.all_of(INTEREST)].sum(axis=0)
        purchases, cash = held(False, None), held(True, None)
        bases = {
            "new_purchases": held(False, True), "revolving_principal": held(False, False), "purchases": purchases,
            "cash_advances": cash, "principal": purchases + cash, "new_balance": np.maximum(new_balance, 0),
            "within_limit": np.maximum(new_balance - over_limit, 0), "credit_limit": self.credit_limit,
        }
        in_full = {
            "interest": np.minimum(interest, figures["interest"]) if asked_before else interest,
            "fees": np.minimum(fees, figures["fees"]) if asked_before else fees,
            "past_due": past_due, "over_limit": over_limit, "instalments": balances[cells.of(cells.instalment, NEW)],
        }
        return minimum_payment(self.terms, bases, in_full, self.digits, new_balance)

    # -- carried on -----------------------------------------------------------------------------------------------------

    def _carried(self) -> tuple[dict[str, Int64Array], Carried]:
        """The balances that the next cycle starts from: as columns of the statement, and as rows where these do not do."""
        cells, terms = self.cells, self.terms
        all_lost = ~self.decided.kept & (terms.grace.lost_for == "all")
        after = aged(cells, self.balances, self.decided.kept, all_lost)
        columns = state_columns(cells, after)
        columns["billed_balance_days"] = self._billed_balance_days(after, all_lost)
        ending = self.walked.ending
        rows = ending.carried_on(self.balances, self.closes_on, cells) if len(ending) else Carried.none()
        return columns, balance_rows(cells, after, rows)

    def _billed_balance_days(self, after: Int64Array, all_lost: BoolArray) -> Int64Array:
        """What purchases billed now have run up so far, charged at the next closing if their grace is lost; with
        `next_statement`, what purchases that lost it at once have run up, charged then whatever is paid."""
        cells, interest = self.cells, self.terms.interest
        if not cells.purchase_has_grace or interest.method in WHOLE_CYCLE:
            return np.zeros(self.accounts, dtype=np.int64)
        rows = cells.bearing_as(cells.purchase, NEW)
        days = self.walked.bases[:, rows].sum(axis=(0, 1))
        if self.walked.doubled is not None:
            days = days + self.walked.doubled[:, rows].sum(axis=(0, 1))
        spans = self.walked.spans
        mine = np.isin(spans.cell, rows)
        np.add.at(days, spans.account[mine], (spans.amount * (spans.until - spans.first))[mine])
        billed = cells.of(cells.purchase, 1)
        undecided = self.state.billed_balance_days + self.walked.bases[:, billed].sum(axis=0)
        if self.walked.doubled is not None:
            undecided = undecided + self.walked.doubled[:, billed].sum(axis=0)
        days = days + np.where(self.decided.in_time, undecided, 0)
        no_reach_back = interest.accrues_from in ("closing", "next_cycle", "due")
        conditional = np.where(all_lost | no_reach_back | (after[billed] == 0), 0, days)
        return np.where(all_lost & (interest.revolving_new_purchases == "next_statement"), days, conditional)

    def _as_before(self) -> Before:
        return Before(np.arange(self.accounts), self.walked, self.cells, self.decided.in_time, self._charged("fees"),
                      self._charged("interest"), self.penalty)

    def _year_to_date(self, so_far: Int64Array) -> Int64Array:
        """What the calendar year of the previous closing had charged, if it is still that year."""
        days = np.array([self.closes_on], dtype="datetime64[D]").astype("datetime64[Y]")
        before = self.state.previous_closing.astype("datetime64[D]").astype("datetime64[Y]")
        return np.where(before == days[0], so_far, 0)


def close_cycle(by_day: TermsByDay, state: OpeningState, carried: Carried, events: Events, credit_limit: Int64Array,
                before: Before | None = None, trace: Trace | None = None,
                arrangements: Arrangements | None = None, disputes: Disputes | None = None,
                not_disputed: Mapping[str, Int64Array] | None = None) -> ClosedCycle:
    """Close the cycle of a batch of accounts on one product's terms.

    by_day: the terms, and the closing date and day of month of all of them; events: postings of the cycle, fees charged in it
    included, its interest not; credit_limit: minor units (accounts,). before: the previous cycle walked again, for the accounts
    that `needs_before` names; trace: filled with what interest was counted on if given; arrangements, disputes: of single
    accounts; not_disputed: of the interest and the fees that the closing itself charges, what is not for time in dispute.
    """
    return CycleClosing(by_day, state, carried, events, credit_limit, before, trace, arrangements, disputes,
                        not_disputed).close()
