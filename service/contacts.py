"""Takes in contacts with the service desk; one whose member is not known is kept under member 0."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from psycopg import Connection

from accounts.intake.book_days import BookDays
from accounts.intake.checking import BlockCheck
from accounts.intake.copying import copy_rows
from accounts.intake.master_data import alone, already_there, first_rows, found_by_code, outcome_of, picked
from accounts.intake.rows import RowBlock
from accounts.intake.taking import ChunkOutcome
from service.layouts import CONTACTS

_MEMBERS = "SELECT member, member_id FROM member_directory WHERE member = ANY(%s)"
_TEXTS = ("outcome", "channel", "queue", "topic", "priority", "agent")
_NUMBERS = ("wait_s", "handle_s", "transfers", "csat", "nps")
_FACTS = (*_TEXTS, *_NUMBERS, "offered_at", "resolved", "member")
_KNOWN = """
SELECT c.contact_code, c.outcome, c.channel, c.queue, c.topic, c.priority, c.agent, c.wait_s, c.handle_s, c.transfers, c.csat,
       c.nps, c.offered_at, c.resolved, m.member
FROM service_contact c LEFT JOIN member m ON m.member_id = c.member_id
WHERE c.contact_code = ANY(%s)
"""


class ContactsIntake:
    """Judges and keeps the rows of a contacts file."""

    layout = CONTACTS

    def prepare(self, block: RowBlock) -> BlockCheck:
        """Judge the cells."""
        check = BlockCheck(block, CONTACTS)
        check.require()
        for name in ("contact", "member", "channel", "queue", "topic", "priority", "agent"):
            check.text(name)
        check.values("outcome")
        return check

    def take(self, connection: Connection[Any], source_id: int, book: BookDays, prepared: BlockCheck) -> ChunkOutcome:
        """Keep the contacts that are new."""
        check = prepared
        alone(connection)
        facts: dict[str, Any] = {name: check.block.column(name).to_pylist() for name in (*_TEXTS, "member")}
        facts |= {name: check.values(name) for name in (*_NUMBERS, "offered_at", "resolved")}
        codes = check.block.column("contact").to_pylist()
        members = found_by_code(connection, _MEMBERS, facts["member"])
        member_ids = [members.get(str(each), (0,))[0] for each in facts["member"]]
        unknown = [index for index, each in enumerate(facts["member"]) if each is not None and not member_ids[index]]
        check.refuse(np.array(unknown, dtype=np.int64), "member", "is no member on the books")
        known = {code: dict(zip(_FACTS, row, strict=True)) for code, row in found_by_code(connection, _KNOWN, codes).items()}
        new = first_rows(check, codes, known)
        there = already_there(check, "contact", "contact", codes, new, known, facts)
        copy_rows(connection, "service_contact", pa.table({
            "contact_code": picked(codes, new, pa.string()),
            "member_id": picked(member_ids, new, pa.int64()),
            "offered_at": picked([None if each is None else each.isoformat() for each in facts["offered_at"]], new,
                                 pa.string()),
            **{name: picked(facts[name], new, pa.string()) for name in _TEXTS},
            **{name: picked(facts[name], new, pa.int64()) for name in _NUMBERS},
            "resolved": picked(facts["resolved"], new, pa.bool_()),
            "source_id": np.full(len(new), source_id),
            "source_line": check.block.lines[new],
        }))
        return outcome_of(check, len(new), there)
