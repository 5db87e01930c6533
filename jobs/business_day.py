"""The business day as a state machine: opened with a cut-off, planned as steps x shards, closed with its totals.

Days follow each other: a day is closed when all its steps are done, or wait behind one that is parked, and only then does the
next one open. The database is the only truth; whoever calls `advance`, and how many at once, makes no difference.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple, Protocol

from psycopg import Connection
from psycopg.types.json import Jsonb

from accounts.card_sets import seal_card_sets, seal_month_of_cards
from accounts.errors import Refused, Usage
from accounts.month_facts import last_of_month, seal_month_facts
from accounts.posting_facts import restate_facts, seal_facts
from accounts.posting_types import OPENING_CREDIT
from jobs.day_totals import day_totals

#: Of the advisory locks: one who advances the day (or changes what is parked) at a time.
ADVANCING = 4_927_010
#: The step that rebills accounts before the day posts, and the step from which on the day's postings count.
REBILL, POST = "rebill", "post"
#: How many days without any work are opened and closed in one transaction; intake waits that long.
QUIET_DAYS = 60


class Outcome(Protocol):
    """What a step did for a shard: how many of what, and (member_id, account_id, reason) of accounts it could not bill."""

    @property
    def counts(self) -> Mapping[str, int]: ...
    @property
    def parked(self) -> Sequence[tuple[int, int, str]]: ...


@dataclass(frozen=True)
class Step:
    """One step of every business day, done shard by shard.

    number: its place in the day. due_shards: the shards that have work in it on a day. run: does it for a range of members,
    leaving out the parked accounts (account ids), inside the caller's transaction.
    """

    number: int
    name: str
    due_shards: Callable[[Connection[Any], date], Collection[int]]
    run: Callable[[Connection[Any], date, int, int, Collection[int]], Outcome]


class StepKey(NamedTuple):
    """Which step of which day for which shard; sorts in the order that a shard's steps are done in."""

    business_on: date
    step: int
    shard: int

    def named(self, steps: Sequence[Step]) -> str:
        """As staff write it: 2005-05-25/close/3."""
        names = {each.number: each.name for each in steps}
        return f"{self.business_on}/{names.get(self.step, self.step)}/{self.shard}"

    @classmethod
    def read(cls, text: str, steps: Sequence[Step]) -> StepKey:
        """The step that staff wrote; raises Usage if it is none."""
        on, _, rest = text.partition("/")
        name, _, shard = rest.partition("/")
        numbers = {each.name: each.number for each in steps}
        try:
            return cls(date.fromisoformat(on), numbers[name], int(shard))
        except (ValueError, KeyError):
            raise Usage(
                f"{text!r} is not a step; write DATE/STEP/SHARD, like 2005-05-25/{steps[-1].name}/0, "
                f"where STEP is one of {', '.join(numbers)}: `cardwright status` lists what is parked"
            ) from None


@dataclass(frozen=True)
class DayResult:
    """A business day that was closed, with its totals (docs/reference/operations.md names them)."""

    on: date
    totals: dict[str, Any]

    @property
    def quiet(self) -> bool:
        """Nothing was posted, nothing billed, nothing parked."""
        return not (self.totals["steps"] or self.totals["postings"] or self.totals["not_closed"]["steps"])


@dataclass
class Advance:
    """What advancing came to: the days closed, the day opened (its steps are to be done now), and whether all is done.

    finished: every day asked for is closed and no step waits or runs, except behind parked ones.
    """

    closed: list[DayResult] = field(default_factory=list)
    opened: date | None = None
    planned: int = 0
    finished: bool = False


class NoFirstDay(Refused):
    """The books are empty: nobody knows which day is the first."""

    def __init__(self) -> None:
        super().__init__(
            "the books hold no posting and no opening balance yet, so no day can be the first; import a portfolio first "
            "(`cardwright import PATH`), or set the day with `cardwright init --first-day DATE`"
        )


class DayNotNext(Refused):
    """A range of days was asked for that begins after the next day to be done."""

    def __init__(self, asked: date, next_on: date) -> None:
        super().__init__(
            f"the run was to begin on {asked} and the next business day not yet done is {next_on}; no day can be left out: "
            f"begin on {next_on} or earlier, or leave --from out"
        )


def advance(connection: Connection[Any], until: date, steps: Sequence[Step]) -> Advance:
    """Close the day in hand if its work is done, open the next one, pass over days without work; up to `until`.

    Commits its own transactions. To be called again whenever steps were done; changes nothing if there is nothing to change.
    Raises NoFirstDay.
    """
    result = Advance()
    while True:
        with connection.transaction():
            if unfinished_shards(connection):
                return result
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (ADVANCING,))
            if unfinished_shards(connection):
                return result
            for _ in range(QUIET_DAYS):
                in_hand = day_in_hand(connection)
                if in_hand is not None:
                    result.closed.append(close_day(connection, in_hand, steps))
                next_on = next_day(connection)
                if next_on > until:
                    result.finished = True
                    return result
                planned = open_day(connection, next_on, steps)
                if planned and unfinished_shards(connection):
                    result.opened, result.planned = next_on, planned
                    return result


