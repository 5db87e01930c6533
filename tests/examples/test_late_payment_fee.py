"""The late-payment fee, case by case: what was due, what was received, what the terms say, what is charged."""

from __future__ import annotations

import numpy as np
import pytest

from accounts.money import major_units, minor_units
from fees.late_payment import MissedMinimum, late_payment_fee
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
    fee = late_payment_fee(terms, MissedMinimum.first(np.array([minimum]), unpaid), terms.digits)
    assert [major_units(each, 2) for each in fee.tolist()] == [case["fee"]]


def test_where_whole_dollars_are_shown_a_percentage_is_rounded_to_them() -> None:
    terms = Terms.from_toml(f'currency = "TWD"\n[interest]\nrounding_unit = "1"\n[fees]\nlate_payment = {BARE}')
    minimum = np.array([1009_00, 1010_00, 1030_00])
    assert late_payment_fee(terms, MissedMinimum.first(minimum, minimum), terms.digits).tolist() == [50_00, 51_00, 52_00]


def test_many_accounts_at_once_and_amounts_that_64_bits_hardly_hold() -> None:
    terms = Terms.from_toml("[fees]\nlate_payment = " + BARE)
    unpaid = np.array([0, 1000_00, 4 * 10**18])
    assert late_payment_fee(terms, MissedMinimum.first(unpaid, unpaid), 2).tolist() == [0, 50_00, 2 * 10**17]


def test_terms_without_the_fee_charge_none() -> None:
    unpaid = np.array([1000_00])
    assert late_payment_fee(Terms(), MissedMinimum.first(unpaid, unpaid), 2).tolist() == [0]


SLABS = """{kind = "slab", slabs = [{up_to = "99.99", amount = 0}, {up_to = "500", amount = 100},
         {up_to = "10000", amount = 500}, {amount = 750}]}"""
ENDS = '{kind = "slab", slabs = [{up_to = "500", amount = 100}, {up_to = "1000", amount = 250}]}'
TIERS = '{kind = "tiered", first = "25.00", repeat = "35.00", repeat_within_cycles = 6}'
MONTHS = '{kind = "escalating", amounts = ["300", "400", "500"]}'
OWED = '{kind = "percent_of_balance", percent = "0.03", rounding_unit = "1"}'
TENTH = '{kind = "percent_of_interest", percent = "0.10"}'
DAILY = '{kind = "daily", per_day = "35", share_cap = "0.30", cap = "2000"}'
OTHER_FEES = {name: globals()[name] for name in ("SLABS", "ENDS", "TIERS", "MONTHS", "OWED", "TENTH", "DAILY")}

OTHER_KINDS = """
new_balance | received | unpaid   | in_a_row | repeats | interest | days | terms  | fee     | why
99.00       | 0.00     | 9.90     | 1        | no      | 0.00     | 0    | SLABS  | 0.00    | less than a hundred
99.99       | 0.00     | 9.90     | 1        | no      | 0.00     | 0    | SLABS  | 0.00    | the end of a slab is in it
100.00      | 0.00     | 9.90     | 1        | no      | 0.00     | 0    | SLABS  | 100.00  | one cent more is the next slab
500.00      | 0.00     | 9.90     | 1        | no      | 0.00     | 0    | SLABS  | 100.00  | again the end
500.01      | 499.00   | 9.90     | 1        | no      | 0.00     | 0    | SLABS  | 500.00  | by what was billed
10000.00    | 0.00     | 9.90     | 1        | no      | 0.00     | 0    | SLABS  | 500.00  | the last end
10000.01    | 0.00     | 9.90     | 1        | no      | 0.00     | 0    | SLABS  | 750.00  | beyond every end
1000.01     | 0.00     | 9.90     | 1        | no      | 0.00     | 0    | ENDS   | 250.00  | the last slab holds
50.00       | 0.00     | 5.00     | 1        | no      | 0.00     | 0    | TIERS  | 25.00   | a first one
50.00       | 0.00     | 5.00     | 2        | yes     | 0.00     | 0    | TIERS  | 35.00   | again within the window
50.00       | 0.00     | 5.00     | 1        | no      | 0.00     | 0    | MONTHS | 300.00  | first month in a row
50.00       | 0.00     | 5.00     | 3        | yes     | 0.00     | 0    | MONTHS | 500.00  | third
50.00       | 0.00     | 5.00     | 4        | yes     | 0.00     | 0    | MONTHS | 0.00    | no amount is named for a fourth
1325.00     | 0.00     | 1325.00  | 2        | yes     | 0.00     | 0    | OWED   | 40.00   | 39.75 to a whole unit
1325.00     | 200.00   | 1125.00  | 2        | yes     | 0.00     | 0    | OWED   | 34.00   | 33.75
1325.00     | 1400.00  | 1.00     | 2        | yes     | 0.00     | 0    | OWED   | 0.00    | nothing of it left
25000.00    | 20000.00 | 500.00   | 1        | no      | 100.00   | 0    | TENTH  | 10.00   | a tenth of the interest
1000.00     | 0.00     | 1000.00  | 1        | no      | 0.00     | 10   | DAILY  | 300.00  | 350 by days, 300 by share
10000.00    | 0.00     | 10000.00 | 1        | no      | 0.00     | 60   | DAILY  | 2000.00 | 2100 by days, 3000 by share
10000.00    | 0.00     | 10000.00 | 1        | no      | 0.00     | 4    | DAILY  | 140.00  | no cap reached
"""


@pytest.mark.parametrize("case", cases(OTHER_KINDS), ids=named)
def test_late_payment_fee_of_other_kinds(case: dict[str, str]) -> None:
    terms = Terms.from_toml(f"[fees]\nlate_payment = {OTHER_FEES[case['terms']]}")
    amount = {name: np.array([minor_units(case[name], 2)]) for name in ("unpaid", "new_balance", "received", "interest")}
    missed = MissedMinimum(amount["unpaid"], amount["unpaid"], amount["new_balance"], amount["received"],
                           np.array([int(case["in_a_row"])]), np.array([case["repeats"] == "yes"]), amount["interest"],
                           np.array([int(case["days"])]))
    fee = late_payment_fee(terms, missed, terms.digits)
    assert [major_units(each, 2) for each in fee.tolist()] == [case["fee"]]
