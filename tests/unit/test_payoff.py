"""How long a balance takes to be paid off: published projections, a slow projection beside ours, and what a statement says."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from billing.owed import Owed, Parcel
from billing.payoff import (
    LONGEST,
    Month,
    Projection,
    fixed_payments,
    level_payment,
    minimum_payments_only,
    minimum_schedule,
    years_said,
)
from billing.scenario import Scenario
from billing.simulation import simulate
from fees.monthly_rates import monthly_fraction
from fees.terms import Terms
from fees.terms_interest import SegmentTerms
from statements.compose import compose
from statements.document import StatementDocument
from statements.explain_payoff import explain_payoff
from statements.facts import Letterhead, StatementFacts
from statements.page import page_of
from statements.payoff import owed_at_closing
from statements.render_html import render_html
from statements.schema import json_schema
from statements.seal import seal_statements
from statements.simulated import simulated_facts, simulated_statement

CENT = Decimal("0.01")


def terms(rate: str, minimum: dict[str, Any] | None = None, *, interest: dict[str, Any] | None = None, currency: str = "GBP",
          cash_rate: str | None = None, **more: Any) -> Terms:
    """A month bears a twelfth; rate: "monthly_rate 0.025" and the like, of purchases and of cash unless that has its own."""
    rows = []
    for name, given in (("purchase", rate), ("cash_advance", cash_rate or rate)):
        key, value = given.split()
        rows.append({"name": name, key: value})
    return Terms.from_document({
        "product": "p", "currency": currency, "in_force_from": date(2023, 1, 1),
        "interest": {"day_count": "monthly", "segment": rows, **(interest or {})}, "minimum_payment": minimum or {}, **more})


def owed(*balances: tuple[str, str], interest: int = 0, fees: int = 0, limit: int = 10**9) -> Owed:
    """What is owed on 5 May 2023; balances: segment and amount in major units of two decimals."""
    parcels = tuple(Parcel(name, int(Decimal(amount) * 100)) for name, amount in balances)
    return Owed(date(2023, 5, 5), parcels, interest, fees, limit)


ONE_PERCENT = {"parts": [{"percent": "0.01", "of": "principal"}], "add": ["interest", "fees"]}
HONG_KONG = terms("monthly_rate 0.025", {**ONE_PERCENT, "floor": "50"}, currency="HKD")
MBNA = terms("effective_annual_rate 0.24", {**ONE_PERCENT, "floor": "5"})


@pytest.mark.parametrize(("its_terms", "balance", "payment", "months", "total", "printed"), [
    pytest.param(HONG_KONG, "20000", None, 314, 6_753_642, "26 years, 67536", id="HK-MIN-26Y"),
    pytest.param(HONG_KONG, "20000", 84_900, 37, 3_056_587, "3 years, 30565; 849.00 takes one more", id="HK-FIX-849"),
    pytest.param(MBNA, "3000", None, 339, 821_422, "28 years 3 months, 8214", id="UK-MBNA-MIN"),
    pytest.param(MBNA, "3000", 12_400, 33, 398_138, "33 months, 3981", id="UK-MBNA-FIX124"),
])
def test_published_projections(its_terms: Terms, balance: str, payment: int | None, months: int, total: int,
                               printed: str) -> None:
    debt = owed(("purchase", balance))
    found = minimum_payments_only(its_terms, debt) if payment is None else fixed_payments(its_terms, debt, payment)
    assert found == Projection(months, total), printed


def test_the_level_payment_of_the_leaflet() -> None:
    """HK-FIX-849: 36 payments of 849.03, 30,565 in all, printed as 849 a month; a cent more clears the last 0.09."""
    debt = owed(("purchase", "20000"))
    level = level_payment(HONG_KONG, debt)
    assert (level.payment, level.total) == (84_904, 3_056_496)
    assert fixed_payments(HONG_KONG, debt, level.payment) == Projection(36, level.total)
    assert fixed_payments(HONG_KONG, debt, level.payment - 1).months == 37


@pytest.mark.parametrize(("months", "said"), [(28, 2), (30, 3), (32, 3), (38, 3), (23, None), (24, 2), (339, 28)])
def test_long_times_are_said_in_years(months: int, said: int | None) -> None:
    """US-M1-b5."""
    assert years_said(months) == said


def _slowly(balance: str, rate: str, percent: str, floor: str) -> tuple[int, Decimal]:
    """The same projection of one balance, in decimals, month by month."""
    left, month, paid = Decimal(balance), 0, Decimal(0)
    while left > 0:
        interest = (left * Decimal(rate)).quantize(CENT, ROUND_HALF_UP)
        minimum = max((left * Decimal(percent) + interest).quantize(CENT, ROUND_HALF_UP), Decimal(floor))
        payment = min(minimum, left + interest)
        left, month, paid = left + interest - payment, month + 1, paid + payment
    return month, paid


@pytest.mark.parametrize(("balance", "rate", "percent", "floor"), [
    ("1234.56", "0.0199", "0.02", "10"), ("87.65", "0.015", "0.01", "5"), ("0.01", "0.03", "0.05", "0.01"),
    ("50000", "0.0125", "0.03", "25"),
])
def test_a_slow_projection_comes_to_the_same(balance: str, rate: str, percent: str, floor: str) -> None:
    its_terms = terms(f"monthly_rate {rate}", {"parts": [{"percent": percent, "of": "principal"}], "floor": floor})
    months, total = _slowly(balance, rate, percent, floor)
    assert minimum_payments_only(its_terms, owed(("purchase", balance))) == Projection(months, int(total * 100))


@pytest.mark.parametrize(("minimum", "interest", "never", "why"), [
    ({"parts": [{"percent": "0.02", "of": "new_balance"}], "add": []}, {"interest_bears_interest": True},
     "negative_amortisation", "2 % a month is less than the 2.5 % that comes on"),
    ({"parts": [{"percent": "0.02", "of": "principal"}], "add": []}, {}, "negative_amortisation", "interest is never paid"),
    ({"parts": [], "add": ["interest"]}, {}, "negative_amortisation", "interest only: the balance stays as it is"),
    ({"parts": [{"percent": "0.0001", "of": "principal"}], "add": ["interest"]}, {}, "longer_than_100_years", "ever less"),
])
def test_what_never_ends_is_said_so(minimum: dict[str, Any], interest: dict[str, Any], never: str, why: str) -> None:
    found = minimum_payments_only(terms("monthly_rate 0.025", minimum, interest=interest), owed(("purchase", "20000")))
    assert (found.months, found.total, found.never) == (None, None, never), why


def test_the_longest_projection_still_counts() -> None:
    principal = {"parts": [], "add": ["interest"], "floor": "1"}
    free = terms("monthly_rate 0", principal)
    assert minimum_payments_only(free, owed(("purchase", str(LONGEST)))) == Projection(LONGEST, LONGEST * 100)
    assert minimum_payments_only(free, owed(("purchase", str(LONGEST + 1)))).never == "longer_than_100_years"


@pytest.mark.parametrize(("excess", "total", "why"), [
    (["highest_rate", "oldest"], 208_481, "cash at 3 % a month goes first"),
    (["lowest_rate", "oldest"], 212_806, "purchases at 1 % go first and cash bears longer"),
    (["segment:purchase", "highest_rate"], 212_806, "purchases are named"),
])
def test_payments_come_off_in_the_order_of_the_terms(excess: list[str], total: int, why: str) -> None:
    its_terms = terms("monthly_rate 0.01", {**ONE_PERCENT, "parts": []}, cash_rate="monthly_rate 0.03",
                      allocation={"excess": excess})
    assert fixed_payments(its_terms, owed(("purchase", "1000"), ("cash_advance", "1000")), 50_000).total == total, why


def test_billed_interest_and_fees_are_paid_and_bear_only_where_the_terms_say() -> None:
    plain, bearing = (terms("monthly_rate 0.10", {**ONE_PERCENT, "parts": []}, interest={"fees_bear_interest": bears})
                      for bears in (False, True))
    debt = owed(("purchase", "100"), interest=500, fees=1000)
    assert fixed_payments(plain, debt, 10**6) == Projection(1, 100_00 + 5_00 + 10_00 + 10_00)
    assert fixed_payments(bearing, debt, 10**6) == Projection(1, 100_00 + 5_00 + 10_00 + 11_00)


def test_a_promotion_ends_and_its_balance_goes_over() -> None:
    its_terms = terms("monthly_rate 0.02", {"parts": [], "add": []})
    rows = [{"name": "purchase", "monthly_rate": "0.02"}, {"name": "promo", "monthly_rate": "0", "revert_to": "purchase"}]
    its_terms = Terms.from_document({**its_terms.document(), "interest": {"day_count": "monthly", "segment": rows}})
    debt = Owed(date(2023, 5, 5), (Parcel("promo", 100_00, ends_on=date(2023, 7, 4)),), 0, 0, 10**9)
    assert fixed_payments(its_terms, debt, 60_00) == Projection(2, 60_00 + 40_80), "the second month closes on 5 July"
    later = Owed(date(2023, 5, 5), (Parcel("promo", 100_00, ends_on=date(2023, 7, 5)),), 0, 0, 10**9)
    assert fixed_payments(its_terms, later, 60_00) == Projection(2, 100_00)


def test_least_charge_and_tax_on_interest() -> None:
    its_terms = terms("monthly_rate 0.01", {"parts": [], "add": []}, interest={"minimum_charge": "2.00"},
                      fees={"tax_on_charges": {"interest": "0.16"}})
    assert fixed_payments(its_terms, owed(("purchase", "100")), 10**6) == Projection(1, 100_00 + 2_00 + 32)


@pytest.mark.parametrize(("rated", "day_count", "compounding", "percent"), [
    ({"annual_rate": "0.24"}, "actual/365", "none", "2"),
    ({"annual_rate": "0.24"}, "actual/360", "none", "2.027777777777777778"),
    ({"annual_rate": "0.24"}, "actual/actual", "none", "2"),
    ({"annual_rate": "0.24"}, "30/360", "none", "2"),
    ({"annual_rate": "0.24"}, "monthly", "none", "2"),
    ({"monthly_rate": "0.02"}, "actual/365", "none", "2"),
    ({"monthly_rate": "0.02"}, "monthly", "none", "2"),
    ({"daily_rate": "0.0005"}, "actual/365", "none", "1.520833333333333333"),
    ({"daily_rate": "0.0005"}, "30/360", "none", "1.5"),
    ({"effective_annual_rate": "0.24"}, "monthly", "none", "1.80875824835107"),
    ({"effective_annual_rate": "0.24"}, "actual/365", "none", "1.79312316344"),
    ({"annual_rate": "0.24"}, "actual/365", "daily", "2.01946348147"),
    ({"effective_annual_rate": "0.24"}, "actual/365", "daily", "1.80875824835107"),
])
def test_the_rate_of_a_month(rated: dict[str, str], day_count: str, compounding: str, percent: str) -> None:
    row = SegmentTerms.model_validate({"name": "purchase", **rated})
    found = monthly_fraction(row, day_count, compounding) * 100
    places = Decimal(percent).as_tuple().exponent
    assert isinstance(places, int)
    shown = (Decimal(found.numerator) / found.denominator).quantize(Decimal(1).scaleb(places), ROUND_HALF_UP)
    assert shown == Decimal(percent)


def _statement(minimum: dict[str, Any] | None = None, payoff: bool = True) -> tuple[StatementDocument, StatementFacts]:
    """Second statement of an account that owes 1000.00, paid 100.00 and is charged 17.40."""
    simulated = simulate(Scenario.from_document({
        "account": {"opened_on": date(2023, 3, 1), "credit_limit": "10000.00"}, "until": date(2023, 5, 5),
        "terms": {"product": "classic", "currency": "CNY", "in_force_from": date(2023, 1, 1),
                  "disclosures": {"payoff": payoff}, "minimum_payment": minimum or {}},
        "events": [{"on": date(2023, 3, 30), "type": "purchase", "amount": "1000.00"},
                   {"on": date(2023, 4, 23), "type": "payment", "amount": "100.00"}]}, Path("s.toml")), seal_statements)
    return simulated_statement("A1", simulated.statements[-1]), simulated_facts("A1", simulated.statements[-1])


def test_a_statement_tells_it_where_the_terms_say_so() -> None:
    statement, _ = _statement({**ONE_PERCENT, "floor": "10"})
    assert statement["payoff"] == {"minimum_only": {"months": 143, "total": "1898.64"},
                                   "in_36_months": {"payment": "33.28", "total": "1197.72"}}
    jsonschema.validate(statement, json_schema("statement"))
    assert "payoff" not in _statement(payoff=False)[0]


def test_a_statement_says_that_it_never_ends() -> None:
    statement, _ = _statement({"parts": [], "add": ["interest"]})
    assert statement["payoff"]["minimum_only"] == {"months": None, "total": None, "reason": "negative_amortisation"}
    jsonschema.validate(statement, json_schema("statement"))
    html = render_html(statement, Letterhead(language="en")).decode()
    assert "never pay this balance off" in html


@pytest.mark.parametrize(("minimum", "rows"), [
    ({**ONE_PERCENT, "floor": "10"},
     [("only the minimum payment", "12 years", "1,898.64"), ("33.28 CNY", "3 years", "1,197.72")]),
    ({"floor": "100"}, [("only the minimum payment", "10 months", "995.27")]),
])
def test_the_page_shows_the_level_payment_only_where_minimums_take_longer(
        minimum: dict[str, Any], rows: list[tuple[str, str, str]]) -> None:
    statement, _ = _statement(minimum)
    payoff = page_of(statement, Letterhead(language="en"))["payoff"]
    assert [(each["pay"], each["months"], each["total"]) for each in payoff["rows"]] == rows


def test_nothing_owed_takes_no_time() -> None:
    nothing = owed()
    assert minimum_payments_only(MBNA, nothing) == Projection(0, 0)
    assert (level_payment(MBNA, nothing).payment, level_payment(MBNA, nothing).total) == (0, 0)


def _of_segments() -> list[StatementFacts]:
    """Statements of an account with purchases, cash and a balance transfer at a promotional rate for 100 days."""
    simulated = simulate(Scenario.from_document({
        "account": {"opened_on": date(2023, 3, 1), "credit_limit": "10000.00"}, "until": date(2023, 7, 5),
        "terms": {"product": "classic", "currency": "CNY", "in_force_from": date(2023, 1, 1), "disclosures": {"payoff": True},
                  "interest": {"segment": [{"name": "purchase", "monthly_rate": "0.015"},
                                           {"name": "balance_transfer", "monthly_rate": "0.005", "grace": False,
                                            "valid_days": 100, "revert_to": "purchase"}]}},
        "events": [{"on": date(2023, 3, 30), "type": "purchase", "amount": "1000.00"},
                   {"on": date(2023, 4, 1), "type": "balance_transfer", "amount": "800.00"},
                   {"on": date(2023, 4, 2), "type": "cash_advance", "amount": "50.00"},
                   {"on": date(2023, 4, 23), "type": "payment", "amount": "200.00"}]}, Path("s.toml")), seal_statements)
    return [simulated_facts("A1", each) for each in simulated.statements]


def test_what_is_owed_is_the_new_balance_by_segment() -> None:
    facts = _of_segments()
    debts = [owed_at_closing(each) for each in facts]
    assert [each.total for each in debts] == [each.row["new_balance"] for each in facts]
    transfers = [parcel for parcel in debts[1].principal if parcel.segment == "balance_transfer"]
    assert [(each.amount > 0, each.ends_on) for each in transfers] == [(True, date(2023, 7, 9))]
    for each in facts:
        jsonschema.validate(compose(each), json_schema("statement"))


def test_the_explanation_tells_the_first_year_so_that_it_can_be_worked_out_by_hand() -> None:
    statement, facts = _statement({**ONE_PERCENT, "floor": "10"})
    explained = explain_payoff(facts, "en")
    assert explained["balances"] == [
        {"segment": "purchase", "balance": "900.00", "ends_on": None, "rates": ["0.015208333333333333"]}]
    assert (explained["unpaid_interest"], explained["unpaid_fees"]) == ("17.40", "0.00")
    owed_before, principal = Decimal(statement["new_balance"]), Decimal("900.00")
    for number, month in enumerate(explained["first_months"], 1):
        interest = (principal * Decimal("0.0005") * 365 / 12).quantize(CENT, ROUND_HALF_UP)
        assert (month["month"], Decimal(month["interest"])) == (number, interest)
        assert Decimal(month["owed"]) == owed_before + interest - Decimal(month["payment"])
        owed_before = principal = Decimal(month["owed"])
    assert len(explained["first_months"]) == 12


def test_a_balance_soon_paid_off_has_no_more_months() -> None:
    debt = owed(("purchase", "100"))
    months = minimum_schedule(terms("monthly_rate 0.01", {"parts": [], "add": [], "floor": "60"}), debt, 12)
    assert months == [Month(100, 6_000, 4_100), Month(41, 4_141, 0)]


@pytest.mark.parametrize(("percent", "rate"), [("0.05", "0.015"), ("0.01", "0.025"), ("0.1", "0")])
def test_a_rest_that_rounding_would_keep_is_paid_with_the_last_payment(percent: str, rate: str) -> None:
    its_terms = terms(f"monthly_rate {rate}", {**ONE_PERCENT, "parts": [{"percent": percent, "of": "principal"}]})
    left, paid, month, falls = Decimal(1000), Decimal(0), 0, True
    while falls:
        interest = (left * Decimal(rate)).quantize(CENT, ROUND_HALF_UP)
        minimum = (left * Decimal(percent) + interest).quantize(CENT, ROUND_HALF_UP)
        falls, month, paid, left = minimum > interest, month + 1, paid + minimum, left + interest - minimum
    assert 0 < left < 1
    assert minimum_payments_only(its_terms, owed(("purchase", "1000"))) == Projection(month, int((paid + left) * 100))
