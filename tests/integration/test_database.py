"""Opening a book: which server, which schema, as whom; and one clear line for everything that can be in the way."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from sqlalchemy import text

from accounts import database as opening
from accounts.database import (
    Database,
    DatabaseDown,
    SchemaMissing,
    SchemaNewer,
    SchemaOld,
    ServerTooOld,
    open_book,
    shown_url,
)
from accounts.embedded_server import embedded_server, server_is_running
from accounts.first_day import FirstDayFixed, set_first_day
from accounts.migration import SCHEMA, MayNotMigrate, migrate, schema_revision
from accounts.settings import Settings, read_settings
from tests.conftest import RunCardwright, TestServer


def settings_of(url: str) -> Settings:
    return read_settings(database_url=url)


def with_user(url: str, user: str, password: str) -> str:
    parts = urlsplit(url)
    where = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}:{password}@{where}"))


def change_and_fail(connection: psycopg.Connection[Any]) -> None:
    connection.execute("UPDATE book SET first_on = '2026-02-02'")
    connection.execute("SELECT 1 / 0")


def test_connections_work_as_the_application_and_commit_at_the_end(database: Database) -> None:
    with database.connect() as connection:
        assert connection.execute("SELECT current_user, current_setting('TimeZone')").fetchone() == ("cardwright_app", "UTC")
        connection.execute("UPDATE book SET first_on = '2026-01-01'")
    with pytest.raises(psycopg.errors.DivisionByZero), database.connect() as connection:
        change_and_fail(connection)
    with database.connect() as connection:
        assert connection.execute("SELECT first_on FROM book").fetchone() == (date(2026, 1, 1),)


def test_limits_outlive_a_rollback(database: Database) -> None:
    """What is SET in a transaction that rolls back is undone; these are set before the first one."""
    connection = Database(database.url, statement_timeout=7).open_connection()
    shown = "SELECT current_user, current_setting('lock_timeout'), current_setting('statement_timeout')"
    before = connection.execute(shown).fetchone()
    connection.rollback()
    assert connection.execute(shown).fetchone() == before == ("cardwright_app", "1min", "7s")
    connection.close()


def test_engine_gives_connections_of_the_same_kind(database: Database) -> None:
    with database.engine.begin() as connection:
        assert connection.execute(text("SELECT current_user")).scalar() == "cardwright_app"
    with database.engine.begin() as connection:
        assert connection.execute(text("SELECT current_user")).scalar() == "cardwright_app"


def test_threads_may_share_it(embedded_database: Database) -> None:
    together = threading.Barrier(4, timeout=20)

    def work(number: int) -> None:
        with embedded_database.connect() as connection:
            together.wait()
            connection.execute("INSERT INTO member (member_id, member, kind) VALUES (%s, %s, 'person')", (number, str(number)))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(1, 5)))
    with embedded_database.connect() as connection:
        assert connection.execute("SELECT count(*) FROM member").fetchone() == (4,)


def test_unmigrated_database_asks_for_init_unless_it_may_migrate(test_server: TestServer) -> None:
    with test_server.empty_database() as url:
        with pytest.raises(SchemaMissing, match="run `cardwright init` first"), open_book(settings_of(url)):
            pass
        with open_book(settings_of(url), migrate=True) as database:
            assert database.migrated
        with open_book(settings_of(url), migrate=True) as database:
            assert not database.migrated
            with database.connect() as connection:
                assert schema_revision(connection) == SCHEMA


def test_connection_to_an_unmigrated_database_asks_for_init(test_server: TestServer) -> None:
    with test_server.empty_database() as url, open_book(settings_of(url), migrate=True):
        pass
    with test_server.empty_database() as url, pytest.raises(SchemaMissing), open_book(settings_of(url)):
        pass


@pytest.mark.parametrize(("revision", "raised"), [("0000", SchemaOld), ("9999", SchemaNewer)])
def test_schema_of_another_release(
    embedded_database: Database, monkeypatch: pytest.MonkeyPatch, revision: str, raised: type[Exception]
) -> None:
    monkeypatch.setattr(opening, "REVISIONS", ("0000", SCHEMA))
    with psycopg.connect(embedded_database.url) as owner:
        owner.execute("UPDATE alembic_version SET version_num = %s", (revision,))
    with pytest.raises(raised, match=revision), open_book(settings_of(embedded_database.url)):
        pass


def test_two_migrate_at_once(test_server: TestServer) -> None:
    with test_server.empty_database() as url, ThreadPoolExecutor(3) as threads:
        assert sorted(threads.map(migrate, [url] * 3)) == [False, False, True]


def test_databases_of_one_server_are_made_at_once(home: Path) -> None:
    """The role belongs to the whole server: each wants to make it."""
    make = "import sys; from accounts.migration import migrate; assert migrate(sys.argv[1])"
    with embedded_server(home) as url:
        urls = [url, *(url.replace("/cardwright?", f"/book_{number}?") for number in (2, 3))]
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE book_2")
            connection.execute("CREATE DATABASE book_3")
        making = [subprocess.Popen([sys.executable, "-c", make, each]) for each in urls]
        assert [process.wait(60) for process in making] == [0, 0, 0]


@contextmanager
def login(server: TestServer, name: str, rights: str) -> Iterator[str]:
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"DROP ROLE IF EXISTS {name}".encode())
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'not-shown' {rights}".encode())
        try:
            yield name
        finally:
            connection.execute(f"DROP ROLE {name}".encode())


def test_owner_without_other_rights_can_make_the_books(test_server: TestServer) -> None:
    with login(test_server, "cardwright_test_owner", "CREATEROLE") as user, test_server.empty_database() as url:
        with psycopg.connect(test_server.url, autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {urlsplit(url).path[1:]} OWNER TO {user}".encode())
            # The role was made by somebody else before: a user that may create roles may not give this one away.
            connection.execute(f"GRANT cardwright_app, cardwright_staff TO {user}".encode())
        with (
            open_book(settings_of(with_user(url, user, "not-shown")), migrate=True) as database,
            database.connect() as connection_of_app,
        ):
            assert connection_of_app.execute("SELECT current_user, session_user").fetchone() == ("cardwright_app", user)


def test_user_without_rights_is_told_what_is_missing(test_server: TestServer) -> None:
    with login(test_server, "cardwright_test_guest", "") as user, test_server.empty_database() as url:
        with (
            pytest.raises(MayNotMigrate, match=r"user cardwright_test_guest may not make the schema .*CREATE ROLE") as raised,
            open_book(settings_of(with_user(url, user, "not-shown")), migrate=True),
        ):
            pass
        assert "not-shown" not in str(raised.value)
        with psycopg.connect(url) as connection:
            assert schema_revision(connection) is None


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://u:hidden@127.0.0.1:1/books", r"books at 127\.0\.0\.1:1 cannot be used: Connection refused"),
        ("postgresql://u:hidden@/books?host=/nowhere", r"books at /nowhere cannot be used: No such file or directory"),
        ("postgresql://u:hidden@127.0.0.1:1/books?sslmode=maybe", "the URL cannot be read|invalid sslmode"),
        ("postgresql://u:hidden@host.invalid/books", "cannot be used: .*host"),
        ("postgresql://u:hidden@127.0.0.1:port/books", 'cannot be used: invalid integer value "port"'),
    ],
)
def test_database_that_is_not_there(url: str, reason: str) -> None:
    with pytest.raises(DatabaseDown, match=reason) as raised, open_book(settings_of(url)):
        pass
    assert "hidden" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_database_or_user_that_does_not_exist(test_server: TestServer) -> None:
    with pytest.raises(DatabaseDown, match='database "no_such_books" does not exist'):
        Database(test_server.url_of("no_such_books")).check_schema()
    stranger = with_user(test_server.url, "no_such_user", "hidden")
    with pytest.raises(DatabaseDown, match="no_such_user") as raised:
        Database(stranger).check_schema()
    assert "hidden" not in str(raised.value)


def test_server_too_old(embedded_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "OLDEST_SERVER", 99)
    with pytest.raises(ServerTooOld, match=r"is PostgreSQL 18; Cardwright needs 99 or later"):
        embedded_database.check_schema()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:secret@db.example:6000/books", "books at db.example:6000"),
        ("postgresql://me:secret@db.example/books", "books at db.example:5432"),
        ("postgresql://me@/books?host=/run/pg&password=secret", "books at /run/pg"),
        ("postgresql://me:se%cret@:x:/", "(unreadable URL)"),
    ],
)
def test_shown_without_password(url: str, shown: str) -> None:
    assert shown_url(url) == shown


def test_embedded_book_is_not_made_by_looking(home: Path) -> None:
    with pytest.raises(SchemaMissing, match=f"the home {home}"), open_book(read_settings(home=home)):
        pass
    assert list(home.iterdir()) == []


def test_embedded_book(home: Path) -> None:
    with open_book(read_settings(home=home), migrate=True) as database, database.connect() as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("cardwright_app",)
        assert server_is_running(home)
    assert not server_is_running(home)
    with open_book(read_settings(home=home)):
        pass


class TestFirstDay:
    """The book's first business day."""

    def test_is_set_once_and_again_the_same(self, embedded_database: Database) -> None:
        with embedded_database.connect() as connection:
            assert set_first_day(connection, date(2005, 5, 1)) is True
            assert set_first_day(connection, date(2005, 5, 1)) is False
            assert set_first_day(connection, date(2005, 4, 1)) is True
            assert connection.execute("SELECT first_on, open_on, closed_through FROM book").fetchone() == (
                date(2005, 4, 1), date(2005, 4, 1), None,
            )

    @pytest.mark.parametrize("filled_by", ["INSERT INTO business_day (business_on) VALUES ('2005-05-01')"])
    def test_stays_when_the_book_has_begun(self, embedded_database: Database, filled_by: str) -> None:
        with embedded_database.connect() as connection:
            set_first_day(connection, date(2005, 5, 1))
            connection.execute(filled_by.encode())
            assert set_first_day(connection, date(2005, 5, 1)) is False
            with pytest.raises(FirstDayFixed, match="cannot begin on 2005-05-02: it began on 2005-05-01"):
                set_first_day(connection, date(2005, 5, 2))


