"""Returned-payment, over-limit, cash-advance fees; caps of the first year; one fee an event."""

from __future__ import annotations

from typing import Any

from tests.examples.worked.fees_late import FEE, FEE_ON, SAFE_HARBOUR, late
from tests.examples.worked.record import NO_INTEREST, NO_MINIMUM, REG_Z, Event, Example, NotOurs, Table, opening

RETURNED, OVER = "charge.returned_payment", "charge.over_limit"
CAPPED = {"amount": "25.00", "cap_at": "minimum_due"}


def over_limit(fee: Table, currency: str = "USD", **more: Any) -> Table:
    """Calendar months without interest or minimum, with an over-limit fee."""
    return {"currency": currency, "cycle": {"closing_day": 31, "due_day": 25}, "interest": NO_INTEREST,
            "minimum_payment": NO_MINIMUM, "fees": {"over_limit": fee}, **more}


def _returned(part: str, shows: str, events: list[Event], fees: dict[str, str], **more: Any) -> Example:
    terms = {**late(SAFE_HARBOUR, {"parts": [{"percent": "0.03", "of": "principal"}], "add": []}),
             "fees": {"returned_payment": CAPPED}}
    return Example(
        f"US-52b2i-2-{part}", REG_Z + f"comment 52(b)(2)(i)-2.{part}", shows, "2023-01-01", terms, events,
        {on: {RETURNED: fee} for on, fee in fees.items()},
        opening=opening("2023-02-28", "kept", "15.00", "2023-03-25", purchase="500.00"), **more)


OPT_IN = REG_Z + "comment 56(j)-"
FIXED = {"kind": "fixed", "amount": "25.00"}
FIRST_YEAR = {"currency": "USD", "cycle": {"closing_day": 31, "due_day": 25}, "interest": NO_INTEREST,
              "minimum_payment": NO_MINIMUM}

