"""Law: with late events, after rebilling, an account owes exactly what the same events on time would have owed."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from billing.scenario import Scenario
from billing.simulation import Simulated, simulate
from statements.seal import seal_statements

OPENED, UNTIL = date(2023, 11, 6), date(2024, 5, 20)
DAYS = st.dates(OPENED, UNTIL)
AMOUNTS = st.integers(1, 150_000).map(lambda cents: f"{cents // 100}.{cents % 100:02d}")


@st.composite
def terms(draw: st.DrawFn) -> dict[str, Any]:
    """Terms that make what happened in one cycle matter in later ones: grace, past due, fees that look back, compounding."""
    segments = [{"name": "purchase", "daily_rate": "0.0005", "grace": draw(st.booleans())},
                {"name": "cash_advance", "annual_rate": "0.2199", "grace": False}]
    return {
        "product": "classic", "currency": "CNY", "in_force_from": date(2023, 1, 1),
        "cycle": {"due_after_days": draw(st.sampled_from([18, 20, 25])), "tolerance_days": draw(st.sampled_from([0, 3]))},
        "interest": {
            "segment": segments,
            "method": draw(st.sampled_from(["daily_balance", "daily_balance", "adjusted_balance", "two_cycle"])),
            "grace_lost_charges": draw(st.sampled_from(["full", "unpaid"])),
            "accrues_from": draw(st.sampled_from(["transaction", "posting", "closing"])),
            "payment_day_counts": draw(st.sampled_from(["new", "old"])),
            "compounding": draw(st.sampled_from(["none", "monthly"])),
            "residual_interest": draw(st.sampled_from(["charge", "waive"])),
            **draw(st.sampled_from([{}, {"over_limit": {"daily_rate": "0.0007"}}])),
        },
        "grace": {"lost_for": draw(st.sampled_from(["billed", "all"])),
                  "requires": draw(st.sampled_from(["new_balance", "previous_and_new_balance"]))},
        "fees": {
            "joining": {"amount": "100.00"}, "annual": {"amount": "300.00", "waive_if_spend": "2000.00"},
            "service": {"amount": "1.00"}, "returned_payment": {"amount": "25.00"}, "cash_advance": {"percent": "0.03"},
            **draw(st.sampled_from([{}, {"tax_on_charges": {"fees": "0.06"}}])),
            "late_payment": draw(st.sampled_from([
                {"kind": "percent_of_unpaid_minimum", "percent": "0.05", "floor": "10.00"},
                {"kind": "tiered", "first": "30.00", "repeat": "41.00", "repeat_within_cycles": 6}])),
        },
        "instalments": {"fee_rate": "0.0085"},
        "delinquency": {"charge_off_after_days": draw(st.sampled_from([0, 0, 70]))},
    }


@st.composite
def agreed(draw: st.DrawFn) -> list[dict[str, Any]]:
    """What was agreed about the account while its events were known as they were: a plan, and a span of relief."""
    on = draw(DAYS)
    plan = {"on": draw(DAYS), "type": "instalment", "amount": "600.00", "parts": draw(st.sampled_from([2, 3, 12]))}
    until = on + timedelta(days=draw(st.sampled_from([10, 45])))
    relief = draw(st.sampled_from([{"on": on, "type": "hardship", "until": until, "rate": "0.0365"},
                                   {"on": on, "type": "payment_holiday", "until": until}]))
    return draw(st.sampled_from([[], [], [plan], [relief], [plan, relief]]))


#: What is waived as it is charged, of charges that come late as of others.
WAIVERS = st.sampled_from([[], [], [{"kind": "late_payment", "from": OPENED, "percent": "0.5"}],
                           [{"kind": "service", "from": OPENED}, {"kind": "cash_advance", "from": date(2024, 1, 15)}]])


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """An account of half a year, some of whose events are heard of late, from a day up to months after they happened."""
    kinds = st.sampled_from(["purchase", "purchase", "purchase", "payment", "payment", "cash_advance", "refund",
                             "returned_payment", "adjustment_credit", "adjustment_debit"])
    events = []
    for on in sorted(draw(st.lists(DAYS, min_size=2, max_size=14))):
        event: dict[str, Any] = {"on": on, "type": draw(kinds), "amount": draw(AMOUNTS)}
        late_by = draw(st.sampled_from([0, 0, 0, 1, 9, 31, 45, 100]))
        if late_by and on + timedelta(days=late_by) <= UNTIL:
            event["known_on"] = on + timedelta(days=late_by)
        events.append(event)
    account = {"opened_on": OPENED, "credit_limit": "3000.00", "closing_day": draw(st.sampled_from([1, 5, 20, 31]))}
    document = {"account": account, "until": UNTIL, "terms": draw(terms()), "waivers": draw(WAIVERS),
                "events": sorted([*events, *draw(agreed())], key=lambda each: each["on"])}
    return Scenario.from_document(document, Path("scenario.toml"))


def on_time(scenario: Scenario) -> Simulated:
    """The same events, everything known in time."""
    events = tuple(each.model_copy(update={"known_on": None}) for each in scenario.events)
    return simulate(scenario.model_copy(update={"events": events}), seal_statements)


@given(scenarios())
def test_an_account_rebilled_owes_what_it_would_owe_had_everything_been_known_in_time(scenario: Scenario) -> None:
    late, in_time = simulate(scenario, seal_statements), on_time(scenario)
    assert late.state == in_time.state
    last_known = max((each.known_on for each in scenario.events if each.known_on), default=OPENED)
    owed = {each.row["closes_on"]: each.row for each in in_time.statements}
    for each in late.statements:
        if each.row["closes_on"] >= last_known:
            for name in ("new_balance", "minimum_payment_due", "past_due", "over_limit", "grace", "days_past_due"):
                assert each.row[name] == owed[each.row["closes_on"]][name], (name, each.row["closes_on"])


@given(scenarios())
def test_statements_issued_before_an_event_is_known_say_nothing_of_it(scenario: Scenario) -> None:
    late = simulate(scenario, seal_statements)
    first_known = min((each.known_on for each in scenario.events if each.known_on), default=UNTIL)
    ignorant = simulate(scenario.model_copy(update={"events": tuple(
        each for each in scenario.events if each.known_on is None)}), seal_statements)
    before = [each for each in ignorant.statements if each.row["closes_on"] < first_known]
    figures = [{name: each.row[name] for name in ("new_balance", "interest", "fees", "minimum_payment_due")} for each in before]
    assert [{name: each.row[name] for name in figures[0]} for each in late.statements[:len(before)]] == figures


@given(scenarios())
def test_statements_follow_on_one_another_through_a_rebilling(scenario: Scenario) -> None:
    previous = None
    for each in simulate(scenario, seal_statements).statements:
        if previous is not None:
            assert each.row["previous_balance"] == previous["new_balance"]
            assert each.row["previous_sha256"] == previous["sha256"]
            assert (each.row["opens_on"] - previous["closes_on"]).days == 1
        previous = each.row
