"""What each portfolio file looks like: its columns, which of them it must have, and what their cells may say.

The JSON Schemas of the files and the checks of the rows are made from the same lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from accounts.intake.cells import CellRule

SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"

#: Columns that no file may carry: what is printed on or stored in a card to prove that it is at hand is never kept.
_FORBIDDEN = re.compile(
    r"(card)?(cvv|cvc|cvn|csc)[0-9]?(code)?|(card)?(security|verification)(code|value)|(card)?pin(block)?|track[0-9](data)?"
)


@dataclass(frozen=True)
class Column:
    """One column of a portfolio file. about: one line for people."""

    name: str
    rule: CellRule
    about: str
    required: bool = False


@dataclass(frozen=True)
class FileLayout:
    """One kind of portfolio file.

    kind: how its names begin. either: groups of columns of which a row needs at least one.
    """

    kind: str
    about: str
    columns: tuple[Column, ...]
    either: tuple[tuple[str, ...], ...] = ()

    def column(self, name: str) -> Column:
        """The column of that name. Raises KeyError if the file has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns that are taken in."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that every row must fill."""
        return tuple(column.name for column in self.columns if column.required)

    def json_schema(self) -> dict[str, Any]:
        """JSON Schema of one row of the file, every cell as text; an absent or empty cell is left out."""
        schema: dict[str, Any] = {
            "$schema": SCHEMA_DIALECT,
            "$id": f"cardwright.file.{self.kind}/1",
            "title": f"a row of {self.kind}.csv",
            "description": self.about,
            "type": "object",
            "properties": {
                column.name: {**column.rule.schema, "description": _described(column)} for column in self.columns
            },
            "required": list(self.required),
            "additionalProperties": True,
        }
        if self.either:
            schema["allOf"] = [{"anyOf": [{"required": [name]} for name in group]} for group in self.either]
        return schema


def _described(column: Column) -> str:
    bounds = column.rule.schema.get("description")
    return f"{column.about} ({bounds})" if bounds else column.about


def is_forbidden(column_name: str) -> bool:
    """Whether a column of that name would hold a card's verification value, PIN or track."""
    return bool(_FORBIDDEN.fullmatch(re.sub(r"[^a-z0-9]", "", column_name.lower())))
