"""The journal as CSV: one row a posting with both its sides, and one for the balance at every closing."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from io import StringIO

from accounts.money import major_units
from accounts.posting_types import CHART_OF_ACCOUNTS
from reports.journal import BroughtForward, ClosingBalance, JournalEntry, JournalPosting
from statements.spreadsheet_text import spreadsheet_safe

COLUMNS = (
    "record", "posted_on", "account", "type", "debit_account", "credit_account", "amount", "currency", "transaction_on",
    "effective_on", "source", "line", "ref", "card", "merchant", "mcc", "category", "channel", "description", "terms",
    "clause",
)
#: Fields that hold what a file or a person wrote.
_TEXTS = frozenset({"account", "source", "ref", "card", "merchant", "mcc", "category", "channel", "description", "clause"})


def as_journal_csv(entries: Iterable[JournalEntry]) -> Iterator[str]:
    """RFC 4180 with a header: `record` is posting, balance (what the account owes at the end of the day), or
    brought_forward (what it owed before the first day)."""
    yield _line(dict(zip(COLUMNS, COLUMNS, strict=True)))
    for entry in entries:
        fields = {"posted_on": str(entry.on), "account": entry.account, "currency": entry.currency.code}
        if isinstance(entry, JournalPosting):
            fields |= {
                "record": "posting", "type": entry.type, "amount": entry.amount_text,
                "debit_account": CHART_OF_ACCOUNTS[entry.debit][0], "credit_account": CHART_OF_ACCOUNTS[entry.credit][0],
                **{name: str(value) for name, value in entry.facts.items() if value is not None},
            }
        elif isinstance(entry, ClosingBalance):
            fields |= {"record": "balance", "amount": entry.balance_text}
        else:
            assert isinstance(entry, BroughtForward)
            fields |= {"record": "brought_forward", "amount": major_units(entry.balance, entry.currency.digits)}
        yield _line(fields)


def _line(fields: dict[str, str]) -> str:
    out = StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerow(
        [spreadsheet_safe(fields.get(name, "")) if name in _TEXTS else fields.get(name, "") for name in COLUMNS]
    )
    return out.getvalue()
