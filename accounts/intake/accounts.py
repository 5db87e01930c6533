"""Takes in card accounts, with the balances that they are taken over with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from psycopg import Connection

from accounts.intake.account_rules import (
    NO_CREDIT_LIMIT,
    CheckedAccounts,
    anchor_of,
    check_accounts,
    check_against_book,
    is_migrated,
)
from accounts.intake.book_days import BookDays
from accounts.intake.control_totals import ALREADY_THERE, OUTCOMES, POSTED, REJECTED
from accounts.intake.copying import copy_rows
from accounts.intake.layouts import ACCOUNTS
from accounts.intake.master_data import (
    Facts,
    already_there,
    first_rows,
    found_by_code,
    next_id,
    org_unit_ids,
    outcome_of,
    picked,
)
from accounts.intake.products import Products
from accounts.intake.rows import BoolArray, Int64Array, RowBlock
from accounts.intake.taking import ChunkOutcome
from accounts.money import BY_NUMERIC, major_units
from accounts.posting_types import OPENING_CREDIT, OPENING_DEBIT, OPENING_VALUE, OPENINGS

_KNOWN = """
SELECT d.account, a.currency, m.member, a.product, a.opened_on, a.credit_limit, a.closing_day, u.code, a.status,
       coalesce(o.balance, 0)::bigint, o.posted_on
FROM account_directory d
JOIN card_account a ON a.member_id = d.member_id AND a.account_id = d.account_id
JOIN member m ON m.member_id = a.member_id
LEFT JOIN org_unit u ON u.org_unit_id = a.org_unit_id
LEFT JOIN LATERAL (
    SELECT CASE WHEN p.type = %(debit)s THEN p.amount ELSE -p.amount END AS balance, p.posted_on FROM posting p
    WHERE p.member_id = a.member_id AND p.account_id = a.account_id AND p.type = ANY(%(openings)s)
    ORDER BY p.posted_on LIMIT 1) o ON true
