"""Rows of a portfolio file as columns of text, with the physical line that each stands on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Int64Array = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


class Reject(NamedTuple):
    """One defect of one row, as it goes into the rejects file. column is empty where the row as a whole is at fault."""

    line: int
    column: str
    value: str
    reason: str


@dataclass
class RowBlock:
    """A run of rows of one file.

    lines: physical line of each row in `cells` (the header is on line 1). cells: text columns by name, null where a cell
    is empty or the file has no such column. broken: rows that could not be cut into cells, or hold what no cell may hold.
    plain: no cell holds a control character.
    """

    lines: Int64Array
    cells: dict[str, Any]
    broken: list[Reject] = field(default_factory=list)
    plain: bool = True

    def __post_init__(self) -> None:
        self.given = frozenset(self.cells)

    @property
    def rows(self) -> int:
        """All rows, broken ones included."""
        return len(self.lines) + len(self.broken_lines)

    @property
    def broken_lines(self) -> set[int]:
        """Lines of the rows that are not in `cells`."""
        return {reject.line for reject in self.broken}

    @property
    def first_line(self) -> int:
        """The line of its first row; 0 if it has none."""
        return min([*self.lines[:1].tolist(), *self.broken_lines], default=0)

    def column(self, name: str) -> Any:
        """The text of a column, null throughout if the file does not have it."""
        if name not in self.cells:
            self.cells[name] = pa.nulls(len(self.lines), pa.string())
        return self.cells[name]

    def without_first(self, count: int) -> RowBlock:
        """The rows after the first `count` ones, in the order of their lines."""
        every = np.sort(np.concatenate([self.lines, np.array(sorted(self.broken_lines), dtype=np.int64)]))
        if count >= len(every):
            return RowBlock(self.lines[:0], {name: each[:0] for name, each in self.cells.items()})
        start = int(every[count])
        kept = np.flatnonzero(self.lines >= start)
        return RowBlock(
            self.lines[kept], {name: each.take(pa.array(kept)) for name, each in self.cells.items()},
            [reject for reject in self.broken if reject.line >= start], self.plain,
        )


def joined(blocks: Sequence[RowBlock]) -> RowBlock:
    """Several runs of rows of one file as one."""
    if len(blocks) == 1:
        return blocks[0]
    names = {name for block in blocks for name in block.cells}
    return RowBlock(
        np.concatenate([block.lines for block in blocks]),
        {name: pa.concat_arrays([block.column(name) for block in blocks]) for name in names},
        [reject for block in blocks for reject in block.broken],
        all(block.plain for block in blocks),
    )


def block_of_lists(names: Sequence[str | None], lines: list[int], rows: Iterable[Sequence[str]],
                   broken: list[Reject]) -> RowBlock:
    """A block from rows of cells; a name of None is a column that is kept aside."""
    columns: list[tuple[str, ...]] = list(zip(*rows, strict=True)) or [()] * len(names)
    cells = {
        name: pa.array([cell or None for cell in column], pa.string())
        for name, column in zip(names, columns, strict=True) if name is not None
    }
    return RowBlock(np.array(lines, dtype=np.int64), {name: composed(each) for name, each in cells.items()}, broken, False)


def composed(cells: Any) -> Any:
    """Text in Unicode normal form C, so that what looks the same is the same."""
    if pc.all(pc.string_is_ascii(cells), skip_nulls=True).as_py() is False:
        return pc.utf8_normalize(cells, form="NFC")
    return cells
