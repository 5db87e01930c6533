"""The reference of portfolio files names every column as the code takes it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from accounts.intake.layout import FileLayout
from accounts.intake.layouts import LAYOUTS
from service.layouts import SERVICE_LAYOUTS

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "portfolio-files.md"


@pytest.mark.parametrize("layout", [*LAYOUTS.values(), *SERVICE_LAYOUTS.values()], ids=lambda layout: layout.kind)
def test_the_reference_has_the_columns_of_the_code(layout: FileLayout) -> None:
    sections = REFERENCE.read_text(encoding="utf-8").split("\n## ")
    section = next(each for each in sections if each.startswith(f"{layout.kind}\n"))
    rows = re.findall(r"^\| (\*\*)?`([a-z_]+)`(?:\*\*)? \|", section, re.MULTILINE)
    assert [(name, bool(bold)) for bold, name in rows] == [(column.name, column.required) for column in layout.columns]