#: Shards whose oldest step that is not done is not parked either: they can go on.
_UNFINISHED_SHARDS = """
SELECT shard FROM (
    SELECT DISTINCT ON (shard) shard, state FROM day_step WHERE state <> 'done' ORDER BY shard, business_on, step
) oldest WHERE state <> 'parked' ORDER BY shard
"""


def unfinished_shards(connection: Connection[Any]) -> list[int]:
    """Shards with steps to do, on whatever day, that do not wait behind a parked one."""
    return [row[0] for row in connection.execute(_UNFINISHED_SHARDS)]


def day_in_hand(connection: Connection[Any]) -> date | None:
    """The business day that is open; None between days."""
    row = connection.execute("SELECT business_on FROM business_day WHERE closed_at IS NULL").fetchone()
    return None if row is None else row[0]


def next_day(connection: Connection[Any]) -> date:
    """The first business day that is not yet closed. Raises NoFirstDay."""
    row = connection.execute("SELECT closed_through, first_on FROM book").fetchone()
    if row is None:
        raise NoFirstDay
    closed_through, first_on = row
    if closed_through is not None:
        return date.fromordinal(closed_through.toordinal() + 1)
    found: date | None = first_on or _first_day_of_postings(connection)
    if found is None:
        raise NoFirstDay
    return found


#: Opening balances stand at the end of their day; business begins on the day after.
_FIRST_DAY_OF_POSTINGS = """
SELECT min(CASE WHEN type <= %(opening)s THEN posted_on + 1 ELSE posted_on END) FROM posting
"""
_OPENING_STATES = "SELECT min(closes_on) + 1 FROM statement WHERE cycle_no = 0"


def _first_day_of_postings(connection: Connection[Any]) -> date | None:
    found = [
        row[0]
        for query in (_FIRST_DAY_OF_POSTINGS, _OPENING_STATES)
        for row in connection.execute(query, {"opening": OPENING_CREDIT.code})
        if row[0] is not None
    ]
    return min(found, default=None)


_PLAN = """
INSERT INTO day_step (business_on, step, shard)
SELECT %s, step, shard FROM unnest(%s::smallint[], %s::int[]) AS due(step, shard)
"""


def open_day(connection: Connection[Any], on: date, steps: Sequence[Step]) -> int:
    """Open a business day and plan its steps for the shards that have work; gives how many steps it has.

    First the cut-off: from here on intake posts under the day after. It waits for intake that is under way and makes intake
    wait that begins meanwhile, so nothing can slip into a day that is being worked.
    """
    connection.execute(
        "UPDATE book SET open_on = %s, first_on = coalesce(first_on, %s)", (on + timedelta(days=1), on)
    )
    connection.execute("INSERT INTO business_day (business_on) VALUES (%s)", (on,))
    planned = due_steps(connection, on, steps)
    if planned:
        connection.execute(_PLAN, (on, [each.step for each in planned], [each.shard for each in planned]))
    return len(planned)


def due_steps(connection: Connection[Any], on: date, steps: Sequence[Step]) -> list[StepKey]:
    """The steps that a business day has, in order.

    A shard that still waits behind a parked step of an earlier day gets every step: what will be due in it cannot be known
    before that step is done, and a step without work costs little.
    """
    waiting = {row[0] for row in connection.execute("SELECT DISTINCT shard FROM day_step WHERE state <> 'done'")}
    return [
        StepKey(on, step.number, shard)
        for step in sorted(steps, key=lambda each: each.number)
        for shard in sorted(waiting.union(step.due_shards(connection, on)))
    ]


def close_day(connection: Connection[Any], on: date, steps: Sequence[Step]) -> DayResult:
    """Close a business day: its totals and facts are drawn up, and no posting of intake can fall on it any more."""
    totals = day_totals(connection, on, {each.number: each.name for each in steps})
    if totals["postings"]:
        seal_facts(connection, on)
        seal_card_sets(connection, on)
    if last_of_month(on):
        seal_month_facts(connection, on)
        seal_month_of_cards(connection, on)
    connection.execute(
        "UPDATE business_day SET closed_at = clock_timestamp(), totals = %s WHERE business_on = %s", (Jsonb(totals), on)
    )
    connection.execute("UPDATE book SET closed_through = %s", (on,))
    return DayResult(on, totals)


def restate_day(connection: Connection[Any], on: date, steps: Sequence[Step]) -> None:
    """Draw up the totals and facts of a closed day anew, because parked work was made up for since; an open day has none.

    Those who restate the same day wait for each other, so that the last one counts what the others did.
    """
    closed = connection.execute(
        "SELECT closed_at IS NOT NULL FROM business_day WHERE business_on = %s", (on,)
    ).fetchone()
    if closed is None or not closed[0]:
        return
    connection.execute("SELECT 1 FROM business_day WHERE business_on = %s FOR UPDATE", (on,))
    totals = day_totals(connection, on, {each.number: each.name for each in steps})
    connection.execute("UPDATE business_day SET totals = %s WHERE business_on = %s", (Jsonb(totals), on))
    restate_facts(connection, on)
