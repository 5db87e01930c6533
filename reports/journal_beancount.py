"""The journal for beancount: two legs a posting, a `balance` directive the morning after every closing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from accounts.money import Currency, major_units
from accounts.posting_types import CHART_OF_ACCOUNTS, HOUSE
from reports.journal import BroughtForward, ClosingBalance, JournalEntry, JournalPosting, OpenedAccount

ROOTS = {"asset": "Assets", "liability": "Liabilities", "income": "Income", "expense": "Expenses", "equity": "Equity"}
BROUGHT_FORWARD = "Equity:Brought-Forward"

_PLAIN_CODE = re.compile(r"[A-Z0-9][A-Za-z0-9-]*")
_ENCODED = "X-"
_FACTS_SHOWN = ("transaction_on", "effective_on", "source", "line", "ref", "category", "mcc", "channel", "terms", "clause")


def ledger_name(number: int) -> str:
    """A line of the chart of accounts as an account name, like Income:Late-Payment-Fee-Income."""
    name, kind = CHART_OF_ACCOUNTS[number]
    return f"{ROOTS[kind]}:{'-'.join(word.capitalize() for word in name.split('_'))}"


def holder_name(number: int, account: str) -> str:
    """A card account, under its line of the chart: the receivable, or the value of prepaid cards."""
    return f"{ledger_name(number)}:{account_component(account)}"


def account_component(account: str) -> str:
    """An account code as one part of an account name; different codes always give different parts.

    A code of capitals, digits, letters and hyphens stands as it is; any other is written with `X-` before it and every
    character that is not a letter or digit as its code point in hexadecimal between hyphens.
    """
    if _PLAIN_CODE.fullmatch(account) and not account.startswith(_ENCODED):
        return account
    return _ENCODED + "".join(
        each if each.isascii() and each.isalnum() else f"-{ord(each):x}-" for each in account
    )


def side_name(number: int, account: str) -> str:
    """One side of a posting: the card account itself, or a line of the chart."""
    return holder_name(number, account) if number < HOUSE else ledger_name(number)


def quoted(text: str) -> str:
    """A text as a beancount string: on one line, quotes and backslashes escaped."""
    return '"' + " ".join(text.split()).replace("\\", "\\\\").replace('"', '\\"') + '"'


def beancount_head(currencies: Sequence[Currency], first_on: date) -> Iterator[str]:
    """Options, and the chart of accounts open from the first day."""
    yield f"; The journal of a Cardwright book; amounts in {', '.join(each.code for each in currencies)}.\n"
    yield 'option "title" "Cardwright journal"\n'
    for currency in currencies:
        yield f'option "operating_currency" "{currency.code}"\n'
    yield "\n"
    for number in CHART_OF_ACCOUNTS:
        if number >= HOUSE:
            yield f"{first_on} open {ledger_name(number)}\n"
    yield f"{first_on} open {BROUGHT_FORWARD}\n\n"


def beancount_open(opened: OpenedAccount) -> str:
    """The directive that opens a card account."""
    name = holder_name(opened.ledger, opened.account)
    return f"{opened.on} open {name} {opened.currency.code}\n  account: {quoted(opened.account)}\n"


def as_beancount(entries: Iterable[JournalEntry]) -> Iterator[str]:
    """Each entry as a directive; beancount puts them in order of days itself."""
    for entry in entries:
        if isinstance(entry, JournalPosting):
            yield _transaction(entry)
        elif isinstance(entry, ClosingBalance):
            # A balance directive speaks of the start of its day, a statement of the end of its closing day.
            yield (f"{entry.on + timedelta(days=1)} balance {holder_name(entry.ledger, entry.account)}  "
                   f"{entry.balance_text} ~ 0 {entry.currency.code}\n\n")
        else:
            yield _brought_forward(entry)


def _transaction(posting: JournalPosting) -> str:
    payee = quoted(str(posting.facts["merchant"])) + " " if posting.facts.get("merchant") else ""
    words = posting.type.replace("_", " ")
    if posting.facts.get("description"):
        words += f": {posting.facts['description']}"
    lines = [f"{posting.on} * {payee}{quoted(words)}"]
    for name in _FACTS_SHOWN:
        value = posting.facts.get(name)
        if value is None or (isinstance(value, date) and value == posting.on):
            continue
        text = str(value) if isinstance(value, date | int) else quoted(str(value))
        lines.append(f"  {name.replace('_', '-')}: {text}")
    code = posting.currency.code
    lines.append(f"  {side_name(posting.debit, posting.account)}  {posting.amount_text} {code}")
    lines.append(f"  {side_name(posting.credit, posting.account)}  -{posting.amount_text} {code}")
    return "\n".join(lines) + "\n\n"


def _brought_forward(entry: BroughtForward) -> str:
    digits, code = entry.currency.digits, entry.currency.code
    return (f'{entry.on} * "brought forward"\n'
            f"  {holder_name(entry.ledger, entry.account)}  {major_units(entry.balance, digits)} {code}\n"
            f"  {BROUGHT_FORWARD}  {major_units(-entry.balance, digits)} {code}\n\n")
