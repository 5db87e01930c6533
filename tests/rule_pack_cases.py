"""What the tests of the rule packs share: good terms with something changed, what breaks, and an account billed."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

from billing.scenario import Scenario
from billing.simulation import simulate
from fees import schedule
from fees.rule_packs.account import scenario_toml
from fees.rule_packs.check import Case, CounterExample
from fees.rule_packs.registry import Broken, broken
from fees.supported import unsupported
from fees.terms import Terms, read_document
from statements.seal import seal_statements
from statements.simulated import simulated_document


def changed(name: str, toml: str = "") -> Terms:
    """A schedule that comes along, with the tables and keys of a piece of TOML put over its own."""
    document = read_document(schedule.SCHEDULES / f"{name}.toml")
    return Terms.from_document(_over(document, tomllib.loads(toml)))


def _over(document: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    merged = dict(document)
    for key, value in more.items():
        table = isinstance(value, dict) and isinstance(merged.get(key), dict) and key != "late_payment"
        merged[key] = _over(merged[key], value) if table else value
    return merged


def found(terms: Terms, earlier: Terms | None = None, **more: Any) -> list[Broken]:
    """Every check that terms break."""
    return list(broken(Case(terms, earlier, **more)))


def billed(example: CounterExample) -> list[dict[str, Any]] | None:
    """The statements of a counter-example; None where this release does not charge its terms."""
    document = tomllib.loads(scenario_toml(example))
    versions = document["terms"] if isinstance(document["terms"], list) else [document["terms"]]
    if any(unsupported(Terms.from_document(each)) for each in versions):
        return None
    done = simulate(Scenario.from_document(document, Path("counter-example.toml")), seal_statements)
    statements: list[dict[str, Any]] = simulated_document(done)["statements"]
    return statements


def charged(statements: list[dict[str, Any]], kind: str, last: bool = False) -> Decimal:
    """What charges of a kind come to, on all statements or on the last one."""
    counted = statements[-1:] if last else statements
    return sum((Decimal(each["amount"]) for one in counted for each in one["charges"] if each["kind"] == kind), Decimal(0))
