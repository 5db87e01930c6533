"""The commands of the business day: run, worker, tick, status, retry, release; and import, which feeds it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import typer

from accounts.command_line import AsJson, BrokerUrl, DatabaseUrl, DryRun, Home, console, progress, settings_from
from accounts.database import open_book
from accounts.errors import Usage
from jobs import shown
from jobs.attempts import LEASE, due_shards
from jobs.broker import WakeUps, open_broker, queue_of
from jobs.business_day import Step, StepKey, day_in_hand, due_steps, unfinished_shards
from jobs.parked_work import release_account, retry_step
from jobs.running import Standing, Watcher, check_from, keep_working, look_once, run_until
from jobs.status import parked_work, status_facts
from jobs.steps import steps_of_the_day
from jobs.worker_log import log_to_home

__all__ = ["release", "retry", "run", "status", "tick", "worker"]

LEASE_SECONDS = LEASE.total_seconds()
Until = Annotated[str, typer.Option("--until", metavar="DATE", help="The last business day to be done.")]
LeaseSeconds = Annotated[
    float,
    typer.Option("--lease-seconds", min=0.3, max=600, help="A worker that hangs loses its step after so long."),
]


def run(
    until: Until,
    from_on: Annotated[
        str | None,
        typer.Option("--from", metavar="DATE", show_default=False, help="Refuse if days before this one are still to be done."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, max=256, show_default=False, help="Processes [one a core].")
    ] = None,
    lease_seconds: LeaseSeconds = LEASE_SECONDS,
    as_json: AsJson = False, dry_run: DryRun = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Do all business days not yet done up to and including a date, on local worker processes.

    Exit code 1 if anything is parked: `cardwright status` says what and why.
    """
    settings = settings_from(home, database_url, broker_url)
    last, first = _date("--until", until), None if from_on is None else _date("--from", from_on)
    steps = steps_of_the_day()
    if dry_run:
        with open_book(settings) as database, database.connect() as connection:
            _print(_due_facts(connection, last, first, steps), as_json, shown.due)
        return
    log_to_home(settings.home)
    with _watching() as watch:
        result = run_until(
            settings, last, steps, from_on=first, workers=workers or os.cpu_count() or 1,
            lease=timedelta(seconds=lease_seconds), watch=watch,
        )
    facts = {"days": [{"on": day.on.isoformat(), **day.totals} for day in result.days], "parked": result.parked.as_json()}
    _print(facts, as_json, shown.days)
    if result.parked:
        raise typer.Exit(1)


