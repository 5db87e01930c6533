"""The business day as a state machine: taken, fenced, given back, parked, closed; by whomever, however often."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from accounts.database import Database
from accounts.settings import Settings, read_settings
from jobs import attempts
from jobs.actors import Worker
from jobs.attempts import MOST_ATTEMPTS, Fenced, Holder, due_shards, finish, free_dead_attempts, give_back, renew, take
from jobs.business_day import Advance, DayNotNext, NoFirstDay, StepKey, advance, open_day, unfinished_shards
from jobs.parked_work import NotParked, retry_step
from jobs.running import run_until
from jobs.status import parked_work, status_facts
from tests.drill_steps import FIRST_DAY, add_fault, clear_faults, done_rows, drill_steps, prepare_drill

STEPS = drill_steps()
KNOWN = [step.number for step in STEPS]
NO_LEASE = timedelta(0)


def day(number: int) -> date:
    """The so many-th business day of the drill, from 0."""
    return FIRST_DAY + timedelta(days=number)


@contextmanager
def holder_of(database: Database) -> Iterator[Holder]:
    with closing(Holder(database)) as holder:
        yield holder


def move_on(database: Database, until: date) -> Advance:
    with database.connect() as connection:
        connection.autocommit = True
        return advance(connection, until, STEPS)


def one(database: Database, query: str, *parameters: Any) -> Any:
    with database.connect() as connection:
        row = connection.execute(query, parameters).fetchone()
        return None if row is None else row[0] if len(row) == 1 else row


def work_all(database: Database, until: date) -> None:
    """Every step of every day, without any broker: what is due is found in the database."""
    worker = Worker(database, STEPS)
    while not move_on(database, until).finished:
        with database.connect() as connection:
            shards = due_shards(connection)
        for shard in shards:
            worker.work_on_shard(shard)


@pytest.fixture
def settings(embedded_database: Database, home: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    # Worker processes are to find the drill's steps.
    monkeypatch.syspath_prepend(Path(__file__).parents[2])
    return read_settings(home, embedded_database.url)


def test_a_shard_does_its_steps_in_order_and_a_step_is_taken_once(database: Database) -> None:
    prepare_drill(database, days=1, shards=2)
    move_on(database, day(0))
    with holder_of(database) as first, holder_of(database) as second:
        attempt = take(first, 0, KNOWN)
        assert attempt is not None
        assert (attempt.key, attempt.number) == (StepKey(day(0), 10, 0), 1)
        assert take(second, 0, KNOWN) is None, "somebody has it, and what comes after it must wait"
        other = take(second, 1, KNOWN)
        assert other is not None
        assert other.key == StepKey(day(0), 10, 1)
        finish(first.connection, attempt, {})
        following = take(second, 0, KNOWN)
        assert following is not None
        assert following.key == StepKey(day(0), 20, 0)
        assert take(first, 7, KNOWN) is None


def test_a_step_of_a_later_release_is_left_alone(embedded_database: Database) -> None:
    prepare_drill(embedded_database, days=1, shards=1)
    move_on(embedded_database, day(0))
    with holder_of(embedded_database) as holder:
        assert take(holder, 0, known_steps=[20, 40]) is None
    assert one(embedded_database, "SELECT max(attempts) FROM day_step") == 0


def test_whoever_lost_its_step_cannot_commit(database: Database) -> None:
    prepare_drill(database, days=1, shards=1)
    move_on(database, day(0))
    with holder_of(database) as late, holder_of(database) as other:
        stale = take(late, 0, KNOWN, lease=NO_LEASE)
        assert stale is not None
        # Its session would be ended too; the fence must hold without that, so the late one works on another.
        taken = take(other, 0, KNOWN)
        assert taken is not None
        assert taken.taken_from == stale.token
        with closing(database.open_connection()) as connection:
            connection.execute("INSERT INTO drill_done VALUES (%s, 10, 0, 1, 1)", (day(0),))
            with pytest.raises(Fenced, match="has lost its step"):
                finish(connection, stale, {})
            connection.rollback()
            assert not renew(connection, stale, timedelta(seconds=5))
            assert give_back(connection, stale, "too late") is None
        finish(other.connection, taken, {"rows": 0})
    assert done_rows(database) == []
    assert one(database, "SELECT state, attempts FROM day_step WHERE step = 10") == ("done", 2)


def test_taking_over_ends_the_session_of_the_former_attempt(database: Database) -> None:
    prepare_drill(database, days=1, shards=1)
    move_on(database, day(0))
    with holder_of(database) as hung, holder_of(database) as other:
        assert take(hung, 0, KNOWN, lease=NO_LEASE) is not None
        hung.connection.execute("BEGIN")
        hung.connection.execute("INSERT INTO drill_done VALUES (%s, 10, 0, 1, 1)", (day(0),))
        taken = take(other, 0, KNOWN)
        assert taken is not None
        # The row that the hung one had written, uncommitted, does not stand in the way.
        other.connection.execute("INSERT INTO drill_done VALUES (%s, 10, 0, 1, 2)", (day(0),))
        with pytest.raises(psycopg.OperationalError):
            hung.connection.execute("SELECT 1")


def test_the_step_of_one_that_hangs_between_finishing_and_its_commit_can_be_taken(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has the row of the step locked, so whoever takes the step over would wait as long as it hangs."""
    monkeypatch.setattr(attempts, "ROW_SECONDS", 0.2)
    prepare_drill(database, days=1, shards=1)
    move_on(database, day(0))
    with holder_of(database) as hung, holder_of(database) as other:
        attempt = take(hung, 0, KNOWN)
        assert attempt is not None
        hung.connection.execute("BEGIN")
        finish(hung.connection, attempt, {})
        assert take(other, 0, KNOWN) is None, "taken from one that has its lease yet"
        assert hung.connection.execute("SELECT 1").fetchone() == (1,)
        hung.connection.execute("ROLLBACK")

        assert renew(other.connection, attempt, NO_LEASE)
        hung.connection.execute("BEGIN")
        finish(hung.connection, attempt, {})
        taken = take(other, 0, KNOWN)
        assert taken is not None
        assert (taken.number, taken.taken_from) == (2, attempt.token)
        with pytest.raises(psycopg.OperationalError):
            hung.connection.execute("COMMIT")
        finish(other.connection, taken, {})


