"""Two engines, one bill: the one that bills and the one that reperforms agree to the last minor unit on any supported terms."""

from __future__ import annotations

from typing import Any

from hypothesis import given

from tests.properties.two_engines import MANY, require_one_bill, scenarios


@MANY
@given(scenarios())
def test_both_engines_come_to_the_same_bill(document: dict[str, Any]) -> None:
    require_one_bill(document)
