"""Which due dates of an account were missed, and for how many days: what late-payment fees are worked out from.

Pure, one account at a time: only accounts that are late come here, and only on terms whose fee looks back.
Source: docs/reference/billing-rules.md, 12.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BilledMinimum:
    """What a statement asked for: day numbers, minor units. new_balance: without what was disputed at its closing; asked: not
    excused by hardship, a payment holiday or a re-age."""

    closes_on: int
    due_on: int
    minimum_due: int
    new_balance: int
    asked: bool = True


@dataclass(frozen=True, slots=True)
class Receipt:
    """Something received towards minimums; a returned payment is negative. Day numbers, minor units.

    disputed_of: of a dispute, the day that its debit posted on: of a statement that billed it, its share of the minimum.
    """

    posted_on: int
    effective_on: int
    amount: int
    disputed_of: int | None = None

    def towards(self, statement: BilledMinimum, shown_unit: int) -> int:
        """What it counts towards a statement's minimum; shown_unit: the smallest amount shown."""
        if self.disputed_of is None:
            return self.amount
        return share_of_minimum(statement.minimum_due, statement.new_balance, self.amount, shown_unit)


@dataclass(frozen=True)
class DueHistory:
    """The statements of one account, oldest first, and all that was received since the first of them closed.

    returned_fees: days on which a returned-payment fee was posted; shown_unit: the smallest amount shown, minor units.
    """

    statements: Sequence[BilledMinimum]
    receipts: Sequence[Receipt]
    returned_fees: Sequence[int] = ()
    shown_unit: int = 1

    def received(self, statement: BilledMinimum, until: int, known_on: int) -> int:
        """Received towards a statement, effective up to a day and posted up to another.

        A payment that comes back takes away no more than has come in since the closing: what it leaves short beyond that is
        the due date of the statement before.
        """
        return next((total for day, total in reversed(self._totals(statement, known_on)) if day <= until), 0)

    def _totals(self, statement: BilledMinimum, known_on: int) -> list[tuple[int, int]]:
        """Effective day of each receipt that counts towards a statement, and what had come in by then, in the order that they
        count in. A payment that comes back takes nothing from what is disputed."""
        unit = self.shown_unit
        counting = sorted((each.effective_on, each.posted_on, -each.towards(statement, unit), each.disputed_of is None)
                          for each in self.receipts if statement.closes_on < each.posted_on <= known_on
                          and (each.disputed_of is None or each.disputed_of <= statement.closes_on))
        found, paid, disputed = [], 0, 0
        for day, _, negative, is_money in counting:
            if is_money:
                paid = max(paid - negative, 0)
            else:
                disputed -= negative
            found.append((day, paid + disputed))
        return found

    def not_asked_any_more(self, statement: BilledMinimum, until: int) -> int:
        """What of a statement's minimum disputes opened since took off it, up to a day."""
        return sum(each.towards(statement, self.shown_unit) for each in self.receipts if each.disputed_of is not None
                   and each.disputed_of <= statement.closes_on < each.posted_on <= until)

    def unpaid(self, statement: BilledMinimum, tolerance_days: int) -> int:
        """What of a minimum was missing at the end of due date and tolerance, as known the day after."""
        if not statement.asked:
            return 0
        in_time = statement.due_on + tolerance_days
        missing = statement.minimum_due - self.received(statement, in_time, in_time + 1)
        return min(max(missing, 0), statement.minimum_due)

    def missed(self, tolerance_days: int, allowed: int) -> list[bool]:
        """Of each statement, whether its due date was missed: more than the allowed amount was missing."""
        return [self.unpaid(each, tolerance_days) > allowed for each in self.statements]

    def bore_another_fee(self, index: int, up_to: int) -> bool:
        """Whether a returned payment was charged for since a statement's due date, up to the next one or a day."""
        following = self.statements[index + 1].due_on if index + 1 < len(self.statements) else up_to
        return any(self.statements[index].due_on < day <= min(following, up_to) for day in self.returned_fees)

    def met_on(self, statement: BilledMinimum, allowed: int, known_on: int) -> int | None:
        """The first day from which on no more than the allowed amount of a minimum is missing; None if there is none yet."""
        totals, met = self._totals(statement, known_on), None
        for index, (day, received) in enumerate(totals):
            if index + 1 < len(totals) and totals[index + 1][0] == day:
                continue
            met = None if statement.minimum_due - received > allowed else day if met is None else met
        return met


def share_of_minimum(minimum: int, new_balance: int, disputed: int, shown_unit: int) -> int:
    """What of a statement's minimum is not asked for any more once so much of its new balance is disputed: rounded up to the
    smallest amount shown."""
    if disputed >= new_balance:
        return minimum
    return min(minimum, -(-minimum * disputed // (new_balance * shown_unit)) * shown_unit)


def missed_in_a_row(missed: Sequence[bool]) -> int:
    """How many of the last due dates in a row were missed."""
    count = 0
    for each in reversed(missed):
        if not each:
            break
        count += 1
    return count


def is_repeat(missed: Sequence[bool], within: int) -> bool:
    """Whether, before the last due date, another was missed within so many cycles."""
    return any(missed[-1 - within:-1])


def fee_bearing(history: DueHistory, tolerance_days: int, allowed: int, after: int, closes_on: int) -> int | None:
    """The latest statement that was missed as of a day in a cycle (after, closes_on], by its index, and bore no other penalty
    fee; None if there is none. The day is the one after due date and tolerance."""
    missed = history.missed(tolerance_days, allowed)
    for index in reversed(range(len(history.statements))):
        in_time = history.statements[index].due_on + tolerance_days
        if missed[index] and after <= in_time < closes_on and not history.bore_another_fee(index, closes_on):
            return index
    return None


def days_late(history: DueHistory, tolerance_days: int, allowed: int, up_to: int, known_on: int) -> list[int]:
    """Of each statement's minimum, how many days late it is up to a closing, each day of the account counted once.

    A missed minimum is late from the day after its due date up to the day it is met; while an older one is late, the days
    are those of the older one. One whose tolerance is not over by then, or that bore another penalty fee, has none.
    """
    counted_to, days = 0, []
    for index, (statement, missed) in enumerate(zip(history.statements, history.missed(tolerance_days, allowed), strict=True)):
        late = 0
        if missed and statement.due_on + tolerance_days < up_to and not history.bore_another_fee(index, known_on):
            met = history.met_on(statement, allowed, known_on)
            end = up_to if met is None else min(met, up_to)
            late = max(end - max(statement.due_on, counted_to), 0)
            counted_to = max(counted_to, end)
        days.append(late)
    return days
