"""Makes instalment plans of an account in the books, settles them early, and posts what falls due of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from psycopg import Connection
from psycopg.rows import dict_row

from accounts.columns import Columns, copy_in
from accounts.money import CURRENCIES
from accounts.posting_types import (
    FEE_TAX,
    HOUSE,
    INSTALMENT,
    INSTALMENT_FEE,
    OWN_CHARGES,
    PURCHASE,
    STATEMENT_CONVERSION,
    PostingType,
)
from billing.balances import Int64Array
from billing.charging import change_balances, charge_rows
from billing.instalments import (
    NEW_BALANCE,
    BilledPlans,
    NotConvertible,
    checked_amount,
    conversion_type,
    convertible_balance,
    settlement_description,
)
from billing.postings import received_types
from billing.terms_book import TermsBook, VersionInForce
from fees.fee_tax import fee_tax
from fees.instalment import instalment_clause, part_amount

#: A tax line's number is the plan's times this, plus the fee's code, as for other fees of Cardwright's own.
_TAX_LINES = 1000
#: Why a conversion or a part was posted, kept with it as the clause that it rests on.
CONVERTED, FALLEN_DUE, SETTLED_EARLY = "instalments.converted", "instalments", "instalments.settled_early"

_LAST_STATEMENT = """
SELECT closes_on, new_balance, revolving + billed AS principal FROM statement
WHERE member_id = %s AND account_id = %s ORDER BY cycle_no DESC LIMIT 1
"""
_PURCHASE = """
SELECT posted_on, amount FROM posting
WHERE member_id = %s AND account_id = %s AND source_ref = %s AND type = %s AND posted_on <= %s
"""
#: What was received towards a statement before a day, and converted up to it.
_RECEIVED = """
SELECT coalesce(sum(CASE WHEN debit_account < %(house)s THEN -amount ELSE amount END), 0)::bigint,
       coalesce(sum(amount) FILTER (WHERE type = %(conversion)s), 0)::bigint FROM posting
WHERE member_id = %(member)s AND account_id = %(account)s AND posted_on > %(closes_on)s AND type = ANY(%(types)s)
  AND (posted_on < %(on)s OR (posted_on = %(on)s AND type = %(conversion)s))
"""
_PLANS = """
SELECT asked.place, p.plan_no, p.made_on, p.amount, p.parts, p.terms_version_id, p.of,
       coalesce(b.amount, 0)::bigint AS billed_amount, b.billed, coalesce(b.last_on, p.made_on) AS last_on, a.closing_day
FROM unnest(%(member_id)s::bigint[], %(account_id)s::bigint[], %(on)s::date[]) WITH ORDINALITY
     AS asked (member_id, account_id, on_day, place)
JOIN instalment_plan p USING (member_id, account_id)
JOIN card_account a USING (member_id, account_id)
LEFT JOIN LATERAL (
    SELECT sum(q.amount) AS amount, count(*)::int AS billed, max(q.posted_on) AS last_on FROM posting q
    WHERE q.member_id = p.member_id AND q.account_id = p.account_id AND q.source_id = %(own)s AND q.type = %(part)s
      AND q.source_line = p.plan_no AND q.posted_on <= asked.on_day) b ON true
WHERE p.made_on <= asked.on_day ORDER BY asked.place, p.plan_no
"""
_NEW_PLAN = """
INSERT INTO instalment_plan (member_id, account_id, plan_no, made_on, amount, parts, terms_version_id, "of")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""


@dataclass(frozen=True)
class PlanAccount:
    """An account that plans are made for: where it lies in the books, its product and closing day."""

    member_id: int
    account_id: int
    product: str
    closing_day: int

    @property
    def key(self) -> tuple[int, int]:
        """Its key in the books."""
        return self.member_id, self.account_id

    @property
    def columns(self) -> Columns:
        """Its key as columns of one row."""
        return {"member_id": np.array([self.member_id]), "account_id": np.array([self.account_id])}


