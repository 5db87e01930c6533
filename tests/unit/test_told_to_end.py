"""A worker is told to end by SIGTERM, whichever of its threads the system gives the signal to."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from multiprocessing.connection import wait

import pytest

from jobs.worker_processes import told_to_end


@pytest.fixture
def told() -> Iterator[int]:
    """What tells this process to end; signals are as before at the end."""
    handler = signal.getsignal(signal.SIGTERM)
    told = told_to_end()
    yield told
    tell = signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, handler)
    os.close(told)
    os.close(tell)


def test_not_told(told: int) -> None:
    assert wait([told], timeout=0) == []


def test_told_in_the_main_thread(told: int) -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    assert wait([told], timeout=5) == [told]


def test_told_in_another_thread_while_the_main_thread_waits(told: int) -> None:
    """As a worker that was stopped may be: the signal does not wake the main thread, and Python's handlers run nowhere else."""
    sent, over = threading.Event(), threading.Event()
    other = threading.Thread(target=lambda: (sent.wait(), os.kill(os.getpid(), signal.SIGTERM), over.wait()))
    other.start()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        sent.set()
        assert wait([told], timeout=5) == [told]
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        over.set()
        other.join()
