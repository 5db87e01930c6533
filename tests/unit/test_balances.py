"""Running money down balances: the order that the terms say, a part that pays, a rest that stays."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from billing.balances import allocation_order, run_down
from billing.cells import BILLED, FEES, FIRST, INTEREST, NEW, REVOLVING, Cells
from fees.terms import Terms

LOW, HIGH = Fraction(1, 4000), Fraction(1, 2000)


def cells_of_terms(**interest: Any) -> Cells:
    return Cells(Terms.from_document({"interest": interest}))


def named(cells: Cells, order: list[int]) -> list[tuple[str, int]]:
    names = {FEES: "fees", INTEREST: "interest", cells.instalment: "instalment"}
    names |= {FIRST + number: row.name for number, row in enumerate(cells.rows)}
    return [(names[cells.cells[each][0]], cells.cells[each][1]) for each in order]


@pytest.mark.parametrize(("items", "purchase_rate", "cash_rate", "expected", "why"), [
    (("past_due", "lowest_rate", "oldest"), LOW, HIGH,
     "fees interest purchase0 purchase1 purchase2 instalment2 cash_advance0 cash_advance2", "the minimum as CONTRACT has it"),
    (("highest_rate", "oldest"), LOW, HIGH,
     "cash_advance0 cash_advance2 purchase0 purchase1 purchase2 instalment2 fees interest", "the dearest first"),
    (("oldest",), LOW, LOW, "cash_advance0 purchase0 purchase1 cash_advance2 purchase2 instalment2 fees interest",
     "by age; at one age what has no grace comes first"),
    (("billed_first",), LOW, HIGH, "cash_advance0 purchase0 purchase1 cash_advance2 purchase2 instalment2 fees interest",
     "what was on the statement before what is new"),
    (("segment:purchase", "interest"), LOW, HIGH,
     "purchase0 purchase1 purchase2 instalment2 interest fees cash_advance0 cash_advance2", "a segment by name"),
    ((), LOW, HIGH, "fees interest cash_advance0 purchase0 purchase1 cash_advance2 purchase2 instalment2",
     "what is not named is paid last, fees and interest first"),
])
def test_order(items: tuple[str, ...], purchase_rate: Fraction, cash_rate: Fraction, expected: str, why: str) -> None:
    cells = cells_of_terms()
    order = named(cells, allocation_order(cells, items, [purchase_rate, cash_rate], False))
    shown = [name if name in ("fees", "interest") else f"{name}{age}" for name, age in order]
    assert " ".join(shown) == expected, why


def test_what_was_owed_at_the_closing_comes_before_what_is_new() -> None:
    cells = Cells(Terms.from_document({"allocation": {"as_of": "previous_closing"}}))
    order = named(cells, allocation_order(cells, ("highest_rate",), [LOW, HIGH], True))
    ages = [age for _, age in order]
    assert ages == sorted(ages, key=lambda age: age == NEW)
    assert order[0] == ("cash_advance", REVOLVING)


def test_deferred_interest_counts_as_no_interest() -> None:
    cells = cells_of_terms(segment=[{"name": "purchase", "daily_rate": "0.0001"},
                                    {"name": "later", "daily_rate": "0.0009", "valid_days": 90, "deferred": True}])
    order = named(cells, allocation_order(cells, ("highest_rate",), [Fraction(1, 10000), Fraction(9, 10000), LOW], False))
    assert [name for name, _ in order].index("later") > [name for name, _ in order].index("purchase")


def test_money_runs_down_and_the_rest_is_left() -> None:
    balances = np.array([[5, 0, 9], [10, 3, 0]], dtype=np.int64)
    left = run_down(balances, (1, 0), np.array([12, 8, 4], dtype=np.int64))
    assert balances.tolist() == [[3, 0, 5], [0, 0, 0]]
    assert left.tolist() == [0, 5, 0]


@pytest.mark.parametrize(("interest", "ages"), [
    ({}, {BILLED}), ({"fees_bear_interest": True}, {REVOLVING, BILLED, NEW}),
])
def test_fees_have_ages_only_where_something_depends_on_them(interest: dict[str, Any], ages: set[int]) -> None:
    assert {age for segment, age in cells_of_terms(**interest).cells if segment == FEES} == ages


@pytest.mark.parametrize(("interest", "plain"), [
    ({}, True), ({"compounding": "monthly"}, False), ({"rounding_unit": Decimal(1)}, True),
    ({"segment": [{"name": "transfer", "daily_rate": "0"}]}, False),
    ({"segment": [{"name": "cash_advance", "daily_rate": "0.0005", "grace": True}]}, False),
])
def test_which_state_a_statement_tells_alone(interest: dict[str, Any], plain: bool) -> None:
    given = {key: str(value) if isinstance(value, Decimal) else value for key, value in interest.items()}
    assert cells_of_terms(**given).plain == plain
