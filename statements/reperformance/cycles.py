"""The days of a cycle: which it walks through, which bear interest, and where it lies in the account's calendar."""

from __future__ import annotations

from calendar import isleap
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from accounts.calendar import closing_on, due_on, first_closing
from fees.terms import Terms
from statements.reperformance.facts import History

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Cycle:
    """What posts after `previous` and up to `closing`, on the terms of its first day (rules 1.1, 5.3).

    due: of the statement that closed on `previous`; cut: the last day on which paying it is in time.
    """

    previous: date
    closing: date
    terms: Terms
    due: date | None
    cut: date | None

    @cached_property
    def interest_days(self) -> list[date]:
        if self.terms.interest.closing_day_counts:
            return days_between(self.previous + DAY, self.closing)
        return days_between(self.previous, self.closing - DAY)

    @property
    def first_interest_day(self) -> date:
        return self.previous + DAY if self.terms.interest.closing_day_counts else self.previous

    @property
    def walked_days(self) -> list[date]:
        return days_between(self.first_interest_day, self.closing)

    def day_in_walk(self, day: date) -> date:
        """Where something that counts from a day falls (rule 1.2)."""
        return max(self.first_interest_day, min(day, self.closing))


def days_between(first: date, last: date) -> list[date]:
    """Every day from the first to the last, both included."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def next_closing(history: History, previous: date, anything_posted: bool) -> date:
    """The closing after a day; that of a month later where rule 1.6 lets a new account's first cycle run on."""
    anchor = first_closing(previous + DAY, history.closing_day)
    return closing_on(anchor, 1 if anything_posted else 2, history.closing_day)


def is_part_of_month(history: History, previous: date, closing: date) -> bool:
    """Whether a first cycle is shorter than the month that closes on that day."""
    return previous > month_before(history, closing)


def month_before(history: History, closing: date) -> date:
    """The closing date a month before one."""
    return closing_on(closing, 0, history.closing_day)


def closing_after(history: History, day: date, closing_day_counts: bool) -> date:
    """The closing date of the cycle that an interest day belongs to, by the calendar."""
    return first_closing(day if closing_day_counts else day + DAY, history.closing_day)


def due_of(closing: date, terms: Terms) -> date:
    """When the statement of a closing is due."""
    return due_on(closing, terms.cycle)


def days_of_year(day: date, day_count: str) -> int:
    """Over how many days a rate a year is spread (rule 5.1)."""
    if day_count in ("actual/360", "30/360"):
        return 360
    if day_count == "actual/actual":
        return 366 if isleap(day.year) else 365
    return 365


def thirty_day_weight(day: date) -> int:
    """How many days of a year of 360 a day stands for (rule 5.1, 30/360)."""
    def number(of: date) -> int:
        return 360 * of.year + 30 * of.month + min(of.day, 30)

    return number(day + DAY) - number(day)