def test_the_step_of_a_session_that_is_gone_is_free_at_once(database: Database) -> None:
    prepare_drill(database, days=1, shards=2)
    move_on(database, day(0))
    with holder_of(database) as alive, holder_of(database) as watcher:
        with holder_of(database) as dead:
            assert take(dead, 0, KNOWN) is not None
            assert take(alive, 1, KNOWN) is not None
            assert free_dead_attempts(watcher.connection) == 0
        wait_until_gone(watcher.connection, dead.number)
        assert free_dead_attempts(watcher.connection) == 1
        assert due_shards(watcher.connection) == [0]
        assert take(watcher, 0, KNOWN) is not None


def wait_until_gone(connection: psycopg.Connection[Any], holder: int) -> None:
    gone = "SELECT count(*) = 0 FROM pg_locks WHERE locktype = 'advisory' AND objid::bigint = %s"
    for _ in range(500):
        row = connection.execute(gone, (holder,)).fetchone()
        if row is not None and row[0]:
            return
    raise AssertionError("the session is still there")


def test_a_step_that_fails_is_parked_instead_of_a_sixth_attempt_and_the_rest_goes_on(
    embedded_database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "BACK_OFF", (0.0, 0.0, 0.0, 0.0))
    prepare_drill(embedded_database, days=3, shards=2)
    add_fault(embedded_database, "fail", day(0), 20, 1)
    work_all(embedded_database, day(2))
    with embedded_database.connect() as connection:
        assert parked_work(connection, STEPS).steps == [
            {"step": f"{day(0)}/due_dates/1", "attempts": MOST_ATTEMPTS, "reason": "RuntimeError: the drill says no"}
        ]
    totals = "SELECT totals FROM business_day WHERE business_on = %s AND closed_at IS NOT NULL"
    assert one(embedded_database, totals, day(0))["not_closed"]["steps"] == [f"{day(0)}/due_dates/1", f"{day(0)}/close/1"]
    assert len(one(embedded_database, totals, day(2))["not_closed"]["steps"]) == 3
    kept = {(row[0], row[1], row[2]) for row in done_rows(embedded_database)}
    assert {key for key in kept if key[2] == 1} == {(day(0), 10, 1)}
    assert len({key for key in kept if key[2] == 0}) == 9

    clear_faults(embedded_database)
    with embedded_database.connect() as connection:
        retry_step(connection, StepKey.read(f"{day(0)}/due_dates/1", STEPS), STEPS)
    result = run_until(settings, day(2), STEPS)
    assert (result.days, bool(result.parked)) == ([], False)
    assert len(done_rows(embedded_database)) == 3 * 3 * 3 * 2
    restated = one(embedded_database, totals, day(0))
    assert restated["not_closed"]["steps"] == []
    assert restated["steps"]["close"] == {"shards": 2, "rows": 6}


