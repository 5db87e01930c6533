"""A portfolio file before its rows are looked at: what kind it is by its name, what it is by its bytes, what columns it has.

A file is opened once to be hashed and measured, so that one that is not what it says is refused before anything of it is
posted. Its identity is the SHA-256 of its content: of the unpacked content where it is gzipped.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Literal, cast

from accounts.errors import Findings, Trouble
from accounts.intake import delimited, typed_files
from accounts.intake.layout import FileLayout, is_forbidden
from accounts.intake.rows import RowBlock

Format = Literal["csv", "csv.gz", "parquet", "xlsx"]

#: No more than the longest line, so that a longer one cannot hide between two reads.
_READ_BYTES = delimited.LONGEST_LINE
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SUFFIX = re.compile(r"\.(csv|csv\.gz|parquet|xlsx)$")

#: What the first bytes of a file give away about it.
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a ZIP or XLSX file"), (b"PAR1", "a Parquet file"), (b"%PDF", "a PDF"), (b"\x1f\x8b", "a gzip file"),
    (b"\xff\xfe", "UTF-16 text"), (b"\xfe\xff", "UTF-16 text"), (b"\xd0\xcf\x11\xe0", "an old Excel file"),
    (b"SQLite format 3", "a SQLite database"), (b"\x89PNG", "a picture"), (b"\xff\xd8\xff", "a picture"),
    (b"BZh", "a bzip2 file"), (b"\xfd7zXZ", "an xz file"), (b"\x28\xb5\x2f\xfd", "a Zstandard file"),
)
_EXPECTED_MAGIC: dict[str, bytes] = {"csv.gz": b"\x1f\x8b", "parquet": b"PAR1", "xlsx": b"PK\x03\x04"}


class UnusableFile(Findings):
    """A file that cannot be taken in at all; nothing of it is posted."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}")


class FileChanged(Trouble):
    """A file that was written to while it was read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path} changed while it was read; import it again when it is complete")


@dataclass(frozen=True)
class FileName:
    """What a file's name says: `transactions.signed-2023-05.csv.gz` is signed transactions, as gzipped CSV."""

    kind: str
    signed: bool
    format: Format

    @classmethod
    def read(cls, name: str, kinds: Sequence[str]) -> FileName | None:
        """The kind that a name begins with, or None if it is no portfolio file's name."""
        suffix = _SUFFIX.search(name)
        if not suffix:
            return None
        stem = name[:suffix.start()]
        for kind in kinds:
            rest = stem.removeprefix(kind)
            if rest != stem and (not rest or rest[0] in ".-_ "):
                return cls(kind, bool(re.search(r"\.signed(?=[.\-_ ]|$)", rest)), cast(Format, suffix[1]))
        return None


