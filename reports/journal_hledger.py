"""The journal for hledger: two legs a posting, a balance assertion at the end of every closing day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from accounts.money import Currency, major_units
from accounts.posting_types import CHART_OF_ACCOUNTS, HOUSE
from reports.journal import BroughtForward, ClosingBalance, JournalEntry, JournalPosting, OpenedAccount
from reports.journal_beancount import BROUGHT_FORWARD, holder_name, ledger_name, side_name

_TAGS = ("effective_on", "source", "line", "category", "mcc", "channel", "terms", "clause")


def one_line(text: str) -> str:
    """A text that ends neither its line nor its field: `;` begins a comment and `|` ends a payee in hledger."""
    return " ".join(text.split()).replace(";", ",").replace("|", "/")


def tag_value(text: str) -> str:
    """A text as the value of a tag, which a comma would end."""
    return one_line(text).replace(",", " ")


def hledger_head(currencies: Sequence[Currency]) -> Iterator[str]:
    """How amounts are written, and the chart of accounts."""
    yield "; The journal of a Cardwright book.\n"
    for currency in currencies:
        yield f"commodity 1000.{'0' * currency.digits} {currency.code}\n"
    yield "\n"
    for number in CHART_OF_ACCOUNTS:
        if number >= HOUSE:
            yield f"account {ledger_name(number)}\n"
    yield f"account {BROUGHT_FORWARD}\n\n"


def hledger_account(opened: OpenedAccount) -> str:
    """The directive that declares a card account."""
    return f"account {holder_name(opened.ledger, opened.account)}  ; account:{tag_value(opened.account)}\n"


def as_hledger(entries: Iterable[JournalEntry]) -> Iterator[str]:
    """Each entry as a transaction; assertions come after all postings of their day, as hledger checks them in this order."""
    for entry in entries:
        if isinstance(entry, JournalPosting):
            yield _transaction(entry)
        elif isinstance(entry, ClosingBalance):
            zero = major_units(0, entry.currency.digits)
            yield (f"{entry.on} * closing\n    {holder_name(entry.ledger, entry.account)}    "
                   f"{zero} {entry.currency.code} = {entry.balance_text} {entry.currency.code}\n\n")
        else:
            yield _brought_forward(entry)


def _transaction(posting: JournalPosting) -> str:
    words = posting.type.replace("_", " ")
    if posting.facts.get("description"):
        words += f": {one_line(str(posting.facts['description']))}"
    payee = f"{one_line(str(posting.facts['merchant']))} | " if posting.facts.get("merchant") else ""
    # The secondary date is the transaction's own: hledger reports by it with --date2.
    transaction_on = posting.facts["transaction_on"]
    day = str(posting.on) if transaction_on == posting.on else f"{posting.on}={transaction_on}"
    ref = str(posting.facts.get("ref") or "")
    code = f" ({one_line(ref).replace(')', ' ').replace('(', ' ')})" if ref else ""
    tags = ", ".join(f"{name}:{tag_value(str(value))}" for name in _TAGS if _worth_saying(value := posting.facts.get(name),
                                                                                          posting.on))
    return (f"{day} *{code} {payee}{words}\n"
            + (f"    ; {tags}\n" if tags else "")
            + f"    {side_name(posting.debit, posting.account)}    {posting.amount_text} {posting.currency.code}\n"
            + f"    {side_name(posting.credit, posting.account)}    -{posting.amount_text} {posting.currency.code}\n\n")


def _worth_saying(value: object, posted_on: date) -> bool:
    return value is not None and value != posted_on


def _brought_forward(entry: BroughtForward) -> str:
    digits, code = entry.currency.digits, entry.currency.code
    return (f"{entry.on} * brought forward\n"
            f"    {holder_name(entry.ledger, entry.account)}    {major_units(entry.balance, digits)} {code}\n"
            f"    {BROUGHT_FORWARD}    {major_units(-entry.balance, digits)} {code}\n\n")
