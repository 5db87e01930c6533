"""Laws of waivers: never more than the charge, never less than nothing, and the whole of it for one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from billing.given_waivers import GivenWaiver, what_may_be_waived
from billing.rebilling import Charge, ChargeKey
from billing.waivers import WaiverInForce, waiver_for
from fees.terms import Terms
from fees.waiver import waived_amount

SHARES = st.integers(1, 10_000).map(lambda parts: Decimal(parts) / 10_000)
TERMS = st.sampled_from([Terms.from_toml(f'{currency}[interest]\nrounding = "{mode}"\nrounding_unit = "{unit}"')
                         for mode in ("half_up", "half_even", "up", "down")
                         for currency, unit in (("", "0.01"), ('currency = "TWD"\n', "1"))])
DAYS = st.dates(date(2024, 1, 1), date(2024, 1, 20))
WAIVERS = st.builds(WaiverInForce, st.sampled_from(["annual", "joining"]), DAYS, st.none() | DAYS, SHARES, st.just("goodwill"),
                    st.just("lan"), st.just("wei"))


@given(TERMS, st.integers(1, 10**12), SHARES)
def test_a_waiver_never_exceeds_the_charge(terms: Terms, charge: int, percent: Decimal) -> None:
    assert 0 <= waived_amount(terms, charge, percent) <= charge
    assert waived_amount(terms, charge, Decimal(1)) == charge


CHARGE, WAIVED = ChargeKey(date(2024, 1, 5), 53, 1, 0), ChargeKey(date(2024, 1, 5), 73, 1, 0)


@given(st.integers(0, 1000), st.integers(0, 1000), st.lists(st.integers(1, 1000), max_size=4))
def test_waivers_of_a_charge_billed_again_never_exceed_what_is_left_of_it(charge: int, waived: int, given_: list[int]) -> None:
    waived = min(charge, waived)
    should = {CHARGE: Charge(CHARGE, CHARGE.on, charge, ""), WAIVED: Charge(WAIVED, CHARGE.on, waived, "")}
    waivers = [GivenWaiver((9, line), amount, CHARGE) for line, amount in enumerate(given_)]
    allowed = what_may_be_waived(waivers, {key: each for key, each in should.items() if each.amount})
    assert sum(allowed.values()) == min(sum(given_), charge - waived)
    assert all(0 <= allowed[each.source] <= each.amount for each in waivers)


@given(st.lists(WAIVERS, max_size=5), DAYS)
def test_of_several_waivers_the_largest_that_holds(waivers: list[WaiverInForce], on: date) -> None:
    holding = [each for each in waivers if each.kind == "annual" and each.from_on <= on <= (each.until_on or on)]
    found = waiver_for(waivers, "annual", on)
    assert (found is None) == (not holding)
    if found is not None:
        assert found in holding
        assert found.percent == max(each.percent for each in holding)
