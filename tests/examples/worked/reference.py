"""Writes docs/reference/worked-examples.md: `python -m tests.examples.worked.reference`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.examples.worked.book import NOT_OURS, TOPICS
from tests.examples.worked.record import Example, Reckoned

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "worked-examples.md"

_INTRODUCTION = """# Worked examples

{ids} examples that regulators, banks, textbooks and consumer guides have published. {ours} are calculations of a credit
bill; they run through `cardwright simulate` in `tests/examples/test_worked_examples.py` and come out to the last digit,
{printed} of them not as printed, because what the source prints does not follow from its own rule. Those whose fees the
[second engine](billing-rules.md) works out run through that one too. {not_ours} are of another kind. An example of several
situations has several rows, {rows} in all. The data, with terms and events, is in `tests/examples/worked/`; this page is
written from it.

"Numbers ours" means that the source gives the rule and not the amounts. A date in the result is that of the statement.
"""


def page() -> str:
    """The whole page."""
    rows = [each for topic in TOPICS.values() for each in topic]
    ours, not_ours = {each.id for each in rows}, {each.id for each in NOT_OURS}
    counts = {"ids": len(ours | not_ours), "ours": len(ours), "printed": len({each.id for each in rows if each.printed}),
              "not_ours": len(not_ours), "rows": len(rows)}
    parts = [_INTRODUCTION.format(**counts)]
    for topic, examples in TOPICS.items():
        parts.append(f"\n## {topic}\n\n" + _table(
            ("example", "source", "what is shown", "result", "status"),
            ((each.name, each.source, each.shows, _result(each), _status(each)) for each in examples)))
    parts.append("\n## Not calculations of a credit bill\n\n" + _table(
        ("example", "source", "what is shown", "why not"),
        ((each.id, each.source, each.shows, each.reason) for each in NOT_OURS)))
    return "".join(parts)


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def _result(example: Example | Reckoned) -> str:
    if isinstance(example, Reckoned):
        return example.expected
    return "; ".join(f"{on}: " + ", ".join(_figure(key, value) for key, value in figures.items())
                     for on, figures in example.expected.items())


def _figure(key: str, value: Any) -> str:
    kind, *rest = key.split(".")
    if kind == "charge":
        return f"`{rest[0]}` on {value}" if len(rest) > 1 else f"`{rest[0]}` {value}"
    if kind == "segment":
        return f"`{rest[1]}` of {rest[0]} {value}"
    return f"`{key}` {value}"


def _status(example: Example | Reckoned) -> str:
    status = f"the source prints {example.printed}" if example.printed else "passes"
    return f"{status}. {example.reading}" if example.reading else status


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
