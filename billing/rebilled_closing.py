"""Closes the cycles of accounts that were rebilled: from their history, on which everything was known in time.

Their statements as issued no longer say where they stand, so these few accounts are billed one at a time from all that happened
to them; the statement tells it by what was really posted since the last one issued.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from psycopg import Connection

from accounts.calendar import closing_days_of, day_number
from accounts.money import CURRENCIES
from accounts.posting_types import BY_CODE, OWN_CHARGES
from billing.balances import Int64Array
from billing.carried import Carried
from billing.charging import change_balances, post_charges
from billing.closed_cycle import Charged, Trace
from billing.due_cycles import ReadCycle
from billing.left_as_posted import LEFT_AS_POSTED
from billing.postings import FIGURE, FIGURES, LOWERING, SIGN
from billing.rebill import post_rebilling
from billing.rebilled import BilledAgain, bill_again, charged
from billing.rebilling import Correction, charges_of, corrections
from billing.simulation import SimulatedStatement
from billing.statement_rows import CLOSING_CHARGES, STATEMENT, Seal
from billing.terms_book import TermsBook

_CLOSING_CODES = {kind.code for kind in CLOSING_CHARGES}
_REBILLED = """
SELECT DISTINCT a.member_id, a.account_id, a.product FROM rebill r JOIN card_account a USING (member_id, account_id)
WHERE a.member_id BETWEEN %(first)s AND %(last)s AND r.posted_on <= %(on)s AND r.corrected_sha256 <> %(left)s
  AND a.closing_day = ANY(%(days)s)
  AND NOT a.account_id = ANY(%(parked)s)
ORDER BY a.member_id, a.account_id
"""


@dataclass(frozen=True)
class RebilledClosing:
    """The closing of one account: columns of its statement, what it charges (of one account), what it carries on."""

    columns: dict[str, int]
    charges: list[Charged]
    carried: Carried
    trace: Trace


def settle(connection: Connection[Any], on: date, first: int, last: int, parked: Collection[int],
           seal: Seal) -> dict[int, int]:
    """Before cycles close on a day: charge rebilled accounts the fees of their closing, and correct what they were charged
    since by statements issued before.

    Gives their ids, with how many correcting postings each took.
    """
    book, posted = TermsBook(connection), {}
    for member_id, account_id, product in connection.execute(_REBILLED, {
            "first": first, "last": last, "on": on, "days": list(closing_days_of(on)), "left": LEFT_AS_POSTED,
            "parked": list(parked)}).fetchall():
        again = bill_again(connection, member_id, account_id, product, book, seal, on)
        found = _to_correct(connection, again, member_id, account_id, on)
        todays = [each for each in found if each.on == on and not each.before and each.key.source_id == OWN_CHARGES]
        for each in todays:
            post_charges(connection, each.posting_type, on, np.array([member_id]), np.array([account_id]),
                         np.array([each.after]), CURRENCIES[again.history.scenario.terms[0].currency].numeric,
                         each.terms_version_id or 0, each.clause, line=each.key.source_line)
        found = [each for each in found if each not in todays]
        if found:
            post_rebilling(connection, member_id, account_id, on, again, found, {}, "closing", [])
            amounts = np.array([each.owed for each in found])
            change_balances(connection, np.full(len(found), member_id), np.full(len(found), account_id), amounts)
        posted[account_id] = len(found)
    return posted


def close_rebilled(connection: Connection[Any], read: ReadCycle, position: int, seal: Seal) -> RebilledClosing | None:
    """Close the cycle of one account, None where there is nothing to bill yet; position: its index in `read.due`."""
    due, closes_on = read.due, read.closes_on
    member_id, account_id = int(due["member_id"][position]), int(due["account_id"][position])
    product = read.book.products[int(due["product"][position]) - 1]
    again = bill_again(connection, member_id, account_id, product, read.book, seal, closes_on, close_on=closes_on)
    if not again.simulated.statements:
        return None
    statement = again.simulated.statements[-1]
    if statement.row["closes_on"] != closes_on:
        raise AssertionError(f"account {account_id} billed again from its history closes no cycle on {closes_on}")
    own = [each for each in statement.postings if each["posted_on"] == closes_on and each["type"] in _CLOSING_CODES
           and charges_of([each])]
    to_come = [] if read.on == closes_on else _to_correct(connection, again, member_id, account_id, closes_on)
    columns = _columns(read, position, statement, [*own, *({"type": each.posting_type.code, "amount": abs(each.amount)}
                                                           for each in to_come)])
    return RebilledClosing(
        columns, [Charged(BY_CODE[each["type"]], each["source_line"], np.array([each["amount"]])) for each in own],
        statement.charged, statement.trace)


def rebilled_accounts(connection: Connection[Any], read: ReadCycle) -> Int64Array:
    """Those of the accounts due that were rebilled by the day, indexes into `read.due`."""
    due = read.due["account_id"]
    members = read.due["member_id"]
    rows = connection.execute(
        "SELECT DISTINCT account_id FROM rebill WHERE posted_on <= %s AND member_id BETWEEN %s AND %s"
        " AND corrected_sha256 <> %s",
        (read.closes_on, int(members.min()), int(members.max()), LEFT_AS_POSTED)).fetchall() if len(due) else []
    return np.flatnonzero(np.isin(due, [row[0] for row in rows])).astype(np.int64)


def _to_correct(connection: Connection[Any], again: BilledAgain, member_id: int, account_id: int,
                on: date) -> list[Correction]:
    """What the account was charged otherwise than it should have been, but for what the closing of the day charges."""
    should = {key: each for key, each in again.should.items() if not (each.on == on and key.type in _CLOSING_CODES)}
    was = {key: each for key, each in charged(connection, member_id, account_id, on).items()
           if not (each.on == on and key.type in _CLOSING_CODES)}
    return corrections(should, was)


def _columns(read: ReadCycle, position: int, statement: SimulatedStatement, added: list[dict[str, Any]]) -> dict[str, int]:
    """The statement's columns: figures of what was posted, state of the account on which everything was in time."""
    mine = read.index == position
    types = np.append(read.postings["type"][mine], [each["type"] for each in added]).astype(np.int64)
    amounts = np.append(read.postings["amount"][mine], [each["amount"] for each in added]).astype(np.int64)
    row = {name: day_number(value) if isinstance(value, date) else int(value)
           for name, value in statement.row.items() if name in STATEMENT and STATEMENT[name] != "digest"}
    row["previous_balance"] = owed = int(read.due["new_balance"][position])
    for number, figure in enumerate(FIGURES):
        moved = int((SIGN[types] * amounts)[FIGURE[types] == number].sum())
        row[figure] = -moved if figure in LOWERING else moved
        owed += moved
    if owed != row["new_balance"]:
        raise AssertionError(f"account {int(read.due['account_id'][position])}: what was posted up to {read.closes_on} "
                             f"comes to {owed} and not to {row['new_balance']}")
    closed_in = np.datetime64(int(read.due["previous_closing"][position]), "D").astype("datetime64[Y]")
    same_year = closed_in == np.datetime64(read.closes_on, "Y")
    for name in ("interest", "fees"):
        row[f"year_{name}"] = row[name] + (int(read.due[f"year_{name}"][position]) if same_year else 0)
    return row
