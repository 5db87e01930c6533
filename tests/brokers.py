"""The brokers that tests run on: where they are reached, and how all of a book's messages are taken away from one.

RabbitMQ: each book has a queue of its own. Redis: a database number of our own, which tests may empty.
"""

from __future__ import annotations

import os
import time

import psycopg
import pytest

from jobs.broker import BrokerDown, open_broker, queue_of

BROKERS = {
    "postgresql": None,
    "rabbitmq": os.environ.get("CARDWRIGHT_TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672"),
    "redis": os.environ.get("CARDWRIGHT_TEST_REDIS_URL", "redis://127.0.0.1:6379/9"),
}


@pytest.fixture(params=BROKERS)
def broker(request: pytest.FixtureRequest) -> str:
    """The name of each broker that answers, in turn; the others are skipped with what they said."""
    if down := why_not(request.param):
        pytest.skip(down)
    return str(request.param)


def why_not(broker: str) -> str | None:
    """Why a broker cannot be used; None if it can."""
    url = BROKERS[broker]
    try:
        if url is not None:
            open_broker(url).close()
    except BrokerDown as down:
        return str(down)
    return None


def broker_setting(broker: str) -> dict[str, str]:
    """The environment that names a broker; nothing for the books' own database."""
    url = BROKERS[broker]
    return {} if url is None else {"CARDWRIGHT_BROKER_URL": url}


class Wiper:
    """Takes away all messages of a book; each time it goes deeper."""

    def __init__(self, broker: str, database_url: str) -> None:
        self.times = 0
        self._database_url = database_url
        self._url = BROKERS[broker]
        with psycopg.connect(database_url) as connection:
            self._queue = queue_of(connection)

    def wipe(self) -> None:
        """The messages, then queue and all; of PostgreSQL the whole schema, of Redis the whole database number."""
        self.times += 1
        if self._url is None:
            with psycopg.connect(self._database_url) as connection:
                connection.execute("TRUNCATE dramatiq.queue" if self.times == 1 else "DROP SCHEMA dramatiq CASCADE")
        else:
            self._wipe_service(self._url)

    def _wipe_service(self, url: str) -> None:
        opened = open_broker(url)
        opened.declare_queue(self._queue)
        if hasattr(opened, "channel"):
            for name in (self._queue, f"{self._queue}.DQ", f"{self._queue}.XQ"):
                if self.times == 1:
                    opened.channel.queue_purge(name)
                else:
                    opened.channel.queue_delete(name)
        elif self.times == 1:
            opened.flush_all()
        else:
            opened.client.flushdb()  # type: ignore[attr-defined]
        opened.close()

    def leave_nothing(self) -> None:
        """After the test: a broker of its own keeps no queue of a book that is gone."""
        if self._url is not None:
            # A supervisor that has just ended may have sent its last message a moment ago.
            time.sleep(0.05)
            self.times = 1
            self.wipe()
