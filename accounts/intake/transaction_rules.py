"""Which rows of a transactions file may be posted, when, and as what; pure: the book and the directory are arguments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from accounts.calendar import cycle_opens_on, day_number, day_of
from accounts.intake.amounts import read_amounts
from accounts.intake.book_days import BookDays
from accounts.intake.cells import CellDefect, counted, plain_number
from accounts.intake.checking import NO_DAY, BlockCheck, as_mask, distinct
from accounts.intake.directory import AccountColumns, Directory, Found
from accounts.intake.layouts import TRANSACTIONS
from accounts.intake.products import Products, ProductVersion
from accounts.intake.rows import BoolArray, Int64Array, RowBlock
from accounts.money import BY_NUMERIC, CURRENCIES
from accounts.posting_types import BY_NAME, OPPOSITE, PREPAID_TRANSACTION_TYPES, TRANSACTION_TYPES

#: Types as a file may name them; a place in this list stands for a type in columns.
TYPES: tuple[str, ...] = (*sorted(TRANSACTION_TYPES), *sorted(PREPAID_TRANSACTION_TYPES))
_PLACE = {name: place for place, name in enumerate(TYPES)}
_PREPAID = np.array([name in PREPAID_TRANSACTION_TYPES for name in TYPES] + [False])
_OPPOSITE = np.array([_PLACE[OPPOSITE[name]] if name in OPPOSITE else -1 for name in TYPES] + [-1])
_CODE = np.array([BY_NAME[name].code if name in BY_NAME else 0 for name in TYPES])
_DEBIT = np.array([BY_NAME[name].debit if name in BY_NAME else 0 for name in TYPES])
_CREDIT = np.array([BY_NAME[name].credit if name in BY_NAME else 0 for name in TYPES])

#: Charges are balances of their own and lie in no segment.
_CHARGES = np.array([name in ("fee", "interest") for name in TYPES] + [False])

_TEXTS = ("ref", "merchant", "mcc", "category", "terminal", "outlet", "channel", "description")


@dataclass
class CheckedTransactions:
    """Rows of a transactions file with what each would be posted as; only those that `check` finds no fault with count.

    accounts: those that the rows name, each once; account: place in these, -1 unknown; type_given, type: places in TYPES, as
    the file names it and as it posts, -1 unknown; amount: minor units, as given (with its sign), 0 where it cannot be read;
    card_id: 0 for none.
    book, learned: the days and the state of the directory that the rows were judged by.
    """

    check: BlockCheck
    book: BookDays
    learned: int
    accounts: AccountColumns
    account: Int64Array
    card_id: Int64Array
    type_given: Int64Array
    type: Int64Array
    amount: Int64Array
    transaction_day: Int64Array
    posted_day: Int64Array
    original_amount: Any
    unknown_accounts: Any
    unknown_cards: Any

    @property
    def currency(self) -> Int64Array:
        """Numeric currency of each row's account, 0 where that is unknown."""
        return np.append(self.accounts.currency, 0)[self.account]

    @property
    def known_late(self) -> np.ndarray:
        """Rows that give no posting date and whose own day was closed when they came in: they post later than they should."""
        first_day = day_number(self.book.first_on) if self.book.begun and self.book.first_on else NO_DAY
        return np.asarray((first_day != NO_DAY) & self.check.absent("posted_on") & (self.transaction_day >= first_day)
                          & (self.transaction_day < self.posted_day))

    def postings(self, rows: Int64Array, source_id: int) -> Any:
        """The given rows as a table of postings, in the order of the ledger's key."""
        member_id = self.accounts.member_id[self.account[rows]]
        account_id = self.accounts.account_id[self.account[rows]]
        order = np.lexsort((self.posted_day[rows], account_id, member_id))
        rows = rows[order]
        posted, made = self.posted_day[rows], self.transaction_day[rows]
        kind, block = self.type[rows], self.check.block
        columns: dict[str, Any] = {
            "member_id": member_id[order],
            "account_id": account_id[order],
            "posted_on": _dates(posted),
            "source_id": np.full(len(rows), source_id),
            "source_line": block.lines[rows],
            "type": _CODE[kind],
            "debit_account": _DEBIT[kind],
            "credit_account": _CREDIT[kind],
            "currency": self.currency[rows],
            "amount": np.abs(self.amount[rows]),
            "effective_on": _dates(np.minimum(posted, made)),
            "transaction_on": _dates(made),
        }
        late = self.known_late[rows]
        if late.any():
            columns["late_for"] = pa.array(made.astype(np.int32), mask=~late).cast(pa.date32())
        taken = pa.array(rows)
        if self.card_id.any():
            columns["card_id"] = pa.array(self.card_id[rows], mask=self.card_id[rows] == 0)
        for name in (*_TEXTS, "original_currency", "segment"):
            cells = block.column(name)
            if cells.null_count < len(cells):
                columns["source_ref" if name == "ref" else name] = cells.take(taken)
        if self.original_amount.null_count < len(self.original_amount):
            columns["original_amount"] = self.original_amount.take(taken)
        return pa.table(columns)


