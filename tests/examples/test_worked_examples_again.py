"""The same examples through the second engine, which is written from docs/reference/billing-rules.md alone."""

from __future__ import annotations

import pytest

from accounts.money import minor_units
from statements.reperformance import reperform
from statements.reperformance.covered import NotReperformed, require_reperformed
from tests.examples.test_awkward_truth import HISTORIES
from tests.examples.worked.book import EXAMPLES
from tests.examples.worked.record import Example, Table


def amounts(expected: Table) -> Table:
    """Of the figures of a statement those that the second engine knows by the same name, as they are printed."""
    return {key: amount for key, amount in expected.items() if "." not in key and key not in (
        "grace", "payment_due_on", "days_past_due", "available_credit", "lines")}


def covered(example: Example) -> bool:
    """Whether the second engine works out all that the example asks for."""
    try:
        require_reperformed(example.scenario())
    except NotReperformed:
        return False
    return True


AGAIN = [example for example in (*EXAMPLES, *HISTORIES) if covered(example)]


def test_most_examples_are_billed_again() -> None:
    assert len(AGAIN) > 0.7 * len([*EXAMPLES, *HISTORIES])


@pytest.mark.parametrize("example", AGAIN, ids=lambda example: example.name)
def test_example_again(example: Example) -> None:
    scenario = example.scenario()
    statements = {each.closing.isoformat(): each for each in reperform(scenario)}
    digits = scenario.terms[0].digits
    for on, expected in example.expected.items():
        known = amounts(expected)
        assert {key: statements[on].figures[key] for key in known} == {
            key: minor_units(amount, digits) for key, amount in known.items()}, example.source
        if "grace" in expected:
            assert statements[on].grace_kept == (expected["grace"] == "kept"), example.source
        if "payment_due_on" in expected:
            assert statements[on].due_on.isoformat() == expected["payment_due_on"], example.source
