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
from accounts.posting_types import (
    BY_CODE,
    CASH_ADVANCE_INTEREST,
    CHARGE_OFF,
    DEFERRED_INTEREST,
    INTEREST_TAX,
    MINIMUM_INTEREST,
    OVER_LIMIT_INTEREST,
    OWN_CHARGES,
    PURCHASE_INTEREST,
    RECOVERY,
    SEGMENT_INTEREST,
    PostingType,
)
from billing.account_events import read_arrangements
from billing.arrangements import Arrangement, Arrangements
from billing.balances import Int64Array
from billing.bearing import Before
from billing.carried import CHARGED_OFF, Carried
from billing.cells import FIRST, cells_of
from billing.charging import post_charges
from billing.cycle import Charged, ClosedCycle, CycleClosing, Events, Trace, close_cycle, needs_before
from billing.disputed_accounts import batch_of, placed, read_disputes
from billing.disputes import Dispute, Disputes
from billing.reading import (
    CARRIED,
    POSTINGS,
    alike,
    index_of,
    opening_state,
    read_carried,
    read_due_accounts,
    read_postings,
)
from billing.state import OpeningState
from billing.terms_book import TermsBook, VersionInForce
from billing.terms_by_day import TermsByDay
from fees.terms import Terms

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
#: What a closing charges of its own, once it has read the cycle.
CLOSING_CHARGES: tuple[PostingType, ...] = (
    PURCHASE_INTEREST, CASH_ADVANCE_INTEREST, OVER_LIMIT_INTEREST, SEGMENT_INTEREST, MINIMUM_INTEREST, DEFERRED_INTEREST,
    INTEREST_TAX, CHARGE_OFF, RECOVERY,
)
_CLOSING_CODES = [kind.code for kind in CLOSING_CHARGES]
#: The table `carried`.
CARRIED_ROWS: Spec = {
    "member_id": "bigint", "account_id": "bigint", "cycle_no": "integer", "line": "smallint",
    **{name: kind for name, kind in CARRIED.items() if name != "account_id"},
}


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


@dataclass
class ReadCycle:
    """What a closing is derived from: accounts due with their opening state, their postings, the approved terms.

    index: position in `due` of the account of each posting; carried: rows carried from the cycle before, their account an
    index into `due`; own: (index, type, amount) of what this closing itself had charged, left out of `postings`; arrangements,
    disputes: of the accounts, by their index into `due`.
    """

    on: date
    closes_on: date
    book: TermsBook
    due: Columns
    postings: Columns
    index: Int64Array
    carried: Carried
    own: tuple[Int64Array, Int64Array, Int64Array]
    arrangements: list[tuple[int, Arrangement]]
    disputes: list[tuple[int, Dispute]]


def read_cycle(connection: Connection[Any], on: date, first_member_id: int, last_member_id: int,
               parked: Collection[int] = (), account_id: int | None = None, as_of: date | None = None) -> ReadCycle:
    """Read what the closing of a day is derived from, for a range of members; see `derive_statements`."""
    closes_on = on if as_of is None else as_of
    book = TermsBook(connection)
    first_on = _first_business_day(connection)
    due = read_due_accounts(connection, on, first_member_id, last_member_id, book.products, first_on, list(parked), account_id)
    from_day = day_of(int(due["previous_closing"].min()) + 1) if len(due["account_id"]) else on
    postings = read_postings(connection, on, first_member_id, last_member_id, from_day, book.segments, account_id)
    index = index_of(due["account_id"], postings["account_id"])
    own = (postings["source_id"] == OWN_CHARGES) & (postings["posted_on"] == day_number(on)) & np.isin(
        postings["type"], _CLOSING_CODES) & (index >= 0)
    mine = (index >= 0) & ~own & (postings["posted_on"] <= day_number(closes_on))
    mine[mine] = postings["posted_on"][mine] > due["previous_closing"][index[mine]]
    return ReadCycle(on, closes_on, book, due, {name: column[mine] for name, column in postings.items()}, index[mine],
                     _carried(connection, on, first_member_id, last_member_id, account_id, due),
                     (index[own], postings["type"][own], postings["amount"][own]),
                     _arrangements(connection, due, first_member_id, last_member_id),
                     placed(read_disputes(connection, closes_on, first_member_id, last_member_id), due["account_id"]))


