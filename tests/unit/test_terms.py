"""Terms as data: the reference's defaults, the document that is kept, and what other rooms ask of it."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fees.terms import BadTerms, Terms, terms_schema
from fees.terms_problems import keys_of

REFERENCE = (Path(__file__).parents[2] / "docs" / "reference" / "terms.md").read_text(encoding="utf-8")
EXAMPLES = [tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", REFERENCE, re.DOTALL)]
CREDIT: dict[str, Any] = EXAMPLES[0]
PREPAID: dict[str, Any] = {"kind": "prepaid", **EXAMPLES[1]}


def values(terms: Terms) -> dict[str, Any]:
    return terms.model_dump(mode="json")


def test_what_is_absent_takes_the_default_that_the_reference_shows() -> None:
    shown = {key: value for key, value in CREDIT.items() if key != "fees"}
    assert values(Terms.from_document(shown)) == values(Terms.from_document({}))


@pytest.mark.parametrize("table", [key for key, value in CREDIT.items() if isinstance(value, dict) and key != "fees"])
def test_so_does_every_single_key(table: str) -> None:
    for key in CREDIT[table]:
        less = {name: value for name, value in CREDIT[table].items() if name != key}
        assert values(Terms.from_document({**CREDIT, table: less})) == values(Terms.from_document(CREDIT)), f"{table}.{key}"


def test_prepaid_defaults_are_those_of_the_reference() -> None:
    assert values(Terms.from_document(PREPAID)) == values(Terms.from_document({"kind": "prepaid"}))
    assert Terms.from_document({}).prepaid is None


def test_every_key_is_in_the_reference() -> None:
    said = set(re.findall(r"[a-z0-9_]+", REFERENCE))
    missing = [key for key in keys_of(Terms) if key.split(".")[-1] not in said]
    assert missing == []


def test_names_of_the_file_are_names_in_code() -> None:
    terms = Terms.from_document(CREDIT)
    assert terms.product == "classic"
    assert terms.in_force_from == date(2023, 1, 1)
    assert terms.cycle.closing_day == 5
    assert [segment.name for segment in terms.interest.segment] == ["purchase", "cash_advance"]
    assert terms.interest.segment[0].daily_rate == Decimal("0.0005")
    assert terms.interest.segment_named("cash_advance").grace is False
    assert terms.minimum_payment.parts[0].percent == Decimal("0.1")
    assert terms.minimum_payment.parts[0].of == "new_purchases"
    assert terms.fees.annual is not None
    assert terms.fees.annual.waive_if_count == 6
    assert terms.fees.late_payment is not None
    assert terms.fees.late_payment.clause == "fees.late_payment"
    assert terms.interest.segment[0].clause == "interest.segment.purchase"
    assert terms.interest.over_limit.clause == "interest.over_limit"
    with pytest.raises(KeyError):
        terms.interest.segment_named("promotion")


def test_one_of_due_day_and_due_after_days() -> None:
    assert Terms.from_toml("").cycle.due_day == 23
    after = Terms.from_toml("[cycle]\ndue_after_days = 20").cycle
    assert (after.due_day, after.due_after_days) == (None, 20)


def test_segments_have_grace_by_their_kind() -> None:
    terms = Terms.from_toml('[[interest.segment]]\nname = "purchase"\nannual_rate = "0.18"\n'
                            '[[interest.segment]]\nname = "cash_advance"\nannual_rate = "0.2"')
    assert [segment.grace for segment in terms.interest.segment] == [True, False]
    assert [segment.rate_key for segment in terms.interest.segment] == ["annual_rate", "annual_rate"]


def test_over_limit_takes_another_rate_instead_of_its_default() -> None:
    over = Terms.from_toml('[interest.over_limit]\nannual_rate = "0.2"').interest.over_limit
    assert (over.daily_rate, over.annual_rate) == (None, Decimal("0.2"))


@pytest.mark.parametrize(("given", "kind"), [
    ('kind = "fixed", amount = 35', "fixed"),
    ('kind = "tiered", first = "25", repeat = "35", repeat_within_cycles = 6', "tiered"),
    ('kind = "percent_of_unpaid_minimum", percent = "0.05", floor = "10", cap = "50"', "percent_of_unpaid_minimum"),
    ('percent = "0.05"', "percent_of_unpaid_minimum"),
    ('kind = "percent_of_interest", percent = "0.1"', "percent_of_interest"),
    ('kind = "percent_of_balance", percent = "0.03", rounding_unit = "1"', "percent_of_balance"),
    ('kind = "slab", slabs = [{up_to = "100", amount = "0"}, {amount = "500"}], tax = "0.18"', "slab"),
    ('kind = "escalating", amounts = ["300", "400", "500"], cap_at = "minimum_due"', "escalating"),
    ('kind = "daily", per_day = "1", share_cap = "0.3", cap = "500", tolerance_days = 3', "daily"),
])
def test_every_kind_of_late_payment_fee_is_read(given: str, kind: str) -> None:
    fee = Terms.from_toml(f"[fees]\nlate_payment = {{{given}}}").fees.late_payment
    assert fee is not None
    assert fee.kind == kind


def test_promotional_segments_tiers_and_penalty_are_read() -> None:
    terms = Terms.from_toml("""
