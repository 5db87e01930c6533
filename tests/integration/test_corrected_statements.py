"""Corrected statements and the one-page difference: before and after the rebilling the same bytes, in every form."""

from __future__ import annotations

import csv
import io
import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import psycopg
import pypdf
import pytest

from accounts.database import Database
from statements.schema import json_schema
from tests.conftest import RunCardwright
from tests.integration.portfolios import Portfolio
from tests.small_book import run_days


@pytest.fixture
def portfolio(embedded_database: Database, tmp_path: Path) -> Portfolio:
    """A payment of April and a purchase of May, both heard of on 20 June, and a payment heard of two weeks later."""
    begun = Portfolio(embedded_database, tmp_path).begin()
    begun.transactions("transactions.csv", [
        ["purchase", "1000.00", "A1", "2024-03-30"], ["cash_advance", "200.00", "A1", "2024-04-11"],
        ["payment", "300.00", "A1", "2024-05-20"]])
    days(begun, date(2024, 6, 20))
    begun.transactions("transactions.found.csv", [
        ["payment", "1000.00", "A1", "2024-04-20"], ["purchase", "88.80", "A1", "2024-05-02"]])
    return begun


def days(portfolio: Portfolio, until: date) -> None:
    with psycopg.connect(portfolio.database.url) as connection:
        run_days(connection, until)


def asked(cardwright: RunCardwright, portfolio: Portfolio, *arguments: str) -> dict[str, Any]:
    answer = cardwright(*arguments, "--json", database=portfolio.database)
    assert answer.returncode == 0, answer.stderr
    document: dict[str, Any] = json.loads(answer.stdout)
    return document


def test_a_corrected_statement_is_previewed_and_reads_the_same_ever_after(portfolio: Portfolio,
                                                                          cardwright: RunCardwright) -> None:
    refused = cardwright("statement", "A1", "--corrected", database=portfolio.database)
    assert (refused.returncode, "no late event reaches back" in refused.stderr) == (2, True)
    drafted = asked(cardwright, portfolio, "statement", "A1", "--closing", "2024-05-05", "--corrected", "--preview")
    issued = asked(cardwright, portfolio, "statement", "A1", "--closing", "2024-05-05")
    assert drafted["draft"] is True
    assert cardwright("rebill", "A1", database=portfolio.database).returncode == 0

    corrected = asked(cardwright, portfolio, "statement", "A1", "--closing", "2024-05-05", "--corrected")
    jsonschema.validate(corrected, json_schema("statement"))
    assert {name: value for name, value in drafted.items() if name not in ("draft", "seal")} == {
        name: value for name, value in corrected.items() if name != "seal"}
    assert corrected["corrected"] == {"on": "2024-06-21", "corrects": issued["seal"]["sha256"], "because": [
        {"type": "payment", "amount": "1000.00", "late_for": "2024-04-20", "posted_on": "2024-06-21", "ref": ""},
        {"type": "purchase", "amount": "88.80", "late_for": "2024-05-02", "posted_on": "2024-06-21", "ref": ""}]}
    assert corrected["seal"]["previous"] == issued["seal"]["sha256"]
    assert (corrected["grace"], issued["grace"], corrected["payments"]) == ("kept", "lost", "1000.00")
    assert asked(cardwright, portfolio, "statement", "A1", "--closing", "2024-05-05") == issued

    every = cardwright("statement", "A1", "--all", "--corrected", database=portfolio.database).stdout
    assert [each["cycle"]["closes_on"] for each in json.loads(every)] == ["2024-05-05", "2024-06-05"]
    days(portfolio, date(2024, 7, 20))
    portfolio.transactions("transactions.later.csv", [["payment", "20.00", "A1", "2024-05-30"]])
    assert cardwright("rebill", "A1", database=portfolio.database).returncode == 0
    days(portfolio, date(2024, 8, 10))
    known_then = ("statement", "A1", "--all", "--corrected", "--as-of", "2024-06-30")
    assert cardwright(*known_then, database=portfolio.database).stdout == every
    assert asked(cardwright, portfolio, "statement", "A1", "--closing", "2024-05-05", "--corrected") == corrected
    june = asked(cardwright, portfolio, "statement", "A1", "--closing", "2024-06-05", "--corrected")
    assert (june["corrected"]["on"], len(june["corrected"]["because"])) == ("2024-07-21", 3)
    assert asked(cardwright, portfolio, "statement", "A1", "--corrected")["cycle"]["closes_on"] == "2024-07-05"