def worker(
    processes: Annotated[
        int | None, typer.Option("--processes", min=1, max=256, show_default=False, help="[one a core]")
    ] = None,
    threads: Annotated[int, typer.Option("--threads", min=1, max=64, help="Of each process.")] = 1,
    lease_seconds: LeaseSeconds = LEASE_SECONDS,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Work on the steps of business days until stopped; a worker that is told to stop finishes its step in hand."""
    settings = settings_from(home, database_url, broker_url)
    count = processes or os.cpu_count() or 1
    console.print(f"{count} worker processes of {threads} threads; they log to {settings.home / 'logs' / 'worker.log'}")
    log_to_home(settings.home)
    keep_working(settings, steps_of_the_day(), count, threads, timedelta(seconds=lease_seconds))


def tick(
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="DATE", show_default=False, help="The last business day to be opened [today]."),
    ] = None,
    as_json: AsJson = False, dry_run: DryRun = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Look for due work once: close and open business days as work is done, wake workers. To be called every few minutes."""
    settings = settings_from(home, database_url, broker_url)
    last = _date("--until", until) if until is not None else datetime.now(UTC).astimezone().date()
    steps = steps_of_the_day()
    if dry_run:
        with open_book(settings) as database, database.connect() as connection:
            _print(_due_facts(connection, last, None, steps), as_json, shown.due)
        return
    advanced, sent = look_once(settings, last, steps)
    facts = {
        "closed": [{"on": day.on.isoformat(), **day.totals} for day in advanced.closed],
        "opened": None if advanced.opened is None else advanced.opened.isoformat(),
        "steps_planned": advanced.planned, "wake_ups": sent, "finished": advanced.finished,
    }
    _print(facts, as_json, shown.tick)


def status(
    as_json: AsJson = False, home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Show which business days ran, what runs, what is parked, and why."""
    settings = settings_from(home, database_url, broker_url)
    with open_book(settings) as database, database.connect() as connection:
        facts = status_facts(connection, steps_of_the_day())
    _print(facts, as_json, shown.status)


def retry(
    step: Annotated[str, typer.Argument(metavar="STEP", help="As status names it: 2005-05-25/close/0.")],
    as_json: AsJson = False, dry_run: DryRun = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Try a parked step again, from its first attempt on; the next run, or workers that are up, will do it."""
    settings = settings_from(home, database_url, broker_url)
    steps = steps_of_the_day()
    key = StepKey.read(step, steps)
    with open_book(settings) as database:
        with _rolled_back_if(dry_run, database.connect) as connection:
            retry_step(connection, key, steps)
        if not dry_run:
            with database.connect() as connection:
                queue = queue_of(connection)
            broker = open_broker(settings.broker_url or database.url)
            try:
                WakeUps(broker, queue).send(key.shard)
            finally:
                broker.close()
    _print({"step": key.named(steps), "state": "waiting"}, as_json, shown.retried)


def release(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why it may be billed again; kept.")],
    as_json: AsJson = False, dry_run: DryRun = False,
    home: Home = None, database_url: DatabaseUrl = None, broker_url: BrokerUrl = None,
) -> None:
    """Give a parked account back to billing and do at once what it missed, day by day."""
    if not reason.strip():
        raise Usage("--reason is empty; say why the account may be billed again")
    settings = settings_from(home, database_url, broker_url)
    with open_book(settings) as database, _rolled_back_if(dry_run, database.connect) as connection:
        released = release_account(connection, account, reason.strip(), steps_of_the_day())
    facts = {"account": released.account, "steps_caught_up": released.steps, "counts": released.counts}
    _print(facts, as_json, shown.released)


def _date(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Usage(f"{option} {text!r} is not a date; write it like 2005-05-25") from None


def _print(facts: dict[str, Any], as_json: bool, show: Any) -> None:
    print(json.dumps(facts, ensure_ascii=False, sort_keys=True) if as_json else show(facts))


def _due_facts(connection: Any, until: date, from_on: date | None, steps: Sequence[Step]) -> dict[str, Any]:
    """What a run would begin with. What later days have follows from what the earlier ones do, so only the next is planned."""
    first = check_from(connection, from_on)
    in_hand = day_in_hand(connection)
    planned = due_steps(connection, first, steps) if in_hand is None and first <= until else []
    return {
        "next_day": first.isoformat(), "until": until.isoformat(), "days": max(0, (until - first).days + 1),
        "opened": None if in_hand is None else in_hand.isoformat(),
        "planned": [key.named(steps) for key in planned],
        "shards_to_go_on": unfinished_shards(connection), "shards_due_now": due_shards(connection),
        "parked": parked_work(connection, steps).as_json(),
    }


@contextmanager
def _rolled_back_if(dry_run: bool, connect: Any) -> Iterator[Any]:
    """A connection whose transaction is committed at the end, or rolled back where nothing is to be written."""
    with connect() as connection:
        yield connection
        if dry_run:
            connection.rollback()


@contextmanager
def _watching() -> Iterator[Watcher | None]:
    """A bar of business days on a terminal, with the steps of the day in hand beside it; nothing elsewhere."""
    with progress() as bar:
        if bar.disable:
            yield None
            return
        task = bar.add_task("business days", total=None)

        def watch(standing: Standing) -> None:
            day = "business days" if standing.on is None else (
                f"{standing.on}  {standing.steps_done}/{standing.steps} steps"
                + (f"  {standing.statements:,} statements" if standing.statements else "")
            )
            bar.update(task, total=standing.days, completed=standing.days_done, description=day)

        yield watch
