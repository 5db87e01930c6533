"""Worker processes of this machine: Dramatiq workers, started, watched and started again by one supervisor.

Each process stands alone: one that is killed takes no other with it. They come from a fork server that has imported everything
once, and they stop when the supervisor is gone.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess
from types import TracebackType

from accounts.database import open_book
from accounts.errors import CardwrightError, Trouble
from accounts.settings import Settings
from jobs.attempts import LEASE
from jobs.business_day import Step
from jobs.worker_log import log_to_home, worker_log

#: A worker that is told to stop finishes its step; one that hangs is killed after so long, which loses nothing.
STOP_SECONDS = 60
#: An idle worker thread looks so often whether it is to stop.
IDLE_MILLISECONDS = 100
#: So many workers in a row that end by themselves, and the supervisor gives up.
MOST_FAILURES = 5

log = logging.getLogger(__name__)


class WorkersFail(Trouble):
    """Workers end as soon as they are started."""

    def __init__(self, exit_code: int, settings: Settings) -> None:
        super().__init__(
            f"workers end by themselves with exit code {exit_code} as soon as they are started; "
            f"{worker_log(settings.home)} says why; put it right and try again"
        )


class WorkerProcesses:
    """A number of worker processes, as long as the `with` lasts."""

    def __init__(
        self, settings: Settings, processes: int, steps: Sequence[Step], lease: timedelta = LEASE, threads: int = 1
    ) -> None:
        self._settings = settings
        self._arguments = (settings, tuple(steps), lease, threads)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["jobs.worker_processes", "jobs.actors", "jobs.steps", "dramatiq.worker"])
        self._count = processes
        self._failures = 0
        self.processes: list[ForkServerProcess] = []

    def __enter__(self) -> WorkerProcesses:
        self.processes = [self._start() for _ in range(self._count)]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def mend(self) -> int:
        """Start a new worker for each that died; gives how many. Raises WorkersFail if they only ever fail."""
        mended = 0
        for place, process in enumerate(self.processes):
            if process.is_alive():
                continue
            log.warning("worker %s ended with %s; another is started", process.pid, process.exitcode)
            # Killed by a signal says nothing of what the next one will do.
            self._failures = self._failures + 1 if (process.exitcode or 0) > 0 else 0
            if self._failures >= MOST_FAILURES:
                raise WorkersFail(process.exitcode or 0, self._settings)
            self.processes[place] = self._start()
            mended += 1
        return mended

    def worked(self) -> None:
        """To be called when steps get done: workers do not only fail."""
        self._failures = 0

    def stop(self) -> None:
        """Let every worker finish its step in hand and end."""
        for process in self.processes:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        try:
            for process in self.processes:
                process.join(max(0.0, deadline - time.monotonic()))
        finally:
            for process in self.processes:
                if process.is_alive():
                    process.kill()
            self.processes = []

    def _start(self) -> ForkServerProcess:
        process = self._context.Process(target=work, args=self._arguments, name="cardwright worker")
        with _without_main_file():
            process.start()
        return process


@contextlib.contextmanager
def _without_main_file() -> Iterator[None]:
    """Keep a new process from running the script that this one was started by: nothing in it is needed there."""
    main = sys.modules["__main__"].__dict__
    path = main.pop("__file__", None)
    try:
        yield
    finally:
        if path is not None:
            main["__file__"] = path


def told_to_end() -> int:
    """A file descriptor that can be read from as soon as this process is sent SIGTERM.

    Written to by whichever thread the signal comes to. Sent to a process that is stopped, it may come to any of them when the
    process goes on; a handler of Python's alone would then wait for the main thread, which waits to be told.
    """
    told, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell)
    signal.signal(signal.SIGTERM, lambda number, frame: None)
    return told


def work(settings: Settings, steps: Sequence[Step], lease: timedelta, threads: int) -> None:
    """The life of one worker process: consume wake-ups until told to stop, or until the supervisor is gone."""
    told = told_to_end()
    # Ctrl-C reaches the whole group; the supervisor tells its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    log_to_home(settings.home)
    try:
        _consume(settings, steps, lease, threads, told)
    except CardwrightError as error:
        log.error("worker ends: %s", error)
        sys.exit(error.exit_code)
    except Exception:
        log.exception("worker ends")
        sys.exit(CardwrightError.exit_code)


def _consume(settings: Settings, steps: Sequence[Step], lease: timedelta, threads: int, told: int) -> None:
    import dramatiq

    from jobs.actors import Worker, declare_actor
    from jobs.broker import WakeUps, open_broker, queue_of

    supervisor = multiprocessing.parent_process()
    assert supervisor is not None
    with open_book(settings) as database:
        with database.connect() as connection:
            queue = queue_of(connection)
        broker = open_broker(settings.broker_url or database.url, threads)
        declare_actor(broker, WakeUps(broker, queue), Worker(database, steps, lease))
        consumer = dramatiq.Worker(broker, queues={queue}, worker_threads=threads, worker_timeout=IDLE_MILLISECONDS)
        # A wake-up that waits behind a step in hand is one that an idle worker could have had.
        consumer.queue_prefetch = threads
        consumer.start()
        log.info("worker at work on %s, %d threads", queue, threads)
        wait([told, supervisor.sentinel])
        log.info("worker stops")
        consumer.stop(timeout=STOP_SECONDS * 1000)
        broker.close()
