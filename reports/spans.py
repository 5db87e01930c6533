"""The days of a report, cut into whole months, of which facts and sets are kept too, and the days that are in none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from accounts.month_facts import last_of_month


@dataclass(frozen=True)
class Spans:
    """The days of a report: whole months by their last days, and the days that are in none of them."""

    months: tuple[date, ...]
    days: tuple[date, ...]


def spans_of(from_on: date | None, last_on: date | None, first_on: date | None, by_month: bool) -> Spans:
    """Days cut into whole months and the rest; by_month: whether months will do.

    from_on, last_on: both included. first_on: of the book, from which on its first month counts as whole.
    """
    if last_on is None or first_on is None:
        return Spans((), ())
    from_on = max(from_on or first_on, first_on)
    all_days = [from_on + timedelta(days=each) for each in range((last_on - from_on).days + 1)]
    months = [on for on in all_days if last_of_month(on) and from_on <= max(on.replace(day=1), first_on)] if by_month else []
    whole = {(on.year, on.month) for on in months}
    return Spans(tuple(months), tuple(on for on in all_days if (on.year, on.month) not in whole))
