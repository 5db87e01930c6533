"""The terms of one cycle of a product, day by day: rates are those of the version in force on the day, everything else that
of the version in force on the cycle's first day.

Source: docs/reference/billing-rules.md, 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from accounts.calendar import closing_on, day_number, day_of, due_on, months_later
from fees.rates import day_key, rate_of_day
from fees.terms import Terms
from fees.terms_interest import RatedTerms


class TermsByDay:
    """Rates and dates of the accounts of a product whose cycle closes on a day.

    first: the version in force on the cycle's first day; versions: (first day in force, version) of all of the product, rising;
    closes_on, closing_day: of the accounts.
    """

    def __init__(self, first: Terms, closes_on: date, closing_day: int, versions: Sequence[tuple[date, Terms]] = ()) -> None:
        self.first, self.closes_on, self.closing_day = first, closes_on, closing_day
        self.versions = tuple(versions) or ((first.in_force_from, first),)
        self.day_count = first.interest.day_count
        # A cycle's interest days begin on the previous closing day, or the day after it.
        self._shift = 1 if first.interest.closing_day_counts else 0

    def on(self, day: int) -> Terms:
        """The version in force on a day number; that of the cycle's first day where none is."""
        return self._version(day)

    def segment_rate(self, row: int, day: int) -> tuple[tuple[int | None, Fraction], ...]:
        """The rates of a segment on a day, each with the amount that it holds up to (minor units; None: without end).

        row: position in the segments of the first version; a segment that the version of the day lacks keeps its rate.
        """
        segment = self.first.interest.segment[row]
        terms = self._version(day)
        found = next((each for each in terms.interest.segment if each.name == segment.name), segment)
        if found.tiers is None:
            return ((None, self._rate(found, day)),)
        return tuple((None if tier.up_to is None else self.first.minor(tier.up_to), self._rate(tier, day))
                     for tier in found.tiers)

    def single_rates(self, day: int) -> list[Fraction]:
        """One rate for each segment, by which allocation sorts: of tiers the first."""
        return [self.segment_rate(row, day)[0][1] for row in range(len(self.first.interest.segment))]

    def over_limit_rate(self, day: int) -> Fraction:
        """The rate of the excess over the credit limit on a day."""
        return self._rate(self._version(day).interest.over_limit, day)

    def penalty_rate(self, day: int) -> Fraction | None:
        """The penalty rate of a day; None where the terms have none."""
        penalty = self._version(day).interest.penalty
        return None if penalty.rate_key is None else self._rate(penalty, day)

    def annual_rate(self, rate: Decimal, day: int) -> Fraction:
        """A nominal rate a year of an account's own on a day."""
        return self._rate(RatedTerms(annual_rate=rate), day)

    def changes(self, since: date) -> bool:
        """Whether another version came into force after a day, up to the closing."""
        return any(since < first <= self.closes_on for first, _ in self.versions)

    def end_of_last_cycles(self) -> int:
        """The due date, a day number, that belongs to the next statement but one: what ends before it has this cycle
        among its last two."""
        following = closing_on(self.closes_on, 2, self.closing_day)
        return day_number(due_on(following, self.first.cycle))

    def _rate(self, rated: RatedTerms, day: int) -> Fraction:
        return rate_of_day(rated, self.day_count, _key(self.day_count, self.closes_on, self.closing_day, day, self._shift))

    def _version(self, day: int) -> Terms:
        if len(self.versions) == 1:
            return self.versions[0][1]
        on = day_of(day)
        return next((terms for first, terms in reversed(self.versions) if first <= on), self.first)


@lru_cache(maxsize=65536)
def _key(day_count: str, closes_on: date, closing_day: int, day: int, shift: int) -> tuple[int, int]:
    on = day_of(day - shift)
    closing, before = closes_on, months_later(closes_on, -1, closing_day)
    while on < before:
        closing, before = before, months_later(before, -1, closing_day)
    return day_key(day_count, day_of(day), (closing - before).days)