def test_a_step_that_kills_its_workers_is_parked_too(embedded_database: Database) -> None:
    prepare_drill(embedded_database, days=1, shards=1)
    move_on(embedded_database, day(0))
    with holder_of(embedded_database) as holder:
        for number in range(1, MOST_ATTEMPTS + 1):
            attempt = take(holder, 0, KNOWN, lease=NO_LEASE)
            assert attempt is not None
            assert attempt.number == number
            holder.close()
            holder.__init__(embedded_database)  # type: ignore[misc]
        assert take(holder, 0, KNOWN) is None
    with embedded_database.connect() as connection:
        [parked] = parked_work(connection, STEPS).steps
        assert parked["reason"] == "attempt 5 ended without a word, killed or hung"
        assert unfinished_shards(connection) == []


def test_a_failure_that_passes_is_tried_again_after_a_pause(embedded_database: Database, settings: Settings) -> None:
    prepare_drill(embedded_database, days=1, shards=1)
    add_fault(embedded_database, "fail", day(0), 40, 0, times=2)
    assert not run_until(settings, day(0), STEPS, workers=1).parked
    assert one(embedded_database, "SELECT attempts, reason FROM day_step WHERE step = 40") == (
        3, "RuntimeError: the drill says no"
    )


def test_a_commit_whose_answer_was_lost_is_not_done_again(embedded_database: Database) -> None:
    prepare_drill(embedded_database, days=1, shards=1)
    move_on(embedded_database, day(0))
    with holder_of(embedded_database) as holder:
        attempt = take(holder, 0, KNOWN)
        assert attempt is not None
        finish(holder.connection, attempt, {"rows": 3})
        assert give_back(holder.connection, attempt, "connection lost at commit") is None
    assert one(embedded_database, "SELECT state, reason FROM day_step WHERE step = 10") == ("done", None)


def test_opening_a_day_is_the_cut_off_and_waits_for_intake_under_way(database: Database) -> None:
    prepare_drill(database, days=1, shards=1)
    opened = threading.Event()

    def open_it() -> None:
        move_on(database, day(0))
        opened.set()

    with database.connect() as intake:
        row = intake.execute("SELECT open_on FROM book FOR SHARE").fetchone()
        assert row == (day(0),)
        opener = threading.Thread(target=open_it)
        opener.start()
        assert not opened.wait(0.3), "a day opened over the rows of an intake that was not yet committed"
    opener.join(10)
    assert opened.is_set()
    assert one(database, "SELECT open_on FROM book") == day(1)


def test_quiet_days_are_opened_and_closed_in_passing(embedded_database: Database) -> None:
    prepare_drill(embedded_database, days=400, shards=1, every=399)
    work_all(embedded_database, day(399))
    assert one(embedded_database, "SELECT count(*), count(closed_at) FROM business_day") == (400, 400)
    assert one(embedded_database, "SELECT open_on, closed_through FROM book") == (day(400), day(399))
    assert {row[0] for row in done_rows(embedded_database)} == {day(0), day(399)}


