"""What a closing brings before its interest, told before it comes: parts of instalment plans and their fees, fees that
depend on what the cycle comes to, and the fees of days that the book has not closed yet.

The account is billed again from its history as if its cycle closed on the day; what that posts and the ledger has not yet is to
come. Not known ahead: fees for cards, and what standing waivers will give back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from psycopg import Connection

from accounts.calendar import day_number
from accounts.posting_types import INSTALMENT
from billing.due_cycles import ReadCycle
from billing.instalment_plans import PlanAccount, not_billed
from billing.rebilled import bill_again
from billing.rebilling import is_charge
from billing.simulated_ledger import SCENARIO_SOURCE
from billing.statement_rows import CLOSING_CHARGES
from billing.terms_book import TermsBook
from billing.tracing import unsealed
from fees.late_payment import charged_at_closing

_CLOSING_CODES = {kind.code for kind in CLOSING_CHARGES}
_POSTED = """
SELECT posted_on, source_id, source_line, type FROM posting
WHERE member_id = %s AND account_id = %s AND posted_on BETWEEN %s AND %s
"""


def brings_more(connection: Connection[Any], account: PlanAccount, book: TermsBook, on: date,
                closed_through: date | None) -> bool:
    """Whether a closing on a day can bring anything but interest that is not posted yet."""
    version = book.on(account.product, on)
    fees = None if version is None else version.terms.fees
    late = None if fees is None else fees.late_payment
    return (closed_through is None or on > closed_through
            or (fees is not None and fees.over_limit is not None)
            or (late is not None and charged_at_closing(late))
            or not_billed(connection, *account.key, on) > 0)


def postings_to_come(connection: Connection[Any], account: PlanAccount, book: TermsBook, on: date,
                     closed_through: date | None) -> list[dict[str, Any]]:
    """The postings, as rows of the ledger, that a closing on a day makes before it counts interest, and that the days before
    it make which the book has not closed."""
    again = bill_again(connection, *account.key, account.product, book, unsealed, on, close_on=on)
    versions = sorted((each for each in book.versions if each.product == account.product), key=lambda each: each.first)
    since = on if closed_through is None or closed_through >= on else closed_through + timedelta(days=1)
    posted = set(connection.execute(_POSTED, (*account.key, since, on)).fetchall())
    found = []
    for each in again.simulated.postings:
        if each["posted_on"] < since or each["type"] in _CLOSING_CODES or not (
                is_charge(each) or each["type"] == INSTALMENT.code):
            continue
        row = {**each, "member_id": account.member_id, "account_id": account.account_id}
        if each["source_id"] == SCENARIO_SOURCE:
            row["source_id"], row["source_line"] = again.history.sources[each["source_line"] - 1]
        if (row["posted_on"], row["source_id"], row["source_line"], row["type"]) not in posted:
            number = each["terms_version_id"]
            row["terms_version_id"] = versions[number - 1].terms_version_id if number else None
            found.append(row)
    return found


def with_postings(read: ReadCycle, rows: Sequence[Mapping[str, Any]]) -> ReadCycle:
    """What was read of one account, and postings that are to come, in the order of the ledger's key."""
    more = {name: np.array([_plain(row.get(name)) if name != "segment" else 0 for row in rows], dtype=column.dtype)
            for name, column in read.postings.items()}
    joined = {name: np.concatenate([column, more[name]]) for name, column in read.postings.items()}
    order = np.lexsort(tuple(joined[name] for name in ("type", "source_line", "source_id", "posted_on")))
    index = np.concatenate([read.index, np.zeros(len(rows), dtype=read.index.dtype)])
    return replace(read, postings={name: column[order] for name, column in joined.items()}, index=index[order])


def _plain(value: Any) -> int:
    return day_number(value) if isinstance(value, date) else int(value or 0)
