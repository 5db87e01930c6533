"""Reads issued statements from the books, as facts: one, an account's, or many, in account and closing order.

A few queries for a batch of accounts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from accounts.directory import UnknownAccount
from accounts.errors import Usage
from accounts.money import BY_NUMERIC
from accounts.posting_types import OPENINGS
from billing.arrangements import HARDSHIP, Arrangement
from billing.instalment_plans import plans_to_come
from billing.instalments import BilledPlans
from billing.rates_borne import RateBorne, rates_borne_of, with_several_rates
from billing.terms_book import TermsBook
from statements.facts import TOLD, CardFacts, CarriedRow, Letterhead, PostingLine, StatementFacts, bears_interest, cards_shown


class NotIssued(Usage):
    """A statement that was asked for and never issued; says which there are."""

    def __init__(self, account: str, closes_on: date | None, issued: Sequence[date]) -> None:
        if not issued:
            there_are = "none has been issued yet: the first comes when its first cycle closes (see `cardwright run`)"
        elif len(issued) > 6:
            there_are = f"there are {len(issued)}, from {issued[0]} to {issued[-1]}"
        else:
            there_are = "there are those of " + ", ".join(map(str, issued))
        asked = f"no statement of {closes_on}" if closes_on else "no statement"
        super().__init__(f"account {account} has {asked}; {there_are}")
        self.account, self.closes_on, self.issued = account, closes_on, issued


@dataclass(frozen=True, slots=True)
class AccountKey:
    """Where an account lies in the books, and the code that the outside world knows it by."""

    account: str
    member_id: int
    account_id: int


#: Accounts are read so many at a time: large enough that queries do not count, small enough that memory does not.
BATCH = 500

_ACCOUNT = "SELECT account, member_id, account_id FROM account_directory WHERE account = %s"
_ACCOUNTS = 'SELECT account, member_id, account_id FROM account_directory ORDER BY account COLLATE "C"'
_CLOSINGS = """
SELECT closes_on FROM statement WHERE member_id = %s AND account_id = %s AND cycle_no > 0 ORDER BY cycle_no
"""
_CARRIED = """
SELECT asked.place, carried.kind, carried.segment, nullif(carried.ends_on, '1970-01-01'), carried.amount, carried.balance_days,
       nullif(carried.began_on, '1970-01-01')
FROM unnest(%(member_id)s::bigint[], %(account_id)s::bigint[], %(cycle_no)s::int[]) WITH ORDINALITY
     AS asked (member_id, account_id, cycle_no, place)
JOIN carried USING (member_id, account_id, cycle_no) WHERE carried.kind = ANY(%(kinds)s) ORDER BY asked.place, carried.line
"""
# Cycle 0 holds the opening state of an account taken over already under way: it was never issued.
_STATEMENTS = """
SELECT statement.*, card_account.account, card_account.currency, member.name AS holder, member.language,
       org_unit.name AS org_unit
FROM unnest(%(members)s::bigint[], %(accounts)s::bigint[]) WITH ORDINALITY AS asked (member_id, account_id, place)
JOIN statement USING (member_id, account_id)
JOIN card_account USING (member_id, account_id)
JOIN member USING (member_id)
LEFT JOIN org_unit ON org_unit.org_unit_id = coalesce(card_account.org_unit_id, member.org_unit_id)
WHERE statement.cycle_no > 0 AND statement.closes_on BETWEEN %(from_on)s AND %(to_on)s
ORDER BY asked.place, statement.cycle_no
"""
_POSTINGS = """
SELECT asked.place, posting.posted_on, source_id, source_line, type, debit_account, credit_account, currency, amount,
       effective_on, transaction_on, card_id, terms_version_id, clause, source_ref, merchant, description
FROM unnest(%(members)s::bigint[], %(accounts)s::bigint[], %(opens)s::date[], %(closes)s::date[])
     WITH ORDINALITY AS asked (member_id, account_id, opens_on, closes_on, place)
