"""Disputes on the books: a night bills them as the simulation of the account does; decisions correct what they change."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import dict_row

from accounts.calendar import closing_days_of
from accounts.database import Database
from billing.disputes import DISPUTABLE
from billing.disputing import Told, decide_dispute, list_disputes, open_dispute
from billing.scenario import Scenario, ScenarioEvent
from billing.scenario_of_account import scenario_of_account
from billing.simulation import simulate
from billing.statement_rows import STATEMENT
from billing.terms_book import TermsBook
from statements.seal import seal_statements
from statements.verify import scope_of, verify
from tests.integration.books_of_scenarios import open_books, run_days
from tests.integration.test_nightly_equals_simulation import FEE_SCHEDULES, FIRST_ON, TERMS, UNTIL, random_scenario

#: Ids, and hashes that cover them.
NOT_COMPARED = {"member_id", "account_id", "terms_version_id", "sha256", "previous_sha256"}
COMPARED = [name for name in STATEMENT if name not in NOT_COMPARED]
DEBITS = {each.name for each in DISPUTABLE}
OUTCOMES = ("for_holder", "for_holder", "for_issuer", "for_issuer", "open")
CLERK = Told("lan", "told by phone")


@pytest.fixture
def owner(embedded_database: Database) -> Iterator[Connection[Any]]:
    with psycopg.connect(embedded_database.url) as connection:
        yield connection
        connection.rollback()


@dataclass
class Contested:
    """An account with disputes: the scenario as it is simulated, and what is done at the counter on which day."""

    scenario: Scenario
    doings: dict[date, list[Callable[[Connection[Any]], object]]] = field(default_factory=dict)
    decided_on: list[date] = field(default_factory=list)


def contested(chance: random.Random, number: int, scenario: Scenario, outcomes: tuple[str, ...]) -> Contested:
    """Some debits of the account are disputed, wholly or in part; most of them are decided later."""
    account, events = f"A{number}", [each.model_copy(update={"id": f"R{place}"})
                                     for place, each in enumerate(scenario.events, 1)]
    found = Contested(scenario)
    debits = [each for each in events if each.type in DEBITS and (each.posted_on or each.on) < UNTIL]
    for debit in chance.sample(debits, min(len(debits), chance.choice([1, 2, 3]))):
        posted_on = debit.posted_on or debit.on
        opened = posted_on + timedelta(days=chance.choice([0, 1, 5, 20, 33, 60]))
        if opened > UNTIL:
            continue
        part = chance.choice([None, f"{max(float(debit.amount) / 2, 0.01):.2f}"])
        events.append(ScenarioEvent(on=opened, type="dispute", of=debit.id, **({"amount": part} if part else {})))
        said = debit.id
        assert said is not None
        found.doings.setdefault(opened, []).append(
            lambda connection, said=said, part=part: open_dispute(connection, account, said, part, CLERK))
        decided = max(opened, posted_on + timedelta(days=1)) + timedelta(days=chance.choice([0, 3, 25, 40, 70]))
        outcome = chance.choice(outcomes)
        if outcome == "open" or decided > UNTIL:
            continue
        events.append(ScenarioEvent(on=decided, type="dispute_decided", of=debit.id, outcome=outcome))
        found.decided_on.append(decided)
        found.doings.setdefault(decided, []).append(
            lambda connection, said=said, outcome=outcome: decide(connection, account, said, outcome))
    found.scenario = scenario.model_copy(update={"events": tuple(events)})
    return found


def decide(connection: Connection[Any], account: str, reference: str, outcome: str) -> dict[str, Any]:
    number = next(each["dispute"] for each in list_disputes(connection, account)
                  if each["debit"]["reference"] == reference and each["outcome"] is None)
    told = Told("wei", "looked into it")
    return decide_dispute(connection, account, number, outcome, None, told, seal_statements)  # type: ignore[arg-type]


def put_in(connection: Connection[Any], accounts: list[Contested]) -> None:
    open_books(connection, [each.scenario.model_copy(update={"events": tuple(
        event for event in each.scenario.events if not event.type.startswith("dispute"))}) for each in accounts], FIRST_ON)


def at_counter(connection: Connection[Any], accounts: list[Contested]) -> Callable[[date], None]:
    def day(on: date) -> None:
        for each in accounts:
            for do in each.doings.get(on, []):
                do(connection)

    return day


def rows_of(connection: Connection[Any], number: int) -> list[dict[str, Any]]:
    cursor = connection.cursor(row_factory=dict_row)
    rows = cursor.execute("SELECT * FROM statement WHERE account_id = %s AND cycle_no > 0 ORDER BY cycle_no", (number,))
    return [{name: row[name] for name in COMPARED} for row in rows.fetchall()]


def last_closing(scenario: Scenario) -> date:
    closing_day = scenario.account.closing_day or scenario.terms[0].cycle.closing_day
    return next(day for back in range(40) if closing_day in closing_days_of(day := UNTIL - timedelta(days=back)))


@pytest.mark.parametrize("charged", [False, True], ids=["free", "interest if lost"])
@pytest.mark.parametrize("name", [
    "full", "unpaid", "compounded daily, 30/360, penalty", "segments, tiers, monthly, fees and interest bear",
    "a new rate and a new segment in the middle of a cycle", "two cycles",
    "tiered, capped, taxed; returned payments capped at the minimum", "by the day, percentage over the limit",
    "by interest, over the limit by agreement", "by balance, whole units",
])
def test_a_night_bills_disputes_as_the_simulation_does(owner: Connection[Any], name: str, charged: bool) -> None:
    chance = random.Random(f"disputed, {name}, {charged}")
    terms = TERMS[name] if name in TERMS else {"fees": FEE_SCHEDULES[name]}
    terms = {**terms, "disputes": {"interest_if_lost": charged}}
    accounts = [contested(chance, number, random_scenario(chance, terms, name), OUTCOMES)
                for number in range(1, 15)]
    put_in(owner, accounts)
    run_days(owner, FIRST_ON, UNTIL, at_counter=at_counter(owner, accounts))
    balances = dict(owner.execute("SELECT account_id, balance FROM guarded_balance").fetchall())
    book = TermsBook(owner)
    versions = [each.terms for each in book.versions]
    for number, each in enumerate(accounts, 1):
        alone = simulate(each.scenario, seal_statements)
        assert rows_of(owner, number) == [{key: one.row[key] for key in COMPARED} for one in alone.statements], number
        again = simulate(scenario_of_account(owner, number, number, versions), seal_statements)
        since = max(each.decided_on, default=date.min)
        later = [{key: one.row[key] for key in COMPARED} for one in again.statements if one.row["closes_on"] >= since]
        owed = [one for one in rows_of(owner, number) if one["closes_on"] >= since]
        for name_ in ("new_balance", "minimum_payment_due", "past_due", "grace"):
            assert [one[name_] for one in later] == [one[name_] for one in owed], (number, name_)
        if since <= last_closing(each.scenario):
            # Until the closing after a decision fees follow the statement as it was issued; it is corrected then.
            assert alone.state["balance"] == f"{balances[number] / 100:.2f}", number
    disputes = owner.execute("SELECT count(*), count(x.outcome), count(x.source_id) FROM dispute"
                             " LEFT JOIN dispute_decision x USING (member_id, account_id, dispute_no)").fetchone()
    assert disputes is not None
    assert min(disputes) >= 2
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"), owner.transaction():
        owner.execute("UPDATE dispute SET amount = 1")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"), owner.transaction():
        owner.execute("DELETE FROM dispute_decision")
    found = [f"{each.check.name}: {each.first_bad}" for each in verify(owner, scope_of(owner)) if each.first_bad]
    assert found == []