def check_transactions(block: RowBlock, signed: bool, directory: Directory, products: Products,
                       book: BookDays) -> CheckedTransactions:
    """Judge every row of a block.

    book: without an open day no date counts as closed, for rows that are only looked at to find the first day.
    """
    check = BlockCheck(block, TRANSACTIONS)
    learned = directory.learned
    check.require()
    found, unknown = _find(check, directory)
    accounts, account = found.accounts, found.account
    type_given = check.coded("type", lambda name: _PLACE[name], -1)
    _refuse_prepaid(check, type_given, accounts, account, products)
    _must_be_in_the_currency(check, accounts, account)
    amount, readable = read_amounts(check, "amount", *_units(accounts, account, products))
    posted_as = _with_sign(check, signed, type_given, amount, readable)
    transaction_day, posted_day = _days(check, accounts, account, book)
    original = original_amounts(check, signed)
    _segments(check, accounts, account, products, book, posted_as, posted_day)
    for name in _TEXTS:
        check.text(name)
    return CheckedTransactions(check, book, learned, accounts, account, found.card_id, type_given, posted_as, amount,
                               transaction_day, posted_day, original, *unknown)


def _find(check: BlockCheck, directory: Directory) -> tuple[Found, tuple[Any, Any]]:
    """The accounts and cards that the rows name, and the codes that are not known."""
    code, card = check.block.column("account"), check.block.column("card")
    found = directory.find(code, card)
    no_account, no_card = found.account < 0, ~found.known_card
    has_code, has_card = ~check.absent("account"), ~check.absent("card")
    check.refuse(~has_code & ~has_card, "account", "neither account nor card is given")
    check.refuse(has_card & no_card, "card", "is no card on the books")
    check.refuse(has_code & no_account, "account", "is no account on the books")
    other = as_mask(pc.not_equal(code, found.of_card))
    check.refuse(other, "card", lambda index: f"belongs to account {found.of_card[index]}, not to {code[index]}")
    return found, (code.filter(pa.array(has_code & no_account)), card.filter(pa.array(has_card & no_card)))


def _refuse_prepaid(check: BlockCheck, kind: Int64Array, accounts: AccountColumns, account: Int64Array,
                    products: Products) -> None:
    """Value moves at the counter, where the card is asked first; a file would post what the card may not have."""
    places, names = distinct(accounts.product)
    of_product = np.array([name in products and products[name].kind == "prepaid" for name in names], dtype=np.bool_)
    prepaid = np.append(of_product[places] if len(names) else np.zeros(len(places), dtype=np.bool_), False)[account]

    def reason(index: int) -> str:
        name = TYPES[int(kind[index])]
        if account[index] < 0:
            return f"{name} is for prepaid products"
        place = int(account[index])
        return f"{name} is for prepaid products; {accounts.product[place]} of {accounts.code[place]} is a credit product"

    check.refuse(_PREPAID[kind] & ~prepaid, "type", reason)
    check.refuse(prepaid, "account", lambda index: f"{accounts.code[int(account[index])]} is a prepaid account; its value "
                 "moves at the counter (`cardwright prepaid`), not by a file")


