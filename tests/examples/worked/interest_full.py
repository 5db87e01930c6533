"""Grace lost, interest on all that was billed."""

from __future__ import annotations

from tests.examples.worked.record import Example, both

CMB = {"cycle": {"closing_day": 5, "due_day": 23}}
BOUGHT = ("2023-03-30", "purchase", "1000.00")
PORTAL = {"cycle": {"closing_day": 7, "due_day": 25}}
PORTAL_EVENTS = [("2017-03-08", "purchase", "20000.00"), ("2017-04-25", "payment", "2000.00")]
SBI = {
    "currency": "INR", "cycle": {"closing_day": 2, "due_day": 22},
    "interest": {"payment_day_counts": "both", "fees_bear_interest": True, "segment": both("0.0365", "monthly_rate")},
    "minimum_payment": {"parts": [{"percent": "0.05", "of": "principal"}], "add": ["fees"]},
}
SBI_EVENTS = [
    ("2022-03-05", "purchase", "500.00"), ("2022-03-05", "fee", "90.00"), ("2022-03-15", "purchase", "6000.00"),
    ("2022-04-22", "payment", "415.00"),
]

EXAMPLES = [
    Example(
        "CN-CMB-1", "China Merchants Bank, card FAQ, revolving interest, paid in full",
        "Paid in full by the due date: no interest",
        "2023-03-01", CMB, [BOUGHT, ("2023-04-23", "payment", "1000.00")],
        {"2023-04-05": {"new_balance": "1000.00", "minimum_payment_due": "100.00", "payment_due_on": "2023-04-23"},
         "2023-05-05": {"interest": "0.00", "new_balance": "0.00", "grace": "kept"}}),
    Example(
        "CN-CMB-2", "China Merchants Bank, card FAQ, revolving interest, minimum paid, one copy",
        "1,000 for 24 days and 900 for 12; the closing day does not count",
        "2023-03-01", CMB, [BOUGHT, ("2023-04-23", "payment", "100.00")],
        {"2023-05-05": {"interest": "17.40", "segment.purchase.balance_days": "34800.00", "grace": "lost"}},
        reading="The page's 117.40 due is a minimum of 100 set for the example, plus interest"),
    Example(
        "CN-CMB-2b", "China Merchants Bank, card FAQ, the same example in another copy",
        "The same with the closing day counted: 24 and 13 days",
        "2023-03-01", {**CMB, "interest": {"closing_day_counts": True}}, [BOUGHT, ("2023-04-23", "payment", "100.00")],
        {"2023-05-05": {"interest": "17.85"}}),
    Example(
        "CN-CMB-4", "China Merchants Bank, card FAQ, third month of minimum payments",
        "What is left of the principal bears interest: 800 for 18 days, 700 for 12",
        "2023-03-01", {**CMB, "allocation": {"minimum": ["principal"], "excess": ["principal"]}},
        [BOUGHT, *((f"2023-{month}-23", "payment", "100.00") for month in ("04", "05", "06"))],
        {"2023-07-05": {"interest": "11.40", "segment.purchase.balance_days": "22800.00"}},
        printed="19.70: it goes on counting the first 1,000 for 31 days, of which only 800 were still owed",
        reading="Payments pay principal first, as the page's balances do"),
    Example(
        "CN-FULL-605668", "Chinese finance portal, full-amount and unpaid-part interest, full leg",
        "20,000 for 48 days and 18,000 for 12",
        "2017-03-08", PORTAL, PORTAL_EVENTS, {"2017-05-07": {"interest": "588.00"}}),
    Example(
        "IN-SBI22", "Indian issuer's most important terms, finance charge illustration of 2 May 2022",
        "The payment day bears at both balances: 49, 39 and 10 days at 3.65 % a month; fees bear interest",
        "2022-03-03", SBI, SBI_EVENTS, {"2022-05-02": {"interest": "389.59"}}),
    Example(
        "IN-ZEE-SBI", "SBI Card, billing illustration, with a rate of 3.35 % a month put in",
        "Closing and payment day at the old balance, new purchases at once, each run rounded: 29.08 + 13.22 + 9.91",
        "2018-04-03",
        {"currency": "INR", "cycle": {"closing_day": 2, "due_day": 22}, "grace": {"lost_for": "all"},
         "interest": {"closing_day_counts": True, "payment_day_counts": "old", "rounded_per": "segment",
                      "segment": both("0.0335", "monthly_rate")}},
        [("2018-04-30", "purchase", "1200.00"), ("2018-05-21", "payment", "200.00"), ("2018-05-25", "purchase", "1000.00")],
        {"2018-06-02": {"interest": "52.21"}}),
    Example(
        "ID-360", "Indonesian explainer of an issuer's method",
        "Year of 360 days, from the transaction date; a payment within the cycle does not lower the base",
        "2010-01-01",
        {"currency": "IDR", "cycle": {"closing_day": 27, "due_day": 17},
         "interest": {"day_count": "actual/360", "rounding_unit": "1", "segment": both("0.02", "monthly_rate")}},
        [("2010-02-03", "purchase", "150000"),
         ("2010-01-19", "purchase", "2000000", {"posted_on": "2010-01-28"}),
         ("2010-01-19", "purchase", "1500000", {"posted_on": "2010-01-28"}),
         ("2010-02-04", "purchase", "150000"), ("2010-02-14", "purchase", "350000"),
         ("2010-03-27", "payment", "2000000")],
        {"2010-03-27": {"interest": "176200"}},
        reading="The payment of 5 March is dated to the closing, from which on the issuer counts it"),
    Example(
        "CA-HARD", "Canadian consumer guide, back-dated interest",
        "2,000 bear interest from the day of purchase until 100 are paid: 26 days, then 1,900 for 9",
        "2023-06-01", {"currency": "CAD", "cycle": {"closing_day": 30, "due_day": 21}, "interest": {"segment": both("0.1999")}},
        [("2023-06-25", "purchase", "2000.00"), ("2023-07-21", "payment", "100.00")],
        {"2023-07-30": {"segment.purchase.balance_days": "69100.00", "interest": "37.84"}},
        reading="The guide gives no figure of interest; the rate is ours"),
    Example(
        "IN-ICICI-40", "ICICI Bank, help page, statement example of 2002",
        "Each purchase from its own date, new ones at once: 39,400 balance-days",
        "2002-07-02",
        {"currency": "INR", "cycle": {"closing_day": 1, "due_day": 21}, "grace": {"lost_for": "all"},
         "interest": {"segment": both("0.0010284", "daily_rate")}},
        [("2002-07-15", "purchase", "600.00"), ("2002-07-30", "purchase", "100.00"), ("2002-08-03", "purchase", "500.00"),
         ("2002-08-20", "payment", "600.00")],
        {"2002-09-01": {"segment.purchase.balance_days": "39400.00", "interest": "40.52", "new_balance": "640.52"}},
        reading="The page prints no rate; the one that gives its interest was fitted"),
]
