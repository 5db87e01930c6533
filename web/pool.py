"""The connections that requests share: made as everything else makes them, one for each request that is being answered."""

from __future__ import annotations

from typing import Any

from psycopg import Connection
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool

from accounts.database import Database

#: As many requests as are worked on at once; more wait in line.
CONNECTIONS = 12
#: Longer than this a caller would not wait; it is told to come again.
SECONDS_TO_WAIT = 5.0


def open_pool(database: Database, connections: int = CONNECTIONS) -> ConnectionPool[Connection[Any]]:
    """A pool on these books, for the caller to close. It opens while the database is away, and finds it when it is back."""
    return ConnectionPool(
        make_conninfo(database.url, connect_timeout=5, application_name="cardwright web"), min_size=2, max_size=connections,
        configure=database.prepare, timeout=SECONDS_TO_WAIT, open=True, reconnect_timeout=60,
    )