def _must_be_in_the_currency(check: BlockCheck, accounts: AccountColumns, account: Int64Array) -> None:
    given = check.coded("currency", lambda code: CURRENCIES[code].numeric, 0)
    kept = np.append(accounts.currency, 0)[account]

    def reason(index: int) -> str:
        kept_in = BY_NUMERIC[int(kept[index])].code
        return (f"account {accounts.code[int(account[index])]} is kept in {kept_in}; give the amount in {kept_in} and this one "
                "as original_amount and original_currency")

    check.refuse((given != 0) & (kept != 0) & (given != kept), "currency", reason)


def _units(accounts: AccountColumns, account: Int64Array,
           products: Products) -> tuple[Int64Array, Sequence[tuple[str, int, int]]]:
    """For each row its place in a list of (name for people, digits, shown digits); unknown accounts get the last place."""
    pairs = pa.table({"currency": accounts.currency, "product": accounts.product})
    distinct = pairs.group_by(["currency", "product"]).aggregate([]).to_pylist()
    units: list[tuple[str, int, int]] = []
    for each in distinct:
        kept, product = BY_NUMERIC[each["currency"]], products.get(each["product"])
        shown = min(kept.digits, product.shown_digits) if product else kept.digits
        units.append((kept.code if shown == kept.digits else f"{kept.code} on product {each['product']}", kept.digits, shown))
    place = np.full(len(accounts.currency) + 1, len(units), dtype=np.int64)
    for at, each in enumerate(distinct):
        same = as_mask(pc.equal(accounts.product, each["product"])) & (accounts.currency == each["currency"])
        place[:-1][same] = at
    return place[account], [*units, ("any currency", 4, 4)]


def _with_sign(check: BlockCheck, signed: bool, kind: Int64Array, amount: Int64Array, readable: BoolArray) -> Int64Array:
    """What each row posts as: in a signed file a negative amount means the opposite event."""
    check.refuse(readable & (amount == 0), "amount", "is zero")
    negative = amount < 0
    if not signed:
        check.refuse(negative, "amount", "is negative; only a file named transactions.signed may have negative amounts")
        return kind
    none = negative & (kind >= 0) & (_OPPOSITE[kind] < 0)
    check.refuse(none, "amount", lambda index: f"is negative, and a {TYPES[int(kind[index])]} has no opposite")
    return np.where(negative, _OPPOSITE[kind], kind)


def _days(check: BlockCheck, accounts: AccountColumns, account: Int64Array, book: BookDays) -> tuple[Int64Array, Int64Array]:
    made, given = check.days("transaction_on"), check.days("posted_on")
    open_day = day_number(book.open_on) if book.open_on else NO_DAY
    has_given = ~check.absent("posted_on")
    check.refuse((given != NO_DAY) & (given < open_day), "posted_on", f"is closed; the open business day is {book.open_on}")
    posted = np.where(has_given, given, np.maximum(made, open_day))
    known = (posted != NO_DAY) & (made != NO_DAY) & (account >= 0)
    opened = np.append(accounts.opened_day, NO_DAY)[account]
    taken_over = np.append(accounts.opening_day, NO_DAY)[account]
    for column, rows in (("posted_on", has_given & ~check.bad), ("transaction_on", ~has_given & ~check.bad)):
        check.refuse(known & rows & (posted < opened), column, lambda index: (
            f"lies before {accounts.code[int(account[index])]} was opened on {day_of(int(opened[index]))}"))
        check.refuse(known & rows & (posted >= opened) & (posted <= taken_over), column, lambda index: (
            f"is in the opening balance of {accounts.code[int(account[index])]}, which stands at the end of "
            f"{day_of(int(taken_over[index]))}"))
    return made, posted