@dataclass(frozen=True)
class PlanMade:
    """A plan that was made, or what a settlement came to: amounts of the parts (of the one settlement), and the fee with it.

    All in minor units; fee: on the first part of a flat plan, on every part; None where it depends on days to come.
    """

    plan_no: int
    of: str | None
    amount: int
    parts: tuple[int, ...]
    fee: int | None
    version: VersionInForce


def make_plan(connection: Connection[Any], account: PlanAccount, on: date, parts: int, of: str | None,
              asked: int | None) -> PlanMade:
    """Make an instalment plan on a business day: what it is made from leaves the balances, and its parts come at the closings
    after that day.

    of: the reference of a purchase, the closing date of the last statement, or new_balance; None where it was bought in
    instalments. asked: minor units, None for all of it. Raises NotConvertible.
    """
    version = TermsBook(connection).on(account.product, on)
    if version is None:
        raise NotConvertible(f"{account.product} has no approved terms in force on {on}; load and approve them first")
    plans = read_plans(connection, account, on)
    if of is None:
        kind, most, name = None, asked or 0, None
    else:
        kind, most, name = _converted(connection, account, on, version, of, plans)
    amount = checked_amount(version.terms, asked, most, parts)
    plan_no = len(plans) + 1
    connection.execute(_NEW_PLAN, (*account.key, plan_no, on, amount, parts, version.terms_version_id, name))
    column = np.array([amount])
    if kind is not None:
        _post(connection, kind, on, account.columns, column, np.array([plan_no]), version, {"clause": CONVERTED})
    amounts = tuple(int(part_amount(version.terms, column, parts, number)[0]) for number in range(1, parts + 1))
    flat = version.terms.instalments.method == "flat"
    fee = BilledPlans(version.terms, column, column, parts, 0, on, account.closing_day).next_part(on)[1] if flat else None
    return PlanMade(plan_no, name, amount, amounts, None if fee is None else int(fee[0]), version)


def settle_plan(connection: Connection[Any], account: PlanAccount, on: date, of: str) -> PlanMade:
    """Bill all that is left of a plan on a business day. of: what it was made from, or its number. Raises NotConvertible."""
    plans = [each for each in read_plans(connection, account, on) if of in (each["of"], str(each["plan_no"]))]
    plan = next((each for each in reversed(plans) if each["amount"] > each["billed_amount"]), None)
    if plan is None:
        raise NotConvertible(f"{of} is no instalment plan with parts left on {on}; give what it was made from, or its number")
    book = TermsBook(connection)
    version = book.by_id(plan["terms_version_id"])
    part, fee = billed_plan(book, plan).settlement(on)
    post_parts(connection, version, on, {**account.columns, "plan_no": np.array([plan["plan_no"]])}, part, fee,
               settlement_description(plan["billed"] + 1, plan["parts"]), SETTLED_EARLY)
    return PlanMade(plan["plan_no"], plan["of"], plan["amount"], (int(part[0]),), int(fee[0]), version)


def read_plans(connection: Connection[Any], account: PlanAccount, on: date) -> list[dict[str, Any]]:
    """The plans of an account made up to a day, with how much of each was billed by then, in how many parts, the
    last one when."""
    return _read_plans(connection, [account.member_id], [account.account_id], [on])


def plans_to_come(connection: Connection[Any], book: TermsBook,
                  statements: Sequence[Mapping[str, Any]]) -> dict[int, list[BilledPlans]]:
    """The plans of which something was not billed at the closings of some statements, by the place among these, from 1.

    statements: rows with member_id, account_id and closes_on.
    """
    found: dict[int, list[BilledPlans]] = defaultdict(list)
    keys = [[row[name] for row in statements] for name in ("member_id", "account_id", "closes_on")]
    for plan in _read_plans(connection, *keys):
        if plan["amount"] > plan["billed_amount"]:
            found[plan["place"]].append(billed_plan(book, plan))
    return found


def billed_plan(book: TermsBook, plan: Mapping[str, Any]) -> BilledPlans:
    """A plan as `read_plans` gives it, in the form that its parts are worked out from."""
    return BilledPlans(book.by_id(plan["terms_version_id"]).terms, np.array([plan["amount"]]),
                       np.array([plan["amount"] - plan["billed_amount"]]), plan["parts"], plan["billed"], plan["last_on"],
                       plan["closing_day"])


