"""Checks that statements are those that were issued: chained, sealed as stored, and derived again to the byte."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
from psycopg import Connection

from accounts.calendar import day_of
from accounts.columns import Columns, copy_out
from accounts.sharding import members_of
from billing.closing import Derived, carried_rows, derive_statements
from billing.reading import POSTINGS, index_of
from billing.statement_rows import CARRIED_ROWS, STATEMENT
from statements.seal import seal_statements
from statements.verify_scope import Check, Scope, by_query

#: Members whose statements of all cycles are sealed again at a time.
MEMBERS_AT_A_TIME = 2_000
_BIT = np.int64(1) << np.int64(20)

#: Statements whose `previous` is not the seal of the statement before (of a first one: zeros).
CHAIN = """
    SELECT account.account, ordered.closes_on, encode(ordered.previous_sha256, 'hex') AS stated,
           encode(ordered.before_sha256, 'hex') AS before
    FROM (
        SELECT member_id, account_id, cycle_no, closes_on, previous_sha256,
               coalesce(lag(sha256) OVER (PARTITION BY member_id, account_id ORDER BY cycle_no),
                        decode(repeat('00', 32), 'hex')) AS before_sha256
        FROM statement
        WHERE %(account)s::bigint IS NULL OR (member_id = %(member)s AND account_id = %(account)s)
    ) ordered JOIN card_account account USING (member_id, account_id)
    WHERE (%(closes_on)s::date IS NULL OR ordered.closes_on = %(closes_on)s)
        AND ordered.previous_sha256 <> ordered.before_sha256
    ORDER BY ordered.member_id, ordered.account_id, ordered.cycle_no
"""

_STATEMENTS = f"""
    SELECT {', '.join(STATEMENT)} FROM statement
    WHERE member_id BETWEEN %(first)s AND %(last)s AND (%(account)s::bigint IS NULL OR account_id = %(account)s)
        AND (%(closes_on)s::date IS NULL OR closes_on = %(closes_on)s)
        AND (%(sampled)s::bigint[] IS NULL OR account_id = ANY(%(sampled)s::bigint[]))
    ORDER BY member_id, account_id, cycle_no
"""  # noqa: S608

_LINES = f"""
    SELECT {', '.join("coalesce(card_id, 0)" if name == "card_id" else name for name in POSTINGS)} FROM posting
    WHERE member_id BETWEEN %(first)s AND %(last)s AND (%(account)s::bigint IS NULL OR account_id = %(account)s)
        AND (%(sampled)s::bigint[] IS NULL OR account_id = ANY(%(sampled)s::bigint[]))
        AND type <> ALL(%(opening_types)s::smallint[])
    ORDER BY member_id, account_id, posted_on, source_id, source_line, type
"""  # noqa: S608

#: Every closing day and shard that has statements to derive again.
_CLOSINGS = """
    SELECT DISTINCT closes_on, (member_id - 1) / %(shard_members)s AS shard FROM statement
    WHERE cycle_no > 0 AND (%(account)s::bigint IS NULL OR (member_id = %(member)s AND account_id = %(account)s))
        AND (%(closes_on)s::date IS NULL OR closes_on = %(closes_on)s)
    ORDER BY closes_on, shard
"""
#: What the statements of a closing carry on beside their figures.
_CARRIED = f"""
    SELECT {', '.join("carried." + name for name in CARRIED_ROWS)}
    FROM statement JOIN carried USING (member_id, account_id, cycle_no)
    WHERE statement.closes_on = %(closes_on)s AND statement.member_id BETWEEN %(first)s AND %(last)s
        AND (%(account)s::bigint IS NULL OR statement.account_id = %(account)s)
"""  # noqa: S608
_CLOSINGS_OF_ACCOUNTS = """
    SELECT closes_on, member_id, account_id FROM statement
    WHERE cycle_no > 0 AND account_id = ANY(%(sampled)s::bigint[])
        AND (%(closes_on)s::date IS NULL OR closes_on = %(closes_on)s)
    ORDER BY member_id, account_id, closes_on
