"""What accounts carry into a cycle: the columns of their last statement that the next one starts from.

Source: docs/reference/billing-rules.md, 2.3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from billing.balances import BoolArray, Int64Array
from billing.carried import BALANCE, Carried
from billing.cells import BILLED, FEES, FIRST, INTEREST, NEW, REVOLVING, Cells


@dataclass
class OpeningState:
    """Columns of shape (accounts,), minor units and day numbers.

    previous_closing: last day of the previous cycle (the day before opening for a first one); due_on: of the previous
    statement; grace: 1 where it was lost at the previous closing; past_due_asked: what of its minimum earlier ones had asked
    for (past due where its own terms add that); the rest as in billing.models.Statement.
    """

    previous_closing: Int64Array
    due_on: Int64Array
    new_balance: Int64Array
    minimum_payment_due: Int64Array
    past_due: Int64Array
    oldest_unpaid_due_on: Int64Array
    revolving: Int64Array
    billed: Int64Array
    cash: Int64Array
    unpaid_interest: Int64Array
    unpaid_fees: Int64Array
    billed_balance_days: Int64Array
    year_interest: Int64Array
    year_fees: Int64Array
    grace: Int64Array
    past_due_asked: Int64Array

    @staticmethod
    def of_new_accounts(previous_closing: Int64Array) -> OpeningState:
        """Accounts that never had a statement."""
        zero = np.zeros(len(previous_closing), dtype=np.int64)
        return OpeningState(previous_closing, previous_closing.astype(np.int64), *(zero.copy() for _ in range(14)))

    def of_accounts(self, accounts: Int64Array) -> OpeningState:
        """The state of some of the accounts."""
        return OpeningState(**{name: column[accounts] for name, column in vars(self).items()})


def opening_balances(cells: Cells, state: OpeningState, carried: Carried) -> Int64Array:
    """The balances that a cycle starts from, (cells, accounts).

    Where an account has rows of balances they are the whole of them; else the columns of its statement are.
    """
    balances = np.zeros((cells.count, len(state.new_balance)), dtype=np.int64)
    rows = carried.of_kind(BALANCE)
    told = np.zeros(balances.shape[1], dtype=bool)
    told[rows.account] = True
    fee_age = np.where((state.revolving > 0) | (state.grace > 0), REVOLVING, BILLED)
    for segment, age, column in (
        (FEES, None, state.unpaid_fees), (INTEREST, None, state.unpaid_interest), (cells.cash_advance, None, state.cash),
        (cells.purchase, REVOLVING, state.revolving), (cells.purchase, BILLED, state.billed),
    ):
        amount = np.where(told, 0, column)
        for each in (REVOLVING, BILLED):
            mine = amount if age == each else np.where(fee_age == each, amount, 0) if age is None else None
            if mine is not None:
                balances[cells.of(segment, each)] += mine
    cell = np.array([cells.of(int(segment), int(age)) for segment, age in zip(rows.segment, rows.age, strict=True)],
                    dtype=np.int64)
    np.add.at(balances, (cell, rows.account), rows.amount)
    return balances


def aged(cells: Cells, balances: Int64Array, kept: BoolArray, all_lost: BoolArray) -> Int64Array:
    """The balances at a closing as the next cycle starts from them: (cells, accounts) by their new age.

    kept: grace was kept; all_lost: new purchases lost it too.
    """
    after = np.zeros_like(balances)
    for position, (segment, age) in enumerate(cells.cells):
        home = cells.purchase if segment == cells.instalment else segment
        revolving, billed = cells.of(home, REVOLVING), cells.of(home, BILLED)
        if not cells.has_grace(home) or age == REVOLVING:
            after[revolving] += balances[position]
        elif age == BILLED:
            after[billed] += np.where(kept, balances[position], 0)
            after[revolving] += np.where(kept, 0, balances[position])
        else:
            after[billed] += np.where(all_lost, 0, balances[position])
            after[revolving] += np.where(all_lost, balances[position], 0)
    return after


def state_columns(cells: Cells, after: Int64Array) -> dict[str, Int64Array]:
    """The balances carried on, as the statement's columns say them."""
    def total(chosen: list[int]) -> Int64Array:
        held: Int64Array = after[chosen].sum(axis=0)
        return held

    others = [position for position in cells.principal if cells.cells[position][0] != cells.cash_advance]
    return {
        "revolving": total([each for each in others if cells.cells[each][1] == REVOLVING]),
        "billed": total([each for each in others if cells.cells[each][1] != REVOLVING]),
        "cash": total([each for each in range(cells.count) if cells.cells[each][0] == cells.cash_advance]),
        "unpaid_interest": total(cells.all_of(INTEREST)), "unpaid_fees": total(cells.all_of(FEES)),
    }


def balance_rows(cells: Cells, after: Int64Array, ending: Carried) -> Carried:
    """Rows for balances that the statement's columns cannot tell apart; `ending` has those of segments that end."""
    if cells.plain:
        return Carried.none()
    parts = [ending]
    for position, (segment, age) in enumerate(cells.cells):
        if FIRST <= segment < cells.instalment and cells.rows[segment - FIRST].ends:
            continue
        if age == NEW and segment != FEES and segment != INTEREST:
            continue
        held = np.flatnonzero(after[position])
        parts.append(Carried.rows(held, BALANCE, segment=segment, age=age, amount=after[position][held]))
    return Carried.together(parts)


