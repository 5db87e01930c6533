"""The database that the books are in: the embedded server of the home, or any PostgreSQL 15 or later by its URL.

Everything works as the role `cardwright_app`, which may add postings and statements and may not change or remove one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from accounts.errors import Trouble
from accounts.migration import APP_ROLE, REVISIONS, SCHEMA, schema_revision
from accounts.migration import migrate as bring_to_schema
from accounts.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

OLDEST_SERVER = 15
#: A statement that waits longer for a lock gives up, and its job is retried.
LOCK_SECONDS = 60
#: A transaction that does nothing for so long belongs to a process that hangs; the server ends it and frees its locks.
IDLE_IN_TRANSACTION_SECONDS = 900
#: How a connection is made where the URL does not say; a peer that is gone is noticed within a minute.
_CONNECTION: dict[str, str] = {
    "connect_timeout": "10", "application_name": "cardwright", "keepalives_idle": "30", "keepalives_interval": "10",
    "keepalives_count": "3",
}


class DatabaseDown(Trouble):
    """The database does not answer, or will not let us in."""

    def __init__(self, url: str, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"the database {shown_url(url)} cannot be used: {reason}; start it or correct --database-url, then try again"
        )


class ServerTooOld(Trouble):
    """The server is older than Cardwright works with."""

    def __init__(self, url: str, version: str) -> None:
        super().__init__(
            f"the database {shown_url(url)} is PostgreSQL {version}; Cardwright needs {OLDEST_SERVER} or later: "
            "upgrade the server, or leave --database-url out to use the embedded one"
        )


class SchemaMissing(Trouble):
    """The database holds no books yet."""

    def __init__(self, where: str) -> None:
        super().__init__(f"there are no books in {where} yet; run `cardwright init` first, with the same options")


class SchemaOld(Trouble):
    """The database was made by an earlier release."""

    def __init__(self, url: str, found: str) -> None:
        super().__init__(
            f"the books in {shown_url(url)} have schema {found} and this release works with {SCHEMA}; "
            "run `cardwright init` to bring them up to date"
        )


class SchemaNewer(Trouble):
    """The database was made by a later release than this one."""

    def __init__(self, url: str, found: str) -> None:
        super().__init__(
            f"the books in {shown_url(url)} have schema {found}, which this release ({SCHEMA}) does not know; "
            "install the release that made them"
        )


def shown_url(url: str) -> str:
    """A database URL as it may be shown: without its password."""
    try:
        parts = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    except psycopg.Error:
        return "(unreadable URL)"
    host, port = parts.get("host", "localhost"), parts.get("port", "5432")
    where = host if host.startswith("/") else f"{host}:{port}"
    return f"{parts.get('dbname', parts.get('user', ''))} at {where}"


class Database:
    """One database with books in it; cheap to make, safe to hand to threads and, by its `url`, to other processes."""

    def __init__(self, url: str, statement_timeout: int = 0) -> None:
        """url: postgresql://…; statement_timeout: seconds, 0 is none."""
        self.url = url
        #: Whether opening it made or migrated the schema.
        self.migrated = False
        self._statement_timeout = statement_timeout

    def open_connection(self) -> psycopg.Connection[Any]:
        """A new connection as `cardwright_app`, for the caller to close; no transaction begun. Raises DatabaseDown."""
        connection = _connect(self.url)
        self.prepare(connection)
        return connection

    def prepare(self, connection: psycopg.Connection[Any]) -> None:
        """Makes a new connection one of `cardwright_app`; a pool does it with those it opens. Raises DatabaseDown."""
        # Before the first transaction: what is SET inside one is undone when it rolls back.
        connection.autocommit = True
        try:
            connection.execute(
                sql.SQL(
                    "SET ROLE {role}; SET timezone TO 'UTC'; SET datestyle TO 'ISO'; SET lock_timeout TO {lock}; "
                    "SET idle_in_transaction_session_timeout TO {idle}; SET statement_timeout TO {statement}"
                ).format(
                    role=sql.Identifier(APP_ROLE),
                    lock=sql.Literal(f"{LOCK_SECONDS}s"),
                    idle=sql.Literal(f"{IDLE_IN_TRANSACTION_SECONDS}s"),
                    statement=sql.Literal(f"{self._statement_timeout}s"),
                )
            )
        except psycopg.errors.InvalidParameterValue:
            connection.close()
            raise SchemaMissing(shown_url(self.url)) from None
        except psycopg.errors.InsufficientPrivilege as error:
            connection.close()
            raise DatabaseDown(self.url, str(error).strip()) from None
        connection.autocommit = False

    @contextlib.contextmanager
    def connect(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection as `cardwright_app` for one transaction: committed at the end, rolled back on an exception.

        Raises DatabaseDown if there is none to be had.
        """
        connection = self.open_connection()
        with connection:
            yield connection

    @cached_property
    def engine(self) -> Engine:
        """SQLAlchemy's engine on this database; its connections are as `connect()` makes them."""
        from sqlalchemy import create_engine

        return create_engine("postgresql+psycopg://", creator=self.open_connection)

    def check_schema(self) -> None:
        """Makes sure that the server and the schema are ones this release works with.

        Raises DatabaseDown, ServerTooOld, SchemaMissing, SchemaOld or SchemaNewer.
        """
        with contextlib.closing(_connect(self.url)) as connection:
            connection.autocommit = True
            _check_server(self.url, connection)
            found = schema_revision(connection)
        if found is None:
            raise SchemaMissing(shown_url(self.url))
        if found not in REVISIONS:
            raise SchemaNewer(self.url, found)
        if found != SCHEMA:
            raise SchemaOld(self.url, found)

    def close(self) -> None:
        """Gives back the connections that the engine keeps."""
        if "engine" in self.__dict__:
            self.engine.dispose()


@contextlib.contextmanager
def open_book(settings: Settings, *, migrate: bool = False) -> Iterator[Database]:
    """The database of these settings, running and of this release's schema.

    Starts the embedded server if there is no URL, for as long as the `with` lasts. migrate: make or migrate the schema
    first. Raises Trouble of some kind, each with one line that says what to do.
    """
    with contextlib.ExitStack() as stack:
        url = settings.database_url
        if url is None:
            from accounts.embedded_server import embedded_server, was_made

            if not migrate and not was_made(settings.home):
                raise SchemaMissing(f"the home {settings.home}")
            url = stack.enter_context(embedded_server(settings.home))
        database = Database(url, settings.statement_timeout)
        stack.callback(database.close)
        try:
            database.check_schema()
        except (SchemaMissing, SchemaOld):
            if not migrate:
                raise
            database.migrated = bring_to_schema(url)
        yield database


def _connect(url: str) -> psycopg.Connection[Any]:
    try:
        given = conninfo_to_dict(url)
        missing = {name: value for name, value in _CONNECTION.items() if name not in given}
        return psycopg.connect(make_conninfo(url, **missing))
    except psycopg.OperationalError as error:
        raise DatabaseDown(url, _reason(error)) from None
    except psycopg.ProgrammingError as error:
        raise DatabaseDown(url, f"the URL cannot be read: {_reason(error)}") from None


def _reason(error: psycopg.Error) -> str:
    """The server's reason in one line, without the address that is said beside it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = [line for line in lines if "FATAL:" in line or "failed: " in line] or lines or ["it gave no reason"]
    for sign in ("FATAL:", "failed: ", "connection is bad: "):
        if sign in said[0]:
            return said[0].rpartition(sign)[2].strip()
    return said[0]


def _check_server(url: str, connection: psycopg.Connection[Any]) -> None:
    version = connection.info.server_version
    if version < OLDEST_SERVER * 10_000:
        raise ServerTooOld(url, str(version // 10_000))
