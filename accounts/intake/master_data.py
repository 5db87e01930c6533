"""What members, accounts, cards and organisation units have in common: a code that is given once and stands for one thing.

A row whose code is on the books with the same facts is already there; with other facts it is rejected, because correcting
what is on the books is for staff to do, not for a file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from psycopg import Connection, sql

from accounts.intake.checking import BlockCheck
from accounts.intake.rows import BoolArray, Int64Array
from accounts.intake.taking import ID_LOCK, ChunkOutcome

Facts = dict[str, Any]


def first_rows(check: BlockCheck, codes: Sequence[str | None], known: Mapping[str, Facts]) -> Int64Array:
    """Rows without a defect whose code is new: not on the books, and not on an earlier such row."""
    seen = set(known)
    first: list[int] = []
    for index in check.good().tolist():
        code = codes[index]
        if code is not None and code not in seen:
            seen.add(code)
            first.append(index)
    return np.array(first, dtype=np.int64)


def already_there(check: BlockCheck, noun: str, column: str, codes: Sequence[str | None], new: Int64Array,
                  known: Mapping[str, Facts], facts: Mapping[str, Sequence[Any]]) -> BoolArray:
    """Which rows without a defect repeat what is on the books or on an earlier row; those that say otherwise are rejected.

    known: facts on the books by code; facts: the same of the block's rows, as columns. Only columns that the file has count.
    """
    there = np.zeros(check.rows, dtype=np.bool_)
    rest = np.setdiff1d(check.good(), new)
    if not len(rest):
        return there
    names = [name for name in facts if name in check.given]
    earlier = {codes[index]: index for index in new.tolist()}
    for index in rest.tolist():
        code = codes[index]
        first = earlier.get(code)
        stands = known[str(code)] if first is None else {name: facts[name][first] for name in names}
        other = [name for name in names if name in stands and stands[name] != facts[name][index]]
        if not other:
            there[index] = True
            continue
        where = "on the books" if first is None else f"on line {check.block.lines[first]}"
        shown = ", ".join(f"{name} {_shown(stands[name])}" for name in other)
        check.refuse(np.array([index]), column, f"{noun} {code} is already {where} with {shown}"
                     + ("; to change it is for staff, not for a file" if first is None else ""))
    return there


def _shown(value: Any) -> str:
    return "left empty" if value is None else str(value)


def outcome_of(check: BlockCheck, posted: int, there: BoolArray) -> ChunkOutcome:
    """The counts of a chunk of such rows."""
    return ChunkOutcome(posted, int(there.sum()), check.rejected_rows, check.rejects)


def alone(connection: Connection[Any]) -> None:
    """Nobody else takes in members, accounts, cards, units or cases before this transaction ends."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (ID_LOCK,))


def next_id(connection: Connection[Any], table: str, column: str) -> int:
    """The id that follows the highest one given out; nobody else gives any out before this transaction ends."""
    alone(connection)
    query = sql.SQL("SELECT coalesce(max({}), 0) + 1 FROM {}").format(sql.Identifier(column), sql.Identifier(table))
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def found_by_code(connection: Connection[Any], query: str, codes: Sequence[str | None]) -> dict[str, tuple[Any, ...]]:
    """Rows of a query that takes a list of codes and gives the code first, by code."""
    wanted = sorted({each for each in codes if each is not None})
    if not wanted:
        return {}
    return {row[0]: tuple(row[1:]) for row in connection.execute(query, (wanted,)).fetchall()}


def org_unit_ids(connection: Connection[Any], check: BlockCheck) -> list[int | None]:
    """The organisation unit that each row names, by id; rows that name an unknown one are rejected."""
    codes = check.block.column("org_unit").to_pylist()
    known = found_by_code(connection, "SELECT code, org_unit_id FROM org_unit WHERE code = ANY(%s)", codes)
    unknown = np.array([code is not None and code not in known for code in codes], dtype=np.bool_)
    check.refuse(unknown, "org_unit", "is no organisation unit on the books")
    return [None if code not in known else known[code][0] for code in codes]


def picked(values: Sequence[Any], rows: Int64Array, kind: Any) -> Any:
    """The values of some rows as a pyarrow array."""
    return pa.array([values[index] for index in rows.tolist()], kind)