def facts_of(printed: str) -> dict[str, Any]:
    found = json.loads(printed)
    assert isinstance(found, dict)
    return found


def test_init_command(cardwright: RunCardwright, test_server: TestServer) -> None:
    with test_server.empty_database() as url:
        environment = {"CARDWRIGHT_DATABASE_URL": url}
        would = cardwright("init", "--dry-run", "--json", environment=environment)
        assert (would.returncode, facts_of(would.stdout)["outcome"]) == (0, "would be made")
        made = cardwright("init", "--json", "--first-day", "2005-05-01", environment=environment)
        assert made.returncode == 0, made.stderr
        assert facts_of(made.stdout) == {
            "database": shown_url(url), "first_on": "2005-05-01", "outcome": "made", "schema": SCHEMA,
        }
        again = cardwright("init", environment=environment)
        assert (again.returncode, again.stdout) == (0, "")
        assert again.stderr.endswith(f"schema {SCHEMA} is up to date; first business day 2005-05-01\n")


def test_init_refuses_another_first_day_once_begun(cardwright: RunCardwright, embedded_database: Database) -> None:
    with embedded_database.connect() as connection:
        set_first_day(connection, date(2005, 5, 1))
        connection.execute("INSERT INTO business_day (business_on) VALUES ('2005-05-01')")
    for arguments in (["--first-day", "2005-05-02"], ["--first-day", "2005-05-02", "--dry-run"]):
        refused = cardwright("init", *arguments, database=embedded_database)
        assert (refused.returncode, refused.stdout) == (3, "")
        assert refused.stderr.startswith("cardwright: the book cannot begin on 2005-05-02: it began on 2005-05-01")
        assert refused.stderr.count("\n") == 1
