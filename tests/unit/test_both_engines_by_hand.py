"""Both engines on cases in which they once differed, each with the sum that it comes to by the billing rules."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from billing.scenario import Scenario
from billing.simulation import simulate
from statements.reperformance import reperform
from statements.seal import seal_statements

Event = tuple[str, ...]
PURCHASE, CASH = {"name": "purchase", "daily_rate": "0.0005"}, {"name": "cash_advance", "daily_rate": "0.0005"}
PENALTY = {"annual_rate": "0.36", "after_days_past_due": 30, "cured_after_on_time": 2}


def bill(opened_on: str, until: str, due: tuple[int, int], events: list[Event], **terms: Any) -> list[dict[str, int]]:
    """The figures of each statement, which both engines agree on. due: closing day, and days from there to the due date."""
    interest, agreed = {"segment": [PURCHASE, CASH], **terms.pop("interest", {})}, terms.pop("agreed", [])
    document = {
        "account": {"opened_on": opened_on, "credit_limit": terms.pop("credit_limit", "1000")}, "until": until,
        "terms": {"cycle": {"closing_day": due[0], "due_after_days": due[1]}, "interest": interest, **terms},
        "events": [{"on": on, "type": kind, "amount": amount, **({"posted_on": late[0]} if late else {})}
                   for on, kind, amount, *late in events] + agreed,
    }
    scenario = Scenario.from_document(document, Path("case.toml"))
    first = simulate(scenario, seal_statements).statements
    again = [each.figures for each in reperform(scenario)]
    assert [{name: int(each.row[name]) for name in again[0]} for each in first] == again
    return again


def transfers(**promotion: Any) -> dict[str, Any]:
    return {"segment": [PURCHASE, CASH, {"name": "balance_transfer", "daily_rate": "0.0005", **promotion}]}


def test_what_came_back_in_a_cycle_that_lost_grace_is_none_of_its_unpaid_debits() -> None:
    events = [("2023-06-06", "purchase", "100.00"), ("2023-06-07", "returned_payment", "100.00")]
    july, august = bill("2023-01-28", "2023-08-10", (5, 10), events, interest={"grace_lost_charges": "unpaid"},
                        fees={"annual": {"amount": "30.00"}})[-2:]
    assert july["interest"] == 140, "what came back: 28 days"
    assert august["interest"] == 300 + 155, "the purchase from its own date, 60 days; what came back, 31 days"


@pytest.mark.parametrize(("kind", "bears"), [("interest", {"compounding": "monthly"}), ("fee", {"fees_bear_interest": True})])
def test_interest_and_fees_that_come_in_late_bear_from_their_own_date(kind: str, bears: dict[str, Any]) -> None:
    late = ("2024-02-28", kind, "100.00", "2024-03-11")
    assert bill("2024-01-05", "2024-05-10", (5, 10), [late], interest=bears)[-1]["interest"] == 335, "67 days on 100.00"


def test_a_late_fee_of_the_interest_leaves_out_interest_that_came_in() -> None:
    events = [("2023-04-29", "purchase", "100.00"), ("2023-05-22", "interest", "100.00")]
    june = bill("2023-03-01", "2023-06-10", (5, 18), events,
                fees={"late_payment": {"kind": "percent_of_interest", "percent": "0.10"}})[-1]
    assert (june["interest"], june["fees"]) == (185 + 10000, 19), "37 days on 100.00; a tenth of these 1.85"


def test_a_minimum_whose_payment_comes_back_after_the_due_date_is_past_due() -> None:
    events = [("2023-03-04", "payment", "100.00"), ("2023-03-13", "returned_payment", "100.00")]
    march = bill("2023-01-28", "2023-03-20", (15, 20), events, fees={"joining": {"amount": "50.00"}})[-1]
    assert (march["past_due"], march["days_past_due"]) == (5000, 8), "all of it, since 7 March"


def test_the_penalty_rate_holds_on_the_days_before_a_cycle_that_a_late_purchase_counts_from() -> None:
    late = ("2023-03-30", "purchase", "100.00", "2023-04-11")
    june = bill("2023-01-31", "2023-06-10", (5, 25), [late], interest={"penalty": PENALTY},
                fees={"annual": {"amount": "30.00"}})[-1]
    assert june["interest"] == 646, "3 days at 0.0005, and from 2 April on 64 days at 0.36 a year"


def test_deferred_interest_counts_both_balances_of_the_day_of_a_payment() -> None:
    events = [("2024-01-04", "balance_transfer", "100.00"), ("2024-03-08", "payment", "7.06")]
    deferred = transfers(until="2024-03-15", deferred=True)
    march = bill("2023-11-12", "2024-03-30", (28, 25), events, interest={"payment_day_counts": "both", **deferred})[-1]
    assert march["interest"] == 362 + 56, "65 days on 100.00 and 8 on 92.94, put off; then 12 days on 92.94"


def test_deferred_interest_is_charged_at_the_rate_of_its_segment_under_the_penalty_rate_too() -> None:
    events = [("2024-03-11", "balance_transfer", "100.00"), ("2023-12-11", "purchase", "100.00")]
    deferred = transfers(valid_days=45, deferred=True)
    may = bill("2023-11-12", "2024-05-10", (5, 10), events, interest={"penalty": PENALTY, **deferred})[-1]
    assert may["interest"] == 225 + 395, "45 days at 0.0005; then at 0.36 a year 10 days on it and 30 on the purchase"


DAILY = {"kind": "daily", "per_day": "3.00"}


@pytest.mark.parametrize(("opened_on", "until", "due", "events", "fees", "expected", "why"), [
    ("2023-11-12", "2024-03-31", (31, 10),
     [("2024-01-19", "purchase", "100.00"), ("2024-02-23", "returned_payment", "100.00")],
     {"late_payment": DAILY, "returned_payment": {"amount": "25.00"}},
     [0, 0, 2500, 6300], "the due date of February bears the returned payment's fee; that of March is 21 days late"),
    ("2023-01-31", "2023-07-31", (31, 18), [("2023-02-24", "payment", "100.00"), ("2023-07-20", "returned_payment", "100.00")],
     {"late_payment": {**DAILY, "cap": "20.00"}, "joining": {"amount": "30.00"}},
     [3000, 1800, 0, 0, 0, 0, 0], "what came back in July makes every day since February a late one, up to 30 June too"),
    ("2023-01-31", "2023-06-30", (31, 25),
     [("2023-04-20", "purchase", "100.00"), ("2023-05-19", "payment", "100.00", "2023-05-31")],
     {"late_payment": DAILY}, [0, 0, 0, 0, 0], "paid before the due date, as known at the closing: no day is late"),
])
def test_days_of_a_late_fee(opened_on: str, until: str, due: tuple[int, int], events: list[Event], fees: dict[str, Any],
                            expected: list[int], why: str) -> None:
    assert [each["fees"] for each in bill(opened_on, until, due, events, fees=fees)] == expected, why


def test_joined_interest_of_a_day_with_two_bases_of_nothing_counts_once() -> None:
    events = [("2024-03-23", "balance_transfer", "100.00"), ("2024-04-05", "payment", "300.00", "2024-04-17"),
              ("2024-04-17", "payment", "100.00")]
    interest = {"compounding": "daily", "payment_day_counts": "both", **transfers(valid_days=10)}
    interest["segment"][0] = {**PURCHASE, "daily_rate": "0.01"}
    may = bill("2024-02-29", "2024-05-10", (5, 10), events, interest=interest)[-1]
    assert may["interest"] == 133, "1.00 of 5 April, grown at 0.01 for 29 days"


def test_a_day_that_weighs_otherwise_ends_a_run() -> None:
    march = bill("2023-01-30", "2023-03-10", (5, 10), [], credit_limit="0", fees={"joining": {"amount": "50.00"}}, interest={
        "day_count": "30/360", "rounded_per": "segment", "over_limit": {"annual_rate": "0.25"}})[-1]
    assert march["interest"] == 104, "on 50.17: 23 days 0.80, 28 February as 3 days 0.10, 4 days 0.14"


def test_a_rate_of_the_account_s_own_that_is_that_of_the_terms_begins_no_run() -> None:
    hardship = {"on": date(2023, 5, 29), "type": "hardship", "until": date(2023, 6, 29), "rate": "0.24"}
    july = bill("2023-01-30", "2023-07-30", (28, 10), [("2023-06-16", "purchase", "123.45")], agreed=[hardship], interest={
        "rounded_per": "segment", "rounding": "up",
        "segment": [{"name": "purchase", "monthly_rate": "0.02"}, CASH]})[-1]
    assert july["interest"] == 341, "42 days on 123.45 at 0.24 a year"


def test_a_purchase_that_was_paid_before_the_payment_came_back_does_not_reach_back() -> None:
    events = [("2023-03-07", "purchase", "100.00"), ("2023-04-07", "payment", "100.00"),
              ("2023-04-25", "returned_payment", "100.00")]
    april = bill("2023-01-31", "2023-05-05", (31, 25), events, interest={"grace_lost_charges": "unpaid"})[-1]
    assert april["interest"] == 60, "7 days before it was paid, 5 since the payment came back"


def test_what_is_over_the_limit_runs_up_no_deferred_interest() -> None:
    over_limit = {"daily_rate": "0.001", "instead_of_purchase_rate": True}
    march = bill("2023-01-28", "2023-03-30", (28, 18), [("2023-01-28", "balance_transfer", "100.00")], credit_limit="40.00",
                 interest={"over_limit": over_limit, **transfers(valid_days=45, deferred=True)})[-1]
    assert march["interest"] == 89 + 27 + 173, "31 days on 40.00 and 14 on 38.14; then 14 on it; over the limit 28 on 61.86"


def test_interest_over_the_limit_though_the_first_day_of_the_cycle_weighs_nothing() -> None:
    march = bill("2023-01-31", "2023-03-30", (28, 10), [("2023-03-13", "purchase", "100.00")], credit_limit="0", interest={
        "day_count": "30/360", "over_limit": {"daily_rate": "0.001"}})[-1]
    assert march["interest"] == 150, "15 days on 100.00; 30 January, with which the cycle begins, is none by 30/360"


def test_a_minimum_that_asks_for_nothing_new_cures_no_penalty_rate() -> None:
    events = [("2023-06-09", "purchase", "100.00"), ("2023-05-22", "payment", "100.00")]
    segments = [{**PURCHASE, "grace": False}, CASH]
    july = bill("2023-01-31", "2023-07-20", (15, 18), events, fees={"annual": {"amount": "30.00"}},
                interest={"penalty": PENALTY, "segment": segments})[-1]
    assert july["interest"] == 89, "30 days on 30.00 at 0.36 a year: the minimum of 3 May was that of 5 March, and was not met"


def test_a_credit_balance_pays_what_is_deferred_first_in_its_last_two_cycles() -> None:
    bought = [("2023-04-10", "purchase", "100.00"), ("2023-04-10", "balance_transfer", "100.00")]
    june = bill("2023-01-30", "2023-06-10", (5, 18), [("2023-02-09", "refund", "100.00"), *bought],
                interest=transfers(valid_days=45, deferred=True, daily_rate="0.001"))[-1]
    assert june["interest"] == 280, "the purchase is left, 56 days; nothing of what was deferred until 24 May"


def test_a_payment_that_leaves_the_principal_as_it_was_ends_a_run_where_its_day_counts_at_both() -> None:
    events = [("2023-12-08", "purchase", "100.00"), ("2024-01-18", "purchase", "500.00"), ("2024-03-19", "payment", "3.82")]
    segments = [{"name": "purchase", "annual_rate": "0.125", "grace": False}, CASH]
    april = bill("2023-11-12", "2024-04-10", (5, 20), events,
                 interest={"rounded_per": "segment", "payment_day_counts": "both", "segment": segments})[-1]
    assert april["interest"] == 308 + 349, "600.00 for 15 days and, the payment being of interest, 600.00 for 17"


def test_hardship_at_the_previous_closing_sorts_what_is_paid_after_it_by_the_balances_of_then() -> None:
    hardship = {"on": date(2024, 2, 16), "type": "hardship", "until": date(2024, 4, 16), "rate": "0.24"}
    bought = [("2024-04-13", "purchase", "100.00"), ("2024-04-14", "cash_advance", "100.00")]
    april = bill("2024-01-05", "2024-04-30", (28, 18), [*bought, ("2024-04-20", "payment", "100.00")], agreed=[hardship],
                 interest={"segment": [PURCHASE, {"name": "cash_advance", "annual_rate": "0.2999"}]},
                 allocation={"as_of": "previous_closing", "excess": ["lowest_rate"]})[-1]
    assert april["interest"] == 44, "one rate for all on 28 March: the advance is paid first; 3 days at 0.24, 3 at 0.2999"


def test_of_debits_of_a_class_the_one_that_counts_from_the_earlier_day_is_paid_first() -> None:
    events = [("2023-12-05", "refund", "521.68"), ("2024-02-03", "purchase", "567.49", "2024-02-15"),
              ("2024-02-09", "purchase", "100.00"), ("2024-03-15", "payment", "100.00")]
    march = bill("2023-11-27", "2024-04-01", (28, 24), events, interest={"grace_lost_charges": "unpaid"})[-1]
    assert march["interest"] == 110, "45.81 of the second purchase was unpaid: 48 days, from 9 February on"


def test_a_dispute_that_takes_from_a_later_debit_leaves_its_days_before_the_cycle_out_too() -> None:
    dispute = {"on": date(2024, 1, 12), "type": "dispute", "of": "A", "amount": "290.57"}
    first = {"on": date(2023, 12, 10), "type": "purchase", "amount": "581.14", "id": "A"}
    events = [("2023-12-26", "purchase", "320.13", "2024-01-07"), ("2024-01-07", "payment", "461.95")]
    march = bill("2023-12-10", "2024-03-10", (1, 22), events, agreed=[first, dispute])[-1]
    assert march["interest"] == 491, "148.75 for 66 days: 171.38 of what is disputed lay in the second purchase"


def test_two_minimums_missed_in_one_cycle_share_its_interest_once() -> None:
    late = {"kind": "percent_of_interest", "percent": "0.10"}
    cycle = {"closing_day": 15, "due_after_days": 25, "tolerance_days": 3}
    april = bill("2023-01-31", "2023-04-20", (15, 25), [("2023-02-10", "purchase", "100.00")], cycle=cycle,
                 fees={"late_payment": late})[-1]
    assert (april["interest"], april["fees"]) == (155, 16), "15 March and 12 April both lie in the cycle: a tenth of 1.55 once"


def test_what_a_promotion_leaves_counts_as_owed_at_the_previous_closing_though_it_came_after_it() -> None:
    events = [("2024-03-06", "balance_transfer", "100.00"), ("2024-03-18", "payment", "1.00")]
    april = bill("2024-02-29", "2024-04-10", (5, 15), events, fees={"balance_transfer": {"percent": "0.03"}},
                 interest=transfers(valid_days=10, deferred=True),
                 allocation={"as_of": "previous_closing", "minimum": [], "excess": []})[-1]
    assert april["minimum_payment_due"] - april["interest"] == 495 + 300, "the payment is of the 100.00, before the fee"


def test_what_was_deferred_up_to_the_previous_closing_is_not_paid_first_on_that_day_again() -> None:
    events = [("2024-02-29", "balance_transfer", "100.00"), ("2024-03-04", "payment", "100.00", "2024-03-16")]
    march, april = bill("2024-02-29", "2024-04-20", (15, 25), events, fees={"joining": {"amount": "50.00"}},
                        interest=transfers(until=date(2024, 3, 15), deferred=True, daily_rate="0.001"))
    assert (march["interest"], april["interest"]) == (160, 77), "51.60 of the transfer is left, for 30 days"
