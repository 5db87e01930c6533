"""Laws of judging transaction rows, over random cells: nobody falls through, and what is right is exact."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from accounts.intake.book_days import BookDays
from accounts.intake.directory import Directory
from accounts.intake.layouts import TRANSACTIONS
from accounts.intake.rows import RowBlock
from accounts.intake.transaction_rules import TYPES, check_transactions
from accounts.posting_types import BY_NAME, OPPOSITE

OPENED, OPEN_ON = date(2024, 2, 1), date(2024, 3, 10)
BOOK = BookDays(date(2024, 3, 1), OPEN_ON)


def directory() -> Directory:
    """A1 in CNY, A2 in JPY, A3 taken over on 2024-03-20 in GBP; card C1 of A1."""
    known = Directory()
    known.offer_accounts(pa.array(["A1", "A2", "A3"]), pa.array(["classic"] * 3), [156, 392, 826], [OPENED] * 3,
                         [None, None, date(2024, 3, 20)], ids=[1, 2, 3])
    known.offer_cards(pa.array(["C1"]), pa.array(["A1"]))
    return known


AMOUNTS = st.decimals(min_value=-10**14, max_value=10**14, places=2).map(str) | st.integers(-10**16, 10**16).map(str)
DAYS = st.dates(OPENED, OPEN_ON + timedelta(days=30)).map(str)
ODD = st.none() | st.text(max_size=12)
GOOD: dict[str, st.SearchStrategy[str | None]] = {
    "type": st.sampled_from(TYPES), "amount": AMOUNTS, "account": st.sampled_from(["A1", "A2", "A3", None]),
    "card": st.sampled_from([None, None, "C1"]), "transaction_on": DAYS, "posted_on": st.none() | DAYS,
    "currency": st.sampled_from([None, "CNY", "GBP"]), "ref": st.none() | st.text(max_size=5),
    "original_amount": st.none() | AMOUNTS, "original_currency": st.sampled_from([None, "USD", "KWD"]),
}
ROWS = st.lists(st.fixed_dictionaries({name: st.one_of(cells, cells, cells, ODD) for name, cells in GOOD.items()}), max_size=12)


@given(ROWS, st.booleans())
def test_every_row_is_right_or_has_a_reason(rows: list[dict[str, str | None]], signed: bool) -> None:
    columns = {name: pa.array([row[name] or None for row in rows], pa.string()) for name in TRANSACTIONS.names if name in GOOD}
    block = RowBlock(np.arange(2, len(rows) + 2), columns, [], plain=False)
    checked = check_transactions(block, signed, directory(), {}, BOOK)
    check = checked.check
    assert {each.line for each in check.rejects} == {int(line) for line in block.lines[check.bad]}
    assert all(each.reason for each in check.rejects)
    postings = checked.postings(check.good(), 2).to_pylist()
    assert [each["source_line"] for each in sorted(postings, key=lambda each: each["source_line"])] == [
        int(line) for line in block.lines[check.good()]]
    for each in postings:
        row = rows[each["source_line"] - 2]
        digits = {156: 2, 392: 0, 826: 2}[each["currency"]]
        given_amount = Decimal(str(row["amount"]))
        assert each["amount"] > 0
        assert abs(given_amount) == Decimal(each["amount"]).scaleb(-digits)
        assert signed or given_amount > 0
        kind = OPPOSITE[str(row["type"])] if given_amount < 0 else str(row["type"])
        assert (each["type"], each["debit_account"], each["credit_account"]) == (
            BY_NAME[kind].code, BY_NAME[kind].debit, BY_NAME[kind].credit)
        assert each["posted_on"] >= OPEN_ON
        assert each["effective_on"] == min(each["posted_on"], date.fromisoformat(str(row["transaction_on"])))
        assert each["account_id"] == {"A1": 1, "A2": 2, "A3": 3}[row["account"] or "A1"]
        assert each["account_id"] != 3 or each["posted_on"] > date(2024, 3, 20)
    keys = [(each["member_id"], each["account_id"], each["posted_on"]) for each in postings]
    assert keys == sorted(keys)
