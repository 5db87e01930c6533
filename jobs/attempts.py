"""Attempts at a step: taken by a token, kept by a lease, finished through a fence, given back or parked when they fail.

An attempt is counted before its work begins, so that a worker that is killed has used one up. Its results and the check of its
token are one transaction: whoever lost the step in the meantime cannot commit. The database session that took a step is the
only one that can finish it; where that session is gone, the attempt is dead, and the step is free at once. A session that
hangs loses the step when its lease runs out.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Any
from uuid import UUID

import psycopg
from psycopg import Connection
from psycopg.types.json import Jsonb

from accounts.database import Database
from jobs.business_day import StepKey

#: After so many attempts have failed, or died, the step is parked instead of being tried a sixth time.
MOST_ATTEMPTS = 5
#: A worker that hangs loses its step after so long. With the look of `jobs.running.LOOK_SECONDS` and one wake-up that goes to
#: another hung worker, its step is with somebody else within 60 seconds.
LEASE = timedelta(seconds=40)
#: A step that takes longer hangs: its lease is renewed no more, and somebody else may take it.
LONGEST_STEP = timedelta(minutes=10)
#: Whoever takes a step waits no longer for its row: one who finishes it needs a moment, one who hangs while finishing is ended.
ROW_SECONDS = 2
#: Seconds until the next attempt, by how many have failed.
BACK_OFF = (0.5, 1.0, 2.0, 4.0)
#: Of the advisory locks: the sessions of workers, beside the first four bytes of their tokens.
HOLDERS = 4_927_011
STEPS_CHANNEL = "cardwright_steps"

log = logging.getLogger(__name__)


class Fenced(Exception):
    """The step was taken from this attempt; what it did must not be kept."""

    def __init__(self, attempt: Attempt) -> None:
        super().__init__(f"attempt {attempt.number} at {attempt.key} has lost its step to another")


@dataclass(frozen=True)
class Attempt:
    """The right to do one step, until its lease runs out.

    number: counted from 1; token: fences it; taken_from: the attempt that this one took the step over from.
    """

    key: StepKey
    number: int
    token: UUID
    taken_from: UUID | None = None


class Holder:
    """A database session that takes steps: its connection, and the advisory lock that shows that it lives."""

    def __init__(self, database: Database) -> None:
        self.connection = database.open_connection()
        self.connection.autocommit = True
        self.number = secrets.randbits(32)
        self.connection.execute("SELECT pg_advisory_lock(%s, %s)", (HOLDERS, _signed(self.number)))

    def new_token(self) -> UUID:
        """A token that names this session in its first four bytes."""
        return UUID(int=self.number << 96 | secrets.randbits(96))

    def close(self) -> None:
        """End the session; whatever it had not finished is free for others."""
        self.connection.close()


#: A shard's steps are done in order, so only its oldest one can be taken; whether that may be, the row itself says.
_OLDEST = """
SELECT business_on, step, state, attempts, attempt_token, coalesce(lease_until <= clock_timestamp(), true) AS free
FROM day_step WHERE shard = %s AND state <> 'done' ORDER BY business_on, step LIMIT 1
"""

_TAKE = """
UPDATE day_step SET state = 'running', attempts = attempts + 1, attempt_token = %s, started_at = clock_timestamp(),
       lease_until = clock_timestamp() + %s
WHERE business_on = %s AND step = %s AND shard = %s
"""

_PARK_DEAD = """
UPDATE day_step SET state = 'parked', finished_at = clock_timestamp(),
       reason = coalesce(reason || '; then ', '') || 'attempt ' || attempts || ' ended without a word, killed or hung'
WHERE business_on = %s AND step = %s AND shard = %s
"""


def take(holder: Holder, shard: int, known_steps: Collection[int], lease: timedelta = LEASE) -> Attempt | None:
    """Take the step of a shard that is to be done next; None if there is none, or somebody has it, or it is parked.

    One short transaction; it counts the attempt. known_steps: numbers of the steps that this worker's release can do.
    The session that a step is taken over from is ended, so that its transaction cannot hold what the new one needs.
    """
    connection = holder.connection
    try:
        attempt = _take(holder, shard, known_steps, lease)
    except psycopg.errors.LockNotAvailable:
        _end_hung_finish(connection, shard)
        try:
            attempt = _take(holder, shard, known_steps, lease)
        except psycopg.errors.LockNotAvailable:
            return None
    if attempt is None:
        return None
    if attempt.taken_from is not None:
        log.warning("step %s taken over from attempt %d", attempt.key, attempt.number - 1)
        _end_session(connection, attempt.taken_from)
    return attempt


def _take(holder: Holder, shard: int, known_steps: Collection[int], lease: timedelta) -> Attempt | None:
    """Raises LockNotAvailable if somebody is finishing the step, and for longer than a moment."""
    connection = holder.connection
    with connection.transaction():
        connection.execute(f"SET LOCAL lock_timeout TO '{ROW_SECONDS}s'")
        row = connection.execute(f"{_OLDEST} FOR UPDATE", (shard,)).fetchone()
        if row is None:
            return None
        business_on, step, state, attempts, token, free = row
        key = StepKey(business_on, step, shard)
        if state == "parked" or not free:
            return None
        if step not in known_steps:
            log.warning("step %s is of a release that this worker does not know", key)
            return None
        if attempts >= MOST_ATTEMPTS:
            connection.execute(_PARK_DEAD, key)
            _tell(connection, key)
            log.error("step %s parked after %d attempts", key, attempts)
            return None
        attempt = Attempt(key, attempts + 1, holder.new_token(), token if state == "running" else None)
        connection.execute(_TAKE, (attempt.token, lease, *key))
    return attempt


def _end_hung_finish(connection: Connection[Any], shard: int) -> None:
    """End the session of one whose lease ran out while it was finishing: its work is written, and its commit never comes."""
    row = connection.execute(_OLDEST, (shard,)).fetchone()
    if row is not None and row[2] == "running" and row[5]:
        log.warning("attempt %d at %s hangs while finishing", row[3], StepKey(row[0], row[1], shard))
        _end_session(connection, row[4])


def renew(connection: Connection[Any], attempt: Attempt, lease: timedelta) -> bool:
    """Keep a step for another lease; False if it has been lost."""
    renewed = connection.execute(
        "UPDATE day_step SET lease_until = clock_timestamp() + %s WHERE business_on = %s AND step = %s AND shard = %s "
        "AND attempt_token = %s AND state = 'running'",
        (lease, *attempt.key, attempt.token),
    )
    return renewed.rowcount == 1


def finish(connection: Connection[Any], attempt: Attempt, counts: Mapping[str, int]) -> None:
    """Mark a step as done, in the transaction of its work; raises Fenced if it is no longer this attempt's."""
    done = connection.execute(
        "UPDATE day_step SET state = 'done', outcome = %s, finished_at = clock_timestamp(), lease_until = NULL "
        "WHERE business_on = %s AND step = %s AND shard = %s AND attempt_token = %s AND state = 'running'",
        (Jsonb(dict(counts)), *attempt.key, attempt.token),
    )
    if done.rowcount != 1:
        raise Fenced(attempt)
    _tell(connection, attempt.key)


