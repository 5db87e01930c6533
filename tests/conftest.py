"""What tests stand on: databases made in a moment from a template, homes of their own, and the command as users run it.

A test that takes `database` runs on the embedded server and, where one answers on the usual port, on that one too; and on a
Citus cluster where the environment names one (tests/citus.py).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from hypothesis import settings as hypothesis_settings
from psycopg import sql

from accounts.database import OLDEST_SERVER, Database
from accounts.embedded_server import embedded_server, stop_if_unused
from accounts.migration import migrate

USUAL_PORT = os.environ.get("CARDWRIGHT_TEST_DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
_SETTINGS = ("CARDWRIGHT_HOME", "CARDWRIGHT_DATABASE_URL", "CARDWRIGHT_BROKER_URL", "CARDWRIGHT_STATEMENT_TIMEOUT")

hypothesis_settings.register_profile("here", deadline=None, print_blob=True)
hypothesis_settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True)
hypothesis_settings.load_profile("ci" if os.environ.get("CI") else "here")

RunCardwright = Callable[..., "subprocess.CompletedProcess[str]"]


class TestServer:
    """A PostgreSQL server for tests, with one migrated database as the template of all others."""

    __test__ = False

    def __init__(self, url: str) -> None:
        """url: of any database on the server, for a user that may create others."""
        self.url = url
        self._template = f"cardwright_template_{uuid4().hex[:12]}"
        self._run("CREATE DATABASE {}", self._template)
        migrate(self.url_of(self._template))

    def url_of(self, name: str) -> str:
        """URL of the database with this name."""
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))

    @contextlib.contextmanager
    def fresh_database(self) -> Iterator[Database]:
        """A new, migrated, empty book; dropped at the end."""
        name = f"cardwright_test_{uuid4().hex[:12]}"
        self._run("CREATE DATABASE {} TEMPLATE {}", name, self._template)
        database = Database(self.url_of(name))
        try:
            yield database
        finally:
            database.close()
            self._run("DROP DATABASE {} WITH (FORCE)", name)

    @contextlib.contextmanager
    def empty_database(self) -> Iterator[str]:
        """URL of a new database that nothing has been made in; dropped at the end."""
        name = f"cardwright_test_{uuid4().hex[:12]}"
        self._run("CREATE DATABASE {}", name)
        try:
            yield self.url_of(name)
        finally:
            self._run("DROP DATABASE {} WITH (FORCE)", name)

    def close(self) -> None:
        """Drops the template."""
        self._run("DROP DATABASE {} WITH (FORCE)", self._template)

    def _run(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextlib.contextmanager
def temporary_home() -> Iterator[Path]:
    """A home of its own; what is left running in it is stopped. Short, because a socket's path may not be long."""
    home = Path(tempfile.mkdtemp(prefix="cw-"))
    try:
        yield home
    finally:
        stop_if_unused(home)
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def embedded_test_server() -> Iterator[TestServer]:
    """The embedded server, one for the whole session."""
    with temporary_home() as home, embedded_server(home) as url:
        yield TestServer(url)


@pytest.fixture(scope="session")
def external_test_server() -> Iterator[TestServer]:
    """The server on the usual port; its tests are skipped where none answers."""
    try:
        with psycopg.connect(USUAL_PORT, connect_timeout=3) as connection:
            version = connection.info.server_version
    except psycopg.OperationalError:
        pytest.skip("no PostgreSQL answers on 127.0.0.1:5432 for user postgres")
    if version < OLDEST_SERVER * 10_000:
        pytest.skip(f"the PostgreSQL on 127.0.0.1:5432 is older than {OLDEST_SERVER}")
    server = TestServer(USUAL_PORT)
    yield server
    server.close()


@pytest.fixture(scope="session")
def citus_test_server() -> TestServer:
    """The Citus cluster that the environment names; its tests are skipped where there is none."""
    from tests import citus

    if not citus.CITUS_URL:
        pytest.skip(citus.WHY_NOT)
    return citus.CitusServer(citus.CITUS_URL)


@pytest.fixture(scope="session", params=["embedded", "external", *(["citus"] if "CARDWRIGHT_CITUS_URL" in os.environ else [])])
def test_server(request: pytest.FixtureRequest) -> TestServer:
    """Each server that there is, in turn."""
    server: TestServer = request.getfixturevalue(f"{request.param}_test_server")
    return server


@pytest.fixture
def database(test_server: TestServer) -> Iterator[Database]:
    """An empty book of the test's own, on each server in turn."""
    with test_server.fresh_database() as fresh:
        yield fresh


@pytest.fixture(scope="module")
def module_database(test_server: TestServer) -> Iterator[Database]:
    """An empty book that the tests of one file share, on each server in turn."""
    with test_server.fresh_database() as fresh:
        yield fresh


@pytest.fixture
def embedded_database(embedded_test_server: TestServer) -> Iterator[Database]:
    """An empty book of the test's own, on the embedded server only."""
    with embedded_test_server.fresh_database() as fresh:
        yield fresh


@pytest.fixture(scope="module")
def embedded_module_database(embedded_test_server: TestServer) -> Iterator[Database]:
    """An empty book that the tests of one file share, on the embedded server only."""
    with embedded_test_server.fresh_database() as fresh:
        yield fresh


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _SETTINGS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty CARDWRIGHT_HOME of the test's own."""
    with temporary_home() as own:
        monkeypatch.setenv("CARDWRIGHT_HOME", str(own))
        yield own


@pytest.fixture
def cardwright(home: Path) -> RunCardwright:
    """Runs the command in a process of its own: `cardwright("init", "--json")`.

    Its home is the test's `home`, with the embedded server there unless `database=` gives a Database; `environment=` adds
    settings, `timeout=` is in seconds, `input=` is its stdin. Answers a CompletedProcess with text.
    """

    def run(
        *arguments: str | Path, database: Database | None = None, environment: dict[str, str] | None = None,
        timeout: float = 120, **more: Any,
    ) -> subprocess.CompletedProcess[str]:
        settings = {"CARDWRIGHT_HOME": str(home)}
        if database is not None:
            settings["CARDWRIGHT_DATABASE_URL"] = database.url
        return subprocess.run(
            [*cardwright_command(), *map(str, arguments)], env={**os.environ, **settings, **(environment or {})},
            capture_output=True, text=True, timeout=timeout, **more,
        )

    return run


def cardwright_command() -> list[str]:
    """How the command is called from a test that starts the process itself."""
    return [str(Path(sys.executable).with_name("cardwright"))]
