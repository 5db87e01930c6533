"""The actor that wake-ups call, and what it does: take a shard's next step, do it, wake the shard for the one after."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import dramatiq
import psycopg
from dramatiq.broker import Broker
from psycopg import Connection

from accounts.database import Database
from accounts.sharding import members_of
from jobs.attempts import LEASE, Attempt, Fenced, Heartbeat, Holder, finish, give_back, take
from jobs.broker import ACTOR, WakeUps
from jobs.business_day import Outcome, Step, restate_day

log = logging.getLogger(__name__)


class Worker:
    """Does steps on one database; each of its threads has a session of its own."""

    def __init__(self, database: Database, steps: Sequence[Step], lease: timedelta = LEASE) -> None:
        self.database = database
        self.steps = {each.number: each for each in steps}
        self.lease = lease
        self._sessions = threading.local()

    def work_on_shard(self, shard: int) -> Attempt | None:
        """Take the next step of a shard and do it; the attempt, or None if there was nothing to take.

        Never raises for a step that fails: the reason is recorded and the step waits for its next attempt, or is parked.
        """
        holder, attempt = self._take(shard)
        if attempt is not None:
            self._do(holder, attempt)
        return attempt

    def _take(self, shard: int) -> tuple[Holder, Attempt | None]:
        """Take in this thread's session; in a new one if that turns out to be broken. Raises psycopg.OperationalError."""
        for _ in range(2):
            holder = self._holder()
            try:
                return holder, take(holder, shard, self.steps, self.lease)
            except psycopg.OperationalError as error:
                broken = error
                holder.close()
        raise broken

    def _do(self, holder: Holder, attempt: Attempt) -> None:
        step = self.steps[attempt.key.step]
        try:
            with Heartbeat(self.database, attempt, self.lease), holder.connection.transaction():
                do_step(holder.connection, attempt, step, tuple(self.steps.values()))
            log.info("done: %s", attempt.key.named([step]))
        except Fenced as fenced:
            log.warning("fenced: %s", fenced)
        except Exception as error:
            log.exception("attempt %d at %s failed", attempt.number, attempt.key.named([step]))
            self._give_back(attempt, error)

    def _give_back(self, attempt: Attempt, error: Exception) -> None:
        """On a connection of its own: the step's may be what broke."""
        try:
            with self.database.connect() as connection:
                state = give_back(connection, attempt, f"{type(error).__name__}: {str(error).strip()}")
            if state == "parked":
                log.error("step %s parked after %d attempts", attempt.key, attempt.number)
        except Exception as trouble:
            log.warning("failure of %s not recorded, its lease will run out: %s", attempt.key, trouble)

    def _holder(self) -> Holder:
        holder: Holder | None = getattr(self._sessions, "holder", None)
        if holder is None or holder.connection.closed or holder.connection.broken:
            holder = self._sessions.holder = Holder(self.database)
        return holder


def do_step(connection: Connection[Any], attempt: Attempt, step: Step, steps: Sequence[Step]) -> Outcome:
    """The work of an attempt, inside the caller's transaction: run the step, park what could not be billed, finish.

    Raises Fenced, and whatever the step raises; nothing of it may be kept then.
    """
    on, _, shard = attempt.key
    first, last = members_of(shard)
    outcome = step.run(connection, on, first, last, parked_accounts(connection, first, last))
    for member_id, account_id, reason in outcome.parked:
        park_account(connection, member_id, account_id, attempt.key.named([step]), reason)
    finish(connection, attempt, {**outcome.counts, **({"parked": len(outcome.parked)} if outcome.parked else {})})
    restate_day(connection, on, steps)
    return outcome


def parked_accounts(connection: Connection[Any], first_member_id: int, last_member_id: int) -> list[int]:
    """Account ids that are taken out of billing, of a range of members."""
    found = connection.execute(
        "SELECT account_id FROM parked_account WHERE member_id BETWEEN %s AND %s AND released_at IS NULL ORDER BY account_id",
        (first_member_id, last_member_id),
    )
    return [row[0] for row in found]


_PARK_ACCOUNT = """
INSERT INTO parked_account (member_id, account_id, parked_on, step, reason)
VALUES (%(member)s, %(account)s, %(on)s, %(step)s, %(reason)s)
ON CONFLICT (member_id, account_id) DO UPDATE
SET parked_on = excluded.parked_on, step = excluded.step, reason = excluded.reason, released_at = NULL, released_reason = NULL
"""


def park_account(connection: Connection[Any], member_id: int, account_id: int, step: str, reason: str) -> None:
    """Take an account out of billing from a step (2005-05-25/close/3) on, until staff release it."""
    connection.execute(
        _PARK_ACCOUNT,
        {"member": member_id, "account": account_id, "on": step.partition("/")[0], "step": step, "reason": reason[:2000]},
    )


def declare_actor(broker: Broker, wake_ups: WakeUps, worker: Worker) -> None:
    """Make a broker's messages reach a worker. The actor never fails: what a step came to is written in the database."""

    def work_on_shard(shard: int) -> None:
        try:
            done = worker.work_on_shard(shard)
        except Exception as error:
            log.warning("shard %d not worked on: %s", shard, error)
            return
        if done is not None:
            wake_ups.send(shard)

    dramatiq.actor(broker=broker, actor_name=ACTOR, queue_name=wake_ups.queue)(work_on_shard)
