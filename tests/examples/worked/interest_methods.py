"""Balance methods, day counts, compounding, tiers, minimum charges, rates that change."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.examples.worked.record import CALENDAR_MONTH, NO_MINIMUM, REG_Z, Example, both, opening

PRINCIPAL_FIRST = {"minimum": ["principal"], "excess": ["principal"]}


def monthly(rate: str, key: str = "monthly_rate", currency: str = "USD", **interest: Any) -> dict[str, Any]:
    """Calendar months, no grace, the rate of a month whole."""
    return {"currency": currency, "cycle": CALENDAR_MONTH, "allocation": PRINCIPAL_FIRST, "minimum_payment": NO_MINIMUM,
            "interest": {"day_count": "monthly", "closing_day_counts": True, "segment": both(rate, key, grace=False),
                         **interest}}


def _appendix_f(number: int, shows: str, expected: dict[str, str], events: list[Any], owed: str = "0",
                fee: dict[str, str] | None = None, **interest: Any) -> Example:
    terms = monthly("0.015", **interest) | {"fees": {"cash_advance": fee or {"percent": "0.03"}}}
    return Example(
        f"US-AppF-{number}", f"12 CFR 1026 (Regulation Z), appendix F, example {number}", shows, "2023-01-01", terms, events,
        {"2023-04-30": expected}, opening=opening("2023-03-31", cash_advance=owed),
        reading="The finance charge; the quotient rate that the appendix makes of it is no figure of the bill")


COMPOUND = ["1010.00", "1020.10", "1030.30", "1040.60", "1051.01", "1061.52", "1072.14", "1082.86", "1093.69", "1104.63",
            "1115.68", "1126.84"]
MONTH_ENDS = ["2022-01-31", "2022-02-28", "2022-03-31", "2022-04-30", "2022-05-31", "2022-06-30", "2022-07-31", "2022-08-31",
              "2022-09-30", "2022-10-31", "2022-11-30", "2022-12-31"]
CARDHUB = {"cycle": CALENDAR_MONTH, "currency": "USD", "allocation": PRINCIPAL_FIRST, "minimum_payment": NO_MINIMUM}
DOUBLE = [("2023-06-01", "payment", "400.00")]


def _daily(rate: str, **interest: Any) -> dict[str, Any]:
    return {**CARDHUB, "interest": {"closing_day_counts": True, "segment": both(rate, grace=False), **interest}}


def _twenty_five_days(method: str) -> list[dict[str, Any]]:
    return [_daily("0.119", method=method), {**_daily("0", method=method), "in_force_from": date(2023, 6, 26)}]


EXAMPLES = [
    Example(
        "ID-DIBAYARIN", "Indonesian explainer of the average daily balance", "21 days of 30 at 10 million, 2 % a month",
        "2023-04-01", monthly("0.02", currency="IDR", method="average_daily_balance", rounding_unit="1"),
        [("2023-04-10", "purchase", "10000000")],
        {"2023-04-30": {"segment.purchase.balance_days": "210000000", "interest": "140000"}}),
    Example(
        "US-ADB-1", "Textbook exercise, average daily balance with a cash advance", "12,490 balance-days over 30 days",
        "2011-01-01", {**_daily("0.18", method="average_daily_balance"), "cycle": {"closing_day": 20, "due_day": 15}},
        [("2011-06-28", "payment", "40.00"), ("2011-07-01", "purchase", "60.00"), ("2011-07-07", "payment", "10.00"),
         ("2011-07-14", "cash_advance", "50.00", {"segment": "purchase"})],
        {"2011-07-20": {"segment.purchase.average_daily_balance": "416.33", "segment.purchase.balance_days": "12490.00"}},
        opening=opening("2011-06-20", purchase="400.00"),
        reading="Moved a month back, where a monthly cycle has the exercise's 30 days"),
    Example(
        "US-ADB-3", "Textbook exercise, average daily balance with a return", "A return lowers the balance as a payment does",
        "2022-01-01",
        {**monthly("0.015", method="average_daily_balance", closing_day_counts=False),
         "cycle": {"closing_day": 11, "due_day": 5}},
        [("2022-08-20", "refund", "76.34"), ("2022-08-25", "purchase", "73.76"), ("2022-08-29", "purchase", "72.82"),
         ("2022-09-06", "payment", "210.00")],
        {"2022-09-11": {"segment.purchase.average_daily_balance": "538.33", "interest": "8.07", "new_balance": "423.70"}},
        opening=opening("2022-08-11", purchase="555.39")),
    Example(
        "US-UNPAID-25", "Course notes, unpaid balance method, problem 25", "Interest on the opening balance, whatever is paid",
        "2022-01-01", monthly("0.018", method="previous_balance"),
        [("2022-04-10", "purchase", "425.79"), ("2022-04-20", "payment", "800.00")],
        {"2022-04-30": {"interest": "19.76", "new_balance": "743.41"}}, opening=opening("2022-03-31", purchase="1097.86"),
        printed="a new balance of 743.23: 1,097.86 + 425.79 - 800.00 + 19.76 is 743.41"),
    Example(
        "US-2CYC-CARDHUB", "CardHub glossary, double-cycle billing", "Mean of 600 and 200, to the nearest cent", "2023-01-01",
        _daily("0.10", method="two_cycle"), DOUBLE, {"2023-06-30": {"interest": "3.29"}}, part="two cycles",
        opening=opening("2023-04-30", purchase="600.00"), printed="3.28: 3.2877 cut off"),
    Example(
        "US-2CYC-CARDHUB", "CardHub glossary, double-cycle billing", "The same, cut off as the page does", "2023-01-01",
        _daily("0.10", method="two_cycle", rounding="down"), DOUBLE, {"2023-06-30": {"interest": "3.28"}},
        part="two cycles, cut off", opening=opening("2023-04-30", purchase="600.00")),
    Example(
        "US-2CYC-CARDHUB", "CardHub glossary, double-cycle billing", "This cycle's 200 alone", "2023-01-01",
        _daily("0.10", method="average_daily_balance"), DOUBLE, {"2023-06-30": {"interest": "1.64"}}, part="one cycle",
        opening=opening("2023-04-30", purchase="600.00")),
    Example(
        "US-2CYC-ABOUT", "About.com, double billing cycle", "Mean of 1,000 and 500 over 25 days at 11.9 %", "2023-01-01",
        _twenty_five_days("two_cycle"), [("2023-06-01", "payment", "500.00")], {"2023-06-30": {"interest": "6.11"}},
        part="two cycles", opening=opening("2023-04-30", purchase="1000.00"),
        reading="The page's cycle of 25 days is a month of which the last days have no rate"),
    Example(
        "US-2CYC-ABOUT", "About.com, double billing cycle", "This cycle's 500 alone", "2023-01-01",
        _twenty_five_days("average_daily_balance"), [("2023-06-01", "payment", "500.00")], {"2023-06-30": {"interest": "4.08"}},
        part="one cycle", opening=opening("2023-04-30", purchase="1000.00"),
        reading="The page's cycle of 25 days is a month of which the last days have no rate"),
    _appendix_f(1, "100 all month at 1.5 %, and 3 % of the transaction", {"interest": "1.50", "fees": "3.00"},
                [("2023-04-01", "cash_advance", "100.00")]),
    _appendix_f(2, "100 brought forward and 100 from the middle on: average 150", {"interest": "2.25", "fees": "3.00"},
                [("2023-04-16", "cash_advance", "100.00")], "100.00"),
    _appendix_f(3, "The same on the previous balance", {"interest": "1.50", "fees": "3.00"},
                [("2023-04-16", "cash_advance", "100.00")], "100.00", method="previous_balance"),
    _appendix_f(4, "Adjusted balance: 100 less the 50 paid", {"interest": "0.75", "fees": "3.00"},
                [("2023-04-16", "cash_advance", "100.00"), ("2023-04-16", "payment", "50.00")], "100.00",
                method="adjusted_balance"),
    _appendix_f(5, "Average 150, and 0.25 for a cheque", {"interest": "2.25", "fees": "0.25"},
                [("2023-04-16", "cash_advance", "100.00")], "100.00", {"percent": "0", "floor": "0.25"}),
    _appendix_f(6, "Nothing brought forward: average 50", {"interest": "0.75", "fees": "3.00"},
                [("2023-04-16", "cash_advance", "100.00")]),
    Example(
        "US-7a6-3-tiered", REG_Z + "comment 7(a)(6)(i)-3", "1.5 % on 500 and 1 % on the 100 above", "2023-01-01",
        {**monthly("0"), "interest": {
            "day_count": "monthly", "closing_day_counts": True, "segment": [{
                "name": "purchase", "grace": False,
                "tiers": [{"up_to": "500.00", "monthly_rate": "0.015"}, {"monthly_rate": "0.010"}]}]}},
        [], {"2023-04-30": {"interest": "8.50"}}, opening=opening("2023-03-31", purchase="600.00")),
    Example(
        "US-14c2-min", REG_Z + "comment 14(c)(2)-1", "At least 1.00 where there is any interest: 40 at 1.5 % is 0.60",
        "2023-01-01", monthly("0.015", minimum_charge="1.00"), [], {"2023-04-30": {"interest": "1.00"}},
        opening=opening("2023-03-31", purchase="40.00"), reading="The quotient rate of 30 % is no figure of the bill"),
    Example(
        "US-14c4", REG_Z + "comment 14(c)-4", "At least 0.50: 20 at 1.5 % is 0.30", "2023-01-01",
        monthly("0.015", minimum_charge="0.50"), [], {"2023-04-30": {"interest": "0.50"}},
        opening=opening("2023-03-31", purchase="20.00"), reading="The rates that may be shown are no figures of the bill"),
    Example(
        "US-7b6-4", REG_Z + "comment 7(b)(6)-4", "0.50 of interest is made up to the minimum charge of 1.50", "2023-01-01",
        monthly("0.01", minimum_charge="1.50"), [], {"2023-04-30": {"interest": "1.50"}},
        opening=opening("2023-03-31", purchase="50.00"),
        reading="The comment shows the whole as a fee, our statement as interest, with the part added as a charge"),
    Example(
        "PH-CITI", "Quoted method of a Philippine bank", "A month of 30 days: 10 days on 1,500, then a month on 1,517.50",
        "2023-04-01",
        monthly("0.035", currency="PHP", day_count="30/360", compounding="monthly"), [("2023-04-21", "purchase", "1500.00")],
        {"2023-04-30": {"interest": "17.50", "new_balance": "1517.50"},
         "2023-05-31": {"interest": "53.11", "new_balance": "1570.61"}}),
    Example(
        "UK-BARC-COMPOUND", "Barclaycard, compound interest, a year at 1 % a month",
        "Billed interest joins the base each month",
        "2021-01-01", monthly("0.01", currency="GBP", compounding="monthly"), [],
        {on: {"new_balance": balance} for on, balance in zip(MONTH_ENDS, COMPOUND, strict=True)},
        opening=opening("2021-12-31", purchase="1000.00"),
        printed="1126.83 in the last row: 1 % of 1,115.68 is 11.16; the page prints 1,000 x 1.01^12, never rounded"),
    Example(
        "IN-IDFC", "IDFC FIRST Bank, monthly rate", "30 % a year is 2.5 % a month", "2023-01-01",
        monthly("0.30", "annual_rate", "INR"), [], {"2023-04-30": {"interest": "250.00"}},
        opening=opening("2023-03-31", purchase="10000.00")),
    Example(
        "JP-100K", "Japanese explainer", "100,000 yen for 30 days at 15 %, to the nearest yen", "2023-01-01",
        {**_daily("0.15"), "currency": "JPY"}, [], {"2023-04-30": {"interest": "1233"}}, part="to the nearest yen",
        opening=opening("2023-03-31", purchase="100000"), credit_limit="1000000"),
    Example(
        "JP-100K", "Japanese explainer", "The same, cut off as other issuers do", "2023-01-01",
        {**_daily("0.15", rounding="down"), "currency": "JPY"}, [], {"2023-04-30": {"interest": "1232"}}, part="cut off",
        opening=opening("2023-03-31", purchase="100000"), credit_limit="1000000"),
    Example(
        "JP-JACCS-2", "JACCS, FAQ 402, second revolving payment", "90,000 yen from 28 August to 27 September: 31 days",
        "2023-01-01", {**_daily("0.18", rounding="down"), "currency": "JPY", "cycle": {"closing_day": 27, "due_day": 20}}, [],
        {"2023-09-27": {"interest": "1375"}}, opening=opening("2023-08-27", purchase="90000"), credit_limit="1000000",
        printed="1331, of 30 days: it takes 28 to 31 August for three days"),
    Example(
        "SG-SC-IOI", "Standard Chartered Singapore, change of 30 July 2018, numbers ours", "Billed interest in the base",
        "2018-01-01", _daily("0.26", interest_bears_interest=True), [],
        {"2018-06-30": {"segment.purchase.average_daily_balance": "10200.00"}}, part="before",
        opening=opening("2018-05-31", purchase="10000.00", interest="200.00")),
    Example(
        "SG-SC-IOI", "Standard Chartered Singapore, change of 30 July 2018, numbers ours", "Billed interest out of the base",
        "2018-01-01", _daily("0.26"), [], {"2018-09-30": {"segment.purchase.average_daily_balance": "10000.00"}}, part="after",
        opening=opening("2018-08-31", purchase="10000.00", interest="200.00")),
    Example(
        "US-55b-2-ii", REG_Z + "comment 55(b)-2", "A new rate from 15 June: 14 days at 15 %, 16 at 18 %", "2023-01-01",
        [_daily("0.15"), {**_daily("0.18"), "in_force_from": date(2023, 6, 15)}], [], {"2023-06-30": {"interest": "13.64"}},
        opening=opening("2023-05-31", purchase="1000.00"), reading="The comment gives the days; the balance of 1,000 is ours"),
    Example(
        "CN-SZ-CASH", "Chinese question-and-answer page, cash advance", "1,000 for 10 days at 0.05 %, no grace", "2023-03-01",
        {"cycle": {"closing_day": 5, "due_day": 23}},
        [("2023-03-10", "cash_advance", "1000.00"), ("2023-03-20", "payment", "1000.00")],
        {"2023-04-05": {"interest": "5.00"}}),
]
