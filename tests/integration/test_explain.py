"""Every charge of a small book explained: days add up to the charge, a fee's figures give the fee; why others were not made."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from accounts.database import Database
from accounts.posting_types import BY_CODE, OWN_CHARGES, POSTING_TYPES, RECEIVABLE
from statements.document import Explanation
from statements.explain import NoSuchCharge, explain
from statements.history import History, NotDerived, read_history
from statements.issued import issued_facts
from statements.schema import json_schema
from statements.why_not import KINDS, UnknownCharge, WasCharged, explain_not_charged
from statements.wording import LANGUAGES, Language
from tests.conftest import RunCardwright
from tests.small_book import build, load_terms, run_days

UNTIL = date(2024, 6, 10)
CENT = Decimal("0.01")


@pytest.fixture(scope="module")
def book(embedded_module_database: Database) -> Database:
    """The small book, its classic product with over-limit interest from May on, billed for three months."""
    with embedded_module_database.connect() as connection:
        build(connection)
        load_terms(connection, in_force_from="2024-05-06",
                   interest={"over_limit": {"daily_rate": "0.0006"}, "segment": [
                       {"name": "purchase", "annual_rate": "0.1825", "clause": "§4.1"},
                       {"name": "cash_advance", "annual_rate": "0.1999"}]})
    with embedded_module_database.connect() as connection:
        run_days(connection, UNTIL)
    return embedded_module_database


@pytest.fixture(scope="module")
def histories(book: Database) -> list[History]:
    """Every issued statement with what came before it."""
    with book.connect() as connection:
        keys = [(facts.account, facts.row["closes_on"]) for facts in issued_facts(connection)]
        return [read_history(connection, *key) for key in keys]


@pytest.fixture(scope="module")
def explanations(histories: Sequence[History]) -> list[Explanation]:
    """All of them explained in English."""
    return [explain(history, "en") for history in histories]


def test_every_kind_of_charge_is_there(explanations: Sequence[Explanation]) -> None:
    kinds = {(charge["kind"], charge.get("segment")) for each in explanations for charge in each["charges"]}
    assert kinds >= {("interest", "purchase"), ("interest", "cash_advance"), ("interest", "over_limit"), ("late_payment", None),
                     ("joining", None), ("annual", None), ("supplementary_annual", None), ("service", None),
                     ("replacement", None), ("fee", None)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_explanations_obey_their_schema(histories: Sequence[History], language: Language) -> None:
    validator = jsonschema.Draft202012Validator(json_schema("explanation"))
    for history in histories[::4]:
        explanation = explain(history, language)
        validator.validate(explanation)
        for charge in explanation["charges"]:
            assert "{" not in charge["because"]
            assert any("一" <= letter <= "鿿" for letter in charge["because"]) == (language == "zh")


def test_days_of_interest_add_up_to_the_charge(explanations: Sequence[Explanation]) -> None:
    counted = 0
    for explanation in explanations:
        for charge in explanation["charges"]:
            if not charge["days"]:
                continue
            total = Decimal(0)
            for run in charge["days"]:
                days = (date.fromisoformat(run["to"]) - date.fromisoformat(run["from"])).days + 1
                assert run["days"] == days
                product = Decimal(run["balance"]) * days * Decimal(run["rate"])
                assert abs(product - Decimal(run["product"])) < Decimal("1e-9")
                total += product
            assert abs(total - Decimal(charge["unrounded"])) < Decimal("1e-8")
            assert charge["rounding"] == "half_up to 0.01"
            assert Decimal(charge["unrounded"]).quantize(CENT, ROUND_HALF_UP) == Decimal(charge["amount"])
            balance_days = sum(Decimal(run["balance"]) * run["days"] for run in charge["days"])
            assert balance_days == Decimal(str(charge["facts"]["balance_days"]))
            counted += 1
    assert counted > 60


def test_days_of_a_charge_do_not_overlap_and_end_before_the_closing(explanations: Sequence[Explanation]) -> None:
    for explanation in explanations:
        for charge in explanation["charges"]:
            for run, later in zip(charge["days"], charge["days"][1:], strict=False):
                assert date.fromisoformat(run["to"]) < date.fromisoformat(later["from"])
            if charge["days"]:
                assert charge["days"][-1]["to"] < explanation["closes_on"]


def test_a_late_payment_fee_follows_from_its_figures(explanations: Sequence[Explanation]) -> None:
    fees = [charge for each in explanations for charge in each["charges"] if charge["kind"] == "late_payment"]
    assert len(fees) > 20
    for fee in fees:
        facts = fee["facts"]
        unpaid = Decimal(str(facts["minimum_payment_due"])) - max(Decimal(str(facts["received"])), Decimal(0))
        assert Decimal(str(facts["unpaid"])) == unpaid > 0
        assert Decimal(fee["unrounded"]) == unpaid * Decimal("0.05")
        charged = max(Decimal(fee["unrounded"]).quantize(CENT, ROUND_HALF_UP), Decimal(10))
        assert charged == Decimal(fee["amount"])
        assert date.fromisoformat(fee["on"]) == date.fromisoformat(str(facts["in_time_until"])) + timedelta(days=1)
        assert (fee["clause"], fee["rounding"]) == ("§5.4", "half_up to 0.01; floor 10")


def test_a_charge_names_the_version_of_the_terms_that_priced_it(explanations: Sequence[Explanation]) -> None:
    versions = {(charge["terms_version"], charge["on"] > "2024-05-05") for each in explanations for charge in each["charges"]
                if charge["kind"] == "late_payment"}
    assert versions == {("classic@2023-01-01", False), ("classic@2024-05-06", True)}


@pytest.mark.parametrize("kind", ["late_payment", "interest"])
def test_a_charge_that_does_not_follow_from_the_books_is_not_explained_away(histories: Sequence[History], kind: str) -> None:
    history, line = next((each, line) for each in histories for line in each.facts.postings
                         if BY_CODE[line.type].charge == kind and line.source_id == OWN_CHARGES)
    postings = [replace(each, amount=each.amount + 1) if each is line else each for each in history.facts.postings]
    changed = replace(history, facts=replace(history.facts, postings=postings))
    with pytest.raises(NotDerived, match="`cardwright verify` says what was changed"):
        explain(changed, "en")


def test_one_charge_is_explained_alone(histories: Sequence[History], explanations: Sequence[Explanation]) -> None:
    several = next(index for index, each in enumerate(explanations) if len(each["charges"]) > 2)
    wanted = explanations[several]["charges"][1]
    assert explain(histories[several], "en", wanted["id"])["charges"] == [wanted]
    with pytest.raises(NoSuchCharge, match=f"has no charge 'nothing'; it has .*{wanted['id']}"):
        explain(histories[several], "en", "nothing")


def test_every_charge_is_either_made_or_has_a_reason_why_not(histories: Sequence[History]) -> None:
    conditions = set()
    for history in histories:
        for kind in KINDS:
            try:
                failed = explain_not_charged(history, kind, "en")
            except WasCharged:
                continue
            assert "{" not in failed["because"]
            conditions.add((failed["kind"], failed["condition"]))
    assert conditions >= {
        ("late_payment", "minimum_met"), ("late_payment", "no_earlier_statement"), ("interest.purchase", "grace_kept"),
        ("interest.purchase", "no_balance"), ("interest.over_limit", "rate_zero"), ("interest.over_limit", "within_limit"),
        ("annual", "no_anniversary_in_cycle"), ("joining", "not_opened_in_cycle"), ("joining", "migrated"),
        ("service", "no_payment"), ("replacement", "no_such_card"), ("instalment", "no_plan"), ("fee", "none_taken_in"),
        ("interest.minimum", "not_in_terms"), ("interest.other", "none_taken_in"),
    }


def test_every_kind_of_charge_can_be_asked_about() -> None:
    charges = {each for each in POSTING_TYPES
               if each.charge is not None and each.debit == RECEIVABLE and each.figure in ("interest", "fees")}
    names = {f"interest.{each.segment}" if each.charge == "interest" else each.charge for each in charges}
    by_the_terms = {"interest.other_segment", "interest.deferred"}  # asked about by the segment's name in the terms
    assert names - by_the_terms == set(KINDS)


def test_why_not_gives_the_numbers_of_the_condition(histories: Sequence[History]) -> None:
    for history in histories:
        try:
            failed = explain_not_charged(history, "late_payment", "en")
        except WasCharged:
            continue
        if failed["condition"] == "minimum_met":
            facts: dict[str, Any] = dict(failed["facts"])
            assert Decimal(facts["received"]) >= Decimal(facts["minimum"]) > 0


def test_unknown_kinds_and_charges_made_are_said(histories: Sequence[History]) -> None:
    with pytest.raises(UnknownCharge, match=r"there are interest\.purchase"):
        explain_not_charged(histories[0], "late", "en")
    charged = next(each for each in histories if any(line.type == 53 for line in each.facts.postings))
    with pytest.raises(WasCharged, match="late_payment was charged"):
        explain_not_charged(charged, "late_payment", "en")


def test_the_command_prints_text_and_json(cardwright: RunCardwright, book: Database,
                                          explanations: Sequence[Explanation]) -> None:
    wanted = next(each for each in explanations if any(charge["days"] for charge in each["charges"]))
    charge = next(charge for charge in wanted["charges"] if charge["days"])
    asked = ("explain", wanted["account"], "--closing", wanted["closes_on"])
    done = cardwright(*asked, "--json", database=book)
    assert json.loads(done.stdout) == wanted
    text = cardwright(*asked, "--charge", charge["id"], "--lang", "zh", database=book).stdout
    assert charge["id"] in text
    assert all(run["product"] in text for run in charge["days"])
    assert "余额日积数" in text
    done = cardwright(*asked, "--why-not", "replacement", "--json", database=book)
    assert [each["kind"] for each in json.loads(done.stdout)["not_charged"]] == ["replacement"]
    done = cardwright("explain", "nobody", database=book)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
