"""The billing calendar: closing dates counted from the anchor, due dates counted from the closing.

Never from the previous closing: 31 January, 28 February, 28 March is the classic bug.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import Protocol

import holidays

EPOCH = date(1970, 1, 1)


class DueRule(Protocol):
    """The part of a product's cycle terms that says when a statement is due."""

    @property
    def due_day(self) -> int | None: ...
    @property
    def due_after_days(self) -> int | None: ...
    @property
    def due_roll(self) -> str: ...
    @property
    def calendar(self) -> str | None: ...


def on_day_of_month(year: int, month: int, day: int) -> date:
    """The given day of a month, or the month's last day where it is shorter."""
    return date(year, month, min(day, monthrange(year, month)[1]))


def months_later(anchor_on: date, months: int, day: int) -> date:
    """The given day of the month that lies so many months after the anchor's; months may be negative."""
    index = anchor_on.year * 12 + anchor_on.month - 1 + months
    return on_day_of_month(index // 12, index % 12 + 1, day)


def first_closing(opened_on: date, closing_day: int) -> date:
    """The first closing date on or after a day."""
    this_month = months_later(opened_on, 0, closing_day)
    return this_month if this_month >= opened_on else months_later(opened_on, 1, closing_day)


def cycle_opens_on(day: date, closing_day: int) -> date:
    """First day of the cycle that a day belongs to: the day after the closing date before it."""
    return months_later(first_closing(day, closing_day), -1, closing_day) + timedelta(days=1)


def closing_on(anchor_on: date, cycle_no: int, closing_day: int) -> date:
    """Closing date of a cycle; cycle 1 closes on the anchor, cycle 0 is the month before it."""
    return months_later(anchor_on, cycle_no - 1, closing_day)


def cycle_number(anchor_on: date, closes_on: date) -> int:
    """Which cycle closes on a date; the inverse of `closing_on`."""
    return (closes_on.year - anchor_on.year) * 12 + closes_on.month - anchor_on.month + 1


def closing_days_of(on: date) -> tuple[int, ...]:
    """The closing days of month whose cycles close on a date: on 28 February 28, 29, 30 and 31."""
    last = monthrange(on.year, on.month)[1]
    return tuple(range(on.day, 32)) if on.day == last else (on.day,)


def due_on(closes_on: date, cycle: DueRule) -> date:
    """Payment due date of the statement that closes on a date, rolled over holidays where the terms say so."""
    if cycle.due_after_days is not None:
        due = closes_on + timedelta(days=cycle.due_after_days)
    else:
        assert cycle.due_day is not None
        due = first_closing(closes_on + timedelta(days=1), cycle.due_day)
    if cycle.due_roll == "next_business_day":
        while due.weekday() >= 5 or due in _holidays_of(cycle.calendar or ""):
            due += timedelta(days=1)
    return due


_CALENDARS: dict[str, holidays.HolidayBase] = {}


def _holidays_of(calendar: str) -> holidays.HolidayBase:
    if calendar not in _CALENDARS:
        _CALENDARS[calendar] = holidays.country_holidays(calendar) if calendar else holidays.HolidayBase()
    return _CALENDARS[calendar]


def day_number(on: date) -> int:
    """Days since 1970-01-01, the form that dates take in columns."""
    return (on - EPOCH).days


def day_of(number: int) -> date:
    """The date of a day number."""
    return EPOCH + timedelta(days=int(number))
