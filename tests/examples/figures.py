"""Figures of the statements of an example, by the names that `Example.expected` uses."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from billing.simulation import simulate
from statements.seal import seal_statements
from statements.simulated import simulated_document
from tests.examples.worked.record import Example, Table


def figures(example: Example) -> dict[str, Table]:
    """By closing date, the figures that the example expects, as the engine has them."""
    document = simulated_document(simulate(example.scenario(), seal_statements))
    statements = {each["cycle"]["closes_on"]: each for each in document["statements"]}
    return {on: {key: _figure(statements[on], key) for key in expected} for on, expected in example.expected.items()}


def _figure(statement: Table, key: str) -> Any:
    first, *rest = key.split(".")
    if first == "charge":
        charges = [each for each in statement["charges"] if each["kind"] == rest[0]]
        if rest[1:]:
            return ", ".join(each["on"] for each in charges)
        return str(sum((Decimal(each["amount"]) for each in charges), Decimal()))
    if first == "segment":
        return next((each[rest[1]] for each in statement["interest_by_segment"] if each["segment"] == rest[0]), "0.00")
    if first == "lines":
        return len(statement["lines"])
    found: Any = statement
    for part in (first, *rest):
        found = found[part]
    return found
