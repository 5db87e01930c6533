"""Runs work in processes of its own that begin at the same moment, as workers do, and times them from outside."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

#: Makes ready and gives what is to be timed, which gives how many units it did.
Prepared = Callable[..., Callable[[], int]]


@dataclass(frozen=True)
class Measured:
    """One run of a stage: seconds, units done, peak memory in bytes of its largest process, the floor's seconds."""

    seconds: float
    units: int
    peak_memory_bytes: int
    floor_seconds: float | None = None


@dataclass(frozen=True)
class _Part:
    """What one process did; instants are of the machine's one monotonic clock."""

    began: float
    ended: float
    units: int
    peak_memory_bytes: int


def together(prepare: Prepared, arguments: Sequence[tuple[Any, ...]]) -> Measured:
    """One fresh process for each tuple of arguments; timed from the first beginning to the last end, without preparation."""
    spawn = get_context("spawn")
    barrier = spawn.Barrier(len(arguments))
    with ProcessPoolExecutor(len(arguments), spawn, initializer=_await_at, initargs=(barrier,)) as pool:
        parts = [each.result() for each in [pool.submit(_part, prepare, *each) for each in arguments]]
    return Measured(
        max(each.ended for each in parts) - min(each.began for each in parts), sum(each.units for each in parts),
        max(each.peak_memory_bytes for each in parts),
    )


_barrier: Any = None


def _await_at(barrier: Any) -> None:
    global _barrier  # a barrier reaches a spawned process by its initializer only
    _barrier = barrier


def _part(prepare: Prepared, *arguments: Any) -> _Part:
    try:
        work = prepare(*arguments)
    except BaseException:
        _barrier.abort()  # or the others wait for ever
        raise
    _barrier.wait()
    began = time.monotonic()
    units = work()
    return _Part(began, time.monotonic(), units, _peak())


def _peak() -> int:
    """Peak memory of this process in bytes. Not by getrusage where Linux says better: there it starts from the parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
