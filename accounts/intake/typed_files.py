"""Parquet and XLSX files of the same columns: typed cells turned into exactly the text that a CSV file would hold."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from python_calamine import CalamineError, CalamineWorkbook

from accounts.intake.rows import Reject, RowBlock, block_of_lists, composed

BLOCK_ROWS = 65_536
#: A workbook unpacks to no more than this; what is larger was made to exhaust the reader.
LARGEST_WORKBOOK = 2 * 1024**3
#: A spreadsheet keeps so many digits of a number and replaces the rest by zeros.
SPREADSHEET_DIGITS = 15


class UnreadableFile(ValueError):
    """A typed file that cannot be read; the text says why."""


def parquet_header(path: Path) -> tuple[list[str], int]:
    """Column names and number of rows of a Parquet file. Raises UnreadableFile."""
    try:
        with pq.ParquetFile(path) as file:
            return list(file.schema_arrow.names), int(file.metadata.num_rows)
    except (pa.ArrowException, OSError) as error:
        raise UnreadableFile(f"cannot be read as Parquet: {_first_line(error)}") from None


def parquet_defects(path: Path, names: Sequence[str | None]) -> list[str]:
    """Columns whose type cannot hold exact text, each in a sentence."""
    with pq.ParquetFile(path) as file:
        return [
            f"column {name} is of type {field.type}; write it as text" + (", integer or decimal" if _is_number(field) else "")
            for name, field in zip(names, file.schema_arrow, strict=True)
            if name is not None and not _is_exact(field.type)
        ]


def _is_number(field: Any) -> bool:
    return bool(pa.types.is_floating(field.type))


def _is_exact(kind: Any) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return any(check(kind) for check in (
        pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_integer, pa.types.is_decimal,
        pa.types.is_date, pa.types.is_timestamp, pa.types.is_boolean, pa.types.is_null,
    ))


def parquet_blocks(path: Path, names: Sequence[str | None]) -> Iterator[RowBlock]:
    """The rows of a Parquet file; the first one counts as line 2, as if there were a header. Raises UnreadableFile."""
    line = 2
    kept = {index: name for index, name in enumerate(names) if name is not None}
    try:
        with pq.ParquetFile(path) as file:
            columns = [file.schema_arrow.names[index] for index in kept]
            for batch in file.iter_batches(batch_size=BLOCK_ROWS, columns=columns):
                cells = {name: _as_text(batch.column(columns[at])) for at, name in enumerate(kept.values())}
                lines = np.arange(line, line + batch.num_rows, dtype=np.int64)
                line += batch.num_rows
                yield RowBlock(lines, cells, [], plain=False)
    except (pa.ArrowException, OSError) as error:
        raise UnreadableFile(f"cannot be read as Parquet: {_first_line(error)}") from None


def _as_text(values: Any) -> Any:
    kind = values.type
    if pa.types.is_dictionary(kind):
        values = values.dictionary_decode()
        kind = values.type
    if pa.types.is_decimal(kind) or pa.types.is_timestamp(kind) or pa.types.is_boolean(kind):
        encoded = values.dictionary_encode()
        texts = pa.array([None if each is None else cell_text(each) for each in encoded.dictionary.to_pylist()], pa.string())
        values = texts.take(encoded.indices)
    else:
        values = values.cast(pa.string())
    return composed(pc.if_else(pc.equal(values, ""), pa.scalar(None, pa.string()), values))


def workbook_rows(path: Path) -> tuple[list[str], int, int, list[str]]:
    """Of a workbook's first sheet: column names, the line of the header, the rows below it; and its other sheets' names.

    Raises UnreadableFile.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(each.file_size for each in archive.infolist()) > LARGEST_WORKBOOK:
                raise UnreadableFile("unpacks to more than 2 GiB; send it as CSV or Parquet")
        sheet, others = _first_sheet(path)
    except (zipfile.BadZipFile, OSError, CalamineError) as error:
        raise UnreadableFile(f"cannot be read as XLSX: {_first_line(error)}") from None
    for line, row in enumerate(sheet.iter_rows(), 1):
        if any(cell != "" for cell in row):
            header = [cell_text(cell) for cell in row]
            while header and not header[-1]:
                header.pop()
            return header, line, sheet.total_height - line, others
    return [], 0, 0, others


def _first_sheet(path: Path) -> tuple[Any, list[str]]:
    workbook = CalamineWorkbook.from_path(path)
    if not workbook.sheet_names:
        raise UnreadableFile("has no sheet")
    return workbook.get_sheet_by_index(0), workbook.sheet_names[1:]


def workbook_blocks(path: Path, header_line: int, names: Sequence[str | None]) -> Iterator[RowBlock]:
    """The rows of a workbook's first sheet below its header, blank rows left out; lines are the sheet's row numbers."""
    sheet, _ = _first_sheet(path)
    lines: list[int] = []
    rows: list[list[str]] = []
    broken: list[Reject] = []
    for line, row in enumerate(sheet.iter_rows(), 1):
        if line <= header_line or not any(cell != "" for cell in row):
            continue
        if len(lines) >= BLOCK_ROWS:
            yield block_of_lists(names, lines, rows, broken)
            lines, rows, broken = [], [], []
        texts, defects = _sheet_row(line, row, names)
        if defects:
            broken += defects
        else:
            lines.append(line)
            rows.append(texts)
    if lines or broken:
        yield block_of_lists(names, lines, rows, broken)


def _sheet_row(line: int, row: Sequence[Any], names: Sequence[str | None]) -> tuple[list[str], list[Reject]]:
    texts = [cell_text(cell) for cell in row]
    if any(texts[len(names):]):
        return texts, [Reject(line, "", ", ".join(texts)[:200], f"has cells to the right of its {len(names)} columns")]
    texts = (texts + [""] * len(names))[:len(names)]
    defects = [
        Reject(line, name, text, f"is a number of more than {SPREADSHEET_DIGITS} digits, of which a spreadsheet keeps only "
               f"the first {SPREADSHEET_DIGITS}; format the column as text")
        for name, cell, text in zip(names, row, texts, strict=False)
        if name is not None and isinstance(cell, int | float) and abs(cell) >= 10**SPREADSHEET_DIGITS
    ]
    return texts, defects


def cell_text(value: Any) -> str:
    """A typed cell as the text that stands for exactly the same value: 12.34, 2023-05-31, true."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return _plain_decimal(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e18 else repr(value)
    if isinstance(value, datetime):
        at_midnight = value.tzinfo is None and value.time() == time(0)
        return value.date().isoformat() if at_midnight else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)


def _plain_decimal(value: Decimal) -> str:
    """Without exponent and without the zeros that only the column's scale put there."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
