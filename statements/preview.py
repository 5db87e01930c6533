"""The open cycle of one account as if it closed on a day: the statement to come, marked as a draft. Reads; writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
from psycopg import Connection
from psycopg.rows import dict_row

from accounts.calendar import closing_on, cycle_number, day_number, day_of, due_on
from accounts.errors import Usage
from accounts.posting_types import OWN_CHARGES
from billing.balances import Int64Array
from billing.closing import INTEREST_CHARGES, interest_clause
from billing.cycle import NEVER, CycleClosing, Events, OpeningState
from billing.reading import STATE, read_earlier_purchases
from billing.terms_book import TermsBook
from fees.terms import Terms
from statements.facts import AccountKey, PostingLine, StatementFacts, StatementReader, account_key


class NothingOpen(Usage):
    """A day on which the account has no open cycle to be previewed."""


_ACCOUNT = """
SELECT card_account.*, book.first_on, book.closed_through, member.name AS holder, member.language,
       org_unit.name AS org_unit
FROM card_account
JOIN member USING (member_id)
LEFT JOIN org_unit ON org_unit.org_unit_id = coalesce(card_account.org_unit_id, member.org_unit_id)
CROSS JOIN book
WHERE card_account.member_id = %s AND card_account.account_id = %s
"""
_LAST_STATEMENT = "SELECT * FROM statement WHERE member_id = %s AND account_id = %s ORDER BY cycle_no DESC LIMIT 1"


class OpenCycle(CycleClosing):
    """A cycle closed before its day: while the last statement can still be paid in time, nothing of it counts as missed."""

    def close(self) -> Any:
        """The figures as they stand; grace is not lost before the due date and its tolerance have passed."""
        if self._still_in_time():
            self.kept[:] = True
        return super().close()

    def _past_due(self, new_balance: Int64Array) -> tuple[Int64Array, Int64Array]:
        if not self._still_in_time():
            return super()._past_due(new_balance)
        past_due = np.clip(self.state.past_due - self.received_before, 0, np.maximum(new_balance, 0))
        return past_due, np.where(past_due > 0, self.state.oldest_unpaid_due_on, NEVER)

    def _still_in_time(self) -> bool:
        return self.closes_on < int(self.cut[0])


def preview_facts(connection: Connection[Any], account: str, as_of: date | None = None) -> StatementFacts:
    """The facts of the statement that an account would get if its cycle closed on a day.

    as_of: the last business day that was closed where none is given. Postings up to it count, charges that later days would
    bring do not. Raises UnknownAccount, or NothingOpen where the day is before the open cycle.
    """
    key = account_key(connection, account)
    with connection.cursor(row_factory=dict_row) as cursor:
        about = cursor.execute(_ACCOUNT, (key.member_id, key.account_id)).fetchone()
        last = cursor.execute(_LAST_STATEMENT, (key.member_id, key.account_id)).fetchone()
    assert about is not None
    closes_on = as_of or about["closed_through"]
    if closes_on is None:
        raise NothingOpen("the book has closed no business day yet; say with --as-of which day to preview")
    opens_on = last["closes_on"] + timedelta(days=1) if last else max(about["opened_on"], about["first_on"] or date.min)
    if closes_on < opens_on:
        raise NothingOpen(f"account {account} has no open cycle on {closes_on}: its open cycle began on {opens_on}")
    version = TermsBook(connection).on(about["product"], opens_on)
    if version is None:
        raise NothingOpen(f"product {about['product']} has no approved terms on {opens_on}; load and approve them first")
    reader = StatementReader(connection)
    cycle = {"member_id": key.member_id, "account_id": key.account_id, "opens_on": opens_on, "closes_on": closes_on}
    postings = reader.postings([cycle])[1]
    terms = version.terms
    figures = _figures(connection, key, terms, about["credit_limit"], last, postings, opens_on, closes_on)
    row = {
        **about, **cycle, "cycle_no": _cycle_number(about, last, closes_on), "due_on": due_on(closes_on, terms.cycle),
        "terms_version_id": version.terms_version_id, "sha256": None,
        "previous_sha256": last["sha256"] if last else bytes(32), **figures,
    }
    lines = [*postings, *_interest_to_come(row, terms, about["currency"])]
    return reader.facts(row, lines, reader.cards({"members": [key.member_id], "accounts": [key.account_id]})[1])


def _cycle_number(about: Mapping[str, Any], last: Mapping[str, Any] | None, closes_on: date) -> int:
    if last is not None:
        return int(last["cycle_no"]) + 1
    month = cycle_number(about["anchor_on"], closes_on)
    return max(1, month if closing_on(about["anchor_on"], month, about["closing_day"]) >= closes_on else month + 1)


def _figures(connection: Connection[Any], key: AccountKey, terms: Terms, credit_limit: int, last: Mapping[str, Any] | None,
             postings: Sequence[PostingLine], opens_on: date, closes_on: date) -> dict[str, Any]:
    """The figures of the cycle, by the engine that closes cycles."""
    earlier = Events.none()
    if last is not None and terms.interest.grace_lost_charges == "unpaid":
        window = {"member_id": [key.member_id], "account_id": [key.account_id],
                  "previous_opening": [day_number(last["opens_on"])], "previous_closing": [day_number(last["closes_on"])]}
        columns = {name: np.array(values, dtype=np.int64) for name, values in window.items()}
        earlier = read_earlier_purchases(connection, columns, np.zeros(1, dtype=np.int64))
    closed = OpenCycle(terms, _state(last, opens_on), _events(postings), day_number(closes_on),
                       np.array([credit_limit], dtype=np.int64), terms.digits, earlier, None).close()
    figures: dict[str, Any] = {name: int(column[0]) for name, column in closed.columns.items()}
    figures["oldest_unpaid_due_on"] = day_of(figures["oldest_unpaid_due_on"])
    return figures


def _interest_to_come(row: Mapping[str, Any], terms: Terms, currency: int) -> list[PostingLine]:
    """What the closing would charge as interest, as the postings that it would make."""
    on = row["closes_on"]
    return [
        PostingLine(on, OWN_CHARGES, 0, kind.code, kind.debit, kind.credit, currency, row[column], on, on, None,
                    row["terms_version_id"], interest_clause(terms, kind))
        for kind, column in INTEREST_CHARGES if row[column]
    ]


def _state(last: Mapping[str, Any] | None, opens_on: date) -> OpeningState:
    before = np.array([day_number(opens_on) - 1], dtype=np.int64)
    if last is None:
        return OpeningState.of_new_accounts(before)
    carried = {name: last[name] for name in STATE if name not in ("previous_opening", "previous_closing")}
    return OpeningState(previous_closing=before, **{
        name: np.array([day_number(value) if isinstance(value, date) else value], dtype=np.int64)
        for name, value in carried.items()
    })


def _events(postings: Sequence[PostingLine]) -> Events:
    def column(values: list[int]) -> Int64Array:
        return np.array(values, dtype=np.int64)

    return Events(
        column([0] * len(postings)), column([each.type for each in postings]), column([each.amount for each in postings]),
        column([day_number(each.effective_on) for each in postings]),
        column([day_number(each.posted_on) for each in postings]),
    )
