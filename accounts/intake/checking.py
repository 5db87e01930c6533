"""Checks a block of rows column by column: what is right comes out as arrays, what is wrong as one reject for each cell.

A text that occurs many times is judged once: dates, types and codes repeat, so a column is read by its distinct values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from accounts.calendar import day_number
from accounts.intake.cells import CellDefect, CellRule, Code, FreeText
from accounts.intake.layout import FileLayout
from accounts.intake.rows import BoolArray, Int64Array, Reject, RowBlock

#: Stands for an absent date in columns of day numbers.
NO_DAY = int(np.iinfo(np.int32).min)


class BlockCheck:
    """The rows of one block with what has been found wrong with them so far.

    bad: rows with at least one defect. rejects: the defects, broken rows included. given: columns that the file has.
    """

    def __init__(self, block: RowBlock, layout: FileLayout) -> None:
        self.block = block
        self.layout = layout
        self.rows = len(block.lines)
        self.given = block.given
        self.bad: BoolArray = np.zeros(self.rows, dtype=np.bool_)
        self.rejects: list[Reject] = list(block.broken)
        self._broken_rows = len(block.broken_lines)

    @property
    def rejected_rows(self) -> int:
        """Rows with at least one defect."""
        return self._broken_rows + int(self.bad.sum())

    def good(self) -> Int64Array:
        """Indices of the rows without a defect."""
        return np.flatnonzero(~self.bad)

    def refuse(self, rows: BoolArray | Int64Array, column: str, reason: str | Callable[[int], str],
               value: Callable[[int], str] | None = None) -> None:
        """Reject rows (a mask, or indices) for what stands in a column; the reason may depend on the row."""
        indices = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        if not len(indices):
            return
        texts = self.block.column(column).take(pa.array(indices)).to_pylist() if column else [None] * len(indices)
        for index, text in zip(indices.tolist(), texts, strict=True):
            shown = value(index) if value else text or ""
            self.rejects.append(Reject(int(self.block.lines[index]), column, shown,
                                       reason if isinstance(reason, str) else reason(index)))
        self.bad[indices] = True

    def require(self) -> None:
        """Reject rows that leave a required column empty."""
        for name in self.layout.required:
            self.refuse(self.absent(name), name, "is missing")

    def absent(self, name: str) -> BoolArray:
        """Rows where a column is empty."""
        return as_mask(pc.is_null(self.block.column(name)))

    def text(self, name: str) -> Any:
        """A column of free text or codes, checked; a pyarrow array, null where empty."""
        cells = self.block.column(name)
        rule = self.layout.column(name).rule
        if len(cells) and cells.null_count < len(cells) and not _surely_fine(cells, rule, self.block.plain):
            self._read_distinct(name)
        return cells

    def values(self, name: str) -> list[Any]:
        """A column read by its rule: one Python value a row, None where it is empty or wrong."""
        places, values = self._read_distinct(name)
        by_place = [*values, None]
        return [by_place[place] for place in places.tolist()]

    def coded(self, name: str, code: Callable[[Any], int], missing: int) -> Int64Array:
        """A column read by its rule and turned into numbers; `missing` where it is empty or wrong."""
        places, values = self._read_distinct(name)
        by_place = np.array([missing if each is None else code(each) for each in values] + [missing], dtype=np.int64)
        return by_place[places]

    def days(self, name: str) -> Int64Array:
        """A column of dates as day numbers, NO_DAY where it is empty or wrong."""
        return self.coded(name, day_number, NO_DAY)

    def _read_distinct(self, name: str) -> tuple[Int64Array, list[Any]]:
        """For each row the place of its value, and the values, None where wrong; those rows are rejected."""
        rule = self.layout.column(name).rule
        places, texts = distinct(self.block.column(name))
        values: list[Any] = []
        wrong: dict[int, str] = {}
        for place, text in enumerate(texts):
            try:
                values.append(rule.read(text))
            except CellDefect as defect:
                values.append(None)
                wrong[place] = str(defect)
        if wrong:
            self.refuse(np.isin(places, list(wrong)), name, lambda index: wrong[int(places[index])])
        return places, values


def distinct(cells: Any) -> tuple[Int64Array, list[str]]:
    """The distinct texts of a column, and for each row which of them it holds; -1 where it is empty."""
    encoded = cells.dictionary_encode()
    places = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return places, encoded.dictionary.to_pylist()


def as_mask(values: Any) -> BoolArray:
    """A pyarrow array of booleans as a mask; null is false."""
    mask: BoolArray = pc.fill_null(values, False).to_numpy(zero_copy_only=False)
    return mask


def _surely_fine(cells: Any, rule: CellRule, plain: bool) -> bool:
    if not plain or not isinstance(rule, Code | FreeText) or pc.max(pc.binary_length(cells)).as_py() > rule.longest:
        return False
    if isinstance(rule, FreeText):
        return True
    return not pc.any(pc.match_substring_regex(cells, r"^\s|[\t\r\n]|\s$|[^\x00-\x7f]")).as_py()
