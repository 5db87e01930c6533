"""The real portfolio under other terms: what holders would have been charged, and who would have paid more or less.

Every account is billed twice from the same postings of files, by the nightly steps on a copy (reports/backtest_copy.py): under
the terms as issued and under the others. Holders are taken to have spent and paid as they did.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import groupby
from multiprocessing import get_context
from typing import Any

from psycopg import Connection

from accounts.database import Database
from accounts.errors import Usage
from accounts.posting_types import (
    BY_CODE,
    DEFERRED_INTEREST,
    POSTING_TYPES,
    PURCHASE_INTEREST,
    SEGMENT_INTEREST,
    PostingType,
)
from accounts.sharding import shard_of
from billing.terms_book import TermsBook
from fees.supported import late_closing_days, require_supported
from fees.terms import Terms
from jobs.business_day import REBILL
from jobs.steps import steps_of_the_day
from reports.backtest_copy import Chosen, Copy

#: On the copy late events count from the day they posted: what they corrected was charged by the terms that were in force.
_STEPS = tuple(each for each in steps_of_the_day() if each.name != REBILL)
#: Accounts copied and billed at a time; few enough to share out among processes.
AT_A_TIME = 2_000
#: Accounts that are shown by name.
SHOWN = 10


@dataclass(frozen=True)
class Trial:
    """What is asked: terms in place of a product's own, from a day on, over some days, both included."""

    product: str
    terms: Terms
    from_on: date
    to_on: date
    sample: int | None = None


@dataclass(frozen=True)
class Affected:
    """One account with what it was and would have been charged, minor units, less waivers."""

    account: str
    issued: int
    other: int

    @property
    def difference(self) -> int:
        """What it would have been charged more."""
        return self.other - self.issued

    @property
    def order(self) -> tuple[int, str]:
        """The most affected first."""
        return -abs(self.difference), self.account


@dataclass
class Backtest:
    """What a trial came to, of some accounts or of all.

    issued, other: charges less waivers by kind, minor units; shown_digits: decimals to write them with. better_off, worse_off:
    accounts that would have been charged less, more. not_reproduced: accounts whose charges in the books differ from those that
    their own terms give again. not_billed: of accounts that could not be tested the code and why; they count nowhere else.
    """

    issued: Counter[str] = field(default_factory=Counter)
    other: Counter[str] = field(default_factory=Counter)
    better_off: int = 0
    worse_off: int = 0
    unchanged: int = 0
    shown_digits: int = 0
    most_affected: list[Affected] = field(default_factory=list)
    not_reproduced: list[str] = field(default_factory=list)
    not_billed: list[tuple[str, str]] = field(default_factory=list)

    @property
    def accounts(self) -> int:
        """How many were compared."""
        return self.better_off + self.worse_off + self.unchanged

    def add(self, more: Backtest) -> None:
        """Take in what other accounts came to."""
        for name in ("issued", "other"):
            getattr(self, name).update(getattr(more, name))
        for name in ("better_off", "worse_off", "unchanged"):
            setattr(self, name, getattr(self, name) + getattr(more, name))
        self.most_affected = sorted(self.most_affected + more.most_affected, key=lambda each: each.order)[:SHOWN]
        self.not_reproduced = sorted(self.not_reproduced + more.not_reproduced)
        self.not_billed = sorted(self.not_billed + more.not_billed)

    @property
    def kinds(self) -> list[str]:
        """The kinds that anything was charged of: interest of segments first, then in the order of the posting types."""
        found = {kind for charges in (self.issued, self.other) for kind, amount in charges.items() if amount}
        return sorted(found, key=lambda kind: (_KINDS.index(kind) if kind in _KINDS else -1, kind))

    def count(self, affected: Affected) -> None:
        """Take in what one account came to."""
        if affected.difference:
            self.most_affected.append(affected)
        self.better_off += affected.difference < 0
        self.worse_off += affected.difference > 0
        self.unchanged += affected.difference == 0


_ACCOUNTS = """
SELECT member_id, account_id, account, closing_day FROM card_account WHERE product = %(product)s AND opened_on <= %(to)s
ORDER BY md5(account), account LIMIT %(sample)s
"""
#: Of interest on a segment without a type of its own the line number says which row of its version of the terms it is.
_CHARGES = """
SELECT account_id, type, sum(amount)::bigint, CASE WHEN type = ANY(%(by_row)s) THEN source_line ELSE 0 END AS row,
       CASE WHEN type = ANY(%(by_row)s) THEN terms_version_id END AS version
FROM posting
WHERE type = ANY(%(charges)s) AND posted_on BETWEEN %(from)s AND %(to)s
  AND (member_id, account_id) IN (SELECT * FROM unnest(%(members)s::bigint[], %(accounts)s::bigint[]))
GROUP BY account_id, type, row, version
"""


def kind_of(posting_type: PostingType, segment: str | None = None) -> str:
    """The kind of revenue that a posting of Cardwright's own counts in: interest by its balance, a fee by its name.

    segment: the balance's name where the type of posting does not tell it.
    """
    kind, of = str(posting_type.charge), segment or posting_type.segment
    return f"{kind}.{of}" if of else kind


#: What Cardwright itself charges, waives and gives back; what a file charged is the same under all terms.
CHARGES = tuple(each for each in POSTING_TYPES if each.charge is not None and each.code >= PURCHASE_INTEREST.code)
_BY_ROW = (SEGMENT_INTEREST, DEFERRED_INTEREST)
_KINDS = tuple(dict.fromkeys(kind_of(each) for each in CHARGES))


