"""What is wrong with terms that were given: the key, what was given, what it takes, the nearest key that exists."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import takewhile
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from accounts.errors import Usage

#: How many problems the one line of an error names.
SAID_AT_ONCE = 4
Location = tuple[int | str, ...]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: under which key, what was given there (as TOML would show it), what the key takes."""

    key: str
    given: str | None
    allowed: str

    def __str__(self) -> str:
        return f"{self.key} {self.allowed}" if self.given is None else f"{self.key} = {self.given}: {self.allowed}"


class BadTerms(Usage):
    """Terms that cannot be read; carries where they stand and every problem found."""

    def __init__(self, where: str, problems: Sequence[Problem]) -> None:
        self.where, self.problems = where, tuple(problems)
        said = [str(problem) for problem in problems[:SAID_AT_ONCE]]
        if len(problems) > SAID_AT_ONCE:
            said.append(f"and {len(problems) - SAID_AT_ONCE} more, which `cardwright products lint` lists")
        super().__init__(f"{where}: " + "; ".join(said))


def shown(given: Any) -> str:
    """A value as TOML shows it, cut short where it is long."""
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, str):
        text = '"' + given.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    elif isinstance(given, list | tuple):
        text = "[" + ", ".join(shown(each) for each in given) + "]"
    elif isinstance(given, dict):
        text = "{" + ", ".join(f"{key} = {shown(each)}" for key, each in given.items()) + "}"
    elif given is None:
        text = "null"
    else:
        text = str(given)
    return text if len(text) <= 80 else text[:77] + "…"


def problems_of(error: ValidationError, model: type[BaseModel], document: Any) -> list[Problem]:
    """The problems that a validation found, each once, in the order of the document's keys."""
    found: dict[Problem, None] = {}
    for detail in error.errors(include_url=False):
        if detail["type"] != "default_factory_not_called":  # follows from another problem of the same table
            found[_problem(detail, model, document)] = None
    return list(found)


_ALLOWED = {
    "int_type": "a whole number", "int_from_float": "a whole number", "bool_type": "true or false",
    "string_type": "text in quotes",
    "model_type": "a table, like { … }", "dict_type": "a table, like { … }", "model_attributes_type": "a table, like { … }",
    "too_short": "at least one row",
}


def _problem(detail: ErrorDetails, model: type[BaseModel], document: Any) -> Problem:
    location, kind, context = detail["loc"], detail["type"], detail.get("ctx", {})
    given: str | None = shown(detail["input"])
    path = key_path(location, model, document)
    if kind == "extra_forbidden":
        return Problem(path, None, f"is not a key; {_nearest(location, path, model)}")
    if kind == "missing":
        return Problem(path, None, "is needed")
    if kind == "terms":
        if context["key"]:
            path = f"{path}.{context['key']}" if path else context["key"]
            given = _given_at(detail["input"], context["key"])
        allowed = f"takes {context['allowed']}"
    elif kind == "literal_error":
        allowed = f"takes {context['expected']}".replace("'", '"')
    elif kind in ("union_tag_invalid", "union_tag_not_found"):
        tagged = kind == "union_tag_invalid"
        path, given = (f"{path}.kind", shown(context["tag"])) if tagged else (path, given)
        tags = str(context.get("expected_tags", "")).replace("'", '"')
        allowed = f"takes one of {tags}" if tagged else "takes a table, like { … }"
    elif kind == "greater_than_equal":
        allowed = f"takes a whole number, {context['ge']} or more"
    elif kind == "less_than_equal":
        allowed = f"takes a whole number up to {context['le']}"
    else:
        allowed = f"takes {_ALLOWED[kind]}" if kind in _ALLOWED else detail["msg"]
    return Problem(path, given, allowed)


def _given_at(document: Any, key: str) -> str | None:
    for part in key.split("."):
        if isinstance(document, BaseModel):
            document = {name: getattr(document, name) for name in document.model_fields_set}
        document = document.get(part) if isinstance(document, dict) else None
    return None if document is None else shown(document)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Every table that a value of this annotation may be."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in typing.get_args(annotation):
        yield from _models_in(part)


def _step(tables: list[type[BaseModel]], part: str) -> list[type[BaseModel]] | None:
    """The tables under a key of one of these tables; None if the part is the name of a kind, not a key."""
    for table in tables:
        if part in table.model_fields:
            return list(_models_in(table.model_fields[part].annotation))
    kinds = [table for table in tables if "kind" in table.model_fields and table.model_fields["kind"].default == part]
    return kinds or None


def key_path(location: Location, model: type[BaseModel], document: Any) -> str:
    """A place in the terms as their reader names it: interest.segment.purchase.daily_rate, minimum_payment.parts[0].of."""
    tables: list[type[BaseModel]] = [model]
    path = ""
    for index, part in enumerate(location):
        if isinstance(part, int):
            row = _row(document, location[: index + 1])
            path += f".{row}" if row else f"[{part}]"
            continue
        narrowed = _step(tables, part)
        is_kind = len(tables) > 1 and narrowed is not None and not any(part in each.model_fields for each in tables)
        tables = narrowed if narrowed is not None else []
        if not is_kind:
            path += f".{part}" if path else part
    return path


def _row(document: Any, location: Location) -> str | None:
    """The name of a balance segment's row, so that it is named as its clause is."""
    for part in location:
        if isinstance(part, int):
            document = document[part] if isinstance(document, list | tuple) and part < len(document) else None
        else:
            document = document.get(part) if isinstance(document, dict) else None
    name = document.get("name") if isinstance(document, dict) and location[:2] == ("interest", "segment") else None
    return name if isinstance(name, str) and name.isidentifier() else None


def _nearest(location: Location, path: str, model: type[BaseModel]) -> str:
    """A suggestion for a key that does not exist: the closest of its table or of the whole terms, or all of its table."""
    tables: list[type[BaseModel]] = [model]
    for part in location[:-1]:
        if isinstance(part, str):
            tables = _step(tables, part) or []
    wrong, takes = str(location[-1]), list(dict.fromkeys(key for table in tables for key in table.model_fields))
    close = get_close_matches(wrong, takes, n=1, cutoff=0.6)
    if close:
        return f"did you mean {path[: len(path) - len(wrong)]}{close[0]}?"
    everywhere = keys_of(model)
    if path in everywhere:
        return "this kind of it takes " + ", ".join(takes)
    near = get_close_matches(wrong, {each.split(".")[-1] for each in everywhere}, n=1, cutoff=0.8)
    places = _closest([each for each in everywhere if near and each.split(".")[-1] == near[0]], path)
    if len(places) == 1 and "." not in places[0]:
        return f"did you mean {places[0]} at the top, before the first [table]?"
    if places:
        return f"did you mean {' or '.join(places[:3])}?"
    return "its table takes " + ", ".join(takes)


def _closest(places: list[str], path: str) -> list[str]:
    """Those places that share most tables with a path; none if there are too many of them to be of help."""
    def shared(place: str) -> int:
        return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(place.split("."), path.split("."), strict=False))))

    most = max(map(shared, places), default=0)
    closest = [place for place in places if shared(place) == most]
    return closest if most or len(closest) <= 3 else []


def keys_of(model: type[BaseModel], prefix: str = "") -> list[str]:
    """Every key of the terms as a path, rows of a list without their number."""
    keys = []
    for name, field in model.model_fields.items():
        keys.append(prefix + name)
        for table in dict.fromkeys(_models_in(field.annotation)):
            keys += [key for key in keys_of(table, f"{prefix}{name}.") if key not in keys]
    return keys
