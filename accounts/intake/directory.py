"""Finds accounts and cards by the codes that a file uses, whole columns at a time.

For a large file the directory is loaded once; for a small one only the codes that occur are fetched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from psycopg import Connection, sql

from accounts.calendar import day_number
from accounts.intake.checking import NO_DAY
from accounts.intake.rows import Int64Array
from accounts.posting_types import OPENING_CREDIT

#: Files of more rows than this load the whole directory.
LARGE_FILE = 20_000
_FETCHED_AT_ONCE = 20_000


class _Query(NamedTuple):
    """A part of the directory: what is asked for, the name that codes are compared with, and what the answer's columns are."""

    select: sql.SQL
    code: sql.Identifier
    kinds: tuple[str, ...]


_ACCOUNTS = _Query(sql.SQL("""
SELECT d.account, a.member_id, a.account_id, a.currency, a.opened_on - date '1970-01-01', a.product,
       a.closing_day::bigint
FROM account_directory d JOIN card_account a ON a.member_id = d.member_id AND a.account_id = d.account_id
"""), sql.Identifier("d", "account"), ("text", "number", "number", "number", "number", "text", "number"))
_CARDS = _Query(sql.SQL("""
SELECT d.card, d.card_id, a.account
FROM card_directory d JOIN card_account a ON a.member_id = d.member_id AND a.account_id = d.account_id
"""), sql.Identifier("d", "card"), ("text", "number", "text"))
_OPENINGS = "SELECT account_id, posted_on - date '1970-01-01' FROM posting WHERE posted_on >= %s AND type <= %s"


@dataclass
class AccountColumns:
    """Accounts as columns; opening_day: day number of an opening balance that is still to come, else NO_DAY; closing_day: 0
    where it is not known yet."""

    code: Any = field(default_factory=lambda: pa.array([], pa.string()))
    member_id: Int64Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    account_id: Int64Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    currency: Int64Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    opened_day: Int64Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    product: Any = field(default_factory=lambda: pa.array([], pa.string()))
    opening_day: Int64Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    closing_day: Int64Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def places(self, codes: Any) -> Int64Array:
        """For each code its place in these columns, -1 where there is none."""
        return _places(codes, self.code)


@dataclass
class CardColumns:
    """Cards as columns; account: code of the account that the card belongs to."""

    code: Any = field(default_factory=lambda: pa.array([], pa.string()))
    card_id: Int64Array = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    account: Any = field(default_factory=lambda: pa.array([], pa.string()))

    def places(self, codes: Any) -> Int64Array:
        """For each code its place in these columns, -1 where there is none."""
        return _places(codes, self.code)