def give_back(connection: Connection[Any], attempt: Attempt, reason: str) -> str | None:
    """Record why an attempt failed: the step waits for its next attempt, or is parked if this was the last.

    Gives the step's new state; None if the step is not this attempt's any more (or its commit was heard of too late).
    """
    last = attempt.number >= MOST_ATTEMPTS
    state = "parked" if last else "waiting"
    pause = timedelta(seconds=0 if last else BACK_OFF[attempt.number - 1])
    given = connection.execute(
        "UPDATE day_step SET state = %s, reason = %s, finished_at = clock_timestamp(), lease_until = clock_timestamp() + %s "
        "WHERE business_on = %s AND step = %s AND shard = %s AND attempt_token = %s AND state = 'running'",
        (state, reason[:2000], pause, *attempt.key, attempt.token),
    )
    if given.rowcount != 1:
        return None
    _tell(connection, attempt.key)
    return state


def free_dead_attempts(connection: Connection[Any]) -> int:
    """Free the steps whose session is gone, whatever their lease says; gives how many.

    The rows are read before the locks: a session takes its lock before its first step.
    """
    running = connection.execute(
        "SELECT attempt_token FROM day_step WHERE state = 'running' AND lease_until > clock_timestamp()"
    ).fetchall()
    if not running:
        return 0
    living = {
        row[0]
        for row in connection.execute(
            "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND classid::bigint = %s AND granted "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            (HOLDERS,),
        )
    }
    dead = [row[0] for row in running if row[0].int >> 96 not in living]
    if not dead:
        return 0
    freed = connection.execute(
        "UPDATE day_step SET lease_until = clock_timestamp() WHERE state = 'running' AND attempt_token = ANY(%s)", (dead,)
    )
    return freed.rowcount


_DUE = """
SELECT shard FROM (
    SELECT DISTINCT ON (shard) shard, state, lease_until FROM day_step WHERE state <> 'done' ORDER BY shard, business_on, step
) oldest
WHERE state <> 'parked' AND coalesce(lease_until <= clock_timestamp(), true) ORDER BY shard
"""


def due_shards(connection: Connection[Any]) -> list[int]:
    """Shards that have a step to be taken now: waiting, or running with its lease run out."""
    return [row[0] for row in connection.execute(_DUE)]


class Heartbeat:
    """Renews an attempt's lease while its work goes on, on a connection of its own; for at most LONGEST_STEP."""

    def __init__(self, database: Database, attempt: Attempt, lease: timedelta) -> None:
        self._database = database
        self._attempt = attempt
        self._lease = lease
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"heartbeat {attempt.key}", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()

    def _beat(self) -> None:
        pause = self._lease.total_seconds() / 3
        for _ in range(int(LONGEST_STEP.total_seconds() / pause)):
            if self._over.wait(pause):
                return
            try:
                with self._database.connect() as connection:
                    if not renew(connection, self._attempt, self._lease):
                        return
            except Exception as error:
                log.warning("lease of %s not renewed: %s", self._attempt.key, error)
        log.error("step %s has run for %s and is kept no longer", self._attempt.key, LONGEST_STEP)


def _tell(connection: Connection[Any], key: StepKey) -> None:
    """Let whoever advances the day know, at commit, that a step has changed its state."""
    connection.execute("SELECT pg_notify(%s, %s)", (STEPS_CHANNEL, f"{key.business_on}/{key.step}/{key.shard}"))


def _end_session(connection: Connection[Any], token: UUID) -> None:
    """End the database session that holds a token, if it is still there; the login role may end its own sessions."""
    try:
        with connection.transaction():
            connection.execute("SET LOCAL ROLE NONE")
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid::bigint = %s "
                "AND objid::bigint = %s AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                (HOLDERS, token.int >> 96),
            )
    except psycopg.Error as error:
        # Not needed for safety: the old attempt is fenced, it only may keep its locks a while.
        log.warning("the session of the former attempt was not ended: %s", error)


def _signed(number: int) -> int:
    """An unsigned 32-bit number as PostgreSQL's integer of the same bits."""
    return number - (1 << 32) if number >= 1 << 31 else number
