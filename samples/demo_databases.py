"""On a server that is given, each book of the demo is a database of its own, named after the one in the URL."""

from __future__ import annotations

from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

import psycopg
from psycopg import sql

from accounts.database import DatabaseDown


def database_of_book(url: str, book: str) -> str:
    """URL of the book's database on the server of `url`, made if it is not there yet. Raises DatabaseDown."""
    parts = urlsplit(url)
    name = f"{parts.path.strip('/') or 'cardwright'}_demo_{book.replace('-', '_')}"
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            if connection.execute("SELECT FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    except psycopg.OperationalError as error:
        raise DatabaseDown(url, str(error).strip().splitlines()[0].rpartition("FATAL:")[2].strip()) from None
    except psycopg.errors.InsufficientPrivilege:
        raise DatabaseDown(url, f"this user may not create the database {name}") from None
    return _joined(parts._replace(path=f"/{name}"))


def without_password(url: str) -> str:
    """The URL as it may be shown: who has to give a password gives it another way."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    named = f"{user.partition(':')[0]}@" if user else ""
    asked = [(name, value) for name, value in parse_qsl(parts.query) if name != "password"]
    return _joined(parts._replace(netloc=named + host, query=urlencode(asked)))


def _joined(parts: SplitResult) -> str:
    # urlunsplit would lose the two slashes of a URL without a host (postgresql:///book).
    return f"{parts.scheme}://{parts.netloc}{parts.path}" + (f"?{parts.query}" if parts.query else "")
