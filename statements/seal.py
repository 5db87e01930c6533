"""Seals statements: one SHA-256 over a statement's figures, its postings and the seal before it, for a whole shard at once.

The canonical form (docs/reference/seal.md describes it for a reader with another language at hand) is fixed-width and
big-endian, so that it is built for all accounts together with a few column assignments; only the hash itself is taken
account by account.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

Columns = Mapping[str, NDArray[Any]]
Seals = NDArray[np.uint8]

VERSION = b"cardwright.seal/1"

#: What the first cycle of an account is chained to.
NO_SEAL = bytes(32)

#: The figures in canonical order: field name -> big-endian type. Dates are days since 1970-01-01.
FIGURES: tuple[tuple[str, str], ...] = (
    ("member_id", ">i8"), ("account_id", ">i8"), ("cycle_no", ">i4"), ("opens_on", ">i4"), ("closes_on", ">i4"),
    ("due_on", ">i4"), ("terms_version_id", ">i4"), ("credit_limit", ">i8"),
    ("previous_balance", ">i8"), ("payments", ">i8"), ("credits", ">i8"), ("purchases", ">i8"),
    ("cash_advances", ">i8"), ("balance_transfers", ">i8"), ("fees", ">i8"), ("interest", ">i8"), ("waivers", ">i8"),
    ("adjustments", ">i8"), ("new_balance", ">i8"), ("minimum_payment_due", ">i8"), ("past_due", ">i8"),
    ("over_limit", ">i8"), ("days_past_due", ">i4"), ("grace", ">i2"),
    ("purchase_balance_days", ">i8"), ("purchase_interest", ">i8"), ("cash_balance_days", ">i8"),
    ("cash_interest", ">i8"), ("over_limit_balance_days", ">i8"), ("over_limit_interest", ">i8"),
    ("year_interest", ">i8"), ("year_fees", ">i8"),
    ("revolving", ">i8"), ("billed", ">i8"), ("cash", ">i8"), ("unpaid_interest", ">i8"), ("unpaid_fees", ">i8"),
    ("billed_balance_days", ">i8"), ("oldest_unpaid_due_on", ">i4"),
)

#: One posting in canonical order. Member and account are those of the figures; card_id 0 means none.
POSTING: tuple[tuple[str, str], ...] = (
    ("posted_on", ">i4"), ("source_id", ">i4"), ("source_line", ">i8"), ("type", ">i2"), ("debit_account", ">i2"),
    ("credit_account", ">i2"), ("currency", ">i2"), ("amount", ">i8"), ("effective_on", ">i4"),
    ("transaction_on", ">i4"), ("card_id", ">i8"),
)

_HEAD = np.dtype([("version", f"S{len(VERSION)}"), ("previous_sha256", "u1", 32), ("postings", ">i4"), *FIGURES])
_POSTING = np.dtype(list(POSTING))


def seal_statements(statements: Columns, postings: Columns, starts: NDArray[np.int64]) -> Seals:
    """What makes every figure and posting of each statement, and all statements before it, evident if changed later.

    statements: one row an account, columns FIGURES and `previous_sha256` (32 bytes each: dtype S32, V32, or uint8 of shape
    (n, 32)); amounts int64 minor units, dates int32 days since 1970-01-01.
    postings: columns POSTING, sorted by account, then (posted_on, source_id, source_line, type); those of account i are
    rows starts[i]:starts[i + 1], so `starts` has n + 1 entries.
    Returns uint8 of shape (n, 32), one SHA-256 a row: bytes stay whole even where a hash ends in zero bytes, which an S32
    array would lose when an element is taken out.
    Raises KeyError where a column is missing, ValueError where `starts` does not fit the rows.
    """
    heads = _heads(statements, np.diff(starts))
    lines = _records(postings, len(postings["amount"]))
    count = len(heads)
    if len(starts) != count + 1 or starts[0] != 0 or starts[-1] != len(lines):
        raise ValueError(f"starts must run from 0 to {len(lines)} in {count + 1} entries")
    head_bytes, line_bytes = _bytes_of(heads), _bytes_of(lines)
    head_size, line_size = _HEAD.itemsize, _POSTING.itemsize
    ends = (starts * line_size).tolist()
    digests = b"".join([
        sha256(head_bytes[head:head + head_size] + line_bytes[first:last]).digest()
        for head, first, last in zip(range(0, count * head_size, head_size), ends[:-1], ends[1:], strict=True)])
    return np.frombuffer(digests, dtype=np.uint8).reshape(count, 32)


def seal_statement(figures: Mapping[str, Any], postings: Iterable[Mapping[str, Any]]) -> bytes:
    """The seal of one statement, from plain values as the books give them: dates as `date`, no card as None.

    figures: a row of the statement table (its own sha256 is ignored); postings: rows of the posting table, in any order.
    """
    in_order = sorted(postings, key=lambda row: (row["posted_on"], row["source_id"], row["source_line"], row["type"]))
    columns: dict[str, NDArray[Any]] = {name: np.array([_plain(figures[name])], dtype=np.int64) for name, _ in FIGURES}
    previous = bytes(figures["previous_sha256"]).ljust(32, b"\0")
    columns["previous_sha256"] = np.frombuffer(previous, dtype=np.uint8).reshape(1, 32)
    lines = {name: np.array([_plain(row[name]) for row in in_order], dtype=np.int64) for name, _ in POSTING}
    return bytes(seal_statements(columns, lines, np.array([0, len(in_order)], dtype=np.int64))[0].data)


def _plain(value: date | int | None) -> int:
    if isinstance(value, date):
        return (value - date(1970, 1, 1)).days
    return value or 0


def _heads(statements: Columns, line_counts: NDArray[np.int64]) -> NDArray[Any]:
    """The first record of each seal: version, the seal before, how many postings follow, then the figures."""
    heads = np.empty(len(statements["account_id"]), dtype=_HEAD)
    heads["version"] = VERSION
    heads["previous_sha256"] = _as_bytes(statements["previous_sha256"])
    heads["postings"] = line_counts
    for name, _ in FIGURES:
        heads[name] = statements[name]
    return heads


def _records(postings: Columns, count: int) -> NDArray[Any]:
    records = np.empty(count, dtype=_POSTING)
    for name, _ in POSTING:
        records[name] = postings[name]
    return records


def _as_bytes(hashes: NDArray[Any]) -> Seals:
    """Hashes as uint8 of shape (n, 32), from S32, V32 or that shape itself, whole to the last zero byte."""
    if hashes.dtype == np.uint8:
        return hashes
    return np.ascontiguousarray(hashes).view(np.uint8).reshape(len(hashes), 32)


def _bytes_of(records: NDArray[Any]) -> bytes:
    return records.tobytes()
