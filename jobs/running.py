"""Runs business days: advances the day, sends wake-ups for due work, sweeps up what was lost, until all days are done."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import psycopg
from psycopg import Connection

from accounts.database import Database, DatabaseDown, open_book
from accounts.errors import Trouble
from accounts.settings import Settings
from jobs.attempts import LEASE, STEPS_CHANNEL, due_shards, free_dead_attempts
from jobs.broker import WakeUps, open_broker, queue_of
from jobs.business_day import Advance, DayNotNext, DayResult, Step, advance, day_in_hand, next_day
from jobs.status import Parked, parked_work
from jobs.worker_processes import WorkerProcesses

#: A wake-up that nobody followed is sent again after so long.
RESEND_SECONDS = 5.0
#: How often dead attempts and lost wake-ups are looked for while nothing is heard.
SWEEP_SECONDS = 0.5
#: How often `worker` looks for dead attempts and work that nobody was told of.
LOOK_SECONDS = 2.0
#: A database that is away longer ends the run.
PATIENCE_SECONDS = 60.0

log = logging.getLogger(__name__)


@dataclass
class RunResult:
    """What a run came to: the days that are done now and were not before, and all that is parked."""

    days: list[DayResult] = field(default_factory=list)
    parked: Parked = field(default_factory=Parked)


@dataclass(frozen=True)
class Standing:
    """How far a run is: days closed of all it has to do; in the day in hand, steps done of all, statements so far."""

    days_done: int
    days: int
    on: date | None
    steps_done: int
    steps: int
    statements: int


Watcher = Callable[[Standing], None]


class Sweeper:
    """Finds due work in the database and sends wake-ups for it, not too often for the same shard."""

    def __init__(self, wake_ups: WakeUps, resend_seconds: float) -> None:
        self._wake_ups = wake_ups
        self._resend_seconds = resend_seconds
        self._sent: dict[int, float] = {}

    def sweep(self, connection: Connection[Any]) -> int:
        """Free the steps of dead workers, wake workers for shards with due work; gives how many wake-ups were sent."""
        if free_dead_attempts(connection):
            self.forget()
        now = time.monotonic()
        due = due_shards(connection)
        to_send = [shard for shard in due if now - self._sent.get(shard, -self._resend_seconds) >= self._resend_seconds]
        for shard in to_send:
            self._wake_ups.send(shard)
            self._sent[shard] = now
        self._sent = {shard: at for shard, at in self._sent.items() if shard in due}
        return len(to_send)

    def forget(self) -> None:
        """Send again what was sent: it may have been lost with a worker."""
        self._sent.clear()


def check_from(connection: Connection[Any], from_on: date | None) -> date:
    """The first business day to be done; raises DayNotNext if the run was asked to begin after it, NoFirstDay."""
    first = next_day(connection)
    if from_on is not None and from_on > first:
        raise DayNotNext(from_on, first)
    return first


def run_until(
    settings: Settings, until: date, steps: Sequence[Step], *, from_on: date | None = None, workers: int = 1,
    lease: timedelta = LEASE, watch: Watcher | None = None,
) -> RunResult:
    """Do every business day not yet done up to a date, on local worker processes.

    Several may run at once: they share the work and each sees all days done. Killed at any moment and run again, it ends in
    the same books. Raises NoFirstDay, DayNotNext, BrokerDown, WorkersFail, DatabaseDown.
    """
    with open_book(settings) as database:
        with contextlib.closing(database.open_connection()) as connection:
            connection.autocommit = True
            first = check_from(connection, from_on)
            queue = queue_of(connection)
            nothing_to_work = advance(connection, until, steps).finished
        if not nothing_to_work:
            with (
                contextlib.closing(open_broker(settings.broker_url or database.url)) as broker,
                WorkerProcesses(settings, workers, steps, lease) as processes,
            ):
                _Run(settings, database, WakeUps(broker, queue), processes, until, steps, watch).to_the_end(first)
        with database.connect() as connection:
            return RunResult(_days_done(connection, first, until), parked_work(connection, steps))


class _Run:
    """The supervisor's loop; all it knows it reads from the database, so it may be started and ended at will."""

    def __init__(
        self, settings: Settings, database: Database, wake_ups: WakeUps, processes: WorkerProcesses, until: date,
        steps: Sequence[Step], watch: Watcher | None,
    ) -> None:
        self._settings = settings
        self._database = database
        self._sweeper = Sweeper(wake_ups, RESEND_SECONDS)
        self._processes = processes
        self._until = until
        self._steps = steps
        self._watch = watch

    def to_the_end(self, first: date) -> None:
        """Go on until every day is done; over lost connections too, if the database comes back within a minute."""
        lost_at: float | None = None
        while True:
            try:
                with contextlib.closing(self._database.open_connection()) as connection:
                    connection.autocommit = True
                    connection.execute(f"LISTEN {STEPS_CHANNEL}")
                    while not self._turn(connection, first).finished:
                        lost_at = None
                    return
            except (DatabaseDown, psycopg.OperationalError) as error:
                lost_at = lost_at or time.monotonic()
                if time.monotonic() - lost_at > PATIENCE_SECONDS:
                    raise
                log.warning("connection lost, trying again: %s", error)
                time.sleep(0.5)
                with contextlib.suppress(Trouble), open_book(self._settings):
                    """An embedded server that was killed is up again now."""

    def _turn(self, connection: Connection[Any], first: date) -> Advance:
        """Advance the day, mend what broke, wake who is needed, then wait until a step is done or it is time to look."""
        advanced = advance(connection, self._until, self._steps)
        if self._watch is not None:
            self._watch(_standing(connection, first, self._until))
        if advanced.finished:
            return advanced
        if self._processes.mend() or advanced.opened is not None:
            self._sweeper.forget()
        self._sweeper.sweep(connection)
        heard = list(connection.notifies(timeout=SWEEP_SECONDS, stop_after=1))
        if heard:
            self._processes.worked()
        return advanced


