"""Grace lost, interest on the unpaid part only; and interest that starts later than the debit."""

from __future__ import annotations

from tests.examples.worked.interest_full import PORTAL, PORTAL_EVENTS
from tests.examples.worked.record import CALENDAR_MONTH, NO_MINIMUM, REG_Z, Example, both, opening

MEGA = {
    "currency": "TWD", "cycle": {"closing_day": 3, "due_day": 18},
    "interest": {"grace_lost_charges": "unpaid", "rounding": "down", "rounding_unit": "1",
                 "segment": both("0.0005063", "daily_rate")},
    "minimum_payment": {"parts": [{"percent": "0.10", "of": "new_purchases"}, {"percent": "0.02", "of": "revolving_principal"}],
                        "floor": "1000", "floor_before": ["interest"]},
}
MEGA_EVENTS = [("2023-08-15", "purchase", "15000"), ("2023-09-15", "purchase", "5000"), ("2023-09-18", "payment", "1500")]
RAKUTEN = {
    "currency": "TWD", "cycle": {"closing_day": 5, "due_day": 20},
    "interest": {"grace_lost_charges": "unpaid", "rounding_unit": "1", "segment": both("0.0888")},
    "minimum_payment": {"parts": [{"percent": "0.10", "of": "new_purchases"}, {"percent": "0.05", "of": "revolving_principal"}],
                        "floor": "1000"},
}
RAKUTEN_EVENTS = [("2023-04-01", "purchase", "30000"), ("2023-04-20", "payment", "3000")]
US_MONTH = {"currency": "USD", "cycle": CALENDAR_MONTH, "interest": {"closing_day_counts": True, "segment": both("0.15")}}
NO_REACH_BACK = {
    **US_MONTH, "grace": {"lost_for": "all"},
    "interest": {"closing_day_counts": True, "accrues_from": "closing", "grace_lost_charges": "unpaid",
                 "segment": both("0.15")},
}
US_MARCH = [
    ("2023-03-10", "purchase", "100.00"), ("2023-03-15", "purchase", "200.00"), ("2023-03-20", "purchase", "300.00"),
    ("2023-04-25", "payment", "500.00"),
]


def _brazilian(rounding: str) -> dict[str, object]:
    return {"currency": "BRL", "cycle": {"closing_day": 1, "due_day": 11}, "minimum_payment": NO_MINIMUM,
            "interest": {"day_count": "monthly", "rounding": rounding, "segment": both("0.1472", "monthly_rate")}}


