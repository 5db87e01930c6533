"""Posts a fee to many accounts: the fee, its tax. Assess first; what is waived comes after, in a line of its own."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from psycopg import Connection

from accounts.columns import Columns, copy_in
from accounts.money import CURRENCIES, minor_units
from accounts.posting_types import FEE_TAX, PostingType
from billing.balances import Int64Array
from billing.charging import change_balances, charge_rows, post_charges
from billing.terms_book import VersionInForce
from fees.fee_tax import fee_tax

#: What a tax line's number is made of: the fee's line times this, plus the fee's code.
TAX_LINES = 1000


def digits_of(version: VersionInForce) -> int:
    """Decimals of a version's currency."""
    return CURRENCIES[version.terms.currency].digits


def allowed_shortfall(version: VersionInForce) -> int:
    """What may be missing of a minimum payment that still counts as met, minor units."""
    return minor_units(version.terms.cycle.tolerance_amount, digits_of(version))


def post_fee(connection: Connection[Any], kind: PostingType, on: date, due: Columns, amounts: Int64Array,
             version: VersionInForce, clause: str, cards: Int64Array | None = None) -> int:
    """Charge a fee to accounts, and the tax on it; gives how many were charged.

    due: columns member_id and account_id; amounts: minor units, zero where nothing is charged; cards: what card each is for.
    """
    currency = CURRENCIES[version.terms.currency].numeric
    charged = post_charges(connection, kind, on, due["member_id"], due["account_id"], amounts, currency,
                           version.terms_version_id, clause, cards)
    tax = fee_tax(version.terms, str(kind.charge), amounts)
    if tax.any():
        spec, rows = charge_rows(FEE_TAX, on, due["member_id"], due["account_id"], tax, currency,
                                 version.terms_version_id, cards)
        rows["source_line"] = rows["source_line"] * TAX_LINES + kind.code
        copy_in(connection, "posting", spec, rows, {"clause": clause})
        change_balances(connection, rows["member_id"], rows["account_id"], rows["amount"])
    return charged


def chosen(due: Columns, rows: np.ndarray) -> Columns:
    """Some rows of columns."""
    return {name: column[rows] for name, column in due.items()}
