"""What goes wrong in processes under test: their `sitecustomize` calls `begin`, so supervisors and workers alike are meant.

Messages are disturbed where they are handed to the broker, and the broker is a real one. Every disturbance is written down in
the home, so that a test can tell that it came about.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from jobs import actors, running
from jobs.attempts import Attempt
from jobs.broker import WakeUps
from jobs.business_day import Outcome, Step

Send = Callable[[WakeUps, int], bool]
#: No member has this shard.
NOBODY = 4711
FATES = ("lost", "doubled", "late", "shuffled")
_send = WakeUps.send


def begin(names: str, home: Path) -> None:
    """Let things go wrong from now on: names of disturbances, divided by commas.

    messages: some are lost, some come five times, late or in another order. hurried: what is lost is looked for soon, or a test
    would take long. hangs: whoever first takes a step that begins as the file `hangs` of the home says, writes its process id
    and the step to the file `hung`, all work done and not yet marked as done, and goes on when there is a file `goes_on`.
    hangs_at_commit: the same, marked as done and not committed.
    """
    for name in names.split(","):
        if name == "hurried":
            running.RESEND_SECONDS, running.SWEEP_SECONDS = 0.3, 0.1
        elif name in ("hangs", "hangs_at_commit"):
            _let_a_step_hang(home, at_commit=name == "hangs_at_commit")
        else:
            assert name == "messages", name
            WakeUps.send = _disturbed(home)  # type: ignore[method-assign]


def count(home: Path, name: str) -> int:
    """How often a disturbance came about."""
    noted = home / f"disturbed-{name}"
    return noted.stat().st_size if noted.exists() else 0


def _note(home: Path, name: str) -> None:
    with (home / f"disturbed-{name}").open("ab") as noted:
        noted.write(b".")


def _disturbed(home: Path) -> Send:
    """Each message meets one fate or another; what comes late comes when its work has long been done by another's leave."""
    chance = random.Random(os.getpid())
    held: list[int] = []

    def send(wake_ups: WakeUps, shard: int) -> bool:
        # A test has few messages, so fates are dealt, each once in four, whoever sends.
        dealt = sum(count(home, each) for each in FATES)
        fate = random.Random(dealt // len(FATES)).sample(FATES, len(FATES))[dealt % len(FATES)]
        _note(home, fate)
        if fate == "lost":
            return True
        if fate == "doubled":
            for each in (shard, shard, NOBODY, shard, shard):
                _send(wake_ups, each)
            return _send(wake_ups, shard)
        if fate == "late":
            later = threading.Timer(0.5 + chance.random(), _send, (wake_ups, shard))
            later.daemon = True
            later.start()
            return True
        # The newest first, a few at a time; one that is never followed by enough others is lost too.
        held.append(shard)
        if len(held) > 1:
            for each in reversed(held):
                _send(wake_ups, each)
            held.clear()
        return True

    return send


def _let_a_step_hang(home: Path, *, at_commit: bool) -> None:
    do_step = actors.do_step

    def hanging(connection: Any, attempt: Attempt, step: Step, steps: Sequence[Step]) -> Outcome:
        named = attempt.key.named([step])
        wanted = home / "hangs"
        if not (wanted.exists() and named.startswith(wanted.read_text(encoding="utf-8")) and _first(home)):
            return do_step(connection, attempt, step, steps)

        def run(*arguments: Any) -> Outcome:
            outcome = step.run(*arguments)
            _hang(home, named)
            return outcome

        outcome = do_step(connection, attempt, step if at_commit else replace(step, run=run), steps)
        if at_commit:
            _hang(home, named)
        return outcome

    actors.do_step = hanging


def _hang(home: Path, named: str) -> None:
    (home / "hung.new").write_text(f"{os.getpid()} {named}", encoding="utf-8")
    (home / "hung.new").rename(home / "hung")
    for _ in range(1200):
        if (home / "goes_on").exists():
            return
        time.sleep(0.1)


def _first(home: Path) -> bool:
    try:
        os.close(os.open(home / "one-hangs", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True
