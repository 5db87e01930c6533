"""Takes a portfolio file in: chunk by chunk, each in one transaction together with the count of rows that it dealt with.

A file that is complete is known by its content and nothing of it is posted again; one that was cut short goes on with the
row after the last committed chunk. A file of which every row was rejected left nothing on the books, so it may come again
when what it lacked (terms, members, accounts) is there. Two intakes of one file at once cannot both commit a chunk: the
second finds that the count has moved on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from psycopg import Connection
from psycopg.types.json import Jsonb

from accounts.errors import Trouble
from accounts.intake.book_days import BookDays, hold_book_days
from accounts.intake.control_totals import ControlTotals
from accounts.intake.files import PortfolioFile
from accounts.intake.layout import FileLayout
from accounts.intake.rejects import RejectsFile
from accounts.intake.rows import Reject, RowBlock, joined

CHUNK_ROWS = 100_000
#: Held while ids are given out, so that they run without gaps.
ID_LOCK = 0x1D5

Prepared = TypeVar("Prepared")
#: Opens one transaction: committed at the end, rolled back on an exception.
Transactions = Callable[[], AbstractContextManager[Connection[Any]]]
#: Told how many more rows are done.
Progress = Callable[[int], None]


class TakenInElsewhere(Trouble):
    """Another process is taking in the same file."""

    def __init__(self, file: PortfolioFile) -> None:
        super().__init__(f"{file.path} is being taken in by another import; wait until that one has ended, then try again")


@dataclass
class ChunkOutcome:
    """What became of the rows of one chunk; rejected counts rows, `rejects` their defects."""

    posted: int = 0
    known: int = 0
    rejected: int = 0
    rejects: list[Reject] = field(default_factory=list)
    totals: ControlTotals = field(default_factory=ControlTotals)
    notices: Counter[str] = field(default_factory=Counter)


class FileIntake(Protocol[Prepared]):
    """How rows of one kind of file are judged and kept."""

    layout: FileLayout

    def prepare(self, block: RowBlock) -> Prepared:
        """What can be done ahead, outside the transaction and in another thread; touches no database."""
        ...

    def take(self, connection: Connection[Any], source_id: int, book: BookDays, prepared: Prepared) -> ChunkOutcome:
        """Judge and keep the rows of a chunk, inside its transaction."""
        ...


@dataclass
class FileOutcome:
    """What became of a file. state: taken | taken_before (it was complete, nothing was done)."""

    file: PortfolioFile
    state: str
    source_id: int
    posted: int
    known: int
    rejected: int
    totals: ControlTotals
    rejects_path: Path | None = None
    notices: Counter[str] = field(default_factory=Counter)
    resumed_after: int = 0

    @property
    def read(self) -> int:
        """All rows of the file."""
        return self.posted + self.known + self.rejected


@dataclass
class _Source:
    source_id: int
    taken: int
    posted: int
    known: int
    rejected: int
    complete: bool
    totals: ControlTotals


def take_file(transactions: Transactions, file: PortfolioFile, intake: FileIntake[Prepared], home: Path,
              progress: Progress = lambda rows: None, chunk_rows: int | None = None) -> FileOutcome:
    """Take in every row of a file that was not dealt with before.

    chunk_rows: about so many in one transaction, CHUNK_ROWS unless told.
    Raises FileChanged, UnusableFile, RejectsUnwritable or TakenInElsewhere; what was committed until then stays, and the
    next intake goes on behind it.
    """
    with transactions() as connection:
        source = _source_of(connection, file)
    rejects = RejectsFile(home, file.name, file.sha256)
    outcome = FileOutcome(file, "taken", source.source_id, source.posted, source.known, source.rejected, source.totals,
                          resumed_after=source.taken)
    if source.complete:
        outcome.state, outcome.posted, outcome.known = "taken_before", 0, source.posted + source.known
        outcome.totals = source.totals.as_known()
    else:
        _take_chunks(_Intaking(transactions, file, intake, source, rejects, outcome, chunk_rows or CHUNK_ROWS), progress)
    outcome.rejects_path = rejects.path if outcome.rejected and rejects.exists else None
    return outcome


@dataclass
class _Intaking(Generic[Prepared]):
    transactions: Transactions
    file: PortfolioFile
    intake: FileIntake[Prepared]
    source: _Source
    rejects: RejectsFile
    outcome: FileOutcome
    chunk_rows: int


def _take_chunks(work: _Intaking[Prepared], progress: Progress) -> None:
    begun = False
    progress(work.source.taken)
    with ThreadPoolExecutor(1, thread_name_prefix="reading") as reader:
        chunks = _chunks(work.file, work.source.taken, work.chunk_rows)

        def next_chunk() -> tuple[RowBlock, Prepared] | None:
            block = next(chunks, None)
            return None if block is None else (block, work.intake.prepare(block))

        coming = reader.submit(next_chunk)
        while (chunk := coming.result()) is not None:
            # The next chunk is read and judged while the database writes this one.
            coming = reader.submit(next_chunk)
            block, prepared = chunk
            if not begun:
                work.rejects.begin(block.first_line if work.source.taken else 0)
                begun = True
            _take_chunk(work, block.rows, prepared)
            progress(block.rows)
    with work.transactions() as connection:
        _hold_source(connection, work)
        _move_on(connection, work, ChunkOutcome(), complete=True)
    if not begun:
        if not work.source.taken:
            work.rejects.begin(0)
        if not work.outcome.read:
            work.outcome.notices["it names its columns but has no rows"] += 1


def _take_chunk(work: _Intaking[Prepared], rows: int, prepared: Prepared) -> None:
    with work.transactions() as connection:
        book = hold_book_days(connection)
        _hold_source(connection, work)
        taken = work.intake.take(connection, work.source.source_id, book, prepared)
        assert taken.posted + taken.known + taken.rejected == rows, "every row is posted, known or rejected"
        work.file.must_be_unchanged()
        _move_on(connection, work, taken, complete=False)
        work.rejects.add(taken.rejects)


def _hold_source(connection: Connection[Any], work: _Intaking[Prepared]) -> None:
    """Keeps others from taking the same rows before this transaction ends; refuses if somebody did so since."""
    row = connection.execute("SELECT rows_taken, complete FROM source WHERE source_id = %s FOR NO KEY UPDATE",
                             (work.source.source_id,)).fetchone()
    if row != (work.source.taken, False):
        raise TakenInElsewhere(work.file)


def _move_on(connection: Connection[Any], work: _Intaking[Prepared], taken: ChunkOutcome, complete: bool) -> None:
    """Write down what the chunk adds."""
    source, outcome = work.source, work.outcome
    source.taken += taken.posted + taken.known + taken.rejected
    outcome.posted += taken.posted
    outcome.known += taken.known
    outcome.rejected += taken.rejected
    outcome.totals.merge(taken.totals)
    outcome.notices.update(taken.notices)
    connection.execute(
        "UPDATE source SET rows_taken = %s, rows_posted = %s, rows_known = %s, rows_rejected = %s, totals = %s, complete = %s"
        " WHERE source_id = %s",
        (source.taken, outcome.posted, outcome.known, outcome.rejected, Jsonb(outcome.totals.document()), complete,
         source.source_id),
    )


def _chunks(file: PortfolioFile, done: int, chunk_rows: int) -> Iterator[RowBlock]:
    """The rows after the first `done` ones, in chunks of about so many."""
    gathered: list[RowBlock] = []
    for block in file.blocks():
        skipped = min(done, block.rows)
        done -= skipped
        rest = block.without_first(skipped) if skipped else block
        if not rest.rows:
            continue
        gathered.append(rest)
        if sum(each.rows for each in gathered) >= chunk_rows:
            yield joined(gathered)
            gathered = []
    if gathered:
        yield joined(gathered)


def _source_of(connection: Connection[Any], file: PortfolioFile) -> _Source:
    """The source of a file, made if its content was never seen."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (ID_LOCK,))
    row = connection.execute(
        "SELECT source_id, rows_taken, rows_posted, rows_known, rows_rejected, complete, totals FROM source WHERE sha256 = %s",
        (file.sha256,),
    ).fetchone()
    if row is None:
        row = connection.execute(
            "INSERT INTO source AS made (source_id, kind, name, sha256, complete)"
            " SELECT coalesce(max(source_id), 0) + 1, %s, %s, %s, false FROM source"
            " RETURNING made.source_id, made.rows_taken, made.rows_posted, made.rows_known, made.rows_rejected, made.complete,"
            " made.totals",
            (file.layout.kind, file.name, file.sha256),
        ).fetchone()
    assert row is not None
    source_id, taken, posted, known, rejected, complete, totals = row
    if complete and rejected and not posted and not known:
        connection.execute("UPDATE source SET rows_taken = 0, rows_rejected = 0, totals = NULL, complete = false"
                           " WHERE source_id = %s", (source_id,))
        return _Source(source_id, 0, 0, 0, 0, False, ControlTotals())
    return _Source(source_id, taken, posted, known, rejected, complete, ControlTotals.from_document(totals))
