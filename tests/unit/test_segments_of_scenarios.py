"""A scenario's event names a segment of the terms that its cycle is billed on: those in force on the cycle's first day."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from accounts.errors import Usage
from billing.scenario import Scenario

CASH = {"name": "cash_advance", "daily_rate": "0.0005"}


def _scenario(on: date, **more: Any) -> Scenario:
    """Version two brings the segment spring on 20 March 2024; cycles close on the 5th."""
    versions = [{"product": "p", "in_force_from": since, "interest": {"segment": [
        {"name": "purchase", "daily_rate": "0.0005"}, CASH, *rows]}} for since, rows in (
            (date(2024, 1, 1), []), (date(2024, 3, 20), [{"name": "spring", "annual_rate": "0"}]))]
    return Scenario.from_document({
        "account": {"opened_on": date(2024, 2, 6), "credit_limit": "1000"}, "until": date(2024, 5, 5), "terms": versions,
        "events": [{"on": on, "type": "purchase", "amount": "10.00", "segment": "spring", **more}]}, Path("s.toml"))


@pytest.mark.parametrize(("on", "posted_on", "cycle"), [
    (date(2024, 3, 10), None, "2024-03-06"), (date(2024, 3, 20), None, "2024-03-06"), (date(2024, 4, 5), None, "2024-03-06"),
    (date(2024, 4, 6), None, None), (date(2024, 4, 5), date(2024, 4, 6), None),
])
def test_a_segment_of_a_later_version_holds_from_the_next_cycle_on(on: date, posted_on: date | None, cycle: str | None) -> None:
    more = {} if posted_on is None else {"posted_on": posted_on}
    if cycle is None:
        assert _scenario(on, **more).events[0].segment == "spring"
        return
    with pytest.raises(Usage) as refused:
        _scenario(on, **more)
    assert str(refused.value) == (
        f"s.toml: events.0.segment: the cycle from {cycle} on, which it posts in, has no segment spring: a version that comes "
        "within a cycle brings it to the next one; it has purchase, cash_advance")
