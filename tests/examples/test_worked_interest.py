"""Published examples of interest and minimum payment, through `simulate`, each with its source.

One row an example: terms that the issuer uses, what happened, and the figures that it prints for one closing.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from billing.scenario import Scenario
from billing.simulation import simulate
from statements.seal import seal_statements

DAY_RATE = [{"name": "purchase", "daily_rate": "0.0005"}, {"name": "cash_advance", "daily_rate": "0.0005"}]


def yearly(rate: str, key: str = "annual_rate", **purchase: Any) -> list[dict[str, Any]]:
    """Both segments at one rate."""
    return [{"name": "purchase", key: rate, **purchase}, {"name": "cash_advance", key: rate}]


class Example(NamedTuple):
    """terms: tables that differ from the defaults; events: day, type, amount; expected: statement columns, minor units."""

    source: str
    opened_on: date
    terms: dict[str, Any]
    events: list[tuple[str, str, str]]
    closing: date
    expected: dict[str, int]
    opening: dict[str, Any] | None = None


CMB = {"cycle": {"closing_day": 5, "due_day": 23}}
CMB_PURCHASE = ("2023-03-30", "purchase", "1000.00")
PORTAL = {"cycle": {"closing_day": 7, "due_day": 25}}
PORTAL_EVENTS = [("2017-03-08", "purchase", "20000.00"), ("2017-04-25", "payment", "2000.00")]
MEGA = {
    "currency": "TWD", "cycle": {"closing_day": 3, "due_day": 18},
    "interest": {"grace_lost_charges": "unpaid", "rounding": "down", "rounding_unit": "1",
                 "segment": yearly("0.0005063", "daily_rate")},
    "minimum_payment": {"parts": [{"percent": "0.10", "of": "new_purchases"}, {"percent": "0.02", "of": "revolving_principal"}],
                        "floor": "1000", "floor_before": ["interest"]},
}
REG_Z = {"currency": "USD", "cycle": {"closing_day": 31, "due_day": 25},
         "interest": {"closing_day_counts": True, "segment": yearly("0.15")}}
REG_Z_MARCH = [("2023-03-10", "purchase", "100.00"), ("2023-03-15", "purchase", "200.00"),
               ("2023-03-20", "purchase", "300.00"), ("2023-04-25", "payment", "500.00")]

EXAMPLES = {
    "paid in full, no interest": Example(
        "China Merchants Bank, card FAQ, revolving interest: paid in full", date(2023, 3, 1), CMB,
        [CMB_PURCHASE, ("2023-04-23", "payment", "1000.00")], date(2023, 5, 5), {"interest": 0, "new_balance": 0, "grace": 0}),
    "minimum paid, full form: 24 and 12 days": Example(
        "China Merchants Bank, card FAQ, revolving interest: minimum paid, version A", date(2023, 3, 1), CMB,
        [CMB_PURCHASE, ("2023-04-23", "payment", "100.00")], date(2023, 5, 5),
        {"interest": 1740, "purchase_balance_days": 3480000, "grace": 1}),
    "the same with the closing day counted: 24 and 13 days": Example(
        "China Merchants Bank, card FAQ, the same example, version B", date(2023, 3, 1),
        {**CMB, "interest": {"closing_day_counts": True}}, [CMB_PURCHASE, ("2023-04-23", "payment", "100.00")],
        date(2023, 5, 5), {"interest": 1785}),
    "full form over 48 and 12 days": Example(
        "Finance portal article on full-amount interest, full leg", date(2017, 3, 1), PORTAL, PORTAL_EVENTS, date(2017, 5, 7),
        {"interest": 58800}),
    "unpaid form over 60 days": Example(
        "The same article, unpaid leg (it prints 450 by a slip; 18,000 x 0.05 % x 60 is 540)", date(2017, 3, 1),
        {**PORTAL, "interest": {"grace_lost_charges": "unpaid"}}, PORTAL_EVENTS, date(2017, 5, 7), {"interest": 54000}),
    "cash advance of ten days": Example(
        "Chinese question-and-answer page on cash advances: 1,000 for 10 days", date(2023, 3, 1), CMB,
        [("2023-03-10", "cash_advance", "1000.00"), ("2023-03-20", "payment", "1000.00")], date(2023, 4, 5), {"interest": 500}),
    "unpaid part from the posting date, cut to whole dollars": Example(
        "Mega Bank card page: October statement, 49 days on 13,500; new purchase free", date(2023, 8, 5), MEGA,
        [("2023-08-15", "purchase", "15000"), ("2023-09-15", "purchase", "5000"), ("2023-09-18", "payment", "1500")],
        date(2023, 10, 3), {"interest": 33400, "new_balance": 1883400, "minimum_payment_due": 133400}),
    "first minimum is a tenth": Example(
        "Mega Bank card page, first minimum", date(2023, 8, 5), MEGA, [("2023-08-15", "purchase", "15000")], date(2023, 9, 3),
        {"minimum_payment_due": 150000}),
    "second statement: 5 % of principal and interest": Example(
        "Rakuten Card Taiwan, payment guide: 27,000 for 34 days at 8.88 %", date(2023, 4, 1),
        {"currency": "TWD", "cycle": {"closing_day": 5, "due_day": 20},
         "interest": {"grace_lost_charges": "unpaid", "rounding_unit": "1", "segment": yearly("0.0888")},
         "minimum_payment": {"parts": [{"percent": "0.10", "of": "new_purchases"},
                                       {"percent": "0.05", "of": "revolving_principal"}], "floor": "1000"}},
        [("2023-04-01", "purchase", "30000"), ("2023-04-20", "payment", "3000")], date(2023, 5, 5),
        {"interest": 22300, "minimum_payment_due": 157300}),
    "payment day at both balances": Example(
        "Indian issuer's most important terms: 49, 39 and 10 days at 3.65 % a month", date(2022, 3, 3),
        {"currency": "INR", "cycle": {"closing_day": 2, "due_day": 22},
         "interest": {"payment_day_counts": "both", "segment": yearly("0.0365", "monthly_rate")}},
        [("2022-03-05", "purchase", "500.00"), ("2022-03-05", "purchase", "90.00"), ("2022-03-15", "purchase", "6000.00"),
         ("2022-04-22", "payment", "415.00")], date(2022, 5, 2), {"interest": 38959}),
    "no reach-back after a part payment": Example(
        "Regulation Z, comment 54(a)(1)-6.i: 100 for 30 days and 150 for 21", date(2023, 3, 1),
        {**REG_Z, "interest": {**REG_Z["interest"], "accrues_from": "closing", "grace_lost_charges": "unpaid"},
         "grace": {"lost_for": "all"}},
        [*REG_Z_MARCH, ("2023-04-10", "purchase", "150.00")], date(2023, 4, 30), {"interest": 253}),
    "no grace at all: March and April": Example(
        "Regulation Z, comment 54(a)(1)-6.iii: 9.95 over two statements", date(2023, 3, 1),
        {**REG_Z, "interest": {"closing_day_counts": True, "segment": yearly("0.15", grace=False)}}, REG_Z_MARCH,
        date(2023, 4, 30), {"year_interest": 995}),
    "a percentage beside fees and interest, floor 300": Example(
        "DBS Hong Kong, flexible payment page: 450 + 1 % of 19,550", date(2023, 3, 1),
        {"currency": "HKD", "minimum_payment": {"parts": [{"percent": "0.01", "of": "principal"}],
                                                "add": ["fees", "interest", "over_limit", "past_due"], "floor": "300"}},
        [("2023-03-10", "fee", "450.00"), ("2023-03-10", "purchase", "19550.00")], date(2023, 4, 5),
        {"minimum_payment_due": 64550}),
    "a balance under the floor is due whole": Example(
        "DBS Hong Kong, flexible payment page: below 300 the whole balance", date(2023, 3, 1),
        {"currency": "HKD", "minimum_payment": {"parts": [{"percent": "0.01", "of": "principal"}], "floor": "300"}},
        [("2023-03-10", "purchase", "250.00")], date(2023, 4, 5), {"minimum_payment_due": 25000}),
    "nothing paid: damages of 5 % and interest": Example(
        "Chinese question-and-answer page: 3,000, a minimum of 300 missed", date(2023, 3, 1),
        {"cycle": {"closing_day": 5, "due_day": 23}, "minimum_payment": {"parts": [{"percent": "0.10", "of": "new_balance"}]},
         "fees": {"late_payment": {"kind": "percent_of_unpaid_minimum", "percent": "0.05", "floor": "10.00"}}},
        [("2023-04-05", "purchase", "3000.00")], date(2023, 5, 5), {"fees": 1500, "interest": 4500, "new_balance": 306000}),
    "full form counted on what is left of 2,000, not on 1,900": Example(
        "Canadian consumer guide: interest on 2,000 from the day of purchase", date(2023, 6, 1),
        {"currency": "CAD", "cycle": {"closing_day": 30, "due_day": 21}, "interest": {"segment": yearly("0.1999")}},
        [("2023-06-25", "purchase", "2000.00"), ("2023-07-21", "payment", "100.00")], date(2023, 7, 30),
        {"purchase_balance_days": 200000 * 26 + 190000 * 9}),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_published_example(name: str) -> None:
    example = EXAMPLES[name]
    document = {
        "account": {"opened_on": example.opened_on, "credit_limit": "100000.00"}, "until": example.closing,
        "terms": {"in_force_from": date(2010, 1, 1), **example.terms},
        "events": [{"on": date.fromisoformat(on), "type": kind, "amount": amount} for on, kind, amount in example.events],
    }
    statements = simulate(Scenario.from_document(document, Path("example.toml")), seal_statements).statements
    closed = next(each.row for each in statements if each.row["closes_on"] == example.closing)
    assert {key: closed[key] for key in example.expected} == example.expected, example.source
