"""Takes in the records of a clearing file, some ten thousand at a time: read as columns, judged, written by COPY.

What the books hold of them is read in one query each, under the locks that the counter's commands take: accounts in their
order, so that a till waits for a part of a file and nobody waits for two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
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
from accounts.intake.transaction_rules import original_amounts
from accounts.money import BY_NUMERIC, CURRENCIES
from counter.clearing.file import UNIT_OF, UNITS
from counter.clearing.layout import CASH_PRESENTMENT, CLEARING, KINDS, PRESENTMENT
from counter.clearing.lots import post_to_lots
from counter.clearing.reading import read_books
from counter.clearing.settling import ForLots, Known, Record, Rejected, Settled, settle
from counter.clearing.writing import write

_TEXTS = ("card", "ref", "of", "merchant", "mcc", "description")


@dataclass
class CheckedRecords:
    """The records of a block; those that `check` finds no fault with have cells that can be read."""

    check: BlockCheck
    kind: list[str | None]
    transaction_day: Int64Array
    amount: Int64Array
    currency: Int64Array
    more_to_come: list[bool | None]
    original_amount: Any

    def records(self) -> list[Record]:
        """The records without a defect, in the order of their lines."""
        rows, block = self.check.good(), self.check.block
        cards, refs, ofs = (block.column(name).take(pa.array(rows)).to_pylist() for name in ("card", "ref", "of"))
        return [
            Record(line, str(self.kind[index]), card, ref, of, day_of(day), amount, currency, bool(self.more_to_come[index]))
            for index, line, card, ref, of, day, amount, currency in zip(
                rows.tolist(), block.lines[rows].tolist(), cards, refs, ofs, self.transaction_day[rows].tolist(),
                self.amount[rows].tolist(), self.currency[rows].tolist(), strict=True)]

    def words(self, rows: Int64Array) -> dict[str, Any]:
        """What goes onto postings as it stands in the file, by column name."""
        taken = pa.array(rows)
        found = {name: self.check.block.column(name).take(taken)
                 for name in ("merchant", "mcc", "description", "original_currency")}
        return {**found, "original_amount": self.original_amount.take(taken)}


class ClearingIntake:
    """Judges and posts the records of one clearing file."""

    layout = CLEARING

    def prepare(self, block: RowBlock) -> CheckedRecords:
        """Judge the cells, each row by itself."""
        check = BlockCheck(block, CLEARING)
        check.require()
        kind = check.values("kind")
        day = check.days("transaction_on")
        codes = check.values("currency")
        unit = np.array([UNIT_OF.get(each, len(UNITS) - 1) if each else len(UNITS) - 1 for each in codes], dtype=np.int64)
        amount, readable = read_amounts(check, "amount", unit, UNITS)
        check.refuse(readable & (amount < 0), "amount", "is negative; a refund or reversal is a record of its own kind")
        check.refuse(readable & (amount == 0), "amount", "is zero")
        for name in _TEXTS:
            check.text(name)
        currency = np.array([CURRENCIES[each].numeric if each else 0 for each in codes], dtype=np.int64)
        return CheckedRecords(check, kind, day, amount, currency, check.values("more_to_come"), original_amounts(check, False))

    def take(self, connection: Connection[Any], source_id: int, book: BookDays, prepared: CheckedRecords) -> ChunkOutcome:
        """Post the records that are not on the books yet, on the open business day; they count at once."""
        if book.open_on is None:
            raise Refused("the book has no open business day yet; `cardwright init --first-day DATE` sets its first")
        records = prepared.records()
        books = read_books(connection, book.open_on, records)
        # What gives back a presentment finds it, though it stands before it in the file.
        in_order = sorted(records, key=lambda each: each.kind not in (PRESENTMENT, CASH_PRESENTMENT))
        outcomes = [settle(each, books) for each in in_order]
        settled = [each for each in outcomes if isinstance(each, Settled)]
        write(connection, source_id, book.open_on, settled, books, prepared.words(_places(prepared, settled)))
        refused = [each for each in outcomes if isinstance(each, Rejected)]
        notes = Counter(each.note for each in settled if each.note)
        for each in [each for each in outcomes if isinstance(each, ForLots)]:
            wrong, note = post_to_lots(connection, source_id, each.record, each.card, _sale_of(prepared, each.record))
            refused += [wrong] if wrong else []
            notes.update([note] if note else [])
        known = {each.record.line for each in outcomes if isinstance(each, Known)}
        return _outcome(prepared, refused, known, notes)


def _places(prepared: CheckedRecords, settled: Sequence[Settled]) -> Int64Array:
    lines = np.array([each.record.line for each in settled if each.posts is not None], dtype=np.int64)
    return np.searchsorted(prepared.check.block.lines, lines)


def _sale_of(prepared: CheckedRecords, record: Record) -> dict[str, str | None]:
    place = np.searchsorted(prepared.check.block.lines, [record.line])
    return {name: cells[0].as_py() for name, cells in prepared.words(place).items()}


def _outcome(prepared: CheckedRecords, refused: Sequence[Rejected], known: set[int], notes: Counter[str]) -> ChunkOutcome:
    check, lines = prepared.check, prepared.check.block.lines
    for each in refused:
        check.refuse(np.searchsorted(lines, [each.record.line]), each.column, each.reason)
    there = np.isin(lines, list(known))
    result = ChunkOutcome(int((~check.bad & ~there).sum()), int(there.sum()), check.rejected_rows, check.rejects,
                          notices=Counter({_said(name): count for name, count in notes.items()}))
    kinds = [*KINDS, "unknown"]
    kind = np.array([kinds.index(each or "unknown") for each in prepared.kind], dtype=np.int64)
    kept = np.unique(prepared.currency)
    names = [(BY_NUMERIC[each].code, BY_NUMERIC[each].digits) if each else ("unknown", 4) for each in kept.tolist()]
    result.totals.add_columns(names, np.searchsorted(kept, prepared.currency), kinds, kind,
                              np.where(check.bad, REJECTED, np.where(there, ALREADY_THERE, POSTED)), prepared.amount)
    return result


_WORDS = {
    "no_authorisation": "presented without an authorisation on the books",
    "after_release": "presented after its authorisation had run out, was cleared or reversed",
    "more_than_held": "presented for more than was held",
    "after_closing": "presented after its account was closed",
    "no_original": "refund whose sale is not on the books",
}


def _said(note: str) -> str:
    return f"{_WORDS[note]} ({note})"


__all__ = ["CheckedRecords", "ClearingIntake"]
