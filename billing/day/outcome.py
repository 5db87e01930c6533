"""What every step of the day has: an outcome, and the shards that have work in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection

from accounts.sharding import SHARD_MEMBERS

_SHARD = f"((member_id - 1) / {SHARD_MEMBERS})::int"


@dataclass
class StepOutcome:
    """What a step did: counts by outcome; parked: (member_id, account_id, reason) of accounts that could not be billed."""

    counts: dict[str, int] = field(default_factory=dict)
    parked: list[tuple[int, int, str]] = field(default_factory=list)

    def add(self, outcome: str, count: int) -> None:
        """Count so many more of an outcome."""
        self.counts[outcome] = self.counts.get(outcome, 0) + count

    def told(self) -> StepOutcome:
        """The same without outcomes that nothing came to."""
        return StepOutcome({name: count for name, count in self.counts.items() if count}, self.parked)


def shards_of(connection: Connection[Any], query: str, parameters: Any) -> list[int]:
    """The shards of the members that a query names in its column member_id."""
    rows = connection.execute(f"SELECT DISTINCT {_SHARD} AS shard FROM ({query}) AS due ORDER BY shard", parameters)  # noqa: S608
    return [row[0] for row in rows]
