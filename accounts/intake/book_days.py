"""The days of the book that a file's dates are judged by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection


@dataclass(frozen=True)
class BookDays:
    """first_on: the first business day, None while nothing with a date is in; open_on: the day that intake posts under."""

    first_on: date | None
    open_on: date | None

    @property
    def begun(self) -> bool:
        """Whether any business day was opened, so that what came before is settled."""
        return self.open_on is not None and self.first_on is not None and self.open_on > self.first_on


def hold_book_days(connection: Connection[Any]) -> BookDays:
    """The book's days, which cannot change before this transaction ends: a cut-off waits for intake that is under way."""
    row = connection.execute("SELECT first_on, open_on FROM book WHERE book_id = 1 FOR SHARE").fetchone()
    return BookDays(*row) if row else BookDays(None, None)
