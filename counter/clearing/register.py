"""The register of clearing files: which came in, in which order of each sender, and which wait for somebody to look at them.

A file that was cut off, does not add up, leaves a gap in its sender's sequence, stands for a number that is taken, or has the
rows of an earlier one is held: nothing of it posts until it is released, or until what it waits for has come.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row, dict_row

from accounts.errors import Refused, Usage
from accounts.money import CURRENCIES, major_units
from counter.clearing.file import Defect

#: Held while the place of a file is decided, so that two cannot take one place.
_PLACE_LOCK = 0xC1EA
#: Numbers of a bank's statements are its own in a year; in the register they are year × this + number.
A_YEAR = 1_000_000
_KNOWN = "SELECT clearing_file_id, state, held_for, held_because, released_by FROM clearing_file WHERE sha256 = %s"
_LAST = """
SELECT sequence, closing FROM clearing_file WHERE kind = %(kind)s AND sender = %(sender)s AND state IN ('taking', 'taken')
ORDER BY sequence DESC LIMIT 1
"""
_SAME_PLACE = """
SELECT clearing_file_id, name FROM clearing_file
WHERE kind = %(kind)s AND sender = %(sender)s AND sequence = %(sequence)s AND sha256 <> %(sha256)s
  AND state IN ('taking', 'taken') LIMIT 1
"""
_SAME_ROWS = """
SELECT clearing_file_id, name, sequence FROM clearing_file
WHERE kind = %(kind)s AND sender = %(sender)s AND body_sha256 = %(body_sha256)s AND sha256 <> %(sha256)s AND rows > 0
  AND state IN ('taking', 'taken') LIMIT 1
"""
_REGISTER = """
INSERT INTO clearing_file (kind, sender, sequence, file_on, name, sha256, body_sha256, rows, state, held_for, held_because,
                           currency, opening, closing)
VALUES (%(kind)s, %(sender)s, %(sequence)s, %(file_on)s, %(name)s, %(sha256)s, %(body_sha256)s, %(rows)s, %(state)s,
        %(held_for)s, %(held_because)s, %(currency)s, %(opening)s, %(closing)s)
ON CONFLICT (sha256) DO UPDATE SET state = EXCLUDED.state, held_for = EXCLUDED.held_for, held_because = EXCLUDED.held_because
RETURNING clearing_file_id
"""
_DONE = """
UPDATE clearing_file SET state = 'taken', source_id = %(source_id)s WHERE sha256 = %(sha256)s RETURNING kind, sender, sequence
"""
_SUPERSEDED = """
UPDATE clearing_file SET state = 'superseded'
WHERE state = 'held' AND kind = %(kind)s AND sender = %(sender)s AND sequence = %(sequence)s AND sha256 <> %(sha256)s
"""
_LISTED = """
SELECT f.clearing_file_id AS file, f.kind, f.sender, f.sequence, f.file_on, f.name, f.sha256, f.rows, f.state, f.held_for,
       f.held_because, f.released_by, f.release_reason, s.rows_posted AS posted, s.rows_known AS already_there,
       s.rows_rejected AS rejected
FROM clearing_file f LEFT JOIN source s ON s.source_id = f.source_id
WHERE %(held)s IS FALSE OR f.state IN ('held', 'taking')
ORDER BY f.clearing_file_id DESC LIMIT %(most)s
"""
_RELEASE = """
UPDATE clearing_file SET released_by = %(by)s, release_reason = %(reason)s, released_at = now()
WHERE clearing_file_id = %(file)s AND state = 'held' AND released_by IS NULL RETURNING sha256, name
"""
#: Held files of a sender for whose gap the last one came now.
_WAITING = """
SELECT sha256, name FROM clearing_file
WHERE kind = %(kind)s AND sender = %(sender)s AND state = 'held' AND held_for = 'gap' AND sequence = %(sequence)s + 1
ORDER BY clearing_file_id LIMIT 1
"""


@dataclass(frozen=True)
class Incoming:
    """A file that asks to be taken: its place, its content, and what is wrong with it by itself."""

    kind: str
    sender: str
    sequence: int
    file_on: date
    name: str
    sha256: bytes
    body_sha256: bytes
    rows: int
    defect: Defect | None
    currency: str | None = None
    opening: int | None = None
    closing: int | None = None


@dataclass(frozen=True)
class Placed:
    """What the register says: state taking (go on), taken (it was taken before), or held, with why."""

    file: int
    state: str
    held: Defect | None = None


@dataclass(frozen=True)
class HeldFile:
    """A file of the register by its content."""

    sha256: bytes
    name: str


def place(connection: Connection[Any], file: Incoming) -> Placed:
    """Decide about a file, and write the decision down; in the caller's transaction."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_PLACE_LOCK,))
    known = connection.execute(_KNOWN, (file.sha256,)).fetchone()
    if known is not None and known[1] in ("taken", "taking", "superseded"):
        return Placed(known[0], "taken" if known[1] == "superseded" else known[1])
    released = known is not None and known[4] is not None
    held = None if released else file.defect or _out_of_place(connection, file)
    row = connection.execute(_REGISTER, {
        **vars(file), "state": "held" if held else "taking", "held_for": held and held.rule, "held_because": held and held.says,
    }).fetchone()
    assert row is not None
    return Placed(row[0], "held" if held else "taking", held)


