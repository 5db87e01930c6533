"""Codes and what stands for each, kept sorted, so that a column of codes is found in the time that its own length takes.

A lookup by hashing (pyarrow's index_in) hashes all that is known for every chunk of a file: of three million accounts that took
longer than judging and writing the chunk.
"""

from __future__ import annotations

from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from accounts.intake.rows import Int64Array

Codes = npt.NDArray[np.bytes_]


class SortedCodes:
    """Codes in order, a row of a table for each; never changes. A place is that of a code in this order."""

    def __init__(self, codes: Codes, rows: pa.Table) -> None:
        self._codes = codes
        self.rows = rows

    def __len__(self) -> int:
        return len(self._codes)

    def places(self, codes: Any) -> Int64Array:
        """For each code (pyarrow text) its place, -1 where it is not known or null."""
        if not len(self._codes) or codes.null_count == len(codes):
            return np.full(len(codes), -1, dtype=np.int64)
        distinct = codes.dictionary_encode()
        rows = np.asarray(pc.fill_null(distinct.indices, -1).to_numpy(zero_copy_only=False))
        found: Int64Array = np.append(self._places(distinct.dictionary), -1)[rows]
        return found

    def _places(self, codes: Any) -> Int64Array:
        # Looking up in order keeps what is read next to what was read last: six times as fast.
        asked = as_bytes(codes, self._codes.dtype.itemsize)
        order = np.argsort(asked)
        at = np.empty(len(asked), dtype=np.int64)
        at[order] = np.minimum(np.searchsorted(self._codes, asked[order]), len(self._codes) - 1)
        # One that is longer than all that is known was cut, and one with a NUL at its end looks like the same without it.
        whole = np.strings.str_len(self._codes[at]) == np.asarray(pc.binary_length(codes))
        return np.where((self._codes[at] == asked) & whole, at, -1)

    def codes_at(self, places: Int64Array) -> Any:
        """The codes that stand at these places, as pyarrow text."""
        return pa.array(self._codes[places], pa.binary()).cast(pa.string())


class KnownCodes:
    """Codes that become more. What was added first is what a code stands for."""

    def __init__(self, schema: pa.Schema) -> None:
        self._nothing = SortedCodes(np.zeros(0, dtype="S1"), schema.empty_table())
        self._sorted = self._nothing
        self._added: list[tuple[Codes, pa.Table]] = []
        self._lock = Lock()

    def add(self, codes: Any, rows: pa.Table) -> None:
        """codes: pyarrow text, none null, and none with a NUL, which no text of PostgreSQL has; rows: what stands for each."""
        with self._lock:
            self._added.append((as_bytes(codes, pc.max(pc.binary_length(codes)).as_py() or 1), rows))

    def forget(self) -> None:
        """As if nothing had been added."""
        with self._lock:
            self._sorted, self._added = self._nothing, []

    def sorted(self) -> SortedCodes:
        """All that was added so far; what is held does not change when more is added."""
        with self._lock:
            if self._added:
                codes = np.concatenate([self._sorted._codes, *(each for each, _ in self._added)])
                rows = pa.concat_tables([self._sorted.rows, *(each for _, each in self._added)]).unify_dictionaries()
                self._added = []
                order = np.argsort(codes, kind="stable")
                self._sorted = SortedCodes(codes[order], rows.take(order).combine_chunks())
            return self._sorted


def as_bytes(codes: Any, width: int) -> Codes:
    """pyarrow text as bytes of one width, filled with NULs; what is longer is cut."""
    if not len(codes):
        return np.zeros(0, dtype=f"S{width}")
    cut = pc.binary_slice(codes.cast(pa.binary()), 0, width)
    # Counts bytes, not letters, which is what is wanted; what it makes of a cut letter is never read as text.
    filled = pc.ascii_rpad(cut.view(pa.string()), width, "\0")
    return np.frombuffer(filled.buffers()[2], dtype=f"S{width}", count=len(filled), offset=filled.offset * width)