EXAMPLES = [
    Example(
        "CN-PART-605668", "Chinese finance portal, full-amount and unpaid-part interest, unpaid leg",
        "18,000 unpaid of 20,000, from the day of purchase: 60 days",
        "2017-03-08", {**PORTAL, "interest": {"grace_lost_charges": "unpaid"}}, PORTAL_EVENTS,
        {"2017-05-07": {"interest": "540.00"}}, printed="450.00: 18,000 x 0.05 % x 60 is 540.00"),
    Example(
        "TW-MEGA", "Mega Bank, card page, October statement",
        "13,500 unpaid from its posting date for 49 days, cut to whole dollars; the new purchase is free",
        "2023-08-05", MEGA, MEGA_EVENTS, {"2023-10-03": {"interest": "334", "new_balance": "18834"}}),
    Example(
        "TW-RAK-2", "Rakuten Card Taiwan, payment guide, second statement",
        "27,000 unpaid for 34 days at 8.88 %; 5 % of the principal and the interest are due",
        "2023-04-01", RAKUTEN, RAKUTEN_EVENTS, {"2023-05-05": {"interest": "223", "minimum_payment_due": "1573"}}),
    Example(
        "TW-TCB-06", "Taiwan Cooperative Bank, corporate card agreement, art. 15",
        "From the day after the statement: 23 days at 25,000, 7 at 5,000; late fee of a tenth of the interest",
        "2023-03-02",
        {"currency": "TWD", "cycle": {"closing_day": 1, "due_day": 15},
         "interest": {"accrues_from": "closing", "closing_day_counts": True, "rounding_unit": "1", "segment": both("0.06")},
         "fees": {"late_payment": {"kind": "percent_of_interest", "percent": "0.10"}}},
        [("2023-03-20", "purchase", "25000"), ("2023-04-25", "payment", "20000")],
        {"2023-05-01": {"interest": "100", "charge.late_payment": "10"}}),
    Example(
        "BR-704", "Brazilian explainer of revolving credit", "A month at 14.72 %, rounded to the nearest cent",
        "2023-01-01", _brazilian("half_up"), [], {"2023-05-01": {"interest": "103.63"}}, part="to the nearest cent",
        printed="103.62: the third decimal is cut off", opening=opening("2023-04-01", purchase="704.00")),
    Example(
        "BR-704", "Brazilian explainer of revolving credit", "The same, cut off as the page does",
        "2023-01-01", _brazilian("down"), [], {"2023-05-01": {"interest": "103.62"}}, part="cut off",
        opening=opening("2023-04-01", purchase="704.00")),
    Example(
        "BR-DF", "Dicionário Financeiro, revolving credit", "A month at 9 % on what was left unpaid, and a tax on the credit",
        "2023-03-02",
        {"currency": "BRL", "cycle": {"closing_day": 1, "due_day": 11},
         "interest": {"day_count": "monthly", "accrues_from": "closing", "grace_lost_charges": "unpaid",
                      "segment": both("0.09", "monthly_rate")},
         "minimum_payment": {"parts": [{"percent": "0.15", "of": "new_balance"}]}},
        [("2023-03-20", "purchase", "1000.00"), ("2023-04-11", "payment", "150.00"),
         ("2023-05-01", "fee", "3.23", {"kind": "IOF"}), ("2023-05-01", "fee", "2.09", {"kind": "IOF a day"})],
        {"2023-04-01": {"minimum_payment_due": "150.00"}, "2023-05-01": {"interest": "76.50", "new_balance": "931.82"}},
        reading="The tax (IOF) is on the credit, neither on interest nor on a fee: it comes in as an event"),
    Example(
        "TR-40", "Turkish explainer of contractual interest", "600 unpaid of 1,000: 10 days to the due date and 20 after it",
        "2023-03-02",
        {"currency": "TRY", "cycle": {"closing_day": 1, "due_day": 11},
         "interest": {"day_count": "actual/360", "accrues_from": "closing", "grace_lost_charges": "unpaid",
                      "segment": both("0.035", "monthly_rate")},
         "minimum_payment": {"parts": [{"percent": "0.40", "of": "new_balance"}]}},
        [("2023-03-20", "purchase", "1000.00"), ("2023-04-11", "payment", "400.00")],
        {"2023-04-01": {"minimum_payment_due": "400.00"}, "2023-05-01": {"interest": "21.00"}}),
    Example(
        "US-54-6-i", REG_Z + "comment 54(a)(1)-6.i", "Part paid in time: 100 for 30 days and the new 150 for 21, no reach-back",
        "2023-03-01", NO_REACH_BACK, [*US_MARCH, ("2023-04-10", "purchase", "150.00")],
        {"2023-03-31": {"interest": "0.00"}, "2023-04-30": {"interest": "2.53"}},
        reading="The comment gives amounts and days; the year of 365 days is ours"),
    Example(
        "US-54-6-iii", REG_Z + "comment 54(a)(1)-6.iii", "No grace: from each purchase's date to the day before payment",
        "2023-03-01", {**US_MONTH, "interest": {"closing_day_counts": True, "segment": both("0.15", grace=False)}}, US_MARCH,
        {"2023-04-30": {"year_to_date.interest": "9.95"}}, reading="The year of 365 days is ours"),
    Example(
        "AU-ANZ", "ANZ, interest calculation page, rule since 2019, numbers ours",
        "Only days after the due date bear, and only on the 400 unpaid: 11 days",
        "2023-04-06",
        {"currency": "AUD", "cycle": {"closing_day": 5, "due_day": 25},
         "interest": {"closing_day_counts": True, "accrues_from": "due", "segment": both("0.2024")}},
        [("2023-04-20", "purchase", "1000.00"), ("2023-05-25", "payment", "600.00")], {"2023-06-05": {"interest": "2.44"}}),
]
