"""How long it takes to pay off: minimum payments only, or a fixed payment."""

from __future__ import annotations

from datetime import date

from billing.owed import Owed, Parcel
from billing.payoff import fixed_payments, level_payment, minimum_payments_only, years_said
from fees.terms import Terms
from tests.examples.worked.interest_methods import monthly
from tests.examples.worked.record import Example, Reckoned, Table

LEAFLET = "Leaflet of the Hong Kong card industry, December 2015"
HONG_KONG: Table = {
    **monthly("0.025", currency="HKD", closing_day_counts=False), "allocation": {}, "disclosures": {"payoff": True},
    "minimum_payment": {"parts": [{"percent": "0.01", "of": "principal"}], "add": ["interest"], "floor": "50"},
}
MBNA = {**monthly("0.24", "effective_annual_rate", "GBP"), "allocation": {}, "minimum_payment": {}}
MBNA_MINIMUM = {"parts": [{"percent": "0.01", "of": "principal"}], "add": ["interest", "fees"], "floor": "5"}
MBNA_TO_EVEN = {**MBNA_MINIMUM, "parts": [{"percent": "0.01", "of": "principal", "round_to": "0.01", "rounding": "half_even"}]}


def _minimums(terms: Table, owed: int) -> str:
    found = minimum_payments_only(Terms.from_document(terms), _owed(owed))
    assert found.total is not None, found.never
    return f"{found.months} months, {found.total / 100:.2f} in all"


def _fixed(terms: Table, owed: int, payment: str) -> str:
    found = fixed_payments(Terms.from_document(terms), _owed(owed), int(payment.replace(".", "")))
    assert found.total is not None, found.never
    return f"{found.months} months, {found.total / 100:.2f} in all"


def _level(terms: Table, owed: int) -> str:
    found = level_payment(Terms.from_document(terms), _owed(owed))
    return f"{found.payment / 100:.2f} a month, {found.total / 100:.2f} in all"


def _owed(amount: int) -> Owed:
    return Owed(date(2023, 4, 30), (Parcel("purchase", amount * 100),), credit_limit=10**9)


EXAMPLES = [
    Example(
        "HK-MIN-26Y", LEAFLET, "Minimum payments only, on 20,000 at 2.5 % a month: 26 years", "2023-04-01", HONG_KONG,
        [("2023-04-30", "purchase", "20000.00")],
        {"2023-04-30": {"payoff.minimum_only.months": 314, "payoff.minimum_only.total": "67536.42"}}),
    Reckoned(
        "HK-FIX-849", LEAFLET, "849 a month pay off 20,000: a last 1.87 is left for month 37",
        lambda: _fixed(HONG_KONG, 20000, "849.00"), "37 months, 30565.87 in all", part="849.00",
        printed="36 months, 30,565 in all: that is 36 payments of 849.03"),
    Reckoned(
        "HK-FIX-849", LEAFLET, "The payment that pays off in 36 months", lambda: _level(HONG_KONG, 20000),
        "849.04 a month, 30564.96 in all", part="36 months",
        reading="849.03 leave 0.09 after 36 months; a cent more does not"),
    Reckoned(
        "UK-MBNA-MIN", "MBNA, persistent debt page", "Minimum payments only, on 3,000: 28 years 3 months",
        lambda: _minimums({**MBNA, "minimum_payment": MBNA_MINIMUM}, 3000), "339 months, 8214.22 in all", part="half up",
        reading="The page prints 8,214. An effective 24 % a year; minimums rounded half up, as where terms say nothing"),
    Reckoned(
        "UK-MBNA-MIN", "MBNA, persistent debt page", "The same, the 1 % rounded to the penny, half to the even one",
        lambda: _minimums({**MBNA, "minimum_payment": MBNA_TO_EVEN}, 3000), "339 months, 8214.30 in all", part="half even",
        reading="`parts` with `round_to = \"0.01\"` and `rounding = \"half_even\"`. Tried beside it: the rate a month exact "
                "and to 4 to 10 decimals, by the day simple and compounded, months of 30.4 and 30.41667 days; interest, the "
                "1 % and the sum each half up, half even, half down, up, down and not rounded; the 1 % with and without the "
                "month's interest. Of those that round interest to the penny only the 1 % half even comes to 8,214.30"),
    Reckoned(
        "UK-MBNA-FIX124", "MBNA, persistent debt page", "124 a month pay off 3,000 at an effective 24 % a year",
        lambda: _fixed(MBNA, 3000, "124.00"), "33 months, 3981.38 in all"),
    Reckoned(
        "US-M1-b5", "12 CFR 1026 (Regulation Z), appendix M1(b)(5)", "28, 30, 32 and 38 months said in whole years",
        lambda: ", ".join(str(years_said(months)) for months in (28, 30, 32, 38)), "2, 3, 3, 3"),
]
