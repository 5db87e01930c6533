"""`cardwright prepaid` and `cardwright card` as the clerk types them, from the product's file to the statement and its PDF."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from accounts.database import Database
from tests.conftest import RunCardwright

SCHEDULE = """
product = "ok-card"
kind = "prepaid"
currency = "CNY"
in_force_from = 2024-01-01
[cycle]
closing_day = 28
[prepaid]
rule_set = "CN_MULTI_PURPOSE"
discount = "0.05"
redemption = {after_days = 10, fee_percent = "0.01"}
[fees]
replacement = {amount = "15.00"}
"""
FILES = {
    "members.csv": "member,kind,name\nM1,person,Lin\nM2,person,Chen\n",
    "accounts.csv": "account,member,product,opened_on\nA1,M1,ok-card,2024-01-05\nA2,M2,ok-card,2024-01-05\n",
    "cards.csv": "card,account,kind,issued_on,status\nP1,A1,primary,2024-01-05,issued\nP2,A2,primary,2024-01-05,issued\n",
}


class Desk:
    """Runs commands on one book; gives what they print as JSON."""

    def __init__(self, run: RunCardwright, database: Database) -> None:
        self._run, self._database = run, database

    def __call__(self, *words: str, exit_code: int = 0) -> Any:
        ended = self._run(*words, database=self._database)
        assert ended.returncode == exit_code, ended.stderr
        if exit_code:
            return ended.stderr
        return json.loads(ended.stdout) if "--json" in words else ended.stdout


@pytest.fixture
def desk(cardwright: RunCardwright, embedded_database: Database, tmp_path: Path) -> Desk:
    its = Desk(cardwright, embedded_database)
    (tmp_path / "ok.toml").write_text(SCHEDULE, encoding="utf-8")
    (tmp_path / "in").mkdir()
    for name, text in FILES.items():
        (tmp_path / "in" / name).write_text(text, encoding="utf-8")
    its("products", "load", str(tmp_path / "ok.toml"), "--as", "ming")
    its("products", "approve", "ok-card", "--as", "lan")
    its("init", "--first-day", "2024-01-05")
    its("import", str(tmp_path / "in"))
    its("run", "--until", "2024-01-05")
    return its


def test_a_card_over_the_counter(desk: Desk, tmp_path: Path) -> None:
    tried = desk("prepaid", "activate", "P1", "500.00", "--from", "cash", "--as", "lan", "--dry-run", "--json")
    assert (tried["dry_run"], tried["value"]) == (True, "500.00")
    assert desk("card", "show", "P1", "--json")["status"] == "issued"
    assert "holds 500.00" in desk("prepaid", "activate", "P1", "500.00", "--from", "cash", "--as", "lan")
    assert desk("prepaid", "load", "P1", "4600", "--from", "cash", "--as", "lan", exit_code=3).endswith("(max_balance)\n")
    assert desk("prepaid", "load", "P1", "1", "--from", "credit_card", "--as", "lan", exit_code=3).endswith("(source_barred)\n")
    spent = desk("prepaid", "spend", "P1", "100.00", "--ref", "T1", "--merchant", "Shop", "--as", "till", "--json")
    assert (spent["paid"], spent["spendable"]) == ("95.00", "405.00")
    assert desk("prepaid", "spend", "P1", "100.00", "--ref", "T1", "--merchant", "Shop", "--as", "till", "--json") == spent
    desk("card", "freeze", "P1", "--as", "lan")
    assert "is frozen" in desk("prepaid", "spend", "P1", "1.00", "--ref", "T2", "--as", "till", exit_code=3)
    desk("card", "unfreeze", "P1", "--as", "lan")
    assert "a card is blocked for holder_request" in desk("card", "do", "P1", "block", "--as", "lan", exit_code=2)
    desk("card", "do", "P1", "report_lost", "--as", "lan", "--reason", "in a taxi")
    desk("card", "replace", "P1", "P1-2", "--as", "lan")
    desk("prepaid", "refund", "P1-2", "--of", "T1", "--ref", "R1", "--amount", "50.00", "--as", "till")
    desk("run", "--until", "2024-01-28")
    statement = desk("statement", "A1", "--closing", "2024-01-28", "--format", "json")
    figures = json.loads(statement)
    assert (figures["new_balance"], figures["fees"], figures["purchases"], figures["credits"]) == (
        "-437.50", "15.00", "100.00", "52.50")
    fee = figures["charges"][0]
    assert (fee["kind"], fee["amount"]) == ("replacement", "15.00")
    assert "Card …P1-2 replaced another" in desk("explain", "A1", "--closing", "2024-01-28")
    desk("statement", "A1", "--closing", "2024-01-28", "--format", "pdf", "--out", str(tmp_path / "s.pdf"))
    assert (tmp_path / "s.pdf").read_bytes().startswith(b"%PDF")
    out = desk("prepaid", "redeem", "P1-2", "--to", "holder", "--as", "lan", "--json")
    assert (out["paid_out"], out["fee"], out["status"]) == ("433.13", "4.37", "closed")
    desk("run", "--until", "2024-02-28")
    assert "Redemption fee" in desk("explain", "A1", "--closing", "2024-02-28")
    assert desk("verify") == ""
    float_report = json.loads(desk("report", "prepaid_float", "--format", "json"))
    assert [(each["loaded"], each["paid_out"], each["closing"]) for each in float_report["rows"]] == [
        ("500.00", "433.13", "0.00")]
    said = desk("card", "show", "P1")
    assert "report_lost by lan (in a taxi): lost" in said


def test_files_do_not_move_value_and_say_so(desk: Desk, cardwright: RunCardwright, embedded_database: Database,
                                            tmp_path: Path) -> None:
    path = tmp_path / "transactions.csv"
    path.write_text("type,amount,account,transaction_on\nload,10.00,A1,2024-01-06\npurchase,10.00,A1,2024-01-06\n", "utf-8")
    ended = cardwright("import", path, database=embedded_database)
    assert ended.returncode == 1
    assert "2" in ended.stdout
    path = tmp_path / "accounts.csv"
    path.write_text("account,member,product,opened_on,credit_limit\nA3,M1,ok-card,2024-01-06,100\n", "utf-8")
    assert cardwright("import", path, database=embedded_database).returncode == 1


def test_a_till_and_a_telephone(desk: Desk) -> None:
    desk("prepaid", "activate", "P1", "100.00", "--from", "cash", "--as", "lan")
    made = desk("prepaid", "paycode", "P1", "--as", "app", "--json")
    paid = desk("prepaid", "pay", made["code"], "10.00", "--ref", "T1", "--as", "till", "--json")
    assert (paid["card"], paid["value"]) == ("P1", "90.50")
    assert "code_used" in desk("prepaid", "pay", made["code"], "10.00", "--ref", "T2", "--as", "till", exit_code=3)
    held = desk("authorisation", "decide", "P1", "50.00", "--ref", "A1", "--original", "6.90/USD", "--as", "switch", "--json")
    assert (held["held_amount"], held["spendable"]) == ("47.50", "43.00")
    assert "is written AMOUNT/CURRENCY" in desk("authorisation", "decide", "P1", "1.00", "--ref", "A2", "--original", "6.90",
                                                "--as", "switch", exit_code=2)
    desk("authorisation", "clear", "P1", "20.00", "--of", "A1", "--ref", "C1", "--more-to-come", "--as", "switch")
    desk("authorisation", "reverse", "P1", "--of", "A1", "--as", "switch")
    assert desk("authorisation", "list", "P1") == (
        "A1 2024-01-06 purchase of 47.50: reversed, 0.00 held until 2024-01-13, 20.00 cleared\n")
    assert "holds 76.50" in desk("authorisation", "refund", "P1", "5.00", "--ref", "R1", "--as", "switch")
    desk("card", "do", "P1", "report_damaged", "--as", "lan")
    desk("card", "replace", "P1", "P1-2", "--as", "lan")
    desk("run", "--until", "2024-01-28")
    refused = desk("waive", "A1", "2024-01-06.replacement.P1-2", "--reason", "goodwill", "--as", "lan", "--approved-by", "wei",
                   exit_code=3)
    assert "give it back as value, `cardwright prepaid bonus`" in refused
    assert desk("verify") == ""
