"""Two engines, one bill, for accounts whose holders dispute debits, wholly or in part (rule 15)."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from tests.properties.two_engines import MANY, require_one_bill, scenarios


@MANY
@given(scenarios(disputes=True))
def test_both_engines_come_to_the_same_bill_whatever_is_disputed(document: dict[str, Any]) -> None:
    require_one_bill(document)