"""


def statement_of_each_line(statements: Columns, lines: Columns) -> npt.NDArray[np.int64]:
    """Which statement (row) holds each posting, by its days; -1 where none does.

    Both in the order of the books. Cycle 0, the state an account was taken over in, holds none.
    """
    keys = statements["account_id"] * _BIT + statements["closes_on"]
    order = np.argsort(keys, kind="stable")
    if not len(order):
        return np.full(len(lines["account_id"]), -1, dtype=np.int64)
    wanted = lines["account_id"] * _BIT + lines["posted_on"]
    found = order[np.minimum(np.searchsorted(keys, wanted, sorter=order), len(keys) - 1)]
    holds = (
        (statements["account_id"][found] == lines["account_id"]) & (statements["cycle_no"][found] > 0)
        & (statements["opens_on"][found] <= lines["posted_on"]) & (lines["posted_on"] <= statements["closes_on"][found])
    )
    return np.where(holds, found, -1).astype(np.int64)


def seals_again(statements: Columns, lines: Columns) -> npt.NDArray[np.uint8]:
    """The seals of stored statements, taken again from their stored figures and postings; shape (statements, 32)."""
    place = statement_of_each_line(statements, lines)
    order = np.argsort(place, kind="stable")
    order = order[np.searchsorted(place[order], 0):]
    starts = np.searchsorted(place[order], np.arange(len(statements["account_id"]) + 1))
    return seal_statements(statements, {name: column[order] for name, column in lines.items()}, starts.astype(np.int64))


def _first_broken_seal(connection: Connection[Any], scope: Scope) -> str | None:
    sampled = None if scope.sampled is None else list(scope.sampled)
    for first, last in _member_ranges(connection, scope):
        asked = {**scope.parameters(), "first": first, "last": last, "sampled": sampled}
        statements = copy_out(connection, _STATEMENTS, asked, STATEMENT)
        if not len(statements["account_id"]):
            continue
        again = seals_again(statements, copy_out(connection, _LINES, asked, POSTINGS))
        broken = np.flatnonzero((again != statements["sha256"]).any(axis=1))
        if len(broken):
            row = int(broken[0])
            return (f"{_named(connection, statements, row)} seal {_short(statements['sha256'][row])} is stored, its figures "
                    f"and postings give {_short(again[row])}")
    return None


def _first_not_derived(connection: Connection[Any], scope: Scope) -> str | None:
    for on, first, last, account_id in _closings(connection, scope):
        asked = {**scope.parameters(), "first": first, "last": last, "sampled": None, "closes_on": on, "account": account_id}
        stored = copy_out(connection, _STATEMENTS, asked, STATEMENT)
        stored = {name: column[stored["cycle_no"] > 0] for name, column in stored.items()}
        derived = derive_statements(connection, on, first, last, seal_statements, (), account_id)
        place = index_of(derived.statements["account_id"], stored["account_id"])
        missing = np.flatnonzero(place < 0)
        if len(missing):
            row = int(missing[0])
            why = next((reason for _, account, reason in derived.refused if account == stored["account_id"][row]),
                       "nothing is due for the account on that day")
            return f"{_named(connection, stored, row)} cannot be derived again: {why}"
        differing = {name: _differs(column, derived.statements[name][place]) for name, column in stored.items()}
        rows = np.flatnonzero(np.any(np.stack(list(differing.values())), axis=0))
        if len(rows):
            row = int(rows[0])
            name = next(name for name, differs in differing.items() if differs[row])
            return (f"{_named(connection, stored, row)} {name} {_shown(stored[name][row])} is stored, "
                    f"{_shown(derived.statements[name][place[row]])} is derived again")
        carried = _first_carried_otherwise(connection, asked, stored, derived)
        if carried is not None:
            return carried
    return None


def _first_carried_otherwise(connection: Connection[Any], asked: dict[str, Any], stored: Columns,
                             derived: Derived) -> str | None:
    """Where the rows that a statement carries on are not those that are derived again."""
    again = carried_rows(derived)
    known = np.isin(again["account_id"], stored["account_id"])
    kept = copy_out(connection, _CARRIED, asked, CARRIED_ROWS)

    def rows_of(columns: Columns) -> list[tuple[int, ...]]:
        return sorted(zip(*(columns[name].tolist() for name in CARRIED_ROWS), strict=True))

    differing = set(rows_of(kept)) ^ set(rows_of({name: column[known] for name, column in again.items()}))
    if not differing:
        return None
    account = min(row[1] for row in differing)
    row = int(np.flatnonzero(stored["account_id"] == account)[0])
    return f"{_named(connection, stored, row)} the state that it carries on beside its figures is not what is derived again"


def _closings(connection: Connection[Any], scope: Scope) -> Iterator[tuple[date, int, int, int | None]]:
    """Closing day, first and last member, account if one alone, of every derivation that is to be made again."""
    asked = scope.parameters()
    if scope.sampled is not None:
        rows = connection.execute(_CLOSINGS_OF_ACCOUNTS, {**asked, "sampled": list(scope.sampled)}).fetchall()
        yield from ((on, member_id, member_id, account_id) for on, member_id, account_id in rows)
        return
    for on, shard in connection.execute(_CLOSINGS, asked).fetchall():
        if scope.member_id is not None:
            yield on, scope.member_id, scope.member_id, scope.account_id
        else:
            yield on, *members_of(shard), None


def _member_ranges(connection: Connection[Any], scope: Scope) -> Iterator[tuple[int, int]]:
    if scope.member_id is not None:
        yield scope.member_id, scope.member_id
        return
    row = connection.execute("SELECT coalesce(max(member_id), 0) FROM statement").fetchone()
    for first in range(1, (row[0] if row else 0) + 1, MEMBERS_AT_A_TIME):
        yield first, first + MEMBERS_AT_A_TIME - 1


def _differs(stored: npt.NDArray[Any], again: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Of each row, whether a column differs; digests have a row of bytes each."""
    unequal: npt.NDArray[np.bool_] = np.not_equal(stored, again).reshape(len(stored), -1)
    return np.asarray(unequal.any(axis=1))


def _named(connection: Connection[Any], statements: Columns, row: int) -> str:
    found = connection.execute(
        "SELECT account FROM card_account WHERE member_id = %s AND account_id = %s",
        (int(statements["member_id"][row]), int(statements["account_id"][row])),
    ).fetchone()
    return f"account {found[0] if found else '?'}, statement of {day_of(int(statements['closes_on'][row]))}:"


def _short(digest: npt.NDArray[np.uint8]) -> str:
    return digest.tobytes().hex()[:16] + "…"


def _shown(value: Any) -> str:
    return _short(value) if isinstance(value, np.ndarray) else str(int(value))


SEAL_CHECKS = (
    by_query("statements_chain", "Every statement carries the seal of the one before.", CHAIN,
             lambda row: f"account {row['account']}, statement of {row['closes_on']}: it is chained to "
             f"{row['stated'][:16]}…, the seal before it is {row['before'][:16]}…"),
    Check("statements_seal", "The seal of every statement is that of its stored figures and postings.", _first_broken_seal),
    Check("statements_rederive", "Every statement is derived again, to the byte, from the state before it, postings and terms.",
          _first_not_derived),
)
