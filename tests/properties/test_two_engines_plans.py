"""Two engines, one bill, for accounts with instalment plans (rule 14)."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from tests.properties.two_engines import MANY, require_one_bill, scenarios


@MANY
@given(scenarios(plans=True))
def test_both_engines_come_to_the_same_bill_with_instalment_plans(document: dict[str, Any]) -> None:
    require_one_bill(document)
