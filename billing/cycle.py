"""One billing cycle of many accounts at once: the pure function that a bill is.

    statement(n + 1), state(n + 1) = close_cycle(state(n), events since, terms in force)

The engine steps one day at a time over the whole batch: the day's debits are scattered in, payments run down the allocation
order, balance-days add up exactly as integers, and rounding happens once, where interest is posted. No clock, no database.
How grace is lost and what each switch means: docs/explanation/billing.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from accounts.money import minor_units
from accounts.posting_types import BY_CODE, POSTING_TYPES
from billing.balances import BALANCES, BILLED, CASH, FEES, INTEREST, NEW, REVOLVING, Allocation, Int64Array
from billing.minimum_payment import minimum_payment
from fees.rates import daily_fraction
from fees.rounding import round_share
from fees.terms import Terms

FIGURES = ("payments", "credits", "purchases", "cash_advances", "balance_transfers", "fees", "interest", "waivers",
           "adjustments")
#: Figures that lower the new balance where they are positive.
_LOWERING = {"payments", "credits", "waivers"}
NEVER = 0

_CODES = max(BY_CODE) + 1
_SIGN = np.zeros(_CODES, dtype=np.int64)
_FIGURE = np.full(_CODES, -1, dtype=np.int64)
_BALANCE = np.full(_CODES, -1, dtype=np.int64)
_BILLED_AS_PURCHASE = np.zeros(_CODES, dtype=bool)
for _type in POSTING_TYPES:
    _SIGN[_type.code] = _type.sign
    if _type.figure in FIGURES:
        _FIGURE[_type.code] = FIGURES.index(_type.figure)
    if _type.sign > 0:
        _BALANCE[_type.code] = {"fees": FEES, "interest": INTEREST, "cash_advances": CASH, "payments": BILLED}.get(
            _type.figure, NEW
        )
        _BILLED_AS_PURCHASE[_type.code] = _BALANCE[_type.code] == NEW


@dataclass
class Events:
    """Postings of a batch as columns of equal length, in any order.

    account: index into the batch; type: posting type code; amount: minor units; effective_on, posted_on: day numbers.
    """

    account: Int64Array
    type: Int64Array
    amount: Int64Array
    effective_on: Int64Array
    posted_on: Int64Array

    @staticmethod
    def none() -> Events:
        """No events at all."""
        empty = np.zeros(0, dtype=np.int64)
        return Events(empty, empty, empty, empty, empty)


@dataclass
class OpeningState:
    """What accounts carry into a cycle, columns of shape (accounts,), minor units and day numbers.

    previous_closing: last day of the previous cycle (the day before opening for a first one); due_on: of the previous
    statement; the rest as in billing.models.Statement.
    """

    previous_closing: Int64Array
    due_on: Int64Array
    new_balance: Int64Array
    minimum_payment_due: Int64Array
    past_due: Int64Array
    oldest_unpaid_due_on: Int64Array
    revolving: Int64Array
    billed: Int64Array
    cash: Int64Array
    unpaid_interest: Int64Array
    unpaid_fees: Int64Array
    billed_balance_days: Int64Array
    year_interest: Int64Array
    year_fees: Int64Array

    @staticmethod
    def of_new_accounts(previous_closing: Int64Array) -> OpeningState:
        """Accounts that never had a statement."""
        zero = np.zeros(len(previous_closing), dtype=np.int64)
        return OpeningState(previous_closing, previous_closing.astype(np.int64), *(zero.copy() for _ in range(12)))


@dataclass
class Trace:
    """What bore interest on each day, kept only where a charge is to be explained (billing/tracing.py reads it).

    days: day numbers; bases: per day an array (BALANCES, accounts) of what each balance was counted at; over_limit: per day
    the excess that bore over-limit interest, (accounts,); counted: per day which accounts the day belongs to; taken: per day
    (revolving, billed) of what was left out as bearing the over-limit rate instead.
    spans: (balance, account, from, until, amount) of debits that bear interest for days before this cycle.
    """

    days: list[int] = field(default_factory=list)
    bases: list[Int64Array] = field(default_factory=list)
    over_limit: list[Int64Array] = field(default_factory=list)
    counted: list[np.ndarray] = field(default_factory=list)
    taken: list[tuple[Int64Array, Int64Array]] = field(default_factory=list)
    spans: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    closing: CycleClosing | None = None


@dataclass
class ClosedCycle:
    """A batch's cycle, closed: the statement's figures and the state carried on, columns of shape (accounts,).

    columns: named as in billing.models.Statement (without keys, dates and seal).
    """

    columns: dict[str, Int64Array]


def paid_in_full(terms: Terms, state: OpeningState, events: Events, digits: int) -> np.ndarray:
    """Which accounts paid their previous statement in full by its due date (and tolerance), shape (accounts,).

    A statement of zero or less is paid in full.
    """
    last_day = state.due_on + terms.cycle.tolerance_days
    in_time = events.effective_on <= last_day[events.account]
    received = np.zeros_like(state.new_balance)
    np.add.at(received, events.account[in_time], _received(terms, events)[in_time])
    owed = state.new_balance - minor_units(terms.cycle.tolerance_amount, digits)
    return (received >= owed) | (state.new_balance <= 0)


def received_types(terms: Terms) -> list[int]:
    """Posting types that count towards the minimum and towards paying in full: payments less returned ones, waivers, refunds
    and other credits where the terms say so."""
    refunds = terms.allocation.refunds_count_as_payment
    return [each.code for each in POSTING_TYPES
            if each.figure in ("payments", "waivers")
            or (refunds and (each.figure == "credits" or (each.figure == "adjustments" and each.sign < 0)))]


def _received(terms: Terms, events: Events) -> Int64Array:
    """What each event counts towards the minimum and towards paying in full, minor units; a returned payment is negative."""
    return np.where(np.isin(events.type, received_types(terms)), -_SIGN[events.type] * events.amount, 0)


class CycleClosing:
    """The work of closing one cycle; `close_cycle` is the way in."""

    def __init__(self, terms: Terms, state: OpeningState, events: Events, closes_on: int, credit_limit: Int64Array,
                 digits: int, earlier_purchases: Events | None, trace: Trace | None) -> None:
        self.terms, self.state, self.events, self.trace = terms, state, events, trace
        self.closes_on, self.credit_limit, self.digits = closes_on, credit_limit, digits
        self.earlier_purchases = earlier_purchases or Events.none()
        self.accounts = len(state.new_balance)
        interest = terms.interest
        rates = {row.name: daily_fraction(row, interest.day_count) for row in interest.segment}
        self.purchase_rate, self.cash_rate = rates["purchase"], rates["cash_advance"]
        self.over_limit_rate = daily_fraction(interest.over_limit, interest.day_count)
        self.purchases_have_grace = next(row.grace for row in interest.segment if row.name == "purchase")
        self.allocation = Allocation(terms, self.purchase_rate, self.cash_rate)
        # Interest days: [previous closing, closing) or (previous closing, closing].
        self.first_day = state.previous_closing + (1 if interest.closing_day_counts else 0)
        self.last_day = closes_on if interest.closing_day_counts else closes_on - 1
        self.start = int(self.first_day.min()) if self.accounts else closes_on
        self.days = max(closes_on - self.start + 1, 0)
        self.cut = state.due_on + terms.cycle.tolerance_days
        # Where the previous statement can still be paid in time after this closing (a preview, an account taken over in the
        # middle of a cycle), grace is not decided yet and nothing of it is missed.
        self.in_time: npt.NDArray[np.bool_] = np.asarray(self.cut > closes_on)
        self.kept = paid_in_full(terms, state, events, digits) | self.in_time
        self.unpaid_form = interest.grace_lost_charges == "unpaid"

        self.balances = np.zeros((BALANCES, self.accounts), dtype=np.int64)
        for row, opening in ((FEES, state.unpaid_fees), (INTEREST, state.unpaid_interest), (CASH, state.cash),
                             (REVOLVING, state.revolving), (BILLED, state.billed)):
            self.balances[row] = opening
        self.credit = np.maximum(-state.new_balance, 0)
        self.balance_days = np.zeros((BALANCES, self.accounts), dtype=np.int64)
        self.over_limit_days = np.zeros(self.accounts, dtype=np.int64)
        self.at_cut = np.zeros((BALANCES, self.accounts), dtype=np.int64)
        self.days_to_cut = np.zeros(self.accounts, dtype=np.int64)
        self.received_before = np.zeros(self.accounts, dtype=np.int64)
        self.over_limit_to_cut: list[tuple[np.ndarray, Int64Array, Int64Array]] = []

    def close(self) -> ClosedCycle:
        """Run the cycle's days and give its figures and the state after it."""
        self._scatter()
        for offset in range(self.days):
            self._step(self.start + offset, offset)
        return self._figures()

    # -- the days -----------------------------------------------------------------------------------------------------

    def _scatter(self) -> None:
        """Lay the events out by day: debits (days, BALANCES, accounts), money and minimum's worth (days, accounts)."""
        events, interest = self.events, self.terms.interest
        shape = (self.days, BALANCES, self.accounts)
        self.debits = np.zeros(shape, dtype=np.int64)
        self.money = np.zeros((self.days, self.accounts), dtype=np.int64)
        self.waived = np.zeros((self.days, self.accounts), dtype=np.int64)
        self.received = np.zeros((self.days, self.accounts), dtype=np.int64)
        debit = np.asarray(_SIGN[events.type] > 0)
        counts_from = np.where(debit & (interest.accrues_from == "posting"), events.posted_on, events.effective_on)
        first = self.first_day[events.account]
        day = np.clip(counts_from, first, self.closes_on) - self.start
        balance = _BALANCE[events.type]
        flat = (day[debit] * BALANCES + balance[debit]) * self.accounts + events.account[debit]
        np.add.at(self.debits.reshape(-1), flat, events.amount[debit])
        waiver = np.asarray(~debit & (_FIGURE[events.type] == FIGURES.index("waivers")))
        paid = ~debit & ~waiver
        for target, chosen in ((self.waived, waiver), (self.money, paid)):
            np.add.at(target.reshape(-1), day[chosen] * self.accounts + events.account[chosen], events.amount[chosen])
        np.add.at(self.received.reshape(-1), day * self.accounts + events.account, _received(self.terms, events))
        self.debit_days: npt.NDArray[np.bool_] = np.asarray(self.debits.any(axis=(1, 2)))
        # An event taken in late counts from its own day: add the days before the cycle that its balance stood unseen.
        back = np.where(debit, np.maximum(first - counts_from, 0), 0) * events.amount
        late = (back > 0) & ((balance == NEW) | (balance == CASH))
        np.add.at(self.balance_days, (balance[late], events.account[late]), back[late])
        if self.trace is not None:
            self.trace.spans += [
                (int(balance[i]), int(events.account[i]), int(counts_from[i]), int(first[i]), int(events.amount[i]))
                for i in np.flatnonzero(late)
            ]

    def _step(self, day: int, offset: int) -> None:
        """One day: debits, then money, then what the day counts for interest."""
        interest, balances = self.terms.interest, self.balances
        start_of_day = balances.copy() if interest.debits_count_from == "next_day" else None
        if self.debit_days[offset]:
            balances += self.debits[offset]
        before_money = balances.copy() if interest.payment_day_counts != "new" else None
        money, waived = self.money[offset], self.waived[offset]
        acts = np.flatnonzero((money > 0) | (waived > 0) | ((self.credit > 0) & (balances.any(axis=0))))
        if acts.size:
            some = balances[:, acts]
            missing = self.state.minimum_payment_due[acts] - self.received_before[acts]
            over = waived[acts] - np.minimum(some[FEES], waived[acts])
            some[FEES] -= np.minimum(some[FEES], waived[acts])
            self.credit[acts] = self.allocation.pay(some, self.credit[acts] + over, money[acts], missing)
            balances[:, acts] = some
        self.received_before += self.received[offset]
        self._accrue(day, money, start_of_day, before_money)

    def _accrue(self, day: int, money: Int64Array, start_of_day: Int64Array | None,
                before_money: Int64Array | None) -> None:
        """Count the day's balances for the accounts whose interest days it belongs to."""
        interest = self.terms.interest
        if start_of_day is not None:
            base = start_of_day
        elif before_money is not None:
            counted_before = before_money if interest.payment_day_counts == "old" else before_money + self.balances
            base = np.where(money > 0, counted_before, self.balances)
        else:
            base = self.balances
        counted = self.first_day <= day
        if day > self.last_day:
            counted = np.zeros_like(counted)
        over_limit = np.zeros_like(self.credit)
        if self.over_limit_rate:
            base = base.copy()
            over_limit = self._over_limit(day, base, counted)
        self.balance_days[CASH] += base[CASH] * counted
        self.balance_days[NEW] += base[NEW] * counted
        held = counted
        if self.unpaid_form:
            # Days up to the due date count what was left unpaid at its end, which is known only then.
            self.days_to_cut += counted & (day <= self.cut)
            held = counted & (day > self.cut)
            reached = (day == self.cut) | ((day == self.closes_on) & (self.cut > day))
            self.at_cut = np.where(reached, self.balances, self.at_cut)
        self.balance_days[REVOLVING] += base[REVOLVING] * held
        self.balance_days[BILLED] += base[BILLED] * held
        if self.trace is not None:
            self.trace.days.append(day)
            self.trace.bases.append(base.copy())
            self.trace.over_limit.append(over_limit.copy())
            self.trace.counted.append(counted)
            self.trace.closing = self

    def _over_limit(self, day: int, base: Int64Array, counted: np.ndarray) -> Int64Array:
        """The day-end excess over the limit; where it bears its own rate only, it is taken from the newest principal."""
        excess: Int64Array = np.maximum(self.balances.sum(axis=0) - self.credit - self.credit_limit, 0) * counted
        self.over_limit_days += excess
        if self.terms.interest.over_limit.instead_of_purchase_rate:
            left, taken = excess, np.zeros_like(base)
            for row in (NEW, BILLED, REVOLVING, CASH):
                taken[row] = np.minimum(base[row], left)
                left = left - taken[row]
            base -= taken
            if self.unpaid_form:
                self.over_limit_to_cut.append((counted & (day <= self.cut), taken[REVOLVING], taken[BILLED]))
            if self.trace is not None:
                self.trace.taken.append((taken[REVOLVING], taken[BILLED]))
        return excess

    # -- the closing --------------------------------------------------------------------------------------------------

    def _unpaid_before_closing(self) -> Int64Array:
        """Balance-days before the previous closing of what it billed and was unpaid at the due date.

        Payments pay the oldest purchase first, so what is unpaid are the newest ones.
        """
        earlier, unpaid = self.earlier_purchases, self.at_cut[BILLED]
        total = np.zeros(self.accounts, dtype=np.int64)
        keep = _BILLED_AS_PURCHASE[earlier.type]
        if not keep.any() or self.terms.interest.accrues_from == "closing":
            return total
        account, amount = earlier.account[keep], earlier.amount[keep]
        dates = earlier.posted_on if self.terms.interest.accrues_from == "posting" else earlier.effective_on
        begins = dates[keep]
        order = np.lexsort((begins, account))
        account, amount, begins = account[order], amount[order], begins[order]
        running = np.cumsum(amount)
        ends = np.searchsorted(account, account, side="right") - 1
        newer = running[ends] - running
        part = np.clip(unpaid[account] - newer, 0, amount)
        begins = begins + (self.terms.interest.debits_count_from == "next_day")
        days = self.first_day[account] - begins
        if self.trace is not None:
            self.trace.spans += [
                (BILLED, int(account[i]), int(begins[i]), int(self.first_day[account[i]]), int(part[i]))
                for i in np.flatnonzero(part * days)
            ]
        np.add.at(total, account, part * days)
        return np.minimum(total, self.state.billed_balance_days) if self.over_limit_rate else total

    def _purchase_days(self) -> Int64Array:
        """Balance-days that bear the purchase rate at this closing."""
        revolving, billed = self.balance_days[REVOLVING], self.balance_days[BILLED]
        before = self.state.billed_balance_days
        if self.unpaid_form:
            revolving = revolving + self.at_cut[REVOLVING] * self.days_to_cut
            billed = billed + self.at_cut[BILLED] * self.days_to_cut
            for to_cut, from_revolving, from_billed in self.over_limit_to_cut:
                revolving = revolving - np.minimum(from_revolving, self.at_cut[REVOLVING]) * to_cut
                billed = billed - np.minimum(from_billed, self.at_cut[BILLED]) * to_cut
            before = self._unpaid_before_closing()
        if not self.purchases_have_grace:
            everything: Int64Array = revolving + billed + before + self.balance_days[NEW]
            return everything
        lost = billed + before
        if self.terms.grace.lost_for == "all":
            lost = lost + self.balance_days[NEW]
        bearing: Int64Array = revolving + np.where(self.kept, 0, lost)
        return bearing

    def _interest(self, balance_days: Int64Array, rate: Fraction) -> Int64Array:
        interest = self.terms.interest
        return round_share(balance_days, rate, interest.rounding, minor_units(interest.rounding_unit, self.digits))

    def _figures(self) -> ClosedCycle:
        state, events, balances = self.state, self.events, self.balances
        sums = np.zeros((len(FIGURES), self.accounts), dtype=np.int64)
        np.add.at(sums, (_FIGURE[events.type], events.account), _SIGN[events.type] * events.amount)
        figures = {name: -row if name in _LOWERING else row for name, row in zip(FIGURES, sums, strict=True)}

        purchase_days, cash_days = self._purchase_days(), self.balance_days[CASH]
        purchase_interest = self._interest(purchase_days, self.purchase_rate)
        cash_interest = self._interest(cash_days, self.cash_rate)
        over_limit_interest = self._interest(self.over_limit_days, self.over_limit_rate)
        charged = purchase_interest + cash_interest + over_limit_interest
        figures["interest"] = figures["interest"] + charged
        absorbed = np.minimum(self.credit, charged)
        self.credit = self.credit - absorbed
        balances[INTEREST] += charged - absorbed

        new_balance = state.new_balance + sum(
            (-figures[name] if name in _LOWERING else figures[name] for name in FIGURES), np.zeros_like(charged)
        )
        if not np.array_equal(balances.sum(axis=0) - self.credit, new_balance):
            raise AssertionError("the balances of a cycle do not add up to its new balance")
        over_limit = np.maximum(new_balance - self.credit_limit, 0)
        past_due, oldest = self._past_due(new_balance)
        minimum = self._minimum(figures, new_balance, over_limit, past_due)
        carried = self._carried()
        columns = {
            "previous_balance": state.new_balance, **figures, "new_balance": new_balance,
            "minimum_payment_due": minimum, "past_due": past_due, "over_limit": over_limit,
            "days_past_due": np.where(oldest > NEVER, self.closes_on - oldest, 0),
            "grace": (~self.kept).astype(np.int64),
            "purchase_balance_days": purchase_days, "purchase_interest": purchase_interest,
            "cash_balance_days": cash_days, "cash_interest": cash_interest,
            "over_limit_balance_days": self.over_limit_days, "over_limit_interest": over_limit_interest,
            "year_interest": self._year_to_date(state.year_interest) + figures["interest"],
            "year_fees": self._year_to_date(state.year_fees) + figures["fees"],
            **carried, "oldest_unpaid_due_on": oldest,
        }
        return ClosedCycle(columns)

    def _past_due(self, new_balance: Int64Array) -> tuple[Int64Array, Int64Array]:
        """Of earlier minimum payments, what is still unpaid, and the due date of the oldest of them."""
        state = self.state
        needed = state.minimum_payment_due
        if "past_due" not in self.terms.minimum_payment.add:
            needed = needed + state.past_due
        received = self.received_before
        short = np.maximum(needed - received, 0)
        short[short <= minor_units(self.terms.cycle.tolerance_amount, self.digits)] = 0
        short = np.where(self.in_time, np.maximum(state.past_due - received, 0), short)
        past_due = np.minimum(short, np.maximum(new_balance, 0))
        still_older = (state.oldest_unpaid_due_on > NEVER) & ((received < state.past_due) | self.in_time)
        oldest = np.where(past_due > 0, np.where(still_older, state.oldest_unpaid_due_on, state.due_on), NEVER)
        return past_due, oldest

    def _minimum(self, figures: dict[str, Int64Array], new_balance: Int64Array, over_limit: Int64Array,
                 past_due: Int64Array) -> Int64Array:
        """The minimum payment; what an earlier minimum asked for and did not get is in `past_due` and not asked twice."""
        balances = self.balances
        earlier = balances[REVOLVING] + balances[BILLED]
        purchases = earlier + balances[NEW]
        asked_before = "past_due" in self.terms.minimum_payment.add
        fees, interest = balances[FEES], balances[INTEREST]
        bases = {
            "new_purchases": balances[NEW], "revolving_principal": earlier, "purchases": purchases,
            "cash_advances": balances[CASH], "principal": purchases + balances[CASH],
            "new_balance": np.maximum(new_balance, 0), "within_limit": np.maximum(new_balance - over_limit, 0),
            "credit_limit": self.credit_limit,
        }
        in_full = {
            "interest": np.minimum(interest, figures["interest"]) if asked_before else interest,
            "fees": np.minimum(fees, figures["fees"]) if asked_before else fees,
            "past_due": past_due, "over_limit": over_limit, "instalments": np.zeros_like(past_due),
        }
        return minimum_payment(self.terms, bases, in_full, self.digits, new_balance)

    def _carried(self) -> dict[str, Int64Array]:
        """The balances that the next cycle starts from."""
        balances = self.balances
        none_keeps_grace = not self.purchases_have_grace
        keeps = np.zeros_like(self.kept) if none_keeps_grace else self.kept
        all_lost = ~keeps & (none_keeps_grace or self.terms.grace.lost_for == "all")
        revolving = balances[REVOLVING] + np.where(keeps, 0, balances[BILLED]) + np.where(all_lost, balances[NEW], 0)
        billed = np.where(keeps, balances[BILLED], 0) + np.where(all_lost, 0, balances[NEW])
        from_closing = self.terms.interest.accrues_from == "closing"
        undecided = np.where(self.in_time, self.state.billed_balance_days + self.balance_days[BILLED], 0)
        days = np.where(all_lost | from_closing | (billed == 0), 0, self.balance_days[NEW] + undecided)
        return {"revolving": revolving, "billed": billed, "cash": balances[CASH].copy(),
                "unpaid_interest": balances[INTEREST].copy(), "unpaid_fees": balances[FEES].copy(),
                "billed_balance_days": days}

    def _year_to_date(self, so_far: Int64Array) -> Int64Array:
        """What the calendar year of the previous closing had charged, if it is still that year."""
        days = np.array([self.closes_on], dtype="datetime64[D]").astype("datetime64[Y]")
        before = self.state.previous_closing.astype("datetime64[D]").astype("datetime64[Y]")
        return np.where(before == days[0], so_far, 0)


def close_cycle(terms: Terms, state: OpeningState, events: Events, closes_on: int, credit_limit: Int64Array, digits: int,
                earlier_purchases: Events | None = None, trace: Trace | None = None) -> ClosedCycle:
    """Close the cycle of a batch of accounts on one product's terms.

    events: postings of the cycle, fees charged in it included, its interest not; closes_on: day number; credit_limit: minor
    units (accounts,); digits: of the currency. earlier_purchases: the previous cycle's purchases of the accounts that did not
    pay in full, needed where only the unpaid part bears interest; trace: filled with each day's balances if given.
    """
    return CycleClosing(terms, state, events, closes_on, credit_limit, digits, earlier_purchases, trace).close()
