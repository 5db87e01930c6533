"""Makes and migrates the schema, as the database's owner; everything else works as the role `cardwright_app`."""

from __future__ import annotations

import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

from accounts.errors import Trouble

#: The revision that this release of Cardwright works with; every room's models describe it.
SCHEMA = "0022"
#: Revisions that this release knows, oldest first.
REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011", "0012", "0013", "0014",
             "0015", "0018", "0019", "0020", "0021", "0022")
APP_ROLE = "cardwright_app"
#: Has the rights of the other, within the units that its transaction names.
STAFF_ROLE = "cardwright_staff"
#: One migration at a time in one database.
_LOCK = 4_927_001
#: Alembic keeps what it is doing in one place for the whole process.
_ONE_AT_A_TIME = threading.Lock()


class MayNotMigrate(Trouble):
    """The user of the database URL may not make the schema."""

    def __init__(self, user: str, reason: str) -> None:
        super().__init__(
            f"database user {user} may not make the schema ({reason}); use a user that owns the database and may create "
            f"roles, or have an administrator run: CREATE ROLE {APP_ROLE} NOLOGIN BYPASSRLS; CREATE ROLE {STAFF_ROLE} NOLOGIN "
            f"IN ROLE {APP_ROLE}; GRANT {APP_ROLE}, {STAFF_ROLE} TO {user}; CREATE EXTENSION btree_gist"
        )


def schema_revision(connection: psycopg.Connection[Any]) -> str | None:
    """The revision that this database stands at; None where `cardwright init` has not run yet."""
    row = connection.execute("SELECT to_regclass('public.alembic_version')::text").fetchone()
    if row is None or row[0] is None:
        return None
    found = connection.execute("SELECT version_num FROM public.alembic_version").fetchone()
    return None if found is None else str(found[0])


def migrate(database_url: str) -> bool:
    """Brings the database at this URL to the schema of this release, in one transaction; whether there was any to do.

    Raises MayNotMigrate, or psycopg.OperationalError if the database cannot be reached.
    """
    import sqlalchemy
    from alembic import command
    from alembic.config import Config

    config = Config()
    spec = find_spec("migrations")
    if spec is None or spec.origin is None:
        raise Trouble("the migrations are not installed; run `make setup`")
    config.set_main_option("script_location", str(Path(spec.origin).parent).replace("%", "%%"))
    engine = sqlalchemy.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(database_url), poolclass=sqlalchemy.NullPool
    )
    try:
        with _ONE_AT_A_TIME, engine.begin() as connection:
            connection.execute(sqlalchemy.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            raw: Any = connection.connection.dbapi_connection
            before = schema_revision(raw)
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            return schema_revision(raw) != before
    except sqlalchemy.exc.DBAPIError as error:
        if isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
            user = psycopg.conninfo.conninfo_to_dict(database_url).get("user", "?")
            raise MayNotMigrate(str(user), str(error.orig).splitlines()[0]) from None
        if isinstance(error.orig, psycopg.Error):
            raise error.orig from None
        raise
    finally:
        engine.dispose()