def _arrangements(connection: Connection[Any], due: Columns, first: int, last: int) -> list[tuple[int, Arrangement]]:
    rows = read_arrangements(connection, first, last)
    if not rows:
        return []
    place = index_of(due["account_id"], np.array([account for account, _ in rows], dtype=np.int64)).tolist()
    return [(at, each) for at, (_, each) in zip(place, rows, strict=True) if at >= 0]


def _carried(connection: Connection[Any], on: date, first: int, last: int, account_id: int | None, due: Columns) -> Carried:
    rows = read_carried(connection, on, first, last, account_id)
    place = index_of(due["account_id"], rows["account_id"])
    found = Carried(place, *(rows[name].astype(np.int64) for name in CARRIED if name != "account_id"))
    found = found.chosen(place >= 0)
    return found.chosen(np.argsort(found.account, kind="stable"))


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
    from billing.rebilled_closing import close_rebilled, rebilled_accounts  # they bill with the functions of this file

    on, book, due, postings, index = read.on, read.book, read.due, read.postings, read.index
    closes_on, count = read.closes_on, len(read.due["account_id"])
    not_opened = _not_opened(due, index, on)
    version_of, refused = _versions(book, due, not_opened)
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
    for part in _parts(connection, read, np.setdiff1d(chosen, rebilled), version_of, trace):
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
    statements = _statements(due, chosen, columns, version_of, closes_on)
    versions = [book.by_id(each) for each in statements["terms_version_id"].tolist()]
    position = np.full(count, -1, dtype=np.int64)
    position[chosen] = np.arange(len(chosen))
    posted = [Charged(kind, line, amount[chosen]) for (kind, line), amount in charges.items()]
    lines, starts = _with_charges(statements, postings, position[index], closes_on, due["currency"][chosen], posted)
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


def charge_clause(terms: Terms, kind: PostingType, line: int = 0) -> str:
    """The clause of the terms that a charge of a closing rests on; line: its line number in the ledger."""
    if kind is OVER_LIMIT_INTEREST:
        return terms.interest.over_limit.clause
    if kind is MINIMUM_INTEREST:
        return "interest.minimum_charge"
    if kind is INTEREST_TAX:
        return "fees.tax_on_charges"
    if kind in (CHARGE_OFF, RECOVERY):
        return "delinquency.charge_off"
    if line:
        return terms.interest.segment[line - 1].clause
    return next(row.clause for row in terms.interest.segment if row.name == kind.segment)


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
    month_before = np.array([0, *(day_number(months_later(on, -1, day)) for day in range(1, 32))], dtype=np.int64)
    partial = due["opened_on"] > month_before[due["closing_day"]] + 1
    not_opened: np.ndarray = (due["cycle_no"] == 1) & (due["last_cycle"] < 0) & partial & ~has_postings
    return not_opened


def _versions(book: TermsBook, due: Columns, not_opened: np.ndarray) -> tuple[Int64Array, list[tuple[int, int, str]]]:
    """The terms version of each account (0: none): the one in force on the first day of its cycle."""
    version_of = np.zeros(len(due["account_id"]), dtype=np.int64)
    refused: list[tuple[int, int, str]] = []
    opens = due["previous_closing"] + 1
    for (product, opening), same in alike(due["product"], opens):
        rows = np.zeros(len(opens), dtype=bool)
        rows[same] = ~not_opened[same]
        found = book.on(book.products[product - 1], day_of(opening)) if product else None
        if found is not None:
            version_of[rows] = found.terms_version_id
            continue
        name = book.products[product - 1] if product else "its product"
        refused += [(int(due["member_id"][i]), int(due["account_id"][i]),
                     f"{name} has no approved terms in force on {day_of(opening)}; load and approve them, then release it")
                    for i in np.flatnonzero(rows)]
    return version_of, refused