WHERE d.account = ANY(%(codes)s)
"""
_FACTS = (
    "member", "product", "opened_on", "credit_limit", "closing_day", "org_unit", "status", "opening_balance", "opening_on"
)


class TakenOver(NamedTuple):
    """An account taken over: what it owed (minor units, negative for a credit balance) at the end of a day."""

    member_id: int
    account_id: int
    opening_on: date
    balance: int


#: Writes down, in the same transaction, the state that accounts are taken over in.
OpenAccounts = Callable[[Connection[Any], Sequence[TakenOver]], Any]


class AccountsIntake:
    """Judges and keeps the rows of an accounts file.

    open_accounts: told the accounts of each chunk that come with an opening day.
    """

    layout = ACCOUNTS

    def __init__(self, products: Products, open_accounts: OpenAccounts) -> None:
        self._products = products
        self._open_accounts = open_accounts

    def prepare(self, block: RowBlock) -> CheckedAccounts:
        """Judge the cells."""
        return check_accounts(block, self._products)

    def take(self, connection: Connection[Any], source_id: int, book: BookDays, prepared: CheckedAccounts) -> ChunkOutcome:
        """Keep the accounts that are new: their directory, guarded balances, opening postings and opening state with them."""
        check = prepared.check
        next_account = next_id(connection, "account_directory", "account_id")
        unit_ids = org_unit_ids(connection, check)
        codes, members = (check.block.column(name).to_pylist() for name in ("account", "member"))
        member_ids = found_by_code(connection, "SELECT member, member_id FROM member_directory WHERE member = ANY(%s)", members)
        check.refuse(np.array([code is not None and code not in member_ids for code in members], dtype=np.bool_), "member",
                     "is no member on the books")
        known = _on_books(connection, codes)
        closing_days = check_against_book(prepared, book, np.array([code not in known for code in codes], dtype=np.bool_))
        rows = first_rows(check, codes, known)
        there = already_there(check, "account", "account", codes, rows, known, _facts(prepared, closing_days, codes, known))
        new = _NewAccounts(
            prepared, rows, np.array([member_ids[members[index]][0] for index in rows.tolist()], dtype=np.int64),
            np.arange(next_account, next_account + len(rows)),
        )
        _keep(connection, new, book, closing_days, unit_ids)
        _post_openings(connection, new, source_id)
        self._open_accounts(connection, new.taken_over())
        outcome = outcome_of(check, len(rows), there)
        _add_totals(outcome, prepared, there)
        return outcome


@dataclass
class _NewAccounts:
    """The rows that become accounts, and the ids that these get."""

    checked: CheckedAccounts
    rows: Int64Array
    member_id: Int64Array
    account_id: Int64Array

    @property
    def currency(self) -> Int64Array:
        """Numeric currency of each."""
        products = [self.checked.product[index] for index in self.rows.tolist()]
        return np.array([each.currency.numeric if each else 0 for each in products], dtype=np.int64)

    @property
    def balance(self) -> Int64Array:
        """What each owes by its opening balance, minor units."""
        return np.array(self.checked.opening_balance, dtype=np.int64)[self.rows]

    def taken_over(self) -> list[TakenOver]:
        """Those that come with an opening day, whatever they owe."""
        opening_on = self.checked.opening_on
        return [
            TakenOver(member_id, account_id, on, balance)
            for index, member_id, account_id, balance in zip(
                self.rows.tolist(), self.member_id.tolist(), self.account_id.tolist(), self.balance.tolist(), strict=True)
            if (on := opening_on[index]) is not None
        ]


def _keep(connection: Connection[Any], new: _NewAccounts, book: BookDays, closing_days: list[int],
          unit_ids: list[int | None]) -> None:
    checked, column = new.checked, new.checked.check.block.column
    code = picked(column("account").to_pylist(), new.rows, pa.string())
    ids = {"member_id": new.member_id, "account_id": new.account_id}
    dates = [(opened_on, checked.opening_on[index], closing_days[index])
             for index in new.rows.tolist() if (opened_on := checked.opened_on[index]) is not None]
    copy_rows(connection, "account_directory", pa.table({"account": code, **ids}))
    copy_rows(connection, "card_account", pa.table({
        **ids,
        "account": code,
        "product": picked(column("product").to_pylist(), new.rows, pa.string()),
        "currency": new.currency,
        "opened_on": picked(checked.opened_on, new.rows, pa.date32()),
        "credit_limit": picked(checked.credit_limit, new.rows, pa.int64()),
        "closing_day": picked(closing_days, new.rows, pa.int64()),
        "anchor_on": pa.array([anchor_of(*each, book) for each in dates], pa.date32()),
        "migrated": pa.array([is_migrated(opened_on, book) for opened_on, _, _ in dates], pa.bool_()),
        "org_unit_id": picked(unit_ids, new.rows, pa.int64()),
        "status": picked(checked.status, new.rows, pa.string()),
        "prepaid": picked([each is not None and each.kind == "prepaid" for each in checked.product], new.rows, pa.bool_()),
        "over_limit_opt_in": picked([bool(each) for each in checked.check.values("over_limit_opt_in")], new.rows, pa.bool_()),
    }))
    copy_rows(connection, "guarded_balance", pa.table({**ids, "balance": new.balance}))


def _post_openings(connection: Connection[Any], new: _NewAccounts, source_id: int) -> None:
    owing = np.flatnonzero(new.balance)
    rows, balance, member_id = new.rows[owing], new.balance[owing], new.member_id[owing]
    products = [new.checked.product[index] for index in rows.tolist()]
    kinds = [OPENING_DEBIT if each > 0 else OPENING_VALUE if product is not None and product.kind == "prepaid"
             else OPENING_CREDIT for each, product in zip(balance.tolist(), products, strict=True)]
    opening_on = picked(new.checked.opening_on, rows, pa.date32())
    copy_rows(connection, "posting", pa.table({
        "member_id": member_id,
        "account_id": new.account_id[owing],
        "posted_on": opening_on,
        "source_id": np.full(len(owing), source_id),
        "source_line": new.checked.check.block.lines[rows],
        "type": pa.array([kind.code for kind in kinds], pa.int64()),
        "debit_account": pa.array([kind.debit for kind in kinds], pa.int64()),
        "credit_account": pa.array([kind.credit for kind in kinds], pa.int64()),
        "currency": new.currency[owing],
        "amount": np.abs(balance),
        "effective_on": opening_on,
        "transaction_on": opening_on,
    }))


def _on_books(connection: Connection[Any], codes: Sequence[str | None]) -> dict[str, Facts]:
    wanted = {"codes": sorted({each for each in codes if each is not None}), "debit": OPENING_DEBIT.code,
              "openings": [each.code for each in OPENINGS]}
    known: dict[str, Facts] = {}
    for code, currency, *values in connection.execute(_KNOWN, wanted).fetchall():
        facts = dict(zip(_FACTS, values, strict=True))
        for name in ("credit_limit", "opening_balance"):
            facts[name] = _shown(facts[name], BY_NUMERIC[currency].digits)
        known[code] = facts
    return known


def _facts(prepared: CheckedAccounts, closing_days: list[int], codes: Sequence[str | None],
           known: Mapping[str, Facts]) -> dict[str, Sequence[Any]]:
    """What each row says, in the form that `_on_books` gives."""
    column = prepared.check.block.column
    digits = [each.currency.digits if each else 0 for each in prepared.product]
    return {
        "member": column("member").to_pylist(),
        "product": column("product").to_pylist(),
        "opened_on": prepared.opened_on,
        "credit_limit": [_shown(each, its) for each, its in zip(prepared.credit_limit, digits, strict=True)],
        # Left out it is the product's, whatever that was when the account came in.
        "closing_day": [day or known.get(str(code), {}).get("closing_day")
                        for day, code in zip(closing_days, codes, strict=True)],
        "org_unit": column("org_unit").to_pylist(),
        "status": prepared.status,
        "opening_balance": [_shown(each, its) for each, its in zip(prepared.opening_balance, digits, strict=True)],
        # An account that owed nothing leaves no posting to tell its opening day by.
        "opening_on": [on if balance else None
                       for on, balance in zip(prepared.opening_on, prepared.opening_balance, strict=True)],
    }


def _shown(minor: int, digits: int) -> str | None:
    return None if minor == NO_CREDIT_LIMIT else major_units(minor, digits)


def _add_totals(outcome: ChunkOutcome, prepared: CheckedAccounts, there: BoolArray) -> None:
    """Opening balances by currency."""
    for index in np.flatnonzero(~prepared.check.absent("opening_balance")).tolist():
        product = prepared.product[index]
        state = REJECTED if prepared.check.bad[index] else ALREADY_THERE if there[index] else POSTED
        code, digits = (product.currency.code, product.currency.digits) if product else ("unknown", 0)
        sign = -1 if product is not None and product.kind == "prepaid" else 1  # as the file has it
        amount = Decimal(sign * prepared.opening_balance[index]).scaleb(-digits)
        outcome.totals.add(code, "opening_balance", OUTCOMES[state], 1, amount)
