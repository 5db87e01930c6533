"""What the two engines are compared on: terms and histories drawn at random, and how a difference is told.

A drawing that this release does not charge (`fees.supported`) is thrown away, so that the property widens by itself. Every run
of the same sources draws the same CASES; CARDWRIGHT_TEST_CASES sets another number, and other ones each time.
"""

from __future__ import annotations

import os
from datetime import date, timedelta
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

from hypothesis import HealthCheck, assume, note, settings
from hypothesis import strategies as st

from billing.instalments import NotConvertible
from billing.scenario import INSTALMENT_EVENTS, Scenario
from billing.simulated_disputes import NotDisputable
from billing.simulation import simulate
from fees.supported import unsupported
from fees.terms import Terms
from statements.reperformance import reperform
from statements.seal import seal_statements

# Hypothesis draws, now and then, a number that it finds in the project's own modules, as far as they are loaded: what ran in a
# process before would make it draw other cases. Once all of them are loaded it is the same everywhere.
ROOMS = ("accounts", "benchmarks", "billing", "counter", "fees", "jobs", "migrations", "reports", "samples",
         "service", "statements")
for _room in ROOMS:
    for _module in walk_packages(import_module(_room).__path__, f"{_room}."):
        if _module.name != "migrations.env":  # migrates as it is loaded
            import_module(_module.name)

CASES = int(os.environ.get("CARDWRIGHT_TEST_CASES", "1000"))
#: Many short cases, a number of them in each file, so that processes share them.
MANY = settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck), database=None,
                derandomize="CARDWRIGHT_TEST_CASES" not in os.environ)
FIGURES = (
    "previous_balance", "payments", "credits", "purchases", "cash_advances", "balance_transfers", "fees", "interest", "waivers",
    "adjustments", "new_balance", "minimum_payment_due", "past_due", "over_limit", "days_past_due",
)
DAYS = 230
TYPES = [
    *["purchase"] * 5, *["payment"] * 4, "replacement", "cash_advance", "refund", "balance_transfer",
    "adjustment_debit", "adjustment_credit",
    "returned_payment", "fee", "interest", "points_credit",
]
OPENED = st.sampled_from([date(2023, 1, 28), date(2023, 1, 30), date(2023, 1, 31),
                          date(2023, 3, 1), date(2023, 11, 12), date(2024, 1, 5), date(2024, 2, 29)])


