"""Cases as tables of text: one line a case, the last column says why."""

from __future__ import annotations


def cases(table: str) -> list[dict[str, str]]:
    """The rows of a table whose first line names the columns; cells are stripped, blank lines left out."""
    lines = [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines() if line.strip()]
    header, rows = lines[0], lines[1:]
    for row in rows:
        assert len(row) == len(header), f"{row} has {len(row)} cells, the header {len(header)}"
    return [dict(zip(header, row, strict=True)) for row in rows]


def named(case: dict[str, str]) -> str:
    """What a test run calls a case: why it is there."""
    return case["why"]
