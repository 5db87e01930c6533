"""Awkward histories, each worked out by hand from docs/reference/billing-rules.md, with the reason why it comes out so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.examples.figures import figures
from tests.examples.worked.record import Event, Example, Table

#: Closes on the 5th, due on the 23rd, 0.05 % a day, full form, the closing day does not count: the defaults.
DEFAULTS: Table = {}
MONTH_END = {"cycle": {"closing_day": 31, "due_after_days": 20}}
IN_FULL = {"interest": "0.00", "grace": "kept"}
BOUGHT: Event = ("2023-03-30", "purchase", "1000.00")


def history(why: str, reason: str, opened_on: str, terms: Table, events: list[Event], expected: dict[str, Table],
            **more: Any) -> Example:
    """An awkward history: why it is awkward, and the reason for its figures."""
    return Example(why, reason, why, opened_on, terms, events, expected, **more)


HISTORIES = [
    # Month ends and leap days.
    history("closing on the 31st in a common year",
            "Interest days run from closing to the day before the next: 31 January to 27 February are 28, to 30 March 31 more",
            "2023-01-10", MONTH_END, [("2023-01-31", "cash_advance", "1000.00")],
            {"2023-01-31": {"interest": "0.00"}, "2023-02-28": {"interest": "14.00", "cycle.days": 28},
             "2023-03-31": {"interest": "15.50"}, "2023-04-30": {"interest": "15.00", "cycle.number": 4}}),
    history("closing on the 31st in a leap year", "31 January to 28 February are 29 days", "2024-01-10", MONTH_END,
            [("2024-01-31", "cash_advance", "1000.00")],
            {"2024-02-29": {"interest": "14.50", "cycle.days": 29}, "2024-03-31": {"interest": "15.50"}}),
    history("a leap year has 366 days of a 365th", "With actual/365 every day bears a 365th of the rate, 29 February too",
            "2023-12-06", {"interest": {"segment": [{"name": "cash_advance", "annual_rate": "0.1825"}]}},
            [("2024-02-05", "cash_advance", "1000.00")], {"2024-03-05": {"interest": "14.50"}}),
    history("bought on 29 February", "Full form from the day itself: 29 February to 4 April are 36 days", "2024-02-06",
            DEFAULTS,
            [("2024-02-29", "purchase", "1000.00")], {"2024-04-05": {"interest": "18.00"}}),
    history("opened on 29 February", "In a common year the anniversary is 28 February", "2024-02-29",
            {"fees": {"annual": {"amount": "300.00"}}}, [],
            {"2024-03-05": {"charge.annual.on": "2024-02-29"}, "2025-03-05": {"charge.annual.on": "2025-02-28"}}),
    history("due 20 days after a short February", "Days are counted, not months: 28 February and 20 days", "2023-01-10",
            MONTH_END,
            [("2023-01-31", "purchase", "100.00")],
            {"2023-01-31": {"payment_due_on": "2023-02-20"}, "2023-02-28": {"payment_due_on": "2023-03-20"}}),
    # First cycles, and cycles in which nothing happens.
    history("a first cycle of two days", "Something was bought, so it closes", "2023-04-04", DEFAULTS,
            [("2023-04-05", "purchase", "80.00")],
            {"2023-04-05": {"cycle.days": 2, "new_balance": "80.00", "minimum_payment_due": "8.00",
                            "payment_due_on": "2023-04-23"}}),
    history("a first cycle of two days with nothing in it", "A part of a month without postings runs on into the next",
            "2023-04-04",
            DEFAULTS, [("2023-04-20", "purchase", "80.00")], {"2023-05-05": {"cycle.number": 1, "cycle.days": 32}}),
    history("a cycle in which nothing happens", "Nothing is owed, so nothing is due and grace is kept", "2023-03-01", DEFAULTS,
            [("2023-03-10", "purchase", "80.00"), ("2023-04-10", "payment", "80.00")],
            {"2023-06-05": {"previous_balance": "0.00", "new_balance": "0.00", "minimum_payment_due": "0.00", **IN_FULL}}),
    history("a cent", "0.0005 of interest a month and a tenth of a cent round to nothing; the cent stays owed", "2023-03-01",
            DEFAULTS, [("2023-04-05", "cash_advance", "0.01")],
            {"2023-04-05": {"minimum_payment_due": "0.01"}, "2023-05-05": {"interest": "0.00", "new_balance": "0.01"}}),
    # Credit balances.
    history("a credit balance absorbs later debits",
            "500 paid too much take 300 of purchases and 200 of the cash; the other 100 bear 23 days from 12 April",
            "2023-03-01",
            DEFAULTS, [("2023-03-20", "payment", "500.00"), ("2023-04-10", "purchase", "300.00"),
                       ("2023-04-12", "cash_advance", "300.00")],
            {"2023-04-05": {"new_balance": "-500.00", "minimum_payment_due": "0.00", "grace": "kept"},
             "2023-05-05": {"interest": "1.15", "new_balance": "101.15"}}),
    history("a credit balance is sent back", "The refund to the holder is a debit that the credit balance pays: it never bears",
            "2023-03-01", DEFAULTS, [("2023-03-20", "payment", "500.00"), ("2023-04-10", "adjustment_debit", "500.00")],
            {"2023-05-05": {"adjustments": "500.00", "interest": "0.00", "new_balance": "0.00"}, "2023-06-05": IN_FULL}),
    history("more is refunded than is owed", "The issuer owes the rest; it is not cut off at zero", "2023-03-01", DEFAULTS,
            [("2023-03-10", "purchase", "100.00"), ("2023-03-20", "refund", "150.00")],
            {"2023-04-05": {"credits": "150.00", "new_balance": "-50.00", "minimum_payment_due": "0.00"}}),
    # Rows that look like mistakes and are none.
    history("two honest identical rows", "Two coffees on one day are two purchases", "2023-03-01", DEFAULTS,
            [("2023-03-10", "purchase", "20.00", {"merchant": "Cafe"}),
             ("2023-03-10", "purchase", "20.00", {"merchant": "Cafe"})],
            {"2023-04-05": {"purchases": "40.00", "lines": 2}}),
    history("cash drawn and paid back on one day", "The base of a day is the balance at its end", "2023-03-01", DEFAULTS,
            [("2023-03-10", "cash_advance", "1000.00"), ("2023-03-10", "payment", "1000.00")],
            {"2023-04-05": {"interest": "0.00", "new_balance": "0.00"}}),
    history("the same where the payment day counts at the old balance", "One day at 1,000 all the same", "2023-03-01",
            {"interest": {"payment_day_counts": "old"}},
            [("2023-03-10", "cash_advance", "1000.00"), ("2023-03-10", "payment", "1000.00")],
            {"2023-04-05": {"interest": "0.50"}}),
    history("posted after the closing, drawn before it",
            "It bears from its own day: 3 and 4 April, which are gone, and the 30 days of the cycle that it posts in",
            "2023-03-01",
            DEFAULTS, [("2023-04-03", "cash_advance", "1000.00", {"posted_on": "2023-04-07"})],
            {"2023-05-05": {"cash_advances": "1000.00", "interest": "16.00"}}),
    history("the same where interest counts from posting", "7 April to 4 May are 28 days", "2023-03-01",
            {"interest": {"accrues_from": "posting"}},
            [("2023-04-03", "cash_advance", "1000.00", {"posted_on": "2023-04-07"})], {"2023-05-05": {"interest": "14.00"}}),
    # Paying on the edge.
    history("paid on the due date", "The due date itself is in time", "2023-03-01", DEFAULTS,
            [BOUGHT, ("2023-04-23", "payment", "1000.00")], {"2023-05-05": IN_FULL}),
    history("paid the day after", "Late by a day: all 25 days from the purchase on", "2023-03-01", DEFAULTS,
            [BOUGHT, ("2023-04-24", "payment", "1000.00")],
            {"2023-05-05": {"interest": "12.50", "grace": "lost", "new_balance": "12.50"}}),
    history("paid the day after, a day tolerated", "The tolerance makes it in time", "2023-03-01",
            {"cycle": {"tolerance_days": 1}}, [BOUGHT, ("2023-04-24", "payment", "1000.00")], {"2023-05-05": IN_FULL}),
    history("a cent short", "999.99 are not 1,000: 1,000 for 24 days, 0.01 for 12", "2023-03-01", DEFAULTS,
            [BOUGHT, ("2023-04-23", "payment", "999.99")], {"2023-05-05": {"interest": "12.00", "grace": "lost"}}),
    history("a cent short, a cent tolerated", "It counts as paid in full; the cent stays owed", "2023-03-01",
            {"cycle": {"tolerance_amount": "0.01"}}, [BOUGHT, ("2023-04-23", "payment", "999.99")],
            {"2023-05-05": {**IN_FULL, "new_balance": "0.01"}}),
    history("paid before the statement", "What is paid before closing is not on the statement, so nothing is due", "2023-03-01",
            DEFAULTS, [BOUGHT, ("2023-04-01", "payment", "1000.00")],
            {"2023-04-05": {"new_balance": "0.00", "minimum_payment_due": "0.00"}, "2023-05-05": IN_FULL}),
    history("a refund instead of a payment", "Refunds count as payment: billed 1,000, given back 1,000, nothing bears",
            "2023-03-01",
            DEFAULTS, [BOUGHT, ("2023-04-20", "refund", "1000.00")], {"2023-05-05": IN_FULL}),
    history("the same where refunds do not count", "Nothing was paid by the due date: 21 days until the refund", "2023-03-01",
            {"allocation": {"refunds_count_as_payment": False}}, [BOUGHT, ("2023-04-20", "refund", "1000.00")],
            {"2023-05-05": {"interest": "10.50", "grace": "lost"}}),
    history("paid on the closing day", "In this cycle, but the closing day bears in the next: 30 March to 4 May are 36 days",
            "2023-03-01", DEFAULTS, [BOUGHT, ("2023-05-05", "payment", "1000.00")],
            {"2023-05-05": {"interest": "18.00", "payments": "1000.00", "new_balance": "18.00"},
             "2023-06-05": {"interest": "0.00"}}),
    history("paid on a closing day that counts", "The day counts at the new balance of nothing: 36 days all the same",
            "2023-03-01",
            {"interest": {"closing_day_counts": True}}, [BOUGHT, ("2023-05-05", "payment", "1000.00")],
            {"2023-05-05": {"interest": "18.00"}}),
    history("paid on a closing day that counts at the old balance", "5 May is a 37th day", "2023-03-01",
            {"interest": {"closing_day_counts": True, "payment_day_counts": "old"}},
            [BOUGHT, ("2023-05-05", "payment", "1000.00")],
            {"2023-05-05": {"interest": "18.50"}}),
    # Due dates on holidays.
    history("due on a holiday", "4 July moves to the 5th, and a payment that day is in time", "2023-05-11",
            {"currency": "USD", "cycle": {"closing_day": 10, "due_day": 4, "due_roll": "next_business_day", "calendar": "US"},
             "fees": {"late_payment": {"kind": "fixed", "amount": "25.00"}}},
            [("2023-06-01", "purchase", "1000.00"), ("2023-07-05", "payment", "1000.00")],
            {"2023-06-10": {"payment_due_on": "2023-07-05"}, "2023-07-10": {**IN_FULL, "charge.late_payment": "0"}}),
    history("due in a week of holidays", "1 October 2023 moves over National Day and the weekend to Monday the 9th",
            "2023-08-16",
            {"cycle": {"closing_day": 15, "due_day": 1, "due_roll": "next_business_day", "calendar": "CN"}},
            [("2023-09-01", "purchase", "1000.00"), ("2023-10-09", "payment", "1000.00")],
            {"2023-09-15": {"payment_due_on": "2023-10-09"}, "2023-10-15": IN_FULL}),
]


@pytest.mark.parametrize("example", HISTORIES, ids=lambda example: example.name)
def test_awkward_history(example: Example) -> None:
    assert figures(example) == example.expected, example.source


def test_each_awkward_history_is_told_once() -> None:
    assert len({example.name for example in HISTORIES}) == len(HISTORIES)