JOIN posting USING (member_id, account_id)
WHERE posting.posted_on BETWEEN asked.opens_on AND asked.closes_on AND posting.type <> ALL(%(opening_types)s::smallint[])
ORDER BY asked.place, posting.posted_on, source_id, source_line, type
"""
_HARDSHIP = """
SELECT asked.place, e.kind, e.from_on, e.until_on, e.annual_rate
FROM unnest(%(member_id)s::bigint[], %(account_id)s::bigint[], %(closes_on)s::date[]) WITH ORDINALITY
     AS asked (member_id, account_id, closes_on, place)
JOIN account_event e USING (member_id, account_id)
WHERE e.kind = %(kind)s AND asked.closes_on BETWEEN e.from_on AND e.until_on
"""
_CARDS = """
SELECT asked.place, card_id, card, kind, issued_on, pan_last4, replaces_card_id, holder
FROM unnest(%(members)s::bigint[], %(accounts)s::bigint[]) WITH ORDINALITY AS asked (member_id, account_id, place)
JOIN card USING (member_id, account_id)
ORDER BY asked.place, card_id
"""


def account_key(connection: Connection[Any], account: str) -> AccountKey:
    """Finds an account by its code; raises UnknownAccount."""
    found = connection.execute(_ACCOUNT, (account,)).fetchone()
    if found is None:
        raise UnknownAccount(account)
    return AccountKey(*found)


def closings(connection: Connection[Any], key: AccountKey) -> list[date]:
    """Closing dates of the statements issued to an account, oldest first."""
    return [row[0] for row in connection.execute(_CLOSINGS, (key.member_id, key.account_id)).fetchall()]


def statement_facts(connection: Connection[Any], account: str, closes_on: date | None = None) -> StatementFacts:
    """The facts of one issued statement, the latest where no closing date is given.

    Raises UnknownAccount or NotIssued.
    """
    key = account_key(connection, account)
    issued = closings(connection, key)
    asked = closes_on or (issued[-1] if issued else None)
    if asked is None or asked not in issued:
        raise NotIssued(account, closes_on, issued)
    return StatementReader(connection).of_accounts([key], asked, asked)[0]


def account_facts(connection: Connection[Any], account: str) -> list[StatementFacts]:
    """The facts of every statement issued to one account, oldest first; raises UnknownAccount or NotIssued."""
    facts = StatementReader(connection).of_accounts([account_key(connection, account)])
    if not facts:
        raise NotIssued(account, None, [])
    return facts


def issued_facts(connection: Connection[Any], from_on: date = date.min, to_on: date = date.max) -> Iterator[StatementFacts]:
    """The facts of all statements closed in a range of days, by account code and closing date, read in batches.

    Needs an open transaction that nobody else uses meanwhile: the accounts are read through a cursor on the server.
    """
    reader = StatementReader(connection)
    with connection.cursor(name="accounts_for_statements") as accounts:
        accounts.execute(_ACCOUNTS)
        while batch := accounts.fetchmany(BATCH):
            yield from reader.of_accounts([AccountKey(*row) for row in batch], from_on, to_on)


class StatementReader:
    """Reads statements with all that they tell for a batch of accounts, in a few queries."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection
        self._terms_book = TermsBook(connection)

    def of_accounts(self, keys: Sequence[AccountKey], from_on: date = date.min,
                    to_on: date = date.max) -> list[StatementFacts]:
        """The issued statements of some accounts that closed in a range of days, in the order of `keys`, then closing."""
        asked: dict[str, Any] = {"members": [key.member_id for key in keys], "accounts": [key.account_id for key in keys]}
        with self._connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(_STATEMENTS, {**asked, "from_on": from_on, "to_on": to_on}).fetchall()
        if not rows:
            return []
        postings = self.postings(rows)
        cards, carried = self.cards(asked), self.carried(rows)
        plans, hardship = plans_to_come(self._connection, self._terms_book, rows), self.hardship(rows)
        several_rates = with_several_rates(self._connection, self._terms_book, rows)
        place_of = {(key.member_id, key.account_id): place for place, key in enumerate(keys, start=1)}
        return [
            self.facts(row, postings[place], cards[place_of[row["member_id"], row["account_id"]]], carried[place],
                       rates_borne_of(self._connection, row["member_id"], row["account_id"], row["closes_on"])
                       if place in several_rates else None, plans.get(place, ()), hardship.get(place))
            for place, row in enumerate(rows, start=1)
        ]

    def facts(self, row: Mapping[str, Any], postings: Sequence[PostingLine], cards: Sequence[CardFacts],
              carried: Sequence[CarriedRow] = (), rates: Mapping[str, Sequence[RateBorne]] | None = None,
              plans: Sequence[BilledPlans] = (), hardship: Arrangement | None = None) -> StatementFacts:
        """Puts together what was read; a row needs account, currency, holder, language and org_unit beside its figures."""
        currency, terms = BY_NUMERIC[row["currency"]], self._terms_book.by_id(row["terms_version_id"]).terms
        purchase = terms.interest.segment_named("purchase")
        versions = {row["terms_version_id"]} | {each.terms_version_id for each in postings if each.terms_version_id}
        return StatementFacts(
            row=row, account=row["account"], currency=currency.code, digits=currency.digits,
            terms=terms, postings=postings,
            cards=cards_shown(cards, postings, row["opens_on"], row["closes_on"]),
            carried=carried,
            terms_by_version={version: self._terms_book.by_id(version).terms for version in sorted(versions)},
            letterhead=Letterhead(row["holder"], row["org_unit"], row["language"], terms.name,
                                  purchase.grace, bears_interest(purchase), terms.prepaid is not None),
            plans=plans, hardship=hardship, rates=rates or {},
        )

    def postings(self, rows: Sequence[Mapping[str, Any]]) -> dict[int, list[PostingLine]]:
        """The postings of some cycles in statement order, by the cycle's place in `rows`, counted from 1.

        A row needs member_id, account_id, opens_on and closes_on. Opening postings belong to no statement.
        """
        asked = {
            "members": [row["member_id"] for row in rows], "accounts": [row["account_id"] for row in rows],
            "opens": [row["opens_on"] for row in rows], "closes": [row["closes_on"] for row in rows],
            "opening_types": [each.code for each in OPENINGS],
        }
        lines: dict[int, list[PostingLine]] = defaultdict(list)
        for place, *values in self._connection.execute(_POSTINGS, asked):
            lines[place].append(PostingLine(*values))
        return lines

    def carried(self, rows: Sequence[Mapping[str, Any]]) -> dict[int, list[CarriedRow]]:
        """What closings carried on of segments without columns, by the statement's place in `rows`, counted from 1."""
        asked = {name: [row[name] for row in rows] for name in ("member_id", "account_id", "cycle_no")}
        found: dict[int, list[CarriedRow]] = defaultdict(list)
        for place, *values in self._connection.execute(_CARRIED, {**asked, "kinds": list(TOLD)}):
            found[place].append(CarriedRow(*values))
        return found

    def hardship(self, rows: Sequence[Mapping[str, Any]]) -> dict[int, Arrangement]:
        """Hardship in force on the closing day, by the statement's place in `rows`, counted from 1."""
        asked = {name: [row[name] for row in rows] for name in ("member_id", "account_id", "closes_on")}
        found = self._connection.execute(_HARDSHIP, {**asked, "kind": HARDSHIP})
        return {place: Arrangement(*event) for place, *event in found}

    def cards(self, asked: Mapping[str, Any]) -> dict[int, list[CardFacts]]:
        """The cards of some accounts, by the account's place, counted from 1; asked: lists of `members` and `accounts`."""
        cards: dict[int, list[CardFacts]] = defaultdict(list)
        for place, *values in self._connection.execute(_CARDS, asked):
            cards[place].append(CardFacts(*values))
        return cards
