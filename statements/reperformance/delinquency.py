"""Minimum payments that were not met: what is past due, since when, and the penalty rate (rule 9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from statements.reperformance.agreed import Agreements
from statements.reperformance.cycles import DAY, Cycle, days_between
from statements.reperformance.facts import Fact
from statements.reperformance.received import received


@dataclass
class Minimum:
    """What a statement's minimum asked for that earlier ones did not. unpaid: at the last closing; whole: what was asked for
    with what earlier ones did; met: all of it in time, None before its cut."""

    unpaid: int
    whole: int
    due_on: date
    cut: date
    met: bool | None = None


class Arrears:
    """The queue of unpaid minimums by due date, and the days under the penalty rate."""

    def __init__(self, agreed: Agreements) -> None:
        self.agreed = agreed
        self.queue: list[Minimum] = []
        self.penalty_days: set[date] = set()
        self._penalty_since: date | None = None
        self._on_time = 0
        self._over: list[set[date]] = [set(), set()]
        """Days of spells that were over by the closing before last, and by the last one."""

    def ask(self, amount: int, whole: int, due_on: date, cut: date) -> None:
        """A statement asks for a minimum of which so much is new; not where it is due in a payment holiday (rule 13.3)."""
        if self.agreed.holiday(due_on):
            return
        self.queue.append(Minimum(amount, whole, due_on, cut))

    def close(self, cycle: Cycle, facts: Sequence[Fact]) -> None:
        """Takes the cycle's receipts through the queue, oldest minimum first, and looks at each day for the penalty rate."""
        self.penalty_days -= self._over.pop(0)
        self._over.append(set())
        if cycle.first_interest_day == cycle.previous:
            # Where the penalty rate was cured to the end of the cycle before, it may begin again on the day of its closing.
            early = sum(received(fact, cycle.terms) for fact in facts if fact.effective_on <= cycle.previous)
            self._penalty(cycle.previous, cycle, self._after(early))
        sums: dict[date, int] = {}
        for fact in facts:
            day = max(cycle.previous + DAY, min(fact.effective_on, cycle.closing))
            sums[day] = sums.get(day, 0) + received(fact, cycle.terms)
        tolerated = cycle.terms.minor(cycle.terms.cycle.tolerance_amount)
        total, so_far, cured = 0, 0, False
        re_aged = max(self.agreed.re_aged(cycle.previous, cycle.closing), default=None)
        for day in days_between(cycle.previous + DAY, cycle.closing):
            total += sums.get(day, 0)
            so_far += sums.get(day, 0)
            left = self._after(total)
            for minimum in self.queue:
                if minimum.cut == day:
                    minimum.met = so_far >= minimum.whole - tolerated
                    cured |= self._is_cured_by(minimum, cycle)
            self._penalty(day, cycle, left)
            if day == re_aged:
                self._re_age(day, left)
                total = 0
        for minimum, unpaid in zip(self.queue, self._after(total), strict=True):
            minimum.unpaid = unpaid
        self.queue = [each for each in self.queue if each.met is None or each.unpaid > tolerated]
        if cured:
            self._penalty_since = None
            self.penalty_days -= {day for day in self.penalty_days if day > cycle.interest_days[-1]}
            self._over[-1] = set(self.penalty_days)

    def _re_age(self, day: date, left: Sequence[int]) -> None:
        """What was received pays the queue; then what was due leaves it (rule 13.2)."""
        for minimum, unpaid in zip(self.queue, left, strict=True):
            minimum.unpaid = unpaid
        self.queue = [each for each in self.queue if each.due_on > day]

    def clear(self) -> None:
        """After a charge-off nothing is asked for any more, and no penalty rate holds (rule 13.6)."""
        self.queue, self.penalty_days, self._penalty_since = [], set(), None

    def past_due(self, new_balance: int) -> int:
        """What is still unpaid of missed minimums; never more than is owed: beyond that the latest are met."""
        over = sum(each.unpaid for each in self._missed()) - max(0, new_balance)
        for minimum in reversed(self._missed()):
            met = max(0, min(over, minimum.unpaid))
            minimum.unpaid -= met
            over -= met
        return sum(each.unpaid for each in self._missed())

    def oldest_missed(self) -> date | None:
        """Due date of the oldest missed minimum."""
        return min((each.due_on for each in self._missed()), default=None)

    def _missed(self) -> list[Minimum]:
        return [each for each in self.queue if each.met is not None and each.unpaid]

    def _after(self, total: int) -> list[int]:
        """What is unpaid of each minimum after so much was received in the cycle."""
        rest, left = max(0, total), []
        for minimum in self.queue:
            paid = min(rest, minimum.unpaid)
            rest -= paid
            left.append(minimum.unpaid - paid)
        return left

    def _penalty(self, day: date, cycle: Cycle, left: Sequence[int]) -> None:
        penalty = cycle.terms.interest.penalty
        if penalty.rate_key is None:
            return
        tolerated = cycle.terms.minor(cycle.terms.cycle.tolerance_amount)
        missed = [minimum.due_on for minimum, unpaid in zip(self.queue, left, strict=True)
                  if minimum.met is not None and unpaid > tolerated]
        in_hardship = self.agreed.on("hardship", day) is not None
        if self._penalty_since is None and missed and not in_hardship and (
                self.agreed.days_past_due(min(missed), day) > penalty.after_days_past_due):
            self._penalty_since, self._on_time = day, 0
        if self._penalty_since is not None and not in_hardship:
            self.penalty_days.add(day)

    def _is_cured_by(self, minimum: Minimum, cycle: Cycle) -> bool:
        if self._penalty_since is None or minimum.due_on <= self._penalty_since:
            return False
        self._on_time = self._on_time + 1 if minimum.met else 0
        return self._on_time >= cycle.terms.interest.penalty.cured_after_on_time