@dataclass
class _Part:
    """Accounts that are closed together: one terms version, closing day of month and, where the cycle before has to be seen,
    one previous closing. accounts: indexes into `due`."""

    accounts: Int64Array
    by_day: TermsByDay
    due_on: date
    state: OpeningState
    carried: Carried
    events: Events
    credit_limit: Int64Array
    arrangements: Arrangements | None
    disputes: Disputes | None
    before: Before | None = None

    def close(self, trace: Trace | None) -> ClosedCycle:
        return close_cycle(self.by_day, self.state, self.carried, self.events, self.credit_limit, self.before, trace,
                           self.arrangements, self.disputes)


def _parts(connection: Connection[Any], read: ReadCycle, chosen: Int64Array, version_of: Int64Array,
           traced: bool) -> list[_Part]:
    """Split the accounts to close into parts that the engine takes at once."""
    due, parts = read.due, []
    # Accounts about which something was agreed, or that dispute something, are closed apart: the others take the shorter way.
    apart = np.zeros(len(due["account_id"]), dtype=np.int64)
    apart[[account for account, _ in read.arrangements]] = 1
    apart[[account for account, _ in read.disputes]] += 2
    for (version_id, closing_day, _), same in alike(version_of[chosen], due["closing_day"][chosen], apart[chosen]):
        group = chosen[same]
        part = _part(read, version_id, closing_day, group)
        needed = needs_before(part.by_day, part.state, part.events, traced, part.arrangements, part.disputes)
        needed = needed[due["last_cycle"][group[needed]] > 0]
        if not needed.size:
            parts.append(part)
            continue
        for (previous_closing, _), same in alike(due["previous_closing"][group], due["previous_version"][group]):
            part = _part(read, version_id, closing_day, group[same])
            wanted = np.intersect1d(group[same], group[needed])
            if wanted.size:
                part.before = _before(connection, read, group[same], wanted, day_of(previous_closing))
            parts.append(part)
    return parts


def _part(read: ReadCycle, version_id: int, closing_day: int, group: Int64Array) -> _Part:
    due, postings, version = read.due, read.postings, read.book.by_id(version_id)
    place = np.full(len(due["account_id"]), -1, dtype=np.int64)
    place[group] = np.arange(len(group))
    of_group = place[read.index] >= 0
    events = Events(place[read.index][of_group], *(postings[name][of_group].astype(np.int64) for name in
                                                   ("type", "amount", "effective_on", "posted_on")))
    events.segment = read.book.segment_rows(version.terms)[postings["segment"][of_group]]
    carried = read.carried.of_accounts(group, len(due["account_id"]))
    carried.segment = _renumbered(read.book, carried, due["previous_version"][group], version.terms)
    by_day = TermsByDay(version.terms, read.closes_on, closing_day, read.book.history(version.product))
    return _Part(group, by_day, due_on(read.closes_on, version.terms.cycle), opening_state(due, group), carried, events,
                 due["credit_limit"][group],
                 Arrangements.of([(int(place[account]), each) for account, each in read.arrangements if place[account] >= 0],
                                 len(group)), batch_of(read.disputes, place, len(group)))


def _renumbered(book: TermsBook, carried: Carried, previous: Int64Array, terms: Terms) -> Int64Array:
    """Segments of carried rows, numbered as in the version of their statement, as the version in force numbers them."""
    cells, segment = cells_of(terms), carried.segment.copy()
    for version_id in np.unique(previous[carried.account]).tolist():
        if version_id and book.by_id(version_id).terms is not terms:
            rows = book.by_id(version_id).terms.interest.segment
            new_number = np.array([0, 1, *(cells.segment(row.name) for row in rows)], dtype=np.int64)
            mine = previous[carried.account] == version_id
            segment[mine] = new_number[np.minimum(segment[mine], FIRST + len(rows) - 1)]
    return segment


