"""A version that comes into force within a cycle: the statement prints both rates with their days, from the books as alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from accounts.database import Database
from billing.scenario import Scenario
from billing.simulation import simulate
from statements.compose import compose
from statements.facts import Letterhead
from statements.issued import issued_facts
from statements.page import page_of
from statements.seal import seal_statements
from statements.simulated import simulated_facts
from tests.integration.books_of_scenarios import open_books, run_days

FIRST_ON, UNTIL = date(2023, 3, 6), date(2023, 7, 5)


def _version(since: date, rate: str, clause: str, over_limit: str) -> dict[str, Any]:
    return {"product": "classic", "currency": "CNY", "in_force_from": since, "interest": {
        "over_limit": {"daily_rate": over_limit},
        "segment": [{"name": "purchase", "daily_rate": rate, "clause": clause},
                    {"name": "cash_advance", "daily_rate": "0.0005"}]}}


def _scenario() -> Scenario:
    return Scenario.from_document({
        "account": {"opened_on": FIRST_ON, "credit_limit": "900.00"}, "until": UNTIL,
        "terms": [_version(date(2023, 1, 1), "0.0005", "A", "0.0006"), _version(date(2023, 4, 20), "0.0005", "B", "0.0006"),
                  _version(date(2023, 5, 20), "0.0004", "B", "0.0003")],
        "events": [{"on": date(2023, 3, 30), "type": "purchase", "amount": "1000.00"},
                   {"on": date(2023, 4, 1), "type": "cash_advance", "amount": "100.00"}]}, Path("s.toml"))


def test_both_rates_are_told_with_their_days(embedded_database: Database) -> None:
    scenario = _scenario()
    with embedded_database.connect() as connection:
        open_books(connection, [scenario], FIRST_ON)
        run_days(connection, FIRST_ON, UNTIL)
        issued = [compose(each) for each in issued_facts(connection)]
    alone = [compose(simulated_facts("A1", each)) for each in simulate(scenario, seal_statements).statements]
    assert [each["interest_by_segment"] for each in issued] == [each["interest_by_segment"] for each in alone]
    told = [{row["segment"]: [(rate["rate"], rate["from"], rate["to"]) for rate in row.get("rates", ())]
             for row in each["interest_by_segment"]} for each in issued]
    changed = [("2023-05-05", "2023-05-19"), ("2023-05-20", "2023-06-04")]
    assert all(not rates for row in told[:2] for rates in row.values()), "another clause is not another rate"
    assert told[2] == {
        "purchase": [("0.0005", *changed[0]), ("0.0004", *changed[1])], "cash_advance": [],
        "over_limit": [("0.0006", *changed[0]), ("0.0003", *changed[1])]}
    assert told[3] == {"purchase": [], "cash_advance": [], "over_limit": []}
    assert [row["rate"] for row in issued[3]["interest_by_segment"]] == ["0.0004", "0.0005", "0.0003"]
    shown = {row["segment"]: row["rate"] for row in page_of(issued[2], Letterhead(language="en"))["interest"]}
    assert shown["Purchases"] == "0.05 % a day, 2023-05-05 to 2023-05-19; 0.04 % a day, 2023-05-20 to 2023-06-04"
