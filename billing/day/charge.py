"""Posts a fee to many accounts: the fee, its tax; then, in a line of its own, what a standing waiver gives back of it."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from psycopg import Connection

from accounts.columns import Columns, copy_in, copy_out
from accounts.money import CURRENCIES, minor_units
from accounts.posting_types import FEE_TAX, OWN_CHARGES, POSTING_TYPES, PostingType
from billing.balances import Int64Array
from billing.charging import change_balances, charge_rows, post_charges
from billing.day.waivers import waive_standing
from billing.reading import index_of
from billing.terms_book import VersionInForce
from fees.annual import year_before
from fees.fee_tax import fee_tax
from fees.first_year_cap import CAPPED, first_year_cap, within_first_year_cap

#: What a tax line's number is made of: the fee's line times this, plus the fee's code.
TAX_LINES = 1000


def digits_of(version: VersionInForce) -> int:
    """Decimals of a version's currency."""
    return CURRENCIES[version.terms.currency].digits


def allowed_shortfall(version: VersionInForce) -> int:
    """What may be missing of a minimum payment that still counts as met, minor units."""
    return minor_units(version.terms.cycle.tolerance_amount, digits_of(version))


def post_fee(connection: Connection[Any], kind: PostingType, on: date, due: Columns, amounts: Int64Array,
             version: VersionInForce, clause: str, cards: Int64Array | None = None,
             already_waived: np.ndarray | None = None) -> int:
    """Charge a fee to accounts, and the tax on it, and waive what standing waivers waive; gives how many were charged.

    due: columns member_id and account_id; amounts: minor units, zero where nothing is charged; cards: what card each is for;
    already_waived: whom the terms waive it for, whole, so that nothing is left to waive.
    """
    currency = CURRENCIES[version.terms.currency].numeric
    amounts = capped(connection, kind, on, due, amounts, version)
    charged = post_charges(connection, kind, on, due["member_id"], due["account_id"], amounts, currency,
                           version.terms_version_id, clause, cards)
    tax = fee_tax(version.terms, str(kind.charge), amounts)
    if tax.any():
        spec, rows = charge_rows(FEE_TAX, on, due["member_id"], due["account_id"], tax, currency,
                                 version.terms_version_id, cards)
        rows["source_line"] = rows["source_line"] * TAX_LINES + kind.code
        copy_in(connection, "posting", spec, rows, {"clause": clause})
        change_balances(connection, rows["member_id"], rows["account_id"], rows["amount"])
    if already_waived is None:
        already_waived = np.zeros(len(amounts), dtype=bool)
    lines = np.zeros(len(amounts), dtype=np.int64) if cards is None else cards
    waived = waive_standing(connection, kind, on, chosen({
        "member_id": due["member_id"], "account_id": due["account_id"], "amount": amounts, "source_line": lines,
        "card_id": lines, "source_id": np.full(len(amounts), OWN_CHARGES, dtype=np.int64),
    }, (amounts > 0) & ~already_waived), version, clause)
    change_balances(connection, waived["member_id"], waived["account_id"], -waived["amount"])
    return charged


#: Limit and first year of accounts, and what fees under the cap came to since they were opened.
_FIRST_YEAR = """
SELECT a.account_id, a.credit_limit, (a.opened_on > %(year_before)s)::int, coalesce((
    SELECT sum(p.amount) FROM posting p WHERE p.member_id = a.member_id AND p.account_id = a.account_id
    AND p.posted_on BETWEEN a.opened_on AND %(on)s AND p.type = ANY(%(types)s)), 0)::bigint
FROM unnest(%(members)s::bigint[], %(accounts)s::bigint[]) AS u(member_id, account_id)
JOIN card_account a ON a.member_id = u.member_id AND a.account_id = u.account_id
"""


def capped(connection: Connection[Any], kind: PostingType, on: date, due: Columns, amounts: Int64Array,
           version: VersionInForce) -> Int64Array:
    """Fees of one kind, those of an account side by side, cut to what the first year's cap leaves of them."""
    cap = first_year_cap(version.terms)
    if cap is None or kind.charge not in CAPPED or not amounts.any():
        return amounts
    accounts, first = np.unique(due["account_id"], return_index=True)
    facts = copy_out(connection, _FIRST_YEAR, {
        "members": due["member_id"][first].tolist(), "accounts": accounts.tolist(), "on": on, "year_before": year_before(on),
        "types": [each.code for each in POSTING_TYPES if each.sign > 0 and each.charge in CAPPED],
    }, {"account_id": "bigint", "limit": "bigint", "first_year": "integer", "charged": "bigint"})
    place = index_of(facts["account_id"], due["account_id"])
    return within_first_year_cap(cap, due["account_id"], amounts, facts["limit"][place], facts["charged"][place],
                                 facts["first_year"][place] == 1)


def chosen(due: Columns, rows: np.ndarray) -> Columns:
    """Some rows of columns."""
    return {name: column[rows] for name, column in due.items()}
