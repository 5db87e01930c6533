"""Published worked examples through `simulate`: each figure as the statement prints it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from billing.simulation import simulate
from statements.seal import seal_statements
from statements.simulated import simulated_document
from tests.examples.worked.book import EXAMPLES, NOT_OURS, RECKONED
from tests.examples.worked.pending import PENDING
from tests.examples.worked.record import Example, Reckoned
from tests.examples.worked.reference import PAGE, page


def figure(statement: dict[str, Any], key: str) -> Any:
    """A figure of a statement by the names of `Example.expected`."""
    if key.startswith("charge."):
        _, kind, *on = key.split(".")
        charges = [each for each in statement["charges"] if each["kind"] == kind]
        return ", ".join(each["on"] for each in charges) if on else str(sum((Decimal(each["amount"]) for each in charges),
                                                                            Decimal()))
    if key.startswith("segment."):
        _, name, column = key.split(".")
        return next((each[column] for each in statement["interest_by_segment"] if each["segment"] == name), "0.00")
    for part in key.split("."):
        statement = statement[part]
    return statement


def statements(example: Example) -> dict[str, dict[str, Any]]:
    document = simulated_document(simulate(example.scenario(), seal_statements))
    return {each["cycle"]["closes_on"]: each for each in document["statements"]}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_published_example(example: Example, request: pytest.FixtureRequest) -> None:
    if example.name in PENDING:
        request.applymarker(pytest.mark.xfail(reason="not charged yet"))
    found = statements(example)
    shown = {on: {key: figure(found[on], key) for key in figures} for on, figures in example.expected.items()}
    assert shown == example.expected, example.source


@pytest.mark.parametrize("example", RECKONED, ids=lambda example: example.name)
def test_published_projection(example: Reckoned) -> None:
    assert example.found() == example.expected, example.source


def test_every_published_example_is_told_once() -> None:
    told = [example.name for example in (*EXAMPLES, *RECKONED)]
    ours, not_ours = {example.id for example in (*EXAMPLES, *RECKONED)}, [example.id for example in NOT_OURS]
    assert len(set(told)) == len(told)
    assert len(set(not_ours)) == len(not_ours)
    assert not ours & set(not_ours)
    assert len(ours) + len(not_ours) == 135


def test_the_reference_is_written_from_the_examples() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tests.examples.worked.reference"
