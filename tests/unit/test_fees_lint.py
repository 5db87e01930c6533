"""Lint: what stands in the way of loading a schedule, and what is likely not meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from fees.lint import lint_file, load_schedule
from fees.terms import BadTerms

STATED = 'product = "gold"\ncurrency = "CNY"\nin_force_from = 2024-01-01\n'


def found(tmp_path: Path, toml: str) -> list[tuple[str, str]]:
    path = tmp_path / "gold.toml"
    path.write_text(toml, encoding="utf-8")
    return [(each.level, each.message) for each in lint_file(path)]


def test_nothing_to_say(tmp_path: Path) -> None:
    assert found(tmp_path, STATED) == []


def test_what_a_schedule_has_to_state(tmp_path: Path) -> None:
    said = found(tmp_path, "[cycle]\nclosing_day = 7")
    assert said == [("refused", f"{key} has to be stated in a schedule that is loaded")
                    for key in ("product", "currency", "in_force_from")]
    with pytest.raises(BadTerms, match="product has to be stated"):
        load_schedule(tmp_path / "gold.toml")


def test_every_problem_and_everything_not_charged(tmp_path: Path) -> None:
    assert [level for level, _ in found(tmp_path, "\n".join(f"key{number} = 1" for number in range(9)))] == ["refused"] * 9
    said = found(tmp_path, STATED + '[benefits]\ninterest_forgiveness_days = 0')
    assert said == [
        ("refused", 'benefits.interest_forgiveness_days = 0 is not charged by this release; it takes its default, 3: it limits '
         "what a member's entitlement may carry, and in this release no member has one")]


@pytest.mark.parametrize(("toml", "said"), [
    ('[[interest.segment]]\nname = "purchase"\ndaily_rate = "0.05"\n'
     '[[interest.segment]]\nname = "cash_advance"\nannual_rate = "1"',
     "interest.segment.purchase.daily_rate makes 1825 % a year; is that meant?"),
    ('[minimum_payment]\nparts = []\nadd = []\n[fees]\nlate_payment = {kind = "fixed", amount = 1}',
     "minimum_payment is always zero, so fees.late_payment is never charged"),
    ('[minimum_payment]\nfloor_before = ["interest"]', "minimum_payment.floor_before says nothing, because floor is zero"),
    ('[fees]\njoining = {amount = 1, clause = "§5"}\nservice = {amount = 1, clause = "§5"}',
     "fees.service and fees.joining name the same clause, §5; a holder cannot tell them apart"),
])
def test_what_is_likely_not_meant(tmp_path: Path, toml: str, said: str) -> None:
    assert found(tmp_path, STATED + toml) == [("note", said)]


def test_an_effective_rate_is_doubted_like_any_other(tmp_path: Path) -> None:
    levels = [level for level, _ in found(
        tmp_path, STATED + '[[interest.segment]]\nname = "purchase"\neffective_annual_rate = "2"\n'
        '[[interest.segment]]\nname = "cash_advance"\ndaily_rate = "0"')]
    assert levels == ["note"]


def test_the_schedules_that_come_along_have_no_findings_but_notes_of_their_rule_packs() -> None:
    for path in (Path(__file__).parents[2] / "fees" / "schedules").glob("*.toml"):
        assert [each.message for each in lint_file(path) if each.level == "refused" or each.check is None] == []
