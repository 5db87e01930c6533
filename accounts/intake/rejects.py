"""The rejects file: what was wrong with which cell of which row, one line for each defect."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable
from pathlib import Path

from accounts.card_numbers import masked
from accounts.errors import Trouble
from accounts.intake.rows import Reject

HEADER = ("line", "column", "value", "reason")
_LONGEST_VALUE = 500
#: What a spreadsheet would take for a formula when it opens the file.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
_NUMBER = re.compile(r"[+-]?[0-9][0-9.,]*")


class RejectsUnwritable(Trouble):
    """The rejects file cannot be written; nothing that would have to be in it is lost, the intake stops before it."""

    def __init__(self, path: Path, error: OSError) -> None:
        self.path = path
        super().__init__(
            f"{path} cannot be written: {error.strerror or error}; make room or give permission, then import again"
        )


class RejectsFile:
    """The rejects of one portfolio file, kept in step with what is committed.

    Rows of a part of the file are written before that part is committed; what a killed intake wrote and did not commit is
    cut off when the intake goes on.
    """

    def __init__(self, home: Path, name: str, sha256: bytes) -> None:
        self.path = home / "rejects" / f"{name}.{sha256.hex()[:8]}.csv"

    def begin(self, resume_at_line: int) -> None:
        """Make ready to add the rejects of lines from `resume_at_line` on; earlier ones are kept."""
        try:
            if resume_at_line <= 1:
                self.path.unlink(missing_ok=True)
            elif self.path.exists():
                with self.path.open(encoding="utf-8", newline="") as stream:
                    kept = [row for row in csv.reader(stream) if row and row[0].isdigit() and int(row[0]) < resume_at_line]
                draft = self.path.with_suffix(".draft")
                with draft.open("w", encoding="utf-8", newline="") as stream:
                    csv.writer(stream).writerows([HEADER, *kept])
                    stream.flush()
                    os.fsync(stream.fileno())
                draft.replace(self.path)
        except OSError as error:
            raise RejectsUnwritable(self.path, error) from None

    def add(self, rejects: Iterable[Reject]) -> None:
        """Append rejects in order of their lines, on disk when this returns; card numbers are cut down."""
        rows = [(each.line, each.column, _kept(each.value), masked(each.reason)) for each in sorted(rejects)]
        if not rows:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            text = io.StringIO(newline="")
            writer = csv.writer(text)
            if not self.path.exists():
                writer.writerow(HEADER)
            writer.writerows(rows)
            with self.path.open("a", encoding="utf-8", newline="") as stream:
                stream.write(text.getvalue())
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise RejectsUnwritable(self.path, error) from None

    @property
    def exists(self) -> bool:
        """Whether anything was rejected."""
        return self.path.exists()


def _kept(value: str) -> str:
    """The value as it may lie in a file that people open in a spreadsheet: no card number, no formula, not endless."""
    value = masked(value)
    if _FORMULA.match(value) and not _NUMBER.fullmatch(value):
        value = "'" + value
    return value if len(value) <= _LONGEST_VALUE else value[:_LONGEST_VALUE] + "…"
