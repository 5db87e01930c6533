"""The answer to a question about the card centre: rows by the groups asked for, and totals, in exact numbers.

Every format shows the same answer; how a value reads as text is said here once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from accounts.money import CURRENCIES, major_units

#: count: int. money: int minor units of the row's currency. rate: share as a fraction. days, seconds: length of time.
#: points: from -100 to 100.
MeasureKind = Literal["count", "money", "rate", "days", "seconds", "points"]
AddsUp = Literal["always", "not_over_time", "never"]
Value = date | str | int | Decimal | None
Row = dict[str, Value]

CURRENCY = "currency"
#: Groups that cut the period into shorter ones.
TIMES = ("month", "week", "day", "cycle")
#: What stands where a row belongs to no group; JSON says null and CSV leaves the field empty.
NO_GROUP = "(none)"


@dataclass(frozen=True)
class Measure:
    """A number of each row: its name as a field, what kind of number, and what it means in one sentence.

    adds_up: whether the rows' values may be summed. `not_over_time`: only among rows of one period, such as cards in force.
    """

    name: str
    kind: MeasureKind
    meaning: str
    adds_up: AddsUp = "always"


@dataclass(frozen=True)
class Dimension:
    """What rows may be grouped by.

    expression: SQL of this release's own making, never a caller's text. order: the values in the order they read in,
    where that is not their alphabetical one.
    """

    name: str
    expression: str
    meaning: str
    order: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chart:
    """What to draw of an answer: one measure, in stacked bars where rows have a second group."""

    measure: str
    title: str


@dataclass(frozen=True)
class Report:
    """An answer: what was asked, rows and totals.

    from_on, to_on: the days asked about, None where the report speaks of one day or the book holds none. as_of: the last
    closed business day, which is how far postings count. shown_digits: decimals written, by currency code; several
    entries mean that `currency` leads the groups and that there is a line of totals for each.
    """

    name: str
    title: str
    from_on: date | None
    to_on: date | None
    as_of: date | None
    filters: Mapping[str, Any]
    groups: tuple[Dimension, ...]
    measures: tuple[Measure, ...]
    rows: tuple[Row, ...]
    totals: tuple[Row, ...]
    shown_digits: Mapping[str, int]
    chart: Chart
    notes: tuple[str, ...] = ()

    @property
    def several_currencies(self) -> bool:
        return len(self.shown_digits) > 1

    @property
    def group_names(self) -> tuple[str, ...]:
        """Fields that name a row's group, in order; the currency first where the book has several."""
        leading = (CURRENCY,) if self.several_currencies else ()
        return leading + tuple(each.name for each in self.groups)

    @property
    def columns(self) -> tuple[str, ...]:
        """All fields of a row, in the order every format shows them."""
        return self.group_names + tuple(each.name for each in self.measures)

    def currency_of(self, row: Row) -> str | None:
        """The currency that a row's amounts are in, if the book has any."""
        if self.several_currencies:
            return str(row[CURRENCY])
        return next(iter(self.shown_digits), None)

    def amount_text(self, row: Row, name: str) -> str:
        """An amount of a row in major units."""
        code, minor = self.currency_of(row), row[name]
        assert isinstance(minor, int)
        if code is None:
            return major_units(minor, 2)
        return major_units(minor, CURRENCIES[code].digits, self.shown_digits[code])

    def plain(self, row: Row) -> Iterator[tuple[str, int | str | None]]:
        """A row's fields as JSON has them: counts as integers, everything else as text, what is unknown as null."""
        kinds = {each.name: each.kind for each in self.measures}
        for name in self.columns:
            value = row.get(name)
            if value is None:
                yield name, None
            elif kinds.get(name) == "money":
                yield name, self.amount_text(row, name)
            elif isinstance(value, date):
                yield name, value.isoformat()
            else:
                yield name, value if isinstance(value, int) else str(value)

    def plain_totals(self) -> Iterator[tuple[str | None, dict[str, int | str | None]]]:
        """The totals of each currency, as JSON has them; one entry where nothing could be mixed."""
        measures = {each.name for each in self.measures}
        for row in self.totals:
            yield self.currency_of(row), {name: value for name, value in self.plain(row) if name in measures}

    @property
    def period(self) -> str:
        """The period in words, for titles."""
        if self.to_on is None:
            return "no day yet"
        if self.from_on is None:
            return f"as of {self.to_on}"
        return f"{self.from_on} to {self.to_on}"


def share(part: int, whole: int, places: int) -> Decimal | None:
    """part / whole as a decimal, half away from zero at the last place; None where there is nothing to share."""
    if whole == 0:
        return None
    scaled, rest = divmod(abs(part) * 10**places, abs(whole))
    scaled += 1 if 2 * rest >= abs(whole) else 0
    negative = (part < 0) != (whole < 0)
    return Decimal(-scaled if negative else scaled).scaleb(-places)
