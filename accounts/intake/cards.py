"""Takes in cards; a card number is checked, sealed at once, and goes nowhere in clear."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from psycopg import Connection

from accounts.card_numbers import (
    BadCardNumber,
    CardNumberKeys,
    SealedCardNumber,
    card_number_keys,
    check_card_number,
    looks_like_card_number,
    masked_whole,
)
from accounts.intake.book_days import BookDays
from accounts.intake.cells import CellDefect, minor_amount
from accounts.intake.checking import BlockCheck
from accounts.intake.copying import copy_rows
from accounts.intake.layouts import CARDS
from accounts.intake.master_data import Facts, already_there, first_rows, found_by_code, next_id, outcome_of, picked
from accounts.intake.rows import RowBlock
from accounts.intake.taking import ChunkOutcome
from accounts.money import BY_NUMERIC, major_units

_ACCOUNTS = """
SELECT d.account, d.member_id, d.account_id, a.currency
FROM account_directory d JOIN card_account a ON a.member_id = d.member_id AND a.account_id = d.account_id
WHERE d.account = ANY(%s)
"""
_KNOWN = """
SELECT d.card, d.account_id, d.card_id, a.currency, a.account, c.kind, c.issued_on, c.holder, c.expires_on, c.status,
       c.sub_limit, c.channel, r.card, c.reason, c.pan_hash
