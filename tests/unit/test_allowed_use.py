"""Where a card may be used and how often: every limit with a use that it just lets through and one that it just refuses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from fees.allowed_use import AllowedUse, Used
from fees.prepaid import LimitReached, PrepaidRules
from fees.terms import BadTerms, Terms

Ask = Callable[[AllowedUse], object]


def terms(kind: str = "credit", **tables: Any) -> Terms:
    return Terms.from_document({"product": "ok", "kind": kind, "currency": "CNY", "in_force_from": date(2024, 1, 1), **tables})


def used(hour: tuple[int, int] = (0, 0), day: tuple[int, int] = (0, 0), month: tuple[int, int] = (0, 0)) -> dict[str, Used]:
    return {"hour": Used(*hour), "day": Used(*day), "month": Used(*month)}


FOOD = {"categories": ["5411", "5811-5814"]}
NO_BETS = {"categories_never": ["7995", "6050-6051"]}
OURS = {"merchants": ["Bailian Store 7", "Lianhua"]}
NOT_THERE = {"merchants_never": ["Gold Shop"]}
THREE_A_DAY = {"velocity": [{"per": "day", "count": 3, "amount": "100.00"}]}
LAYERED = {"velocity": [{"per": "hour", "count": 2}, {"per": "month", "amount": "500.00"}]}

# rule, terms, lets through, refuses, numbers
CASES: list[tuple[str, dict[str, Any], Ask, Ask, dict[str, str]]] = [
    ("category_not_allowed", FOOD, lambda its: its.require_merchant("x", "5411"), lambda its: its.require_merchant("x", "5410"),
     {"mcc": "5410"}),
    ("category_not_allowed", FOOD, lambda its: its.require_merchant(None, "5814"),
     lambda its: its.require_merchant(None, "5815"), {"mcc": "5815"}),
    ("category_not_allowed", FOOD, lambda its: its.require_merchant("x", "5811"), lambda its: its.require_merchant("x", None),
     {"mcc": ""}),
    ("category_barred", NO_BETS, lambda its: its.require_merchant("x", "7994"), lambda its: its.require_merchant("x", "7995"),
     {"mcc": "7995"}),
    ("category_barred", NO_BETS, lambda its: its.require_merchant("x", None), lambda its: its.require_merchant("x", "6051"),
     {"mcc": "6051"}),
    ("merchant_not_allowed", OURS, lambda its: its.require_merchant(" bailian  STORE 7", None),
     lambda its: its.require_merchant("Bailian Store 77", None), {"merchant": "Bailian Store 77"}),
    ("merchant_not_allowed", OURS, lambda its: its.require_merchant("Lianhua", None),
     lambda its: its.require_merchant(None, "5411"), {"merchant": ""}),
    ("merchant_barred", NOT_THERE, lambda its: its.require_merchant("Gold Shop 2", None),
     lambda its: its.require_merchant("GOLD SHOP", None), {"merchant": "GOLD SHOP"}),
    ("velocity_count", THREE_A_DAY, lambda its: its.require_velocity(1, used(day=(2, 0))),
     lambda its: its.require_velocity(1, used(day=(3, 0))), {"used": "3", "most": "3", "per": "day"}),
    ("velocity_amount", THREE_A_DAY, lambda its: its.require_velocity(4_000, used(day=(2, 6_000), month=(90, 90_000))),
     lambda its: its.require_velocity(4_001, used(day=(2, 6_000))),
     {"asked": "40.01", "used": "60.00", "most": "100.00", "per": "day"}),
    ("velocity_count", LAYERED, lambda its: its.require_velocity(1, used(hour=(1, 1), day=(9, 9))),
     lambda its: its.require_velocity(1, used(hour=(2, 2))), {"used": "2", "most": "2", "per": "hour"}),
    ("velocity_amount", LAYERED, lambda its: its.require_velocity(50_000, used()),
     lambda its: its.require_velocity(50_001, used()), {"asked": "500.01", "used": "0.00", "most": "500.00", "per": "month"}),
]


@pytest.mark.parametrize(("rule", "table", "lets_through", "refuses", "numbers"), CASES)
def test_every_limit(rule: str, table: dict[str, Any], lets_through: Ask, refuses: Ask, numbers: dict[str, str]) -> None:
    rules = AllowedUse(terms(authorisation=table))
    lets_through(rules)
    with pytest.raises(LimitReached) as refused:
        refuses(rules)
    assert (refused.value.rule, refused.value.numbers) == (rule, numbers)
    assert str(refused.value).endswith(f"({rule})")


def test_terms_that_say_nothing_let_everything_through() -> None:
    rules = AllowedUse(terms())
    rules.require_merchant(None, None)
    rules.require_velocity(10**15, used((10**6, 10**15), (10**6, 10**15), (10**6, 10**15)))


@pytest.mark.parametrize(("table", "says"), [
    ({"categories": ["541"]}, "category codes of four digits"),
    ({"categories": ["5499-5411"]}, "category codes of four digits"),
    ({"categories": [5411]}, "category codes of four digits"),
    ({"velocity": [{"per": "day"}]}, "a count, an amount, or both"),
    ({"velocity": [{"per": "week", "count": 1}]}, "velocity"),
    ({"velocity": [{"per": "day", "count": 0}]}, "velocity"),
    ({"velocity": [{"per": "day", "amount": "1.001"}]}, "at most 2 decimals"),
])
def test_terms_that_make_no_sense(table: dict[str, Any], says: str) -> None:
    with pytest.raises(BadTerms, match=says):
        terms(authorisation=table)


@pytest.mark.parametrize(("prepaid", "desk", "rule"), [
    ({"load_outlets": ["pudong", "puxi"]}, ("puxi", "lan"), None),
    ({"load_outlets": ["pudong", "puxi"]}, ("hongqiao", "lan"), "outlet_not_allowed"),
    ({"load_outlets": ["pudong"]}, (None, "lan"), "outlet_not_allowed"),
    ({"load_operators": ["lan"]}, (None, "lan"), None),
    ({"load_operators": ["lan"]}, ("pudong", "wei"), "operator_not_allowed"),
    ({}, (None, "anybody"), None),
])
def test_where_and_by_whom_value_is_put_on(prepaid: dict[str, Any], desk: tuple[str | None, str], rule: str | None) -> None:
    rules = PrepaidRules(terms("prepaid", prepaid=prepaid))
    if rule is None:
        rules.require_desk(*desk)
        return
    with pytest.raises(LimitReached) as refused:
        rules.require_desk(*desk)
    assert refused.value.rule == rule
