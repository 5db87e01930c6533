"""An account of the books as the second engine reads it: what was posted to it, and the fees charged, as facts."""

from __future__ import annotations

from datetime import date
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from accounts.posting_types import BY_CODE, OPENINGS
from billing.account_events import arrangements_of
from billing.instalment_plans import SETTLED_EARLY
from billing.terms_book import TermsBook
from statements.reperformance.account import ReperformedStatement
from statements.reperformance.agreed import Agreed, Agreements
from statements.reperformance.charge_off import WRITTEN_OFF
from statements.reperformance.covered import NotReperformed, beyond_rules
from statements.reperformance.facts import Fact, History, Opening, PlanAsked, fact_of, fee_fact, is_transaction, waiver_fact
from statements.reperformance.plans import PLANNED
from statements.reperformance.rebilled import reperform_history

Row = dict[str, Any]
_OPENINGS = tuple(each.code for each in OPENINGS)


def reperform_account(connection: Connection[Any], member_id: int, account_id: int,
                      book: TermsBook | None = None) -> list[ReperformedStatement]:
    """Every statement of an account of the books, billed again: interest, minimum, past due, grace; fees and waivers as posted.

    Raises NotReperformed for an account that is not covered, like one with corrections.
    """
    return reperform_history(history_of_account(connection, member_id, account_id, book or TermsBook(connection)))


def history_of_account(connection: Connection[Any], member_id: int, account_id: int, book: TermsBook) -> History:
    """The account up to its last statement, which it must have. Raises NotReperformed."""
    key = (member_id, account_id)
    account = _rows(connection, "SELECT * FROM card_account WHERE member_id = %s AND account_id = %s", key)[0]
    statements = _rows(connection, "SELECT * FROM statement WHERE member_id = %s AND account_id = %s ORDER BY cycle_no", key)
    postings = _rows(connection, "SELECT * FROM posting WHERE member_id = %s AND account_id = %s"
                                 " ORDER BY posted_on, source_id, source_line", key)
    versions = tuple(terms for _, terms in book.history(account["product"]))
    opening = next((each for each in statements if each["cycle_no"] == 0), None)
    found = [each for terms in versions for each in beyond_rules(terms)]
    found += [f"postings of type {_name(each)}" for each in postings if not _is_covered(each)]
    if _rows(connection, "SELECT FROM dispute WHERE member_id = %s AND account_id = %s LIMIT 1", key):
        found.append("disputes")
    if len({each["credit_limit"] for each in statements}) > 1:
        found.append("a credit limit that changed")
    if found:
        raise NotReperformed(sorted(set(found)))
    facts = [_fact(each) for each in postings]
    first_day: date = next(each["opens_on"] for each in statements if each["cycle_no"] > 0)
    return History(
        account["opened_on"], account["credit_limit"], account["closing_day"], first_day, statements[-1]["closes_on"], versions,
        tuple(each for each in facts if each is not None),
        opening=None if opening is None else _opening(opening), charges_given=True,
        agreed=Agreements([Agreed(each.kind, each.from_on, each.until_on, each.annual_rate)
                           for each in arrangements_of(connection, member_id, account_id)]),
        plans=tuple(_plan(each, postings, facts) for each in _rows(
            connection, "SELECT * FROM instalment_plan WHERE member_id = %s AND account_id = %s ORDER BY plan_no", key)),
    )


def _rows(connection: Connection[Any], query: str, parameters: tuple[int, int]) -> list[Row]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query, parameters).fetchall()


def _name(posting: Row) -> str:
    known = BY_CODE.get(posting["type"])
    return known.name if known is not None else str(posting["type"])


def _is_covered(posting: Row) -> bool:
    known = BY_CODE.get(posting["type"])
    if known is None or posting["type"] > 100:
        return False
    charge = known.figure in ("fees", "waivers", "interest")
    worked_out = known.name in (*WRITTEN_OFF, *PLANNED)
    return charge or worked_out or posting["type"] in _OPENINGS or is_transaction(known.name)


def _fact(posting: Row) -> Fact | None:
    """A posting as a fact; None for what is worked out again (interest with its tax, charge-offs, what plans post) and opening
    balances."""
    kind = BY_CODE[posting["type"]]
    if posting["type"] in _OPENINGS or kind.name in (*WRITTEN_OFF, *PLANNED):
        return None
    if is_transaction(kind.name):
        return fact_of(kind.name, posting["amount"], posting["effective_on"], posting["posted_on"], posting["segment"])
    if kind.figure == "waivers":
        return waiver_fact(kind.name, posting["amount"], posting["posted_on"])
    if kind.figure == "interest" or kind.name == "interest_tax":
        return None
    return fee_fact(kind.name, posting["amount"], posting["posted_on"])


def _plan(plan: Row, postings: list[Row], facts: list[Fact | None]) -> PlanAsked:
    """A plan, as it was made, and the day on which all that was left was billed as one part."""
    of_plan = [each for each in postings if _name(each) == "instalment" and each["source_line"] == plan["plan_no"]]
    settled_on = next((each["posted_on"] for each in of_plan if each["clause"] == SETTLED_EARLY), None)
    debit = next((fact for each, fact in zip(postings, facts, strict=True)
                  if plan["of"] is not None and each["source_ref"] == plan["of"] and _name(each) == "purchase"), None)
    return PlanAsked(plan["made_on"], plan["parts"],
                     "bought" if plan["of"] is None else "statement" if debit is None else "debit", plan["amount"], debit,
                     settled_on)


def _opening(statement: Row) -> Opening:
    balance = statement["new_balance"]
    return Opening(on=statement["closes_on"], principal={"purchase": max(0, balance)}, credit=max(0, -balance),
                   minimum=statement["minimum_payment_due"], due_on=statement["due_on"])
