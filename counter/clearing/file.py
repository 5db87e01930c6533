"""A clearing file before anything of it is posted: its header, its rows, and whether its trailer and totals agree with them."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from accounts.intake import delimited
from accounts.intake.amounts import read_amounts
from accounts.intake.checking import BlockCheck, distinct
from accounts.intake.files import PortfolioFile, UnusableFile, check_header, stamp_of
from accounts.intake.rows import RowBlock
from accounts.money import BY_NUMERIC, CURRENCIES
from counter.clearing.layout import CLEARING, VERSION

#: Totals and trailer are looked for in so many bytes at the end of a file: some thousand lines.
_TAIL_BYTES = 256 * 1024
_READ_BYTES = 1024 * 1024
_CLOSING = (b"total,", b"trailer,")

#: What currencies' amounts are read with: for people, digits, digits shown.
UNITS = [(each.code, each.digits, each.digits) for each in BY_NUMERIC.values()] + [("any currency", 4, 4)]
UNIT_OF = {each.code: place for place, each in enumerate(BY_NUMERIC.values())}


@dataclass(frozen=True)
class Defect:
    """Why a file is not taken as it is; rule: its name, says: for people, with the numbers."""

    rule: str
    says: str


@dataclass
class ClearingFile(PortfolioFile):
    """A clearing file. sender and sequence place it among others; body_sha256: of its rows alone; rows_end: where they end."""

    sender: str = ""
    sequence: int = 0
    file_on: date = date.min
    body_sha256: bytes = b""
    rows_end: int = 0
    closing: list[list[str]] = field(default_factory=list)
    defect: Defect | None = None
    rows: int = 0

    def _blocks(self, names: list[str | None]) -> Iterator[RowBlock]:
        with self.path.open("rb") as stream:
            stream.seek(self.data_begins)
            part = cast("IO[bytes]", _Part(stream, self.rows_end - self.data_begins))
            yield from delimited.read_blocks(part, self.header_lines, names)


class _Part:
    """So many bytes of a stream, as if it ended there."""

    def __init__(self, stream: IO[bytes], length: int) -> None:
        self._stream, self._left = stream, length

    def read(self, size: int) -> bytes:
        read = self._stream.read(min(size, self._left))
        self._left -= len(read)
        return read


def open_clearing_file(path: Path) -> ClearingFile:
    """Read the header of a file, hash it, and hold its rows against its trailer and totals.

    What is wrong with the trailer is the file's `defect`. Raises UnusableFile where it is no clearing file at all.
    """
    try:
        stamp = stamp_of(path)
        with path.open("rb") as stream:
            start = stream.read(2 * delimited.LONGEST_LINE)
        first, _, rest = start.removeprefix(b"\xef\xbb\xbf").partition(b"\n")
        sender, sequence, file_on = _header(path, first)
        header, size, lines = delimited.read_header(rest[:delimited.LONGEST_LINE])
        begins = len(start) - len(rest) + size
        ends, closing = _closing(path, begins)
        file = ClearingFile(
            path, CLEARING, False, "csv", _sha256(path), header, 0, begins, lines + 1, stamp, sender=sender, sequence=sequence,
            file_on=file_on, body_sha256=_sha256(path, begins, ends), rows_end=ends, closing=closing)
    except OSError as error:
        raise UnusableFile(path, f"cannot be read: {error.strerror or error}") from None
    except delimited.MalformedHeader as error:
        raise UnusableFile(path, f"line 2: {error}") from None
    check_header(file)
    file.defect = _against_its_rows(file)
    return file


def _header(path: Path, line: bytes) -> tuple[str, int, date]:
    says = f"line 1 has to be header,{VERSION},SENDER,SEQUENCE,DATE, like header,{VERSION},UNION,317,2024-01-05"
    try:
        cells = _cells(line)
    except (UnicodeDecodeError, csv.Error):
        raise UnusableFile(path, says) from None
    if len(cells) != 5 or cells[0] != "header":
        raise UnusableFile(path, says)
    _, version, sender, sequence, file_on = cells
    if version != VERSION:
        raise UnusableFile(path, f"line 1: version {version!r} is not known; this release takes {VERSION}")
    if not sender.strip() or len(sender) > 60:
        raise UnusableFile(path, "line 1: the sender is a name of at most 60 characters")
    if not (sequence.isascii() and sequence.isdigit() and 0 < len(sequence) <= 15 and int(sequence) > 0):
        raise UnusableFile(path, f"line 1: sequence {sequence!r} is not a number from 1 on")
    try:
        return sender, int(sequence), date.fromisoformat(file_on)
    except ValueError:
        raise UnusableFile(path, f"line 1: file date {file_on!r} is not a date; write it like 2024-01-05") from None


def _closing(path: Path, begins: int) -> tuple[int, list[list[str]]]:
    """Where the rows end, and the lines of totals and trailer behind them; none where the file was cut off."""
    with path.open("rb") as stream:
        end = stream.seek(0, io.SEEK_END)
        from_here = max(begins, end - _TAIL_BYTES)
        stream.seek(from_here)
        tail = stream.read()
    if from_here > begins:
        from_here += tail.find(b"\n") + 1
        tail = tail[tail.find(b"\n") + 1:]
    found: list[list[str]] = []
    lines = tail.splitlines(keepends=True)
    kept = len(tail)
    while lines and (not lines[-1].strip() or lines[-1].startswith(_CLOSING)):
        kept -= len(line := lines.pop())
        if line.strip():
            try:
                found.insert(0, _cells(line))
            except (UnicodeDecodeError, csv.Error):
                raise UnusableFile(path, f"the line {line[:60]!r} near its end cannot be read") from None
    return (from_here + kept, found) if found else (end, [])


def _against_its_rows(file: ClearingFile) -> Defect | None:
    """Count the rows and add up their amounts; what the trailer and the totals say otherwise."""
    counts: Counter[tuple[str, str]] = Counter()
    amounts: dict[tuple[str, str], Decimal] = {}
    unreadable: set[tuple[str, str]] = set()
    broken = 0
    for block in file.blocks():
        broken += len(block.broken_lines)
        file.rows += block.rows
        _add_up(block, counts, amounts, unreadable)
    file.rows_expected = file.rows
    if not file.closing or file.closing[-1][0] != "trailer":
        return Defect("truncated", f"it has {file.rows} rows and no trailer: it was cut off; ask {file.sender} for it again")
    trailer, totals = file.closing[-1], file.closing[:-1]
    if trailer[1:] != [str(file.sequence), str(file.rows)]:
        return Defect("trailer", f"its trailer says {','.join(trailer[1:])} (sequence, rows) and it has sequence "
                      f"{file.sequence} and {file.rows} rows; ask {file.sender} for it again")
    said = {(each[1], each[2]): each[3:] for each in totals if len(each) == 5}
    if len(said) != len(totals):
        return Defect("totals", "a line of totals is not total,KIND,CURRENCY,ROWS,AMOUNT, or stands twice")
    for key in sorted({*said, *counts}):
        if broken or key in unreadable:  # the row goes to the rejects, and nobody can say what it would have added
            file.notices.append(f"the total of {' '.join(key)} cannot be checked: not every row can be read")
            continue
        if (wrong := _wrong_total(key, said.get(key), counts[key], amounts.get(key, Decimal(0)))) is not None:
            return Defect("totals", wrong)
    return None


def _wrong_total(key: tuple[str, str], said: list[str] | None, rows: int, amount: Decimal) -> str | None:
    name = " ".join(key)
    if said is None:
        return f"it has {rows} rows of {name} and no total for them"
    try:
        agree = int(said[0]) == rows and Decimal(said[1]) == amount
    except (ValueError, ArithmeticError):
        return f"its total of {name} is {','.join(said)}, which are no numbers"
    return None if agree else f"its total of {name} is {said[0]} rows and {said[1]}, its rows are {rows} and {amount}"


def _add_up(block: RowBlock, counts: Counter[tuple[str, str]], amounts: dict[tuple[str, str], Decimal],
            unreadable: set[tuple[str, str]]) -> None:
    check = BlockCheck(block, CLEARING)
    kind_at, kinds = distinct(block.column("kind"))
    currency_at, currencies = distinct(block.column("currency"))
    unit = np.array([UNIT_OF.get(each, len(UNITS) - 1) for each in currencies] + [len(UNITS) - 1])[currency_at]
    amount, readable = read_amounts(check, "amount", unit, UNITS)
    for at in np.unique(np.stack([kind_at, currency_at]), axis=1).T.tolist():
        same = (kind_at == at[0]) & (currency_at == at[1])
        key = (kinds[at[0]] if at[0] >= 0 else "", currencies[at[1]] if at[1] >= 0 else "")
        digits = CURRENCIES[key[1]].digits if key[1] in CURRENCIES else 0
        counts[key] += int(same.sum())
        # A block has some ten thousand rows: their sum is far from what an int64 holds.
        amounts[key] = amounts.get(key, Decimal(0)) + Decimal(int(amount[same & readable].sum())).scaleb(-digits)
        if key[1] not in CURRENCIES or not readable[same].all():
            unreadable.add(key)


def _cells(line: bytes) -> list[str]:
    rows: list[Any] = list(csv.reader([line.decode("utf-8").rstrip("\r\n")], strict=True))
    return rows[0] if rows else []


def _sha256(path: Path, begins: int = 0, ends: int | None = None) -> bytes:
    digest, left = hashlib.sha256(), (ends or path.stat().st_size) - begins
    with path.open("rb") as stream:
        stream.seek(begins)
        while left > 0 and (read := stream.read(min(_READ_BYTES, left))):
            digest.update(read)
            left -= len(read)
    return digest.digest()
