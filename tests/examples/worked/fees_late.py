"""Late-payment fees: their eight kinds, caps, repeats, rounding, tolerance."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.examples.worked.record import CALENDAR_MONTH, NO_INTEREST, REG_Z, Event, Example, Table, opening

SAFE_HARBOUR = {"kind": "tiered", "first": "25.00", "repeat": "35.00", "repeat_within_cycles": 6}
RETURNED = {"late_payment": SAFE_HARBOUR, "returned_payment": {"amount": "25.00"}}
TENTH = {"parts": [{"percent": "0.10", "of": "principal"}], "add": ["past_due"]}
WHOLE = {"parts": [{"percent": "1", "of": "new_balance"}], "add": []}
NEW_ONLY = {"parts": [{"percent": "1", "of": "new_purchases"}], "add": []}
FEE, FEE_ON = "charge.late_payment", "charge.late_payment.on"


def late(fee: Table, minimum: Table = TENTH, currency: str = "USD", cycle: Table = CALENDAR_MONTH, **more: Any) -> Table:
    """Terms with a late-payment fee and no interest."""
    return {"currency": currency, "cycle": cycle, "interest": NO_INTEREST, "minimum_payment": minimum,
            "fees": {"late_payment": fee}, **more}


def _missed(id: str, source: str, shows: str, fee: Table, minimum: str, charged: str, paid: list[Event] | None = None,
            currency: str = "USD", **more: Any) -> Example:
    """The statement of 28 February missed its minimum, due on 25 March."""
    return Example(id, source, shows, "2023-01-01", late(fee, currency=currency), paid or [], {"2023-03-31": {FEE: charged}},
                   opening=opening("2023-02-28", "kept", minimum, "2023-03-25", purchase="20000.00"), **more)


def _slab(id: str, source: str, fee: Table, owed: str, charged: str, figure: str = FEE) -> Example:
    return Example(
        id, source, f"{owed} owed", "2023-02-01", late(fee, WHOLE, "INR"), [("2023-02-10", "purchase", owed)],
        {"2023-03-31": {figure: charged}}, part=owed)


ICICI = {"kind": "slab", "slabs": [{"up_to": "99.99", "amount": "0"}, {"up_to": "500.00", "amount": "100.00"},
                                   {"up_to": "10000.00", "amount": "500.00"}, {"amount": "750.00"}]}
SIMPL = {"kind": "slab", "tax": "0.18", "slabs": [
    {"up_to": "100.00", "amount": "10.00"}, {"up_to": "250.00", "amount": "25.00"}, {"up_to": "500.00", "amount": "50.00"},
    {"amount": "100.00"}]}
FIVE_PER_CENT = {"kind": "percent_of_unpaid_minimum", "percent": "0.05", "floor": "10.00"}
TARIFF = "Tariffs of Chinese banks: damages of 5 % of the unpaid minimum, at least 10, numbers ours"
CHARGE_CARD = [late({"kind": "fixed", "amount": "25.00"}, WHOLE),
               {**late({"kind": "percent_of_balance", "percent": "0.03", "rounding_unit": "1"}, WHOLE),
                "in_force_from": date(2023, 8, 1)}]
CHARGES: list[Event] = [("2023-06-10", "purchase", "1000.00"), ("2023-07-10", "purchase", "300.00"),
                        ("2023-08-10", "purchase", "200.00")]
SLICE = {"kind": "daily", "per_day": "35.00", "share_cap": "0.30", "cap": "2000.00", "tolerance_days": 3}
#: Misses 25 March (50) and, with 50 of 100 paid, 25 April; from then on pays what is due.
TWICE: list[Event] = [("2023-02-10", "purchase", "500.00"), ("2023-04-20", "payment", "50.00")]


def _window(part: str, shows: str, paid_until: int, missed: str, charged: str) -> Example:
    paid: list[Event] = [("2023-05-20", "payment", "200.00")]
    paid += [(f"2023-{month:02d}-20", "payment", "50.00") for month in range(6, paid_until + 1)]
    return Example(
        "US-52b1ii-A", REG_Z + "comment 52(b)(1)(ii)-1.iii.A", shows, "2023-02-01",
        late(SAFE_HARBOUR, {"parts": [{"percent": "0.10", "of": "credit_limit"}], "add": ["past_due"]}),
        [("2023-02-10", "purchase", "5000.00"), *TWICE[1:], *paid], {missed: {FEE: charged}}, part=part, credit_limit="500.00")


EXAMPLES = [
    Example(
        "US-7b11-2", REG_Z + "comment 7(b)(11)-2", "Ten courtesy days after 10 March: the fee falls on the 21st",
        "2023-02-01",
        late({"kind": "fixed", "amount": "25.00", "tolerance_days": 10}, cycle={"closing_day": 20, "due_day": 10}),
        [("2023-02-10", "purchase", "500.00")],
        {"2023-02-20": {"payment_due_on": "2023-03-10"}, "2023-04-20": {FEE: "25.00", FEE_ON: "2023-03-21"}}),
    _missed("US-52b-2-up", REG_Z + "comment 52(b)-2", "21.50 to whole dollars", {
        "kind": "fixed", "amount": "21.50", "rounding_unit": "1"}, "50.00", "22.00"),
    _missed("US-52b-2-down", REG_Z + "comment 52(b)-2", "21.49 to whole dollars", {
        "kind": "fixed", "amount": "21.49", "rounding_unit": "1"}, "50.00", "21.00"),
    _missed("US-52b1-1-i-C", REG_Z + "comment 52(b)(1)-1.i.C", "The fee of its own costs, each time", {
        "kind": "fixed", "amount": "30.00"}, "50.00", "30.00", part="fee of its own costs"),
    Example(
        "US-52b1-1-i-C", REG_Z + "comment 52(b)(1)-1.i.C", "A fee of its own costs in January is no first one: 25, then 35",
        "2023-01-01", late(SAFE_HARBOUR), [("2023-06-10", "purchase", "500.00"), ("2023-08-05", "payment", "100.00")],
        {"2023-07-31": {FEE: "25.00"}, "2023-09-30": {FEE: "35.00"}}, part="safe harbour",
        opening=opening("2023-05-31", "kept"), reading="The January fee lies before the books begin"),
    Example(
        "US-52b1ii-A", REG_Z + "comment 52(b)(1)(ii)-1.iii.A", "25 the first time, 35 the second", "2023-02-01",
        late(SAFE_HARBOUR), TWICE,
        {"2023-02-28": {"minimum_payment_due": "50.00"},
         "2023-03-31": {"minimum_payment_due": "100.00", FEE: "25.00", FEE_ON: "2023-03-26"},
         "2023-04-30": {FEE: "35.00", FEE_ON: "2023-04-26"}}, part="first and second"),
    _window("within six cycles", "Missed again in October, six cycles after April: 35", 9, "2023-10-31", "35.00"),
    _window("after six cycles", "Missed again in November: a first one, 25", 10, "2023-11-30", "25.00"),
    Example(
        "US-52b1ii-C", REG_Z + "comment 52(b)(1)(ii)-1.iii.C",
        "Paid late in July: 25. August's payment comes back: one fee, the first of its kind", "2023-06-01",
        {**late(SAFE_HARBOUR), "fees": RETURNED},
        [("2023-06-10", "purchase", "500.00"), ("2023-07-30", "payment", "50.00"), ("2023-08-01", "purchase", "50.00"),
         ("2023-08-24", "payment", "50.00"), ("2023-08-27", "returned_payment", "50.00")],
        {"2023-07-31": {FEE: "25.00", FEE_ON: "2023-07-26"}, "2023-08-31": {FEE: "0", "charge.returned_payment": "25.00"}},
        reading="The comment leaves the choice to the issuer: this fee, or 35 for paying late a second time"),
    Example(
        "US-52b1ii-3-i", REG_Z + "comment 52(b)(1)(ii)-3.i", "Charge card, two cycles missed: 3 % of 1,325 is 39.75",
        "2023-06-01",
        CHARGE_CARD, CHARGES,
        {"2023-07-31": {FEE: "25.00", "new_balance": "1325.00"}, "2023-08-31": {FEE: "40.00", FEE_ON: "2023-08-26"}}),
    Example(
        "US-52b1ii-3-iii", REG_Z + "comment 52(b)(1)(ii)-3.iii", "The same with 200 paid: 3 % of 1,125 is 33.75", "2023-06-01",
        CHARGE_CARD, [*CHARGES, ("2023-08-15", "payment", "200.00")], {"2023-08-31": {FEE: "34.00"}}),
    _missed("US-52b2i-1-i", REG_Z + "comment 52(b)(2)(i)-1.i", "25, but not more than the minimum of 15", {
        "kind": "fixed", "amount": "25.00", "cap_at": "minimum_due"}, "15.00", "15.00"),
    Example(
        "US-52b2ii-1-i-A", REG_Z + "comment 52(b)(2)(ii)-1.i.A", "The new minimum asks for the old one: missed again, 35",
        "2023-02-01", late({**SAFE_HARBOUR, "cap_at": "minimum_due"}, {**TENTH, "add": ["past_due", "fees"]}),
        [("2023-02-10", "purchase", "200.00"), ("2023-03-10", "purchase", "100.00"), ("2023-04-20", "payment", "20.00")],
        {"2023-02-28": {"minimum_payment_due": "20.00"}, "2023-03-31": {FEE: "20.00", "minimum_payment_due": "70.00"},
         "2023-04-30": {FEE: "35.00", FEE_ON: "2023-04-26"}}),
    Example(
        "US-52b2ii-1-i-B", REG_Z + "comment 52(b)(2)(ii)-1.i.B", "The new minimum does not, and is met: nothing more",
        "2023-02-01", late({**SAFE_HARBOUR, "cap_at": "minimum_due"}, {**TENTH, "add": []}),
        [("2023-02-10", "purchase", "200.00"), ("2023-04-20", "payment", "20.00")],
        {"2023-03-31": {FEE: "20.00", "minimum_payment_due": "20.00"}, "2023-04-30": {FEE: "0"}}),
    Example(
        "US-52b2ii-1-vi", REG_Z + "comment 52(b)(2)(ii)-1.vi", "Two payments come back: one fee each, none for paying late",
        "2023-01-01",
        {**late(SAFE_HARBOUR), "fees": RETURNED},
        [("2023-03-20", "payment", "50.00"), ("2023-03-22", "returned_payment", "50.00"), ("2023-03-25", "payment", "50.00"),
         ("2023-03-27", "returned_payment", "50.00")],
        {"2023-03-31": {"charge.returned_payment": "50.00", "charge.returned_payment.on": "2023-03-22, 2023-03-27", FEE: "0"}},
        opening=opening("2023-02-28", "kept", "50.00", "2023-03-25", purchase="500.00"),
        reading="For the second the comment allows 35 as a repeat; our fee has one amount"),
    Example(
        "US-52b2ii-1-vii", REG_Z + "comment 52(b)(2)(ii)-1.vii",
        "February's payment comes back in March: one fee; March is met",
        "2023-01-01",
        {**late(SAFE_HARBOUR), "fees": RETURNED,
         "minimum_payment": {"parts": [{"percent": "0.10", "of": "principal"}], "add": []}},
        [("2023-02-25", "payment", "100.00"), ("2023-02-26", "purchase", "300.00"),
         ("2023-03-04", "returned_payment", "100.00"),
         ("2023-03-20", "payment", "120.00")],
        {"2023-02-28": {"minimum_payment_due": "120.00", FEE: "0"},
         "2023-03-31": {"charge.returned_payment": "25.00", FEE: "0"}},
        opening=opening("2023-01-31", "kept", "100.00", "2023-02-25", purchase="1000.00")),
    *(_slab("IN-ICICI-LPC", "Amazon Pay ICICI card, most important terms, late payment charges, numbers ours", ICICI, owed, fee)
      for owed, fee in [("99.00", "0"), ("100.00", "100.00"), ("500.00", "100.00"), ("501.00", "500.00"),
                        ("10000.00", "500.00"), ("10001.00", "750.00")]),
    Example(
        "IN-SLICE-1", "slice, help page, late charge, example 1", "Ten days at 35, but not more than 30 % of 1,000",
        "2023-02-01",
        late(SLICE, NEW_ONLY, "INR"), [("2023-02-10", "purchase", "1000.00"), ("2023-04-04", "payment", "1000.00")],
        {"2023-04-30": {"year_to_date.fees": "300.00"}}),
    Example(
        "IN-SLICE-2", "slice, help page, late charge, example 2", "Sixty days at 35, but not more than 2,000", "2023-02-01",
        late(SLICE, NEW_ONLY, "INR"), [("2023-02-10", "purchase", "10000.00"), ("2023-05-24", "payment", "10000.00")],
        {"2023-05-31": {"year_to_date.fees": "2000.00"}},
        reading="One fee for the one due date; later statements ask for nothing new"),
    *(_slab("IN-SIMPL", "Simpl, help page, late fees with tax", SIMPL, owed, fee, "fees")
      for owed, fee in [("100.00", "11.80"), ("250.00", "29.50"), ("500.00", "59.00"), ("500.01", "118.00")]),
    Example(
        "IN-RBI", "RBI Master Direction on cards, 2022, numbers ours",
        "Charged only when more than three days late; days past due count from the due date", "2023-05-01",
        late({"kind": "fixed", "amount": "100.00"}, currency="INR",
             cycle={"closing_day": 20, "due_day": 10, "tolerance_days": 3}), [("2023-05-10", "purchase", "1000.00")],
        {"2023-06-20": {FEE_ON: "2023-06-14", "days_past_due": 10}}),
    _missed("CN-LATE-a", TARIFF, "100 missed: 5.00 is under the floor", FIVE_PER_CENT, "100.00", "10.00", currency="CNY"),
    _missed("CN-LATE-b", TARIFF, "1,000 missed", FIVE_PER_CENT, "1000.00", "50.00", currency="CNY"),
    Example(
        "CN-NOPAY", "Chinese question-and-answer page, nothing paid on 3,000",
        "5 % of the minimum of 300, and a month of interest",
        "2023-03-01",
        {"cycle": {"closing_day": 5, "due_day": 23}, "minimum_payment": {"parts": [{"percent": "0.10", "of": "new_balance"}]},
         "fees": {"late_payment": FIVE_PER_CENT}}, [("2023-04-05", "purchase", "3000.00")],
        {"2023-05-05": {FEE: "15.00", "interest": "45.00", "new_balance": "3060.00"}}),
]