def _before(connection: Connection[Any], read: ReadCycle, batch: Int64Array, wanted: Int64Array, on: date) -> Before:
    """The cycle before, walked again from the books; batch: the accounts that are closed, wanted: those that need it."""
    due = read.due
    members = due["member_id"][wanted]
    account = int(due["account_id"][wanted[0]]) if len(wanted) == 1 else None
    earlier = read_cycle(connection, on, int(members.min()), int(members.max()), (), account)
    group = index_of(earlier.due["account_id"], due["account_id"][wanted])
    version_of, _ = _versions(earlier.book, earlier.due, np.zeros(len(earlier.due["account_id"]), dtype=bool))
    version_id, closing_day = int(version_of[group[0]]), int(earlier.due["closing_day"][group[0]])
    order = np.argsort(group)
    part = _part(earlier, version_id, closing_day, group[order])
    cycle = CycleClosing(part.by_day, part.state, part.carried, part.events, part.credit_limit,
                         arrangements=part.arrangements, disputes=part.disputes)
    place = np.full(len(earlier.due["account_id"]), -1, dtype=np.int64)
    place[group[order]] = np.arange(len(group))
    charged = {"interest": np.zeros(len(group), dtype=np.int64), "fees": np.zeros(len(group), dtype=np.int64)}
    index, types, amounts = earlier.own
    for figure, total in charged.items():
        mine = (place[index] >= 0) & np.isin(types, [code for code in _CLOSING_CODES if BY_CODE[code].figure == figure])
        np.add.at(total, place[index[mine]], amounts[mine])
    return Before(np.searchsorted(batch, wanted[order]), cycle.walked, cycle.cells, cycle.decided.in_time, charged["fees"],
                  charged["interest"], None if cycle.penalty is None else cycle.penalty.days)


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


def _with_charges(statements: Columns, postings: Columns, account: Int64Array, on: date, currency: Int64Array,
                  charges: list[Charged]) -> tuple[Columns, Int64Array]:
    """The statements' postings with the closing's own charges among them, in key order; and where each account's begin.

    account: position in `statements` of each posting (-1: not on one). Own charges come before file rows of the same day.
    """
    keep = account >= 0
    lines = {name: column[keep] for name, column in postings.items()}
    account = account[keep]
    if not charges:
        return lines, np.searchsorted(account, np.arange(len(statements["account_id"]) + 1)).astype(np.int64)
    where: list[Int64Array] = []
    added: dict[str, list[Int64Array]] = {name: [] for name in POSTINGS}
    closing = day_number(on)
    earlier = np.bincount(account[lines["posted_on"] < closing], minlength=len(statements["account_id"]))
    first_row = np.searchsorted(account, np.arange(len(statements["account_id"])))
    for each in charges:
        kind, charged = each.kind, np.flatnonzero(each.amount > 0)
        where.append(first_row[charged] + earlier[charged])
        values = {"member_id": statements["member_id"][charged], "account_id": statements["account_id"][charged],
                  "amount": each.amount[charged], "currency": currency[charged], "source_id": OWN_CHARGES,
                  "type": kind.code, "debit_account": kind.debit, "credit_account": kind.credit, "source_line": each.line,
                  "card_id": 0, "posted_on": closing, "effective_on": closing, "transaction_on": closing}
        for name in POSTINGS:
            added[name].append(np.broadcast_to(np.asarray(values[name]), (len(charged),)))
    at = np.concatenate(where)
    on_account = index_of(statements["account_id"], np.concatenate(added["account_id"]))
    order = np.lexsort((np.concatenate(added["type"]), on_account, at))
    merged = {name: np.insert(lines[name], at[order], np.concatenate(added[name])[order]) for name in POSTINGS}
    merged_account = np.insert(account, at[order], on_account[order])
    if any(each.line or each.kind is INTEREST_TAX for each in charges):
        # Other charges of the day may come before these.
        key = np.lexsort((*(merged[name] for name in ("type", "source_line", "source_id", "posted_on")), merged_account))
        merged = {name: column[key] for name, column in merged.items()}
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
