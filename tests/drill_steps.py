"""Steps for drills: they write rows of their own, take their time, fail and hang as a table says."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import psycopg

from accounts.database import Database
from accounts.sharding import shard_of
from jobs.business_day import Step

FIRST_DAY = date(2005, 5, 1)

#: What is due, what was done (each once, by key), and what goes wrong: fail raises, hang sleeps, park names an account.
_TABLES = """
CREATE TABLE drill_due (business_on date, step int, shard int, PRIMARY KEY (business_on, step, shard));
CREATE TABLE drill_done (business_on date, step int, shard int, row_no int, sum bigint,
                         PRIMARY KEY (business_on, step, shard, row_no));
CREATE TABLE drill_fault (business_on date, step int, shard int, fault text, seconds float, times int);
GRANT SELECT, INSERT, UPDATE, DELETE ON drill_due, drill_done, drill_fault TO cardwright_app;
"""


@dataclass
class DrillOutcome:
    """What a drill step did."""

    counts: dict[str, int] = field(default_factory=dict)
    parked: list[tuple[int, int, str]] = field(default_factory=list)


def prepare_drill(database: Database, days: int, shards: int, steps: Collection[int] = (10, 20, 40), every: int = 1) -> None:
    """Make the drill's tables and let every step be due for every shard on every so many-th day; open the book."""
    with psycopg.connect(database.url) as connection:
        connection.execute(_TABLES)
        connection.execute(
            "INSERT INTO drill_due SELECT %s::date + day, step, shard FROM generate_series(0, %s, %s) AS day, "
            "unnest(%s::int[]) AS step, generate_series(0, %s) AS shard",
            (FIRST_DAY, days - 1, every, list(steps), shards - 1),
        )
        connection.execute("UPDATE book SET first_on = %s, open_on = %s", (FIRST_DAY, FIRST_DAY))


def add_fault(
    database: Database, fault: str, on: date, step: int, shard: int, seconds: float = 0, times: int | None = None
) -> None:
    """Let a step go wrong: fail, park, or only take its time; `times` counts down where it is given."""
    with psycopg.connect(database.url) as connection:
        connection.execute("INSERT INTO drill_fault VALUES (%s, %s, %s, %s, %s, %s)", (on, step, shard, fault, seconds, times))


def clear_faults(database: Database) -> None:
    """From now on nothing goes wrong."""
    with psycopg.connect(database.url) as connection:
        connection.execute("DELETE FROM drill_fault")


def done_rows(database: Database) -> list[tuple[Any, ...]]:
    """Everything the drill's steps have kept, in order."""
    with database.connect() as connection:
        return connection.execute("SELECT * FROM drill_done ORDER BY 1, 2, 3, 4").fetchall()


class DrillStep:
    """One step of a drill; can be handed to another process."""

    def __init__(self, number: int) -> None:
        self.number = number

    def due_shards(self, connection: psycopg.Connection[Any], on: date) -> list[int]:
        """As the table says."""
        rows = connection.execute("SELECT shard FROM drill_due WHERE business_on = %s AND step = %s", (on, self.number))
        return [row[0] for row in rows]

    def run(
        self, connection: psycopg.Connection[Any], on: date, first_member_id: int, last_member_id: int,
        parked: Collection[int],
    ) -> DrillOutcome:
        """Write three rows that depend on all that was written for the shard before; then go wrong if told to."""
        shard = shard_of(first_member_id)
        wrote = connection.execute(
            "INSERT INTO drill_done SELECT %(on)s, %(step)s, %(shard)s, row_no, "
            "row_no + (SELECT coalesce(sum(sum), 0) FROM drill_done WHERE shard = %(shard)s AND row_no = 1) %% 1000000007 "
            "FROM generate_series(1, 3) AS row_no",
            {"on": on, "step": self.number, "shard": shard},
        ).rowcount
        fault = self._fault(connection, on, shard)
        if fault == "fail":
            raise RuntimeError("the drill says no")
        refused = [(first_member_id, first_member_id, "no terms")] if fault == "park" and first_member_id not in parked else []
        return DrillOutcome({"rows": wrote}, refused)

    def _fault(self, connection: psycopg.Connection[Any], on: date, shard: int) -> str | None:
        row = connection.execute(
            "SELECT fault, seconds, times FROM drill_fault WHERE business_on = %s AND step = %s AND shard = %s",
            (on, self.number, shard),
        ).fetchone()
        if row is None or row[2] == 0:
            return None
        fault, seconds, times = row
        if times is not None:
            # Counted outside the step's transaction, which is to be rolled back.
            with psycopg.connect(connection.info.dsn) as other:
                other.execute(
                    "UPDATE drill_fault SET times = times - 1 WHERE business_on = %s AND step = %s AND shard = %s",
                    (on, self.number, shard),
                )
        time.sleep(seconds)
        return str(fault)


def drill_steps() -> tuple[Step, ...]:
    """Three steps with room between them."""
    named = {10: "post", 20: "due_dates", 40: "close"}
    return tuple(
        Step(number, name, drill.due_shards, drill.run) for number, name in named.items() for drill in [DrillStep(number)]
    )


def one_value(database: Database, query: str) -> Any:
    """The first value of an answer."""
    with database.connect() as connection:
        row = connection.execute(query).fetchone()
        return None if row is None else row[0]
