"""Disputes, rule by rule: what leaves, what comes back, what is charged for it. docs/reference/billing-rules.md, 15."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from accounts.errors import Refused, Usage
from billing.scenario import Scenario
from billing.simulation import Simulated, simulate
from statements.seal import seal_statements

OPENED = date(2023, 3, 1)


def day(text: str) -> date:
    return date.fromisoformat(f"2023-{text}")


def event(on: str, kind: str, amount: str | None = None, **more: Any) -> dict[str, Any]:
    return {"on": day(on), "type": kind, **({} if amount is None else {"amount": amount}), **more}


#: 600.00 that nobody contests and 400.00 that the holder does; closing day 5, due day 23, 0.05 % a day.
REST, T2 = event("03-10", "purchase", "600.00", id="T1"), event("03-30", "purchase", "400.00", id="T2")
PAID_REST = event("04-20", "payment", "600.00")


def billed(*events: dict[str, Any], until: str = "09-05", **terms: Any) -> Simulated:
    document = {"account": {"opened_on": OPENED, "credit_limit": "10000.00"}, "until": day(until),
                "terms": {"product": "classic", **terms}, "events": list(events)}
    return simulate(Scenario.from_document(document, Path("scenario.toml")), seal_statements)


def rows(done: Simulated, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(each.row[name] for name in names) for each in done.statements]


def dispute(on: str, **more: Any) -> dict[str, Any]:
    return event(on, "dispute", of="T2", **more)


def decided(on: str, outcome: str, **more: Any) -> dict[str, Any]:
    return event(on, "dispute_decided", of="T2", outcome=outcome, **more)


#: opened | paid | closing: new balance, minimum, interest | why
OPEN = [
    ("03-30", (), [("04-05", 100000, 6000, 0), ("05-05", 101680, 10680, 1680)],
     "600.00 bear from 10 March, 56 days: 16.80; the minimum is 10 % of 600.00, then 5 %, interest and 60.00 past due"),
    ("04-10", (), [("04-05", 100000, 10000, 0), ("05-05", 101680, 10680, 1680)],
     "the days up to the dispute bear nothing either; of the 100.00 of 5 April 40.00 are not asked for any more"),
    ("04-10", (PAID_REST,), [("04-05", 100000, 10000, 0), ("05-05", 40000, 0, 0)],
     "all but what is disputed was paid: grace is kept"),
    ("05-10", (PAID_REST,), [("05-05", 41950, 3950, 1950), ("06-05", 42050, 283, 100)],
     "grace was lost before: 5 days of 400.00 bear; of the minimum of 39.50 the share 400.00 / 419.50 is not asked for"),
]


@pytest.mark.parametrize(("on", "paid", "expected", "why"), OPEN, ids=[f"{each[0]} {len(each[1])} paid" for each in OPEN])
def test_what_is_disputed_is_owed_and_nothing_asks_for_it(on: str, paid: tuple[dict[str, Any], ...], expected: list[Any],
                                                          why: str) -> None:
    found = {each[0]: each[1:] for each in rows(billed(REST, T2, *paid, dispute(on)), "closes_on", "new_balance",
                                                "minimum_payment_due", "interest")}
    for closes_on, *figures in expected:
        assert found[day(closes_on)] == tuple(figures), (closes_on, why)


def test_nothing_pays_it_and_no_late_fee_is_charged_on_it() -> None:
    fees = {"late_payment": {"kind": "percent_of_unpaid_minimum", "percent": "0.05", "floor": "10.00"}}
    done = billed(REST, T2, dispute("04-10"), event("04-20", "payment", "900.00"), fees=fees, until="06-05")
    assert rows(done, "new_balance", "fees", "billed", "revolving") == [
        (100000, 0, 100000, 0), (10000, 0, 0, 0), (10000, 0, 0, 0)]
    assert done.state["balances"] == {"purchase": "0.00", "cash_advance": "0.00", "interest": "0.00", "fees": "0.00",
                                      "disputed": "400.00"}


def test_a_part_of_a_debit_may_be_disputed_and_decided_by_name() -> None:
    done = billed(REST, T2, dispute("03-31", amount="150.00", id="D1"), until="04-05")
    assert rows(done, "new_balance", "minimum_payment_due") == [(100000, 8500)]
    assert done.state["balances"]["disputed"] == "150.00"
    lost = billed(REST, T2, dispute("03-31", amount="150.00", id="D1"), event("04-02", "dispute_decided", of="D1",
                                                                             outcome="for_issuer"), until="04-05")
    assert rows(lost, "new_balance", "minimum_payment_due") == [(100000, 10000)]


#: terms | closing of 5 July: interest (corrections with it), minimum, billed, revolving | balance in the end | why
LOST = [
    (False, (900, 22510, 40000, 60000), "1069.10", "back on 20 June as a new debit: nothing for the time of the dispute"),
    (True, (2840, 22450, 0, 100000), "1085.50", "7.20 and 6.20 for the closings of May and June, 15.00 for that of July"),
]


@pytest.mark.parametrize(("charged", "july", "owed", "why"), LOST)
def test_decided_for_the_issuer_it_comes_back(charged: bool, july: tuple[int, ...], owed: str, why: str) -> None:
    done = billed(REST, T2, dispute("04-10"), decided("06-20", "for_issuer"), disputes={"interest_if_lost": charged})
    found = rows(done, "closes_on", "interest", "minimum_payment_due", "billed", "revolving")
    assert found[3] == (day("07-05"), *july), why
    assert done.state["balance"] == owed
    assert [(each["on"], each["corrects"], each["before"], each["after"]) for each in done.corrections] == [
        ("2023-06-20", "2023-05-05", "16.80", "24.00"), ("2023-06-20", "2023-06-05", "9.30", "15.50")] * charged


def test_who_paid_the_rest_has_until_the_next_due_date_to_pay_it() -> None:
    for charged in (False, True):
        lost = billed(REST, T2, dispute("04-10"), PAID_REST, decided("06-20", "for_issuer"),
                      event("07-23", "payment", "400.00"), disputes={"interest_if_lost": charged})
        assert rows(lost, "new_balance", "interest", "minimum_payment_due") == [
            (100000, 0, 10000), (40000, 0, 0), (40000, 0, 0), (40000, 0, 4000), (0, 0, 0), (0, 0, 0)]


def test_interest_for_the_time_of_the_dispute_makes_no_minimum_missed() -> None:
    """The holder paid each minimum as it was asked for; what is charged later was not asked for then."""
    fees = {"late_payment": {"kind": "fixed", "amount": "25.00"}}
    paid = [event("04-20", "payment", "60.00"), event("05-20", "payment", "43.35"), event("06-18", "payment", "33.80")]
    done = billed(REST, T2, dispute("04-10"), *paid, decided("06-20", "for_issuer"), fees=fees,
                  disputes={"interest_if_lost": True}, until="07-05")
    assert rows(done, "minimum_payment_due")[:3] == [(10000,), (4335,), (3380,)]
    assert {each["kind"] for each in done.corrections} == {"interest"}
    assert sum(row[0] for row in rows(done, "fees")) == 0


HELD = [("chargeback", 20, "credits"), ("adjustment_credit", 18, "adjustments")]


@pytest.mark.parametrize(("credited_as", "code", "figure"), HELD)
def test_decided_for_the_holder_it_is_credited_with_all_that_came_of_it(credited_as: str, code: int, figure: str) -> None:
    fees = {"foreign": {"percent": "0.01"}, "late_payment": {"kind": "percent_of_unpaid_minimum", "percent": "0.05"}}
    events = [REST, {**T2, "currency": "USD"}, dispute("05-20"), decided("06-20", "for_holder", credited_as=credited_as)]
    done, never = billed(*events, fees=fees), billed(REST, fees=fees)
    assert done.state == never.state
    credit = [each for each in done.postings if each["type"] == code]
    assert [(each["posted_on"], each["amount"]) for each in credit] == [(day("06-20"), 40000)]
    assert abs(done.statements[3].row[figure]) == 40000
    assert [(each["kind"], each["corrects"], each["amount"]) for each in done.corrections] == [
        ("foreign", "2023-03-30", "-4.00"), ("late_payment", "2023-04-24", "-2.20"), ("interest", "2023-05-05", "-7.20"),
        ("late_payment", "2023-05-24", "-0.12"), ("interest", "2023-06-05", "-3.00"),
    ]


def test_a_debit_disputed_again_after_a_part_was_credited() -> None:
    events = [REST, T2, dispute("04-10", amount="100.00"), decided("04-20", "for_holder"), dispute("05-10"), ]
    with pytest.raises(Refused, match=r"of T2 no more than 300.00 is left that was not credited"):
        billed(*events)
    done = billed(*events[:-1], dispute("05-10", amount="300.00"), decided("05-20", "for_holder"))
    assert done.state == billed(REST).state


WRONG = [
    ([REST, event("04-10", "dispute", of="T9")], "T9 is no debit"),
    ([REST, event("03-09", "dispute", of="T1")], "T1 posts on 2023-03-10"),
    ([REST, event("04-10", "dispute", "600.01", of="T1")], "T1 came to 600.00; 600.01 is more"),
    ([REST, event("04-10", "dispute", of="T1"), event("04-11", "dispute", of="T1")], "is in dispute since 2023-04-10"),
    ([T2, dispute("04-10"), decided("04-09", "for_holder")], "in no dispute that is open on that day"),
    ([T2, dispute("03-30"), decided("03-30", "for_holder")], "it can be decided from the day after"),
    ([PAID_REST | {"id": "P"}, event("04-21", "dispute", of="P")], "P is no debit"),
]


@pytest.mark.parametrize(("events", "told"), WRONG, ids=[each[1] for each in WRONG])
def test_what_cannot_be_disputed_is_refused(events: list[dict[str, Any]], told: str) -> None:
    with pytest.raises(Refused, match=told):
        billed(*events)


MALFORMED = [
    (event("04-10", "dispute"), "of must name what the dispute is about"),
    (event("04-10", "dispute_decided", of="T2"), "outcome goes with dispute_decided"),
    (event("04-10", "purchase", "1.00", outcome="for_holder"), "outcome goes with dispute_decided"),
    (decided("04-10", "for_issuer", credited_as="chargeback"), "credited_as goes with a dispute_decided for_holder"),
    (dispute("04-10", known_on=day("04-11")), "leave known_on and posted_on out"),
]


@pytest.mark.parametrize(("wrong", "told"), MALFORMED, ids=[each[1] for each in MALFORMED])
def test_a_malformed_event_is_named(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(Usage, match=told):
        billed(T2, wrong)


def test_a_dispute_names_an_event_without_id_by_its_place() -> None:
    nameless = {key: value for key, value in T2.items() if key != "id"}
    done = billed(REST, nameless, event("03-30", "dispute", of="#2"), event("06-20", "dispute_decided", of="#2",
                                                                           outcome="for_holder"))
    assert done.state == billed(REST).state
