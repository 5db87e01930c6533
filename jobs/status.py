"""Where the business days stand: what ran, what runs, what is parked, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection

from jobs.business_day import Step, StepKey

LATEST_DAYS = 10


@dataclass
class Parked:
    """What waits for staff: steps that failed too often, accounts that could not be billed. Each is a dict of facts."""

    steps: list[dict[str, Any]] = field(default_factory=list)
    accounts: list[dict[str, Any]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.steps or self.accounts)

    def as_json(self) -> dict[str, Any]:
        """As `run --json` and `status --json` print it."""
        return {"steps": self.steps, "accounts": self.accounts}


_PARKED_STEPS = """
SELECT business_on, step, shard, attempts, reason FROM day_step WHERE state = 'parked' ORDER BY business_on, step, shard
"""

_PARKED_ACCOUNTS = """
SELECT a.account, p.parked_on, p.step, p.reason FROM parked_account p
JOIN card_account a ON a.member_id = p.member_id AND a.account_id = p.account_id
WHERE p.released_at IS NULL ORDER BY p.member_id, p.account_id
"""

_GOING_ON = """
SELECT business_on, step, shard, state, attempts, started_at, lease_until, reason FROM day_step
WHERE state IN ('waiting', 'running') ORDER BY business_on, step, shard
"""

_LATEST = """
SELECT business_on, opened_at, closed_at, totals FROM business_day ORDER BY business_on DESC LIMIT %s
"""


def parked_work(connection: Connection[Any], steps: Sequence[Step]) -> Parked:
    """All that is parked: steps with the reason of their last attempt, accounts with the step that could not bill them."""
    return Parked(
        [
            {"step": StepKey(on, step, shard).named(steps), "attempts": attempts, "reason": reason}
            for on, step, shard, attempts, reason in connection.execute(_PARKED_STEPS)
        ],
        [
            {"account": account, "parked_on": on.isoformat(), "step": step, "reason": reason}
            for account, on, step, reason in connection.execute(_PARKED_ACCOUNTS)
        ],
    )


def status_facts(connection: Connection[Any], steps: Sequence[Step]) -> dict[str, Any]:
    """The book's dates, the steps that wait or run, what is parked, and the latest days, newest first."""
    book = connection.execute("SELECT first_on, open_on, closed_through FROM book").fetchone()
    first_on, open_on, closed_through = book or (None, None, None)
    return {
        "book": {"first_on": _text(first_on), "intake_posts_on": _text(open_on), "closed_through": _text(closed_through)},
        "steps": [
            {
                "step": StepKey(on, step, shard).named(steps), "state": state, "attempts": attempts,
                "started_at": _text(started_at), "not_before" if state == "waiting" else "lease_until": _text(lease_until),
                "reason": reason,
            }
            for on, step, shard, state, attempts, started_at, lease_until, reason in connection.execute(_GOING_ON)
        ],
        "parked": parked_work(connection, steps).as_json(),
        "days": [
            {"on": on.isoformat(), "opened_at": _text(opened_at), "closed_at": _text(closed_at), "totals": totals}
            for on, opened_at, closed_at, totals in connection.execute(_LATEST, (LATEST_DAYS,))
        ],
    }


def _text(moment: Any) -> str | None:
    return None if moment is None else str(moment.isoformat())
