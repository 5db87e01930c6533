"""CSV files, read strictly and in blocks: whole columns at a time where every line is one well-formed row, line by line
where a block has anything odd in it. Either way each row knows its physical line.

What counts as odd: a lone carriage return, a NUL, bytes that are not UTF-8, a quote that does not enclose a whole cell, a
cell with a line break in it, a blank line, a row with too few or too many cells.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv

from accounts.intake.rows import Reject, RowBlock, block_of_lists, composed

BLOCK_BYTES = 4 * 1024 * 1024
LONGEST_LINE = 1024 * 1024
#: A quoted cell may hold so many line breaks; a quote that is still open then was never meant to enclose a cell.
LONGEST_ROW_LINES = 100

_CONTROL_BYTES = bytes(set(range(32)) - set(b"\t\n\r")) + b"\x7f"
_QUOTE, _NEWLINE, _COMMA, _RETURN = b'"'[0], b"\n"[0], b","[0], b"\r"[0]


class MalformedHeader(ValueError):
    """The first row of a file cannot be read; the text says why."""


def read_header(start: bytes) -> tuple[list[str], int, int]:
    """Column names of a CSV file, how many bytes and how many lines its header takes.

    start: the first bytes of the file, after a byte order mark. Raises MalformedHeader.
    """
    lines = start.split(b"\n")
    for count in range(1, min(len(lines), LONGEST_ROW_LINES) + 1):
        raw = b"\n".join(lines[:count])
        try:
            rows = list(csv.reader(io.StringIO(raw.decode("utf-8"), newline=""), strict=True))
        except UnicodeDecodeError as error:
            raise MalformedHeader(f"the header is not UTF-8 (byte 0x{raw[error.start]:02X}); save the file as UTF-8") from None
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                continue
            raise MalformedHeader(f"the header cannot be read: {_why_not_a_row(error)}") from None
        if rows and rows[0]:
            return rows[0], min(len(raw) + 1, len(start)), count
        raise MalformedHeader("the first line is blank; it must name the columns")
    raise MalformedHeader("the header cannot be read: a quote is opened and never closed")


def read_blocks(stream: IO[bytes], header_lines: int, names: Sequence[str | None]) -> Iterator[RowBlock]:
    """The rows of a CSV file whose header has been read.

    stream: stands behind the header. names: one for each column of the file, None for those kept aside.
    """
    line, carried = header_lines + 1, b""
    while True:
        read = stream.read(BLOCK_BYTES)
        data = carried + read
        if not read and data and not data.endswith(b"\n"):
            data += b"\n"
        body = data[:data.rfind(b"\n") + 1]
        if body:
            block = _whole_columns(body, line, names)
            taken = len(body)
            if block is None:
                block, taken = _line_by_line(body, line, names, at_end=not read)
            line += body.count(b"\n", 0, taken)
            carried = data[taken:]
            if block.rows:
                yield block
        else:
            carried = data
        if not read:
            return


def _whole_columns(body: bytes, first_line: int, names: Sequence[str | None]) -> RowBlock | None:
    """The block by the fast way, or None if any line of it is not one well-formed row."""
    if b"\0" in body or body.count(b"\r") != body.count(b"\r\n") or not _quotes_enclose_cells(body):
        return None
    ascii_only = body.isascii()
    if not ascii_only:
        try:
            body.decode("utf-8")
        except UnicodeDecodeError:
            return None
    odd: list[Any] = []

    def note(row: Any) -> str:
        odd.append(row)
        return "skip"

    unique = [name or f"aside {index}" for index, name in enumerate(names)]
    kept = [name for name in names if name is not None]
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(body),
            read_options=pyarrow.csv.ReadOptions(column_names=unique, block_size=4 * LONGEST_LINE),
            parse_options=pyarrow.csv.ParseOptions(invalid_row_handler=note),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types={name: pa.string() for name in kept}, include_columns=kept, null_values=[""],
                strings_can_be_null=True, check_utf8=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    lines = body.count(b"\n")
    if odd or table.num_rows != lines:
        return None
    cells = {name: table.column(name).combine_chunks() for name in kept}
    if not ascii_only:
        cells = {name: composed(each) for name, each in cells.items()}
    plain = len(body.translate(None, _CONTROL_BYTES)) == len(body)
    return RowBlock(np.arange(first_line, first_line + lines, dtype=np.int64), cells, [], plain)


def _quotes_enclose_cells(body: bytes) -> bool:
    """Whether every quote begins or ends a whole cell of one line, or is one of a doubled pair inside such a cell."""
    if b'"' not in body:
        return True
    text = np.frombuffer(body, dtype=np.uint8)
    quotes = np.flatnonzero(text == _QUOTE)
    newlines = np.flatnonzero(text == _NEWLINE)
    if len(quotes) % 2 or (np.searchsorted(quotes, newlines) % 2).any():
        return False
    opening, closing = quotes[0::2], quotes[1::2]
    before = np.where(opening > 0, text[opening - 1], _NEWLINE)
    after = text[closing + 1]
    begins = (before == _COMMA) | (before == _NEWLINE)
    begins[1:] |= opening[1:] == closing[:-1] + 1
    ends = (after == _COMMA) | (after == _NEWLINE) | (after == _RETURN)
    ends[:-1] |= opening[1:] == closing[:-1] + 1
    return bool(begins.all() and ends.all())


def _line_by_line(body: bytes, first_line: int, names: Sequence[str | None], at_end: bool) -> tuple[RowBlock, int]:
    """The block by the careful way, and how many bytes of it were taken: a row that is still open is left for later."""
    raw_lines = body.split(b"\n")[:-1]
    lines: list[int] = []
    rows: list[list[str]] = []
    broken: list[Reject] = []
    index = 0
    while index < len(raw_lines):
        line = first_line + index
        try:
            row, used = _row_at(raw_lines, index)
        except csv.Error as error:
            if "unexpected end of data" in str(error) and not at_end and _may_go_on(raw_lines, index):
                break
            broken.append(Reject(line, "", _shown(raw_lines[index]), _why_not_a_row(error)))
            index += 1
            continue
        index += used
        if not row:
            continue
        if len(row) != len(names):
            reason = f"has {len(row)} cells; the header names {len(names)} columns"
            broken.append(Reject(line, "", _shown(raw_lines[index - used]), reason))
            continue
        if defects := [
            Reject(line, name or f"column {number}", _readable(cell), _why_not_text(cell))
            for number, (name, cell) in enumerate(zip(names, row, strict=True), 1) if not _is_text(cell)
        ]:
            broken += defects
            continue
        lines.append(line)
        rows.append(row)
    taken = sum(len(raw) + 1 for raw in raw_lines[:index])
    return block_of_lists(names, lines, rows, broken), taken


def _may_go_on(raw_lines: list[bytes], index: int) -> bool:
    """Whether a row that is still open at the end of the block may yet be closed by what follows."""
    rest = raw_lines[index:index + LONGEST_ROW_LINES]
    return len(rest) < LONGEST_ROW_LINES and sum(map(len, rest)) < LONGEST_LINE


def _row_at(raw_lines: list[bytes], index: int) -> tuple[list[str], int]:
    """The row that begins on a line and the number of lines it takes; an empty list for a blank line. Raises csv.Error."""
    try:
        return _one_row(raw_lines[index]), 1
    except csv.Error as error:
        if "unexpected end of data" not in str(error):
            raise
    quotes, size = raw_lines[index].count(b'"'), len(raw_lines[index])
    for count in range(2, min(LONGEST_ROW_LINES, len(raw_lines) - index) + 1):
        quotes += raw_lines[index + count - 1].count(b'"')
        size += len(raw_lines[index + count - 1])
        if size > LONGEST_LINE:
            break
        # A row can only end where all its quotes are paired.
        if quotes % 2 == 0:
            try:
                return _one_row(b"\n".join(raw_lines[index:index + count])), count
            except csv.Error as error:
                if "unexpected end of data" not in str(error):
                    raise
    raise csv.Error("unexpected end of data")


def _one_row(raw: bytes) -> list[str]:
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8", "surrogateescape"), newline=""), strict=True))
    if len(rows) > 1:
        raise csv.Error("a line break without line feed")
    return rows[0] if rows else []


def _is_text(cell: str) -> bool:
    return "\0" not in cell and not any("\udc80" <= each <= "\udcff" for each in cell)


def _why_not_text(cell: str) -> str:
    if "\0" in cell:
        return "has a NUL byte in it"
    odd = next(each for each in cell if "\udc80" <= each <= "\udcff")
    return f"is not UTF-8 (byte 0x{ord(odd) - 0xDC00:02X})"


def _readable(cell: str) -> str:
    return cell.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace").replace("\0", "\\x00")


def _shown(raw: bytes) -> str:
    text = raw.decode("utf-8", "backslashreplace").replace("\0", "\\x00").rstrip("\r")
    return text if len(text) <= 200 else text[:200] + "…"


def _why_not_a_row(error: csv.Error) -> str:
    text = str(error)
    if "unexpected end of data" in text:
        return "a quote is opened and never closed"
    if "expected after" in text:
        return "text follows a closing quote; a quote inside a quoted cell is written twice"
    if "new-line" in text or "line feed" in text:
        return "a carriage return stands alone; lines end in LF or CRLF"
    if "field limit" in text:
        return "a cell is longer than 131072 characters"
    return text
