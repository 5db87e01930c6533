"""Finds accounts and cards by the codes that a file uses, whole columns at a time.

For a large file the directory is loaded once, if it is not too large to keep; otherwise the codes that occur are fetched,
chunk by chunk, and forgotten when they become too many.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from psycopg import Connection, sql

from accounts.calendar import day_number
from accounts.columns import copy_out
from accounts.intake.checking import NO_DAY
from accounts.intake.known_codes import KnownCodes, SortedCodes
from accounts.intake.rows import Int64Array
from accounts.posting_types import OPENING_CREDIT

#: Files of more rows than this load the whole directory.
LARGE_FILE = 20_000
#: Of larger books no more is known than this at a time: intake keeps below 1 GiB (docs/performance.md).
MOST_KNOWN = 4_000_000
_FETCHED_AT_ONCE = 20_000
#: Bytes of an answer that are read into columns at a time.
_READ_AT_ONCE = 1 << 23


class _Query(NamedTuple):
    """A part of the directory: what is asked for, the name that codes are compared with, and what the answer's columns are."""

    select: sql.SQL
    code: sql.Identifier
    kinds: tuple[pa.DataType, ...]


_NAMES = pa.dictionary(pa.int32(), pa.string())
_ACCOUNT = pa.schema([("member_id", pa.int64()), ("account_id", pa.int64()), ("currency", pa.int16()),
                      ("opened_day", pa.int32()), ("product", _NAMES), ("closing_day", pa.int8()), ("opening_day", pa.int64())])
_CARD = pa.schema([("card_id", pa.int64()), ("account", pa.string())])
_ACCOUNTS = _Query(sql.SQL("""
SELECT d.account, a.member_id, a.account_id, a.currency, a.opened_on - date '1970-01-01', a.product, a.closing_day
FROM account_directory d JOIN card_account a ON a.member_id = d.member_id AND a.account_id = d.account_id
"""), sql.Identifier("d", "account"), (pa.string(), *_ACCOUNT.types[:-1]))
_CARDS = _Query(sql.SQL("""
SELECT d.card, d.card_id, a.account
FROM card_directory d JOIN card_account a ON a.member_id = d.member_id AND a.account_id = d.account_id
"""), sql.Identifier("d", "card"), (pa.string(), *_CARD.types))
_HOW_MANY = "SELECT (SELECT count(*) FROM account_directory), (SELECT count(*) FROM card_directory)"
_OPENINGS = "SELECT account_id, posted_on FROM posting WHERE posted_on >= %s AND type <= %s ORDER BY account_id"


@dataclass(frozen=True)
class AccountColumns:
    """Accounts as columns; opening_day: day number of an opening balance that is still to come, else NO_DAY; closing_day: 0
    where it is not known yet."""

    code: Any
    member_id: Int64Array
    account_id: Int64Array
    currency: Int64Array
    opened_day: Int64Array
    product: Any
    opening_day: Int64Array
    closing_day: Int64Array


@dataclass(frozen=True)
class Found:
    """What the rows of a chunk name: each account once.

    account: for each row its place in `accounts`, -1 unknown; card_id: 0 for none; of_card: code of the account that the row's
    card belongs to, and known_card whether there is such a card.
    """

    accounts: AccountColumns
    account: Int64Array
    card_id: Int64Array
    of_card: Any
    known_card: np.ndarray


