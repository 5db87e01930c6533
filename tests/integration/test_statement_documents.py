"""Statements of a small book as JSON, PDF, HTML and CSV: read back, they say what the JSON says, in both languages."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date, timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any

import pypdf
import pytest

from accounts.database import Database
from statements.compose import compose, to_json
from statements.document import StatementDocument
from statements.facts import StatementFacts
from statements.issued import account_facts, issued_facts, statement_facts
from statements.preview import NothingOpen, preview_facts
from statements.render_html import render_html
from statements.render_pdf import render_pdf
from statements.seal import seal_statement
from statements.spreadsheet_text import spreadsheet_safe
from statements.wording import LANGUAGES, Language, grouped, language_of
from tests.conftest import RunCardwright
from tests.small_book import build, run_days

UNTIL = date(2024, 6, 10)
NUMBER = re.compile(r"-?[0-9][0-9,]*\.[0-9]{2}(?![0-9])")
FIGURES = ("previous_balance", "payments", "credits", "purchases", "cash_advances", "balance_transfers", "fees", "interest",
           "waivers", "adjustments")


@pytest.fixture(scope="module")
def book(embedded_module_database: Database) -> Database:
    """Forty-five accounts in two currencies, three months billed."""
    with embedded_module_database.connect() as connection:
        build(connection, second_currency=True)
    with embedded_module_database.connect() as connection:
        run_days(connection, UNTIL)
    return embedded_module_database


@pytest.fixture(scope="module")
def issued(book: Database) -> list[StatementFacts]:
    """All statements of the book."""
    with book.connect() as connection:
        return list(issued_facts(connection))


@pytest.fixture(scope="module")
def telling(issued: Sequence[StatementFacts]) -> list[StatementFacts]:
    """A few statements that show what a page can show."""
    wanted: list[Callable[[Mapping[str, Any]], bool]] = [
        lambda row: row["over_limit"] > 0, lambda row: row["new_balance"] < 0, lambda row: row["past_due"] > 0,
        lambda row: row["cash_interest"] > 0, lambda row: row["grace"] == 0 and row["new_balance"] > 0,
    ]
    found = [next((each for each in issued if wants(each.row)), None) for wants in wanted]
    found.append(max(issued, key=lambda each: len(each.postings)))
    return [each for each in found if each is not None]


def shown_amounts(statement: StatementDocument) -> Counter[str]:
    """How often each amount has to stand on the page at least, thousands set apart, without signs."""
    figures: dict[str, Any] = dict(statement)
    amounts = [figures[name] for name in ("new_balance", "minimum_payment_due", "credit_limit", "available_credit",
                                          "over_limit", "past_due")]
    amounts += [statement["year_to_date"]["interest"], statement["year_to_date"]["fees"]]
    amounts += [figures[name] for name in FIGURES if name == "previous_balance" or Decimal(figures[name])]
    for segment in statement["interest_by_segment"]:
        amounts += [segment["balance_days"], segment["average_daily_balance"], segment["interest"]]
    amounts += [charge["amount"] for charge in statement["charges"]] + [line["amount"] for line in statement["lines"]]
    if statement["charges"]:
        amounts.append(str(sum(Decimal(each["amount"]) for each in statement["charges"])))
    if statement["lines"]:
        amounts.append(str(sum(Decimal(each["amount"]) for each in statement["lines"])))
    for card in statement["cards"]:
        amounts += [card["purchases"], card["cash_advances"], card["credits"]]
    return Counter(grouped(amount).removeprefix("-") for amount in amounts)


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def test_the_small_book_tells_enough(telling: Sequence[StatementFacts]) -> None:
    assert len(telling) >= 5


def test_every_statement_stands_on_its_seal_and_its_sum(issued: Sequence[StatementFacts]) -> None:
    before: dict[str, StatementDocument] = {}
    for facts in issued:
        statement = compose(facts)
        assert seal_statement(facts.row, [asdict(each) for each in facts.postings]).hex() == statement["seal"]["sha256"]
        figures: dict[str, Any] = dict(statement)
        figure = {name: Decimal(figures[name]) for name in (*FIGURES, "new_balance")}
        assert figure["new_balance"] == (
            figure["previous_balance"] - figure["payments"] - figure["credits"] + figure["purchases"] + figure["cash_advances"]
            + figure["balance_transfers"] + figure["fees"] + figure["interest"] - figure["waivers"] + figure["adjustments"])
        lines = sum(Decimal(each["amount"]) for each in statement["lines"])
        assert lines == figure["new_balance"] - figure["previous_balance"]
        assert sum(Decimal(each["amount"]) for each in statement["charges"]) == figure["fees"] + figure["interest"]
        if facts.account in before:
            earlier = before[facts.account]
            assert statement["previous_balance"] == earlier["new_balance"]
            assert statement["seal"]["previous"] == earlier["seal"]["sha256"]
            opens_on = date.fromisoformat(earlier["cycle"]["closes_on"]) + timedelta(days=1)
            assert statement["cycle"]["opens_on"] == opens_on.isoformat()
        before[facts.account] = statement


def test_bulk_reading_is_in_account_and_closing_order_and_says_the_same(book: Database,
                                                                         issued: Sequence[StatementFacts]) -> None:
    keys = [(facts.account, facts.row["closes_on"]) for facts in issued]
    assert keys == sorted(keys)
    with book.connect() as connection:
        for facts in issued[::17]:
            alone = statement_facts(connection, facts.account, facts.row["closes_on"])
            assert to_json(compose(alone)) == to_json(compose(facts))
        part = list(issued_facts(connection, date(2024, 4, 1), date(2024, 4, 30)))
    assert [to_json(compose(each)) for each in part] == [
        to_json(compose(each)) for each in issued if each.row["closes_on"].month == 4]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_pdf_read_back_shows_every_amount_of_the_json(telling: Sequence[StatementFacts], language: Language) -> None:
    for facts in telling:
        statement = compose(facts)
        text = text_of(render_pdf(statement, facts.letterhead, language))
        printed = Counter(number.removeprefix("-") for number in NUMBER.findall(text))
        assert not shown_amounts(statement) - printed, f"{facts.account} {statement['cycle']['closes_on']}"
        assert statement["seal"]["sha256"] in re.sub(r"\s", "", text)
        assert facts.account in text
        assert ("本期应还款额" if language == "zh" else "New balance") in text or Decimal(statement["new_balance"]) < 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_html_shows_every_amount_of_the_json(telling: Sequence[StatementFacts], language: Language) -> None:
    for facts in telling:
        statement = compose(facts)
        page = render_html(statement, facts.letterhead, language).decode()
        printed = Counter(number.removeprefix("-") for number in NUMBER.findall(unescape(re.sub(r"<[^>]*>", " ", page))))
        assert not shown_amounts(statement) - printed
        assert f'<html lang="{"zh-Hans" if language == "zh" else "en"}">' in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_pdf_is_tagged_titled_and_the_same_bytes_again(telling: Sequence[StatementFacts], language: Language) -> None:
    facts = telling[0]
    statement = compose(facts)
    pdf = render_pdf(statement, facts.letterhead, language)
    assert pdf == render_pdf(statement, facts.letterhead, language)
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    root: Any = reader.root_object
    assert bool(root["/MarkInfo"]["/Marked"])
    assert str(root["/Lang"]).startswith("zh" if language == "zh" else "en")
    assert reader.metadata is not None
    assert facts.account in str(reader.metadata.title)
    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data()


def test_long_statements_run_over_pages_with_their_head_on_each(telling: Sequence[StatementFacts]) -> None:
    facts = telling[-1]
    line = next(each for each in facts.postings if each.merchant or each.description)
    long = replace(facts, postings=[replace(line, source_line=number) for number in range(330)])
    pages = pypdf.PdfReader(io.BytesIO(render_pdf(compose(long), facts.letterhead, "en"))).pages
    texts = [page.extract_text() for page in pages]
    assert len(texts) >= 6
    assert all("Amount" in text and "Transactions, continued" in text for text in texts[1:-1])
    assert [f"Page {number} of {len(texts)}" in text for number, text in enumerate(texts, 1)] == [True] * len(texts)


@pytest.mark.parametrize("text", ["🍕 pizza", "한국 식당", "tab\tand \x01", "<script>alert(1)</script>", "#import \"x\"",
                                  "𠮷野家", "a" * 400, "\u202eright to left"])
def test_no_merchant_keeps_a_statement_from_being_printed(telling: Sequence[StatementFacts], text: str) -> None:
    facts = telling[-1]
    odd = replace(facts, postings=[replace(each, merchant=text) for each in facts.postings[:2]])
    statement = compose(odd)
    assert b"%PDF-" in render_pdf(statement, facts.letterhead)[:8]
    assert "<script>" not in render_html(statement, facts.letterhead).decode()
    assert json.loads(to_json(statement))["lines"][0]["description"] == text


def test_csv_has_every_line_and_nothing_that_runs(cardwright: RunCardwright, book: Database,
                                                  issued: Sequence[StatementFacts]) -> None:
    account = max(issued, key=lambda each: len(each.postings)).account
    done = cardwright("statement", account, "--all", "--format", "csv", "--out", "-", database=book)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    lines = [line for facts in issued if facts.account == account for line in compose(facts)["lines"]]
    assert [row["amount"] for row in rows] == [line["amount"] for line in lines]
    assert [row["description"].removeprefix("'") for row in rows] == [line["description"] for line in lines]
    assert not [cell for row in rows for name, cell in row.items() if name != "amount" and cell[:1] in "=+-@" and cell]


@pytest.mark.parametrize(("text", "cell"), [
    ("=1+1", "'=1+1"), ("+49", "'+49"), ("-x", "'-x"), ("@a", "'@a"), ("\t=1", "'\t=1"), ("\rx", "'\rx"), (" =1", "' =1"),
    ("＝1", "'＝1"), ("＋1", "'＋1"), ("－1", "'－1"), ("＠a", "'＠a"), ("Café", "Café"), ("", ""), ("7-Eleven", "7-Eleven"),
    ("\u3000=1", "'\u3000=1"), ("\ufeff=1", "'\ufeff=1"),
])
def test_formulas_are_disarmed(text: str, cell: str) -> None:
    assert spreadsheet_safe(text) == cell


# -- the command ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def account(issued: Sequence[StatementFacts]) -> str:
    """An account with several statements."""
    counted = Counter(facts.account for facts in issued)
    return counted.most_common(1)[0][0]


def test_statement_prints_the_latest_by_default(cardwright: RunCardwright, book: Database, account: str,
                                                issued: Sequence[StatementFacts]) -> None:
    mine = [facts for facts in issued if facts.account == account]
    assert cardwright("statement", account, database=book).stdout == to_json(compose(mine[-1])).decode()
    closing = mine[0].row["closes_on"].isoformat()
    assert cardwright("statement", account, "--closing", closing, database=book).stdout == to_json(compose(mine[0])).decode()
    every = json.loads(cardwright("statement", account, "--all", "--json", database=book).stdout)
    assert every == [json.loads(to_json(compose(facts))) for facts in mine]


def test_documents_land_where_they_are_asked_for(cardwright: RunCardwright, book: Database, home: Path, account: str,
                                                 tmp_path: Path) -> None:
    with book.connect() as connection:
        latest = account_facts(connection, account)[-1]
    name = f"{account}-{latest.row['closes_on']}.pdf"
    done = cardwright("statement", account, "--format", "pdf", database=book)
    assert done.stdout.split() == [str(home / "documents" / name)]
    done = cardwright("statement", account, "--format", "pdf", "--out", tmp_path, "--lang", "zh", database=book)
    assert "本期应还款额" in text_of((tmp_path / name).read_bytes())
    done = cardwright("statement", account, "--all", "--format", "html", "--out", tmp_path / "pages", database=book)
    assert len(list((tmp_path / "pages").glob("*.html"))) == len(done.stdout.split()) > 1
    done = cardwright("statement", account, "--format", "html", "--out", tmp_path / "not", "--dry-run", database=book)
    assert (done.stdout, "would write" in done.stderr, (tmp_path / "not").exists()) == ("", True, False)


def test_a_download_taken_in_twice_adds_nothing(cardwright: RunCardwright, book: Database, account: str,
                                                tmp_path: Path) -> None:
    out = tmp_path / "a.ofx"
    done = cardwright("statement", account, "--all", "--format", "ofx", "--out", out, database=book)
    assert done.stdout.split() == [str(out)]
    latest = cardwright("statement", account, "--format", "ofx", database=book).stdout
    found = [re.findall("<FITID>(.*)</FITID>", text) for text in (out.read_text("utf-8"), latest)]
    assert len(set(found[0])) == len(found[0]) > len(found[1]) > 0
    assert set(found[1]) <= set(found[0])


@pytest.mark.parametrize(("arguments", "code", "said"), [
    (["A-none"], 2, "no account 'A-none' in the books"),
    (["A10", "--closing", "2024-04-21"], 2, "there are those of 2024-03-20, 2024-04-20, 2024-05-20"),
    (["A10", "--closing", "yesterday"], 2, "does not match the format"),
    (["A10", "--preview", "--format", "ofx"], 2, "OFX is for issued statements"),
    (["A10", "--all", "--closing", "2024-04-20"], 2, "--all gives every issued statement"),
    (["A10", "--as-of", "2024-06-01"], 2, "add --preview"),
    (["A10", "--lang", "fr"], 2, "there are en and zh"),
    (["A10", "--all", "--format", "pdf", "--out", "-"], 2, "do not fit on stdout"),
    (["A10", "--preview", "--as-of", "2024-05-01"], 2, "its last one closed on 2024-05-20"),
])
def test_what_makes_no_sense_gets_one_line(cardwright: RunCardwright, book: Database, arguments: list[str], code: int,
                                           said: str) -> None:
    done = cardwright("statement", *arguments, database=book)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


# -- the preview ----------------------------------------------------------------------------------------------------------


def test_a_preview_on_the_closing_day_is_the_statement_to_come(embedded_database: Database, book: Database) -> None:
    closing = date(2024, 5, 5)
    with embedded_database.connect() as connection:
        build(connection, second_currency=True)
    with embedded_database.connect() as connection:
        run_days(connection, closing - timedelta(days=1))
    with book.connect() as closed, embedded_database.connect() as connection:
        came = list(issued_facts(closed, closing, closing))
        assert len(came) > 10
        for facts in came:
            preview = compose(preview_facts(connection, facts.account, closing))
            assert preview.pop("draft") is True
            statement = compose(facts)
            assert preview["seal"]["previous"] == statement["seal"]["previous"]
            assert {**preview, "seal": None} == {**statement, "seal": None}


def test_a_preview_while_the_last_statement_can_still_be_paid_counts_nothing_as_missed(
        book: Database, issued: Sequence[StatementFacts]) -> None:
    latest = {facts.account: facts for facts in issued}
    owing = [facts for facts in latest.values() if facts.row["new_balance"] > 0 and facts.row["billed"] > 0
             and facts.row["closes_on"] == date(2024, 6, 5) and not facts.row["past_due"]]
    assert owing
    with book.connect() as connection:
        for facts in owing:
            preview = compose(preview_facts(connection, facts.account, UNTIL))
            assert (preview["past_due"], preview["days_past_due"], preview["grace"]) == ("0.00", 0, "kept")
            assert preview["cycle"]["opens_on"] == "2024-06-06"


def test_a_preview_is_marked_and_writes_nothing(cardwright: RunCardwright, book: Database, tmp_path: Path) -> None:
    count = "SELECT (SELECT count(*) FROM statement), (SELECT count(*) FROM posting)"
    with book.connect() as connection:
        before = connection.execute(count).fetchone()
        with pytest.raises(NothingOpen, match="its last one closed on"):
            preview_facts(connection, "A10", date(2024, 5, 1))
    out = tmp_path / "preview.pdf"
    cardwright("statement", "A10", "--preview", "--format", "pdf", "--out", out, database=book)
    text = text_of(out.read_bytes())
    assert "DRAFT" in text
    assert "Preview of the open cycle as if it closed on 10 June 2024" in text
    with book.connect() as connection:
        assert connection.execute(count).fetchone() == before


@pytest.mark.parametrize(("asked", "language"), [
    (None, "en"), ("en", "en"), ("zh", "zh"), ("zh-CN", "zh"), ("zh_TW", "zh"), ("中文", "zh"), ("de", "en")])
def test_language_of_the_member(asked: str | None, language: Language) -> None:
    assert language_of(asked) == language
