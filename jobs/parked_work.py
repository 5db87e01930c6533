"""What staff do about parked work: try a step again, give an account back to billing and catch up on what it missed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from psycopg import Connection

from accounts.errors import Findings, Refused, Trouble
from accounts.posting_types import HOUSE
from accounts.sharding import shard_of
from jobs.business_day import ADVANCING, POST, Step, StepKey, restate_day


class NotParked(Refused):
    """A step or account that was to be given back is not parked."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what} is not parked: {why}; `cardwright status` lists what is")


class ShardAtWork(Trouble):
    """A worker is at work on the account's shard just now."""

    def __init__(self, account: str, key: StepKey, steps: Sequence[Step]) -> None:
        super().__init__(f"account {account} cannot be released while {key.named(steps)} runs; try again in a moment")


class StillNotBillable(Findings):
    """A released account fails again at what it missed; it stays parked."""

    def __init__(self, account: str, key: StepKey, steps: Sequence[Step], reason: str) -> None:
        super().__init__(
            f"account {account} stays parked: {key.business_on}/{key.named(steps).split('/')[1]} still cannot bill it: "
            f"{reason}; put that right, then release it again"
        )


def retry_step(connection: Connection[Any], key: StepKey, steps: Sequence[Step]) -> None:
    """Let a parked step be tried again, from its first attempt on. Raises NotParked."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (ADVANCING,))
    row = connection.execute(
        "SELECT state FROM day_step WHERE business_on = %s AND step = %s AND shard = %s FOR UPDATE", key
    ).fetchone()
    if row is None:
        raise NotParked(key.named(steps), "that day has no such step")
    if row[0] != "parked":
        raise NotParked(key.named(steps), f"it is {row[0]}")
    connection.execute(
        "UPDATE day_step SET state = 'waiting', attempts = 0, attempt_token = NULL, lease_until = NULL "
        "WHERE business_on = %s AND step = %s AND shard = %s",
        key,
    )


@dataclass
class Released:
    """What a release came to: the steps that were caught up, and what they counted."""

    account: str
    steps: int = 0
    counts: dict[str, int] = field(default_factory=dict)


_PARKED_ACCOUNT = """
SELECT p.member_id, p.account_id, p.step FROM parked_account p
JOIN account_directory d ON d.member_id = p.member_id AND d.account_id = p.account_id
WHERE d.account = %s AND p.released_at IS NULL FOR UPDATE OF p
"""

#: What an account owes by the postings of its business days up to one, as it is worked out for `verify` too.
_DERIVE_BALANCES = """
UPDATE guarded_balance g SET balance = coalesce(
    (SELECT sum(CASE WHEN p.debit_account < %(house)s THEN p.amount ELSE -p.amount END) FROM posting p
     WHERE p.member_id = g.member_id AND p.account_id = g.account_id AND p.posted_on <= %(posted)s), 0)
WHERE g.member_id = %(member)s
"""


def release_account(connection: Connection[Any], account: str, reason: str, steps: Sequence[Step]) -> Released:
    """Give a parked account back to billing and do, in order, every step that it missed; all in the caller's transaction.

    Its shard stands still meanwhile. Raises NotParked, ShardAtWork, or StillNotBillable if a step cannot bill it
    this time either; nothing is to be kept then.
    """
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (ADVANCING,))
    row = connection.execute(_PARKED_ACCOUNT, (account,)).fetchone()
    if row is None:
        raise NotParked(f"account {account}", "it is billed as every other, or there is none of that name")
    member_id, account_id, parked_at = row
    next_key = _standing_still(connection, account, shard_of(member_id), steps)
    released = Released(account)
    others = _other_accounts(connection, member_id, account_id)
    worked: set[date] = set()
    for key, step in _missed(StepKey.read(parked_at, steps), next_key, steps):
        outcome = step.run(connection, key.business_on, member_id, member_id, others)
        if outcome.parked:
            raise StillNotBillable(account, key, steps, outcome.parked[0][2])
        released.steps += 1
        for name, count in outcome.counts.items():
            if count:
                released.counts[name] = released.counts.get(name, 0) + count
                worked.add(key.business_on)
    connection.execute(_DERIVE_BALANCES, {
        "house": HOUSE, "member": member_id, "posted": _posted_through(next_key, steps)})
    connection.execute(
        "UPDATE parked_account SET released_at = clock_timestamp(), released_reason = %s "
        "WHERE member_id = %s AND account_id = %s",
        (reason, member_id, account_id),
    )
    for on in sorted(worked):
        restate_day(connection, on, steps)
    return released


def _standing_still(connection: Connection[Any], account: str, shard: int, steps: Sequence[Step]) -> StepKey:
    """The next step of a shard, held so that no worker takes it; where there is none, the first of the next day."""
    row = connection.execute(
        "SELECT business_on, step, state FROM day_step WHERE shard = %s AND state <> 'done' "
        "ORDER BY business_on, step LIMIT 1 FOR UPDATE",
        (shard,),
    ).fetchone()
    if row is not None:
        key = StepKey(row[0], row[1], shard)
        if row[2] == "running":
            raise ShardAtWork(account, key, steps)
        return key
    opened = connection.execute("SELECT max(business_on) FROM business_day").fetchone()
    assert opened is not None
    return StepKey(opened[0] + timedelta(days=1), 0, shard)


def _missed(first: StepKey, next_key: StepKey, steps: Sequence[Step]) -> Iterator[tuple[StepKey, Step]]:
    """Every step from the one that parked an account up to its shard's next one, in order."""
    on = first.business_on
    while on <= next_key.business_on:
        for step in sorted(steps, key=lambda each: each.number):
            key = StepKey(on, step.number, first.shard)
            if first <= key < next_key:
                yield key, step
        on += timedelta(days=1)


def _other_accounts(connection: Connection[Any], member_id: int, account_id: int) -> list[int]:
    """The member's other accounts, which missed nothing, or are not released."""
    rows = connection.execute(
        "SELECT account_id FROM card_account WHERE member_id = %s AND account_id <> %s", (member_id, account_id)
    )
    return [row[0] for row in rows]


def _posted_through(next_key: StepKey, steps: Sequence[Step]) -> date:
    """The last day whose postings count in the shard's guarded balances: from the post step on those of its day do."""
    first_step = next((each.number for each in steps if each.name == POST), min(each.number for each in steps))
    on = next_key.business_on
    return on if next_key.step > first_step else on - timedelta(days=1)
