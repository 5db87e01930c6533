"""Takes clearing files in: looked at, given their place, posted part by part; a held one is kept until it can go on.

A part of a file and the count of its rows are one transaction: killed in the middle and taken again, each row posts once.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from accounts.database import Database
from accounts.errors import Findings, Trouble
from accounts.intake.files import UnusableFile
from accounts.intake.taking import FileOutcome, take_file
from counter.clearing import register
from counter.clearing.bank_intake import BankIntake
from counter.clearing.bank_statement import BankStatement, open_bank_statement
from counter.clearing.file import ClearingFile, Defect, open_clearing_file
from counter.clearing.intake import ClearingIntake
from counter.clearing.register import HeldFile, Incoming

#: So many rows in one transaction: a till of one of their accounts waits for them, a second or so.
ROWS_AT_ONCE = 20_000
#: Who finds out whose a payment is, where nobody is named.
OWNER = "payments"

Progress = Callable[[int], None]


class UnusableFiles(Findings):
    """Files that are none of those that can be taken; nothing of any was."""

    def __init__(self, unusable: Sequence[UnusableFile]) -> None:
        super().__init__("; ".join(map(str, unusable)) + "; nothing was taken in")


@dataclass(frozen=True)
class Taken:
    """What became of a file: its number in the register; outcome of its rows, None where it is held."""

    name: str
    file: int
    sender: str
    sequence: int
    outcome: FileOutcome | None = None
    held: Defect | None = None
    went_on: bool = False


def take_files(database: Database, home: Path, paths: Sequence[Path], progress: Progress = lambda rows: None,
               owner: str = OWNER) -> list[Taken]:
    """Take in files in the order of their senders' sequences, and what was held for want of one of them behind it.

    owner: who finds out about payments of a bank's statement that name no account. Raises UnusableFiles before anything is
    taken in.
    """
    files: list[ClearingFile] = []
    unusable: list[UnusableFile] = []
    for path in paths:
        try:
            files.append(_opened(path))
        except UnusableFile as error:
            unusable.append(error)
    if unusable:
        raise UnusableFiles(unusable)
    return [each for file in sorted(files, key=lambda each: (each.sender, each.sequence))
            for each in _take_on(database, home, file, progress, owner)]


def take_released(database: Database, home: Path, released: HeldFile, progress: Progress = lambda rows: None,
                  owner: str = OWNER) -> list[Taken]:
    """Take in a held file that somebody released, from the copy that was kept. Raises UnusableFile, Trouble."""
    return _take_on(database, home, _kept(home, released), progress, owner)


def _take_on(database: Database, home: Path, file: ClearingFile, progress: Progress, owner: str) -> list[Taken]:
    """Take a file, and one after the other those that waited for it."""
    taken: list[Taken] = []
    while True:
        one, waiting = _take(database, home, file, progress, owner, went_on=bool(taken))
        taken.append(one)
        if waiting is None:
            return taken
        file = _kept(home, waiting)


def _take(database: Database, home: Path, file: ClearingFile, progress: Progress, owner: str,
          went_on: bool) -> tuple[Taken, HeldFile | None]:
    incoming = Incoming(file.layout.kind, file.sender, file.sequence, file.file_on, file.name, file.sha256, file.body_sha256,
                        file.rows, file.defect)
    if isinstance(file, BankStatement):
        incoming = replace(incoming, currency=file.currency, opening=file.opening_balance, closing=file.closing_balance)
    copy = _copy_of(home, HeldFile(file.sha256, file.name))
    with database.connect() as connection:
        placed = register.place(connection, incoming)
        if placed.held is not None:
            _keep(file.path, copy)
    if placed.held is not None:
        return Taken(file.name, placed.file, file.sender, file.sequence, held=placed.held), None
    if isinstance(file, BankStatement):
        outcome = take_file(database.connect, file, BankIntake(owner), home, progress, ROWS_AT_ONCE)
    else:
        outcome = take_file(database.connect, file, ClearingIntake(), home, progress, ROWS_AT_ONCE)
    waiting = None
    if placed.state != "taken":
        with database.connect() as connection:
            waiting = register.done(connection, file.sha256, outcome.source_id)
        shutil.rmtree(copy.parent, ignore_errors=True)
    return Taken(file.name, placed.file, file.sender, file.sequence, outcome, went_on=went_on), waiting


def _opened(path: Path) -> ClearingFile:
    return open_bank_statement(path) if path.suffix.lower() == ".xml" else open_clearing_file(path)


def _copy_of(home: Path, held: HeldFile) -> Path:
    return home / "held" / held.sha256.hex()[:16] / held.name


def _keep(path: Path, copy: Path) -> None:
    """A copy of a held file: the sender's own may be gone by the time that it is released."""
    try:
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not copy.exists():
            draft = copy.with_suffix(".draft")
            shutil.copyfile(path, draft)
            draft.chmod(0o600)
            draft.replace(copy)
    except OSError as error:
        raise Trouble(f"{copy} cannot be written: {error.strerror or error}; make room or give permission, then take it in "
                      "again") from None


def _kept(home: Path, held: HeldFile) -> ClearingFile:
    copy = _copy_of(home, held)
    if not copy.exists():
        raise Trouble(f"{copy}, the copy of {held.name}, is not there; take the file itself in again: it is released")
    file = _opened(copy)
    if file.sha256 != held.sha256:
        raise Trouble(f"{copy} is not the file that was held any more; take in the file as it was sent")
    return file
