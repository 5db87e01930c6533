"""What statements of the books say of paying off is what the same accounts say alone, balances of every segment among them."""

from __future__ import annotations

import random

import jsonschema  # type: ignore[import-untyped]

from accounts.database import Database
from billing.simulation import simulate
from statements.compose import compose
from statements.explain import explain, explanation_lines
from statements.explain_payoff import explain_payoff
from statements.history import read_history
from statements.issued import issued_facts
from statements.payoff import owed_at_closing
from statements.schema import json_schema
from statements.seal import seal_statements
from statements.simulated import simulated_facts
from tests.integration.books_of_scenarios import open_books, run_days
from tests.integration.test_nightly_equals_simulation import FIRST_ON, UNTIL, random_scenario

TERMS = {
    "disclosures": {"payoff": True},
    "interest": {"day_count": "actual/actual", "segment": [
        {"name": "later", "annual_rate": "0.05", "grace": False, "valid_days": 45},
        {"name": "purchase", "tiers": [{"up_to": "500.00", "annual_rate": "0.12"}, {"effective_annual_rate": "0.20"}]}]},
}


def test_books_and_accounts_alone_say_the_same(embedded_database: Database) -> None:
    chance = random.Random(3)
    scenarios = [random_scenario(chance, TERMS, "") for _ in range(12)]
    with embedded_database.connect() as connection:
        open_books(connection, scenarios, FIRST_ON)
        run_days(connection, FIRST_ON, UNTIL)
    with embedded_database.connect() as connection:
        issued = list(issued_facts(connection))
    said = {(each.account, each.row["closes_on"]): compose(each)["payoff"] for each in issued}
    assert any(parcel.ends_on for each in issued for parcel in owed_at_closing(each).principal)
    assert [owed_at_closing(each).total for each in issued] == [max(each.row["new_balance"], 0) for each in issued]
    alone = {}
    for number, scenario in enumerate(scenarios, 1):
        for each in simulate(scenario, seal_statements).statements:
            alone[f"A{number}", each.row["closes_on"]] = compose(simulated_facts(f"A{number}", each))["payoff"]
    assert said == alone
    with embedded_database.connect() as connection:
        told = explain(read_history(connection, issued[-1].account), "zh")
    jsonschema.validate(told, json_schema("explanation"))
    assert told["payoff"] == explain_payoff(issued[-1], "zh")
    assert "还清欠款测算" in list(explanation_lines(told, "CNY"))
