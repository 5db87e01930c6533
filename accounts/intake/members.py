"""Takes in members: persons, companies and anonymous holders."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from psycopg import Connection

from accounts.intake.book_days import BookDays
from accounts.intake.checking import BlockCheck
from accounts.intake.copying import copy_rows
from accounts.intake.layouts import MEMBERS
from accounts.intake.master_data import already_there, first_rows, found_by_code, next_id, org_unit_ids, outcome_of, picked
from accounts.intake.rows import RowBlock
from accounts.intake.taking import ChunkOutcome

_TEXTS = ("kind", "name", "channel", "phone", "email", "language", "tags")
_DATES = ("born_on", "joined_on")
_FACTS = (*_TEXTS, *_DATES, "org_unit")
_KNOWN = """
SELECT d.member, m.kind, m.name, m.channel, m.phone, m.email, m.language, m.tags, m.born_on, m.joined_on, u.code
FROM member_directory d JOIN member m ON m.member_id = d.member_id LEFT JOIN org_unit u ON u.org_unit_id = m.org_unit_id
WHERE d.member = ANY(%s)
"""


def check_members(block: RowBlock) -> BlockCheck:
    """Judge the cells of a block, each row by itself."""
    check = BlockCheck(block, MEMBERS)
    check.require()
    for name in ("member", "name", "org_unit", "channel", "phone", "email", "tags"):
        check.text(name)
    for name in ("kind", "language"):
        check.values(name)
    return check


class MembersIntake:
    """Judges and keeps the rows of a members file."""

    layout = MEMBERS

    def prepare(self, block: RowBlock) -> BlockCheck:
        """Judge the cells."""
        return check_members(block)

    def take(self, connection: Connection[Any], source_id: int, book: BookDays, prepared: BlockCheck) -> ChunkOutcome:
        """Keep the members that are new."""
        check = prepared
        next_member = next_id(connection, "member", "member_id")
        unit_ids = org_unit_ids(connection, check)
        facts: dict[str, Any] = {name: check.block.column(name).to_pylist() for name in (*_TEXTS, "org_unit")}
        facts |= {name: check.values(name) for name in _DATES}
        codes = check.block.column("member").to_pylist()
        on_books = found_by_code(connection, _KNOWN, codes)
        known = {code: dict(zip(_FACTS, row, strict=True)) for code, row in on_books.items()}
        new = first_rows(check, codes, known)
        there = already_there(check, "member", "member", codes, new, known, facts)
        ids = np.arange(next_member, next_member + len(new))
        code = picked(codes, new, pa.string())
        copy_rows(connection, "member_directory", pa.table({"member": code, "member_id": ids}))
        copy_rows(connection, "member", pa.table({
            "member_id": ids,
            "member": code,
            **{name: picked(facts[name], new, pa.string()) for name in _TEXTS},
            **{name: picked(facts[name], new, pa.date32()) for name in _DATES},
            "org_unit_id": picked(unit_ids, new, pa.int64()),
        }))
        return outcome_of(check, len(new), there)
