"""The first business day of a book that has none: the earliest posting date, or the day after the earliest opening balance.

Only rows that will be posted count, so a mistyped year in a row that is going to be rejected cannot set it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import Connection

from accounts.calendar import day_of, first_closing
from accounts.intake.account_rules import check_accounts, check_against_book
from accounts.intake.book_days import BookDays
from accounts.intake.cards import check_cards
from accounts.intake.directory import Directory
from accounts.intake.files import PortfolioFile
from accounts.intake.members import check_members
from accounts.intake.products import Products
from accounts.intake.transaction_rules import check_transactions

_NOT_BEGUN = BookDays(None, None)


def settle_first_day(connection: Connection[Any], files: Sequence[PortfolioFile], products: Products) -> date | None:
    """Sets the first business day if the book has none and the files say one; gives the day that holds then.

    Accounts that were taken in before any date was known are told apart by it, and their closings counted from it.
    """
    row = connection.execute("SELECT first_on FROM book WHERE book_id = 1 FOR UPDATE").fetchone()
    current: date | None = row[0] if row else None
    first_on = current or first_business_day(connection, files, products)
    if current is None and first_on is not None:
        connection.execute("UPDATE book SET first_on = %s, open_on = %s WHERE book_id = 1", (first_on, first_on))
        _tell_migrated(connection, first_on)
    return first_on


def first_business_day(connection: Connection[Any], files: Sequence[PortfolioFile], products: Products) -> date | None:
    """The day that the given files begin a book with; None if nothing in them that will be posted has a date."""
    offered = _Offered(connection, products)
    for kind, look in (("members", offered.members), ("accounts", offered.accounts), ("cards", offered.cards),
                       ("transactions", offered.transactions)):
        for file in files:
            if file.layout.kind == kind:
                look(file)
    return offered.earliest


class _Offered:
    """What the files bring, on top of what is on the books already."""

    def __init__(self, connection: Connection[Any], products: Products) -> None:
        self._connection = connection
        self._products = products
        self._directory = Directory.of_everything(connection)
        self._members = pa.array([], pa.string())
        self.earliest: date | None = None

    def members(self, file: PortfolioFile) -> None:
        """Their codes."""
        for block in file.blocks():
            check = check_members(block)
            codes = block.column("member").take(pa.array(check.good()))
            self._members = pa.concat_arrays([self._members, codes])

    def accounts(self, file: PortfolioFile) -> None:
        """Their codes, currencies and opening days; and the first day that an opening balance leads to."""
        for block in file.blocks():
            checked = check_accounts(block, self._products)
            check = checked.check
            check.bad |= ~self._has_member(block.column("member"))
            check_against_book(checked, _NOT_BEGUN, ~check.bad)
            good = check.good()
            self._directory.offer_accounts(
                block.column("account").take(pa.array(good)), block.column("product").take(pa.array(good)),
                [product.currency.numeric for index in good.tolist() if (product := checked.product[index])],
                [opened_on for index in good.tolist() if (opened_on := checked.opened_on[index])],
                [checked.opening_on[index] for index in good.tolist()],
            )
            openings = [on for index in good.tolist() if (on := checked.opening_on[index])]
            self._at_least(min(openings, default=None), timedelta(days=1))

    def cards(self, file: PortfolioFile) -> None:
        """Their codes and accounts."""
        for block in file.blocks():
            good = pa.array(check_cards(block).good())
            self._directory.offer_cards(block.column("card").take(good), block.column("account").take(good))

    def transactions(self, file: PortfolioFile) -> None:
        """The first day that a row posts on."""
        for block in file.blocks():
            checked = check_transactions(block, file.signed, self._directory, self._products, _NOT_BEGUN)
            good = checked.check.good()
            if len(good):
                self._at_least(day_of(int(checked.posted_day[good].min())), timedelta())

    def _at_least(self, day: date | None, later: timedelta) -> None:
        if day is not None:
            day += later
            self.earliest = day if self.earliest is None else min(day, self.earliest)

    def _has_member(self, codes: Any) -> Any:
        offered = pc.fill_null(pc.is_in(codes, value_set=self._members), False).to_numpy(zero_copy_only=False)
        asked = pc.unique(codes.filter(pa.array(~offered))).drop_null().to_pylist()
        if not asked:
            return offered
        rows = self._connection.execute("SELECT member FROM member_directory WHERE member = ANY(%s)", (asked,)).fetchall()
        known = pa.array([row[0] for row in rows], pa.string())
        return offered | np.asarray(pc.fill_null(pc.is_in(codes, value_set=known), False).to_numpy(zero_copy_only=False))


def _tell_migrated(connection: Connection[Any], first_on: date) -> None:
    """Accounts taken in while the book had no first day had no opening balance; those opened before it are migrated."""
    rows = connection.execute("SELECT DISTINCT closing_day FROM card_account WHERE opened_on < %s", (first_on,)).fetchall()
    for (closing_day,) in rows:
        connection.execute(
            "UPDATE card_account SET migrated = true, anchor_on = %s WHERE opened_on < %s AND closing_day = %s",
            (first_closing(first_on, closing_day), first_on, closing_day),
        )
