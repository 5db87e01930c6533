"""Published worked examples through `simulate`: each figure as the statement prints it."""

from __future__ import annotations

import pytest

from tests.examples.figures import figures
from tests.examples.worked.book import EXAMPLES, NOT_OURS, RECKONED
from tests.examples.worked.record import Example, Reckoned
from tests.examples.worked.reference import PAGE, page


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_published_example(example: Example) -> None:
    assert figures(example) == example.expected, example.source


@pytest.mark.parametrize("example", RECKONED, ids=lambda example: example.name)
def test_published_projection(example: Reckoned) -> None:
    assert example.found() == example.expected, example.source


def test_every_published_example_is_told_once() -> None:
    told = [example.name for example in (*EXAMPLES, *RECKONED)]
    ours, not_ours = {example.id for example in (*EXAMPLES, *RECKONED)}, [example.id for example in NOT_OURS]
    assert len(set(told)) == len(told)
    assert len(set(not_ours)) == len(not_ours)
    assert not ours & set(not_ours)
    assert len(ours) + len(not_ours) == 136


def test_the_reference_is_written_from_the_examples() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tests.examples.worked.reference"
