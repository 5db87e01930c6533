"""A payment found after its due date: what it would have spared comes back, line by line, on the day it becomes known."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from accounts.errors import Usage
from billing.scenario import Scenario
from billing.simulation import simulate
from statements.seal import seal_statements
from statements.simulated import simulated_document

TERMS = {
    "product": "classic", "currency": "CNY", "in_force_from": date(2023, 1, 1), "cycle": {"closing_day": 5, "due_day": 23},
    "fees": {"late_payment": {"kind": "percent_of_unpaid_minimum", "percent": "0.05", "floor": "10.00", "clause": "§7"}},
}
PURCHASE = {"on": date(2023, 3, 30), "type": "purchase", "amount": "1000.00"}
PAYMENT = {"on": date(2023, 4, 20), "type": "payment", "amount": "1000.00"}


def printed(*events: dict[str, Any], until: date = date(2023, 7, 5)) -> dict[str, Any]:
    document = {"account": {"opened_on": date(2023, 3, 1), "credit_limit": "10000.00"}, "until": until, "terms": TERMS,
                "events": list(events)}
    return simulated_document(simulate(Scenario.from_document(document, Path("scenario.toml")), seal_statements))


def test_a_found_payment_brings_back_late_fee_and_interest() -> None:
    told = printed(PURCHASE, {**PAYMENT, "known_on": date(2023, 6, 12)})
    _, may, june, july = told["statements"]
    # 1000.00 from 30 March to 5 May, 36 days at 0.0005 a day; 5 % of the unpaid minimum of 100.00, at least 10.00.
    assert (may["fees"], may["interest"], may["grace"]) == ("10.00", "18.00", "lost")
    assert may["payments"] == "0.00"
    corrections = [(each["on"], each["corrects"], each["type"], each["amount"]) for each in told["corrections"]]
    assert corrections == [
        ("2023-06-12", "2023-04-24", "late_payment_fee_correction", "-10.00"),
        ("2023-06-12", "2023-05-05", "purchase_interest_correction", "-18.00"),
        ("2023-06-12", "2023-05-24", "late_payment_fee_correction", f"-{june['fees']}"),
        ("2023-06-12", "2023-06-05", "purchase_interest_correction", f"-{june['interest']}"),
    ]
    assert told["corrections"][0]["because"] == (
        "late payment fee of 2023-04-24: 10.00 was charged and would not have been; with the late events known in time, the "
        "minimum payment was met")
    assert told["corrections"][1]["because"].endswith("grace was kept and not lost")
    assert (july["previous_balance"], july["payments"], july["new_balance"]) == (june["new_balance"], "1000.00", "0.00")
    assert july["grace"] == "kept"
    assert told["state"]["balance"] == "0.00"


def test_a_purchase_found_late_is_billed_as_if_it_had_been_known() -> None:
    told = printed(PURCHASE, PAYMENT, {**PURCHASE, "amount": "200.00", "on": date(2023, 4, 2), "known_on": date(2023, 5, 20)})
    in_time = printed(PURCHASE, PAYMENT, {**PURCHASE, "amount": "200.00", "on": date(2023, 4, 2)})
    assert told["state"] == in_time["state"]
    assert [each["type"] for each in told["corrections"]] == ["purchase_interest"]
    assert told["statements"][2]["purchases"] == "200.00"


def test_an_event_heard_of_in_time_is_not_late() -> None:
    known = {**PAYMENT, "posted_on": date(2023, 4, 22), "known_on": date(2023, 4, 21)}
    assert printed(PURCHASE, known) == printed(PURCHASE, {**PAYMENT, "posted_on": date(2023, 4, 22)})


def test_an_event_cannot_be_known_before_it_happens() -> None:
    with pytest.raises(Usage, match="known_on 2023-04-19 lies before the event itself on 2023-04-20"):
        printed({**PAYMENT, "known_on": date(2023, 4, 19)})
