"""Instalment plans on real books: a night bills them as a scenario does, and the commands make and settle them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection
from psycopg.rows import dict_row

from accounts.database import Database
from accounts.money import minor_units
from accounts.posting_types import INSTALMENT
from billing.instalment_plans import PlanAccount, make_plan, settle_plan
from billing.instalments import NotConvertible
from billing.scenario import Scenario, ScenarioEvent
from billing.scenario_of_account import scenario_of_account
from billing.simulation import Simulated, simulate
from billing.statement_rows import STATEMENT
from jobs.steps import steps_of_the_day
from reports.backtest_copy import Chosen, Copy
from statements.compose import compose
from statements.explain import explain
from statements.history import read_history
from statements.issued import account_facts
from statements.seal import seal_statements
from statements.simulated import simulated_statement
from statements.verify import scope_of, verify
from statements.verify_reperform import Reperformed, statements_reperform
from statements.why_not import explain_not_charged
from tests.conftest import RunCardwright
from tests.integration.books_of_scenarios import open_books, run_days
from tests.integration.portfolios import Portfolio

FIRST_ON, UNTIL = date(2023, 11, 20), date(2024, 6, 10)
NOT_COMPARED = {"member_id", "account_id", "terms_version_id", "sha256", "previous_sha256"}

TERMS: dict[str, dict[str, Any]] = {
    "flat, the rest in the first part, fees taxed": {
        "instalments": {"fee_rate": "0.0085"}, "fees": {"tax_on_charges": {"fees": "0.06"}}},
    "declining, the rest in the last part, whole units": {
        "instalments": {"method": "declining", "annual_rate": "0.0588", "remainder_in": "last"},
        "interest": {"rounding_unit": "1"}},
    "declining by the month, unpaid form, grace lost for all": {
        "instalments": {"method": "declining", "annual_rate": "0.12"}, "grace": {"lost_for": "all"},
        "interest": {"day_count": "monthly", "grace_lost_charges": "unpaid", "segment": [
            {"name": "purchase", "annual_rate": "0.18"}, {"name": "cash_advance", "annual_rate": "0.24", "grace": False}]}},
    "both days count, over the limit, previous closing first": {
        "interest": {"payment_day_counts": "both", "closing_day_counts": True, "over_limit": {"daily_rate": "0.0003"}},
        "allocation": {"as_of": "previous_closing"}, "instalments": {"fee_rate": "0"}},
}


def random_scenario(chance: random.Random, terms: dict[str, Any]) -> Scenario:
    """A few months of purchases and payments; some purchases, and some statements, become plans, some of them settled early."""
    whole = terms.get("interest", {}).get("rounding_unit") == "1"
    opened_on = FIRST_ON + timedelta(days=chance.randrange(0, 20))
    events: list[dict[str, Any]] = []
    on, number = opened_on, 0
    while on < UNTIL:
        number += 1
        cents = chance.randrange(2_000, 90_000)
        amount = str(cents // 100) if whole else f"{cents // 100}.{cents % 100:02d}"
        kind = chance.choices(["purchase", "payment", "cash_advance", "instalment"], [50, 30, 5, 8])[0]
        event = {"on": on, "type": kind, "amount": amount, "id": f"E{number}"}
        if kind == "instalment":
            event["parts"] = chance.choice([2, 3, 5, 12])
        events.append(event)
        if kind == "purchase" and chance.random() < 0.35:
            made_on = on + timedelta(days=chance.choice([0, 3, 20, 40]))
            events.append({"on": made_on, "type": "instalment", "of": f"E{number}", "parts": chance.choice([2, 3, 7, 12])})
            if chance.random() < 0.3:
                events.append({"on": made_on + timedelta(days=chance.randrange(1, 25)), "type": "instalment_settlement",
                               "of": f"E{number}"})
        on += timedelta(days=chance.randrange(1, 15))
    if chance.random() < 0.5:
        events.append({"on": date(2024, 3, 4), "type": "instalment", "of": "new_balance", "parts": 4})
    account = {"opened_on": opened_on, "credit_limit": chance.choice(["500", "5000"]),
               "closing_day": chance.choice([1, 3, 17, 29, 31])}
    document = {"account": account, "until": UNTIL, "events": sorted((each for each in events if each["on"] <= UNTIL),
                                                                      key=lambda each: each["on"]),
                "terms": {"product": "classic", "currency": "CNY", "in_force_from": date(2023, 1, 1),
                          "cycle": {"due_after_days": 20}, **terms}}
    return Scenario.from_document(document, Path("scenario.toml"))


def possible(scenario: Scenario) -> Scenario:
    """The scenario without the plans that cannot be made, because there was nothing left to convert or to settle."""
    while True:
        try:
            simulate(scenario, seal_statements)
            return scenario
        except NotConvertible as refused:
            wrong = next(number for number, each in enumerate(scenario.events)
                         if each.type.startswith("instalment") and (each.of is None or each.of in str(refused)
                                                                    or each.of == "new_balance"))
            scenario = scenario.model_copy(update={"events": scenario.events[:wrong] + scenario.events[wrong + 1:]})


def at_counter(connection: Connection[Any], scenarios: list[Scenario]) -> Callable[[date], None]:
    """Makes and settles on its day what the scenarios say."""

    def plan(account: PlanAccount, event: ScenarioEvent, on: date) -> None:
        if event.type == "instalment_settlement":
            settle_plan(connection, account, on, str(event.of))
        else:
            assert event.parts is not None
            make_plan(connection, account, on, event.parts, event.of, minor_units(event.amount, 2) or None)

    def day(on: date) -> None:
        for number, scenario in enumerate(scenarios, 1):
            account = PlanAccount(number, number, "classic", scenario.account.closing_day or 0)
            for event in scenario.events:
                if event.on == on and event.type.startswith("instalment"):
                    plan(account, event, on)

    return day


@pytest.mark.parametrize("name", TERMS)
def test_a_night_bills_instalments_as_a_scenario_does(embedded_database: Database, name: str) -> None:
    chance = random.Random(name)
    scenarios = [possible(random_scenario(chance, TERMS[name])) for _ in range(25)]
    with embedded_database.connect() as connection:
        open_books(connection, scenarios, FIRST_ON)
        run_days(connection, FIRST_ON, UNTIL, at_counter(connection, scenarios))
        cursor = connection.cursor(row_factory=dict_row)
        rows = cursor.execute("SELECT * FROM statement ORDER BY account_id, cycle_no").fetchall()
        compared = [key for key in STATEMENT if key not in NOT_COMPARED]
        fees = 0
        for number, scenario in enumerate(scenarios, 1):
            alone = simulate(scenario, seal_statements)
            nightly = [row for row in rows if row["account_id"] == number]
            assert [[row[key] for key in compared] for row in nightly] == \
                   [[each.row[key] for key in compared] for each in alone.statements], f"account {number}"
            assert_documents_agree(connection, number, alone)
            fees += assert_fees_come_out_again(connection, f"A{number}")
            retold = scenario_of_account(connection, number, number, scenario.terms)
            again = simulate(retold, seal_statements)
            assert [[each.row[key] for key in compared] for each in again.statements] == \
                   [[each.row[key] for key in compared] for each in alone.statements], f"account {number} retold"
        parts = connection.execute("SELECT count(*) FROM posting WHERE type = 30").fetchone()
        assert parts is not None
        assert parts[0] > 60
        found = Reperformed()
        checked = verify(connection, scope_of(connection), [statements_reperform(found)])
        assert [each.first_bad for each in checked] == [None]
        assert (found.billed, found.left_out) == (len(scenarios), 0)
        assert fees > 60 or "fee_rate" in TERMS[name]["instalments"]
    if name == "flat, the rest in the first part, fees taxed":
        assert_backtest_gives_them_again(embedded_database, rows, compared)


def assert_backtest_gives_them_again(database: Database, rows: list[dict[str, Any]], compared: list[str]) -> None:
    """A copy that is billed again from a day on keeps the plans, made and settled since, and comes to the same statements."""
    from_on = date(2024, 2, 1)
    numbers = tuple(sorted({row["account_id"] for row in rows}))
    with database.connect() as connection:
        copy = Copy(connection)
        chosen = Chosen(numbers, numbers, tuple(f"A{number}" for number in numbers))
        copy.fill(chosen, "classic", from_on, None)
        assert copy.run(chosen, steps_of_the_day(), from_on, UNTIL) == {}
        cursor = connection.cursor(row_factory=dict_row)
        again = cursor.execute("SELECT * FROM pg_temp.statement ORDER BY account_id, cycle_no").fetchall()
    assert [[row[key] for key in compared] for row in again] == [[row[key] for key in compared] for row in rows]


def assert_fees_come_out_again(connection: Connection[Any], account: str) -> int:
    """Every instalment fee is worked out again from its explanation alone, in both languages."""
    explained = 0
    for facts in account_facts(connection, account):
        history = read_history(connection, account, facts.row["closes_on"])
        for charge in explain(history, "en")["charges"]:
            if charge["kind"] == "instalment":
                assert instalment_fee_again(charge["facts"], charge["rounding"]) == Decimal(charge["amount"]), charge
                explained += 1
        if not any(charge["kind"] == "instalment" for charge in explain(history, "en")["charges"]):
            parts = [each for each in facts.postings if each.type == INSTALMENT.code]
            why = explain_not_charged(history, "instalment", "en")
            assert why["condition"] == ("no_part_in_cycle" if facts.instalments_not_billed and not parts else
                                        "no_plan" if not parts else why["condition"])
            assert not parts or why["condition"] in ("settled_early", "amount_zero")
            assert why["because"]
        assert all(any("一" <= letter <= "鿿" for letter in each["because"]) for each in explain(history, "zh")["charges"])
    return explained


def instalment_fee_again(facts: dict[str, Any], rounding: str) -> Decimal:
    unit = Decimal(rounding.removeprefix("half_up to "))
    flat = "percent" in facts
    exact = Fraction(facts["amount_of_plan"] if flat else facts["left"]) * Fraction(facts["percent"] if flat else facts["rate"])
    if not flat and facts["day_count"] == "actual/365":
        assert Fraction(facts["rate"]) == Fraction(facts["annual_rate"]) * facts["days"] / 365
    steps = exact / Fraction(unit)
    return Decimal((2 * steps.numerator + steps.denominator) // (2 * steps.denominator)) * unit


def assert_documents_agree(connection: Connection[Any], number: int, alone: Simulated) -> None:
    """What is left of plans is taken off the available credit, part by part."""
    issued = account_facts(connection, f"A{number}")
    assert [compose(each)["available_credit"] for each in issued] == \
           [simulated_statement("A1", each)["available_credit"] for each in alone.statements]
    assert [compose(each)["lines"][-1]["description"] for each in issued if each.postings] == \
           [simulated_statement("A1", each)["lines"][-1]["description"] for each in alone.statements if each.postings]


def test_the_command_makes_a_plan_and_settles_it_and_the_books_hold(cardwright: RunCardwright) -> None:
    def done(*arguments: str, code: int = 0) -> str:
        answer = cardwright(*arguments)
        assert answer.returncode == code, answer.stderr
        return answer.stdout if code == 0 else answer.stderr

    done("init")
    done("products", "load", "fees/schedules/classic.toml", "--as", "ming")
    done("products", "approve", "classic", "--as", "hua")
    done("import", "samples/portfolio")
    assert "no account 'A-9'" in done("instalment", "A-9", "--of", "T-1", "--parts", "3", code=2)
    assert "a plan needs --parts" in done("instalment", "A-1001", "--of", "T-1", code=2)
    done("run", "--until", "2024-04-07")
    asked = ("instalment", "A-1001", "--of", "new_balance", "--parts", "3", "--json")
    tried, made = json.loads(done(*asked, "--dry-run")), json.loads(done(*asked))
    assert {**tried, "dry_run": False} == made
    assert (made["on"], made["of"], made["plan"], made["settled"]) == ("2024-04-08", "2024-04-05", 1, False)
    assert sum(map(Decimal, made["parts"])) == Decimal(made["amount"])
    assert "nothing is left of it that can become a plan" in done(*asked, code=3)
    done("run", "--until", "2024-05-07")
    billed = json.loads(done("statement", "A-1001", "--closing", "2024-05-05"))
    assert [each["amount"] for each in billed["lines"] if each["type"] == "instalment"] == made["parts"][:1]
    assert [each["kind"] for each in billed["charges"]].count("instalment") == 1
    settled = json.loads(done("instalment", "A-1001", "--of", "1", "--settle", "--json"))
    assert Decimal(settled["parts"][0]) == Decimal(made["amount"]) - Decimal(made["parts"][0])
    assert "no instalment plan with parts left" in done("instalment", "A-1001", "--of", "1", "--settle", code=3)
    done("run", "--until", "2024-06-07")
    assert cardwright("verify").stdout == ""


def test_parts_that_an_account_missed_while_it_was_parked_are_made_up_for_on_closed_days(
    embedded_database: Database, tmp_path: Path, cardwright: RunCardwright
) -> None:
    portfolio = Portfolio(embedded_database, tmp_path, instalments={"method": "flat", "fee_rate": "0.0085"}).begin()
    portfolio.transactions("transactions.csv", [["purchase", "1000.00", "A1", "2024-03-30"]])
    assert cardwright("run", "--until", "2024-04-07", database=embedded_database).returncode == 0
    assert cardwright("instalment", "A1", "--of", "new_balance", "--parts", "3", database=embedded_database).returncode == 0
    with embedded_database.connect() as connection:
        connection.execute("INSERT INTO parked_account (member_id, account_id, parked_on, step, reason)"
                           " VALUES (1, 1, '2024-05-05', '2024-05-05/post/0', 'told by hand')")
    assert cardwright("run", "--until", "2024-06-10", database=embedded_database).returncode == 1
    assert portfolio.rows("SELECT count(*) FROM posting WHERE type = 30") == [(0,)]
    released = cardwright("release", "A1", "--reason", "mended", database=embedded_database)
    assert released.returncode == 0, released.stderr
    assert portfolio.rows("SELECT posted_on, amount FROM posting WHERE type = 30 ORDER BY 1") == [
        (date(2024, 5, 5), 33334), (date(2024, 6, 5), 33333)]
    checked = cardwright("verify", database=embedded_database)
    assert (checked.returncode, checked.stdout) == (0, "")
