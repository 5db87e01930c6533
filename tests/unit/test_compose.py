"""The statement as a document: figures as its reference shows them, the same bytes every time, amounts as products round."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from accounts.posting_types import BY_NAME, OWN_CHARGES
from billing.scenario import Scenario
from billing.simulation import simulate
from fees.terms import Terms
from statements.compose import AmountText, compose, delinquency, to_json
from statements.facts import CardFacts, PostingLine, StatementFacts, cards_shown
from statements.schema import SCHEMAS, UnknownSchema, json_schema
from statements.seal import FIGURES, seal_statements
from statements.simulated import simulated_document, simulated_facts

DATES = ("opens_on", "closes_on", "due_on", "oldest_unpaid_due_on")


def scenario(**more: Any) -> Scenario:
    """A purchase of 1000.00 of which 100.00 is paid by the due date."""
    return Scenario.from_document({
        "account": {"opened_on": date(2023, 3, 1), "credit_limit": "10000.00"}, "until": date(2023, 5, 5),
        "terms": {"product": "classic", "currency": "CNY", "in_force_from": date(2023, 1, 1)},
        "events": [{"on": date(2023, 3, 30), "type": "purchase", "amount": "1000.00"},
                   {"on": date(2023, 4, 23), "type": "payment", "amount": "100.00"}], **more,
    }, Path("scenario.toml"))


def facts(currency: str = "CNY", terms: dict[str, Any] | None = None, postings: tuple[PostingLine, ...] = (),
          cards: tuple[CardFacts, ...] = (), **figures: Any) -> StatementFacts:
    """A cycle of 30 days with nothing on it but what is given."""
    row: dict[str, Any] = {name: 0 for name, _ in FIGURES} | dict.fromkeys(DATES, date(2023, 5, 23))
    row |= {"opens_on": date(2023, 4, 6), "closes_on": date(2023, 5, 5), "cycle_no": 2, "sha256": bytes(32),
            "previous_sha256": bytes(32), **figures}
    its_terms = Terms.from_document({"product": "p", "currency": currency, "in_force_from": date(2023, 1, 1), **(terms or {})})
    return StatementFacts(row, "A1", currency, its_terms.digits, its_terms, postings, cards)


def line(kind: str, amount: int, day: int = 10, source: int = 2, number: int = 1, **more: Any) -> PostingLine:
    """A posting of April 2023."""
    on = date(2023, 4, day)
    its = BY_NAME[kind]
    return PostingLine(on, source, number, its.code, its.debit, its.credit, 156, amount, on, on, **more)


def test_the_statement_of_the_reference() -> None:
    first, second = simulated_document(simulate(scenario(), seal_statements))["statements"]
    assert first["new_balance"] == second["previous_balance"] == "1000.00"
    assert second | {"seal": None, "lines": None, "charges": None} == {
        "schema": "cardwright.statement/1", "account": "A1", "product": "classic", "currency": "CNY",
        "terms_version": "classic@2023-01-01",
        "cycle": {"number": 2, "opens_on": "2023-04-06", "closes_on": "2023-05-05", "days": 30},
        "previous_balance": "1000.00", "payments": "100.00", "credits": "0.00", "purchases": "0.00", "cash_advances": "0.00",
        "balance_transfers": "0.00", "fees": "0.00", "interest": "17.40", "waivers": "0.00", "adjustments": "0.00",
        "new_balance": "917.40", "minimum_payment_due": "62.40", "past_due": "0.00", "over_limit": "0.00",
        "payment_due_on": "2023-05-23", "credit_limit": "10000.00", "available_credit": "9082.60", "grace": "lost",
        "days_past_due": 0, "delinquency": "current",
        "interest_by_segment": [{"segment": "purchase", "rate": "0.0005", "rate_per": "day", "balance_days": "34800.00",
                                 "average_daily_balance": "1160.00", "interest": "17.40"}],
        "charges": None, "lines": None, "cards": [], "year_to_date": {"interest": "17.40", "fees": "0.00"}, "seal": None,
    }
    assert second["charges"] == [{"id": "2023-05-05.interest.purchase", "kind": "interest", "segment": "purchase",
                                  "amount": "17.40", "on": "2023-05-05", "clause": "interest.segment.purchase"}]
    assert [(each["type"], each["amount"], each["description"]) for each in second["lines"]] == [
        ("payment", "-100.00", "Payment"), ("purchase_interest", "17.40", "Interest on purchases")]
    assert second["seal"]["previous"] == first["seal"]["sha256"]


def test_a_scenario_gives_the_same_bytes_again() -> None:
    first, again = (to_json(simulated_document(simulate(scenario(), seal_statements))) for _ in range(2))
    assert first == again
    assert first == json.dumps(json.loads(first), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def test_statements_and_scenarios_obey_their_schemas() -> None:
    schema = json_schema("statement")
    for each in simulated_document(simulate(scenario(), seal_statements))["statements"]:
        jsonschema.validate(each, schema, cls=jsonschema.Draft202012Validator)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**simulated_document(simulate(scenario(), seal_statements))["statements"][0], "new_balance": 1.0},
                            schema)


@pytest.mark.parametrize("name", list(SCHEMAS))
def test_every_schema_is_a_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema(name))


def test_an_unknown_schema_names_those_there_are() -> None:
    with pytest.raises(UnknownSchema, match="terms, scenario, statement"):
        json_schema("statment")


@pytest.mark.parametrize(("days_past_due", "bucket"), [
    (0, "current"), (1, "1-29"), (29, "1-29"), (30, "30-59"), (59, "30-59"), (60, "60-89"), (90, "90-119"), (119, "90-119"),
    (120, "120-149"), (150, "150-179"), (179, "150-179"), (180, "180+"), (4000, "180+"),
])
def test_delinquency(days_past_due: int, bucket: str) -> None:
    assert delinquency(days_past_due) == bucket


@pytest.mark.parametrize(("currency", "unit", "minor", "shown", "why"), [
    ("CNY", "0.01", 1740, "17.40", "cents are shown"),
    ("CNY", "0.01", -5, "-0.05", "a credit is negative"),
    ("TWD", "1", 33400, "334", "whole dollars, as the product rounds"),
    ("TWD", "1", 33450, "334.50", "never a cent lost"),
    ("JPY", "1", 334, "334", "no minor unit"),
    ("BHD", "0.001", 1005, "1.005", "three digits"),
])
def test_amounts_are_shown_as_the_product_rounds(currency: str, unit: str, minor: int, shown: str, why: str) -> None:
    assert AmountText(facts(currency, {"interest": {"rounding_unit": unit}}))(minor) == shown, why


@pytest.mark.parametrize(("total", "days", "mean"), [
    (3_480_000, 30, "1160.00"), (1, 30, "0.00"), (15, 30, "0.01"), (14, 30, "0.00"), (-15, 30, "-0.01"), (100, 3, "0.33")])
def test_the_mean_is_rounded_half_up(total: int, days: int, mean: str) -> None:
    assert AmountText(facts()).mean(total, days) == mean


def test_cents_on_a_statement_of_whole_dollars_show_on_every_line() -> None:
    whole = {"interest": {"rounding_unit": "1"}}
    dollars = compose(facts("TWD", whole, (line("purchase", 500_00),), purchases=500_00, new_balance=500_00))
    cents = compose(facts("TWD", whole, (line("purchase", 500_50), line("refund", 100_00, number=2)), purchases=500_50,
                          credits=100_00, new_balance=400_50))
    assert (dollars["purchases"], dollars["lines"][0]["amount"]) == ("500", "500")
    assert [each["amount"] for each in cents["lines"]] == ["500.50", "-100.00"]
    assert cents["new_balance"] == "400.50"


def test_over_the_limit_there_is_no_available_credit() -> None:
    assert compose(facts(credit_limit=100_00, new_balance=120_00))["available_credit"] == "0.00"


def test_a_credit_balance_adds_to_the_available_credit() -> None:
    assert compose(facts(credit_limit=100_00, new_balance=-20_00))["available_credit"] == "120.00"


def test_lines_stand_in_the_order_of_the_ledger_and_keep_their_words() -> None:
    postings = (
        line("purchase", 3, day=20, number=9, merchant="Café", description="not shown", source_ref="R-1"),
        line("payment", 2, day=12, number=5), line("late_payment_fee", 1, day=20, source=OWN_CHARGES, number=0),
        line("refund", 4, day=12, number=3, description="returned shoes"),
    )
    lines = compose(facts(postings=postings))["lines"]
    assert [(each["posted_on"], each["description"], each["amount"], each["ref"]) for each in lines] == [
        ("2023-04-12", "returned shoes", "-0.04", ""), ("2023-04-12", "Payment", "-0.02", ""),
        ("2023-04-20", "Late-payment fee", "0.01", ""), ("2023-04-20", "Café", "0.03", "R-1")]


def test_charges_have_names_that_tell_them_apart() -> None:
    cards = (CardFacts(7, "C-7", "supplementary", date(2023, 1, 1), "4417"),)
    postings = (
        line("supplementary_annual_fee", 100, source=OWN_CHARGES, number=7, card_id=7), line("service_fee", 1, number=1),
        line("service_fee", 1, number=2), line("over_limit_interest", 5, day=30, source=OWN_CHARGES, clause="§9"),
        line("annual_fee_waiver", 50, source=OWN_CHARGES, number=0), line("purchase", 9),
    )
    charges = compose(facts(postings=postings, cards=cards))["charges"]
    assert [(each["id"], each["kind"], each.get("segment"), each["amount"], each["clause"]) for each in charges] == [
        ("2023-04-10.supplementary_annual.4417", "supplementary_annual", None, "1.00", ""),
        ("2023-04-10.service", "service", None, "0.01", ""), ("2023-04-10.service.2", "service", None, "0.01", ""),
        ("2023-04-30.interest.over_limit", "interest", "over_limit", "0.05", "§9")]


def test_cards_add_up_what_was_done_with_each() -> None:
    cards = (CardFacts(1, "C-1001", "primary", date(2022, 1, 1), "4417"),
             CardFacts(2, "C2", "supplementary", date(2022, 1, 1)))
    postings = (line("purchase", 500, card_id=1), line("purchase", 250, number=2, card_id=2),
                line("refund", 50, number=3, card_id=1), line("cash_advance", 70, number=4, card_id=1),
                line("payment", 100, number=5))
    assert compose(facts(postings=postings, cards=cards))["cards"] == [
        {"card": "…4417", "kind": "primary", "purchases": "5.00", "cash_advances": "0.70", "credits": "0.50"},
        {"card": "…C2", "kind": "supplementary", "purchases": "2.50", "cash_advances": "0.00", "credits": "0.00"}]


def test_a_replaced_card_is_named_as_long_as_it_is_used() -> None:
    old = CardFacts(1, "C1", "primary", date(2022, 1, 1))
    new = CardFacts(2, "C2", "primary", date(2023, 4, 1), replaces_card_id=1)
    future = CardFacts(3, "C3", "primary", date(2023, 6, 1), replaces_card_id=2)
    opens_on, closes_on = date(2023, 4, 6), date(2023, 5, 5)
    assert cards_shown([old, new, future], [], opens_on, closes_on) == [new]
    assert cards_shown([old, new, future], [line("refund", 1, card_id=1)], opens_on, closes_on) == [old, new]
    assert cards_shown([old, new], [], date(2023, 3, 6), date(2023, 4, 5)) == [old, new]


def test_a_draft_says_so_and_has_no_seal() -> None:
    issued = simulated_facts("A1", simulate(scenario(), seal_statements).statements[1])
    draft = compose(replace(issued, row={**issued.row, "sha256": None}))
    assert "draft" not in compose(issued)
    assert draft["draft"] is True
    assert draft["seal"]["sha256"] == "0" * 64
    jsonschema.validate(draft, json_schema("statement"))


def test_the_lines_add_up_to_what_the_balance_changed_by() -> None:
    for each in simulated_document(simulate(scenario(), seal_statements))["statements"]:
        change = Decimal(each["new_balance"]) - Decimal(each["previous_balance"])
        assert sum(Decimal(one["amount"]) for one in each["lines"]) == change
