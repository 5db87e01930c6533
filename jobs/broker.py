"""The broker carries wake-ups: "there may be work for shard 7". A message may be lost, doubled, late or out of order; what is
to be done, and whether it was, stands in the database alone.

PostgreSQL by default (the books' own server), RabbitMQ or Redis by URL. Each book has its own queue, so that several may share
one broker.
"""

from __future__ import annotations

import logging
import re
import zlib
from typing import Any
from urllib.parse import quote, urlsplit

import dramatiq
from dramatiq.broker import Broker
from dramatiq_postgres import PostgresBroker
from dramatiq_postgres import schema as queue_schema
from dramatiq_postgres.utils import make_pool, transaction
from psycopg import Connection
from tenacity import stop_after_attempt

from accounts.errors import Trouble

ACTOR = "work_on_shard"
#: An idle PostgreSQL consumer looks for messages so often, should it have missed a notification.
POLL_SECONDS = 0.2

log = logging.getLogger(__name__)


class BrokerDown(Trouble):
    """The broker does not answer."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"the broker {shown_broker(url)} cannot be used: {reason}; start it or correct --broker-url, then try again"
        )


class BookBroker(PostgresBroker):  # type: ignore[misc]
    """Messages in the schema `dramatiq` of a PostgreSQL database.

    Its commits do not wait for the disk: a crash may lose a wake-up, and a wake-up may be lost. A message that cannot be
    sent is given up at once, for the same reason. The schema is made where it is missing.
    """

    def __init__(self, url: str, consumers: int) -> None:
        """url: postgresql://…; consumers: how many threads will work on its messages."""
        hurried = "options=" + quote("-c synchronous_commit=off")
        pool = make_pool(f"{url}{'&' if '?' in url else '?'}{hurried}&maxconn={consumers + 6}")
        super().__init__(pool=pool, results=False, poll_interval=POLL_SECONDS, middleware=[])
        self._enqueue_once = PostgresBroker.enqueue.retry_with(stop=stop_after_attempt(1))

    def enqueue(self, message: dramatiq.Message[Any], *, delay: int | None = None) -> dramatiq.Message[Any]:
        """Send a message; raises psycopg's error if it cannot be sent."""
        sent: dramatiq.Message[Any] = self._enqueue_once(self, message, delay=delay)
        return sent

    def ensure_schema(self) -> None:
        """Make the queue's tables if they are not there, in a database of their own or after they were dropped."""
        with transaction(self.pool) as cursor:
            if not queue_schema.schema_exists(cursor):
                queue_schema.init(cursor)

    def close(self) -> None:
        """Give back all connections."""
        super().close()
        self.pool.close()


def open_broker(url: str, consumers: int = 0) -> Broker:
    """The broker at a URL, reached once to make sure that it is there.

    url: postgresql://…, amqp://… or redis://…; consumers: threads that will work on its messages, 0 to send only.
    Raises BrokerDown.
    """
    scheme = urlsplit(url).scheme
    broker: Broker
    try:
        if scheme in ("amqp", "amqps"):
            from dramatiq.brokers.rabbitmq import RabbitmqBroker

            # Without confirmation a publish may vanish without an error.
            broker = RabbitmqBroker(url=url, confirm_delivery=True, middleware=[])
            _ = broker.connection
        elif scheme in ("redis", "rediss"):
            from dramatiq.brokers.redis import RedisBroker

            broker = RedisBroker(url=url, namespace="cardwright", middleware=[])  # type: ignore[no-untyped-call]
            broker.client.ping()
        else:
            broker = BookBroker(url, consumers)
            broker.ensure_schema()
    except Exception as error:
        raise BrokerDown(url, _first_line(error)) from None
    return broker


def queue_of(connection: Connection[Any]) -> str:
    """The name of the queue of this book: of its server and database, whatever URL they are reached by."""
    row = connection.execute("SELECT system_identifier, current_database() FROM pg_control_system()").fetchone()
    assert row is not None
    return f"cardwright.{zlib.crc32(f'{row[0]}/{row[1]}'.encode()):08x}"


class WakeUps:
    """Sends wake-ups for shards of one book."""

    def __init__(self, broker: Broker, queue: str) -> None:
        self.broker = broker
        self.queue = queue
        broker.declare_queue(queue)

    def send(self, shard: int) -> bool:
        """Say that there may be work for a shard; False if it could not be said, and then the next sweep will say it."""
        message: dramatiq.Message[Any] = dramatiq.Message(
            queue_name=self.queue, actor_name=ACTOR, args=(shard,), kwargs={}, options={}
        )
        try:
            self.broker.enqueue(message)
        except Exception as error:
            log.warning("wake-up for shard %d not sent: %s", shard, _first_line(error))
            if isinstance(self.broker, BookBroker):
                self._mend()
            return False
        return True

    def _mend(self) -> None:
        """Make the queue's tables again, should somebody have dropped them."""
        try:
            assert isinstance(self.broker, BookBroker)
            self.broker.ensure_schema()
        except Exception as error:
            log.warning("the queue cannot be made: %s", _first_line(error))


def shown_broker(url: str) -> str:
    """A broker URL as it may be shown: without user and password."""
    parts = urlsplit(url)
    where = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{where}{parts.path}"


def _first_line(error: Exception) -> str:
    """What an error says, in one line; RabbitMQ's client wraps what the system said into its own words."""
    said = (str(error).strip() or repr(error)).splitlines()[0]
    quoted = re.findall(r"'([^']+)'", said)
    return quoted[-1] if quoted and said.startswith("AMQP") else said