EXAMPLES = [
    _returned("i", "25, but not more than the minimum of 15; no late fee beside it",
              [("2023-03-23", "payment", "100.00"), ("2023-03-26", "returned_payment", "100.00")], {"2023-03-31": "15.00"}),
    _returned("ii", "Returned on 2 April, before the next due date: March's minimum of 15 is the cap",
              [("2023-03-10", "purchase", "500.00"), ("2023-03-31", "payment", "100.00"),
               ("2023-04-02", "returned_payment", "100.00")], {"2023-04-30": "15.00"}),
    _returned("iii", "The same payment presented again and returned again: one fee for a due date",
              [("2023-03-23", "payment", "100.00"), ("2023-03-26", "returned_payment", "100.00"),
               ("2023-03-28", "payment", "100.00"), ("2023-04-01", "returned_payment", "100.00")],
               {"2023-03-31": "15.00", "2023-04-30": "0"}),
    _returned("iv", "An extra payment that comes back: 25, but not more than the last minimum of 15",
              [("2023-03-23", "payment", "15.00"), ("2023-04-05", "payment", "50.00"),
               ("2023-04-07", "returned_payment", "50.00")],
              {"2023-04-30": "15.00"}, reading="Dates moved from August and September to March and April"),
    Example(
        "US-52b2i-3-i", REG_Z + "comment 52(b)(2)(i)-3.i", "25, but not more than the 15 that went over the limit",
        "2023-01-01",
        over_limit({**FIXED, "cap_at": "over_limit"}),
        [("2023-03-06", "purchase", "60.00"), ("2023-03-25", "purchase", "5.00")],
        {"2023-03-31": {OVER: "15.00"}}, opening=opening("2023-02-28", purchase="4950.00"), credit_limit="5000.00"),
    Example(
        "US-52b2ii-1-iv", REG_Z + "comment 52(b)(2)(ii)-1.iv", "Late and over the limit are two events; three over-limit fees",
        "2023-01-01", over_limit(FIXED, fees={"late_payment": {"kind": "fixed", "amount": "25.00"}, "over_limit": FIXED}),
        [("2023-03-31", "purchase", "95.00")],
        {"2023-03-31": {FEE: "25.00", OVER: "25.00"}, "2023-04-30": {OVER: "25.00"}, "2023-05-31": {OVER: "25.00"},
         "2023-06-30": {OVER: "0"}}, opening=opening("2023-02-28", "kept", "35.00", "2023-03-25", purchase="945.00"),
        credit_limit="1000.00",
        reading="The comment allows 35 for the second and third, after the due date; ours has one amount, at closing"),
    Example(
        "US-52b2ii-1-v", REG_Z + "comment 52(b)(2)(ii)-1.v", "A payment that comes back takes it over the limit: 25 in all",
        "2023-01-01", over_limit(FIXED, fees={"returned_payment": {"amount": "25.00"}, "over_limit": FIXED}),
        [("2023-07-24", "payment", "100.00"), ("2023-07-26", "purchase", "75.00"),
         ("2023-07-27", "returned_payment", "100.00")],
        {"2023-07-31": {"fees": "25.00", "new_balance": "5050.00"}}, opening=opening("2023-06-30", purchase="4950.00"),
        credit_limit="5000.00"),
    Example(
        "US-56j-2-i", OPT_IN + "2.i", "Over the limit from December on: three fees, no fourth", "2022-01-01", over_limit(FIXED),
        [("2022-12-10", "purchase", "100.00")],
        {"2022-12-31": {OVER: "25.00"}, "2023-01-31": {OVER: "25.00"}, "2023-02-28": {OVER: "25.00"},
         "2023-03-31": {OVER: "0"}},
        opening=opening("2022-11-30", purchase="950.00"), credit_limit="1000.00"),
    Example(
        "US-56j-2-ii", OPT_IN + "2.ii", "Under the limit again by the due date in February: two fees", "2022-01-01",
        over_limit(FIXED), [("2022-12-10", "purchase", "100.00"), ("2023-02-20", "payment", "200.00")],
        {"2022-12-31": {OVER: "25.00"}, "2023-01-31": {OVER: "25.00"}, "2023-02-28": {OVER: "0"}},
        opening=opening("2022-11-30", purchase="950.00"), credit_limit="1000.00"),
    Example(
        "US-56j-5-i", OPT_IN + "5.i", "Over the limit by this cycle's fees and interest alone: no fee", "2023-01-01",
        over_limit(FIXED), [("2023-01-10", "purchase", "75.00"), ("2023-01-20", "fee", "50.00")],
        {"2023-01-31": {"new_balance": "525.00", OVER: "0"}}, opening=opening("2022-12-31", purchase="400.00"),
        credit_limit="500.00"),
    Example(
        "US-56j-5-ii", OPT_IN + "5.ii", "505 without this cycle's fees: a fee may be charged", "2023-01-01", over_limit(FIXED),
        [("2023-01-10", "purchase", "80.00"), ("2023-01-15", "payment", "25.00"), ("2023-01-20", "fee", "20.00")],
        {"2023-01-31": {"new_balance": "550.00", OVER: "25.00"}},
        opening=opening("2022-12-31", purchase="400.00", fees="50.00"), credit_limit="500.00",
        reading="525.00 and the fee"),
    Example(
        "CN-OLF-old", "Chinese bank card measures of 1999, abolished in 2017, numbers ours", "5 % of the 600 over the limit",
        "2015-01-01", over_limit({"kind": "percent", "percent": "0.05"}, "CNY"),
        [("2015-06-10", "purchase", "600.00")],
        {"2015-06-30": {OVER: "30.00"}}, opening=opening("2015-05-31", purchase="10000.00"), credit_limit="10000.00"),
    Example(
        "IN-ICICI-OL", "Amazon Pay ICICI card, most important terms, numbers ours", "Over limit: 2.5 % of 30,000, at least 500",
        "2023-01-01", over_limit({"kind": "percent", "percent": "0.025", "floor": "500.00"}, "INR"),
        [("2023-06-10", "purchase", "30000.00")], {"2023-06-30": {OVER: "750.00"}}, part="over limit",
        opening=opening("2023-05-31", purchase="100000.00"), credit_limit="100000.00"),
    Example(
        "IN-ICICI-OL", "Amazon Pay ICICI card, most important terms, numbers ours",
        "Cash: 2.5 % of 8,000 is under the floor of 300",
        "2023-06-01", {**FIRST_YEAR, "currency": "INR", "fees": {"cash_advance": {"percent": "0.025", "floor": "300.00"}}},
        [("2023-06-10", "cash_advance", "8000.00")], {"2023-06-30": {"charge.cash_advance": "300.00"}}, part="cash advance"),
    Example(
        "IN-ICICI-OL", "Amazon Pay ICICI card, most important terms, numbers ours", "Returned: 2 % of 30,000 due, at least 450",
        "2023-01-01", {**FIRST_YEAR, "currency": "INR", "fees": {"returned_payment": {"percent": "0.02", "floor": "450.00"}}},
        [("2023-06-10", "payment", "30000.00"), ("2023-06-12", "returned_payment", "30000.00")],
        {"2023-06-30": {RETURNED: "600.00"}},
        part="returned payment", opening=opening("2023-05-31", purchase="30000.00")),
    Example(
        "US-52a1-1-i", REG_Z + "comment 52(a)(1)-1.i", "A quarter of the limit in the first year: 120, then 5, then nothing; "
        "the late fee does not count", "2023-01-01",
        {**FIRST_YEAR, "minimum_payment": {"parts": [{"percent": "0.10", "of": "principal"}]},
         "fees": {"joining": {"amount": "120.00"}, "cash_advance": {"percent": "0.05"},
                  "late_payment": {"kind": "fixed", "amount": "15.00"}, "first_year_cap": "0.25"}},
        [("2023-02-01", "cash_advance", "100.00"), ("2023-02-20", "payment", "120.00"),
         ("2023-07-15", "cash_advance", "50.00")],
        {"2023-01-31": {"fees": "120.00"}, "2023-02-28": {"fees": "5.00"}, "2023-03-31": {FEE: "15.00", FEE_ON: "2023-03-26"},
         "2023-07-31": {"charge.cash_advance": "0"}}, credit_limit="500.00"),
    Example(
        "US-52a1-3-ii-A", REG_Z + "comment 52(a)(1)-3.ii.A", "A limit of 500 takes 125 of fees in the first year",
        "2023-01-01", {**FIRST_YEAR, "fees": {"joining": {"amount": "250.00"}, "first_year_cap": "0.25"}}, [],
        {"2023-01-31": {"fees": "125.00"}}, credit_limit="500.00",
        printed="a refund of 175: a quarter of 500 is 125, and 125 is what was charged too much",
        reading="The lower limit from the start: a scenario has one limit"),
]

COST_BASED = "How an issuer sets the amount of its fee from a year's costs; no account is billed"
NOT_OURS = [
    *(NotOurs(f"US-52b1i-{part}", REG_Z + f"comment 52(b)(1)(i)-{comment}", f"A fee of {fee} from the costs of {events} events",
              COST_BASED)
      for part, comment, fee, events in [
          ("6-A", "6.ii.A", "26", "1,000,000"), ("6-B", "6.ii.B", "35", "1,000,000"), ("6-C", "6.ii.C", "37", "980,000"),
          ("7-A", "7.ii.A", "21", "150,000"), ("7-B", "7.ii.B", "24", "150,000"), ("8-A", "8.iii.A", "23", "200,000"),
          ("8-B", "8.iii.B", "32", "200,000"), ("8-C", "8.iii.C", "30", "200,000"), ("9", "9.ii", "22", "100,000")]),
    NotOurs("US-52b2i-4", REG_Z + "comment 52(b)(2)(i)-4", "A declined cheque of 50 costs at most 50",
            "Accounts have no cheques, so nothing declines one"),
]
