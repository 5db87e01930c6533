"""The books as a journal for outside tools: opened accounts, postings and the balance of every closing, in order of days.

Read from the database as a stream: a journal may be longer than memory.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from accounts.errors import Usage
from accounts.money import BY_NUMERIC, Currency, major_units
from accounts.posting_types import BY_CODE, HOUSE, PREPAID_VALUE, RECEIVABLE
from reports.asking import days_of_book

#: Rows fetched from the database at a time.
ROWS_AT_A_TIME = 5_000


@dataclass(frozen=True, slots=True)
class OpenedAccount:
    """A card account, a ledger account of its own in the journal; on: the first day it may be used.

    ledger: the line of the chart that it stands under, receivable or prepaid value.
    """

    on: date
    account: str
    ledger: int
    currency: Currency


@dataclass(frozen=True, slots=True)
class JournalPosting:
    """One posting with both of its sides; an account carried over from before the journal's first day has only a balance.

    debit, credit: numbers in the chart of accounts. amount: minor units, > 0. facts: what else is known, by column name.
    """

    on: date
    account: str
    type: str
    debit: int
    credit: int
    amount: int
    currency: Currency
    facts: Mapping[str, Any]

    @property
    def amount_text(self) -> str:
        return major_units(self.amount, self.currency.digits)


@dataclass(frozen=True, slots=True)
class ClosingBalance:
    """What a card account owes at the end of a closing day, by its statement; minor units."""

    on: date
    account: str
    ledger: int
    balance: int
    currency: Currency

    @property
    def balance_text(self) -> str:
        return major_units(self.balance, self.currency.digits)


@dataclass(frozen=True, slots=True)
class BroughtForward:
    """What a card account owed before the journal's first day; minor units."""

    on: date
    account: str
    ledger: int
    balance: int
    currency: Currency


JournalEntry = BroughtForward | JournalPosting | ClosingBalance


@dataclass(frozen=True)
class JournalPeriod:
    """The days of a journal, both included; `from_on` is None where it begins with the book."""

    from_on: date | None
    to_on: date


#: Every card account that has been opened or posted to by the last day, with the first day it is used.
ACCOUNTS = """
    SELECT account.account, account.currency, account.prepaid,
           least(account.opened_on, first.posted_on, coalesce(%(from_on)s::date, account.opened_on)) AS first_on
    FROM card_account account
    LEFT JOIN (SELECT member_id, account_id, min(posted_on) AS posted_on FROM posting GROUP BY member_id, account_id) first
        USING (member_id, account_id)
    WHERE least(account.opened_on, first.posted_on) <= %(to_on)s::date
    ORDER BY account.member_id, account.account_id
"""

#: What each account owed before the journal's first day.
BALANCES_BEFORE = """
    SELECT account.account, account.currency, account.prepaid,
           sum(CASE WHEN posting.debit_account < %(house)s THEN posting.amount ELSE -posting.amount END)::bigint AS balance
    FROM posting JOIN card_account account USING (member_id, account_id)
    WHERE posting.posted_on < %(from_on)s::date
    GROUP BY account.member_id, account.account_id, account.account, account.currency, account.prepaid
    HAVING sum(CASE WHEN posting.debit_account < %(house)s THEN posting.amount ELSE -posting.amount END) <> 0
    ORDER BY account.member_id, account.account_id
"""

#: Every posting of the period, in the order of days and of the books.
POSTINGS = """
    SELECT account.account, posting.posted_on, posting.type, posting.debit_account, posting.credit_account,
           posting.currency, posting.amount, posting.transaction_on, posting.effective_on, source.name AS source,
           posting.source_line AS line, posting.source_ref AS ref, posting.merchant, posting.mcc, posting.category,
           posting.channel, posting.description, posting.clause, card.card,
           terms.product || '@' || terms.in_force_from AS terms
    FROM posting
    JOIN card_account account USING (member_id, account_id)
    LEFT JOIN source ON source.source_id = posting.source_id
    LEFT JOIN card ON card.member_id = posting.member_id AND card.account_id = posting.account_id
        AND card.card_id = posting.card_id
    LEFT JOIN terms_version terms ON terms.terms_version_id = posting.terms_version_id
    WHERE posting.posted_on BETWEEN coalesce(%(from_on)s::date, '-infinity') AND %(to_on)s::date
    ORDER BY posting.posted_on, posting.member_id, posting.account_id, posting.source_id, posting.source_line, posting.type
"""

