"""Value in lots: whatever is taken, given back and moved on, no value is made or lost, and the order is the declared one."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.lots import (
    BONUS_PURSE,
    PRINCIPAL_PURSE,
    Lot,
    MoreThanWasTaken,
    NotEnoughValue,
    carried_over,
    give_back,
    moved,
    past_their_day,
    spendable,
    take,
)

TODAY = date(2024, 2, 29)
ENDS = st.sampled_from([None, TODAY - timedelta(1), TODAY, TODAY + timedelta(1), date(2027, 2, 28)])


@st.composite
def lots(draw: st.DrawFn) -> list[Lot]:
    found = []
    for number in range(1, draw(st.integers(0, 6)) + 1):
        original = draw(st.integers(1, 500))
        purse = draw(st.sampled_from([PRINCIPAL_PURSE, BONUS_PURSE]))
        found.append(Lot(number, purse, "cash", "holder", draw(ENDS), original, draw(st.integers(0, original))))
    return found


@given(lots(), st.integers(1, 2000))
def test_a_spend_takes_what_it_asks_for_in_order_or_nothing(held: list[Lot], amount: int) -> None:
    there = spendable(held, TODAY)
    if amount > there:
        with pytest.raises(NotEnoughValue) as short:
            take(held, amount, TODAY)
        assert (short.value.asked, short.value.spendable) == (amount, there)
        return
    movements = take(held, amount, TODAY)
    after = moved(held, movements)
    assert sum(each.amount for each in movements) == -amount
    assert spendable(after, TODAY) == there - amount
    touched = [next(each for each in held if each.number == movement.lot) for movement in movements]
    assert all(each.spendable_on(TODAY) for each in touched)
    assert touched == sorted(touched, key=lambda each: (each.purse != BONUS_PURSE, each.expires_on or date.max, each.number))
    left = [each for each in after if each.remaining and each.spendable_on(TODAY)]
    for one in touched[:-1]:
        assert next(each for each in after if each.number == one.number).remaining == 0, "each lot is emptied before the next"
    for one in left:  # whatever is left comes after the last that was touched, in the order of taking
        assert (one.purse != BONUS_PURSE, one.expires_on or date.max, one.number) >= (
            touched[-1].purse != BONUS_PURSE, touched[-1].expires_on or date.max, touched[-1].number)


@given(lots(), st.data())
def test_refunds_bring_everything_back_to_where_it_came_from(held: list[Lot], data: st.DataObject) -> None:
    there = spendable(held, TODAY)
    if not there:
        return
    amount = data.draw(st.integers(1, there))
    taken = take(held, amount, TODAY)
    after, given_so_far, left = moved(held, taken), [], amount
    while left:
        part = data.draw(st.integers(1, left))
        back = give_back(taken, given_so_far, part)
        assert sum(each.amount for each in back) == part
        after, given_so_far, left = moved(after, back), [*given_so_far, *back], left - part
    assert after == held
    with pytest.raises(MoreThanWasTaken):
        give_back(taken, given_so_far, 1)


@given(lots(), st.data())
def test_what_moves_to_another_card_keeps_purse_giver_and_last_day(held: list[Lot], data: st.DataObject) -> None:
    there = spendable(held, TODAY)
    if not there:
        return
    movements = take(held, data.draw(st.integers(1, there)), TODAY)
    there_now = carried_over(held, movements, 4)
    assert [each.number for each in there_now] == list(range(4, 4 + len(movements)))
    assert sum(each.remaining for each in there_now) == -sum(each.amount for each in movements)
    for movement, lot in zip(movements, there_now, strict=True):
        came_from = next(each for each in held if each.number == movement.lot)
        assert (lot.purse, lot.source, lot.funder, lot.expires_on) == (
            came_from.purse, came_from.source, came_from.funder, came_from.expires_on)


@given(lots())
def test_only_bonus_is_forfeited_and_principal_is_kept(held: list[Lot]) -> None:
    after = moved(held, past_their_day(held, BONUS_PURSE, TODAY))
    assert all(each.remaining == 0 for each in after if each.purse == BONUS_PURSE and not each.spendable_on(TODAY))
    assert [each for each in after if each.purse == PRINCIPAL_PURSE] == [each for each in held if each.purse == PRINCIPAL_PURSE]
