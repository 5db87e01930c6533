"""The rows that a closing makes: statements, what is carried on, and the postings of each with its own charges among them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import numpy.typing as npt

from accounts.calendar import day_number
from accounts.columns import Columns, Spec
from accounts.posting_types import (
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
from billing.balances import Int64Array
from billing.closed_cycle import Charged
from billing.reading import CARRIED, POSTINGS, index_of
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
#: The table `carried`.
CARRIED_ROWS: Spec = {
    "member_id": "bigint", "account_id": "bigint", "cycle_no": "integer", "line": "smallint",
    **{name: kind for name, kind in CARRIED.items() if name != "account_id"},
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


def statement_rows(due: Columns, chosen: Int64Array, columns: Columns, version_of: Int64Array, on: date) -> Columns:
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


def with_charges(statements: Columns, postings: Columns, account: Int64Array, on: date, currency: Int64Array,
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