def keep_working(settings: Settings, steps: Sequence[Step], processes: int, threads: int, lease: timedelta) -> None:
    """Keep worker processes at work until this process is told to end; sweep, so that nothing lost stays lost."""
    with open_book(settings) as database:
        with database.connect() as connection:
            queue = queue_of(connection)
        with (
            contextlib.closing(open_broker(settings.broker_url or database.url)) as broker,
            WorkerProcesses(settings, processes, steps, lease, threads) as workers,
        ):
            sweeper = Sweeper(WakeUps(broker, queue), lease.total_seconds() / 4)
            while True:
                _sweep_once(database, sweeper)
                until = time.monotonic() + min(LOOK_SECONDS, lease.total_seconds() / 4)
                while time.monotonic() < until:
                    if workers.mend():
                        sweeper.forget()
                        break
                    time.sleep(0.2)


def _sweep_once(database: Database, sweeper: Sweeper) -> None:
    try:
        with database.connect() as connection:
            connection.autocommit = True
            sweeper.sweep(connection)
    except (DatabaseDown, psycopg.OperationalError) as error:
        log.warning("not swept: %s", error)


def look_once(settings: Settings, until: date, steps: Sequence[Step]) -> tuple[Advance, int]:
    """Look for due work once: advance the day as far as work is done, send wake-ups; gives also how many. Never waits."""
    with open_book(settings) as database, contextlib.closing(database.open_connection()) as connection:
        connection.autocommit = True
        with contextlib.closing(open_broker(settings.broker_url or database.url)) as broker:
            advanced = advance(connection, until, steps)
            return advanced, Sweeper(WakeUps(broker, queue_of(connection)), RESEND_SECONDS).sweep(connection)


def _days_done(connection: Connection[Any], first: date, until: date) -> list[DayResult]:
    rows = connection.execute(
        "SELECT business_on, totals FROM business_day WHERE business_on BETWEEN %s AND %s AND closed_at IS NOT NULL "
        "ORDER BY business_on",
        (first, until),
    )
    return [DayResult(on, totals) for on, totals in rows]


_DAY_STANDING = """
SELECT count(*) FILTER (WHERE state = 'done'), count(*), coalesce(sum((outcome ->> 'statements')::bigint), 0)
FROM day_step WHERE business_on = %s
"""


def _standing(connection: Connection[Any], first: date, until: date) -> Standing:
    on = day_in_hand(connection)
    row = connection.execute(_DAY_STANDING, (on,)).fetchone()
    assert row is not None
    return Standing((next_day(connection) - first).days, (until - first).days + 1, on, row[0], row[1], int(row[2]))
