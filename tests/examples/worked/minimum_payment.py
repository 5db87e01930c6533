"""Minimum payments: bases, floors before and after interest, rounding."""

from __future__ import annotations

from typing import Any

from tests.examples.worked.interest_full import SBI, SBI_EVENTS
from tests.examples.worked.interest_methods import monthly
from tests.examples.worked.interest_unpaid import MEGA, MEGA_EVENTS, RAKUTEN, RAKUTEN_EVENTS
from tests.examples.worked.record import NO_INTEREST, REG_Z, Event, Example, Table, opening

ONE_PER_CENT = [{"percent": "0.01", "of": "principal"}]
DBS = {"currency": "HKD", "minimum_payment": {"parts": ONE_PER_CENT, "add": ["fees", "interest", "over_limit", "past_due"],
                                              "floor": "300"}}
HDFC_FLOOR = {"currency": "INR", "interest": NO_INTEREST,
              "minimum_payment": {"parts": [{"percent": "0.05", "of": "principal"}], "floor": "200"},
              "cycle": {"closing_day": 31, "due_day": 25}}
HDFC = "HDFC Bank, communication on the minimum amount due, June 2025"
HDFC_TERMS = {
    "currency": "INR", "cycle": {"closing_day": 31, "due_day": 25}, "interest": NO_INTEREST,
    "minimum_payment": {"combine": "percent_or_interest", "add": ["interest", "fees"],
                        "parts": [{"percent": "0.05", "of": "principal", "round_to": "10", "rounding": "up"}]},
}
BPI = {"currency": "PHP", "cycle": {"closing_day": 31, "due_day": 25}, "interest": NO_INTEREST,
       "minimum_payment": {"parts": [{"percent": "0.0357", "of": "principal"}], "add": ["interest"], "round_to": "1"}}
#: month, principal, interest billed, our minimum, what the bank prints if it differs.
BPI_ROWS = [
    (2, "20000", "0", "714", ""), (3, "19286", "646", "1335", "1334"), (4, "18597", "702", "1366", ""),
    (5, "17934", "658", "1298", ""), (6, "17293", "654", "1271", "1272"), (7, "16676", "612", "1207", ""),
    (8, "16081", "608", "1182", ""), (9, "15507", "587", "1141", ""), (10, "14953", "549", "1083", "1082"),
    (11, "14419", "545", "1060", ""), (12, "13904", "510", "1006", "1007"),
]


def _of_month(rate: str, parts: list[Table], currency: str, key: str = "monthly_rate", **minimum: Any) -> Table:
    """Terms of calendar months at a monthly rate, with a minimum of the parts, interest and fees."""
    return {**monthly(rate, key, currency), "minimum_payment": {"parts": parts, "add": ["interest", "fees"], **minimum}}


def _april(id: str, source: str, shows: str, terms: Table, owed: str, minimum: str, events: list[Event] | None = None,
           interest: str = "0", new_balance: str = "", **more: Any) -> Example:
    """A month of April on what was owed at the end of March."""
    figures = {"minimum_payment_due": minimum} | ({"new_balance": new_balance} if new_balance else {})
    return Example(id, source, shows, "2023-01-01", terms, events or [], {"2023-04-30": figures},
                   opening=opening("2023-03-31", purchase=owed, interest=interest), **more)


def _fixed_course(**minimum: Any) -> Table:
    return {**monthly("0.15", "annual_rate", "JPY"), "allocation": {},
            "minimum_payment": {"parts": [], "add": ["interest"], "floor": "5000", **minimum}}


FEE_OF_TWELVE: list[Event] = [("2023-04-10", "fee", "12.00")]
TWO_PER_CENT = [{"percent": "0.02", "of": "principal"}]
PROTECTED = REG_Z + "comment 55(c)(2)(iii)-2"
BARCLAYCARD = "Barclaycard, calculator assumptions, numbers ours"
GANKIN = "Japanese explainer, fixed principal and fixed total"

