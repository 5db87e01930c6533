"""The day that a book begins with, set once, before anything stands in it."""

from __future__ import annotations

from datetime import date
from typing import Any

from psycopg import Connection

from accounts.errors import Refused


class FirstDayFixed(Refused):
    """The book already holds accounts, postings or business days, whose dates were judged by its first day."""

    def __init__(self, first_on: date | None, wanted_on: date) -> None:
        self.first_on = first_on
        self.wanted_on = wanted_on
        since = "its first business day is set by what it holds" if first_on is None else f"it began on {first_on}"
        super().__init__(
            f"the book cannot begin on {wanted_on}: {since}, and accounts or postings stand in it already; "
            "to begin on another day make a new book with another --home or --database-url"
        )


def set_first_day(connection: Connection[Any], first_on: date) -> bool:
    """Makes `first_on` the book's first business day, open for intake; whether that changed anything.

    Raises FirstDayFixed if accounts, postings or business days are there and the day is another one.
    """
    row = connection.execute("SELECT first_on FROM book FOR UPDATE").fetchone()
    current_on: date | None = None if row is None else row[0]
    if current_on == first_on:
        return False
    (begun,) = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM card_account) OR EXISTS (SELECT 1 FROM posting) OR EXISTS (SELECT 1 FROM business_day)"
    ).fetchone() or (False,)
    if begun:
        raise FirstDayFixed(current_on, first_on)
    connection.execute("UPDATE book SET first_on = %s, open_on = %s", (first_on, first_on))
    return True
