"""What intake needs to know of a product; terms are kept above this room, so it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from accounts.money import Currency


@dataclass(frozen=True)
class ProductVersion:
    """Approved terms of a product.

    until: the first day on which they are no longer in force; shown_digits: of amounts; late_closing_days: days of month that
    no account may close on, because its due date would lie after the next closing; segments: names of the balance segments.
    """

    first: date
    until: date | None
    closing_day: int
    shown_digits: int
    late_closing_days: frozenset[int] = frozenset()
    segments: tuple[str, ...] = ("purchase", "cash_advance")


@dataclass(frozen=True)
class Product:
    """A product with approved terms. kind: credit | prepaid; versions: in order of their first day."""

    code: str
    kind: str
    currency: Currency
    versions: tuple[ProductVersion, ...]

    def on(self, day: date) -> ProductVersion | None:
        """The version in force on a day."""
        return next((each for each in self.versions if each.first <= day and (each.until is None or day < each.until)), None)

    def on_or_after(self, day: date) -> ProductVersion | None:
        """The version in force on a day, or else the first one to come."""
        return self.on(day) or next((each for each in self.versions if each.first > day), None)

    @property
    def shown_digits(self) -> int:
        """Decimals that its amounts may have: as many as any version shows."""
        return max((each.shown_digits for each in self.versions), default=self.currency.digits)


Products = Mapping[str, Product]