def test_eight_who_advance_at_once_open_each_day_once(database: Database) -> None:
    prepare_drill(database, days=12, shards=1, every=4)
    troubles: list[BaseException] = []

    def go_on() -> None:
        try:
            work_all(database, day(11))
        except BaseException as error:
            troubles.append(error)

    threads = [threading.Thread(target=go_on) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert troubles == []
    assert one(database, "SELECT count(*), max(attempts) FROM day_step") == (9, 1)
    assert len(done_rows(database)) == 27


def test_a_shard_that_waits_gets_every_step_of_later_days(embedded_database: Database) -> None:
    """What will be due there cannot be known before the step that it waits for is done."""
    prepare_drill(embedded_database, days=1, shards=1, steps=[10])
    move_on(embedded_database, day(0))
    with embedded_database.connect() as connection:
        connection.execute("UPDATE day_step SET state = 'parked'")
        open_day(connection, day(1), STEPS)
        rows = connection.execute("SELECT step, shard FROM day_step WHERE business_on = %s ORDER BY step", (day(1),))
        assert rows.fetchall() == [(10, 0), (20, 0), (40, 0)]


def test_running_again_changes_nothing_and_two_runs_at_once_do_the_work_once(
    embedded_database: Database, settings: Settings
) -> None:
    prepare_drill(embedded_database, days=6, shards=3)
    results = []
    runs = [threading.Thread(target=lambda: results.append(run_until(settings, day(5), STEPS))) for _ in range(2)]
    for each in runs:
        each.start()
    for each in runs:
        each.join(60)
    assert [[found.on for found in result.days][-1] for result in results] == [day(5), day(5)]
    before = done_rows(embedded_database)
    assert len(before) == 6 * 3 * 3 * 3
    assert run_until(settings, day(5), STEPS, from_on=day(2)).days == []
    assert done_rows(embedded_database) == before


def test_days_cannot_be_left_out(embedded_database: Database, settings: Settings) -> None:
    prepare_drill(embedded_database, days=2, shards=1)
    with pytest.raises(DayNotNext, match=f"was to begin on {day(1)} and the next business day not yet done is {day(0)}"):
        run_until(settings, day(1), STEPS, from_on=day(1))


def test_an_empty_book_has_no_first_day(embedded_database: Database) -> None:
    with pytest.raises(NoFirstDay, match="import a portfolio first"):
        move_on(embedded_database, day(0))


def test_an_account_that_cannot_be_billed_is_left_out_of_later_steps(embedded_database: Database) -> None:
    prepare_drill(embedded_database, days=2, shards=1)
    add_account(embedded_database)
    add_fault(embedded_database, "park", day(0), 10, 0)
    add_fault(embedded_database, "park", day(0), 20, 0)
    work_all(embedded_database, day(1))
    assert one(embedded_database, "SELECT step, reason FROM parked_account") == (f"{day(0)}/post/0", "no terms")
    with embedded_database.connect() as connection:
        [parked] = parked_work(connection, STEPS).accounts
        assert parked == {"account": "A1", "parked_on": str(day(0)), "step": f"{day(0)}/post/0", "reason": "no terms"}
        totals = status_facts(connection, STEPS)["days"][0]["totals"]
        assert totals["not_closed"]["accounts"] == ["A1"], "its cycle closes on the second day and it is parked"


def add_account(database: Database) -> None:
    """One account of member 1, whose cycle closes on the drill's second day."""
    with database.connect() as connection:
        connection.execute("INSERT INTO member (member_id, member, kind) VALUES (1, 'M1', 'person')")
        connection.execute(
            "INSERT INTO card_account (member_id, account_id, account, product, currency, opened_on, credit_limit, closing_day,"
            " anchor_on, migrated, status) VALUES (1, 1, 'A1', 'classic', 156, %s, 0, %s, %s, false, 'open')",
            (day(0), day(1).day, day(1)),
        )


def test_only_what_is_parked_can_be_tried_again(embedded_database: Database) -> None:
    prepare_drill(embedded_database, days=1, shards=1)
    move_on(embedded_database, day(0))
    with embedded_database.connect() as connection:
        with pytest.raises(NotParked, match="it is waiting"):
            retry_step(connection, StepKey(day(0), 10, 0), STEPS)
        with pytest.raises(NotParked, match="no such step"):
            retry_step(connection, StepKey(day(1), 10, 0), STEPS)


@pytest.mark.parametrize(
    "text", ["2005-05-25", "2005-05-25/close", "2005-05-25/closing/0", "25.5.2005/close/0", "2005-05-25/close/x"]
)
def test_a_step_is_named_day_name_shard(text: str) -> None:
    with pytest.raises(Exception, match="write DATE/STEP/SHARD"):
        StepKey.read(text, STEPS)
    assert StepKey.read("2005-05-25/close/3", STEPS).named(STEPS) == "2005-05-25/close/3"
