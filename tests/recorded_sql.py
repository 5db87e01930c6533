"""What SQL the processes of a home say: their `sitecustomize` calls `begin`, so that commands and workers alike are heard."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Cursor, sql

START = "from pathlib import Path; from tests import recorded_sql; recorded_sql.begin(Path({home!r}))\n"


def begin(home: Path) -> None:
    """Write down every statement that goes through a cursor from now on, before it is sent."""
    for name in ("execute", "executemany", "copy"):
        setattr(Cursor, name, _heard(getattr(Cursor, name), home))


def _heard(method: Callable[..., Any], home: Path) -> Callable[..., Any]:
    def heard(cursor: psycopg.Cursor[Any], query: Any, *arguments: Any, **options: Any) -> Any:
        said = query.as_string(cursor) if isinstance(query, sql.Composable) else query
        with (home / f"said-{os.getpid()}.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(said.decode() if isinstance(said, bytes) else said) + "\n")
        return method(cursor, query, *arguments, **options)

    return heard


def recorded(home: Path) -> set[str]:
    """What was said, each once, in one line."""
    return {
        " ".join(json.loads(line).split())
        for file in home.glob("said-*.jsonl")
        for line in file.read_text(encoding="utf-8").splitlines()
    }