@dataclass
class PortfolioFile:
    """A portfolio file that can be read.

    sha256: of its content. header: column names as the file has them. rows_expected: about how many rows, for a progress
    bar. unknown_columns: kept aside. notices: things worth saying that are no defects.
    """

    path: Path
    layout: FileLayout
    signed: bool
    format: Format
    sha256: bytes
    header: list[str]
    rows_expected: int
    data_begins: int = 0
    header_lines: int = 1
    stamp: tuple[int, int, int] = (0, 0, 0)
    notices: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Its name without the directory."""
        return self.path.name

    @property
    def unknown_columns(self) -> list[str]:
        """Columns that are no part of the layout; a column without a name shows as its place."""
        return [
            name or f"column {place} (no name)" for place, name in enumerate(self.header, 1) if name not in self.layout.names
        ]

    def blocks(self) -> Iterator[RowBlock]:
        """All rows of the file, a few ten thousand at a time.

        Raises UnusableFile where it cannot be read on, FileChanged if it is not the file that was opened.
        """
        names = [name if name in self.layout.names else None for name in self.header]
        try:
            for block in self._blocks(names):
                self.must_be_unchanged()
                yield block
            self.must_be_unchanged()
        except (OSError, EOFError, zlib.error, typed_files.UnreadableFile) as error:
            raise UnusableFile(self.path, f"cannot be read on: {error}") from None

    def must_be_unchanged(self) -> None:
        """Raises FileChanged if somebody wrote to the file since it was opened."""
        if stamp_of(self.path) != self.stamp:
            raise FileChanged(self.path)

    def _blocks(self, names: list[str | None]) -> Iterator[RowBlock]:
        if self.format == "parquet":
            yield from typed_files.parquet_blocks(self.path, names)
        elif self.format == "xlsx":
            yield from typed_files.workbook_blocks(self.path, self.header_lines, names)
        else:
            with _content(self.path, self.format) as stream:
                stream.read(self.data_begins)
                yield from delimited.read_blocks(stream, self.header_lines, names)


def open_portfolio_file(path: Path, layouts: Mapping[str, FileLayout]) -> PortfolioFile:
    """Hash and measure a file and read its header.

    path: its name must begin with a kind of `layouts`. Raises UnusableFile with everything that is wrong with it.
    """
    named = FileName.read(path.name, list(layouts))
    if named is None:
        raise UnusableFile(path, f"is no portfolio file by its name; names begin with {', '.join(layouts)}")
    try:
        stamp = stamp_of(path)
        _must_be(named.format, path)
        if named.format in ("csv", "csv.gz"):
            file = _open_delimited(path, named, layouts[named.kind])
        else:
            file = _open_typed(path, named, layouts[named.kind])
    except PermissionError:
        raise UnusableFile(path, "may not be read by this user") from None
    except IsADirectoryError:
        raise UnusableFile(path, "is a directory, not a file") from None
    except (OSError, EOFError, zlib.error) as error:
        raise UnusableFile(path, f"cannot be read: {error}") from None
    except (delimited.MalformedHeader, typed_files.UnreadableFile) as error:
        raise UnusableFile(path, str(error)) from None
    file.stamp = stamp
    file.must_be_unchanged()
    check_header(file)
    return file


def stamp_of(path: Path) -> tuple[int, int, int]:
    """What changes when somebody writes to a file."""
    status = os.stat(path)
    return status.st_ino, status.st_size, status.st_mtime_ns


def _must_be(expected: Format, path: Path) -> None:
    with path.open("rb") as stream:
        start = stream.read(16)
    if not start:
        raise UnusableFile(path, "is empty; it must at least name its columns")
    magic = _EXPECTED_MAGIC.get(expected)
    if magic and start.startswith(magic):
        return
    found = next((what for begin, what in _MAGIC if start.startswith(begin)), None)
    if magic:
        raise UnusableFile(path, f"is named .{expected} but is {found or 'something else'}")
    if found:
        hint = "; save it as UTF-8" if "UTF-16" in found else "; name it for what it is or save it as CSV"
        raise UnusableFile(path, f"is named .csv but is {found}{hint}")


@contextmanager
def _content(path: Path, form: Format) -> Iterator[IO[bytes]]:
    if form == "csv.gz":
        with gzip.open(path) as unpacked:
            yield cast(IO[bytes], unpacked)
    else:
        with path.open("rb") as stream:
            yield stream


def _open_delimited(path: Path, named: FileName, layout: FileLayout) -> PortfolioFile:
    digest, lines, line_begins, position = hashlib.sha256(), 0, 0, 0
    start = b""
    with _content(path, named.format) as stream:
        while read := stream.read(_READ_BYTES):
            digest.update(read)
            start = start or read
            first, last = read.find(b"\n"), read.rfind(b"\n")
            if position + (first if first >= 0 else len(read)) - line_begins > delimited.LONGEST_LINE:
                raise UnusableFile(path, f"line {lines + 1} is longer than 1 MiB; no row is")
            if last >= 0:
                line_begins = position + last + 1
            lines += read.count(b"\n")
            position += len(read)
    marked = len(_BYTE_ORDER_MARK) if start.startswith(_BYTE_ORDER_MARK) else 0
    body = start[marked:]
    if not body.strip():
        raise UnusableFile(path, "is empty; it must at least name its columns")
    if inside := next((what for begin, what in _MAGIC if body.startswith(begin)), None):
        raise UnusableFile(path, f"is {inside}; save it as UTF-8 CSV")
    header, size, header_lines = delimited.read_header(body[:delimited.LONGEST_LINE])
    return PortfolioFile(path, layout, named.signed, named.format, digest.digest(), header,
                         max(lines - header_lines, 0), marked + size, header_lines)


def _open_typed(path: Path, named: FileName, layout: FileLayout) -> PortfolioFile:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").digest()
    if named.format == "parquet":
        header, rows = typed_files.parquet_header(path)
        names = [name if name in layout.names else None for name in header]
        if defects := typed_files.parquet_defects(path, names):
            raise UnusableFile(path, "; ".join(defects))
        return PortfolioFile(path, layout, named.signed, named.format, digest, header, rows)
    header, header_line, rows, others = typed_files.workbook_rows(path)
    if not header:
        raise UnusableFile(path, "its first sheet is empty; it must at least name its columns")
    file = PortfolioFile(path, layout, named.signed, named.format, digest, header, rows, header_lines=header_line)
    if others:
        file.notices.append(f"only its first sheet is taken in; left: {', '.join(others)}")
    return file


def check_header(file: PortfolioFile) -> None:
    """Raises UnusableFile for columns that are missing, there twice, or may not be there."""
    header, layout = file.header, file.layout
    twice = sorted({name for name in header if name and header.count(name) > 1})
    forbidden = [name for name in header if is_forbidden(name)]
    lacking = [name for name in layout.required if name not in header]
    lacking += [" or ".join(group) for group in layout.either if not set(group) & set(header)]
    if forbidden:
        raise UnusableFile(file.path, f"column {', '.join(forbidden)} would hold what proves that a card is at hand; that is "
                           "never taken in: remove the column")
    if twice:
        raise UnusableFile(file.path, f"column {', '.join(twice)} is there more than once")
    if lacking:
        found = ", ".join(name or "(no name)" for name in header)
        found = found if len(found) <= 300 else found[:300] + "…"
        hint = _separator_hint(header)
        raise UnusableFile(file.path, f"column {', '.join(lacking)} is missing; it has {found}{hint}")


def _separator_hint(header: list[str]) -> str:
    if len(header) == 1:
        for separator, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
            if separator in header[0]:
                return f" (its cells are separated by {name}; they must be separated by commas)"
    return ""
