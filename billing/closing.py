"""Closes the cycles due on a day: reads columns, runs the engine, posts interest, seals and writes statements.

`derive_statements` does all of it but the writing, so that what was issued can be derived again and compared.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
from psycopg import Connection

from accounts.calendar import day_number, day_of, due_on, months_later
from accounts.columns import Columns, Spec, copy_in
from accounts.money import CURRENCIES
from accounts.posting_types import CASH_ADVANCE_INTEREST, OVER_LIMIT_INTEREST, OWN_CHARGES, PURCHASE_INTEREST, PostingType
from billing.balances import Int64Array
from billing.charging import post_charges
from billing.cycle import Events, Trace, close_cycle, paid_in_full
from billing.reading import POSTINGS, index_of, opening_state, read_due_accounts, read_earlier_purchases, read_postings
from billing.terms_book import TermsBook, VersionInForce

Seal = Callable[[Columns, Columns, Int64Array], npt.NDArray[np.uint8]]

STATEMENT: Spec = {
    "member_id": "bigint", "account_id": "bigint", "cycle_no": "integer", "opens_on": "date", "closes_on": "date",
    "due_on": "date", "terms_version_id": "integer", "credit_limit": "bigint", "previous_balance": "bigint",
    "payments": "bigint", "credits": "bigint", "purchases": "bigint", "cash_advances": "bigint",
    "balance_transfers": "bigint", "fees": "bigint", "interest": "bigint", "waivers": "bigint", "adjustments": "bigint",
    "new_balance": "bigint", "minimum_payment_due": "bigint", "past_due": "bigint", "over_limit": "bigint",
    "days_past_due": "integer", "grace": "smallint", "purchase_balance_days": "bigint", "purchase_interest": "bigint",
    "cash_balance_days": "bigint", "cash_interest": "bigint", "over_limit_balance_days": "bigint",
    "over_limit_interest": "bigint", "year_interest": "bigint", "year_fees": "bigint", "revolving": "bigint",
    "billed": "bigint", "cash": "bigint", "unpaid_interest": "bigint", "unpaid_fees": "bigint",
    "billed_balance_days": "bigint", "oldest_unpaid_due_on": "date", "sha256": "digest", "previous_sha256": "digest",
}
#: What a closing charges: posting type, statement column, and the key of the terms that names its clause.
INTEREST_CHARGES: tuple[tuple[PostingType, str], ...] = (
    (PURCHASE_INTEREST, "purchase_interest"), (CASH_ADVANCE_INTEREST, "cash_interest"),
    (OVER_LIMIT_INTEREST, "over_limit_interest"),
)


@dataclass
class Derived:
    """The statements of one closing day for a range of members, as derived from state, postings and terms.

    statements: columns STATEMENT, one row an account in (member, account) order; postings: columns of billing.reading.POSTINGS
    of those statements in key order, the interest charged at the closing among them; starts: where each account's begin;
    versions: the terms version of each; not_opened: accounts that have nothing on their first, partial cycle yet;
    refused: (member_id, account_id, reason) of accounts that cannot be billed.
    """

    statements: Columns
    postings: Columns
    starts: Int64Array
    versions: list[VersionInForce]
    not_opened: list[tuple[int, int]]
    refused: list[tuple[int, int, str]]
    traces: dict[int, tuple[Int64Array, Trace]]


@dataclass
class ReadCycle:
    """What a closing is derived from: accounts due with their opening state, their postings, the approved terms.

    index: position in `due` of the account of each posting.
    """

    on: date
    closes_on: date
    book: TermsBook
    due: Columns
    postings: Columns
    index: Int64Array


def read_cycle(connection: Connection[Any], on: date, first_member_id: int, last_member_id: int,
               parked: Collection[int] = (), account_id: int | None = None, as_of: date | None = None) -> ReadCycle:
    """Read what the closing of a day is derived from, for a range of members; see `derive_statements`."""
    closes_on = on if as_of is None else as_of
    book = TermsBook(connection)
    first_on = _first_business_day(connection)
    due = read_due_accounts(connection, on, first_member_id, last_member_id, book.products, first_on, list(parked), account_id)
    from_day = day_of(int(due["previous_closing"].min()) + 1) if len(due["account_id"]) else on
    postings = read_postings(connection, on, first_member_id, last_member_id, from_day, account_id)
    index = index_of(due["account_id"], postings["account_id"])
    own_interest = (postings["source_id"] == OWN_CHARGES) & (postings["posted_on"] == day_number(on)) & np.isin(
        postings["type"], [kind.code for kind, _ in INTEREST_CHARGES])
    mine = (index >= 0) & ~own_interest & (postings["posted_on"] <= day_number(closes_on))
    mine[mine] = postings["posted_on"][mine] > due["previous_closing"][index[mine]]
    return ReadCycle(on, closes_on, book, due, {name: column[mine] for name, column in postings.items()}, index[mine])


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
    """Derive statements from what was read. The connection serves one more read, of the purchases that lost their grace,
    where the terms charge only what was unpaid of them."""
    on, book, due, postings, index = read.on, read.book, read.due, read.postings, read.index
    closes_on, count = read.closes_on, len(read.due["account_id"])
    not_opened = _not_opened(due, index, on)
    version_of, refused = _versions(book, due, not_opened)
    chosen = np.flatnonzero(version_of > 0)
    columns: Columns = {}
    traces: dict[int, tuple[Int64Array, Trace]] = {}
    for version_id in np.unique(version_of[chosen]).tolist():
        group = chosen[version_of[chosen] == version_id]
        tracing = Trace() if trace else None
        closed = _close_group(connection, book.by_id(version_id), due, group, postings, index, closes_on, tracing)
        for name, column in closed.items():
            columns.setdefault(name, np.zeros(count, dtype=column.dtype))[group] = column
        if tracing is not None:
            traces[version_id] = (group, tracing)
    statements = _statements(due, chosen, columns, version_of, closes_on)
    versions = [book.by_id(each) for each in statements["terms_version_id"].tolist()]
    position = np.full(count, -1, dtype=np.int64)
    position[chosen] = np.arange(len(chosen))
    lines, starts = _with_interest(statements, postings, position[index], closes_on, due["currency"][chosen])
    statements["sha256"] = seal(statements, lines, starts)
    return Derived(statements, lines, starts, versions,
                   [(int(due["member_id"][i]), int(due["account_id"][i])) for i in np.flatnonzero(not_opened)],
                   refused, {key: (position[group], each) for key, (group, each) in traces.items()})


def close_cycles(connection: Connection[Any], on: date, first_member_id: int, last_member_id: int,
                 parked: Collection[int], seal: Seal) -> Derived:
    """Close the cycles of a range of members that are due on a day: interest posted, statements sealed and written."""
    derived = derive_statements(connection, on, first_member_id, last_member_id, seal, parked)
    _move_anchor(connection, derived.not_opened)
    statements = derived.statements
    for version_id in np.unique(statements["terms_version_id"]).tolist():
        terms = next(each.terms for each in derived.versions if each.terms_version_id == version_id)
        of_version = statements["terms_version_id"] == version_id
        for kind, column in INTEREST_CHARGES:
            post_charges(connection, kind, on, statements["member_id"][of_version], statements["account_id"][of_version],
                         statements[column][of_version], CURRENCIES[terms.currency].numeric, version_id,
                         interest_clause(terms, kind))
    copy_in(connection, "statement", STATEMENT, statements)
    return derived


def interest_clause(terms: Any, kind: PostingType) -> str:
    """The clause of the terms that an interest charge rests on."""
    if kind is OVER_LIMIT_INTEREST:
        return str(terms.interest.over_limit.clause)
    return str(next(row.clause for row in terms.interest.segment if row.name == kind.segment))


def _first_business_day(connection: Connection[Any]) -> date:
    row = connection.execute("SELECT first_on FROM book").fetchone()
    return row[0] if row and row[0] else date(1970, 1, 2)


def _not_opened(due: Columns, index: Int64Array, on: date) -> np.ndarray:
    """Accounts opened inside the cycle with nothing on it yet: their first cycle runs on to the next closing.

    Nobody wants an empty statement for the few days between opening and the first closing.
    """
    count = len(due["account_id"])
    has_postings = np.zeros(count, dtype=bool)
    has_postings[index] = True
    partial = due["opened_on"] > day_number(months_later(on, -1, on.day)) + 1
    not_opened: np.ndarray = (due["cycle_no"] == 1) & (due["last_cycle"] < 0) & partial & ~has_postings
    return not_opened


def _versions(book: TermsBook, due: Columns, not_opened: np.ndarray) -> tuple[Int64Array, list[tuple[int, int, str]]]:
    """The terms version of each account (0: none): the one in force on the first day of its cycle."""
    version_of = np.zeros(len(due["account_id"]), dtype=np.int64)
    refused: list[tuple[int, int, str]] = []
    opens = due["previous_closing"] + 1
    pairs = np.stack([due["product"], opens], axis=1) if len(opens) else np.zeros((0, 2), dtype=np.int64)
    for product, opening in np.unique(pairs, axis=0).tolist():
        rows = (due["product"] == product) & (opens == opening) & ~not_opened
        found = book.on(book.products[product - 1], day_of(opening)) if product else None
        if found is not None:
            version_of[rows] = found.terms_version_id
            continue
        name = book.products[product - 1] if product else "its product"
        refused += [(int(due["member_id"][i]), int(due["account_id"][i]),
                     f"{name} has no approved terms in force on {day_of(opening)}; load and approve them, then release it")
                    for i in np.flatnonzero(rows)]
    return version_of, refused


def _close_group(connection: Connection[Any], version: VersionInForce, due: Columns, group: Int64Array, postings: Columns,
                 index: Int64Array, on: date, trace: Trace | None) -> dict[str, Int64Array]:
    """Run the engine over the accounts of one terms version."""
    terms, digits = version.terms, CURRENCIES[version.terms.currency].digits
    place = np.full(len(due["account_id"]), -1, dtype=np.int64)
    place[group] = np.arange(len(group))
    of_group = place[index] >= 0
    events = Events(place[index][of_group], *(postings[name][of_group].astype(np.int64) for name in
                                              ("type", "amount", "effective_on", "posted_on")))
    state = opening_state(due, group)
    earlier = Events.none()
    if terms.interest.grace_lost_charges == "unpaid":
        lost = np.flatnonzero(~paid_in_full(terms, state, events, digits) & (state.billed > 0))
        found = read_earlier_purchases(connection, due, group[lost])
        earlier = Events(lost[found.account], found.type, found.amount, found.effective_on, found.posted_on)
    closed = close_cycle(terms, state, events, day_number(on), due["credit_limit"][group], digits, earlier, trace)
    return {**closed.columns, "due_on": np.full(len(group), day_number(due_on(on, terms.cycle)), dtype=np.int32)}


def _statements(due: Columns, chosen: Int64Array, columns: Columns, version_of: Int64Array, on: date) -> Columns:
    """The statement rows, seal still open."""
    rows: Columns = {name: column[chosen] for name, column in columns.items()}
    for name in STATEMENT:
        rows.setdefault(name, np.zeros(len(chosen), dtype=np.int64))
    rows["member_id"], rows["account_id"] = due["member_id"][chosen], due["account_id"][chosen]
    # A first cycle that ran on past an empty partial one keeps its number: it is the account's first statement.
    rows["cycle_no"] = due["cycle_no"][chosen]
    rows["opens_on"] = due["previous_closing"][chosen] + 1
    rows["closes_on"] = np.full(len(chosen), day_number(on), dtype=np.int32)
    rows["terms_version_id"], rows["credit_limit"] = version_of[chosen], due["credit_limit"][chosen]
    rows["previous_sha256"] = due["previous_sha256"][chosen]
    return rows


def _with_interest(statements: Columns, postings: Columns, account: Int64Array, on: date,
                   currency: Int64Array) -> tuple[Columns, Int64Array]:
    """The statements' postings with the closing's own interest among them, in key order; and where each account's begin.

    account: position in `statements` of each posting (-1: not on one). Own charges come before file rows of the same day.
    """
    keep = account >= 0
    lines = {name: column[keep] for name, column in postings.items()}
    account = account[keep]
    where, added = [], {name: [] for name in POSTINGS}  # type: ignore[var-annotated]
    closing = day_number(on)
    earlier = np.bincount(account[lines["posted_on"] < closing], minlength=len(statements["account_id"]))
    first_row = np.searchsorted(account, np.arange(len(statements["account_id"])))
    for kind, column in INTEREST_CHARGES:
        charged = np.flatnonzero(statements[column] > 0)
        where.append(first_row[charged] + earlier[charged])
        values = {"member_id": statements["member_id"][charged], "account_id": statements["account_id"][charged],
                  "amount": statements[column][charged], "currency": currency[charged], "source_id": OWN_CHARGES,
                  "type": kind.code, "debit_account": kind.debit, "credit_account": kind.credit, "source_line": 0,
                  "card_id": 0, "posted_on": closing, "effective_on": closing, "transaction_on": closing}
        for name in POSTINGS:
            added[name].append(np.broadcast_to(np.asarray(values[name]), (len(charged),)))
    at = np.concatenate(where)
    on_account = index_of(statements["account_id"], np.concatenate(added["account_id"]))
    order = np.lexsort((np.concatenate(added["type"]), on_account, at))
    merged = {name: np.insert(lines[name], at[order], np.concatenate(added[name])[order]) for name in POSTINGS}
    merged_account = np.insert(account, at[order], on_account[order])
    starts = np.searchsorted(merged_account, np.arange(len(statements["account_id"]) + 1))
    return merged, starts.astype(np.int64)


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
