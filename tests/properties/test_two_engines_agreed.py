"""Two engines, one bill, for accounts with hardship, payment holidays, re-ages and charge-offs (rule 13)."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from tests.properties.two_engines import MANY, require_one_bill, scenarios


@MANY
@given(scenarios(agreed=True))
def test_both_engines_come_to_the_same_bill_whatever_was_agreed(document: dict[str, Any]) -> None:
    require_one_bill(document)
