"""Which due dates were missed, and for how many days: on one account's statements and receipts."""

from __future__ import annotations

import pytest

from billing.missed_minimums import BilledMinimum, DueHistory, Receipt, days_late, fee_bearing, is_repeat, missed_in_a_row

#: Statements close on day 0, 30, 60, 90 and are due twenty days later.
STATEMENTS = [BilledMinimum(30 * number, 30 * number + 20, 100, 1000) for number in range(4)]


def history(*receipts: tuple[int, int], statements: int = 4, returned_fees: tuple[int, ...] = ()) -> DueHistory:
    return DueHistory(STATEMENTS[:statements], [Receipt(day, day, amount) for day, amount in receipts], returned_fees)


@pytest.mark.parametrize(("receipts", "tolerance", "missed", "why"), [
    ([], 0, [True] * 4, "nothing paid"),
    ([(20, 100), (50, 100), (80, 100), (110, 100)], 0, [False] * 4, "on the due date is in time"),
    ([(21, 100), (50, 100), (80, 100), (110, 100)], 0, [True, False, False, False], "a day late"),
    ([(21, 100), (50, 100), (80, 100), (110, 100)], 1, [False] * 4, "a day of tolerance"),
    ([(20, 99), (50, 100), (80, 100), (110, 100)], 0, [True, False, False, False], "one cent short"),
    ([(20, 100), (25, -100), (50, 100), (80, 100), (110, 100)], 0, [False] * 4, "returned after the due date: it was met then"),
    ([(10, 100), (20, -100), (50, 100), (80, 100), (110, 100)], 0, [True, False, False, False], "returned on the due date"),
    ([(0, 100), (50, 100), (80, 100), (110, 100)], 0, [True, False, False, False], "posted by the closing: on that statement"),
])
def test_missed(receipts: list[tuple[int, int]], tolerance: int, missed: list[bool], why: str) -> None:
    assert history(*receipts).missed(tolerance, 0) == missed


def test_a_receipt_that_posts_late_was_not_known_on_the_day_the_fee_falls() -> None:
    in_time = DueHistory(STATEMENTS[:1], [Receipt(21, 18, 100)])
    too_late = DueHistory(STATEMENTS[:1], [Receipt(22, 18, 100)])
    assert (in_time.missed(0, 0), too_late.missed(0, 0)) == ([False], [True])


def test_a_shortfall_that_is_allowed_is_no_miss() -> None:
    assert history((20, 95), statements=1).missed(0, 5) == [False]
    assert history((20, 94), statements=1).missed(0, 5) == [True]


@pytest.mark.parametrize(("missed", "in_a_row", "repeat_within_2"), [
    ([True], 1, False), ([True, True], 2, True), ([True, False, True], 1, True), ([True, False, False, True], 1, False),
    ([True, True, False], 0, True), ([False, True, True, True], 3, True),
])
def test_in_a_row_and_repeats(missed: list[bool], in_a_row: int, repeat_within_2: bool) -> None:
    assert missed_in_a_row(missed) == in_a_row
    assert is_repeat(missed, 2) == repeat_within_2


@pytest.mark.parametrize(("receipts", "tolerance", "up_to", "days", "why"), [
    ([(30, 100)], 3, 60, [10], "ten days late, the tolerated ones among them"),
    ([(23, 100)], 3, 60, [0], "within the tolerance: none"),
    ([], 3, 30, [10], "up to the closing"),
    ([], 10, 30, [0], "its tolerance ends with the cycle: the next one charges it"),
    ([(30, 60)], 0, 60, [40, 0], "paid in part is late all the same; the second is missed while the first is late"),
    ([(25, 100)], 0, 60, [5, 10], "the first was met in its own cycle, the second is not"),
    ([(55, 100)], 0, 60, [35, 0], "what came in after both closings met both"),
    ([(30, 100), (40, -100)], 0, 60, [40, 0], "a payment that came back did not meet it"),
])
def test_days_late(receipts: list[tuple[int, int]], tolerance: int, up_to: int, days: list[int], why: str) -> None:
    assert days_late(history(*receipts, statements=len(days)), tolerance, 0, up_to, up_to) == days


def test_what_bore_a_fee_for_a_returned_payment_bears_none_for_being_late() -> None:
    assert days_late(history(statements=2, returned_fees=(25,)), 0, 0, 60, 60) == [0, 10]
    assert fee_bearing(history(statements=1, returned_fees=(25,)), 0, 0, 0, 30) is None
    assert fee_bearing(history(statements=1), 0, 0, 0, 30) == 0


@pytest.mark.parametrize(("tolerance", "closes_on", "statement"), [(0, 60, 1), (9, 60, 1), (10, 60, 0), (10, 90, 1)])
def test_a_due_date_bears_in_the_cycle_that_holds_the_day_after_its_tolerance(
    tolerance: int, closes_on: int, statement: int
) -> None:
    count = closes_on // 30
    assert fee_bearing(history(statements=count), tolerance, 0, closes_on - 30, closes_on) == statement