#: The balance that every statement of the period closes with.
CLOSINGS = """
    SELECT account.account, account.prepaid, statement.closes_on, statement.new_balance, account.currency
    FROM statement JOIN card_account account USING (member_id, account_id)
    WHERE statement.cycle_no > 0
        AND statement.closes_on BETWEEN coalesce(%(from_on)s::date, '-infinity') AND %(to_on)s::date
    ORDER BY statement.closes_on, statement.member_id, statement.account_id
"""

_FACTS = ("transaction_on", "effective_on", "source", "line", "ref", "card", "merchant", "mcc", "category", "channel",
          "description", "terms", "clause")


def journal_period(connection: Connection[Any], from_on: date | None, to_on: date | None) -> JournalPeriod:
    """The days to write: no further than the last closed business day, whose books can change no more.

    Raises Usage where no day is closed yet or the days run backwards.
    """
    _, closed_through = days_of_book(connection)
    if closed_through is None:
        raise Usage("no business day is closed yet, so there is no journal to write; close days with `cardwright run`")
    last_on = min(to_on, closed_through) if to_on is not None else closed_through
    if from_on is not None and from_on > last_on:
        raise Usage(f"the journal would run backwards, from {from_on} to {last_on}; "
                    f"give --from a day up to {last_on} (days are closed through {closed_through})")
    return JournalPeriod(from_on, last_on)


def currencies_of_book(connection: Connection[Any]) -> list[Currency]:
    """The currencies that card accounts are kept in."""
    rows = connection.execute("SELECT DISTINCT currency FROM card_account ORDER BY currency")
    return sorted((BY_NUMERIC[row[0]] for row in rows), key=lambda each: each.code)


def opened_accounts(connection: Connection[Any], period: JournalPeriod) -> Iterator[OpenedAccount]:
    """Every card account of the journal, before anything is posted to it."""
    for row in _stream(connection, "journal_accounts", ACCOUNTS, _days(period)):
        yield OpenedAccount(row["first_on"], row["account"], _ledger(row), BY_NUMERIC[row["currency"]])


def journal_entries(connection: Connection[Any], period: JournalPeriod) -> Iterator[JournalEntry]:
    """Everything of the period in order of days; the balances of a closing day after all its postings."""
    return heapq.merge(_brought_forward(connection, period), _postings(connection, period), _closings(connection, period),
                       key=_place)


def _place(entry: JournalEntry) -> tuple[date, int]:
    rank = {BroughtForward: 0, JournalPosting: 1, ClosingBalance: 2}
    return entry.on, rank[type(entry)]


def _brought_forward(connection: Connection[Any], period: JournalPeriod) -> Iterator[BroughtForward]:
    if period.from_on is None:
        return
    for row in _stream(connection, "journal_before", BALANCES_BEFORE, {**_days(period), "house": HOUSE}):
        yield BroughtForward(period.from_on, row["account"], _ledger(row), row["balance"], BY_NUMERIC[row["currency"]])


def _postings(connection: Connection[Any], period: JournalPeriod) -> Iterator[JournalPosting]:
    for row in _stream(connection, "journal_postings", POSTINGS, _days(period)):
        posting_type = BY_CODE.get(row["type"])
        yield JournalPosting(
            row["posted_on"], row["account"], posting_type.name if posting_type else str(row["type"]), row["debit_account"],
            row["credit_account"], row["amount"], BY_NUMERIC[row["currency"]], {name: row[name] for name in _FACTS},
        )


def _closings(connection: Connection[Any], period: JournalPeriod) -> Iterator[ClosingBalance]:
    for row in _stream(connection, "journal_closings", CLOSINGS, _days(period)):
        yield ClosingBalance(row["closes_on"], row["account"], _ledger(row), row["new_balance"], BY_NUMERIC[row["currency"]])


def _ledger(row: Mapping[str, Any]) -> int:
    return PREPAID_VALUE if row["prepaid"] else RECEIVABLE


def _days(period: JournalPeriod) -> dict[str, Any]:
    return {"from_on": period.from_on, "to_on": period.to_on}


def _stream(connection: Connection[Any], name: str, query: str, parameters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    with connection.cursor(name, row_factory=dict_row) as cursor:
        cursor.itersize = ROWS_AT_A_TIME
        yield from cursor.execute(query, parameters)
