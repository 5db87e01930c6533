"""A prepaid card's statement tells of value, in both languages: what came onto the card, what left it, what it holds."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from io import BytesIO

import pdfplumber
import pytest

from accounts.database import Database
from counter.holding import Told
from counter.prepaid import Sale, give_bonus, refund, spend
from statements.compose import compose
from statements.issued import statement_facts
from statements.page import page_of
from statements.page_prepaid import _turned
from statements.render_html import render_html
from statements.render_pdf import render_pdf
from statements.wording import Language
from tests.prepaid_book import LAN, open_book, run_days, sell


@pytest.fixture
def closed(database: Database) -> Database:
    with database.connect() as connection:
        open_book(connection)
        sell(connection, "P1", "500.00")
        give_bonus(connection, "P1", "18.00", "issuer", None, LAN)
        spend(connection, "P1", "100.00", Told("till-1", "T1"), Sale("Corner shop"))
        refund(connection, "P1", "T1", "20.00", Told("till-1", "T2"))
        connection.commit()
        run_days(connection, date(2024, 1, 28))
    return database


def test_the_page_tells_of_value(closed: Database) -> None:
    with closed.connect() as connection:
        facts = statement_facts(connection, "A-P1")
    page = page_of(compose(facts), facts.letterhead, "en")
    assert page["title"] == "Prepaid card statement"
    assert [each["value"] for each in page["headline"]] == ["442.00", "0.00", "28 January 2024"]
    assert [(each["sign"], each["label"], each["value"]) for each in page["summary"]["rows"]] == [
        ("", "Value at the last statement", "0.00"), ("+", "Put on, less paid out", "500.00"),
        ("+", "Refunds, discounts, bonus", "42.00"), ("−", "Spent", "100.00")]
    assert page["summary"]["total"]["value"] == page["lines"]["total"] == "442.00"
    assert {each["description"]: each["amount"] for each in page["lines"]["rows"]}["Loaded"] == "500.00"
    assert sum(Decimal(each["amount"]) for each in page["lines"]["rows"]) == 442
    assert (page["interest"], page["payoff"], page["notices"]) == ([], None, [])


@pytest.mark.parametrize(("language", "says", "never"), [
    ("en", "Value on the card", ("Minimum payment", "you owe", "Credit limit", "Nothing to pay")),
    ("zh", "卡内余额", ("最低还款额", "信用额度", "应还款")),
])
def test_html_and_pdf_say_nothing_of_debt(closed: Database, language: Language, says: str, never: tuple[str, ...]) -> None:
    with closed.connect() as connection:
        facts = statement_facts(connection, "A-P1")
    html = render_html(compose(facts), facts.letterhead, language).decode()
    with pdfplumber.open(BytesIO(render_pdf(compose(facts), facts.letterhead, language))) as document:
        text = "".join(page.extract_text() for page in document.pages)
    for shown in (html, text):
        assert says in shown
        assert [each for each in never if each in shown] == []


@pytest.mark.parametrize(("amount", "turned"), [
    ("0.00", "0.00"), ("-0.00", "0.00"), ("-1,500.00", "1,500.00"), ("7", "-7"), ("", "")])
def test_signs_are_turned_and_nought_has_none(amount: str, turned: str) -> None:
    assert _turned(amount) == turned
