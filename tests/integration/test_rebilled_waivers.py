"""A waiver for a charge that a late event takes away does not stay as a gift: both net to what would have been left."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from accounts.database import Database
from billing.rebill import find_rebilling, rebill
from billing.scenario import Scenario
from billing.simulation import simulate
from statements.seal import seal_statements
from statements.verify import scope_of, verify
from statements.waiving import Decision, MoreThanCharged, agree_standing_waiver, waive
from tests.integration.test_rebilling import in_time, put_in, run_days

OPENED, WAIVED_ON, KNOWN_ON, UNTIL = date(2024, 1, 1), date(2024, 3, 1), date(2024, 3, 12), date(2024, 5, 6)
TWO = Decision("goodwill", "lan", "wei")
PAYMENT = {"on": date(2024, 2, 20), "type": "payment", "amount": "500.00", "known_on": KNOWN_ON}
TERMS: dict[str, Any] = {
    "product": "classic", "cycle": {"closing_day": 5, "due_day": 23}, "fees": {
        "late_payment": {"kind": "percent_of_unpaid_minimum", "percent": "0.05", "floor": "10.00"},
        "cash_advance": {"percent": "0.03"}}}


def scenario(*events: dict[str, Any]) -> Scenario:
    return Scenario.from_document({
        "account": {"opened_on": OPENED, "credit_limit": "10000"}, "until": UNTIL, "terms": TERMS,
        "events": [{"on": date(2024, 1, 10), "type": "purchase", "amount": "500.00"}, *events]}, Path("scenario.toml"))


@pytest.fixture
def owner(embedded_database: Database) -> Iterator[Connection[Any]]:
    import psycopg

    with psycopg.connect(embedded_database.url) as connection:
        yield connection
        connection.rollback()


def begun(owner: Connection[Any], told: Scenario, until: date) -> None:
    put_in(owner, [told])
    owner.execute("UPDATE book SET first_on = %s", (OPENED,))
    run_days(owner, OPENED, until)


def rebilled(owner: Connection[Any]) -> int:
    return rebill(owner, find_rebilling(owner, 1, 1, seal_statements), "tester")


def corrected(owner: Connection[Any]) -> dict[int, int]:
    return dict(owner.execute("SELECT type, sum(amount)::bigint FROM posting WHERE type > 139 AND type <> 181 GROUP BY type"))


@pytest.mark.parametrize(("percent", "waived"), [(None, 1000), (Decimal("0.4"), 400)])
def test_a_waiver_goes_with_the_charge_it_was_given_for(owner: Connection[Any], percent: Decimal | None, waived: int) -> None:
    told = scenario(PAYMENT)
    begun(owner, told, WAIVED_ON)
    assert waive(owner, "A1", "2024-02-24.late_payment", percent, TWO)["amount"] == f"{waived / 100:.2f}"
    run_days(owner, date(2024, 3, 2), date(2024, 3, 11))
    assert rebilled(owner) >= 2
    found = corrected(owner)
    assert (found[153], found[173]) == (1000, waived)
    with pytest.raises(MoreThanCharged, match=r"came to 0.00 and 0.00 of it is waived already"):
        waive(owner, "A1", "2024-02-24.late_payment", None, TWO)
    assert rebilled(owner) == 0
    run_days(owner, KNOWN_ON, UNTIL)
    assert owner.execute("SELECT balance FROM guarded_balance").fetchone() == (
        int(in_time(told).state["balance"].replace(".", "")),)
    bad = [each for each in verify(owner, scope_of(owner)) if each.first_bad is not None]
    assert [each.check.name for each in bad if not each.check.name.startswith("day")] == []


def test_of_a_charge_that_is_less_the_waiver_is_cut_to_what_is_left(owner: Connection[Any]) -> None:
    told = scenario({**PAYMENT, "amount": "15.00"})
    fees = {"late_payment": {"kind": "percent_of_unpaid_minimum", "percent": "0.05"}}
    less = told.model_copy(update={"terms": (told.terms[0].from_document({**TERMS, "fees": fees}),)})
    begun(owner, less, WAIVED_ON)
    [(charged,)] = owner.execute("SELECT amount FROM posting WHERE type = 53").fetchall()
    waive(owner, "A1", "2024-02-24.late_payment", None, TWO)
    run_days(owner, date(2024, 3, 2), date(2024, 3, 11))
    rebilled(owner)
    rows = owner.execute(
        "SELECT charge_type, before, after FROM correction WHERE charge_type IN (53, 73) ORDER BY 1").fetchall()
    [after] = [each.row for each in in_time(less).statements if each.row["closes_on"] == date(2024, 3, 5)]
    assert rows == [(53, charged, after["fees"]), (73, charged, after["fees"])]
    assert 0 < after["fees"] < charged


def test_a_waiver_comes_back_with_its_charge(owner: Connection[Any]) -> None:
    """The payment was none: it is returned, and that is heard of later still."""
    told = scenario(PAYMENT, {"on": date(2024, 2, 22), "type": "returned_payment", "amount": "500.00",
                              "known_on": date(2024, 4, 10)})
    begun(owner, told, WAIVED_ON)
    waive(owner, "A1", "2024-02-24.late_payment", None, TWO)
    run_days(owner, date(2024, 3, 2), date(2024, 3, 11))
    rebilled(owner)
    run_days(owner, KNOWN_ON, date(2024, 4, 9))
    rebilled(owner)
    rows = owner.execute("SELECT after FROM correction WHERE charge_type = 73 ORDER BY posted_on").fetchall()
    assert rows == [(0,), (1000,)]


def test_what_a_standing_waiver_waives_is_waived_of_charges_that_come_late(owner: Connection[Any]) -> None:
    told = scenario({"on": date(2024, 2, 10), "type": "cash_advance", "amount": "200.00", "known_on": KNOWN_ON})
    put_in(owner, [told])
    agree_standing_waiver(owner, "A1", "late_payment", OPENED, None, Decimal("0.5"), TWO)
    agree_standing_waiver(owner, "A1", "cash_advance", OPENED, None, None, TWO)
    run_days(owner, OPENED, date(2024, 3, 11))
    assert owner.execute("SELECT amount FROM posting WHERE type = 73").fetchall() == [(500,)]
    rebilled(owner)
    run_days(owner, KNOWN_ON, UNTIL)
    waivers = [{"kind": "late_payment", "from": OPENED, "percent": "0.5"}, {"kind": "cash_advance", "from": OPENED}]
    document = {"account": {"opened_on": OPENED, "credit_limit": "10000"}, "until": UNTIL, "terms": TERMS, "waivers": waivers,
                "events": [{"on": date(2024, 1, 10), "type": "purchase", "amount": "500.00"},
                           {"on": date(2024, 2, 10), "type": "cash_advance", "amount": "200.00"}]}
    expected = simulate(Scenario.from_document(document, Path("scenario.toml")), seal_statements)
    assert owner.execute("SELECT balance FROM guarded_balance").fetchone() == (
        int(expected.state["balance"].replace(".", "")),)