EXAMPLES = [
    Example(
        "US-55c2iii-2", PROTECTED, "Before: 2 % of all that is owed", "2023-01-01",
        {"interest": NO_INTEREST, "currency": "USD", "cycle": {"closing_day": 31, "due_day": 25},
         "minimum_payment": {"parts": TWO_PER_CENT, "floor": "50.00"}}, [],
        {"2023-04-30": {"minimum_payment_due": "50.00"}}, part="before",
        opening=opening("2023-03-31", purchase="2000.00", cash_advance="500.00")),
    Example(
        "US-55c2iii-2", PROTECTED, "At most: twice the percentage on the protected balance of 2,000", "2023-01-01",
        {"interest": NO_INTEREST, "currency": "USD", "cycle": {"closing_day": 31, "due_day": 25},
         "minimum_payment": {"parts": [{"percent": "0.04", "of": "purchases"}]}}, [],
        {"2023-04-30": {"minimum_payment_due": "80.00"}}, part="at most",
        opening=opening("2023-03-31", purchase="2000.00", cash_advance="500.00"),
        reading="The part for the protected balance alone"),
    Example(
        "TW-MEGA-MIN", "Mega Bank, card page, October statement",
        "10 % of 5,000 and 2 % of 13,500 are under the floor of 1,000; "
        "the interest of 334 comes on top", "2023-08-05", MEGA, MEGA_EVENTS, {"2023-10-03": {"minimum_payment_due": "1334"}}),
    Example(
        "TW-MEGA-MIN1", "Mega Bank, card page, first minimum", "10 % of 15,000 purchases and 2 % of 5,000 cash", "2023-08-05",
        {**MEGA, "minimum_payment": {"parts": [{"percent": "0.10", "of": "new_purchases"},
                                               {"percent": "0.02", "of": "cash_advances"}], "floor": "1000"}},
        [("2023-08-15", "purchase", "15000"), ("2023-09-03", "cash_advance", "5000")],
        {"2023-09-03": {"minimum_payment_due": "1600"}}),
    Example(
        "TW-RAK-1", "Rakuten Card Taiwan, payment guide, first statement", "A tenth of new purchases; 27,000 are left",
        "2023-04-01", RAKUTEN, RAKUTEN_EVENTS,
        {"2023-04-05": {"minimum_payment_due": "3000"}, "2023-05-05": {"payments": "3000", "new_balance": "27223"}},
        reading="27,223 with the interest of TW-RAK-2"),
    Example(
        "IN-SBI22-MIN", "Indian issuer's most important terms, statement of 2 April 2022",
        "5 % of the principal of 6,500, and the fees of 90 whole", "2022-03-03", SBI, SBI_EVENTS,
        {"2022-04-02": {"minimum_payment_due": "415.00"}}),
    _april("IN-HDFC-1", HDFC + ", illustration 1",
           "5 % of 26,547.18 is 1,330 in tens, above the finance charge of 660.78; plan part, fees and tax whole", HDFC_TERMS,
           "25886.40", "7910.78",
           [("2023-04-10", "fee", "5444.00", {"kind": "plan part"}), ("2023-04-10", "fee", "750.00"),
            ("2023-04-10", "fee", "386.78", {"kind": "tax"})], interest="660.78", new_balance="33127.96",
           reading="The finance charge stands as billed interest; the plan part comes in as an event that is due whole"),
    _april("IN-HDFC-2", HDFC + ", illustration 2",
           "5 % of 127,082.96 is not above the finance charge of 8,390.96: that, and 5 % of the principal, 5,940 in tens",
           HDFC_TERMS, "118692.00", "17834.77", [("2023-04-10", "fee", "1689.35"), ("2023-04-10", "fee", "1814.46")],
           interest="8390.96", new_balance="130586.77", printed="17835.22: the 5 % part in tens is 5,940, not 5,940.45"),
    _april("IN-HDFC-FLOOR", "HDFC Bank, note on the minimum amount due", "150 computed: the floor of 200", HDFC_FLOOR,
           "3000.00",
           "200.00", part="under the floor"),
    _april("IN-HDFC-FLOOR", "HDFC Bank, note on the minimum amount due", "200.01 computed: just above", HDFC_FLOOR, "4000.20",
           "200.01", part="above the floor"),
    _april("IN-HDFC-FLOOR", "HDFC Bank, note on the minimum amount due", "180 owed: all of it", HDFC_FLOOR, "180.00", "180.00",
           part="all of it"),
    Example(
        "JP-GANKIN", GANKIN, "5,000 of principal, and the interest of 625 on top", "2023-01-01",
        _fixed_course(floor_before=["interest"]), [("2023-05-20", "payment", "5625")],
        {"2023-04-30": {"interest": "625", "minimum_payment_due": "5625"}}, part="fixed principal",
        opening=opening("2023-03-31", purchase="50000"), credit_limit="1000000"),
    Example(
        "JP-GANKIN", GANKIN, "5,000 in all: 625 of interest and 4,375 of principal", "2023-01-01", _fixed_course(),
        [("2023-05-01", "payment", "5000")],
        {"2023-04-30": {"interest": "625", "minimum_payment_due": "5000"},
         "2023-05-31": {"segment.purchase.average_daily_balance": "45625"}}, part="fixed total",
        opening=opening("2023-03-31", purchase="50000"), credit_limit="1000000"),
    *(Example(
        "PH-BPI-MIN", "BPI, sample table of effective interest, payments", f"3.57 % of {principal} and {interest} of interest",
        "2023-01-01", BPI, [], {"2023-04-30": {"minimum_payment_due": f"{minimum}.00"}}, part=f"month {month}",
        opening=opening("2023-03-31", purchase=principal, interest=interest),
        printed=printed and f"{printed}: the bank reckons with centavos that the table does not show")
      for month, principal, interest, minimum, printed in BPI_ROWS),
    Example(
        "HK-DBS-MIN", "DBS Hong Kong, flexible payment page", "Fees of 450 whole and 1 % of the remaining 19,550", "2023-03-01",
        DBS, [("2023-03-10", "fee", "450.00"), ("2023-03-10", "purchase", "19550.00")],
        {"2023-04-05": {"minimum_payment_due": "645.50"}}, part="above the floor"),
    Example(
        "HK-DBS-MIN", "DBS Hong Kong, flexible payment page", "Under the floor of 300 the whole balance", "2023-03-01", DBS,
        [("2023-03-10", "purchase", "250.00")], {"2023-04-05": {"minimum_payment_due": "250.00"}}, part="all of it"),
    _april("UK-NATIONWIDE", "Nationwide, persistent debt page",
           "1 % of 3,000, a month's interest at an effective 17.9 %, the fee "
           "of 12", _of_month("0.179", ONE_PER_CENT, "GBP", "effective_annual_rate"), "3000.00", "83.45", FEE_OF_TWELVE,
           printed="72.00, of which 42.00 interest and fee: a month's interest alone is 41.45"),
    _april("UK-CONC-675", "FCA Handbook, CONC 6.7.5R, numbers ours", "Interest of 18, fees of 12 and 1 % of 1,000",
           _of_month("0.018", ONE_PER_CENT, "GBP"), "1000.00", "40.00", FEE_OF_TWELVE),
    _april("UK-BARC-MIN", BARCLAYCARD, "Under 5 the whole balance", _of_month("0", ONE_PER_CENT, "GBP", floor="5.00"), "3.00",
           "3.00", part="3.00"),
    _april("UK-BARC-MIN", BARCLAYCARD, "1 % of 400 and interest of 6", _of_month("0.015", ONE_PER_CENT, "GBP", floor="5.00"),
           "400.00", "10.00", part="400.00"),
    _april("UK-BARC-MIN", BARCLAYCARD, "1 % of 1,000, interest of 20, fees of 12",
           _of_month("0.02", ONE_PER_CENT, "GBP", floor="5.00"), "1000.00", "42.00", FEE_OF_TWELVE, part="1,000.00"),
    _april("MX-ROCKET", "Rocket.la, minimum payment", "1.25 % of the limit of 15,000",
           {"currency": "MXN", "interest": NO_INTEREST, "cycle": {"closing_day": 31, "due_day": 25},
            "minimum_payment": {"parts": [{"percent": "0.0125", "of": "credit_limit"}]}}, "8000.00", "187.50",
           credit_limit="15000.00"),
]
