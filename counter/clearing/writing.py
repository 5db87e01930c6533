"""Writes what settled: postings and records by COPY, holds and guarded balances by one statement each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
from psycopg import Connection

from accounts.intake.copying import copy_rows
from accounts.posting_types import COUNTER
from counter.clearing.settling import Books, Key, Settled

_LINES = "SELECT nextval('counter_line') FROM generate_series(1, %s)"
_STAGE_HOLDS = """
CREATE TEMPORARY TABLE IF NOT EXISTS cleared_promise (member_id bigint, account_id bigint, line bigint, held bigint,
                                                      cleared bigint, state text) ON COMMIT DELETE ROWS;
"""
_STAGE_BALANCES = """
CREATE TEMPORARY TABLE IF NOT EXISTS cleared_account (member_id bigint, account_id bigint, balance bigint, holds bigint)
    ON COMMIT DELETE ROWS
"""
_HOLDS = """
UPDATE authorisation z SET held = c.held, cleared = z.cleared + c.cleared, state = c.state FROM cleared_promise c
WHERE z.member_id = c.member_id AND z.account_id = c.account_id AND z.line = c.line
"""
_BALANCES = """
UPDATE guarded_balance g SET balance = g.balance + c.balance, holds = g.holds - c.holds FROM cleared_account c
WHERE g.member_id = c.member_id AND g.account_id = c.account_id
"""


def write(connection: Connection[Any], source_id: int, open_on: date, settled: Sequence[Settled], books: Books,
          words: Mapping[str, Any]) -> None:
    """Post records of credit accounts; words: columns of the file for those that post, in their order."""
    if not settled:
        return
    lines = [row[0] for row in connection.execute(_LINES, (len(settled),), binary=True)]
    _post(connection, open_on, settled, lines, words)
    copy_rows(connection, "clearing_item", pa.table({
        "member_id": [each.card.member_id for each in settled], "account_id": [each.card.account_id for each in settled],
        "line": lines, "source_id": [source_id] * len(settled), "source_line": [each.record.line for each in settled],
        "kind": [each.record.kind for each in settled], "ref": [each.record.ref for each in settled],
        "of_ref": pa.array([each.record.of for each in settled], pa.string()),
        "amount": [each.record.amount for each in settled], "given_back": [each.given_back for each in settled],
        "authorisation_line": pa.array([each.promise_line for each in settled], pa.int64()),
        "note": pa.array([each.note for each in settled], pa.string())}))
    _move_holds(connection, books)
    _move_balances(connection, settled)


def _post(connection: Connection[Any], open_on: date, settled: Sequence[Settled], lines: Sequence[int],
          words: Mapping[str, Any]) -> None:
    posted = [(each, kind, line) for each, line in zip(settled, lines, strict=True) if (kind := each.posts) is not None]
    copy_rows(connection, "posting", pa.table({
        "member_id": [each.card.member_id for each, _, _ in posted],
        "account_id": [each.card.account_id for each, _, _ in posted],
        "posted_on": pa.array([open_on] * len(posted), pa.date32()),
        "source_id": [COUNTER] * len(posted), "source_line": [line for _, _, line in posted],
        "type": [kind.code for _, kind, _ in posted], "debit_account": [kind.debit for _, kind, _ in posted],
        "credit_account": [kind.credit for _, kind, _ in posted], "currency": [each.record.currency for each, _, _ in posted],
        "amount": [each.record.amount for each, _, _ in posted],
        "effective_on": pa.array([each.effective_on for each, _, _ in posted], pa.date32()),
        "transaction_on": pa.array([each.record.transaction_on for each, _, _ in posted], pa.date32()),
        "late_for": pa.array([each.late_for for each, _, _ in posted], pa.date32()),
        "card_id": pa.array([each.card.card_id or None for each, _, _ in posted], pa.int64()),
        "source_ref": [each.record.ref for each, _, _ in posted], **words}))


def _move_holds(connection: Connection[Any], books: Books) -> None:
    changed = [(key, each) for (key, _), each in books.promises.items() if each.changed]
    connection.execute(_STAGE_HOLDS)
    copy_rows(connection, "cleared_promise", pa.table({
        "member_id": [key[0] for key, _ in changed], "account_id": [key[1] for key, _ in changed],
        "line": [each.line for _, each in changed], "held": [each.held for _, each in changed],
        "cleared": [each.cleared for _, each in changed], "state": [each.state for _, each in changed]}))
    connection.execute(_HOLDS)
    connection.execute("DELETE FROM cleared_promise")


def _move_balances(connection: Connection[Any], settled: Sequence[Settled]) -> None:
    moved: dict[Key, list[int]] = defaultdict(lambda: [0, 0])
    for each in settled:
        by = moved[each.card.key]
        by[0] += each.record.amount * each.posts.sign if each.posts is not None else 0
        by[1] += each.given_back
    connection.execute(_STAGE_BALANCES)
    copy_rows(connection, "cleared_account", pa.table({
        "member_id": [key[0] for key in moved], "account_id": [key[1] for key in moved],
        "balance": [by[0] for by in moved.values()], "holds": [by[1] for by in moved.values()]}))
    connection.execute(_BALANCES)
    connection.execute("DELETE FROM cleared_account")
