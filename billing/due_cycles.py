"""The cycles that are due on a day, read from the books and split into the parts that the engine closes at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from psycopg import Connection

from accounts.calendar import day_number, day_of, due_on, months_later
from accounts.columns import Columns
from accounts.posting_types import BY_CODE, OWN_CHARGES
from billing.account_events import read_arrangements
from billing.arrangements import Arrangement, Arrangements
from billing.balances import BoolArray, Int64Array
from billing.bearing import Before
from billing.carried import Carried
from billing.cells import FIRST, cells_of
from billing.closed_cycle import ClosedCycle, Trace
from billing.cycle import CycleClosing, close_cycle
from billing.disputed_accounts import batch_of, placed, read_disputes
from billing.disputes import Dispute, Disputes
from billing.grace import needs_before
from billing.postings import Events
from billing.reading import CARRIED, alike, index_of, opening_state, read_carried, read_due_accounts, read_postings
from billing.state import OpeningState
from billing.statement_rows import CLOSING_CHARGES
from billing.terms_book import TermsBook
from billing.terms_by_day import TermsByDay
from fees.terms import Terms

_CLOSING_CODES = [kind.code for kind in CLOSING_CHARGES]


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


def _first_business_day(connection: Connection[Any]) -> date:
    row = connection.execute("SELECT first_on FROM book").fetchone()
    return row[0] if row and row[0] else date(1970, 1, 2)


def not_opened_yet(due: Columns, index: Int64Array, on: date) -> np.ndarray:
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


def versions_in_force(book: TermsBook, due: Columns, not_opened: np.ndarray) -> tuple[Int64Array, list[tuple[int, int, str]]]:
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
class Part:
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


def parts_to_close(connection: Connection[Any], read: ReadCycle, chosen: Int64Array, version_of: Int64Array,
           traced: bool) -> list[Part]:
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


def _part(read: ReadCycle, version_id: int, closing_day: int, group: Int64Array) -> Part:
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
    state = opening_state(due, group, _asks_past_due(read.book, due["previous_version"][group]))
    return Part(group, by_day, due_on(read.closes_on, version.terms.cycle), state, carried, events,
                 due["credit_limit"][group],
                 Arrangements.of([(int(place[account]), each) for account, each in read.arrangements if place[account] >= 0],
                                 len(group)), batch_of(read.disputes, place, len(group)))


def _asks_past_due(book: TermsBook, previous: Int64Array) -> BoolArray:
    """Whether the minimum of statements of some versions asks for what is past due, too."""
    asks = np.zeros(len(previous), dtype=bool)
    for version_id in np.unique(previous).tolist():
        if version_id:
            asks |= (previous == version_id) & ("past_due" in book.by_id(version_id).terms.minimum_payment.add)
    return asks


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
    version_of, _ = versions_in_force(earlier.book, earlier.due, np.zeros(len(earlier.due["account_id"]), dtype=bool))
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
                  charged["interest"], cycle.penalty)
