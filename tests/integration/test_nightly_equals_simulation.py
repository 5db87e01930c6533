"""The nightly run over a portfolio bills each account exactly as `simulate` bills it alone: one engine, one answer."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from psycopg.rows import dict_row

from accounts.database import Database
from accounts.posting_types import BY_CODE, CHARGE_OFF, DEFERRED_INTEREST, MINIMUM_INTEREST, OWN_CHARGES, RECOVERY
from billing.scenario import Scenario
from billing.simulation import SimulatedStatement, simulate
from billing.statement_rows import STATEMENT
from billing.tracing import SEGMENTS, Run, check_runs, interest_of_runs, interest_runs, interest_runs_of
from fees.terms import Terms
from statements.seal import seal_statements
from statements.verify import scope_of
from statements.verify_seals import SEAL_CHECKS
from tests.integration.books_of_scenarios import open_books, run_days

FIRST_ON, UNTIL = date(2023, 11, 20), date(2024, 4, 10)
#: What the two cannot share: ids, and hashes that cover them.
NOT_COMPARED = {"member_id", "account_id", "terms_version_id", "sha256", "previous_sha256"}

TERMS: dict[str, dict[str, Any]] = {
    "full": {},
    "unpaid": {"interest": {"grace_lost_charges": "unpaid", "rounding": "half_even"}},
    "closing day counts, payment day at both, grace lost for all": {
        "interest": {"closing_day_counts": True, "payment_day_counts": "both"}, "grace": {"lost_for": "all"}},
    "over the limit, unpaid": {
        "interest": {"grace_lost_charges": "unpaid", "over_limit": {"daily_rate": "0.0007"}, "payment_day_counts": "old"}},
    "over the limit besides, from posting, next day": {
        "interest": {"accrues_from": "posting", "closing_day_counts": True, "debits_count_from": "next_day",
                     "over_limit": {"daily_rate": "0.0002", "instead_of_purchase_rate": False}}},
    "no grace, from closing, floors": {
        "interest": {"accrues_from": "closing", "segment": [
            {"name": "purchase", "annual_rate": "0.1999", "grace": False}, {"name": "cash_advance", "annual_rate": "0.2499"}]},
        "minimum_payment": {"combine": "greater_of", "parts": [{"percent": "0.02", "of": "new_balance"},
                                                                {"percent": "0.0125", "of": "credit_limit"}],
                            "add": ["interest", "fees", "past_due"], "floor": "50", "floor_before": ["interest"],
                            "round_to": "1", "rounding": "up"}},
    "segments, tiers, monthly, fees and interest bear": {
        "interest": {"day_count": "monthly", "compounding": "monthly", "fees_bear_interest": True, "segment": [
            {"name": "purchase", "tiers": [{"up_to": "500.00", "annual_rate": "0.15"}, {"annual_rate": "0.10"}]},
            {"name": "cash_advance", "monthly_rate": "0.02", "grace": True},
            {"name": "balance_transfer", "annual_rate": "0.05", "valid_days": 75},
            {"name": "later", "annual_rate": "0.12", "valid_days": 60, "deferred": True}]},
        "allocation": {"as_of": "previous_closing"}},
    "unpaid, rounded by run, both days, lost for all, next statement": {
        "interest": {"grace_lost_charges": "unpaid", "rounded_per": "segment", "payment_day_counts": "both",
                     "revolving_new_purchases": "next_statement", "day_count": "actual/actual", "segment": [
                         {"name": "purchase", "annual_rate": "0.1499"}, {"name": "cash_advance", "annual_rate": "0.2"}]},
        "grace": {"lost_for": "all", "requires": "previous_and_new_balance"}},
    "next statement, full, residual waived, least charge, tax": {
        "interest": {"revolving_new_purchases": "next_statement", "residual_interest": "waive", "minimum_charge": "2.00"},
        "grace": {"lost_for": "all"}},
    "compounded daily, 30/360, penalty": {
        "interest": {"compounding": "daily", "day_count": "30/360", "rounded_per": "total", "segment": [
            {"name": "purchase", "annual_rate": "0.18"}, {"name": "cash_advance", "annual_rate": "0.24"}],
            "penalty": {"annual_rate": "0.2999", "after_days_past_due": 20, "cured_after_on_time": 2}}},
    "rounded by day, effective, from the next cycle": {
        "interest": {"rounded_per": "day", "accrues_from": "next_cycle", "rounding": "half_even", "segment": [
            {"name": "purchase", "effective_annual_rate": "0.199"}, {"name": "cash_advance", "annual_rate": "0.2"}]}},
    "a new rate and a new segment in the middle of a cycle": {},
    "a new rate, unpaid, lost for all": {"interest": {"grace_lost_charges": "unpaid"}, "grace": {"lost_for": "all"}},
    "two cycles": {"interest": {"method": "two_cycle", "accrues_from": "due"}},
    "previous balance": {"interest": {"method": "previous_balance"}},
    "adjusted balance, by month": {"interest": {"method": "adjusted_balance", "day_count": "monthly", "segment": [
        {"name": "purchase", "monthly_rate": "0.015"}, {"name": "cash_advance", "monthly_rate": "0.02"}]}},
    "ending balance, no grace": {"interest": {"method": "ending_balance", "segment": [
        {"name": "purchase", "annual_rate": "0.18", "grace": False}, {"name": "cash_advance", "annual_rate": "0.24"}]}},
}
#: Schedules of fees: what a file's transactions, due dates and anniversaries cost.
FEE_SCHEDULES: dict[str, dict[str, Any]] = {
    "tiered, capped, taxed; returned payments capped at the minimum": {
        "late_payment": {"kind": "tiered", "first": "25.00", "repeat": "35.00", "repeat_within_cycles": 2,
                         "cap_at": "minimum_due", "tolerance_days": 3, "tax": "0.18"},
        "returned_payment": {"amount": "25.00", "cap_at": "minimum_due"}, "cash_advance": {"percent": "0.03", "floor": "10"}},
    "escalating, every fee taxed, on every event": {
        "late_payment": {"kind": "escalating", "amounts": ["300.00", "400.00"], "cap_at": "unpaid_minimum"},
        "service": {"amount": "1.00"}, "foreign": {"percent": "0.015"}, "balance_transfer": {"percent": "0.03", "cap": "20"},
        "cash_advance": {"percent": "0.0275", "cap": "30"}, "returned_payment": {"percent": "0.02", "floor": "4.50"},
        "joining": {"amount": "7.77"}, "annual": {"amount": "33.33"}, "tax_on_charges": {"fees": "0.0633"}},
    "a first year of few fees, annual fee in March": {
        "joining": {"amount": "100.00"}, "annual": {"amount": "30.00", "month": 3, "first": "after_first_year"},
        "cash_advance": {"percent": "0.03", "floor": "10"}, "service": {"amount": "7.00"}, "foreign": {"percent": "0.1"},
        "tax_on_charges": {"fees": "0.0633"}, "first_year_cap": "0.25"},
    "waived now and then": {
        "joining": {"amount": "100.00"}, "annual": {"amount": "30.00"}, "service": {"amount": "7.77"},
        "cash_advance": {"percent": "0.03", "floor": "10"}, "tax_on_charges": {"fees": "0.06"},
        "late_payment": {"percent": "0.05", "floor": "10.00"}},
    "by balance, whole units": {
        "late_payment": {"kind": "percent_of_balance", "percent": "0.03", "rounding_unit": "1", "tolerance_days": 8},
        "returned_payment": {"amount": "5"}},
    "by the day, percentage over the limit": {
        "late_payment": {"kind": "daily", "per_day": "3.50", "share_cap": "0.30", "cap": "60", "tolerance_days": 3,
                         "tax": "0.18"},
        "over_limit": {"kind": "percent", "percent": "0.025", "floor": "5", "cap": "80", "max_consecutive_cycles": 2},
        "returned_payment": {"amount": "25.00"}},
    "by interest, over the limit by agreement": {
        "late_payment": {"kind": "percent_of_interest", "percent": "0.10"}, "tax_on_charges": {"fees": "0.06"},
        "over_limit": {"amount": "25.00", "opt_in": True, "cap_at": "over_limit"}},
    "slab": {"late_payment": {"kind": "slab", "slabs": [{"up_to": "99.99", "amount": 0}, {"up_to": "500", "amount": 100},
                                                        {"up_to": "1000", "amount": 500}, {"amount": 750}]}},
}
#: Keys of a schedule that are no fee charged within the months of the test.
NOT_FEES = {"tax_on_charges", "first_year_cap", "annual"}
#: Terms of accounts about which something is agreed, with other accounts among them about which nothing is.
ARRANGED: dict[str, dict[str, Any]] = {
    "agreed: balance-days, charged off at thirty days": {
        "delinquency": {"charge_off_after_days": 30}, "fees": {**FEE_SCHEDULES["by the day, percentage over the limit"]}},
    "agreed: penalty, by day, fees that look back": {
        "interest": {"rounded_per": "segment", "penalty": {"annual_rate": "0.2999", "after_days_past_due": 20,
                                                           "cured_after_on_time": 2}},
        "fees": {**FEE_SCHEDULES["escalating, every fee taxed, on every event"]}},
    "agreed: lost for all, next statement, other segments, deferred": {
        "delinquency": {"charge_off_after_days": 60},
        "interest": {"revolving_new_purchases": "next_statement", "over_limit": {"daily_rate": "0.0007"}, "segment": [
            {"name": "purchase", "annual_rate": "0.1499"}, {"name": "cash_advance", "annual_rate": "0.2"},
            {"name": "later", "annual_rate": "0.12", "valid_days": 60, "deferred": True}]},
        "grace": {"lost_for": "all"}, "allocation": {"as_of": "previous_closing"}},
    "agreed: compounded daily, unpaid": {
        "interest": {"compounding": "daily", "grace_lost_charges": "unpaid"},
        "fees": {"late_payment": {"kind": "fixed", "amount": "25.00", "tolerance_days": 3}}},
}
FEES = {
    "joining": {"amount": "100.00"}, "annual": {"amount": "300.00", "waive_if_spend": "2000.00"},
    "late_payment": {"kind": "percent_of_unpaid_minimum", "percent": "0.05", "floor": "10.00"}, "service": {"amount": "1.00"},
}


def charges_of(terms: Terms, runs: dict[str, list[Run]]) -> dict[str, int]:
    """What the runs of each segment come to, worked out one account at a time in fractions."""
    charges = {name: interest_of_runs(terms, each, name.startswith("deferred."))[1] for name, each in runs.items()}
    return {name: amount for name, amount in charges.items() if amount}


def interest_posted(statement: SimulatedStatement) -> dict[str, int]:
    """The interest that a closing charged, by segment."""
    charged = {}
    for each in statement.postings:
        kind = BY_CODE[each["type"]]
        if each["source_id"] == OWN_CHARGES and kind.charge == "interest" and kind is not MINIMUM_INTEREST:
            row = each["source_line"]
            name = statement.terms.interest.segment[row - 1].name if row else str(kind.segment)
            charged[f"deferred.{name}" if kind is DEFERRED_INTEREST else name] = each["amount"]
    return charged


def random_scenario(chance: random.Random, terms: dict[str, Any], name: str = "") -> Scenario:
    """An account with a few months of purchases, cash, payments (full, part, late, too much), refunds and returned payments."""
    opened_on = FIRST_ON + timedelta(days=chance.randrange(0, 40))
    events, owed = [], 0
    on = opened_on
    while on < UNTIL:
        kind = chance.choices(
            ["purchase", "cash_advance", "payment", "refund", "returned_payment", "fee", "interest", "adjustment_credit",
             "adjustment_debit", "balance_transfer"], [40, 5, 25, 4, 2, 1, 1, 1, 1, 2])[0]
        amount = chance.randrange(1, 120_000)
        if kind == "payment":
            amount = chance.choice([max(owed, 1), max(owed // 2, 1), max(owed // 10, 1), max(owed + 5_000, 1), amount])
        owed += -amount if kind in ("payment", "refund", "adjustment_credit") else amount
        posted = on + timedelta(days=chance.choice([0, 0, 0, 1, 3, 12]))
        if posted <= UNTIL:
            event = {"on": on, "posted_on": posted, "type": kind, "amount": f"{amount // 100}.{amount % 100:02d}"}
            segments = [row["name"] for row in terms.get("interest", {}).get("segment", [])]
            if "later" in segments and kind in ("purchase", "payment") and chance.random() < 0.5:
                event["segment"] = chance.choice(segments)
            events.append(event)
            if kind in ("purchase", "cash_advance") and chance.random() < 0.2:
                events[-1]["currency"] = chance.choice(["USD", "CNY"])
        on += timedelta(days=chance.randrange(0, 17))
    events += agreed_events(chance, opened_on) if name.startswith("agreed") else []
    account = {"opened_on": opened_on, "credit_limit": chance.choice(["500.00", "3000.00", "10000.00"]),
               "closing_day": chance.choice([1, 5, 17, 28, 29, 30, 31]), "over_limit_opt_in": chance.random() < 0.5}
    document = {"account": account, "until": UNTIL, "events": events, "terms": {
        "product": "classic", "currency": "CNY", "in_force_from": date(2023, 1, 1), "cycle": {"due_after_days": 20},
        "fees": {**FEES, "tax_on_charges": {"interest": "0.06" if "minimum_charge" in terms.get("interest", {}) else "0"}},
        **terms}}
    if "waived" in name:
        document["waivers"] = [
            {"kind": chance.choice(["late_payment", "joining", "service", "cash_advance", "annual"]), "reason": "goodwill",
             "from": FIRST_ON + timedelta(days=chance.randrange(60)), "approved_by": "lan",
             "percent": chance.choice(["1", "0.5", "0.333"])} for _ in range(4)]
    if name.startswith("a new rate"):
        document["terms"] = [document["terms"], {
            **document["terms"], "in_force_from": date(2024, 1, 22),
            "interest": {**terms.get("interest", {}), "day_count": "actual/360", "segment": [
                {"name": "extra", "daily_rate": "0"}, {"name": "purchase", "daily_rate": "0.0004"},
                {"name": "cash_advance", "daily_rate": "0.0006"}]}}]
    return Scenario.from_document(document, Path("scenario.toml"))


def agreed_events(chance: random.Random, opened_on: date) -> list[dict[str, Any]]:
    """What is agreed about some accounts: a re-age, a holiday, hardship, a charge-off."""
    found = []
    for kind, lasts in (("re_age", 0), ("payment_holiday", 50), ("hardship", 80), ("charge_off", 0)):
        if chance.random() < (0.15 if kind == "charge_off" else 0.4):
            event = {"type": kind, "on": opened_on + timedelta(days=chance.randrange(20, 120))}
            if lasts:
                event["until"] = event["on"] + timedelta(days=chance.randrange(lasts))
            found.append({**event, "rate": chance.choice(["0", "0.06", "0.0999"])} if kind == "hardship" else
                         {**event, "agreed": True} if kind == "re_age" else event)
    return found


@pytest.mark.parametrize("name", [*TERMS, *FEE_SCHEDULES, *ARRANGED])
def test_each_account_of_a_night_is_billed_as_it_would_be_alone(embedded_database: Database, name: str) -> None:
    chance = random.Random(name)
    terms = {**TERMS, **ARRANGED}[name] if name not in FEE_SCHEDULES else {"fees": FEE_SCHEDULES[name]}
    scenarios = [random_scenario(chance, terms, name) for _ in range(40)]
    with embedded_database.connect() as connection:
        open_books(connection, scenarios, FIRST_ON)
        run_days(connection, FIRST_ON, UNTIL)
        cursor = connection.cursor(row_factory=dict_row)
        rows = cursor.execute("SELECT * FROM statement ORDER BY account_id, cycle_no").fetchall()
        balances = dict(connection.execute("SELECT account_id, balance FROM guarded_balance").fetchall())
        charged = {BY_CODE[code].charge for (code,) in connection.execute("SELECT DISTINCT type FROM posting")}
        if "charge_off_after_days" in terms.get("delinquency", {}):
            off = dict(connection.execute("SELECT type, count(*) FROM posting WHERE type = ANY(%s) GROUP BY type",
                                          ([CHARGE_OFF.code, RECOVERY.code],)).fetchall())
            assert min(off[CHARGE_OFF.code], off[RECOVERY.code]) > 2
        assert charged >= set(FEE_SCHEDULES.get(name, {})) - NOT_FEES
        with_interest = 0
        for number, scenario in enumerate(scenarios, 1):
            alone = simulate(scenario, seal_statements)
            nightly = [row for row in rows if row["account_id"] == number]
            compared = [key for key in STATEMENT if key not in NOT_COMPARED]
            assert [[row[key] for key in compared] for row in nightly] == \
                   [[each.row[key] for key in compared] for each in alone.statements], f"account {number}"
            assert alone.state["balance"] == f"{balances[number] / 100:.2f}"
            for position, each in enumerate(alone.statements):
                runs = interest_runs(each.trace, 0)
                check_runs(each.trace, runs, {column: each.row[column] for column in SEGMENTS.values()})
                if runs and position == len(alone.statements) - 1:
                    assert interest_runs_of(connection, number, number, each.row["closes_on"]) == runs
                assert charges_of(each.terms, runs) == interest_posted(each)
                with_interest += bool(runs)
        rederive = next(check for check in SEAL_CHECKS if check.name == "statements_rederive")
        assert rederive.first_bad(connection, scope_of(connection)) is None
    assert with_interest > 40
