"""`cardwright dispute`: opened, decided and listed on the books, by a clerk's commands."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from accounts.database import Database
from accounts.errors import CardwrightError, Refused, Usage
from statements.dispute_command import dispute
from tests.integration.portfolios import Portfolio
from tests.small_book import run_days

HEADER = ["type", "amount", "account", "transaction_on", "ref", "merchant"]
SAID = ("--reason", "never arrived", "--as", "lan")


@pytest.fixture
def portfolio(embedded_database: Database, tmp_path: Path) -> Portfolio:
    """An account with three purchases of March, the first billed on 5 April and unpaid; the open day is 3 June."""
    begun = Portfolio(embedded_database, tmp_path).begin()
    begun.transactions("transactions.csv", [
        ["purchase", "1000.00", "A1", "2024-03-30", "R17", "Nowhere"], ["purchase", "49.90", "A1", "2024-03-31", "", ""],
        ["purchase", "49.90", "A1", "2024-03-31", "", ""], ["payment", "20.00", "A1", "2024-05-30", "P1", ""]], HEADER)
    days(begun, date(2024, 6, 2))
    return begun


def days(portfolio: Portfolio, until: date) -> None:
    with psycopg.connect(portfolio.database.url) as connection:
        run_days(connection, until)


def told(portfolio: Portfolio, *arguments: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(said(portfolio, *arguments, "--json"))
    return document


def said(portfolio: Portfolio, *arguments: str) -> str:
    answer = CliRunner().invoke(dispute, [*arguments, "--database-url", portfolio.database.url])
    if isinstance(answer.exception, CardwrightError):
        raise answer.exception
    assert answer.exit_code == 0, answer.output
    return answer.stdout


def test_a_dispute_is_opened_decided_for_the_holder_and_billed(portfolio: Portfolio) -> None:
    assert told(portfolio, "open", "A1", "R17", *SAID, "--dry-run")["dry_run"] is True
    assert told(portfolio, "list", "A1") == {"account": "A1", "disputes": []}
    opened = told(portfolio, "open", "A1", "R17", *SAID)
    assert opened == {
        "account": "A1", "dispute": 1, "amount": "1000.00", "currency": "CNY", "opened_on": "2024-06-03", "dry_run": False,
        "reason": "never arrived", "opened_by": "lan", "outcome": None, "decided_on": None, "decision_reason": None,
        "decided_by": None, "credited_as": None, "charges_corrected": None,
        "debit": {"type": "purchase", "posted_on": "2024-03-30", "amount": "1000.00", "reference": "R17",
                  "merchant": "Nowhere"}}
    days(portfolio, date(2024, 6, 12))
    charged = portfolio.rows("SELECT sum(amount)::bigint FROM posting WHERE type = 40")[0][0]
    decided = told(portfolio, "decide", "A1", "1", "--for", "holder", "--reason", "merchant gave up", "--as", "wei")
    assert (decided["outcome"], decided["decided_on"], decided["credited_as"]) == ("for_holder", "2024-06-13", "chargeback")
    assert decided["charges_corrected"] > 0
    assert portfolio.rows("SELECT amount, posted_on FROM posting WHERE type = 20") == [(100_000, date(2024, 6, 13))]
    given_back = portfolio.rows("SELECT sum(amount)::bigint FROM posting WHERE type = 140")[0][0]
    assert 0 < given_back < charged
    assert said(portfolio, "list", "A1") == (
        "dispute 1 of A1: 1000.00 CNY of purchase R17, since 2024-06-03 (never arrived): decided for the holder on 2024-06-13 "
        "(merchant gave up), credited as chargeback\n")
    days(portfolio, date(2024, 7, 6))
    new_balance, balance = portfolio.rows("SELECT new_balance, balance FROM statement JOIN guarded_balance USING (account_id)"
                                          " WHERE account_id = 1 AND closes_on = '2024-07-05'")[0]
    assert new_balance == balance < 20_000


def test_two_purchases_alike_are_disputed_one_after_the_other_in_parts(portfolio: Portfolio) -> None:
    first = told(portfolio, "open", "A1", "2024-03-31/49.90", "--amount", "20.00", *SAID)
    assert (first["amount"], first["debit"]["amount"], first["debit"]["reference"]) == ("20.00", "49.90", None)
    assert told(portfolio, "open", "A1", "2024-03-31/49.90", *SAID)["amount"] == "49.90"
    with pytest.raises(Refused, match="in dispute since 2024-06-03"):
        told(portfolio, "open", "A1", "2024-03-31/49.90", *SAID)
    told(portfolio, "decide", "A1", "1", "--for", "holder", "--credited-as", "adjustment_credit", *SAID)
    told(portfolio, "decide", "A1", "2", "--for", "issuer", *SAID)
    with pytest.raises(Refused, match="decided today"):
        told(portfolio, "open", "A1", "2024-03-31/49.90", *SAID)
    days(portfolio, date(2024, 6, 3))
    with pytest.raises(Refused, match=r"29\.90 may be disputed, not 30\.00"):
        told(portfolio, "open", "A1", "2024-03-31/49.90", "--amount", "30.00", *SAID)
    assert told(portfolio, "open", "A1", "2024-03-31/49.90", *SAID)["amount"] == "29.90"


def test_a_dispute_decided_for_the_issuer_posts_nothing_on_terms_that_charge_nothing_for_it(portfolio: Portfolio) -> None:
    told(portfolio, "open", "A1", "R17", *SAID)
    before = portfolio.rows("SELECT count(*) FROM posting")
    decided = told(portfolio, "decide", "A1", "1", "--for", "issuer", *SAID)
    assert (decided["outcome"], decided["charges_corrected"], decided["credited_as"]) == ("for_issuer", 0, None)
    assert portfolio.rows("SELECT count(*) FROM posting") == before
    assert portfolio.rows("SELECT source_id FROM dispute_decision") == [(None,)]


@pytest.mark.parametrize(("arguments", "error", "says"), [
    (["open", "A9", "R17", *SAID], Usage, "no account 'A9'"),
    (["open", "A1", "R18", *SAID], Usage, "has no purchase, cash_advance, balance_transfer or adjustment_debit 'R18'"),
    (["open", "A1", "P1", *SAID], Usage, "give its reference, or the day it posted and its amount"),
    (["open", "A1", "2024-03-31/1.00", *SAID], Usage, "has no purchase"),
    (["open", "A1", "R17", "--amount", "1000.01", *SAID], Refused, r"of R17 1000\.00 may be disputed, not 1000\.01"),
    (["open", "A1", "R17", "--amount", "0", *SAID], Refused, r"of R17 1000\.00 may be disputed"),
    (["open", "A1", "R17", "--amount", "x", *SAID], Usage, "--amount 'x'"),
    (["open", "A1", "R17", "--reason", " ", "--as", "lan"], Usage, "--reason is empty"),
    (["decide", "A1", "1", "--for", "holder", *SAID], Usage, "has no dispute 1"),
    (["list", "A9"], Usage, "no account 'A9'"),
])
def test_what_is_asked_wrongly_says_so(portfolio: Portfolio, arguments: list[str], error: type[CardwrightError],
                                       says: str) -> None:
    with pytest.raises(error, match=says):
        said(portfolio, *arguments)
    assert portfolio.rows("SELECT count(*) FROM dispute") == [(0,)]


def test_a_decision_stays_and_says_who_is_credited_only_for_the_holder(portfolio: Portfolio) -> None:
    told(portfolio, "open", "A1", "R17", *SAID)
    with pytest.raises(Usage, match="--credited-as goes with a decision for the holder"):
        told(portfolio, "decide", "A1", "1", "--for", "issuer", "--credited-as", "chargeback", *SAID)
    told(portfolio, "decide", "A1", "1", "--for", "issuer", *SAID)
    with pytest.raises(Refused, match="was decided for the issuer on 2024-06-03"):
        told(portfolio, "decide", "A1", "1", "--for", "holder", *SAID)
