"""Takes in organisation units; a unit may name its parent before or after the parent's own row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from psycopg import Connection

from accounts.intake.book_days import BookDays
from accounts.intake.checking import BlockCheck
from accounts.intake.copying import copy_rows
from accounts.intake.layouts import ORG_UNITS
from accounts.intake.master_data import already_there, first_rows, found_by_code, next_id, outcome_of, picked
from accounts.intake.rows import RowBlock
from accounts.intake.taking import ChunkOutcome

_KNOWN = """
SELECT u.code, u.org_unit_id, u.name, u.kind, p.code FROM org_unit u LEFT JOIN org_unit p ON p.org_unit_id = u.parent_id
WHERE u.code = ANY(%s)
"""


class OrgUnitsIntake:
    """Judges and keeps the rows of an org_units file."""

    layout = ORG_UNITS

    def prepare(self, block: RowBlock) -> BlockCheck:
        """Judge the cells."""
        check = BlockCheck(block, ORG_UNITS)
        check.require()
        for name in ("code", "name", "parent"):
            check.text(name)
        check.values("kind")
        return check

    def take(self, connection: Connection[Any], source_id: int, book: BookDays, prepared: BlockCheck) -> ChunkOutcome:
        """Keep the units that are new."""
        check = prepared
        next_unit = next_id(connection, "org_unit", "org_unit_id")
        facts = {name: check.block.column(name).to_pylist() for name in ("code", "name", "kind", "parent")}
        codes, parents = facts.pop("code"), facts["parent"]
        on_books = found_by_code(connection, _KNOWN, [*codes, *parents])
        known = {code: dict(zip(("name", "kind", "parent"), row[1:], strict=True)) for code, row in on_books.items()}
        ids = {code: row[0] for code, row in on_books.items()}
        _refuse_loose(check, codes, parents, set(ids))
        new = first_rows(check, codes, known)
        there = already_there(check, "unit", "code", codes, new, known, facts)
        ids.update({codes[index]: next_unit + place for place, index in enumerate(new.tolist())})
        copy_rows(connection, "org_unit", pa.table({
            "org_unit_id": np.arange(next_unit, next_unit + len(new)),
            "code": picked(codes, new, pa.string()),
            "name": picked(facts["name"], new, pa.string()),
            "kind": picked(facts["kind"], new, pa.string()),
            "parent_id": pa.array([ids.get(parents[index]) for index in new.tolist()], pa.int64()),
        }))
        return outcome_of(check, len(new), there)


def _refuse_loose(check: BlockCheck, codes: list[str | None], parents: list[str | None], on_books: set[str]) -> None:
    """Rejects units whose line of parents does not end on the books or at a unit without a parent."""
    parent_of = {codes[index]: parents[index] for index in reversed(check.good().tolist())}
    held: dict[str | None, bool] = dict.fromkeys(on_books, True)

    def is_held(code: str | None) -> bool:
        line: list[str | None] = []
        while code is not None and code not in held and code in parent_of and code not in line:
            line.append(code)
            code = parent_of[code]
        found = code is None or held.get(code, False)
        held.update(dict.fromkeys(line, found))
        return found

    for index in check.good().tolist():
        parent = parents[index]
        if parent is not None and parent == codes[index]:
            check.refuse(np.array([index]), "parent", "is the unit itself")
        elif parent is not None and parent not in on_books and parent not in parent_of:
            check.refuse(np.array([index]), "parent", "is no organisation unit on the books or in this file")
        elif not is_held(parent):
            check.refuse(np.array([index]), "parent", "has no unit at the top: its line of parents ends nowhere or in a circle")
