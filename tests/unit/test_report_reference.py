"""The reference names every report, group, measure and check that there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reports.catalogue import LATER_REPORTS, REPORTS
from reports.rendering import Format
from statements.verify import CHECKS
from statements.verify_reperform import Reperformed, statements_reperform

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("name", list(REPORTS))
def test_every_group_and_measure_is_explained(name: str) -> None:
    text = (DOCS / "reference" / "reports.md").read_text("utf-8")
    sections = {part.partition("\n")[0]: part for part in re.split(r"^## ", text, flags=re.M)}
    for each in (*REPORTS[name].dimensions, *REPORTS[name].measures):
        assert f"`{each.name}`" in sections[name]


def test_what_is_not_in_this_release_is_said() -> None:
    text = (DOCS / "reference" / "reports.md").read_text("utf-8")
    assert all(f"`{name}`" in text for name in (*LATER_REPORTS, *Format))


def test_every_check_is_explained() -> None:
    text = (DOCS / "how-to" / "verify-the-books.md").read_text("utf-8")
    assert re.findall(r"^\| `(\w+)` \|", text, re.M) == [each.name for each in (*CHECKS, statements_reperform(Reperformed()))]
