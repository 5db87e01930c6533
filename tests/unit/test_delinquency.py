"""Days past due, buckets, tolerance, part payments; re-age, payment holiday, hardship, charge-off: through `simulate`."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from accounts.errors import Usage
from billing.re_age import ReAgeRefused
from billing.scenario import Scenario
from billing.simulation import simulate
from statements.facts import Letterhead
from statements.page import page_of
from statements.seal import seal_statements
from statements.simulated import simulated_document

Row = dict[str, Any]
#: A minimum of a tenth of the principal plus what is past due; 1,000.00 spent asks for 100.00, due on the 23rd. No interest.
TERMS: Row = {
    "cycle": {"closing_day": 5, "due_day": 23},
    "interest": {"segment": [{"name": "purchase", "daily_rate": "0"}]},
    "minimum_payment": {"parts": [{"percent": "0.10", "of": "principal"}], "add": ["past_due", "interest", "fees"]},
}
SPENT: Row = {"on": "2023-01-10", "type": "purchase", "amount": "1000.00"}


def statements(events: list[Row], until: str, terms: Row = TERMS, opened_on: str = "2023-01-06", **more: Row) -> list[Row]:
    return run(events, until, terms, opened_on, **more)["statements"]  # type: ignore[no-any-return]


def run(events: list[Row], until: str, terms: Row = TERMS, opened_on: str = "2023-01-06", **more: Row) -> Row:
    scenario = Scenario.from_document({
        "account": {"opened_on": opened_on, "credit_limit": "5000.00"}, "until": until, "terms": {**terms, **more},
        "events": [SPENT, *events],
    }, Path("test"))
    return simulated_document(simulate(scenario, seal_statements))


def event(kind: str, on: str, **more: str) -> Row:
    return {"type": kind, "on": on, **more}


def payment(on: str, amount: str) -> Row:
    return event("payment", on, amount=amount)


def told(statement: Row) -> tuple[str, int, str]:
    return statement["past_due"], statement["days_past_due"], statement["delinquency"]


# -- days past due ----------------------------------------------------------------------------------------------------------


def test_days_past_due_count_from_the_oldest_unpaid_minimum_through_every_bucket() -> None:
    expected = [
        ("2023-02-05", "0.00", 0, "current"), ("2023-03-05", "100.00", 10, "1-29"), ("2023-04-05", "200.00", 41, "30-59"),
        ("2023-05-05", "300.00", 71, "60-89"), ("2023-06-05", "400.00", 102, "90-119"),
        ("2023-07-05", "500.00", 132, "120-149"), ("2023-08-05", "600.00", 163, "150-179"),
        ("2023-09-05", "700.00", 194, "180+"),
    ]
    assert [(each["cycle"]["closes_on"], *told(each)) for each in statements([], "2023-09-05")] == expected


@pytest.mark.parametrize(("payments", "at_april", "why"), [
    ([("2023-03-10", "100.00")], ("100.00", 13, "1-29"), "the oldest is paid: the days are those of the one due on 03-23"),
    ([("2023-03-10", "99.99")], ("100.01", 41, "30-59"), "a cent short, and February is still the oldest"),
    ([("2023-03-10", "150.00")], ("50.00", 13, "1-29"), "what is over pays the next oldest"),
    ([("2023-03-10", "100.00"), ("2023-04-05", "100.00")], ("0.00", 0, "current"), "paid on the closing day itself"),
    ([("2023-03-10", "60.00"), ("2023-04-04", "40.00")], ("100.00", 13, "1-29"), "paid in parts"),
])
def test_part_payments_pay_the_oldest_minimum_first(payments: list[tuple[str, str]], at_april: tuple[str, int, str],
                                                    why: str) -> None:
    shown = statements([payment(*each) for each in payments], "2023-04-05")
    assert told(shown[2]) == at_april, why


@pytest.mark.parametrize(("cycle", "paid", "expected", "why"), [
    ({"tolerance_days": 3}, ("2023-02-26", "100.00"), ("0.00", 0), "the third day after the due date is in time"),
    ({"tolerance_amount": "5.00"}, ("2023-02-23", "95.00"), ("0.00", 0), "five short is let pass"),
    ({"tolerance_amount": "5.00"}, ("2023-02-23", "94.99"), ("5.01", 10), "a cent more, and all of it is past due"),
    ({"tolerance_days": 3}, ("2023-02-26", "50.00"), ("50.00", 10), "once missed, the days count from the due date"),
    ({"tolerance_days": 10}, ("2023-03-06", "100.00"), ("100.00", 10), "the tenth day is the closing day: over by then"),
])
def test_tolerance_decides_whether_a_minimum_is_missed_not_since_when(cycle: Row, paid: tuple[str, str],
                                                                      expected: tuple[str, int], why: str) -> None:
    shown = statements([payment(*paid)], "2023-03-05", cycle={**TERMS["cycle"], **cycle})
    assert told(shown[1])[:2] == expected, why


def test_month_ends_count_real_days() -> None:
    cycle = {"closing_day": 31, "due_day": 25}
    shown = statements([], "2024-04-30", cycle=cycle, opened_on="2023-01-01")
    by_closing = {each["cycle"]["closes_on"]: each["days_past_due"] for each in shown}
    assert [by_closing[day] for day in ("2023-02-28", "2023-03-31", "2023-04-30", "2024-02-29")] == [3, 34, 64, 369]


# -- re-age -----------------------------------------------------------------------------------------------------------------

LENIENT: Row = {"re_age": {"min_months_on_books": 0, "min_payments": 0}}


def test_a_re_age_brings_the_account_current_and_posts_nothing() -> None:
    shown = statements([event("re_age", "2023-04-20")], "2023-06-05", delinquency=LENIENT)
    assert [told(each)[:2] for each in shown] == [("0.00", 0), ("100.00", 10), ("200.00", 41), ("100.00", 12), ("200.00", 43)]
    assert [each["new_balance"] for each in shown] == ["1000.00"] * 5
    assert [each["minimum_payment_due"] for each in shown] == ["100.00", "200.00", "300.00", "200.00", "300.00"]
    assert [line for each in shown[1:] for line in each["lines"]] == []


def test_a_re_age_leaves_what_is_due_later_and_payments_after_it_pay_that_only() -> None:
    # On 04-10 February's and March's are let go; April's 100.00 (of 300.00 printed) stays, 100.00 on 04-20 pays it.
    shown = statements([event("re_age", "2023-04-10"), payment("2023-04-20", "100.00")], "2023-05-05", delinquency=LENIENT)
    assert told(shown[3]) == ("0.00", 0, "current")
    without = statements([payment("2023-04-20", "100.00")], "2023-05-05")
    assert told(without[3]) == ("200.00", 43, "30-59")


def test_no_late_payment_fee_where_the_account_was_re_aged_by_the_due_date() -> None:
    late = {"late_payment": {"kind": "fixed", "amount": "25.00"}}
    fees = {re_aged: [each["fees"] for each in statements([event("re_age", re_aged)], "2023-05-05", fees=late,
                                                          delinquency=LENIENT)] for re_aged in ("2023-04-23", "2023-04-24")}
    assert fees["2023-04-23"] == ["0.00", "25.00", "25.00", "0.00"]
    assert fees["2023-04-24"] == ["0.00", "25.00", "25.00", "25.00"]


def re_aged(on: str, rule: Row, *more: Row, opened_on: str = "2023-01-06", until: str = "2023-12-05") -> list[str]:
    """Why a re-age is refused: its limits; none where it is not."""
    try:
        statements([*more, event("re_age", on)], until, opened_on=opened_on, delinquency={"re_age": rule})
    except ReAgeRefused as refused:
        return list(refused.limits)
    return []


@pytest.mark.parametrize(("on", "rule", "events", "limits"), [
    ("2023-10-05", {"min_payments": 0}, [],
     ["it was opened on 2023-01-06 and has to be 9 months old, which it is on 2023-10-06"]),
    ("2023-10-06", {"min_payments": 0}, [], []),
    ("2023-04-22", {"min_months_on_books": 0}, [], ["3 minimum payments in a row have to be made and 2 came due"]),
    # Asked for by 04-23, each without what is past due: 100.00, then 80.00 twice, since 800.00 are left.
    ("2023-04-24", {"min_months_on_books": 0}, [payment("2023-02-10", "200.00"), payment("2023-04-23", "59.99")],
     ["259.99 was paid since the last 3 minimum payments were first asked for, which come to 260.00"]),
    ("2023-04-24", {"min_months_on_books": 0}, [payment("2023-02-10", "200.00"), payment("2023-04-23", "60.00")], []),
    ("2023-06-10", {"min_months_on_books": 0, "min_payments": 0}, [event("re_age", "2023-04-20")],
     ["it may be re-aged 1 times in 12 months and was 1 times (2023-04-20)"]),
    ("2024-04-20", {"min_months_on_books": 0, "min_payments": 0}, [event("re_age", "2023-04-20")], []),
    ("2024-04-19", {"min_months_on_books": 0, "min_payments": 0}, [event("re_age", "2023-04-20")],
     ["it may be re-aged 1 times in 12 months and was 1 times (2023-04-20)"]),
    ("2025-05-20", {"min_months_on_books": 0, "min_payments": 0},
     [event("re_age", "2023-04-20"), event("re_age", "2024-05-20")],
     ["it may be re-aged 2 times in 60 months and was 2 times (2023-04-20, 2024-05-20)"]),
    ("2023-04-20", {"min_months_on_books": 0, "min_payments": 0, "per_12_months": 0}, [],
     ["it may be re-aged 0 times in 12 months and was 0 times"]),
])
def test_a_re_age_is_refused_with_the_limit_and_its_numbers(on: str, rule: Row, events: list[Row], limits: list[str]) -> None:
    assert re_aged(on, rule, *events, until=on) == limits


# -- payment holiday --------------------------------------------------------------------------------------------------------


def test_a_payment_holiday_asks_for_nothing_and_stops_the_days() -> None:
    # 41 days past due on 04-05; from 04-10 to 06-10 no day counts, so 07-05 stands at 41 + 4 + 25.
    shown = statements([event("payment_holiday", "2023-04-10", until="2023-06-10")], "2023-07-05",
                       fees={"late_payment": {"kind": "fixed", "amount": "25.00"}})
    by_closing = {each["cycle"]["closes_on"]: each for each in shown}
    assert [(day, by_closing[day]["days_past_due"], by_closing[day]["minimum_payment_due"], by_closing[day]["fees"])
            for day in ("2023-04-05", "2023-05-05", "2023-06-05", "2023-07-05")] == [
        ("2023-04-05", 41, "350.00", "25.00"), ("2023-05-05", 45, "0.00", "0.00"), ("2023-06-05", 45, "0.00", "0.00"),
        ("2023-07-05", 70, "325.00", "0.00")]


def test_a_minimum_due_in_a_holiday_is_not_asked() -> None:
    shown = statements([event("payment_holiday", "2023-02-20", until="2023-02-23")], "2023-04-05")
    assert [told(each)[:2] for each in shown] == [("0.00", 0), ("0.00", 0), ("100.00", 13)]


def test_interest_goes_on_in_a_payment_holiday() -> None:
    terms = {**TERMS, "interest": {"segment": [{"name": "purchase", "daily_rate": "0.0005"}]}}
    with_it = statements([event("payment_holiday", "2023-02-20", until="2023-05-20")], "2023-05-05", terms)
    without = statements([], "2023-05-05", terms)
    assert [each["interest"] for each in with_it] == [each["interest"] for each in without]
    assert Decimal(with_it[2]["interest"]) > 0


# -- hardship ---------------------------------------------------------------------------------------------------------------

DEAR: Row = {
    **TERMS, "interest": {"segment": [{"name": "purchase", "annual_rate": "0.365"}],
                          "penalty": {"annual_rate": "0.73", "after_days_past_due": 30, "cured_after_on_time": 3}},
    "fees": {"late_payment": {"kind": "fixed", "amount": "25.00"}},
}


def test_hardship_replaces_the_rate_and_the_penalty_rate_and_stops_late_fees() -> None:
    # 1,000.00 at 1.00 a day in March's cycle and the reach-back to 01-10; 0.10 a day in hardship from 03-01, no penalty rate.
    shown = statements([event("hardship", "2023-03-01", until="2023-05-31", rate="0.0365")], "2023-06-05", DEAR)
    assert [each["interest"] for each in shown] == ["0.00", "50.40", "3.10", "3.00", "10.70"]
    assert [each["fees"] for each in shown] == ["0.00", "25.00", "0.00", "0.00", "0.00"]
    rates = [[(rate["of"], rate["rate"], rate["from"], rate["to"]) for rate in row["rates"]]
             for each in shown for row in each["interest_by_segment"] if "rates" in row]
    assert rates == [
        [("terms", "0.365", "2023-01-10", "2023-02-28"), ("hardship", "0.0365", "2023-03-01", "2023-03-04")],
        [("hardship", "0.0365", "2023-03-05", "2023-04-04")], [("hardship", "0.0365", "2023-04-05", "2023-05-04")],
        [("hardship", "0.0365", "2023-05-05", "2023-05-31"), ("penalty", "0.73", "2023-06-01", "2023-06-04")]]
    assert [each["interest_by_segment"][0]["rate"] for each in shown[1:]] == ["0.0365"] * 3 + ["0.73"]
    for language, words in (("en", "3.65 % a year (agreed for hardship), 2023-05-05 to 2023-05-31; 73 % a year (penalty rate)"),
                            ("zh", "2023-05-05 至 2023-05-31 年利率 3.65%（困难减息利率）；")):
        page = page_of(shown[-1], Letterhead(), language)  # type: ignore[arg-type]
        assert page["interest"][0]["rate"].startswith(words)
    # May 5 to 31 at 0.10, June 1 to 4 at the penalty rate of 2.00: hardship is over, more than 30 days are past due.
    assert Decimal("10.70") == 27 * Decimal("0.10") + 4 * Decimal("2.00")


def test_all_rates_of_a_tiered_segment_are_told() -> None:
    tiers = [{"up_to": "400.00", "annual_rate": "0.20"}, {"annual_rate": "0.10"}]
    terms = {**TERMS, "interest": {"segment": [{"name": "purchase", "tiers": tiers}]}}
    row = statements([], "2023-03-05", terms)[1]["interest_by_segment"][0]
    assert (row["rate"], row["rate_per"]) == ("0.2", "year")
    assert row["rates"] == [{"rate": "0.2", "rate_per": "year", "of": "terms", "up_to": "400.00"},
                            {"rate": "0.1", "rate_per": "year", "of": "terms"}]


def test_the_rate_of_hardship_is_refused_where_it_makes_no_sense() -> None:
    for bad, said in (({"rate": "18"}, 'at most "10"'), ({}, "rate goes with hardship"), ({"rate": "-0.1"}, "0.18")):
        with pytest.raises(Usage, match=said):
            statements([event("hardship", "2023-03-01", until="2023-05-31", **bad)], "2023-04-05")
    with pytest.raises(Usage, match="until goes with hardship"):
        statements([event("re_age", "2023-03-01", until="2023-05-31")], "2023-04-05")
    with pytest.raises(Usage, match="begins before that of 2023-03-01 ends, on 2023-03-31"):
        statements([event("payment_holiday", "2023-03-01", until="2023-03-31"),
                    event("payment_holiday", "2023-03-31", until="2023-04-30")], "2023-04-05")


# -- charge-off -------------------------------------------------------------------------------------------------------------

WRITTEN_OFF: Row = {"charge_off_after_days": 180}


def test_an_account_is_charged_off_at_the_closing_at_which_it_is_so_many_days_past_due() -> None:
    shown = statements([], "2023-10-05", delinquency=WRITTEN_OFF)
    last, after = shown[-2], shown[-1]
    assert [each["adjustments"] for each in shown] == ["0.00"] * 7 + ["-1000.00", "0.00"]
    assert (last["cycle"]["closes_on"], last["new_balance"], last["minimum_payment_due"]) == ("2023-09-05", "0.00", "0.00")
    assert told(last) == ("0.00", 194, "charged_off")
    assert last["charged_off"] == after["charged_off"] == {"on": "2023-09-05", "not_recovered": "1000.00"}
    assert not any("charged_off" in each for each in shown[:-2])
    assert [(line["type"], line["amount"]) for line in last["lines"]] == [("charge_off", "-1000.00")]
    assert (after["new_balance"], told(after)) == ("0.00", ("0.00", 0, "charged_off"))


@pytest.mark.parametrize(("after_days", "closings"), [(163, 7), (164, 8), (10, 2), (11, 3)])
def test_days_past_due_have_to_reach_the_limit(after_days: int, closings: int) -> None:
    shown = statements([], "2023-10-05", delinquency={"charge_off_after_days": after_days})
    assert [each["cycle"]["number"] for each in shown if each["adjustments"] != "0.00"] == [closings]


def test_interest_and_fees_stop_after_charge_off_and_are_written_off_with_the_rest() -> None:
    fees = {"late_payment": {"kind": "fixed", "amount": "25.00"}, "service": {"amount": "1.00"},
            "annual": {"amount": "60.00", "first": "after_first_year"}}
    later = [payment("2023-09-20", "300.00"), event("cash_advance", "2023-10-10", amount="40.00"),
             event("purchase", "2023-10-10", amount="60.00")]
    shown = statements(later, "2024-02-05", {**DEAR, "fees": fees}, delinquency=WRITTEN_OFF)
    closed = {each["cycle"]["closes_on"]: each for each in shown}
    off = closed["2023-09-05"]
    owed = Decimal(off["previous_balance"]) + Decimal(off["interest"]) + Decimal(off["fees"])
    assert Decimal(off["interest"]) > 0
    assert (Decimal(off["adjustments"]), off["new_balance"]) == (-owed, "0.00")
    later_ones = [each for day, each in closed.items() if day > "2023-09-05"]
    assert {(each["interest"], each["fees"], each["new_balance"]) for each in later_ones} == {("0.00", "0.00", "0.00")}
    assert closed["2023-10-05"]["adjustments"] == "300.00"
    assert closed["2023-11-05"]["adjustments"] == "-100.00"


def test_what_is_recovered_beyond_what_was_written_off_is_the_holders() -> None:
    later = [payment("2023-09-20", "600.00"), payment("2023-10-20", "450.00")]
    shown = statements(later, "2023-12-05", delinquency=WRITTEN_OFF)
    assert [(each["adjustments"], each["new_balance"]) for each in shown[-3:]] == [
        ("600.00", "0.00"), ("400.00", "-50.00"), ("0.00", "-50.00")]
    assert [each["charged_off"]["not_recovered"] for each in shown[-3:]] == ["400.00", "0.00", "0.00"]
    assert sorted((line["type"], line["amount"]) for line in shown[-3]["lines"]) == [
        ("payment", "-600.00"), ("recovery", "600.00")]


def test_a_charge_off_that_was_decided_on_falls_at_the_next_closing() -> None:
    shown = statements([event("charge_off", "2023-02-06"), payment("2023-02-10", "200.00")], "2023-04-05")
    assert [each["adjustments"] for each in shown] == ["0.00", "-800.00", "0.00"]


@pytest.mark.parametrize("method", ["daily_balance", "previous_balance", "adjusted_balance", "ending_balance", "two_cycle"])
def test_what_is_bought_after_a_charge_off_bears_nothing_by_any_method(method: str) -> None:
    interest = {"method": method, "segment": [{"name": "purchase", "daily_rate": "0.01", "grace": False}]}
    shown = statements([event("charge_off", "2023-02-06"), event("purchase", "2023-03-10", amount="100.00")], "2023-04-05",
                       interest=interest)
    assert shown[-1]["interest"] == "0.00"
    assert shown[-1]["adjustments"] == "-100.00"


def test_an_account_that_owes_nothing_is_not_charged_off() -> None:
    shown = statements([payment("2023-02-10", "1000.00"), event("charge_off", "2023-02-20"),
                        event("purchase", "2023-03-10", amount="50.00")], "2023-04-05")
    assert [each["new_balance"] for each in shown] == ["1000.00", "0.00", "50.00"]