class Directory:
    """The accounts and cards known so far, and a way to ask for more; what is known keeps its place.

    learned: how many times something was added.
    """

    def __init__(self) -> None:
        self.learned = 0
        self.accounts = AccountColumns()
        self.cards = CardColumns()
        self._openings: dict[int, int] | None = None

    @classmethod
    def of_everything(cls, connection: Connection[Any]) -> Directory:
        """All accounts and cards on the books."""
        return cls.for_file(connection, LARGE_FILE + 1)

    @classmethod
    def for_file(cls, connection: Connection[Any], rows_expected: int) -> Directory:
        """A directory for a file of about so many rows."""
        directory = cls()
        if rows_expected > LARGE_FILE:
            directory._add_cards(_fetch(connection, _CARDS, None))
            directory._add_accounts(connection, _fetch(connection, _ACCOUNTS, None))
        return directory

    def learn(self, connection: Connection[Any], accounts: Any, cards: Any) -> None:
        """Fetch codes (pyarrow text) that are not known yet."""
        for codes in _batches(_missing(cards, self.cards.code)):
            self._add_cards(_fetch(connection, _CARDS, codes))
        needed = pa.concat_arrays([pc.unique(accounts), pc.unique(self.cards.account)])
        for codes in _batches(_missing(needed, self.accounts.code)):
            self._add_accounts(connection, _fetch(connection, _ACCOUNTS, codes))

    def offer_accounts(self, codes: Any, products: Any, currencies: Sequence[int], opened_on: Sequence[date],
                       opening_on: Sequence[date | None]) -> None:
        """Add accounts that a file brings and that have no ids yet; codes and products are pyarrow text."""
        nothing = pa.array(np.zeros(len(codes), dtype=np.int64))
        first = len(self.accounts.code)
        self._append_accounts([codes, nothing, nothing, pa.array(currencies, pa.int64()),
                               pa.array([day_number(each) for each in opened_on], pa.int64()), products, nothing])
        self.accounts.opening_day[first:] = [NO_DAY if each is None else day_number(each) for each in opening_on]

    def offer_cards(self, codes: Any, accounts: Any) -> None:
        """Add cards that a file brings and that have no ids yet."""
        self._add_cards([codes, pa.array(np.zeros(len(codes), dtype=np.int64)), accounts])

    def _add_accounts(self, connection: Connection[Any], rows: list[Any]) -> None:
        if not rows:
            return
        first = len(self.accounts.code)
        openings = self._opening_days(connection)
        self._append_accounts(rows)
        if openings:
            ids = self.accounts.account_id[first:].tolist()
            self.accounts.opening_day[first:] = [openings.get(each, NO_DAY) for each in ids]

    def _append_accounts(self, rows: list[Any]) -> None:
        self.learned += 1
        code, member_id, account_id, currency, opened_day, product, closing_day = rows
        known = self.accounts
        self.accounts = AccountColumns(
            pa.concat_arrays([known.code, code]),
            np.concatenate([known.member_id, _int64(member_id)]),
            np.concatenate([known.account_id, _int64(account_id)]),
            np.concatenate([known.currency, _int64(currency)]),
            np.concatenate([known.opened_day, _int64(opened_day)]),
            pa.concat_arrays([known.product, product]),
            np.concatenate([known.opening_day, np.full(len(code), NO_DAY, dtype=np.int64)]),
            np.concatenate([known.closing_day, _int64(closing_day)]),
        )

    def _add_cards(self, rows: list[Any]) -> None:
        if not rows:
            return
        self.learned += 1
        code, card_id, account = rows
        known = self.cards
        self.cards = CardColumns(
            pa.concat_arrays([known.code, code]), np.concatenate([known.card_id, _int64(card_id)]),
            pa.concat_arrays([known.account, account]),
        )

    def _opening_days(self, connection: Connection[Any]) -> dict[int, int]:
        """Accounts that are taken over on a day not yet closed: what they did up to then is in their opening balance."""
        if self._openings is None:
            row = connection.execute("SELECT coalesce(open_on, date '1900-01-01') FROM book").fetchone()
            rows = connection.execute(_OPENINGS, (row[0] if row else None, OPENING_CREDIT.code)).fetchall()
            self._openings = dict(rows)
        return self._openings


def _places(codes: Any, known: Any) -> Int64Array:
    encoded = codes.dictionary_encode()
    if not len(encoded.dictionary):
        return np.full(len(codes), -1, dtype=np.int64)
    found = _int64(pc.fill_null(pc.index_in(encoded.dictionary, value_set=known), -1))
    rows = _int64(pc.fill_null(encoded.indices, -1))
    return np.append(found, -1)[rows]


def _missing(codes: Any, known: Any) -> list[str]:
    wanted = pc.unique(codes).drop_null()
    return sorted(wanted.filter(pc.invert(pc.is_in(wanted, value_set=known))).to_pylist()) if len(wanted) else []


def _batches(codes: list[str]) -> Sequence[list[str]]:
    return [codes[at:at + _FETCHED_AT_ONCE] for at in range(0, len(codes), _FETCHED_AT_ONCE)]


def _fetch(connection: Connection[Any], query: _Query, codes: list[str] | None) -> list[Any]:
    """The answer as pyarrow columns; an empty list if there is none. codes: None asks for all."""
    asked: sql.Composable = query.select
    parameters: tuple[Any, ...] = ()
    if codes is not None:
        asked, parameters = sql.SQL("{} WHERE {} = ANY(%s::text[])").format(query.select, query.code), (codes,)
    copy_query = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv, FORCE_QUOTE *)").format(asked)
    with connection.cursor() as cursor, cursor.copy(copy_query, parameters) as copy:
        answer = b"".join(bytes(each) for each in copy)
    if not answer:
        return []
    names = [str(place) for place in range(len(query.kinds))]
    kinds = {"text": pa.string(), "number": pa.int64()}
    table = pyarrow.csv.read_csv(
        pa.BufferReader(answer), read_options=pyarrow.csv.ReadOptions(column_names=names),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types={name: kinds[kind] for name, kind in zip(names, query.kinds, strict=True)},
            strings_can_be_null=False,
        ),
    )
    return [column.combine_chunks() for column in table.columns]


def _int64(values: Any) -> Int64Array:
    return np.asarray(values.to_numpy(zero_copy_only=False)).astype(np.int64)