def backtest(database: Database, trial: Trial, workers: int,
             done: Callable[[int, int], None] = lambda so_far, of: None) -> Backtest:
    """Bill a product's accounts twice and compare; nothing is written to the books.

    workers: processes. done: told how many accounts are done, of how many. Raises Usage for what cannot be tried, NotCharged
    for terms that ask for what this release does not charge.
    """
    with database.connect() as connection:
        shown_digits = max(each.shown_digits for each in (*_own_terms(connection, trial), trial.terms))
        chunks, not_billed = _chosen(connection, trial, workers)
    found, so_far = Backtest(not_billed=not_billed, shown_digits=shown_digits), 0
    for chunk, compared in _compared(database.url, trial, chunks, workers):
        found.add(compared)
        so_far += len(chunk.accounts)
        done(so_far, sum(len(each.accounts) for each in chunks))
    return found


def _compared(url: str, trial: Trial, chunks: Sequence[Chosen], workers: int) -> Iterator[tuple[Chosen, Backtest]]:
    if workers == 1 or len(chunks) < 2:
        yield from ((chunk, compare(url, trial, chunk)) for chunk in chunks)
        return
    with ProcessPoolExecutor(min(workers, len(chunks)), get_context("forkserver")) as pool:
        waiting = {pool.submit(partial(compare, url, trial), chunk): chunk for chunk in chunks}
        for each in as_completed(waiting):
            yield waiting[each], each.result()


def _chosen(connection: Connection[Any], trial: Trial, workers: int) -> tuple[list[Chosen], list[tuple[str, str]]]:
    """The accounts to compare, a few thousand of one shard at a time; and those that the other terms cannot bill."""
    rows = connection.execute(_ACCOUNTS, {"product": trial.product, "to": trial.to_on, "sample": trial.sample}).fetchall()
    late = late_closing_days(trial.terms)
    not_billed = [(row[2], f"closes on day {row[3]}, and with these terms its statements would be due after the next closing")
                  for row in rows if row[3] in late]
    chunks, at_a_time = [], max(min(AT_A_TIME, -(-len(rows) // workers)), 1)
    for _, of_shard in groupby(sorted(row for row in rows if row[3] not in late), key=lambda row: shard_of(row[0])):
        shard = list(of_shard)
        chunks += [Chosen(*zip(*(row[:3] for row in shard[at:at + at_a_time]), strict=True))
                   for at in range(0, len(shard), at_a_time)]
    return chunks, not_billed


def _own_terms(connection: Connection[Any], trial: Trial) -> list[Terms]:
    """The product's own versions; raises Usage or NotCharged where the trial cannot be made on these books."""
    require_supported(trial.terms)
    book = TermsBook(connection)
    if trial.product not in book.products:
        raise Usage(f"no product {trial.product!r} has approved terms; the products are {', '.join(book.products) or 'none'}: "
                    "say with --product whose accounts are to be billed by these terms")
    own = [each.terms for each in book.versions if each.product == trial.product]
    if own[0].currency != trial.terms.currency:
        raise Usage(f"product {trial.product} is kept in {own[0].currency} and these terms are in {trial.terms.currency}; "
                    "give terms in its currency")
    row = connection.execute("SELECT first_on, closed_through FROM book").fetchone()
    if row is None or row[1] is None or trial.to_on > row[1] or trial.from_on < row[0]:
        days = "have closed no business day" if row is None or row[1] is None else f"hold the days from {row[0]} to {row[1]}"
        raise Usage(f"the books {days}; --from and --to must lie in them")
    if trial.from_on > trial.to_on:
        raise Usage(f"--from {trial.from_on} is after --to {trial.to_on}")
    return own


def compare(url: str, trial: Trial, chosen: Chosen) -> Backtest:
    """Bill some accounts by their own terms and by the others; what both come to."""
    code = dict(zip(chosen.accounts, chosen.codes, strict=True))
    found, refused = Backtest(), dict[int, str]()
    with Database(url).connect() as connection:
        booked = _charges(connection, trial, chosen)
        copy = Copy(connection)
        charged: list[dict[int, Counter[str]]] = []
        for other in (None, trial.terms):
            copy.fill(chosen, trial.product, trial.from_on, other)
            refused |= copy.run(chosen, _STEPS, trial.from_on, trial.to_on)
            charged.append(_charges(connection, trial, chosen))
            copy.clear()
    issued, tried = charged
    found.not_billed = sorted((code[account_id], reason) for account_id, reason in refused.items())
    for account_id in sorted(code.keys() - refused.keys()):
        before, after = issued.get(account_id, Counter()), tried.get(account_id, Counter())
        found.issued.update(before)
        found.other.update(after)
        found.count(Affected(code[account_id], before.total(), after.total()))
        if before != booked.get(account_id, Counter()):
            found.not_reproduced.append(code[account_id])
    found.most_affected = sorted(found.most_affected, key=lambda each: each.order)[:SHOWN]
    return found


def _charges(connection: Connection[Any], trial: Trial, chosen: Chosen) -> dict[int, Counter[str]]:
    """What accounts were charged in the days of the trial by Cardwright itself, less waivers, by account id and kind."""
    charges: dict[int, Counter[str]] = {}
    book = TermsBook(connection)
    for account_id, code, amount, row, version in connection.execute(_CHARGES, {
            "by_row": [each.code for each in _BY_ROW], "charges": [each.code for each in CHARGES],
            "from": trial.from_on, "to": trial.to_on, "members": list(chosen.members), "accounts": list(chosen.accounts)}):
        kind = BY_CODE[code]
        segment = book.by_id(version).terms.interest.segment[row - 1].name if row else None
        charges.setdefault(account_id, Counter())[kind_of(kind, segment)] += kind.sign * amount
    return charges
