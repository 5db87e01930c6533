"""Two engines, one bill, for accounts that hear of events late (rule 16)."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from tests.properties.two_engines import MANY, require_one_bill, scenarios


@MANY
@given(scenarios(late=True))
def test_both_engines_come_to_the_same_bill_where_events_come_in_late(document: dict[str, Any]) -> None:
    require_one_bill(document)
