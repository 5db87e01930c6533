"""Which rows of an accounts file may be taken in, with what limit, cycle and opening balance; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from accounts.calendar import first_closing
from accounts.intake.book_days import BookDays
from accounts.intake.cells import CellDefect, minor_amount
from accounts.intake.checking import BlockCheck
from accounts.intake.layouts import ACCOUNTS
from accounts.intake.products import Product, Products
from accounts.intake.rows import BoolArray, RowBlock

#: The limit of an account whose file gives none: more than any balance, so that nothing counts as over the limit.
NO_CREDIT_LIMIT = 10**15

#: Columns that say nothing of a prepaid account, and why.
_NOT_ON_PREPAID = (("credit_limit", "nothing is lent on it"),)


@dataclass
class CheckedAccounts:
    """Rows of an accounts file, cell by cell; None where a cell is empty or wrong.

    credit_limit, opening_balance: minor units of the product's currency.
    """

    check: BlockCheck
    product: list[Product | None]
    opened_on: list[date | None]
    opening_on: list[date | None]
    closing_day: list[int | None]
    credit_limit: list[int]
    opening_balance: list[int]
    status: list[str]


def check_accounts(block: RowBlock, products: Products) -> CheckedAccounts:
    """Judge the cells of a block, each row by itself."""
    check = BlockCheck(block, ACCOUNTS)
    check.require()
    for name in ("account", "member", "org_unit", "status"):
        check.text(name)
    codes = block.column("product").to_pylist()
    have = ", ".join(sorted(products)) or "none"
    check.refuse(np.array([code is not None and code not in products for code in codes], dtype=np.bool_), "product",
                 f"is no product with approved terms (there are: {have})")
    product = [None if code is None else products.get(code) for code in codes]
    prepaid = np.array([each is not None and each.kind == "prepaid" for each in product], dtype=np.bool_)
    for name, why in _NOT_ON_PREPAID:
        check.refuse(prepaid & ~check.absent(name), name, f"is for credit products; this is a prepaid one: {why}")
    opened_on, opening_on = check.values("opened_on"), check.values("opening_on")
    check.refuse(~check.absent("opening_balance") & check.absent("opening_on"), "opening_on",
                 "is missing; an opening balance stands at the end of a day")
    too_early = np.array([opened is not None and opening is not None and opened > opening
                          for opened, opening in zip(opened_on, opening_on, strict=True)], dtype=np.bool_)
    check.refuse(too_early, "opening_on", lambda index: f"lies before the account was opened on {opened_on[index]}")
    balance = _amounts(check, "opening_balance", product, 0, signed=True)
    check.refuse(prepaid & (np.array(balance, dtype=np.int64) < 0), "opening_balance",
                 "is negative; of a prepaid account it is what it holds")
    return CheckedAccounts(
        check, product, opened_on, opening_on, check.values("closing_day"),
        _limits(check, product),
        # What a prepaid account holds is owed to the holder.
        [-each if holds else each for each, holds in zip(balance, prepaid.tolist(), strict=True)],
        [each or "active" for each in block.column("status").to_pylist()],
    )


def _limits(check: BlockCheck, product: list[Product | None]) -> list[int]:
    """Credit limits; on a prepaid card nothing is lent."""
    limits = _amounts(check, "credit_limit", product, NO_CREDIT_LIMIT, signed=False)
    return [0 if each is not None and each.kind == "prepaid" else limit for each, limit in zip(product, limits, strict=True)]


def _amounts(check: BlockCheck, name: str, product: list[Product | None], absent: int, signed: bool) -> list[int]:
    found: list[int] = []
    for index, text in enumerate(check.block.column(name).to_pylist()):
        amount, its = absent, product[index]
        if text is not None and its is not None:
            people, shown = its.currency.code, min(its.shown_digits, its.currency.digits)
            people = people if shown == its.currency.digits else f"{people} on product {its.code}"
            try:
                amount = minor_amount(text, people, its.currency.digits, shown)
                if amount < 0 and not signed:
                    raise CellDefect("is negative")
            except CellDefect as defect:
                check.refuse(np.array([index]), name, str(defect))
        found.append(amount)
    return found


def check_against_book(accounts: CheckedAccounts, book: BookDays, rows: BoolArray) -> list[int]:
    """Judge rows (a mask) by the days of the book; gives every row's closing day, 0 where none can be told.

    While the book has no first day, terms count that come into force later.
    """
    check = accounts.check
    closing_days = [each or 0 for each in accounts.closing_day]
    for index in np.flatnonzero(rows & ~check.bad).tolist():
        product, opened_on = accounts.product[index], accounts.opened_on[index]
        if product is None or opened_on is None:
            continue
        given, opening_on = accounts.closing_day[index], accounts.opening_on[index]
        try:
            closing_days[index] = _closing_day(given, product, opened_on, opening_on, book)
        except _AgainstBook as defect:
            check.refuse(np.array([index]), defect.column, str(defect))
    return closing_days


class _AgainstBook(ValueError):
    def __init__(self, column: str, reason: str) -> None:
        self.column = column
        super().__init__(reason)


def _closing_day(given: int | None, product: Product, opened_on: date, opening_on: date | None, book: BookDays) -> int:
    if opening_on is not None and book.first_on is not None and book.open_on is not None:
        if opening_on < book.first_on - timedelta(days=1):
            raise _AgainstBook("opening_on", f"lies before the book began on {book.first_on}; give the balance at the end of "
                               f"{book.first_on - timedelta(days=1)} or later")
        if book.begun and opening_on < book.open_on:
            raise _AgainstBook("opening_on", f"is closed; the open business day is {book.open_on}")
    first_billable = first_day_of_billing(opened_on, opening_on, book)
    version = product.on(first_billable) if book.first_on is not None else product.on_or_after(first_billable)
    if version is None:
        raise _AgainstBook("product", f"has no approved terms in force on {first_billable}, the account's first billable day")
    if given is not None and given in version.late_closing_days:
        raise _AgainstBook("closing_day", f"does not go with the due dates of {product.code}: a statement could be paid in "
                           "time even after the next closing")
    return given if given is not None else version.closing_day


def first_day_of_billing(opened_on: date, opening_on: date | None, book: BookDays) -> date:
    """The first day that counts for an account's bills."""
    if opening_on is not None:
        return opening_on + timedelta(days=1)
    return max(opened_on, book.first_on) if book.first_on is not None else opened_on


def anchor_of(opened_on: date, opening_on: date | None, closing_day: int, book: BookDays) -> date:
    """The first closing date of an account, which all later ones are counted from: none that is closed already."""
    first_billable = first_day_of_billing(opened_on, opening_on, book)
    if book.begun and book.open_on is not None:
        first_billable = max(first_billable, book.open_on)
    return first_closing(first_billable, closing_day)


def is_migrated(opened_on: date, book: BookDays) -> bool:
    """Whether the account was opened before the book began."""
    return book.first_on is not None and opened_on < book.first_on


__all__ = [
    "NO_CREDIT_LIMIT", "CheckedAccounts", "anchor_of", "check_accounts", "check_against_book", "first_day_of_billing",
    "is_migrated",
]
