"""Takes in the entries of a bank's statement: payments to the accounts that they name, all others into suspense, with an
owner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
from psycopg import Connection

from accounts.calendar import day_of
from accounts.errors import Refused
from accounts.intake.amounts import read_amounts
from accounts.intake.book_days import BookDays
from accounts.intake.checking import BlockCheck
from accounts.intake.control_totals import ALREADY_THERE, POSTED, REJECTED
from accounts.intake.rows import Int64Array, RowBlock
from accounts.intake.taking import ChunkOutcome
from accounts.money import BY_NUMERIC, CURRENCIES
from accounts.posting_types import PAYMENT, RETURNED_PAYMENT
from counter.clearing.bank_statement import CREDIT, ENTRIES, RETURN
from counter.clearing.file import UNIT_OF, UNITS
from counter.clearing.payments import Payee, Unmatched, counts_from, find_payees, find_returned, payee_of
from counter.clearing.settling import Books, CardOnBooks, Record, Settled
from counter.clearing.suspense import Item, put_aside
from counter.clearing.writing import write

_HOLD = """
SELECT count(*) FROM (SELECT 1 FROM guarded_balance WHERE (member_id, account_id) IN (
    SELECT * FROM unnest(%s::bigint[], %s::bigint[])) ORDER BY member_id, account_id FOR UPDATE) held
"""
_STANDING = """
SELECT source_ref, amount FROM posting WHERE source_ref = ANY(%(refs)s)
UNION SELECT ref, amount FROM suspense_item WHERE ref = ANY(%(refs)s)
"""


@dataclass
class CheckedEntries:
    """The entries of a block; those that `check` finds no fault with can be read."""

    check: BlockCheck
    kind: list[str | None]
    booked: Int64Array
    value: Int64Array
    amount: Int64Array
    currency: Int64Array


class BankIntake:
    """Posts the entries of one statement. owner: who finds out about what goes into suspense."""

    layout = ENTRIES

    def __init__(self, owner: str) -> None:
        self._owner = owner

    def prepare(self, block: RowBlock) -> CheckedEntries:
        """Judge the cells, each entry by itself."""
        check = BlockCheck(block, ENTRIES)
        check.require()
        kind, codes = check.values("kind"), check.values("currency")
        unit = np.array([UNIT_OF.get(each, len(UNITS) - 1) if each else len(UNITS) - 1 for each in codes], dtype=np.int64)
        amount, readable = read_amounts(check, "amount", unit, UNITS)
        check.refuse(readable & (amount <= 0), "amount", "is not more than zero")
        for name in ("ref", "structured", "text", "payer"):
            check.text(name)
        currency = np.array([CURRENCIES[each].numeric if each else 0 for each in codes], dtype=np.int64)
        return CheckedEntries(check, kind, check.days("booked_on"), check.days("value_on"), amount, currency)

    def take(self, connection: Connection[Any], source_id: int, book: BookDays, prepared: CheckedEntries) -> ChunkOutcome:
        """Post what is not on the books yet, on the open business day; it counts at once."""
        if book.open_on is None:
            raise Refused("the book has no open business day yet; `cardwright init --first-day DATE` sets its first")
        check, open_on = prepared.check, book.open_on
        ahead = prepared.booked > (open_on - date(1970, 1, 1)).days
        check.refuse(ahead & ~check.bad, "booked_on", f"lies ahead of the open business day {open_on}")
        items = _items(prepared, self._owner)
        standing: dict[str, int] = dict(connection.execute(_STANDING, {"refs": [each.ref for each in items]}).fetchall())
        other = [each.line for each in items if standing.get(each.ref, each.amount) != each.amount]
        check.refuse(np.searchsorted(check.block.lines, np.array(other, dtype=np.int64)), "ref",
                     "already stands for another amount; ask the bank which of the two statements holds")
        new = [each for each in items if each.ref not in standing]
        payees = find_payees(connection, new)
        settled: list[Settled] = []
        aside: list[Item] = []
        here: Counter[tuple[int, int]] = Counter()
        for item in new:
            payee = payee_of(item, payees) if item.kind == CREDIT else find_returned(connection, item, payees, here)
            if isinstance(payee, Unmatched):
                item.why = payee.why
                aside.append(item)
            else:
                here[payee.account_id, item.amount] += 1 if item.kind == CREDIT else -1
                settled.append(_settled(item, payee, book))
        keys = sorted({each.card.key for each in settled})
        connection.execute(_HOLD, ([key[0] for key in keys], [key[1] for key in keys]))
        words = {"description": pa.array([each.record.card or None for each in settled], pa.string())}
        write(connection, source_id, open_on, settled, Books(open_on, {}, {}, {}, {}), words)
        put_aside(connection, aside, open_on)
        return _outcome(prepared, {each.line for each in items if standing.get(each.ref) == each.amount}, aside)


def _settled(item: Item, payee: Payee, book: BookDays) -> Settled:
    """A payment counts from the bank's value date; where that day is closed, what it changes is rebilled by the night."""
    assert book.open_on is not None
    effective_on, late_for = counts_from(item.value_on, payee, book)
    record = Record(item.line, item.kind, item.payer or "", item.ref, None, min(item.value_on, book.open_on), item.amount,
                    item.currency)
    card = CardOnBooks(payee.member_id, payee.account_id, 0, item.currency, False, payee.status, payee.opened_on)
    posts = PAYMENT if item.kind == CREDIT else RETURNED_PAYMENT
    return Settled(record, card, posts, 0, effective_on, late_for)


def _items(prepared: CheckedEntries, owner: str) -> list[Item]:
    check = prepared.check
    rows, block = check.good(), check.block
    cells = {name: block.column(name).take(pa.array(rows)).to_pylist() for name in ("ref", "structured", "text", "payer")}
    return [
        Item(line, str(prepared.kind[index]), ref, amount, currency, day_of(booked), day_of(value), payer, structured, text,
             owner)
        for index, line, ref, amount, currency, booked, value, payer, structured, text in zip(
            rows.tolist(), block.lines[rows].tolist(), cells["ref"], prepared.amount[rows].tolist(),
            prepared.currency[rows].tolist(), prepared.booked[rows].tolist(), prepared.value[rows].tolist(), cells["payer"],
            cells["structured"], cells["text"], strict=True)]


def _outcome(prepared: CheckedEntries, known: set[int], aside: Sequence[Item]) -> ChunkOutcome:
    check = prepared.check
    there = np.isin(check.block.lines, list(known))
    result = ChunkOutcome(int((~check.bad & ~there).sum()), int(there.sum()), check.rejected_rows, check.rejects,
                          notices=Counter({f"into suspense: {why}": count
                                           for why, count in Counter(each.why for each in aside).items()}))
    kinds = [CREDIT, RETURN, "unknown"]
    kept = np.unique(prepared.currency)
    names = [(BY_NUMERIC[each].code, BY_NUMERIC[each].digits) if each else ("unknown", 4) for each in kept.tolist()]
    kind = np.array([kinds.index(each or "unknown") for each in prepared.kind], dtype=np.int64)
    result.totals.add_columns(names, np.searchsorted(kept, prepared.currency), kinds, kind,
                              np.where(check.bad, REJECTED, np.where(there, ALREADY_THERE, POSTED)), prepared.amount)
    return result
