"""Takes in cases; a case whose holder is not known is kept under member 0."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
from psycopg import Connection

from accounts.intake.book_days import BookDays
from accounts.intake.checking import BlockCheck
from accounts.intake.copying import copy_rows
from accounts.intake.master_data import Facts, alone, already_there, first_rows, found_by_code, outcome_of, picked
from accounts.intake.rows import RowBlock
from accounts.intake.taking import ChunkOutcome
from service.layouts import CASES

_ACCOUNTS = "SELECT account, member_id, account_id FROM account_directory WHERE account = ANY(%s)"
_MEMBERS = "SELECT member, member_id FROM member_directory WHERE member = ANY(%s)"
_INSTANTS = ("received_at", "sent_at", "due_at", "answered_at", "closed_at")
_TEXTS = ("kind", "channel", "topic", "product", "outcome")
_FACTS = (*_TEXTS, *_INSTANTS, "timely", "member", "account")
_KNOWN = """
SELECT c.case_code, c.kind, c.channel, c.topic, c.product, c.outcome, c.received_at, c.sent_at, c.due_at, c.answered_at,
       c.closed_at, c.timely, m.member, a.account
FROM service_case c
LEFT JOIN member m ON m.member_id = c.member_id
LEFT JOIN card_account a ON a.member_id = c.member_id AND a.account_id = c.account_id
WHERE c.case_code = ANY(%s)
"""


class CasesIntake:
    """Judges and keeps the rows of a cases file."""

    layout = CASES

    def prepare(self, block: RowBlock) -> BlockCheck:
        """Judge the cells."""
        check = BlockCheck(block, CASES)
        check.require()
        for name in ("case", "member", "account", "channel", "topic", "product", "outcome"):
            check.text(name)
        check.values("kind")
        return check

    def take(self, connection: Connection[Any], source_id: int, book: BookDays, prepared: BlockCheck) -> ChunkOutcome:
        """Keep the cases that are new."""
        check = prepared
        alone(connection)
        facts: dict[str, Any] = {name: check.block.column(name).to_pylist() for name in (*_TEXTS, "member", "account")}
        facts |= {name: check.values(name) for name in (*_INSTANTS, "timely")}
        codes = check.block.column("case").to_pylist()
        holders = _holders(connection, check, facts["member"], facts["account"])
        known = _on_books(connection, codes, check)
        new = first_rows(check, codes, known)
        there = already_there(check, "case", "case", codes, new, known, facts)
        copy_rows(connection, "service_case", pa.table({
            "case_code": picked(codes, new, pa.string()),
            "member_id": picked([member_id for member_id, _ in holders], new, pa.int64()),
            "account_id": picked([account_id for _, account_id in holders], new, pa.int64()),
            **{name: picked(facts[name], new, pa.string()) for name in _TEXTS},
            **{name: picked([_text(each) for each in facts[name]], new, pa.string()) for name in _INSTANTS},
            "timely": picked(facts["timely"], new, pa.bool_()),
            "source_id": np.full(len(new), source_id),
            "source_line": check.block.lines[new],
        }))
        outcome = outcome_of(check, len(new), there)
        _notice_early(outcome, facts, new.tolist())
        return outcome


def _holders(connection: Connection[Any], check: BlockCheck, members: Sequence[str | None],
             accounts: Sequence[str | None]) -> list[tuple[int, int | None]]:
    """Member and account that each row names, by id; 0 for a member who is not known."""
    member_ids = found_by_code(connection, _MEMBERS, members)
    account_ids = found_by_code(connection, _ACCOUNTS, accounts)
    holders: list[tuple[int, int | None]] = []
    for index, (member, account) in enumerate(zip(members, accounts, strict=True)):
        row = np.array([index])
        member_id, (owner_id, account_id) = member_ids.get(str(member), (0,))[0], account_ids.get(str(account), (0, None))
        if member is not None and not member_id:
            check.refuse(row, "member", "is no member on the books")
        if account is not None and account_id is None:
            check.refuse(row, "account", "is no account on the books")
        elif member_id and owner_id and owner_id != member_id:
            check.refuse(row, "account", f"is not an account of {member}")
        holders.append((member_id or owner_id, account_id))
    return holders


def _on_books(connection: Connection[Any], codes: Sequence[str | None], check: BlockCheck) -> dict[str, Facts]:
    known = {code: dict(zip(_FACTS, row, strict=True)) for code, row in found_by_code(connection, _KNOWN, codes).items()}
    if "member" in check.given:
        for code, account, member in zip(codes, check.block.column("account").to_pylist(),
                                         check.block.column("member").to_pylist(), strict=True):
            # The books name the owner of an account even where the file left the member out.
            if code in known and member is None and account is not None:
                known[code]["member"] = None
    return known


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _notice_early(outcome: ChunkOutcome, facts: Facts, rows: Sequence[int]) -> None:
    """Counts cases passed on, answered or closed before they came: the sender's clock, kept as it is."""
    for name, did in (("sent_at", "passed on"), ("answered_at", "answered"), ("closed_at", "closed")):
        early = sum(1 for index in rows if facts[name][index] is not None and facts[name][index] < facts["received_at"][index])
        if early:
            outcome.notices[f"{did} before they were received"] += early