def _read_plans(connection: Connection[Any], members: list[int], accounts: list[int], days: list[date]) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_PLANS, {"own": OWN_CHARGES, "part": INSTALMENT.code, "member_id": members,
                                       "account_id": accounts, "on": days}).fetchall()


def plan_account(connection: Connection[Any], member_id: int, account_id: int) -> PlanAccount:
    """The account with that key in the books."""
    row = connection.execute("SELECT member_id, account_id, product, closing_day FROM card_account"
                             " WHERE member_id = %s AND account_id = %s", (member_id, account_id)).fetchone()
    assert row is not None
    return PlanAccount(*row)


def not_billed(connection: Connection[Any], member_id: int, account_id: int, on: date) -> int:
    """What of an account's plans is not billed by a day, minor units."""
    plans = read_plans(connection, PlanAccount(member_id, account_id, "", 0), on)
    return sum(each["amount"] - each["billed_amount"] for each in plans)


def post_parts(connection: Connection[Any], version: VersionInForce, on: date, plans: Columns, parts: Int64Array,
               fees: Int64Array, description: str, because: str = FALLEN_DUE) -> None:
    """Post parts that fall due on a day, the fee on each, and the tax on that.

    plans: columns member_id, account_id and plan_no; parts, fees: minor units; description: of the statement's line; because:
    FALLEN_DUE or SETTLED_EARLY.
    """
    terms, clause = version.terms, instalment_clause(version.terms)
    _post(connection, INSTALMENT, on, plans, parts, plans["plan_no"], version, {"clause": because, "description": description})
    _post(connection, INSTALMENT_FEE, on, plans, fees, plans["plan_no"], version,
          {"clause": clause, "description": description})
    lines = plans["plan_no"].astype(np.int64) * _TAX_LINES + INSTALMENT_FEE.code
    _post(connection, FEE_TAX, on, plans, fee_tax(terms, "instalment", fees), lines, version, {"clause": clause})


def _post(connection: Connection[Any], kind: PostingType, on: date, of: Columns, amounts: Int64Array, lines: Int64Array,
          version: VersionInForce, texts: dict[str, str] | None = None) -> None:
    spec, rows = charge_rows(kind, on, of["member_id"], of["account_id"], amounts, CURRENCIES[version.terms.currency].numeric,
                             version.terms_version_id)
    rows["source_line"] = lines[amounts > 0]
    copy_in(connection, "posting", spec, rows, texts)
    change_balances(connection, rows["member_id"], rows["account_id"], rows["amount"] * kind.sign)


def _converted(connection: Connection[Any], account: PlanAccount, on: date, version: VersionInForce, of: str,
               plans: list[dict[str, Any]]) -> tuple[PostingType, int, str]:
    """How what becomes a plan leaves the balances, how much there is of it, and the name that the plan keeps."""
    last = connection.execute(_LAST_STATEMENT, account.key).fetchone()
    if of == NEW_BALANCE or (last is not None and of == last[0].isoformat()):
        if last is None:
            raise NotConvertible(f"on {on} the account has no statement yet; its balance cannot become a plan")
        closes_on, new_balance, principal = last
        since = connection.execute(_RECEIVED, {
            "house": HOUSE, "member": account.member_id, "account": account.account_id, "closes_on": closes_on,
            "on": on, "types": received_types(version.terms), "conversion": STATEMENT_CONVERSION.code}).fetchone()
        assert since is not None
        return STATEMENT_CONVERSION, convertible_balance(new_balance, principal, *since), closes_on.isoformat()
    purchase = connection.execute(_PURCHASE, (*account.key, of, PURCHASE.code, on)).fetchone()
    if purchase is None:
        raise NotConvertible(f"{of} is no purchase up to {on}, nor the account's last statement; give the reference of a "
                             "purchase, the last closing date, or new_balance")
    if any(each["of"] == of for each in plans):
        raise NotConvertible(f"{of} is an instalment plan already")
    return conversion_type(purchase[0], None if last is None else last[0]), purchase[1], of
