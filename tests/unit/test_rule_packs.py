"""All rule packs: registered, documented, keys that exist, and the schedules that come along keep their law."""

from __future__ import annotations

from pathlib import Path

import pytest

from fees import schedule
from fees.rule_packs.check import RulePack
from fees.rule_packs.reference import reference
from fees.rule_packs.registry import PACKS
from fees.supported import RULE_PACKS
from fees.terms import Terms
from fees.terms_problems import keys_of
from tests.rule_pack_cases import found

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "rule-packs.md"
SCHEDULES = [Terms.from_file(path) for path in sorted(schedule.SCHEDULES.glob("*.toml"))]


def test_the_packs_are_those_that_terms_may_name() -> None:
    assert set(RULE_PACKS) == set(PACKS)


def test_the_reference_says_what_the_packs_say() -> None:
    assert REFERENCE.read_text(encoding="utf-8") == reference(), "write it anew: make docs"


@pytest.mark.parametrize("pack", PACKS.values(), ids=list(PACKS))
def test_a_pack_looks_at_keys_that_exist_and_names_each_check_once(pack: RulePack) -> None:
    names = [check.name for check in pack.checks]
    assert len(names) == len(set(names))
    known = set(keys_of(Terms))
    assert [key for check in pack.checks for key in check.keys if key not in known] == []


@pytest.mark.parametrize("pack", PACKS.values(), ids=list(PACKS))
def test_each_pack_has_a_schedule_that_keeps_its_law(pack: RulePack) -> None:
    of_pack = [terms for terms in SCHEDULES if terms.rule_pack == pack.country]
    assert of_pack
    assert [str(each) for terms in of_pack for each in found(terms) if each.check.level == "refused"] == []
