"""Every broker carries the same business days to the same end, whatever becomes of its messages; one suite for all three."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from dramatiq.broker import Broker

from accounts.database import Database
from accounts.settings import Settings, read_settings
from jobs import running
from jobs.broker import BrokerDown, WakeUps, open_broker, queue_of
from jobs.running import Standing, run_until
from tests.drill_steps import FIRST_DAY, done_rows, drill_steps, prepare_drill

STEPS = drill_steps()
DAYS, SHARDS = 3, 3
LAST_DAY = FIRST_DAY + timedelta(days=DAYS - 1)
BROKERS = {
    "postgresql": None,
    "rabbitmq": os.environ.get("CARDWRIGHT_TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672"),
    "redis": os.environ.get("CARDWRIGHT_TEST_REDIS_URL", "redis://127.0.0.1:6379/0"),
}


@pytest.fixture(params=BROKERS)
def broker_url(request: pytest.FixtureRequest) -> str | None:
    """Each broker that answers, in turn; None is the book's own database."""
    url = BROKERS[request.param]
    if url is not None:
        try:
            open_broker(url).close()
        except BrokerDown as down:
            pytest.skip(str(down))
    return url


@pytest.fixture
def settings(
    embedded_database: Database, home: Path, broker_url: str | None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    """A book with three days of work for three shards, and its broker."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2])
    monkeypatch.setattr(running, "RESEND_SECONDS", 0.2)
    monkeypatch.setattr(running, "SWEEP_SECONDS", 0.1)
    prepare_drill(embedded_database, DAYS, SHARDS)
    yield read_settings(home, embedded_database.url, broker_url)
    if broker_url is not None:
        broker = open_broker(broker_url)
        forget_queue(broker, queue_name(embedded_database))
        broker.close()


def queue_name(database: Database) -> str:
    with database.connect() as connection:
        return queue_of(connection)


def forget_queue(broker: Broker, queue: str) -> None:
    """Take the queue and all that is in it away from the broker."""
    broker.declare_queue(queue)
    if hasattr(broker, "channel"):
        for name in (queue, f"{queue}.DQ", f"{queue}.XQ"):
            broker.channel.queue_delete(name)
    else:
        broker.flush_all()


def expected_rows() -> list[tuple[Any, ...]]:
    """What the drill's steps come to when each is done once, in order."""
    before, rows = dict.fromkeys(range(SHARDS), 0), []
    for day in range(DAYS):
        for step in STEPS:
            for shard in range(SHARDS):
                rest = before[shard] % 1_000_000_007
                rows += [(FIRST_DAY + timedelta(day), step.number, shard, row_no, row_no + rest) for row_no in (1, 2, 3)]
                before[shard] += 1 + rest
    return rows


def end_of(settings: Settings, database: Database, watch: Callable[[Standing], None] | None = None) -> list[tuple[Any, ...]]:
    """Run all days; what the steps have kept."""
    result = run_until(settings, LAST_DAY, STEPS, workers=2, watch=watch)
    assert not result.parked
    assert len(result.days) == DAYS
    return done_rows(database)


def test_days_are_done(settings: Settings, embedded_database: Database) -> None:
    assert end_of(settings, embedded_database) == expected_rows()


def test_wake_ups_that_are_lost_are_sent_again(
    settings: Settings, embedded_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeded, send, lost = random.Random(1), WakeUps.send, [0]

    def send_most(wake_ups: WakeUps, shard: int) -> bool:
        if seeded.random() < 0.4:
            lost[0] += 1
            return True
        return send(wake_ups, shard)

    monkeypatch.setattr(WakeUps, "send", send_most)
    assert end_of(settings, embedded_database) == expected_rows()
    assert lost[0] > 0


def test_wake_ups_that_come_five_times_late_and_for_nobody_do_no_harm(
    settings: Settings, embedded_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, late = WakeUps.send, [0]

    def send_many(wake_ups: WakeUps, shard: int) -> bool:
        sent = [send(wake_ups, each) for each in (shard, late[0], shard, 4711, shard, late[0], shard)]
        late[0] = shard
        return all(sent)

    monkeypatch.setattr(WakeUps, "send", send_many)
    assert end_of(settings, embedded_database) == expected_rows()
    with embedded_database.connect() as connection:
        assert connection.execute("SELECT max(attempts) FROM day_step").fetchone() == (1,)


def test_workers_that_are_killed_are_replaced(settings: Settings, embedded_database: Database) -> None:
    killed: list[int] = []

    def kill_one(standing: Standing) -> None:
        workers = [each for each in multiprocessing.active_children() if each.name == "cardwright worker"]
        if len(killed) < 3 and 2 <= standing.steps_done < standing.steps and workers:
            victim = workers[len(killed) % len(workers)].pid
            assert victim is not None
            os.kill(victim, signal.SIGKILL)
            killed.append(victim)

    assert end_of(settings, embedded_database, kill_one) == expected_rows()
    assert killed


def test_a_broker_that_forgets_everything_is_told_again(settings: Settings, embedded_database: Database) -> None:
    broker = open_broker(settings.broker_url or embedded_database.url)
    queue = queue_name(embedded_database)
    forgotten: list[object] = []

    def forget(standing: Standing) -> None:
        if 1 <= standing.steps_done < standing.steps and standing.days_done >= len(forgotten) < 2:
            forgotten.append(standing.on)
            if settings.broker_url is None:
                with embedded_database.connect() as connection:
                    connection.execute("TRUNCATE dramatiq.queue")
            else:
                forget_queue(broker, queue)

    assert end_of(settings, embedded_database, forget) == expected_rows()
    assert forgotten
    broker.close()


def test_a_broker_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(BrokerDown, match=r"redis://127.0.0.1:1/0 cannot be used: .*refused.*correct --broker-url") as down:
        open_broker("redis://user:secret@127.0.0.1:1/0")
    assert "secret" not in str(down.value)
    with pytest.raises(BrokerDown, match=r"amqp://127.0.0.1:1 cannot be used: Connection refused"):
        open_broker("amqp://user:secret@127.0.0.1:1")
