"""A Citus cluster that the integration suite runs on, where CARDWRIGHT_CITUS_URL names a database of its first server.

That database has the extension and knows the other servers (`citus_add_node`); its user may make databases on all of them.
Each test has a database of its own on every server, laid out as docs/how-to/scale-out.md says.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
from psycopg import sql

from accounts.database import Database
from accounts.distribution import statements
from accounts.migration import migrate
from tests.conftest import TestServer

CITUS_URL = os.environ.get("CARDWRIGHT_CITUS_URL", "")
WHY_NOT = "CARDWRIGHT_CITUS_URL names no Citus cluster"


class CitusServer(TestServer):
    """A cluster for tests; there are no templates, because one server's copy of a database is not the others'."""

    def __init__(self, url: str) -> None:
        """url: of a database on the first server that the others were added to."""
        self.url = url
        with psycopg.connect(url) as connection:
            nodes = connection.execute("SELECT nodename, nodeport FROM pg_dist_node WHERE noderole = 'primary'"
                                       " ORDER BY groupid").fetchall()
        #: Host and port of each server, the first one's first.
        self._nodes: list[tuple[str, int]] = nodes

    @contextlib.contextmanager
    def fresh_database(self) -> Iterator[Database]:
        """A new, migrated, empty book, laid out over all servers; dropped at the end."""
        with self.empty_database() as url:
            migrate(url)
            with psycopg.connect(url, autocommit=True) as owner:
                owner.execute(statements().encode())
            database = Database(url)
            try:
                yield database
            finally:
                database.close()

    @contextlib.contextmanager
    def empty_database(self) -> Iterator[str]:
        """URL of a new database of the cluster that nothing has been made in; dropped at the end."""
        name = f"cardwright_test_{uuid4().hex[:12]}"
        try:
            for node in self._nodes:
                self._on(node, None, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
                self._on(node, name, sql.SQL("CREATE EXTENSION citus"))
            first, *others = self._nodes
            self._on(first, name, sql.SQL("SELECT citus_set_coordinator_host({}, {})").format(*first))
            for node in others:
                self._on(first, name, sql.SQL("SELECT citus_add_node({}, {})").format(*node))
            yield self.url_of(name)
        finally:
            for node in self._nodes:
                self._on(node, None, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def close(self) -> None:
        """Nothing is kept between tests."""

    def _on(self, node: tuple[str, int], database: str | None, statement: sql.Composable) -> None:
        """A statement on one server, in its database of a name or in the one that the cluster was given by."""
        parts = urlsplit(self.url if database is None else self.url_of(database))
        user, at, _ = parts.netloc.rpartition("@")
        with psycopg.connect(urlunsplit(parts._replace(netloc=f"{user}{at}{node[0]}:{node[1]}")), autocommit=True) as server:
            server.execute(statement)