def test_a_corrected_statement_says_so_in_every_form(portfolio: Portfolio, cardwright: RunCardwright, tmp_path: Path) -> None:
    assert cardwright("rebill", "A1", database=portfolio.database).returncode == 0
    asks = ("statement", "A1", "--closing", "2024-05-05", "--corrected")
    out = tmp_path / "out"
    out.mkdir()
    for form in ("pdf", "html", "csv"):
        for lang in ("en", "zh"):
            name = out / f"{lang}.{form}"
            done = cardwright(*asks, "--format", form, "--lang", lang, "--out", str(name), database=portfolio.database)
            assert done.returncode == 0, done.stderr
            again = cardwright(*asks, "--format", form, "--lang", lang, "--out", str(name) + "2", database=portfolio.database)
            assert (again.returncode, name.read_bytes()) == (0, Path(f"{name}2").read_bytes())
    keep(out)
    for lang, words in (("en", "Corrected credit card statement"), ("zh", "更正后的信用卡对账单")):
        assert words in pypdf.PdfReader(out / f"{lang}.pdf").pages[0].extract_text()
        assert words in (out / f"{lang}.html").read_text("utf-8")
    rows = list(csv.DictReader(io.StringIO((out / "en.csv").read_text("utf-8"))))
    assert {row["corrected_on"] for row in rows} == {"2024-06-21"}
    assert cardwright(*asks, "--format", "ofx", database=portfolio.database).returncode == 2
    named = cardwright(*asks, "--format", "pdf", "--out", str(out), database=portfolio.database)
    assert named.stdout.strip().endswith("A1-2024-05-05-corrected-2024-06-21.pdf")


def test_the_difference_is_one_page_and_reads_the_same_after_posting(portfolio: Portfolio, cardwright: RunCardwright,
                                                                     tmp_path: Path) -> None:
    previewed = asked(cardwright, portfolio, "rebill", "A1", "--preview")
    jsonschema.validate(previewed, json_schema("rebilling"))
    lines = cardwright("rebill", "A1", "--preview", database=portfolio.database).stdout
    first = previewed["cycles"][0]
    assert "purchase_interest" in {each["type"] for each in first["charges"]}
    for each in first["charges"]:
        assert f"{each['on']} {each['type']}" in lines
    assert cardwright("rebill", "A1", "--posted", database=portfolio.database).returncode == 2
    posted = asked(cardwright, portfolio, "rebill", "A1")
    assert posted == previewed | {"posted": True}
    days(portfolio, date(2024, 7, 20))
    assert asked(cardwright, portfolio, "rebill", "A1", "--posted") == posted

    out = tmp_path / "difference"
    out.mkdir()
    for lang, words in (("en", "What became known"), ("zh", "新获知的交易")):
        for form in ("pdf", "html"):
            name = out / f"{lang}.{form}"
            asks = ("rebill", "A1", "--posted", "--as-of", "2024-06-21", "--format", form, "--lang", lang, "--out")
            assert cardwright(*asks, str(name), database=portfolio.database).returncode == 0
            assert cardwright(*asks, f"{name}2", database=portfolio.database).returncode == 0
            assert name.read_bytes() == Path(f"{name}2").read_bytes()
        pages = pypdf.PdfReader(out / f"{lang}.pdf").pages
        assert len(pages) == 1
        assert words in pages[0].extract_text()
        assert words in (out / f"{lang}.html").read_text("utf-8")
        assert previewed["total"].removeprefix("-") in pages[0].extract_text()
    keep(out)


def keep(folder: Path) -> None:
    """Leave what was set where somebody can look at it, if asked to."""
    kept = os.environ.get("CARDWRIGHT_KEEP_PAGES")
    for path in folder.iterdir() if kept else ():
        (Path(kept or "") / f"{folder.name}-{path.name}").write_bytes(path.read_bytes())