[[interest.segment]]
name = "purchase"
tiers = [{up_to = "1000.00", annual_rate = "0.15"}, {annual_rate = "0.10"}]
[[interest.segment]]
name = "cash_advance"
effective_annual_rate = "0.24"
[[interest.segment]]
name = "spring"
daily_rate = 0
grace = false
valid_days = 90
revert_to = "purchase"
deferred = true
[interest.penalty]
annual_rate = "0.2999"
""")
    tiers = terms.interest.segment[0].tiers
    assert tiers is not None
    assert [tier.up_to for tier in tiers] == [Decimal(1000), None]
    assert terms.interest.segment[2].revert_to == "purchase"
    assert (terms.interest.penalty.after_days_past_due, terms.interest.penalty.cured_after_on_time) == (60, 6)


@pytest.mark.parametrize(("given", "digits", "shown", "unit", "round_to"), [
    ('currency = "CNY"', 2, 2, 1, "0.01"),
    ('currency = "TWD"\n[interest]\nrounding_unit = "1"', 2, 0, 100, "1"),
    ('currency = "TWD"\n[interest]\nrounding_unit = 1', 2, 0, 100, "1"),
    ('currency = "CHF"\n[interest]\nrounding_unit = "0.05"', 2, 2, 1, "0.05"),
    ('currency = "SEK"\n[interest]\nrounding_unit = "0.5"\n[minimum_payment]\nround_to = "10"', 2, 1, 10, "10"),
    ('currency = "JPY"', 0, 0, 1, "1"),
    ('currency = "BHD"', 3, 2, 10, "0.01"),
])
def test_units_and_shown_digits(given: str, digits: int, shown: int, unit: int, round_to: str) -> None:
    terms = Terms.from_toml(given)
    assert (terms.digits, terms.shown_digits, terms.shown_unit) == (digits, shown, unit)
    assert terms.minimum_payment.round_to == Decimal(round_to)


def test_name_follows_the_code_unless_given() -> None:
    assert Terms.from_toml('product = "taiwan-classic"').name == "Taiwan Classic"
    assert Terms.from_toml('product = "x"\nname = "白金卡"').name == "白金卡"


def test_label() -> None:
    assert Terms.from_toml('product = "gold"\nin_force_from = 2024-02-29').label == "gold@2024-02-29"


@pytest.mark.parametrize("document", [CREDIT, PREPAID, {}, {"currency": "TWD", "interest": {"rounding_unit": "1"}}])
def test_the_document_kept_gives_the_same_terms_again(document: dict[str, Any]) -> None:
    terms = Terms.from_document(document)
    kept = json.loads(json.dumps(terms.document()))
    again = Terms.from_document(kept)
    assert again == terms
    assert values(again) == values(terms)
    assert again.document() == kept
    assert again.sha256() == terms.sha256()
    assert hash(again) == hash(terms)


def test_the_digest_is_of_what_is_said_not_of_how_it_is_spelt() -> None:
    one = Terms.from_toml('[fees]\njoining = {amount = "100.00"}\n[cycle]\nclosing_day = 7')
    same = Terms.from_toml('[cycle]\nclosing_day = 7\n[fees.joining]\namount = 100')
    other = Terms.from_toml('[fees]\njoining = {amount = "100.01"}\n[cycle]\nclosing_day = 7')
    assert one.sha256() == same.sha256()
    assert one.sha256() != other.sha256()
    assert len(one.sha256()) == 32


def test_toml_json_text_and_file_say_the_same(tmp_path: Path) -> None:
    text = 'product = "gold"\nin_force_from = 2024-01-01\n[fees]\njoining = {amount = "100.00"}\n'
    (tmp_path / "gold.toml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    terms = Terms.from_toml(text)
    (tmp_path / "gold.json").write_text(json.dumps(terms.document()), encoding="utf-8")
    assert Terms.from_toml(tmp_path / "gold.toml") == terms
    assert Terms.from_file(tmp_path / "gold.json") == terms


def test_terms_cannot_change() -> None:
    terms = Terms()
    with pytest.raises(ValueError, match="frozen"):
        terms.cycle.closing_day = 6  # type: ignore[misc]


def test_schema_knows_every_key_and_refuses_others() -> None:
    schema = terms_schema()
    assert set(schema["properties"]) == set(Terms.model_fields)
    assert schema["additionalProperties"] is False
    assert all(each.get("additionalProperties") is False for each in schema["$defs"].values())
    assert json.loads(json.dumps(schema)) == schema


def test_examples_that_come_along_are_readable() -> None:
    schedules = sorted((Path(__file__).parents[2] / "fees" / "schedules").glob("*.toml"))
    assert [Terms.from_file(path).product for path in schedules] == [path.stem for path in schedules]


def test_not_even_a_document() -> None:
    for document in ([], "text", 3, None):
        with pytest.raises(BadTerms, match="table"):
            Terms.from_document(document)


def test_a_segment_that_is_not_given_is_as_the_reference_shows_it() -> None:
    terms = Terms.from_document({"interest": {"segment": [{"name": "purchase", "annual_rate": "0.15"}]}})
    cash = terms.interest.segment_named("cash_advance")
    assert (cash.daily_rate, cash.grace) == (Decimal("0.0005"), False)