FROM card_directory d
JOIN card c ON c.member_id = d.member_id AND c.account_id = d.account_id AND c.card_id = d.card_id
JOIN card_account a ON a.member_id = d.member_id AND a.account_id = d.account_id
LEFT JOIN card r ON r.member_id = c.member_id AND r.account_id = c.account_id AND r.card_id = c.replaces_card_id
WHERE d.card = ANY(%s)
"""
_FACTS = ("account", "kind", "issued_on", "holder", "expires_on", "status", "sub_limit", "channel", "replaces", "reason", "pan")
_TEXTS = ("kind", "holder", "channel", "reason")
_KEYS_IN_USE = "SELECT DISTINCT pan_key_id FROM card WHERE pan_key_id IS NOT NULL"

#: Gives the keys that card numbers are sealed with; asked when there is a number to seal.
Keys = Callable[[Connection[Any]], CardNumberKeys]


def keys_of(home: Path) -> Keys:
    """The keys of a home, read or made when the first card number needs them."""
    found: list[CardNumberKeys] = []

    def keys(connection: Connection[Any]) -> CardNumberKeys:
        if not found:
            in_use = frozenset(row[0] for row in connection.execute(_KEYS_IN_USE))
            found.append(card_number_keys(home, in_use))
        return found[0]

    return keys


def check_cards(block: RowBlock) -> BlockCheck:
    """Judge the cells of a block, each row by itself."""
    check = BlockCheck(block, CARDS)
    check.require()
    for name in ("card", "account", "holder", "status", "channel", "replaces", "reason"):
        check.text(name)
    check.values("kind")
    numbers = np.array([code is not None and looks_like_card_number(code) for code in block.column("card").to_pylist()],
                       dtype=np.bool_)
    check.refuse(numbers, "card", "is a card number; give the card a code of its own and put its number under pan")
    for index, text in enumerate(block.column("pan").to_pylist()):
        if text is not None:
            _check_number(check, index, text)
    return check


class CardsIntake:
    """Judges and keeps the rows of a cards file."""

    layout = CARDS

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def prepare(self, block: RowBlock) -> BlockCheck:
        """Judge the cells."""
        return check_cards(block)

    def take(self, connection: Connection[Any], source_id: int, book: BookDays, prepared: BlockCheck) -> ChunkOutcome:
        """Keep the cards that are new."""
        check = prepared
        next_card = next_id(connection, "card_directory", "card_id")
        cells = {name: check.block.column(name).to_pylist() for name in CARDS.names}
        codes = cells["card"]
        accounts = found_by_code(connection, _ACCOUNTS, cells["account"])
        check.refuse(np.array([code is not None and code not in accounts for code in cells["account"]], dtype=np.bool_),
                     "account", "is no account on the books")
        of_row = [accounts.get(code, (0, 0, None)) for code in cells["account"]]
        sub_limit = _sub_limits(check, cells["sub_limit"], [currency for _, _, currency in of_row])
        on_books = found_by_code(connection, _KNOWN, [*codes, *cells["replaces"]])
        cells["issued_on"], cells["expires_on"] = check.values("issued_on"), check.values("expires_on")
        cells["status"] = [each or "active" for each in cells["status"]]
        _check_replaced(check, cells, [account_id for _, account_id, _ in of_row], on_books)
        known = {code: _facts_on_books(row) for code, row in on_books.items()}
        new = first_rows(check, codes, known)
        sealed = self._sealed(connection, check, cells["pan"], codes)
        facts = {**{name: cells[name] for name in _FACTS},
                 "sub_limit": [_shown(each, of[2]) for each, of in zip(sub_limit, of_row, strict=True)],
                 "pan": [_Number(each.found_by) if each else None for each in sealed]}
        there = already_there(check, "card", "card", codes, new, known, facts)
        card_ids = {code: row[1] for code, row in on_books.items()}
        card_ids.update({codes[index]: next_card + place for place, index in enumerate(new.tolist())})
        ids = {
            "member_id": picked([member_id for member_id, _, _ in of_row], new, pa.int64()),
            "account_id": picked([account_id for _, account_id, _ in of_row], new, pa.int64()),
            "card_id": np.arange(next_card, next_card + len(new)),
        }
        code = picked(codes, new, pa.string())
        copy_rows(connection, "card_directory", pa.table({"card": code, **ids}))
        copy_rows(connection, "card", pa.table({
            **ids,
            "card": code,
            **{name: picked(cells[name], new, pa.string()) for name in (*_TEXTS, "status")},
            **{name: picked(cells[name], new, pa.date32()) for name in ("issued_on", "expires_on")},
            "sub_limit": picked(sub_limit, new, pa.int64()),
            "replaces_card_id": picked([card_ids.get(each) for each in cells["replaces"]], new, pa.int64()),
            **_number_columns([sealed[index] for index in new.tolist()]),
        }))
        return outcome_of(check, len(new), there)

    def _sealed(self, connection: Connection[Any], check: BlockCheck, numbers: Sequence[str | None],
                codes: Sequence[str | None]) -> list[SealedCardNumber | None]:
        """The card numbers of the rows without a defect, sealed."""
        sealed: list[SealedCardNumber | None] = [None] * check.rows
        for index in check.good().tolist():
            number, code = numbers[index], codes[index]
            if number is not None and code is not None:
                sealed[index] = self._keys(connection).seal(number, code)
        return sealed


@dataclass(frozen=True)
class _Number:
    """A card number as a fact to compare; says nothing of its digits."""

    found_by: bytes

    def __str__(self) -> str:
        return "another number"


def _check_number(check: BlockCheck, index: int, text: str) -> None:
    try:
        check_card_number(text)
    except BadCardNumber as defect:
        check.refuse(np.array([index]), "pan", str(defect), value=lambda _: masked_whole(text))


def _sub_limits(check: BlockCheck, texts: Sequence[str | None], currency: Sequence[int | None]) -> list[int | None]:
    found: list[int | None] = [None] * check.rows
    for index, (text, numeric) in enumerate(zip(texts, currency, strict=True)):
        if text is not None and numeric is not None:
            its = BY_NUMERIC[numeric]
            try:
                found[index] = minor_amount(text, its.code, its.digits, its.digits)
                if text.startswith("-"):
                    raise CellDefect("is negative")
            except CellDefect as defect:
                check.refuse(np.array([index]), "sub_limit", str(defect))
    return found


def _check_replaced(check: BlockCheck, cells: dict[str, list[Any]], account_ids: list[int],
                    on_books: dict[str, tuple[Any, ...]]) -> None:
    """A card replaces one of the same account that is on the books or on an earlier line, and was issued no later."""
    earlier: dict[str, tuple[int, date]] = {code: (row[0], row[5]) for code, row in on_books.items()}
    for index in check.good().tolist():
        code, replaces, issued_on = cells["card"][index], cells["replaces"][index], cells["issued_on"][index]
        if replaces is not None and code not in on_books:
            reason = _why_not_replaced(replaces, code, account_ids[index], issued_on, earlier)
            if reason:
                check.refuse(np.array([index]), "replaces", reason)
                continue
        earlier.setdefault(code, (account_ids[index], issued_on))


def _why_not_replaced(replaces: str, code: str, account_id: int, issued_on: date,
                      earlier: dict[str, tuple[int, date]]) -> str | None:
    if replaces == code:
        return "is the card itself"
    if replaces not in earlier:
        return "is no card on the books or earlier in this file"
    if earlier[replaces][0] != account_id:
        return "is a card of another account"
    if earlier[replaces][1] > issued_on:
        return f"was issued later, on {earlier[replaces][1]}"
    return None


def _facts_on_books(row: tuple[Any, ...]) -> Facts:
    facts = dict(zip(_FACTS, row[3:], strict=True))
    facts["sub_limit"] = _shown(facts["sub_limit"], row[2])
    facts["pan"] = None if facts["pan"] is None else _Number(bytes(facts["pan"]))
    return facts


def _shown(minor: int | None, currency: int | None) -> str | None:
    return None if minor is None or currency is None else major_units(minor, BY_NUMERIC[currency].digits)


def _number_columns(sealed: Sequence[SealedCardNumber | None]) -> dict[str, Any]:
    def column(fact: Callable[[SealedCardNumber], Any], kind: Any) -> Any:
        return pa.array([None if each is None else fact(each) for each in sealed], kind)

    return {
        "pan_first6": column(lambda each: each.first6, pa.string()),
        "pan_last4": column(lambda each: each.last4, pa.string()),
        "pan_ciphertext": column(lambda each: "\\x" + each.ciphertext.hex(), pa.string()),
        "pan_key_id": column(lambda each: each.key_id, pa.int64()),
        "pan_hash": column(lambda each: "\\x" + each.found_by.hex(), pa.string()),
    }
