"""Posts the rows of transactions files: those with a reference once for ever, all others once for their file and line."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
from psycopg import Connection

from accounts.calendar import EPOCH, day_of
from accounts.intake.book_days import BookDays
from accounts.intake.control_totals import ALREADY_THERE, OUTCOMES, POSTED, REJECTED
from accounts.intake.copying import copy_rows
from accounts.intake.directory import Directory
from accounts.intake.layouts import TRANSACTIONS
from accounts.intake.products import Products
from accounts.intake.rows import BoolArray, Int64Array, RowBlock
from accounts.intake.taking import ChunkOutcome
from accounts.intake.transaction_rules import TYPES, CheckedTransactions, check_transactions
from accounts.money import BY_NUMERIC, major_units
from accounts.posting_types import BY_CODE, BY_NAME

#: Held while references are compared with the ledger and posted, so that none can be posted twice at once.
_REFERENCE_LOCK = 0x4EF
_KNOWN_REFERENCES = """
SELECT source_ref, account_id, type, amount, transaction_on, source_id, source_line FROM posting WHERE source_ref = ANY(%s)
"""
_TYPE_CODE = np.array([BY_NAME[name].code if name in BY_NAME else 0 for name in TYPES] + [0])


class TransactionsIntake:
    """Judges and posts the rows of one transactions file.

    book: the book's days when the file was opened; should intake post under a later day by the time a chunk is written,
    the chunk is judged again.
    """

    layout = TRANSACTIONS

    def __init__(self, signed: bool, directory: Directory, products: Products, book: BookDays) -> None:
        self._signed = signed
        self._directory = directory
        self._products = products
        self._book = book

    def prepare(self, block: RowBlock) -> CheckedTransactions:
        """Judge the rows by the directory as far as it is known."""
        return check_transactions(block, self._signed, self._directory, self._products, self._book)

    def take(self, connection: Connection[Any], source_id: int, book: BookDays, prepared: CheckedTransactions) -> ChunkOutcome:
        """Post the rows without a defect that are not on the books yet."""
        checked = self._settled(connection, book, prepared)
        rows = checked.check.good()
        known = np.zeros(checked.check.rows, dtype=np.bool_)
        if checked.check.block.column("ref").null_count < checked.check.rows:
            known = _already_there(connection, checked, rows)
            rows = np.flatnonzero(~checked.check.bad & ~known)
        copy_rows(connection, "posting", checked.postings(rows, source_id))
        return _outcome(checked, known, len(rows))

    def _settled(self, connection: Connection[Any], book: BookDays, prepared: CheckedTransactions) -> CheckedTransactions:
        """The rows judged by all that the books hold now."""
        unknown = bool(len(prepared.unknown_accounts) or len(prepared.unknown_cards))
        if unknown:
            self._directory.learn(connection, prepared.unknown_accounts, prepared.unknown_cards)
        self._book = book
        if book != prepared.book or (unknown and self._directory.learned != prepared.learned):
            return self.prepare(prepared.check.block)
        return prepared


def _already_there(connection: Connection[Any], checked: CheckedTransactions, rows: Int64Array) -> BoolArray:
    """Which of the rows are on the books by their reference, or stand earlier in the chunk; a reference that stands for
    something else is rejected."""
    check = checked.check
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_REFERENCE_LOCK,))
    # Thousands of references are looked up one by one in the index; the planner would rather read the whole ledger.
    connection.execute("SET LOCAL enable_seqscan = off")
    column = check.block.column("ref")
    rows = rows[~check.absent("ref")[rows]]
    refs = column.take(pa.array(rows)).to_pylist()
    standing: dict[str, tuple[Any, ...]] = {
        row[0]: (*row[1:4], (row[4] - EPOCH).days, *row[5:])
        for row in connection.execute(_KNOWN_REFERENCES, (refs,), binary=True)
    }
    known = np.zeros(check.rows, dtype=np.bool_)
    if not standing and len(set(refs)) == len(refs):
        return known
    facts = zip(checked.accounts.account_id[checked.account[rows]].tolist(), _TYPE_CODE[checked.type[rows]].tolist(),
                np.abs(checked.amount[rows]).tolist(), checked.transaction_day[rows].tolist(), strict=True)
    for index, ref, fact in zip(rows.tolist(), refs, facts, strict=True):
        there = standing.get(ref)
        if there is None:
            standing[ref] = (*fact, 0, int(check.block.lines[index]))
        elif there[:4] == fact:
            known[index] = True
        else:
            check.refuse(np.array([index]), "ref", f"ref {ref} already stands for {_described(there, checked)}")
    return known


def _described(there: tuple[Any, ...], checked: CheckedTransactions) -> str:
    account_id, code, amount, day, source_id, line = there
    place = np.flatnonzero(checked.accounts.account_id == account_id)
    account = f"account {checked.accounts.code[int(place[0])]}" if len(place) else "another account"
    digits = BY_NUMERIC[int(checked.accounts.currency[place[0]])].digits if len(place) else 2
    where = f"on line {line} of this file" if not source_id else f"from source {source_id}, line {line}"
    return f"a {BY_CODE[code].name} of {major_units(amount, digits)} on {account} on {day_of(day)} ({where})"


def _outcome(checked: CheckedTransactions, known: BoolArray, posted: int) -> ChunkOutcome:
    check = checked.check
    result = ChunkOutcome(posted, int(known.sum()), check.rejected_rows, check.rejects)
    outcome = np.where(check.bad, REJECTED, np.where(known, ALREADY_THERE, POSTED))
    numeric = checked.currency
    kept = np.unique(numeric)
    currencies = [(BY_NUMERIC[each].code, BY_NUMERIC[each].digits) if each else ("unknown", 4) for each in kept.tolist()]
    result.totals.add_columns(currencies, np.searchsorted(kept, numeric), (*TYPES, "unknown"),
                              np.where(checked.type_given < 0, len(TYPES), checked.type_given), outcome, checked.amount)
    if broken := len(check.block.broken_lines):
        result.totals.add("unknown", "unknown", OUTCOMES[REJECTED], broken, Decimal(0))
    return result