class Directory:
    """The accounts and cards known so far, and a way to ask for more.

    learned: how many times something was added.
    """

    def __init__(self) -> None:
        self.learned = 0
        self._accounts = KnownCodes(_ACCOUNT)
        self._cards = KnownCodes(_CARD)
        self._openings: tuple[Int64Array, Int64Array] | None = None
        self._all_cards_to_come = False

    @classmethod
    def of_everything(cls, connection: Connection[Any]) -> Directory:
        """All accounts and cards on the books."""
        directory = cls()
        directory._load_cards(connection)
        directory._load_accounts(connection)
        return directory

    @classmethod
    def for_file(cls, connection: Connection[Any], rows_expected: int) -> Directory:
        """A directory for a file of about so many rows."""
        if rows_expected > LARGE_FILE:
            row = connection.execute(_HOW_MANY).fetchone()
            assert row is not None
            if max(row) <= MOST_KNOWN:
                directory = cls()
                directory._load_accounts(connection)
                directory._all_cards_to_come = True  # many a file names accounts only
                return directory
        return cls()

    def find(self, codes: Any, cards: Any) -> Found:
        """The accounts and cards that rows name: by account, by card, or by both."""
        known_cards, known_accounts = self._cards.sorted(), self._accounts.sorted()
        card = known_cards.places(cards)
        known_card = card >= 0
        of_card = known_cards.rows.column("account").take(pa.array(card, mask=~known_card)).combine_chunks()
        card_id = np.zeros(len(card), dtype=np.int64)
        card_id[known_card] = _int64(known_cards.rows.column("card_id").take(pa.array(card[known_card])))
        place = known_accounts.places(pc.coalesce(codes, of_card))
        used = np.unique(place[place >= 0])
        account = np.where(place < 0, -1, np.searchsorted(used, place))
        return Found(_account_columns(known_accounts, used), account, card_id, of_card, known_card)

    def learn(self, connection: Connection[Any], accounts: Any, cards: Any) -> None:
        """Fetch codes (pyarrow text) that are not known yet."""
        for part in (self._accounts, self._cards):
            if len(part.sorted()) > MOST_KNOWN:
                part.forget()
        if len(cards) and self._all_cards_to_come:
            self._load_cards(connection)
            self._all_cards_to_come = False
        for codes in _batches(_missing(cards, self._cards.sorted())):
            for answer in _fetched(connection, _CARDS, codes):
                self._add_cards(*answer)
        known = self._cards.sorted()
        places = known.places(pc.unique(cards))
        of_cards = known.rows.column("account").take(pa.array(places[places >= 0])).combine_chunks()
        for codes in _batches(_missing(pa.concat_arrays([accounts, of_cards]), self._accounts.sorted())):
            for answer in _fetched(connection, _ACCOUNTS, codes):
                self._add_accounts(connection, *answer)

    def offer_accounts(self, codes: Any, products: Any, currencies: Sequence[int], opened_on: Sequence[date],
                       opening_on: Sequence[date | None], ids: Sequence[int] | None = None) -> None:
        """Add accounts that a file brings; codes and products are pyarrow text. ids: of members and of accounts alike, none
        where the books have not given any yet."""
        given = np.zeros(len(codes), dtype=np.int64) if ids is None else np.array(ids, dtype=np.int64)
        self._add(self._accounts, codes, pa.table({
            "member_id": given, "account_id": given, "currency": pa.array(currencies, pa.int16()),
            "opened_day": pa.array([day_number(each) for each in opened_on], pa.int32()),
            "product": products.dictionary_encode(), "closing_day": np.zeros(len(codes), dtype=np.int8),
            "opening_day": pa.array([NO_DAY if each is None else day_number(each) for each in opening_on], pa.int64()),
        }, schema=_ACCOUNT))

    def offer_cards(self, codes: Any, accounts: Any) -> None:
        """Add cards that a file brings and that have no ids yet."""
        self._add_cards(codes, pa.array(np.zeros(len(codes), dtype=np.int64)), accounts)

    def _load_accounts(self, connection: Connection[Any]) -> None:
        for answer in _fetched(connection, _ACCOUNTS, None):
            self._add_accounts(connection, *answer)

    def _load_cards(self, connection: Connection[Any]) -> None:
        for answer in _fetched(connection, _CARDS, None):
            self._add_cards(*answer)

    def _add_accounts(self, connection: Connection[Any], codes: Any, *rows: Any) -> None:
        ids, days = self._opening_days(connection)
        opening_day = np.full(len(codes), NO_DAY, dtype=np.int64)
        if len(ids):
            account_id = _int64(rows[1])
            at = np.minimum(np.searchsorted(ids, account_id), len(ids) - 1)
            opening_day = np.where(ids[at] == account_id, days[at], NO_DAY)
        self._add(self._accounts, codes, pa.table([*rows, pa.array(opening_day)], schema=_ACCOUNT))

    def _add_cards(self, codes: Any, *rows: Any) -> None:
        self._add(self._cards, codes, pa.table(list(rows), schema=_CARD))

    def _add(self, part: KnownCodes, codes: Any, rows: pa.Table) -> None:
        if len(codes):
            part.add(codes, rows)
            self.learned += 1

    def _opening_days(self, connection: Connection[Any]) -> tuple[Int64Array, Int64Array]:
        """Accounts that are taken over on a day not yet closed, in order, and that day: what they did up to then is in their
        opening balance."""
        if self._openings is None:
            row = connection.execute("SELECT coalesce(open_on, date '1900-01-01') FROM book").fetchone()
            found = copy_out(connection, _OPENINGS, (row[0] if row else None, OPENING_CREDIT.code),
                             {"account_id": "bigint", "posted_on": "date"})
            self._openings = found["account_id"], found["posted_on"].astype(np.int64)
        return self._openings


def _account_columns(known: SortedCodes, places: Int64Array) -> AccountColumns:
    rows = known.rows.take(pa.array(places))
    numbers = {name: _int64(rows.column(name)) for name in rows.column_names if name != "product"}
    product = rows.column("product").cast(pa.string()).combine_chunks()
    return AccountColumns(code=known.codes_at(places), product=product, **numbers)


def _missing(codes: Any, known: SortedCodes) -> list[str]:
    wanted = pc.unique(codes).drop_null()
    return sorted(wanted.filter(pa.array(known.places(wanted) < 0)).to_pylist())


def _batches(codes: list[str]) -> Sequence[list[str]]:
    return [codes[at:at + _FETCHED_AT_ONCE] for at in range(0, len(codes), _FETCHED_AT_ONCE)]


def _fetched(connection: Connection[Any], query: _Query, codes: list[str] | None) -> Iterator[list[Any]]:
    """The answer as pyarrow columns, so many bytes at a time. codes: None asks for all."""
    asked: sql.Composable = query.select
    parameters: tuple[Any, ...] = ()
    if codes is not None:
        asked, parameters = sql.SQL("{} WHERE {} = ANY(%s::text[])").format(query.select, query.code), (codes,)
    copy_query = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv, FORCE_QUOTE *)").format(asked)
    answers, size = [], 0
    rows: list[bytes] = []
    with connection.cursor() as cursor, cursor.copy(copy_query, parameters) as copy:
        for each in copy:
            rows.append(bytes(each))
            size += len(each)
            if size >= _READ_AT_ONCE:
                answers.append(_columns(query, b"".join(rows)))
                rows, size = [], 0
    if rows:
        answers.append(_columns(query, b"".join(rows)))
    return iter(answers)


def _columns(query: _Query, answer: bytes) -> list[Any]:
    names = [str(place) for place in range(len(query.kinds))]
    table = pyarrow.csv.read_csv(
        pa.BufferReader(answer), read_options=pyarrow.csv.ReadOptions(column_names=names),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(column_types=dict(zip(names, query.kinds, strict=True)),
                                                   strings_can_be_null=False),
    )
    return [column.combine_chunks() for column in table.columns]


def _int64(values: Any) -> Int64Array:
    return np.asarray(values.cast(pa.int64())).astype(np.int64)