def _out_of_place(connection: Connection[Any], file: Incoming) -> Defect | None:
    facts = vars(file)
    same = connection.execute(_SAME_PLACE, facts).fetchone()
    if same is not None:
        return Defect("duplicate", f"{file.sender} number {_shown(file)} was taken already, from {same[1]} (file {same[0]}), "
                      "and this one differs; ask the sender which one holds")
    rows = connection.execute(_SAME_ROWS, facts).fetchone()
    if rows is not None:
        return Defect("same_rows", f"it has the very rows of {rows[1]} (number {rows[2]}, file {rows[0]}) under another "
                      f"number; ask {file.sender} whether it was sent twice")
    last = connection.execute(_LAST, facts).fetchone()
    if last is None:
        return None
    if file.opening is not None:
        return _out_of_balance(file, *last)
    if file.sequence > last[0] + 1:
        first, until = last[0] + 1, file.sequence - 1
        missing = f"number {first} is" if first == until else f"numbers {first} to {until} are"
        return Defect("gap", f"{file.sender}'s last one was number {last[0]} and this is number {file.sequence}: {missing} "
                      "missing; take those in first and this one goes on by itself")
    return None


def _shown(file: Incoming) -> str:
    return str(file.sequence) if file.opening is None else f"{file.sequence % A_YEAR} of {file.sequence // A_YEAR}"


def _out_of_balance(file: Incoming, last: int, closing: int) -> Defect | None:
    """A bank's statement opens with what the one before closed with; its numbers begin anew with a year."""
    assert file.opening is not None
    number, year = file.sequence % A_YEAR, file.sequence // A_YEAR
    begins_anew = number == 1 and year == last // A_YEAR + 1
    if file.sequence > last + 1 and not begins_anew:
        return Defect("gap", f"the last statement of {file.sender} was number {last % A_YEAR} of {last // A_YEAR} and this is "
                             "number "
                      f"{number} of {year}: take in those between first and this one goes on by itself")
    if file.sequence > last and file.opening != closing:
        digits = CURRENCIES[str(file.currency)].digits
        return Defect("balance", f"it opens with {major_units(file.opening, digits)} and the one before, number "
                                 f"{last % A_YEAR}, closed "
                      f"with {major_units(closing, digits)}; ask the bank which one is wrong")
    return None


def done(connection: Connection[Any], sha256: bytes, source_id: int | None) -> HeldFile | None:
    """A file is taken whole: what was held in its place is superseded. Gives the held file that waited for it."""
    row = connection.execute(_DONE, {"sha256": sha256, "source_id": source_id}).fetchone()
    assert row is not None
    place_of = {"kind": row[0], "sender": row[1], "sequence": row[2], "sha256": sha256}
    connection.execute(_SUPERSEDED, place_of)
    with connection.cursor(row_factory=class_row(HeldFile)) as cursor:
        return cursor.execute(_WAITING, place_of).fetchone()


def listed(connection: Connection[Any], held_only: bool, most: int) -> list[dict[str, Any]]:
    """The files of the register, newest first; JSON-ready."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_LISTED, {"held": held_only, "most": most}).fetchall()
    return [{**row, "file_on": row["file_on"].isoformat(), "sha256": row["sha256"].hex()} for row in rows]


def release(connection: Connection[Any], file: int, by: str, reason: str) -> HeldFile:
    """Somebody answers for a held file: it may be taken as it is. Raises Usage, Refused where it is not held."""
    if not by.strip() or not reason.strip():
        raise Usage("--as and --reason are kept with the release; neither may be empty")
    with connection.cursor(row_factory=class_row(HeldFile)) as cursor:
        found = cursor.execute(_RELEASE, {"file": file, "by": by, "reason": reason}).fetchone()
    if found is not None:
        return found
    row = connection.execute("SELECT state, name, sha256 FROM clearing_file WHERE clearing_file_id = %s", (file,)).fetchone()
    if row is None:
        raise Usage(f"there is no file {file}; `cardwright clearing list` shows them")
    if row[0] == "held":  # released before, and then stopped by something else
        return HeldFile(row[2], row[1])
    raise Refused(f"file {file} ({row[1]}) is {row[0]}; only a held file is released")
