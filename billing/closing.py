"""Closes the cycles due on a day: reads columns, runs the engine, posts interest, seals and writes statements.

`derive_statements` does all of it but the writing, so that what was issued can be derived again and compared.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from psycopg import Connection

from accounts.calendar import day_number
from accounts.columns import Columns, copy_in
from accounts.money import CURRENCIES
from accounts.posting_types import PostingType
from billing.balances import Int64Array
from billing.carried import CHARGED_OFF, Carried
from billing.charging import post_charges
from billing.closed_cycle import Charged, Trace
from billing.due_cycles import ReadCycle, not_opened_yet, parts_to_close, read_cycle, versions_in_force
from billing.reading import CARRIED
from billing.statement_rows import CARRIED_ROWS, STATEMENT, Seal, charge_clause, statement_rows, with_charges
from billing.terms_book import VersionInForce


@dataclass
class Derived:
    """The statements of one closing day for a range of members, as derived from state, postings and terms.

    statements: columns STATEMENT, one row an account in (member, account) order; postings: columns of billing.reading.POSTINGS
    of those statements in key order, the interest charged at the closing among them; starts: where each account's begin;
    versions: the terms version of each; not_opened: accounts that have nothing on their first, partial cycle yet;
    refused: (member_id, account_id, reason) of accounts that cannot be billed; charges: what the closing posts, amounts in the
    order of `statements`; carried: rows of the table of that name, its account an index into `statements`; traces: of each
    part that was closed together, the positions of its statements.
    """

    statements: Columns
    postings: Columns
    starts: Int64Array
    versions: list[VersionInForce]
    not_opened: list[tuple[int, int]]
    refused: list[tuple[int, int, str]]
    charges: list[Charged]
    carried: Carried
    traces: list[tuple[Int64Array, Trace]]


def derive_statements(connection: Connection[Any], on: date, first_member_id: int, last_member_id: int, seal: Seal,
                      parked: Collection[int] = (), account_id: int | None = None, trace: bool = False,
                      as_of: date | None = None) -> Derived:
    """Derive the statements that close on a day; reads, writes nothing.

    on: the closing date, also of a day long past: its own interest postings are left out and derived again. account_id: only
    this account. as_of: draw the line on that earlier day of the cycle instead, for a preview; trace: keep what interest was
    counted on.
    """
    read = read_cycle(connection, on, first_member_id, last_member_id, parked, account_id, as_of)
    return bill(connection, read, seal, trace)


def bill(connection: Connection[Any], read: ReadCycle, seal: Seal, trace: bool = False) -> Derived:
    """Derive statements from what was read. The connection serves one more read, of the cycle before of accounts that lost
    grace, where the terms cannot do with the balance-days that their statement carries."""
    # Rebilled accounts are simulated, and a simulation charges by the steps of a day, of which closing is one.
    from billing.rebilled_closing import close_rebilled, rebilled_accounts

    on, book, due, postings, index = read.on, read.book, read.due, read.postings, read.index
    closes_on, count = read.closes_on, len(read.due["account_id"])
    not_opened = not_opened_yet(due, index, on)
    version_of, refused = versions_in_force(book, due, not_opened)
    chosen = np.flatnonzero(version_of > 0)
    columns: Columns = {}
    charges: dict[tuple[PostingType, int], Int64Array] = {}
    carried: list[Carried] = []
    traces: list[tuple[Int64Array, Trace]] = []
    rebilled = np.intersect1d(chosen, rebilled_accounts(connection, read))
    billed_again = {place: close_rebilled(connection, read, place, seal) for place in rebilled.tolist()}
    # All that a first cycle held may have been taken back since: it runs on to the next closing like an empty one.
    not_opened[[place for place, again in billed_again.items() if again is None]] = True
    chosen = chosen[~not_opened[chosen]]
    for part in parts_to_close(connection, read, np.setdiff1d(chosen, rebilled), version_of, trace):
        tracing = Trace() if trace else None
        closed = part.close(tracing)
        for name, column in {**closed.columns, "due_on": np.full(len(part.accounts), day_number(part.due_on))}.items():
            columns.setdefault(name, np.zeros(count, dtype=np.int64))[part.accounts] = column
        for each in closed.charges:
            charges.setdefault((each.kind, each.line), np.zeros(count, dtype=np.int64))[part.accounts] = each.amount
        closed.carried.account = part.accounts[closed.carried.account]
        carried.append(closed.carried)
        if tracing is not None:
            traces.append((part.accounts, tracing))
    for place, again in billed_again.items():
        if again is None:
            continue
        for column_name, value in again.columns.items():
            columns.setdefault(column_name, np.zeros(count, dtype=np.int64))[place] = value
        for each in again.charges:
            charges.setdefault((each.kind, each.line), np.zeros(count, dtype=np.int64))[place] = each.amount[0]
        again.carried.account = np.full_like(again.carried.account, place)
        carried.append(again.carried)
        if trace:
            traces.append((np.array([place]), again.trace))
    statements = statement_rows(due, chosen, columns, version_of, closes_on)
    versions = [book.by_id(each) for each in statements["terms_version_id"].tolist()]
    position = np.full(count, -1, dtype=np.int64)
    position[chosen] = np.arange(len(chosen))
    posted = [Charged(kind, line, amount[chosen]) for (kind, line), amount in charges.items()]
    lines, starts = with_charges(statements, postings, position[index], closes_on, due["currency"][chosen], posted)
    statements["sha256"] = seal(statements, lines, starts)
    rows = Carried.together(carried)
    rows.account = position[rows.account]
    return Derived(statements, lines, starts, versions,
                   [(int(due["member_id"][i]), int(due["account_id"][i])) for i in np.flatnonzero(not_opened)],
                   refused, posted, rows, [(position[group], each) for group, each in traces])


def close_cycles(connection: Connection[Any], on: date, first_member_id: int, last_member_id: int,
                 parked: Collection[int], seal: Seal) -> Derived:
    """Close the cycles of a range of members that are due on a day: interest posted, statements sealed and written."""
    derived = derive_statements(connection, on, first_member_id, last_member_id, seal, parked)
    _move_anchor(connection, derived.not_opened)
    statements = derived.statements
    for version_id in np.unique(statements["terms_version_id"]).tolist():
        terms = next(each.terms for each in derived.versions if each.terms_version_id == version_id)
        of_version = statements["terms_version_id"] == version_id
        for each in derived.charges:
            if each.amount[of_version].any():
                post_charges(connection, each.kind, on, statements["member_id"][of_version],
                             statements["account_id"][of_version], each.amount[of_version],
                             CURRENCIES[terms.currency].numeric, version_id, charge_clause(terms, each.kind, each.line),
                             line=each.line)
    copy_in(connection, "statement", STATEMENT, statements)
    copy_in(connection, "carried", CARRIED_ROWS, carried_rows(derived))
    _mark_charged_off(connection, derived)
    return derived


def _mark_charged_off(connection: Connection[Any], derived: Derived) -> None:
    """Accounts that a closing charged off say so: fees are not charged to them any more."""
    rows, statements = derived.carried.of_kind(CHARGED_OFF), derived.statements
    if len(rows.account):
        connection.execute(
            "UPDATE card_account a SET status = 'charged_off'"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS n(member_id, account_id)"
            " WHERE a.member_id = n.member_id AND a.account_id = n.account_id AND a.status <> 'charged_off'",
            (statements["member_id"][rows.account].tolist(), statements["account_id"][rows.account].tolist()),
        )


def carried_rows(derived: Derived) -> Columns:
    """The rows of the table `carried` that belong to derived statements."""
    statements, rows = derived.statements, derived.carried
    line = np.arange(len(rows.account)) - np.searchsorted(rows.account, rows.account)
    return {
        **{name: statements[name][rows.account] for name in ("member_id", "account_id", "cycle_no")}, "line": line,
        **{name: getattr(rows, name) for name in CARRIED if name != "account_id"},
    }


def _move_anchor(connection: Connection[Any], not_opened: list[tuple[int, int]]) -> None:
    """Accounts with an empty first partial cycle count their closings from the next one."""
    if not_opened:
        connection.execute(
            "UPDATE card_account a SET anchor_on ="
            " (SELECT least(m::date + a.closing_day - 1, (m + interval '1 month')::date - 1)"
            " FROM (SELECT date_trunc('month', a.anchor_on::timestamp) + interval '1 month' AS m) AS next_month)"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS n(member_id, account_id)"
            " WHERE a.member_id = n.member_id AND a.account_id = n.account_id",
            ([member for member, _ in not_opened], [account for _, account in not_opened]),
        )
