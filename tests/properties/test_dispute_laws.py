"""Laws of disputes: decided for the holder the debit never was; decided for the issuer it always was, or is from then on."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from accounts.posting_types import BY_CODE
from billing.scenario import Scenario
from billing.simulation import Simulated, simulate
from statements.seal import seal_statements
from tests.properties.test_rebilling_law import AMOUNTS, DAYS, OPENED, UNTIL, terms

DEBITS = ("purchase", "cash_advance", "adjustment_debit")
COMPARED = ("new_balance", "minimum_payment_due", "past_due", "over_limit", "grace", "days_past_due")


def billed(account: dict[str, Any], terms: dict[str, Any], events: list[dict[str, Any]]) -> Simulated:
    document = {"account": account, "until": UNTIL, "terms": terms, "events": events}
    return simulate(Scenario.from_document(document, Path("scenario.toml")), seal_statements)


def accounts(draw: st.DrawFn) -> dict[str, Any]:
    return {"opened_on": OPENED, "credit_limit": "3000.00", "closing_day": draw(st.sampled_from([1, 5, 20, 31]))}


@st.composite
def histories(draw: st.DrawFn) -> tuple[dict[str, Any], list[dict[str, Any]], int, date, date]:
    """An account, its events, which of them is disputed, from when on, and the day of the decision."""
    kinds = st.sampled_from([*DEBITS, "purchase", "payment", "payment", "refund", "returned_payment"])
    events: list[dict[str, Any]] = [{"on": on, "type": draw(kinds), "amount": draw(AMOUNTS), "id": f"E{number}"}
                                    for number, on in enumerate(sorted(draw(st.lists(DAYS, min_size=2, max_size=12))))]
    debits = [place for place, each in enumerate(events) if each["type"] in DEBITS and each["on"] < UNTIL]
    assume(debits)
    place = draw(st.sampled_from(debits))
    opened = events[place]["on"] + timedelta(days=draw(st.sampled_from([0, 0, 1, 10, 30, 60, 100])))
    assume(opened < UNTIL)
    decided = draw(st.dates(opened + timedelta(days=1), UNTIL))
    return accounts(draw), events, place, opened, decided


def contested(events: list[dict[str, Any]], place: int, opened: date, decided: date | None,
              outcome: str) -> list[dict[str, Any]]:
    of = events[place]["id"]
    found = [*events, {"on": opened, "type": "dispute", "of": of}]
    return found if decided is None else [*found, {"on": decided, "type": "dispute_decided", "of": of, "outcome": outcome}]


@given(histories(), terms())
def test_a_debit_disputed_and_decided_for_the_holder_owes_what_the_history_without_it_owes(
        history: tuple[dict[str, Any], list[dict[str, Any]], int, date, date], terms: dict[str, Any]) -> None:
    account, events, place, opened, decided = history
    done = billed(account, terms, contested(events, place, opened, decided, "for_holder"))
    never = billed(account, terms, events[:place] + events[place + 1:])
    # A first, partial cycle is closed where there was something to bill in it.
    assume([each.row["closes_on"] for each in done.statements] == [each.row["closes_on"] for each in never.statements])
    assert done.state == never.state
    for one, other in zip(done.statements, never.statements, strict=True):
        if one.row["closes_on"] >= decided:
            assert [one.row[name] for name in COMPARED] == [other.row[name] for name in COMPARED], one.row["closes_on"]


@settings(max_examples=50)
@given(histories(), terms(), st.booleans())
def test_whatever_is_decided_a_statement_is_the_one_before_and_what_was_posted_since(
        history: tuple[dict[str, Any], list[dict[str, Any]], int, date, date], terms: dict[str, Any], charged: bool) -> None:
    account, events, place, opened, decided = history
    terms = {**terms, "disputes": {"interest_if_lost": charged}}
    previous = 0
    for each in billed(account, terms, contested(events, place, opened, decided, "for_issuer")).statements:
        assert each.row["previous_balance"] == previous
        moved = sum(BY_CODE[line["type"]].sign * line["amount"] for line in each.postings)
        assert each.row["new_balance"] == previous + moved
        previous = each.row["new_balance"]


@settings(max_examples=50)
@given(histories(), terms())
def test_an_open_dispute_asks_for_nothing_and_keeps_grace_for_who_pays_all_the_rest(
        history: tuple[dict[str, Any], list[dict[str, Any]], int, date, date], terms: dict[str, Any]) -> None:
    """The debit disputed on its own day is billed as if it were not there; the balance alone contains it."""
    account, events, place, _, _ = history
    on = events[place]["on"]
    # What is charged on an event, and spending that waives a fee, is there all the same; so is what no balance holds.
    terms = {**terms, "fees": {"late_payment": terms["fees"]["late_payment"]}}
    done = billed(account, terms, contested(events, place, on, None, ""))
    never = billed(account, terms, events[:place] + events[place + 1:])
    assume([each.row["closes_on"] for each in done.statements] == [each.row["closes_on"] for each in never.statements])
    for one, other in zip(done.statements, never.statements, strict=True):
        disputed = sum(one.charged.of_kind(5).amount.tolist())
        assert one.row["new_balance"] - disputed == other.row["new_balance"]
        assume(disputed or one.row["closes_on"] < on)  # a credit balance had paid it
        assert [one.row[name] for name in COMPARED[1:]] == [other.row[name] for name in COMPARED[1:]], one.row["closes_on"]


@st.composite
def unpaid(draw: st.DrawFn) -> tuple[dict[str, Any], list[dict[str, Any]], int, date, date]:
    """An account that pays nothing and owes something beside what is disputed from its first statement on."""
    events: list[dict[str, Any]] = [
        {"on": OPENED, "type": "purchase", "amount": "123.45", "id": "E0"},
        *({"on": on, "type": draw(st.sampled_from(["purchase", "purchase", "cash_advance"])), "amount": draw(AMOUNTS),
           "id": f"E{number}"} for number, on in enumerate(sorted(draw(st.lists(DAYS, min_size=1, max_size=8))), 1))]
    place = draw(st.integers(1, len(events) - 1))
    opened = events[place]["on"] + timedelta(days=draw(st.sampled_from([0, 0, 1, 10, 30, 60, 100])))
    assume(opened < UNTIL)
    return accounts(draw), events, place, opened, draw(st.dates(opened + timedelta(days=1), UNTIL))


@given(unpaid(), terms())
def test_decided_for_the_issuer_with_interest_it_owes_what_it_would_owe_without_the_dispute(
        history: tuple[dict[str, Any], list[dict[str, Any]], int, date, date], terms: dict[str, Any]) -> None:
    """Where nothing is paid all grace is lost, so that the amount would have borne interest on every day.

    Without charge-off: what is disputed when an account is written off is not written off with it, and is owed when decided.
    """
    account, events, place, opened, decided = history
    terms = {**terms, "disputes": {"interest_if_lost": True}, "fees": {}, "delinquency": {}}
    never = billed(account, terms, events)
    done = billed(account, terms, contested(events, place, opened, decided, "for_issuer"))
    assert done.state["balance"] == never.state["balance"]
    less = billed(account, {**terms, "disputes": {"interest_if_lost": False}},
                  contested(events, place, opened, decided, "for_issuer"))
    assert less.statements[-1].row["new_balance"] <= done.statements[-1].row["new_balance"]