def _segments(check: BlockCheck, accounts: AccountColumns, account: Int64Array, products: Products, book: BookDays,
              kind: Int64Array, posted_day: Int64Array) -> None:
    """A segment that a row names has to be one of the terms that its cycle is billed on: of the cycle's first day.

    Source: docs/reference/billing-rules.md, 5.3.
    """
    check.text("segment")
    named = ~check.absent("segment")
    if not named.any():
        return
    check.refuse(named & _CHARGES[kind], "segment", lambda index: f"{TYPES[int(kind[index])]} lies in no segment; leave it out")
    known = np.flatnonzero(named & (account >= 0) & (posted_day != NO_DAY) & ~check.bad)
    opens = _cycle_opens(accounts, account[known], book, posted_day[known])
    places, names = distinct(check.block.column("segment"))
    place, products_named = distinct(accounts.product)
    product = place[account[known]]
    for each in np.unique(product).tolist():
        code = products_named[each]
        versions = products[code].versions if code in products else ()
        for version in versions:
            until = np.iinfo(np.int64).max if version.until is None else day_number(version.until)
            held = known[(product == each) & (opens >= day_number(version.first)) & (opens < until)]
            for at, name in enumerate(names):
                if name not in version.segments:
                    check.refuse(held[places[held] == at], "segment", _no_segment(code, version, name, versions))


def _no_segment(code: str, version: ProductVersion, name: str, versions: Sequence[ProductVersion]) -> str:
    has = ", ".join(version.segments)
    comes_on = next((each.first for each in versions if each.first > version.first and name in each.segments), None)
    if comes_on is None:
        return f"is no segment of {code} in the cycle it posts in; it has {has}"
    return (f"comes to {code} on {comes_on} and holds in cycles that begin then or later; the one it posts in has {has}. Leave "
            "it out, or let it post in the next cycle")


def _cycle_opens(accounts: AccountColumns, account: Int64Array, book: BookDays, posted_day: Int64Array) -> Int64Array:
    """First day of the cycle that each row posts in; of a first cycle the day that the account was opened, or the book's."""
    closing, day = accounts.closing_day[account], posted_day.copy()
    for number, on in np.unique(np.stack([closing, posted_day]), axis=1).T.tolist():
        if number:
            day[(closing == number) & (posted_day == on)] = day_number(cycle_opens_on(day_of(on), number))
    first = day_number(book.first_on) if book.first_on else NO_DAY
    return np.maximum(day, np.minimum(np.maximum(accounts.opened_day[account], first), posted_day))


def original_amounts(check: BlockCheck, signed: bool) -> Any:
    """What was paid in the merchant's currency, as text without sign."""
    cells = check.block.column("original_amount")
    currency = check.values("original_currency")
    if cells.null_count == len(cells):
        return cells
    kept: list[str | None] = [None] * len(cells)
    for index in np.flatnonzero(~check.absent("original_amount")).tolist():
        try:
            kept[index] = _original_amount(cells[index].as_py(), currency[index], signed)
        except CellDefect as defect:
            check.refuse(np.array([index]), "original_amount", str(defect))
    return pa.array(kept, pa.string())


def _original_amount(text: str, currency: str | None, signed: bool) -> str:
    negative, whole, decimals = plain_number(text)
    if currency is None:
        raise CellDefect("stands without an original_currency")
    if len(decimals) > CURRENCIES[currency].digits:
        raise CellDefect(f"{text} has {counted(len(decimals), 'decimal')}; {currency} takes {CURRENCIES[currency].digits}")
    if negative and not signed:
        raise CellDefect("is negative; only a file named transactions.signed may have negative amounts")
    return f"{whole}.{decimals}" if decimals else whole


def _dates(days: Int64Array) -> Any:
    return pa.array(days.astype(np.int32)).cast(pa.date32())
