"""The open cycle of one account as if it closed on a day: the statement to come, marked as a draft. Reads; writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import date
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from accounts.calendar import day_of, first_closing
from accounts.errors import Usage
from accounts.posting_types import INSTALMENT, OWN_CHARGES
from billing.closing import Derived, bill
from billing.due_cycles import read_cycle
from billing.instalment_plans import PlanAccount, billed_plan, read_plans
from billing.instalments import BilledPlans
from billing.rates_borne import rates_borne
from billing.rebilled_closing import rebilled_accounts
from billing.statement_rows import STATEMENT, charge_clause
from billing.terms_book import TermsBook
from billing.to_come import brings_more, postings_to_come, with_postings
from statements.facts import PostingLine, StatementFacts, carried_rows
from statements.issued import StatementReader, account_key
from statements.seal import seal_statements


class NothingOpen(Usage):
    """A day on which the account has no open cycle to be previewed."""


_FIELDS = tuple(each.name for each in fields(PostingLine))
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


def preview_facts(connection: Connection[Any], account: str, as_of: date | None = None) -> StatementFacts:
    """The facts of the statement that an account would get if its cycle closed on a day.

    as_of: the last business day that was closed where none is given. What the closing itself brings is there: interest, the
    parts of instalment plans, fees that depend on what the cycle comes to; and of days not closed yet the fees that they
    bring if nothing more happens. Postings up to the day count, charges that later days would bring do not. Raises
    UnknownAccount, or NothingOpen where the day is before the open cycle.
    """
    key = account_key(connection, account)
    with connection.cursor(row_factory=dict_row) as cursor:
        about = cursor.execute(_ACCOUNT, (key.member_id, key.account_id)).fetchone()
        last = cursor.execute(_LAST_STATEMENT, (key.member_id, key.account_id)).fetchone()
    assert about is not None
    closes_on = as_of or about["closed_through"]
    if closes_on is None:
        raise NothingOpen("the book has closed no business day yet; say with --as-of which day to preview")
    if last is not None and closes_on <= last["closes_on"]:
        raise NothingOpen(f"account {account} has no open cycle on {closes_on}: its last one closed on {last['closes_on']}")
    to_come = max(first_closing(closes_on, about["closing_day"]), about["anchor_on"])
    read = read_cycle(connection, to_come, key.member_id, key.member_id, account_id=key.account_id, as_of=closes_on)
    of, more = PlanAccount(key.member_id, key.account_id, about["product"], about["closing_day"]), []
    if len(read.due["account_id"]) and closes_on >= about["opened_on"] and brings_more(
            connection, of, read.book, closes_on, about["closed_through"]):
        more = postings_to_come(connection, of, read.book, closes_on, about["closed_through"])
        if not len(rebilled_accounts(connection, read)):  # those are billed from their history anyway
            read = with_postings(read, more)
    derived = bill(connection, read, seal_statements, trace=True)
    if derived.refused:
        raise NothingOpen(f"account {account} cannot be billed: {derived.refused[0][2]}")
    if derived.not_opened or closes_on < about["opened_on"]:
        raise NothingOpen(f"account {account} has nothing to bill yet on {closes_on}")
    row, reader = _row(derived, about), StatementReader(connection)
    lines = [*reader.postings([row])[1], *(PostingLine(**{name: each[name] for name in _FIELDS}) for each in more),
             *_charges_to_come(row, derived, about["currency"])]
    return reader.facts(row, lines, reader.cards({"members": [key.member_id], "accounts": [key.account_id]})[1],
                        carried_rows(derived.carried), rates_borne(derived.traces[0][1], 0),
                        list(_plans_to_come(connection, of, read.book, closes_on, more)), reader.hardship([row]).get(1))


def _plans_to_come(connection: Connection[Any], account: PlanAccount, book: TermsBook, closes_on: date,
                   more: Sequence[Mapping[str, Any]]) -> Iterator[BilledPlans]:
    """What is left of the account's plans once the parts of a closing are billed. more: what it posts."""
    part_of = {each["source_line"]: each["amount"] for each in more if each["type"] == INSTALMENT.code}
    for row in read_plans(connection, account, closes_on):
        plan, part = billed_plan(book, row), part_of.get(row["plan_no"], 0)
        if part:
            plan = replace(plan, left=plan.left - part, billed=plan.billed + 1, last_on=closes_on)
        if plan.left[0]:
            yield plan


def _row(derived: Derived, about: Mapping[str, Any]) -> dict[str, Any]:
    """The one statement derived, as a row of the statement table that was never sealed."""
    row: dict[str, Any] = dict(about)
    for name, kind in STATEMENT.items():
        value = derived.statements[name][0]
        row[name] = bytes(value) if kind == "digest" else day_of(value) if kind == "date" else int(value)
    return {**row, "sha256": None}


def _charges_to_come(row: Mapping[str, Any], derived: Derived, currency: int) -> list[PostingLine]:
    """What the closing would charge, as the postings that it would make."""
    on, terms = row["closes_on"], derived.versions[0].terms
    return [
        PostingLine(on, OWN_CHARGES, each.line, each.kind.code, each.kind.debit, each.kind.credit, currency,
                    int(each.amount[0]), on, on, None, row["terms_version_id"], charge_clause(terms, each.kind, each.line))
        for each in derived.charges if each.amount[0]
    ]
