"""The late-payment fee, case by case: what was due, what was received, what the terms say, what is charged."""

from __future__ import annotations

import numpy as np
import pytest

from accounts.money import major_units, minor_units
from fees.late_payment import late_payment_fee
from fees.terms import Terms
from tests.examples.tables import cases, named

FIXED = '{kind = "fixed", amount = "27.00"}'
SMALL = '{kind = "fixed", amount = "27.00", cap_at = "minimum_due"}'
WHOLE = '{kind = "fixed", amount = "21.50", rounding_unit = "1"}'
UNDER = '{kind = "fixed", amount = "21.49", rounding_unit = "1"}'
FIVE = '{kind = "percent_of_unpaid_minimum", percent = "0.05", floor = "10.00"}'
BARE = '{kind = "percent_of_unpaid_minimum", percent = "0.05"}'
CAPPED = '{kind = "percent_of_unpaid_minimum", percent = "0.05", floor = "10.00", cap = "30.00"}'
UNPAID = '{kind = "percent_of_unpaid_minimum", percent = "0.05", floor = "10.00", cap_at = "unpaid_minimum"}'
FIFTHS = '{kind = "percent_of_unpaid_minimum", percent = "0.05", rounding_unit = "0.05"}'
FEES = {name: value for name, value in globals().items() if isinstance(value, str) and value.startswith("{kind")}

TABLE = """
minimum_due | received  | terms  | rounding  | fee   | why
30.00       | 29.99     | FIXED  | half_up   | 27.00 | one cent short is late
30.00       | 0.00      | FIXED  | half_up   | 27.00 | nothing paid costs no more than a part
30.00       | 30.00     | FIXED  | half_up   | 0.00  | met to the cent
30.00       | 31.00     | FIXED  | half_up   | 0.00  | more than met
15.00       | 0.00      | SMALL  | half_up   | 15.00 | never more than the minimum that was due
27.01       | 27.00     | SMALL  | half_up   | 27.00 | the cap looks at what was due, not at what is missing
50.00       | 0.00      | WHOLE  | half_up   | 22.00 | 21.50 to a whole unit, a half goes up
50.00       | 0.00      | UNDER  | half_up   | 21.00 | 21.49 may not be rounded up
1000.00     | 0.00      | FIVE   | half_up   | 50.00 | five per cent of all that was due
1000.00     | 400.00    | FIVE   | half_up   | 30.00 | five per cent of what is missing
200.00      | 0.00      | FIVE   | half_up   | 10.00 | exactly at the floor
199.80      | 0.00      | FIVE   | half_up   | 10.00 | 9.99 is under the floor
200.10      | 0.00      | FIVE   | half_up   | 10.01 | 10.005, a half goes up
200.10      | 0.00      | FIVE   | half_even | 10.00 | 10.005, to the even cent
200.19      | 0.00      | FIVE   | down      | 10.00 | 10.0095 cut off
200.01      | 0.00      | FIVE   | up        | 10.01 | 10.0005 up
200.01      | 0.00      | FIVE   | half_up   | 10.00 | 10.0005 to the nearer cent
0.01        | 0.00      | BARE   | half_up   | 0.00  | 0.0005 rounds to nothing
0.01        | 0.00      | BARE   | up        | 0.01  | 0.0005 rounds up to a cent
0.01        | 0.00      | FIVE   | half_up   | 10.00 | the floor holds for a cent too
1000.00     | 0.00      | CAPPED | half_up   | 30.00 | the cap
600.00      | 0.00      | CAPPED | half_up   | 30.00 | exactly at the cap
599.80      | 0.00      | CAPPED | half_up   | 29.99 | just under the cap
8.00        | 0.00      | UNPAID | half_up   | 8.00  | the floor would be more than what is missing
1000.00     | 993.00    | UNPAID | half_up   | 7.00  | never more than what is missing
0.49        | 0.00      | FIFTHS | half_up   | 0.00  | 0.0245 is nearer to 0.00 than to 0.05
0.50        | 0.00      | FIFTHS | half_up   | 0.05  | 0.025 is half of 0.05
10.00       | 0.00      | FIFTHS | half_up   | 0.50  | already whole
"""


@pytest.mark.parametrize("case", cases(TABLE), ids=named)
def test_late_payment_fee(case: dict[str, str]) -> None:
    terms = Terms.from_toml(f'[interest]\nrounding = "{case["rounding"]}"\n[fees]\nlate_payment = {FEES[case["terms"]]}')
    minimum, received = (minor_units(case[column], 2) for column in ("minimum_due", "received"))
    unpaid = np.array([max(minimum - received, 0)])
    fee = late_payment_fee(terms, np.array([minimum]), unpaid, terms.digits)
    assert [major_units(each, 2) for each in fee.tolist()] == [case["fee"]]


def test_where_whole_dollars_are_shown_a_percentage_is_rounded_to_them() -> None:
    terms = Terms.from_toml(f'currency = "TWD"\n[interest]\nrounding_unit = "1"\n[fees]\nlate_payment = {BARE}')
    minimum = np.array([1009_00, 1010_00, 1030_00])
    assert late_payment_fee(terms, minimum, minimum, terms.digits).tolist() == [50_00, 51_00, 52_00]


def test_many_accounts_at_once_and_amounts_that_64_bits_hardly_hold() -> None:
    terms = Terms.from_toml("[fees]\nlate_payment = " + BARE)
    unpaid = np.array([0, 1000_00, 4 * 10**18])
    assert late_payment_fee(terms, unpaid, unpaid, 2).tolist() == [0, 50_00, 2 * 10**17]


def test_terms_without_the_fee_charge_none() -> None:
    unpaid = np.array([1000_00])
    assert late_payment_fee(Terms(), unpaid, unpaid, 2).tolist() == [0]


def test_a_kind_that_is_not_charged_is_never_billed_as_another() -> None:
    terms = Terms.from_toml('[fees]\nlate_payment = {kind = "percent_of_balance", percent = "0.03"}')
    unpaid = np.array([1000_00])
    with pytest.raises(ValueError, match="percent_of_balance"):
        late_payment_fee(terms, unpaid, unpaid, 2)
