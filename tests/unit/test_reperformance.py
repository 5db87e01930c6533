"""The second engine on cases worked by hand, each with the sum that it comes to."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from billing.scenario import Scenario
from statements.reperformance import ReperformedStatement, reperform
from statements.reperformance.covered import NotReperformed
from statements.reperformance.cycles import thirty_day_weight
from statements.reperformance.rounding import rounded


def bill(*events: tuple[str, str, str], opened_on: str = "2023-03-01", until: str = "2023-05-05",
         **terms: Any) -> list[ReperformedStatement]:
    document = {
        "account": {"opened_on": opened_on, "credit_limit": "10000.00"}, "until": until,
        "terms": {"cycle": {"closing_day": 5, "due_day": 23}, **terms},
        "events": [{"on": on, "type": kind, "amount": amount} for on, kind, amount in events],
    }
    return reperform(Scenario.from_document(document, Path("case.toml")))


BOUGHT = ("2023-03-30", "purchase", "1000.00")
PART, ALL = ("2023-04-23", "payment", "100.00"), ("2023-04-23", "payment", "1000.00")


@pytest.mark.parametrize(("interest", "paid", "expected", "why"), [
    ({}, ALL, 0, "paid in full by the due date: nothing"),
    ({}, PART, 1740, "full: 24 days on 1,000.00 and 12 on 900.00, times 0.0005"),
    ({"closing_day_counts": True}, PART, 1785, "the closing day counts: 24 and 13 days"),
    ({"grace_lost_charges": "unpaid"}, PART, 1620, "unpaid: 36 days on 900.00"),
    ({"payment_day_counts": "old"}, PART, 1745, "the day of the payment at the old balance: 25 and 11 days"),
    ({"payment_day_counts": "both"}, PART, 1790, "at both: 25 and 12 days"),
    ({"accrues_from": "closing"}, PART, 1440, "no reach-back: 18 and 12 days"),
    ({"accrues_from": "next_cycle"}, PART, 1390, "nor the day of the closing: 17 and 12 days"),
    ({"accrues_from": "due"}, PART, 495, "only after the due date: 11 days on 900.00"),
    ({"rounding_unit": "1"}, PART, 1700, "rounded to the whole unit"),
    ({"minimum_charge": "20.00"}, PART, 2000, "17.40 and 2.60 more"),
    ({"method": "previous_balance"}, PART, 1500, "30 days on the 1,000.00 of the last statement"),
    ({"method": "adjusted_balance"}, PART, 1350, "30 days on 900.00, what is left of it"),
])
def test_a_month_of_one_purchase(interest: dict[str, Any], paid: tuple[str, str, str], expected: int, why: str) -> None:
    events = [BOUGHT, paid]
    assert bill(*events, interest=interest)[-1].figures["interest"] == expected, why


def test_a_minimum_that_is_not_met_is_past_due_and_charged_for() -> None:
    first, second = bill(BOUGHT, until="2023-05-05", fees={"late_payment": {"percent": "0.05", "floor": "10.00"}})
    assert (first.closing, first.figures["minimum_payment_due"]) == (date(2023, 4, 5), 10000)
    assert (second.figures["past_due"], second.figures["days_past_due"], second.figures["fees"]) == (10000, 12, 1000)
    assert second.figures["interest"] == 1800, "36 days on 1,000.00"
    assert second.figures["minimum_payment_due"] == 5000 + 10000 + 1800 + 1000, "5 % of what revolves, past due, interest, fee"


def test_deferred_interest_is_charged_where_something_is_left_at_its_end() -> None:
    segments = [{"name": "purchase", "daily_rate": "0"}, {"name": "cash_advance", "daily_rate": "0"},
                {"name": "balance_transfer", "daily_rate": "0.001", "valid_days": 20, "deferred": True}]
    moved = ("2023-04-10", "balance_transfer", "100.00")
    kept = bill(moved, interest={"segment": segments})
    paid = bill(moved, ("2023-04-29", "payment", "100.00"), interest={"segment": segments})
    assert kept[-1].figures["interest"] == 200, "20 days on 100.00 at 0.001"
    assert paid[-1].figures["interest"] == 0, "paid on the last day"


@pytest.mark.parametrize(("mode", "amount", "expected"), [
    ("half_up", Fraction(5, 2), 3), ("half_even", Fraction(5, 2), 2), ("down", Fraction(29, 10), 2),
    ("up", Fraction(21, 10), 3),
    ("half_up", Fraction(-5, 2), -3),
])
def test_an_amount_is_rounded_once(mode: str, amount: Fraction, expected: int) -> None:
    assert rounded(amount, mode) == expected


def test_a_month_of_thirty_days() -> None:
    assert sum(thirty_day_weight(date(2023, 3, day)) for day in range(1, 32)) == 30
    weights = [thirty_day_weight(date(*day)) for day in ((2023, 2, 28), (2024, 2, 29), (2023, 3, 30))]
    assert weights == [3, 2, 0]


def agreed(*arrangements: dict[str, Any], until: str = "2023-05-05", **terms: Any) -> list[ReperformedStatement]:
    """The purchase of 1,000.00, never paid, with what was agreed about the account."""
    document = {
        "account": {"opened_on": "2023-03-01", "credit_limit": "10000.00"}, "until": until,
        "terms": {"cycle": {"closing_day": 5, "due_day": 23}, **terms},
        "events": [{"on": "2023-03-30", "type": "purchase", "amount": "1000.00"}, *arrangements],
    }
    return reperform(Scenario.from_document(document, Path("agreed.toml")))


def test_hardship_has_its_own_rate_on_its_days() -> None:
    relief = {"on": "2023-04-06", "type": "hardship", "until": "2023-04-15", "rate": "0"}
    assert agreed(relief)[-1].figures["interest"] == 1300, "26 of 36 days on 1,000.00 at 0.0005"


def test_a_minimum_due_in_a_payment_holiday_is_not_asked_any_more() -> None:
    holiday = {"on": "2023-04-20", "type": "payment_holiday", "until": "2023-05-10"}
    first, second = agreed(holiday, fees={"late_payment": {"percent": "0.05", "floor": "10.00"}})
    asked = ("minimum_payment_due", "past_due", "days_past_due", "fees")
    assert [first.figures[each] for each in asked] == [10000, 0, 0, 0]
    assert [second.figures[each] for each in asked] == [0, 0, 0, 0], "closed in the holiday too"


def test_a_re_age_takes_what_was_due_out_of_the_queue() -> None:
    re_age = {"on": "2023-04-28", "type": "re_age", "agreed": True}
    assert [agreed(*each)[-1].figures["past_due"] for each in ((), (re_age,))] == [10000, 0]


def test_after_a_charge_off_everything_is_written_off_and_nothing_is_charged() -> None:
    decided = {"on": "2023-05-01", "type": "charge_off"}
    bought = {"on": "2023-05-10", "type": "purchase", "amount": "20.00"}
    paid = {"on": "2023-06-10", "type": "payment", "amount": "300.00"}
    _, off, after, recovered = agreed(decided, bought, paid, until="2023-07-05")
    shown = ("interest", "adjustments", "new_balance", "minimum_payment_due", "days_past_due")
    assert [off.figures[each] for each in shown] == [1800, -101800, 0, 0, 12]
    assert [after.figures[each] for each in shown] == [0, -2000, 0, 0, 0]
    assert [recovered.figures[each] for each in shown] == [0, 30000, 0, 0, 0]


def test_a_plan_is_billed_in_parts_with_its_fee() -> None:
    plan = {"on": "2023-03-30", "type": "instalment", "amount": "100.00", "parts": 3}
    _, *billed = agreed(plan, until="2023-06-05")
    assert [each.figures["fees"] for each in billed] == [85, 85], "0.0085 on 100.00"
    assert [each.figures["purchases"] for each in billed] == [3333, 3333]


def test_what_is_converted_is_not_asked_for_any_more_and_keeps_grace() -> None:
    plan = {"on": "2023-04-20", "type": "instalment", "of": "new_balance", "parts": 2, "id": "P"}
    settled = {"on": "2023-04-29", "type": "instalment_settlement", "of": "P"}
    instalments = {"method": "declining", "annual_rate": "0.365"}
    _, second = agreed(plan, settled, instalments=instalments)
    shown = ("adjustments", "purchases", "fees", "interest", "past_due", "minimum_payment_due", "new_balance")
    expected = [-100000, 100000, 900, 0, 0, 100900, 100900]
    assert [second.figures[each] for each in shown] == expected, "a fee of 9 days at 0.001 on 1,000.00"
    assert second.grace_kept


def test_a_fee_capped_at_the_minimum_due_is_nothing_before_there_is_a_statement() -> None:
    fees = {"returned_payment": {"amount": "25.00", "cap_at": "minimum_due"}}
    assert bill(("2023-03-02", "returned_payment", "7.41"), fees=fees)[0].figures["fees"] == 0


DISPUTED = {"on": "2023-04-10", "type": "dispute", "of": "#1", "id": "D1"}


def test_what_is_disputed_is_owed_and_asked_for_by_nothing_until_it_is_decided() -> None:
    decided = {"on": "2023-05-10", "type": "dispute_decided", "of": "D1", "outcome": "for_issuer"}
    fees = {"late_payment": {"percent": "0.05", "floor": "10.00"}}
    _, held, owed = agreed(DISPUTED, decided, until="2023-06-05", fees=fees)
    shown = ("interest", "fees", "past_due", "minimum_payment_due", "new_balance")
    assert [held.figures[each] for each in shown] == [0, 0, 0, 0, 100000]
    assert held.grace_kept, "the rest of the statement, nothing, was paid"
    assert [owed.figures[each] for each in shown] == [0, 0, 0, 10000, 100000], "a new debit, with its grace"


def test_what_the_holder_was_right_about_was_never_debited() -> None:
    decided = {"on": "2023-05-10", "type": "dispute_decided", "of": "D1", "outcome": "for_holder"}
    opened_late = {**DISPUTED, "on": "2023-05-06"}
    _, charged, corrected = agreed(opened_late, decided, until="2023-06-05")
    assert charged.figures["interest"] == 1800, "36 days on 1,000.00"
    assert [corrected.figures[each] for each in ("credits", "interest", "new_balance")] == [100000, -1800, 0]


def test_a_late_payment_takes_back_what_was_charged_without_it() -> None:
    paid = {"on": "2023-04-23", "type": "payment", "amount": "1000.00", "known_on": "2023-05-20"}
    _, charged, corrected = agreed(paid, until="2023-06-05")
    shown = ("payments", "interest", "past_due", "new_balance")
    assert [charged.figures[each] for each in shown] == [0, 1800, 10000, 101800]
    assert [corrected.figures[each] for each in shown] == [100000, -1800, 0, 0]


@pytest.mark.parametrize(("decided", "disputes", "reason"), [
    ({"agreed": True}, {}, "a dispute that was decided before anything was charged"),
    ({}, {"interest_if_lost": True}, "interest for the time of a dispute"),
])
def test_what_the_second_engine_does_not_bill_is_named(decided: dict[str, Any], disputes: dict[str, Any], reason: str) -> None:
    decision = {"on": "2023-04-20", "type": "dispute_decided", "of": "D1", "outcome": "for_issuer", **decided}
    with pytest.raises(NotReperformed) as refused:
        agreed(DISPUTED, decision, disputes=disputes)
    assert refused.value.reasons == (reason,)
