"""Joining, annual and supplementary fees by date; the waiver of the annual fee; service and replacement fees."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from accounts.calendar import day_number
from accounts.money import minor_units
from fees.anniversary import years_completed
from fees.annual import annual_fee, annual_fee_waived
from fees.joining import joining_fee
from fees.replacement import replacement_fee
from fees.service import service_fee
from fees.supplementary_annual import supplementary_annual_fee
from fees.terms import Terms
from tests.examples.tables import cases, named

ANNUAL_CASES = """
opened_on  | migrated | first            | on         | fee   | why
2023-03-15 | no       | at_issue         | 2023-03-15 | 300   | the day of opening
2023-03-15 | no       | at_issue         | 2023-03-16 | 0     | the day after
2023-03-15 | no       | at_issue         | 2023-04-15 | 0     | same day of another month
2023-03-15 | no       | at_issue         | 2024-03-15 | 300   | first anniversary
2023-03-15 | no       | at_issue         | 2033-03-15 | 300   | tenth anniversary
2023-03-15 | no       | at_issue         | 2022-03-15 | 0     | a year before it was opened
2023-03-15 | no       | after_first_year | 2023-03-15 | 0     | first year free
2023-03-15 | no       | after_first_year | 2024-03-15 | 300   | from the second year on
2023-03-15 | yes      | at_issue         | 2023-03-15 | 0     | came from other books on its opening day
2023-03-15 | yes      | at_issue         | 2024-03-15 | 300   | its annual-fee month counts on
2024-02-29 | no       | at_issue         | 2025-02-28 | 300   | 29 February in a common year
2024-02-29 | no       | at_issue         | 2025-03-01 | 0     | not a day later
2024-02-29 | no       | at_issue         | 2028-02-28 | 0     | in a leap year not on the 28th
2024-02-29 | no       | at_issue         | 2028-02-29 | 300   | in a leap year on the 29th
2024-02-28 | no       | at_issue         | 2025-02-28 | 300   | 28 February is itself
2024-01-31 | no       | at_issue         | 2025-01-31 | 300   | end of a long month
"""


@pytest.mark.parametrize("case", cases(ANNUAL_CASES), ids=named)
def test_annual_fee(case: dict[str, str]) -> None:
    terms = Terms.from_toml(f'[fees]\nannual = {{amount = "300", first = "{case["first"]}"}}')
    opened_on = np.array([day_number(date.fromisoformat(case["opened_on"]))], dtype=np.int32)
    fee = annual_fee(terms, opened_on, np.array([case["migrated"] == "yes"]), date.fromisoformat(case["on"]))
    assert fee.tolist() == [int(case["fee"]) * 100]


WAIVER_CASES = """
spend    | count | terms                                         | waived | why
19999.99 | 5     | waive_if_spend = "20000", waive_if_count = 6  | no     | a cent and a purchase short
20000.00 | 0     | waive_if_spend = "20000", waive_if_count = 6  | yes    | spent exactly enough
0.00     | 6     | waive_if_spend = "20000", waive_if_count = 6  | yes    | exactly often enough
20000.00 | 6     | waive_if_spend = "20000", waive_if_count = 6  | yes    | both
99999.00 | 99    |                                               | no     | terms without a condition waive nothing
99999.00 | 5     | waive_if_count = 6                            | no     | spend is no condition here
0.00     | 0     | waive_if_spend = "0"                          | yes    | a condition that everybody meets
-50.00   | 1     | waive_if_spend = "0"                          | no     | more was refunded than spent
"""


@pytest.mark.parametrize("case", cases(WAIVER_CASES), ids=named)
def test_annual_fee_waived(case: dict[str, str]) -> None:
    terms = Terms.from_toml(f'[fees]\nannual = {{amount = "300", {case["terms"]}}}'.replace(", }", "}"))
    assert terms.fees.annual is not None
    spend, count = np.array([minor_units(case["spend"], 2)]), np.array([int(case["count"])])
    assert annual_fee_waived(terms.fees.annual, spend, count, 2).tolist() == [case["waived"] == "yes"]


def test_joining_fee_falls_once_on_the_day_of_opening_and_not_on_migrated_accounts() -> None:
    terms = Terms.from_toml('[fees]\njoining = {amount = "100.00"}')
    on = date(2023, 3, 15)
    opened_on = np.array([day_number(on), day_number(on), day_number(on) - 1, day_number(on) - 365], dtype=np.int32)
    migrated = np.array([False, True, False, False])
    assert joining_fee(terms, opened_on, migrated, on).tolist() == [100_00, 0, 0, 0]
    assert joining_fee(Terms(), opened_on, migrated, on).tolist() == [0, 0, 0, 0]


def test_supplementary_annual_fee_follows_the_cards_own_date() -> None:
    terms = Terms.from_toml('[fees]\nsupplementary_annual = {amount = "150.00"}')
    on = date(2024, 3, 15)
    issued_on = np.array([day_number(each) for each in (on, date(2023, 3, 15), date(2023, 3, 14), on)], dtype=np.int32)
    replaces = np.array([False, False, False, True])
    assert supplementary_annual_fee(terms, issued_on, replaces, on).tolist() == [150_00, 150_00, 0, 0]
    assert supplementary_annual_fee(Terms(), issued_on, replaces, on).tolist() == [0, 0, 0, 0]


def test_service_fee_is_the_same_for_every_payment() -> None:
    terms = Terms.from_toml('[fees]\nservice = {amount = "1.00"}')
    assert service_fee(terms, np.array([1, 5000_00, 0])).tolist() == [1_00, 1_00, 0]
    assert service_fee(Terms(), np.array([1])).tolist() == [0]


def test_replacement_is_free_for_the_reasons_that_the_terms_name() -> None:
    terms = Terms.from_toml('[fees]\nreplacement = {amount = "15.00", free_for = ["issuer_fault", "expired"]}')
    assert replacement_fee(terms, ["lost", "issuer_fault", None, "expired", "damaged"]).tolist() == [15_00, 0, 15_00, 0, 15_00]
    assert replacement_fee(Terms(), ["lost"]).tolist() == [0]


@pytest.mark.parametrize("began", [date(1960, 2, 29), date(1969, 12, 31), date(1970, 1, 1), date(2000, 2, 29)])
def test_every_date_has_one_anniversary_in_every_later_year(began: date) -> None:
    column = np.array([day_number(began)], dtype=np.int32)
    for year in range(began.year, began.year + 12):
        days = [date.fromordinal(day) for day in range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal())]
        found = [(on, int(years_completed(column, on)[0])) for on in days if years_completed(column, on)[0] >= 0]
        assert len(found) == 1
        assert found[0][1] == year - began.year
