"""What a reader is told about terms that are wrong: the key, what was given, what it takes, the nearest key."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fees.terms import LARGEST_FILE, BadTerms, Terms
from tests.unit.test_terms import CREDIT, PREPAID

Step = str | int


def problems(source: Any) -> list[str]:
    with pytest.raises(BadTerms) as caught:
        Terms.from_toml(source) if isinstance(source, str | Path) else Terms.from_document(source, "gold.toml")
    return [str(problem) for problem in caught.value.problems]


def keys(table: Any, path: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], Any]]:
    """Every key of a document with its value, tables within lists too."""
    rows = table.items() if isinstance(table, dict) else enumerate(table)
    for key, value in rows:
        if isinstance(table, dict):
            yield (*path, key), value
        if isinstance(value, dict) or (isinstance(value, list) and value and isinstance(value[0], dict)):
            yield from keys(value, (*path, key))


def with_change(document: dict[str, Any], path: tuple[Step, ...], key: str, value: Any) -> dict[str, Any]:
    """The document with the key at the end of a path taken away and another one put there."""
    changed = copy.deepcopy(document)
    table: Any = changed
    for part in path[:-1]:
        table = table[part]
    del table[path[-1]]
    table[key] = value
    return changed


EVERY_KEY = [(CREDIT, path, value) for path, value in keys(CREDIT)] + [
    (PREPAID, path, value) for path, value in keys(PREPAID) if path != ("kind",)]
NAMED = [f"{'.'.join(map(str, path))}" for _, path, _ in EVERY_KEY]


@pytest.mark.parametrize(("document", "path", "value"), EVERY_KEY, ids=NAMED)
def test_a_slip_in_any_key_is_named_with_the_key_that_was_meant(document: dict[str, Any], path: tuple[Step, ...],
                                                               value: Any) -> None:
    right = str(path[-1])
    wrong = right[0] + right[2:] if len(right) > 3 else right + "s"
    said = [each for each in problems(with_change(document, path, wrong, value)) if "is not a key" in each]
    assert len(said) == 1
    named, _, advice = said[0].partition(" is not a key; ")
    assert named.split(".")[-1] == wrong
    assert right in advice


@pytest.mark.parametrize(("document", "path", "value"), EVERY_KEY, ids=NAMED)
def test_a_float_is_taken_nowhere(document: dict[str, Any], path: tuple[Step, ...], value: Any) -> None:
    said = problems(with_change(document, path, str(path[-1]), 0.5))
    assert any(str(path[-1]) in each and ("0.5" in each or "table" in each or "list" in each) for each in said)


@pytest.mark.parametrize(("document", "path", "value"), EVERY_KEY, ids=NAMED)
def test_nonsense_is_taken_nowhere_and_named(document: dict[str, Any], path: tuple[Step, ...], value: Any) -> None:
    for nonsense in (None, -1, {"x": 1}, [[]], "\x00", True):
        if isinstance(value, bool) and nonsense is True:
            continue
        said = problems(with_change(document, path, str(path[-1]), nonsense))
        assert any(str(path[-1]) in each for each in said), said


@pytest.mark.parametrize(("toml", "said"), [
    ('curency = "CNY"', "curency is not a key; did you mean currency?"),
    ('[cycle]\nin_force_from = 2023-01-01',
     "cycle.in_force_from is not a key; did you mean in_force_from at the top, before the first [table]?"),
    ('[interest]\ndaly_rate = "0.0005"', "interest.daly_rate is not a key; did you mean interest.segment.daily_rate or "
     "interest.segment.tiers.daily_rate or interest.over_limit.daily_rate?"),
    ('[[interest.segment]]\nname = "purchase"\ndaly_rate = "0.1"\n[[interest.segment]]\nname = "cash_advance"\ndaily_rate = 0',
     "interest.segment.purchase.daly_rate is not a key; did you mean interest.segment.purchase.daily_rate?"),
    ('[fees]\nlate_payment = {kind = "fixed", amount = 1, florr = 2}',
     "fees.late_payment.florr is not a key; did you mean fees.late_payment.floor?"),
    ('[fees]\nlate_payment = {amount = 35}', "fees.late_payment.amount is not a key; this kind of it takes cap_at, "),
    ('[cycle]\nxyzzy = 1', "cycle.xyzzy is not a key; its table takes closing_day, due_after_days, due_day, due_roll, "
     "calendar, tolerance_days, tolerance_amount"),
    ('grace = null', "the file is not TOML"),
    ('[cycle]\nclosing_day = 32', "cycle.closing_day = 32: takes a whole number up to 31"),
    ('[cycle]\nclosing_day = 0', "cycle.closing_day = 0: takes a whole number, 1 or more"),
    ('[cycle]\nclosing_day = "5"', 'cycle.closing_day = "5": takes a whole number'),
    ('[cycle]\nclosing_day = 5.0', "cycle.closing_day = 5.0: takes a whole number"),
    ('[cycle]\ndue_day = 3\ndue_after_days = 20', "cycle.due_day = 3: takes only one of due_day and due_after_days"),
    ('[cycle]\ndue_roll = "next_business_day"',
     'cycle.calendar takes the country whose holidays count, like "CN", because due_roll is set'),
    ('[cycle]\ncalendar = "Narnia"',
     'cycle.calendar = "Narnia": takes a country code of the holidays list, like US, CN, TW, GB'),
    ('[interest]\nrounding = "nearest"', 'interest.rounding = "nearest": takes "half_up", "half_even", "down" or "up"'),
    ('[interest]\nrounding_unit = "0"', 'interest.rounding_unit = "0": takes a unit of money above zero, as text like "0.01"'),
    ('[interest]\nminimum_charge = 0.5', "interest.minimum_charge = 0.5: takes an amount of money, as text like \"12.34\", "
     'or a whole number; a bare 0.5 is not exact, quote it: "0.5"'),
    ('[interest.over_limit]\ndaily_rate = "0.1"\nannual_rate = "0.1"',
     'interest.over_limit.annual_rate = "0.1": takes one rate only, of daily_rate'),
    ('[[interest.segment]]\nname = "purchase"', "interest.segment.purchase.daily_rate takes one rate"),
    ('[[interest.segment]]\nname = "purchase"\nannual_rate = "18"',
     'interest.segment.purchase.annual_rate = "18": takes a rate as a fraction, as text: "0.18" is 18 %; at most "10"'),
    ('[[interest.segment]]\nname = "purchase"\ntiers = [{annual_rate = "0.1"}, {annual_rate = "0.2"}]',
     "tiers with rising up_to, the last one without"),
    ('[interest.penalty]\nafter_days_past_due = 60', "interest.penalty.annual_rate takes a rate: one of daily_rate"),
    ('[minimum_payment]\nparts = [{percent = "10", of = "principal"}]',
     'minimum_payment.parts[0].percent = "10": takes a share as a fraction, as text: "0.05" is 5 %; at most "1", all of it'),
    ('[minimum_payment]\nparts = [{percent = "0.1"}]', "minimum_payment.parts[0].of is needed"),
    ('[minimum_payment]\nadd = ["fees"]\nfloor_before = ["interest"]',
     'minimum_payment.floor_before = ["interest"]: takes members of add; interest is not one'),
    ('[minimum_payment]\nadd = ["fees", "fees"]', 'minimum_payment.add = ["fees", "fees"]: takes each item once'),
    ('[allocation]\nexcess = ["newest"]', "one of past_due, fees, interest, principal, billed_first"),
    ('[allocation]\nexcess = ["segment:spring"]',
     "takes segments that interest.segment has (cash_advance, purchase); segment:spring"),
    ('[allocation]\nexcess = ["highest_rate", "lowest_rate"]', "takes one of highest_rate and lowest_rate"),
    ('[fees]\nlate_payment = {kind = "fixt", amount = 1}', 'fees.late_payment.kind = "fixt": takes one of "fixed", "tiered"'),
    ('[fees]\nlate_payment = {kind = "fixed"}', "fees.late_payment.amount is needed"),
    ('[fees]\nlate_payment = {percent = "0.05", floor = "10", cap = "9"}',
     'fees.late_payment.cap = "9": takes an amount not below the'),
    ('[fees]\nlate_payment = {kind = "slab", slabs = []}', "fees.late_payment.slabs = []: takes at least one row"),
    ('[fees]\nlate_payment = {kind = "slab", slabs = [{amount = 1}, {amount = 2}]}', "slabs with rising up_to"),
    ('[fees]\nlate_payment = {kind = "escalating", amounts = [1, 2.5]}', "fees.late_payment.amounts[1] = 2.5: takes an amount"),
    ('[fees]\nlate_payment = 35', "fees.late_payment = 35: takes a table, like { … }"),
    ('[fees]\njoining = {amount = "100.001"}', 'fees.joining.amount = "100.001": takes at most 2 decimals, as CNY has'),
    ('[fees]\njoining = {amount = "-1"}', 'fees.joining.amount = "-1": takes an amount of money'),
    ('[fees]\njoining = {amount = "1e3"}', 'fees.joining.amount = "1e3": takes an amount of money'),
    ('[fees]\njoining = {amount = "1,000"}', 'fees.joining.amount = "1,000": takes an amount of money'),
    ('[fees]\njoining = {amount = 1, clause = ""}', 'fees.joining.clause = "": takes a line of text'),
    ('[fees]\nannual = {amount = 1, month = 13}', 'fees.annual.month = 13: takes "anniversary", or a month from 1 to 12'),
    ('[fees]\njoinning = {amount = 1}', "fees.joinning is not a key; did you mean fees.joining?"),
    ('currency = "JPY"\n[fees]\njoining = {amount = "10.5"}',
     'fees.joining.amount = "10.5": takes at most 0 decimals, as JPY has'),
    ('currency = "TWD"\n[interest]\nrounding_unit = "1"\n[fees]\njoining = {amount = "9.50"}',
     'fees.joining.amount = "9.50": takes at most 0 decimals, as interest.rounding_unit says how amounts are shown'),
    ('currency = "JPY"\n[interest]\nrounding_unit = "0.01"', 'interest.rounding_unit = "0.01": takes at most 0 decimals'),
    ('currency = "RMB"', 'currency = "RMB": takes a currency code of ISO 4217, like CNY, TWD, USD'),
    ('product = "a b"', 'product = "a b": takes a product code of letters, digits, - and _'),
    ('rule_pack = "cn"', 'rule_pack = "cn": takes "none", or a country, like "CN"'),
    ('in_force_from = "2023-02-30"', 'in_force_from = "2023-02-30": takes a date, like 2023-01-01'),
    ('in_force_from = 2023-01-01T00:00:00', "in_force_from = 2023-01-01 00:00:00: takes a date, like 2023-01-01"),
    ('[prepaid]', 'prepaid = {}: takes no [prepaid] table, because kind is "credit"'),
    ('[instalments]\nmethod = "declining"', "instalments.annual_rate takes a rate a year, because method is declining"),
    ('x = [', "the file is not TOML: "),
    ('product = "a"\nproduct = "b"', "the file is not TOML: Cannot overwrite a value"),
])
def test_what_is_said(toml: str, said: str) -> None:
    found = problems(toml)
    assert any(said in each for each in found), found


def test_every_problem_is_named_at_once_and_each_once() -> None:
    found = problems('curency = "CNY"\n[cycle]\nclosing_day = 40\n[fees]\njoining = {amount = 1.5}')
    assert [each.split(" ")[0] for each in found] == ["cycle.closing_day", "fees.joining.amount", "curency"]


def test_the_error_is_one_line_with_the_file_and_says_when_there_is_more(tmp_path: Path) -> None:
    path = tmp_path / "gold.toml"
    path.write_text("\n".join(f"key{number} = 1" for number in range(7)), encoding="utf-8")
    with pytest.raises(BadTerms) as caught:
        Terms.from_file(path)
    assert str(caught.value).startswith(f"{path}: key0 is not a key; ")
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith("and 3 more, which `cardwright products lint` lists")
    assert len(caught.value.problems) == 7
    assert caught.value.exit_code == 2


def test_files_that_are_no_schedules(tmp_path: Path) -> None:
    (tmp_path / "empty.toml").write_text("  \n", encoding="utf-8")
    (tmp_path / "latin.toml").write_bytes('name = "Café"'.encode("latin-1"))
    (tmp_path / "big.toml").write_bytes(b"#" * (LARGEST_FILE + 1))
    (tmp_path / "list.json").write_text("[]", encoding="utf-8")
    (tmp_path / "bad.json").write_text("{", encoding="utf-8")
    (tmp_path / "twice.json").write_text('{"product": "a", "product": "b"}', encoding="utf-8")
    (tmp_path / "float.json").write_text('{"cycle": {"tolerance_amount": 10.5}}', encoding="utf-8")
    (tmp_path / "nan.json").write_text('{"cycle": {"tolerance_amount": NaN}}', encoding="utf-8")
    (tmp_path / "deep.json").write_text("[" * 100_000, encoding="utf-8")
    (tmp_path / "statement.toml").write_bytes(b"\x00\x01")
    for name, said in {
        "none.toml": "cannot be read: No such file",
        "empty.toml": "the file is empty", "latin.toml": "not UTF-8 text (byte 11)",
        "big.toml": "larger than a megabyte", "list.json": "not a JSON object", "bad.json": "not JSON: ",
        "twice.json": "product is given twice", "float.json": "cycle.tolerance_amount = 10.5: takes", "deep.json": "not JSON",
        "nan.json": "cycle.tolerance_amount = nan: takes", "statement.toml": "not TOML",
    }.items():
        with pytest.raises(BadTerms) as caught:
            Terms.from_file(tmp_path / name)
        assert said in str(caught.value), str(caught.value)
    with pytest.raises(BadTerms, match="cannot be read: Is a directory"):
        Terms.from_file(tmp_path)