def of(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


RATE = st.one_of(
    st.builds(lambda rate: {"daily_rate": rate}, of("0.0005", "0.0003", "0.01", "0")),
    st.builds(lambda rate: {"annual_rate": rate}, of("0.18", "0.2999", "0.15")),
    st.builds(lambda rate: {"monthly_rate": rate}, of("0.0125", "0.02")),
    st.builds(lambda rate: {"effective_annual_rate": rate}, of("0.1956", "0.3")),
    st.just({"tiers": [{"up_to": "300.00", "annual_rate": "0.15"}, {"annual_rate": "0.10"}]}),
)
PURCHASE = st.builds(lambda rate, grace: {"name": "purchase", **rate, "grace": grace}, RATE, of(True, True, True, False))
CASH = st.builds(lambda rate: {"name": "cash_advance", **rate}, RATE)
PROMOTION = st.builds(lambda rate, end, deferred: {"name": "balance_transfer", **rate, **end, "deferred": deferred},
                      RATE, of({"valid_days": 45}, {"valid_days": 10}, {"until": date(2024, 3, 15)}), st.booleans())
INTEREST: dict[str, st.SearchStrategy[Any]] = {
    "method": of(*["daily_balance"] * 6, "average_daily_balance", "adjusted_balance", "previous_balance", "ending_balance",
                 "two_cycle"),
    "day_count": of("actual/365", "actual/365", "actual/360", "actual/actual", "30/360", "monthly"),
    "accrues_from": of("transaction", "transaction", "posting", "closing", "due", "next_cycle"),
    "grace_lost_charges": of("full", "unpaid"),
    "revolving_new_purchases": of("at_once", "at_once", "next_statement", "never_in_first"),
    "closing_day_counts": st.booleans(), "payment_day_counts": of("new", "old", "both"),
    "debits_count_from": of("same_day", "same_day", "next_day"), "compounding": of("none", "none", "none", "daily", "monthly"),
    "fees_bear_interest": st.booleans(), "interest_bears_interest": of(False, False, True),
    "rounding": of("half_up", "half_even", "down", "up"), "rounding_unit": of("0.01", "0.01", "0.05", "1"),
    "rounded_per": of("total", "total", "segment", "day"), "residual_interest": of("charge", "charge", "waive"),
    "minimum_charge": of("0", "0", "5.00"),
    "over_limit": st.builds(lambda rate, instead: {**rate, "instead_of_purchase_rate": instead},
                            of({}, {"annual_rate": "0.25"}, {"daily_rate": "0.001"}), st.booleans()),
    "penalty": of({}, {}, {"annual_rate": "0.36", "after_days_past_due": 30, "cured_after_on_time": 2}),
}
ORDER = st.lists(of("past_due", "fees", "interest", "principal", "billed_first", "highest_rate", "lowest_rate", "oldest",
                    "segment:cash_advance", "segment:purchase"), unique=True, max_size=4).filter(
    lambda items: not {"highest_rate", "lowest_rate"} <= set(items))
BASE = of("new_purchases", "revolving_principal", "purchases", "cash_advances", "principal", "new_balance", "within_limit",
          "credit_limit")
MINIMUM: dict[str, st.SearchStrategy[Any]] = {
    "combine": of("sum", "greater_of", "percent_or_interest"),
    "parts": st.lists(st.builds(lambda share, base, more: {"percent": share, "of": base, **more},
                                of("0.05", "0.1", "1", "0.0333"), BASE,
                                of({}, {}, {"round_to": "1", "rounding": "up"}, {"round_to": "10"},
                                   {"round_to": "1", "rounding": "half_even"})), min_size=1, max_size=3),
    "add": st.lists(of("interest", "fees", "past_due", "over_limit"), unique=True), "floor": of("0", "10", "100"),
    "round_to": of("0.01", "1", "10"), "rounding": of("up", "half_up", "half_even", "down"),
}
CYCLE = st.builds(
    lambda day, due, days, amount: {
        "closing_day": day, "due_after_days": due, "tolerance_days": days, "tolerance_amount": amount},
    of(5, 28, 31, 15), of(10, 18, 20, 25), of(0, 0, 1, 3), of("0", "0", "5.00"))
LATE = st.builds(lambda kind, more: {**kind, **more}, of(
    {"kind": "fixed", "amount": "20.00"}, {"percent": "0.05", "floor": "10.00"}, {"percent": "0.333", "cap": "15.00"},
    {"kind": "tiered", "first": "25.00", "repeat": "35.00", "repeat_within_cycles": 2},
    {"kind": "escalating", "amounts": ["10.00", "20.00", "40.00"]},
    {"kind": "slab", "slabs": [{"up_to": "50.00", "amount": "0"}, {"up_to": "300.00", "amount": "10.00"}, {"amount": "30.00"}]},
    {"kind": "percent_of_balance", "percent": "0.03"}, {"kind": "percent_of_interest", "percent": "0.10"},
    {"kind": "daily", "per_day": "1.00", "share_cap": "0.30", "cap": "20.00"}, {"kind": "daily", "per_day": "3.00"},
), of({}, {}, {}, {"cap_at": "minimum_due"}, {"cap_at": "unpaid_minimum"}, {"tolerance_days": 2}, {"rounding_unit": "1"},
      {"tax": "0.06"}))
FEES: dict[str, st.SearchStrategy[Any]] = {
    "joining": st.just({"amount": "50.00"}), "service": st.just({"amount": "1.00"}),
    "annual": of({"amount": "30.00"}, {"amount": "30.00", "waive_if_count": 2}, {"amount": "30.00", "waive_if_spend": "100.00"},
                 {"amount": "30.00", "first": "after_first_year"}, {"amount": "30.00", "month": 4}),
    "late_payment": LATE, "cash_advance": of({"percent": "0.01", "floor": "2.00", "cap": "4.00"}, {"percent": "0.0333"}),
    "foreign": st.just({"percent": "0.015"}), "balance_transfer": st.just({"percent": "0.03", "cap": "8.00"}),
    "returned_payment": of({"amount": "25.00"}, {"percent": "0.02", "floor": "1.00"},
                           {"amount": "25.00", "cap_at": "minimum_due"}),
    "over_limit": of({"amount": "25.00", "opt_in": True}, {"amount": "25.00", "max_consecutive_cycles": 1},
                     {"kind": "percent", "percent": "0.05", "floor": "5.00", "cap": "20.00"},
                     {"amount": "25.00", "cap_at": "over_limit"}),
    "replacement": st.just({"amount": "7.00"}), "first_year_cap": of("0.05", "0.1"),
    "tax_on_charges": of({"fees": "0.06"}, {"interest": "0.06"}, {"interest": "0.0333", "fees": "0.0333"}),
}
WAIVERS = st.lists(st.builds(
    lambda kind, share, day, until: {"kind": kind, "percent": share, "from": date(2023, 1, 1) + timedelta(day), **until},
    of("annual", "late_payment", "service", "cash_advance", "over_limit", "joining"), of("1", "0.5", "0.333"),
    st.integers(0, 400), of({}, {"until": date(2024, 3, 1)})), max_size=2)


def some(keys: dict[str, st.SearchStrategy[Any]], most: int = 6) -> st.SearchStrategy[dict[str, Any]]:
    """Some of the keys, few at a time, so that what differs is seen by itself."""
    chosen = st.lists(st.sampled_from(sorted(keys)), unique=True, max_size=most)
    return chosen.flatmap(lambda names: st.fixed_dictionaries({name: keys[name] for name in names}))


WITH_PARTS = st.lists(of("interest", "fees", "past_due", "over_limit", "instalments", "instalments"), unique=True)
INSTALMENTS = st.one_of(
    st.builds(lambda rate, rest: {"fee_rate": rate, "remainder_in": rest}, of("0.0085", "0", "0.0333"), of("first", "last")),
    st.builds(lambda rate: {"method": "declining", "annual_rate": rate}, of("0.15", "0.2999")))


@st.composite
def scenarios(draw: st.DrawFn, agreed: bool = False, plans: bool = False, late: bool = False,
              disputes: bool = False) -> dict[str, Any]:
    """A scenario as a document: one or two versions of terms and an awkward history.

    agreed: with arrangements (rule 13); plans: with instalment plans (rule 14); late: some events become known late
    (rule 16); disputes: debits are disputed, and that is decided or not (rule 15).
    """
    opened = draw(OPENED)
    cycle = draw(CYCLE)
    segments = [draw(PURCHASE), draw(CASH), *draw(st.lists(PROMOTION, max_size=1))]
    terms: dict[str, Any] = {
        "in_force_from": date(2000, 1, 1), "cycle": cycle, "interest": {**draw(some(INTEREST)), "segment": segments},
        "grace": draw(some({"requires": of("new_balance", "previous_and_new_balance"), "lost_for": of("billed", "all")})),
        "minimum_payment": draw(some(MINIMUM)), "fees": draw(some(FEES, 4)),
        "allocation": draw(some({"minimum": ORDER, "excess": ORDER, "as_of": of("payment_date", "previous_closing"),
                                 "refunds_count_as_payment": st.booleans()})),
    }
    versions = [terms]
    if draw(st.booleans()):
        purchase = {**draw(PURCHASE), "grace": segments[0]["grace"]}
        interest = {**terms["interest"], "segment": [purchase, draw(CASH), *segments[2:]]}
        versions.append({**terms, "in_force_from": opened + timedelta(draw(st.integers(20, 120))), "interest": interest})
    step = {"1": 100, "0.05": 5}.get(terms["interest"].get("rounding_unit", ""), 1)
    events = draw(st.lists(_event(opened, step), max_size=14))
    if agreed:
        terms["delinquency"] = {"charge_off_after_days": draw(of(0, 40, 70))}
        for version in versions:
            version["delinquency"] = terms["delinquency"]
        events += draw(_agreed(opened))
    if plans:
        for version in versions:
            version["instalments"] = draw(INSTALMENTS)
            version["minimum_payment"] = {**version["minimum_payment"], "add": draw(WITH_PARTS)}
        events += draw(_plans(opened, events))
    if late:
        for event in events:
            if event["type"] not in ("replacement", *INSTALMENT_EVENTS) and draw(of(False, True)):
                event["known_on"] = event.get("posted_on", event["on"]) + timedelta(draw(of(1, 3, 20, 33, 61, 100)))
    if disputes:
        events += draw(_disputes(events, step))
    return {
        "account": {"opened_on": opened, "credit_limit": draw(of("1000", "500", "0")),
                    "over_limit_opt_in": draw(st.booleans())},
        "waivers": draw(WAIVERS),
        "until": opened + timedelta(days=draw(of(DAYS, 170, 110))), "terms": versions, "events": events,
    }


@st.composite
def _agreed(draw: st.DrawFn, opened: date) -> list[dict[str, Any]]:
    """What is agreed about the account: spans of a kind one after the other, and what happens on a day (rule 13)."""
    found: list[dict[str, Any]] = []
    for kind in ("hardship", "payment_holiday"):
        day = opened
        for _ in range(draw(of(0, 0, 1, 2))):
            first = day + timedelta(draw(st.integers(1, 90)))
            day = first + timedelta(draw(of(0, 5, 31, 60)))
            rate = {"rate": draw(of("0", "0.0365", "0.24"))} if kind == "hardship" else {}
            found.append({"on": first, "type": kind, "until": day, **rate})
    for kind, more in (("re_age", {"agreed": True}), ("charge_off", {})):
        found += [{"on": opened + timedelta(draw(st.integers(0, DAYS))), "type": kind, **more}
                  for _ in range(draw(of(0, 0, 0, 1, 2) if kind == "re_age" else of(0, 0, 0, 1)))]
    return found


@st.composite
def _plans(draw: st.DrawFn, opened: date, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Plans of what was bought in instalments, of a purchase, of the statement; some are settled early (rule 14)."""
    found: list[dict[str, Any]] = []
    purchases = [each for each in events if each["type"] == "purchase"]
    for number in range(draw(of(1, 1, 2, 3))):
        kind = draw(of("bought", "purchase", "purchase", "new_balance"))
        on = opened + timedelta(draw(st.integers(0, DAYS)))
        plan: dict[str, Any] = {"on": on, "type": "instalment", "parts": draw(of(2, 3, 7)), "id": f"P{number}"}
        if kind == "purchase" and purchases:
            bought = purchases.pop(draw(st.integers(0, len(purchases) - 1)))
            bought["id"] = f"B{number}"
            posted_on = bought.get("posted_on", bought["on"])
            plan |= {"of": bought["id"], "on": posted_on + timedelta(draw(of(0, 1, 9, 35, 70)))}
        elif kind == "new_balance":
            plan |= {"of": kind, **({} if draw(st.booleans()) else {"amount": draw(of("20", "100"))})}
        else:
            plan |= {"amount": draw(of("100", "31", "500"))}
        found.append(plan)
        if draw(of(False, False, True)):
            on = plan["on"] + timedelta(draw(of(1, 20, 31, 62)))
            found.append({"on": on, "type": "instalment_settlement", "of": plan["id"]})
    return found


@st.composite
def _disputes(draw: st.DrawFn, events: list[dict[str, Any]], step: int) -> list[dict[str, Any]]:
    """Some debits of principal are disputed, wholly or by half; decided for one side, or not yet (rule 15)."""
    found: list[dict[str, Any]] = []
    debits = [each for each in events if each["type"] in ("purchase", "cash_advance", "balance_transfer", "adjustment_debit")]
    for number, debit in enumerate(debits[:draw(of(1, 2, 3))]):
        debit.setdefault("id", f"T{number}")
        posted_on = max(debit[name] for name in ("known_on", "posted_on", "on") if name in debit)
        opened_on = posted_on + timedelta(draw(of(0, 1, 9, 25, 40, 70)))
        half = int(Decimal(debit["amount"]) * 100) // 2 // step * step
        amount = {"amount": _text(half, step)} if half and draw(of(False, True, True)) else {}
        found.append({"on": opened_on, "type": "dispute", "of": debit["id"], "id": f"D{number}", **amount})
        outcome = draw(of(None, "for_holder", "for_issuer", "for_issuer"))
        if outcome is not None:
            found.append({"on": max(opened_on, posted_on + timedelta(1)) + timedelta(draw(of(0, 3, 21, 45, 90))),
                          "type": "dispute_decided", "of": f"D{number}", "outcome": outcome})
    return found


@st.composite
def _event(draw: st.DrawFn, opened: date, step: int) -> dict[str, Any]:
    on = opened + timedelta(days=draw(st.integers(0, DAYS)))
    cents = draw(st.one_of(st.integers(1, 1000), of(10_000, 30_000, 50_000, 12_345))) * step
    amount = _text(cents, step)
    kind = draw(st.sampled_from(TYPES))
    if kind == "replacement":
        return {"on": on, "type": kind, "reason": draw(of("lost", "issuer_fault"))}
    event: dict[str, Any] = {"on": on, "type": kind, "amount": amount}
    if kind in ("purchase", "cash_advance") and draw(of(False, False, True)):
        event["currency"] = "USD"
    late = draw(of(0, 0, 0, 0, 2, 12))
    return {**event, "posted_on": on + timedelta(days=late)} if late else event


def _text(cents: int, step: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}" if step < 100 else str(cents // 100)


def require_one_bill(document: dict[str, Any]) -> None:
    """Both engines come to the same statements; a drawing that shows a difference is told as a scenario file."""
    assume(not any(unsupported(Terms.from_document(each)) for each in document["terms"]))
    note(toml(document))
    scenario = Scenario.from_document(document, Path("scenario.toml"))
    try:
        billed = simulate(scenario, seal_statements).statements
    except (NotConvertible, NotDisputable):  # nothing there to become a plan or to dispute; no other refusal is drawn
        assume(False)
    again = reperform(scenario)
    assert [each.row["closes_on"] for each in billed] == [each.closing for each in again]
    for first, second in zip(billed, again, strict=True):
        shown = {name: int(first.row[name]) for name in FIGURES}
        assert (second.closing, shown) == (second.closing, {name: second.figures[name] for name in FIGURES})
        assert (second.closing, first.row["grace"] == 0) == (second.closing, second.grace_kept)


def toml(document: dict[str, Any]) -> str:
    """A document as the scenario file that `cardwright simulate` takes."""
    lines = [f"{key} = {_value(document[key])}" for key in ("account", "until")]
    for name in ("terms", "events", "waivers"):
        for row in document[name]:
            lines += [f"[[{name}]]", *(f"{key} = {_value(value)}" for key, value in row.items())]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_value(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_value(each) for each in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, date | int) else f'"{value}"'

