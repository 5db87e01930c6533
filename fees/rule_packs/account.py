"""Counter-examples: one account as a scenario, made of terms and a few events, and its text as TOML."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from accounts.calendar import closing_on, due_on, first_closing
from fees.rule_packs.check import CounterExample
from fees.terms import Terms

Event = dict[str, Any]


def account(shows: str, terms: Terms | Sequence[Terms], events: Sequence[Event], until: date, *, opened_on: date | None = None,
            credit_limit: str = "100000", opening: dict[str, Any] | None = None,
            over_limit_opt_in: bool = False) -> CounterExample:
    """An account on these terms (or versions of them) to which these events happen, billed up to a day.

    opening: the state of an account already under way, as a scenario gives it; over_limit_opt_in: the holder agreed to an
    over-limit fee.
    """
    versions = [terms] if isinstance(terms, Terms) else list(terms)
    opened_on = opened_on or cycle_dates(versions[0])[0]
    documents = [each.document() for each in versions]
    return CounterExample(shows, {
        "account": {"opened_on": opened_on, "credit_limit": credit_limit,
                    **({"over_limit_opt_in": True} if over_limit_opt_in else {})},
        "until": until,
        **({} if opening is None else {"opening": opening}),
        "terms": documents[0] if len(documents) == 1 else documents,
        "events": sorted(events, key=lambda event: event["on"]),
    })


def event(on: date, event_type: str, amount: Decimal | int | str, **more: Any) -> Event:
    """An event of a scenario."""
    return {"on": on, "type": event_type, "amount": str(amount), **more}


def cycle_dates(terms: Terms, cycles: int = 3) -> tuple[date, list[date]]:
    """A whole first cycle under the terms: the day after a closing on which an account opens, and the closings after it."""
    day = terms.cycle.closing_day
    before = first_closing(terms.in_force_from, day)
    return before + timedelta(days=1), [closing_on(before, number, day) for number in range(2, 2 + cycles)]


def due_dates(terms: Terms, closings: Sequence[date]) -> list[date]:
    """When the statements of these closings are due."""
    return [due_on(closing, terms.cycle) for closing in closings]


def scenario_toml(example: CounterExample) -> str:
    """The scenario as a file for `cardwright simulate`, with what it shows as a comment on top."""
    return f"# {example.shows}\n\n" + "\n".join(_table(example.scenario, ()))


def _table(table: dict[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """The lines of a TOML table: values first, then the tables in it, lists of tables as [[…]]."""
    nested = {key: value for key, value in table.items() if _is_table(value) or _is_rows(value)}
    for key, value in table.items():
        if key not in nested:
            yield f"{key} = {_value(value)}"
    for key, value in nested.items():
        name = ".".join((*path, key))
        for row in value if isinstance(value, list) else [value]:
            yield f"\n[[{name}]]" if isinstance(value, list) else f"\n[{name}]"
            yield from _table(row, (*path, key))
    if not path:
        yield ""


def _is_table(value: Any) -> bool:
    return isinstance(value, dict)


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _value(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return "[" + ", ".join(_value(each) for each in value) + "]"
    return json.dumps(value, ensure_ascii=False)  # TOML's basic strings, numbers and true or false are written as JSON's
