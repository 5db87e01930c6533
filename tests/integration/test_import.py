"""A portfolio is taken in once: every good row on the books, none twice, whatever the format and wherever it was cut short."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from accounts.card_numbers import card_number_keys
from accounts.database import Database
from accounts.intake import taking
from accounts.posting_types import BY_NAME
from tests.conftest import RunCardwright
from tests.integration.portfolios import ACCOUNTS, CARDS, MEMBERS, TRANSACTIONS, Portfolio, Rows, counts, rejects
from tests.small_book import load_terms

PAN = "4111111111111111"  # a published test number


@pytest.fixture
def portfolio(embedded_database: Database, tmp_path: Path) -> Portfolio:
    return Portfolio(embedded_database, tmp_path)


def test_a_whole_portfolio_on_every_server(database: Database, tmp_path: Path) -> None:
    portfolio = Portfolio(database, tmp_path)
    portfolio.write("org_units.csv", [["code", "name", "kind", "parent"], ["B1", "Branch", "branch", "HQ"],
                                      ["HQ", "Head office", "head_office", ""]])
    portfolio.write("members.csv", [["language", "org_unit", *MEMBERS[0]], ["zh", "B1", *MEMBERS[1]], ["", "", *MEMBERS[2]]])
    portfolio.write("accounts.csv", [
        [*ACCOUNTS[0], "opening_balance", "opening_on", "org_unit", "closing_day"],
        [*ACCOUNTS[1], "250.00", "2024-02-29", "B1", "31"], [*ACCOUNTS[2], "", "", "", ""],
        ["A3", "M2", "classic", "2020-01-01", "", "-3.10", "2024-02-29", "", ""],
        ["A4", "M2", "classic", "2020-01-01", "0.00", "0.00", "2024-02-29", "", ""],
    ])
    portfolio.write("cards.csv", [[*CARDS[0], "pan", "replaces", "reason", "sub_limit"], [*CARDS[1], PAN, "", "", "100.00"],
                                  ["C2", "A1", "primary", "2024-03-20", "", "C1", "lost", ""]])
    portfolio.write("transactions.csv", [
        [*TRANSACTIONS, "card", "posted_on", "ref", "merchant", "original_amount", "original_currency"],
        ["purchase", "12.34", "", "2024-03-03", "C1", "2024-03-04", "R1", "=漢字, \"x\"", "1.70", "USD"],
        ["payment", "100", "A2", "2024-03-10", "", "", "", "", "", ""],
    ])
    portfolio.write("cases.csv", [["case", "kind", "received_at", "sent_at", "account", "timely"],
                                  ["K1", "complaint", "2024-03-05", "2024-03-04", "A2", "yes"],
                                  ["K2", "dispute", "2024-03-05T10:00:00+08:00", "", "", ""]])
    portfolio.write("contacts.csv", [["contact", "offered_at", "outcome"], ["T1", "2024-03-05", "answered"]])
    portfolio.write("NOTES.md", b"notes")
    taken = portfolio.take()

    assert [(each.file.name, *counts(each)) for each in taken.files] == [
        ("org_units.csv", 2, 2, 0, 0), ("members.csv", 2, 2, 0, 0), ("accounts.csv", 4, 4, 0, 0), ("cards.csv", 2, 2, 0, 0),
        ("transactions.csv", 2, 2, 0, 0), ("cases.csv", 2, 2, 0, 0), ("contacts.csv", 1, 1, 0, 0),
    ]
    assert [(each.path.name, each.why) for each in taken.left] == [("NOTES.md", "is no portfolio file by its name")]
    assert (taken.book.first_on, taken.book.open_on) == (date(2024, 3, 1), date(2024, 3, 1))
    assert portfolio.rows(
        "SELECT a.account, a.account_id, m.name, m.language, u.code, a.currency, a.credit_limit, a.closing_day, a.anchor_on,"
        " a.migrated, a.status, g.balance, g.holds FROM card_account a JOIN member m USING (member_id)"
        " JOIN guarded_balance g USING (account_id) LEFT JOIN org_unit u ON u.org_unit_id = a.org_unit_id ORDER BY a.account"
    ) == [
        ("A1", 1, "Ann", "zh", "B1", 156, 1_000_000, 31, date(2024, 3, 31), True, "active", 25_000, 0),
        ("A2", 2, "O'Brien 漢字", None, None, 156, 50_000, 5, date(2024, 3, 5), False, "active", 0, 0),
        ("A3", 3, "O'Brien 漢字", None, None, 156, 10**15, 5, date(2024, 3, 5), True, "active", -310, 0),
        ("A4", 4, "O'Brien 漢字", None, None, 156, 0, 5, date(2024, 3, 5), True, "active", 0, 0),
    ]
    opened, march = date(2024, 2, 29), date(2024, 3, 3)
    assert portfolio.postings() == [
        ("A1", 1, 25_000, opened, opened, opened), ("A3", 2, 310, opened, opened, opened),
        ("A1", 10, 1234, march, march, date(2024, 3, 4)), ("A2", 13, 10_000, *[date(2024, 3, 10)] * 3),
    ]
    assert portfolio.rows("SELECT account_id, cycle_no, closes_on, new_balance FROM statement ORDER BY account_id") == [
        (1, 0, opened, 25_000), (3, 0, opened, -310), (4, 0, opened, 0)]
    assert portfolio.rows("SELECT card_id, source_ref, merchant, original_amount, original_currency FROM posting"
                          " WHERE source_ref IS NOT NULL") == [(1, "R1", '=漢字, "x"', "1.70", "USD")]
    assert portfolio.rows("SELECT u.code, p.code FROM org_unit u LEFT JOIN org_unit p ON p.org_unit_id = u.parent_id"
                          " ORDER BY u.org_unit_id") == [("B1", "HQ"), ("HQ", None)]
    assert portfolio.rows("SELECT card, sub_limit, replaces_card_id, reason, pan_first6, pan_last4 FROM card"
                          " ORDER BY card_id") == [
        ("C1", 10_000, None, None, "411111", "1111"), ("C2", None, 1, "lost", None, None)]
    assert portfolio.rows("SELECT case_code, member_id, account_id, timely, received_at = '2024-03-05T02:00:00Z'"
                          " FROM service_case ORDER BY case_code") == [("K1", 2, 2, True, False), ("K2", 0, None, None, True)]
    assert dict(taken.files[5].notices) == {"passed on before they were received": 1}

    again = portfolio.take()
    assert {each.state for each in again.files} == {"taken_before"}
    assert [counts(each) for each in again.files] == [(each.read, 0, each.posted + each.known, each.rejected)
                                                      for each in taken.files]
    assert again.files[4].totals.document() == taken.files[4].totals.as_known().document()
    assert len(portfolio.postings()) == 4


def test_a_card_number_is_nowhere_in_clear(portfolio: Portfolio) -> None:
    portfolio.begin()
    file = portfolio.write("cards-2.csv", [[*CARDS[0], "pan"], ["C7", "A1", "supplementary", "2024-03-01", PAN],
                                           ["C8", "A1", "supplementary", "2024-03-01", "4111111111111112"],
                                           [PAN, "A1", "supplementary", "2024-03-01", ""]])
    taken = portfolio.take(file).files[0]
    assert [(line, column, value) for line, column, value, _ in rejects(taken)] == [
        (3, "pan", "411111…1112"), (4, "card", "411111…1111")]
    [(ciphertext, key_id, found_by)] = portfolio.rows("SELECT pan_ciphertext, pan_key_id, pan_hash FROM card WHERE card = 'C7'")
    keys = card_number_keys(portfolio.home, frozenset({1}))
    assert keys.open(bytes(ciphertext), key_id, "C7") == PAN
    assert keys.hash_of(PAN) == bytes(found_by)
    everywhere = [*portfolio.rows("SELECT card::text FROM card"), *portfolio.rows("SELECT source::text FROM source")]
    assert not any(PAN in text for (text,) in everywhere)
    assert not any(PAN in path.read_text(errors="replace") for path in portfolio.home.rglob("*") if path.is_file())
    again = portfolio.write("cards-3.csv", [[*CARDS[0], "pan"], ["C7", "A1", "supplementary", "2024-03-01", PAN],
                                            ["C7", "A1", "supplementary", "2024-03-01", "5555555555554444"]])
    outcome = portfolio.take(again).files[0]
    assert counts(outcome) == (2, 0, 1, 1)
    assert "pan another number" in rejects(outcome)[0][3]


def test_honest_twins_both_post_and_the_file_again_posts_nothing(portfolio: Portfolio) -> None:
    portfolio.begin()
    twin = ["purchase", "9.99", "A1", "2024-03-02"]
    assert counts(portfolio.transactions("transactions.csv", [twin, twin, twin])) == (3, 3, 0, 0)
    portfolio.write("transactions-renamed.csv", (portfolio.folder / "transactions.csv").read_bytes())
    portfolio.write("transactions-packed.csv.gz", gzip.compress((portfolio.folder / "transactions.csv").read_bytes()))
    for name in ("transactions.csv", "transactions-renamed.csv", "transactions-packed.csv.gz"):
        outcome = portfolio.take(portfolio.folder / name).files[0]
        assert (outcome.state, *counts(outcome)) == ("taken_before", 3, 0, 3, 0)
    assert len(portfolio.postings()) == 3


def test_a_row_may_name_a_segment_of_the_terms(embedded_database: Database, tmp_path: Path) -> None:
    spring = {"name": "spring", "annual_rate": "0", "until": date(2024, 6, 30)}
    portfolio = Portfolio(embedded_database, tmp_path, interest={"segment": [
        {"name": "purchase", "daily_rate": "0.0005"}, {"name": "cash_advance", "daily_rate": "0.0005"}, spring]}).begin()
    taken = portfolio.transactions("transactions.csv", [
        ["purchase", "10", "A1", "2024-03-10", "spring"], ["purchase", "11", "A1", "2024-03-10", ""],
        ["payment", "12", "A1", "2024-03-12", "cash_advance"], ["purchase", "13", "A1", "2024-03-10", "summer"],
        ["fee", "14", "A1", "2024-03-10", "spring"], ["purchase", "15", "nobody", "2024-03-10", "spring"],
    ], (*TRANSACTIONS, "segment"))
    assert rejects(taken) == [
        (5, "segment", "summer", "is no segment of classic in the cycle it posts in; it has purchase, cash_advance, spring"),
        (6, "segment", "spring", "fee lies in no segment; leave it out"),
        (7, "account", "nobody", "is no account on the books")]
    assert portfolio.rows("SELECT amount, segment FROM posting ORDER BY amount") == [
        (1000, "spring"), (1100, None), (1200, "cash_advance")]


def test_a_segment_of_a_version_that_comes_within_a_cycle_holds_from_the_next_one_on(embedded_database: Database,
                                                                                     tmp_path: Path) -> None:
    rows = [{"name": "purchase", "daily_rate": "0.0005"}, {"name": "cash_advance", "daily_rate": "0.0005"}]
    spring, gone = {"name": "spring", "annual_rate": "0", "until": date(2024, 6, 30)}, {"name": "gone", "annual_rate": "0.1"}
    portfolio = Portfolio(embedded_database, tmp_path, interest={"segment": [*rows, gone]}).begin()
    with embedded_database.connect() as connection:
        load_terms(connection, interest={"segment": [*rows, spring]}, in_force_from=date(2024, 3, 20))
    taken = portfolio.transactions("transactions.csv", [
        ["purchase", "10", "A1", "2024-03-25", "spring"], ["purchase", "11", "A1", "2024-04-05", "spring"],
        ["purchase", "12", "A1", "2024-04-06", "spring"], ["purchase", "13", "A1", "2024-04-06", "gone"],
        ["purchase", "14", "A1", "2024-04-05", "gone"],
    ], (*TRANSACTIONS, "segment"))
    not_yet = ("comes to classic on 2024-03-20 and holds in cycles that begin then or later; the one it posts in has purchase, "
               "cash_advance, gone. Leave it out, or let it post in the next cycle")
    assert rejects(taken) == [
        (2, "segment", "spring", not_yet), (3, "segment", "spring", not_yet),
        (5, "segment", "gone", "is no segment of classic in the cycle it posts in; it has purchase, cash_advance, spring")]
    assert portfolio.rows("SELECT amount, segment FROM posting ORDER BY amount") == [(1200, "spring"), (1400, "gone")]


def test_a_reference_stands_for_one_event_for_ever(portfolio: Portfolio) -> None:
    portfolio.begin()
    header = [*TRANSACTIONS, "ref"]
    first = portfolio.transactions("transactions-1.csv", [
        ["purchase", "9.99", "A1", "2024-03-02", "R1"], ["purchase", "9.99", "A1", "2024-03-02", "R2"],
        ["purchase", "9.99", "A1", "2024-03-02", "R1"], ["purchase", "9.98", "A1", "2024-03-02", "R2"],
        ["purchase", "9.99", "A1", "2024-03-02", ""]], header)
    assert counts(first) == (5, 3, 1, 1)
    assert rejects(first) == [(5, "ref", "R2", "ref R2 already stands for a purchase of 9.99 on account A1 on 2024-03-02 "
                                               "(on line 3 of this file)")]
    second = portfolio.transactions("transactions-2.csv", [
        ["purchase", "9.99", "A1", "2024-03-02", "R1"], ["payment", "9.99", "A1", "2024-03-02", "R2"],
        ["purchase", "9.99", "A2", "2024-03-06", "R2"], ["purchase", "1.00", "A2", "2024-03-06", "R3"]], header)
    assert counts(second) == (4, 1, 1, 2)
    assert [(line, column) for line, column, _, _ in rejects(second)] == [(3, "ref"), (4, "ref")]
    assert second.totals.document()["CNY"]["purchase"] == {
        "read": {"rows": 3, "amount": "20.98"}, "posted": {"rows": 1, "amount": "1.00"},
        "already_there": {"rows": 1, "amount": "9.99"}, "rejected": {"rows": 1, "amount": "9.99"},
    }


def test_in_a_signed_file_a_negative_amount_is_the_opposite_event(portfolio: Portfolio) -> None:
    portfolio.begin()
    rows: Rows = [["purchase", "-5.00", "A1", "2024-03-02"], ["payment", "-5.00", "A1", "2024-03-02"],
                  ["purchase", "5.00", "A1", "2024-03-02"], ["cash_advance", "-5.00", "A1", "2024-03-02"]]
    outcome = portfolio.transactions("transactions.signed.csv", rows)
    assert [BY_NAME["refund"].code, BY_NAME["returned_payment"].code, BY_NAME["purchase"].code] == [
        row[1] for row in portfolio.postings()]
    assert rejects(outcome) == [(5, "amount", "-5.00", "is negative, and a cash_advance has no opposite")]
    assert outcome.totals.document()["CNY"]["purchase"]["posted"] == {"rows": 2, "amount": "0.00"}


@pytest.mark.parametrize(("made", "posted", "open_on", "effective_on", "posted_on"), [
    ("2024-03-10", "", "2024-03-01", "2024-03-10", "2024-03-10"),
    ("2024-03-10", "", "2024-03-12", "2024-03-10", "2024-03-12"),
    ("2024-03-10", "2024-03-11", "2024-03-01", "2024-03-10", "2024-03-11"),
    ("2024-03-10", "2024-03-09", "2024-03-01", "2024-03-09", "2024-03-09"),
    ("2024-03-10", "2025-01-01", "2024-03-12", "2024-03-10", "2025-01-01"),
    ("2024-02-25", "", "2024-03-01", "2024-02-25", "2024-03-01"),
])
def test_the_four_dates(portfolio: Portfolio, made: str, posted: str, open_on: str, effective_on: str, posted_on: str) -> None:
    portfolio.begin().first_day(date(2024, 3, 1), date.fromisoformat(open_on))
    portfolio.transactions("transactions.csv", [["purchase", "1.00", "A1", made, posted]], [*TRANSACTIONS, "posted_on"])
    assert portfolio.postings() == [("A1", 10, 100, *map(date.fromisoformat, (made, effective_on, posted_on)))]


@pytest.mark.parametrize(("openings", "transactions", "first_on"), [
    (["2024-03-31"], ["2024-05-01"], "2024-04-01"),
    (["2024-03-31", "2024-02-29"], ["2024-05-01"], "2024-03-01"),
    (["2024-03-31"], ["2024-03-20"], "2024-03-20"),
    ([], ["2024-05-07", "2024-05-02"], "2024-05-02"),
    (["2024-03-31"], [], "2024-04-01"),
])
def test_the_book_begins_with_the_earliest_day_in_the_files(
    portfolio: Portfolio, openings: list[str], transactions: list[str], first_on: str
) -> None:
    portfolio.write("members.csv", MEMBERS)
    portfolio.write("accounts.csv", [
        ["account", "member", "product", "opened_on", "opening_on"], ["A0", "M1", "classic", "2024-01-05", ""],
        *[[f"B{place}", "M1", "classic", "2024-01-05", on] for place, on in enumerate(openings)],
        ["A9", "nobody", "classic", "2023-01-05", "2023-02-01"],
    ])
    if transactions:
        portfolio.write("transactions.csv", [
            TRANSACTIONS, *[["purchase", "1.00", "A0", on] for on in transactions],
            ["purchase", "1.00", "A0", "2019-01-01"], ["purchase", "1.00", "unknown", "2019-01-01"],
            ["purchase", "x", "A0", "2023-01-01"],
        ])
    taken = portfolio.take()
    assert taken.book.first_on == taken.book.open_on == date.fromisoformat(first_on)
    assert portfolio.rows("SELECT DISTINCT migrated FROM card_account") == [(True,)]


def test_accounts_that_came_before_any_date_are_told_apart_when_the_book_begins(portfolio: Portfolio) -> None:
    portfolio.write("members.csv", MEMBERS)
    portfolio.write("accounts.csv", [ACCOUNTS[0], *ACCOUNTS[1:], ["A3", "M1", "classic", "2023-05-09", ""]])
    assert portfolio.take().book.first_on is None
    portfolio.transactions("transactions.csv", [["purchase", "1.00", "A1", "2024-03-03"]])
    assert portfolio.rows("SELECT account, migrated, anchor_on FROM card_account ORDER BY account") == [
        ("A1", True, date(2024, 3, 5)), ("A2", False, date(2024, 3, 5)), ("A3", True, date(2024, 3, 5))]


def test_what_is_on_the_books_is_known_again_and_not_changed_by_a_file(portfolio: Portfolio) -> None:
    portfolio.begin()
    changed = [
        portfolio.write("members-2.csv", [
            ["name", "member", "kind", "phone"], ["Ann", "M1", "person", ""], ["Bob", "M2", "company", ""],
            ["New", "M3", "person", "1"], ["New", "M3", "person", "2"]]),
        portfolio.write("accounts-2.csv", [ACCOUNTS[0], *ACCOUNTS[1:], ["A1", "M2", "classic", "2024-02-20", "9.00"]]),
        portfolio.write("cards-2.csv", [*CARDS, ["C1", "A2", "primary", "2024-02-20"]]),
    ]
    members, accounts, cards = portfolio.take(*changed).files
    assert counts(members) == (4, 1, 1, 2)
    assert rejects(members) == [
        (3, "member", "M2", "member M2 is already on the books with name O'Brien 漢字; "
                            "to change it is for staff, not for a file"),
        (5, "member", "M3", "member M3 is already on line 4 with phone 1"),
    ]
    assert counts(accounts) == (3, 0, 2, 1)
    assert rejects(accounts) == [
        (4, "account", "A1", "account A1 is already on the books with member M1, credit_limit 10000.00; "
                             "to change it is for staff, not for a file")]
    assert counts(cards) == (2, 0, 1, 1)
    assert portfolio.rows("SELECT name FROM member ORDER BY member_id") == [("Ann",), ("O'Brien 漢字",), ("New",)]


def test_every_format_makes_the_same_books(portfolio: Portfolio) -> None:
    rows = [["purchase", f"{place}.{place % 100:02d}", "A1", f"2024-03-{place % 27 + 1:02d}", f"shop, {place}", ""]
            for place in range(1, 60)]
    header = [*TRANSACTIONS, "merchant", "ref"]
    table = pa.table({name: [row[place] or None for row in rows] for place, name in enumerate(header)})
    portfolio.begin().write("transactions.csv", [header, *rows])
    pq.write_table(table, portfolio.folder / "transactions.parquet")
    with xlsxwriter.Workbook(portfolio.folder / "transactions.xlsx") as book:
        sheet = book.add_worksheet()
        for line, row in enumerate([header, *rows]):
            sheet.write_row(line, 0, row)
            if line:
                sheet.write_number(line, 1, float(row[1]))
    portfolio.take(portfolio.folder / "transactions.csv")
    expected = portfolio.rows("SELECT source_line, amount, posted_on, merchant FROM posting ORDER BY source_line")
    assert len(expected) == 59
    for name in ("transactions.parquet", "transactions.xlsx"):
        outcome = portfolio.take(portfolio.folder / name).files[0]
        assert portfolio.rows("SELECT source_line, amount, posted_on, merchant FROM posting WHERE source_id = %s"
                              " ORDER BY source_line", outcome.source_id) == expected, name


def test_a_dry_run_judges_everything_and_keeps_nothing(portfolio: Portfolio) -> None:
    portfolio.write("members.csv", MEMBERS)
    portfolio.write("accounts.csv", ACCOUNTS)
    portfolio.write("transactions.csv", [TRANSACTIONS, ["purchase", "1.00", "A1", "2024-03-03"],
                                         ["purchase", "1.00", "A7", "2024-03-03"]])
    tried = portfolio.take(dry_run=True)
    assert [counts(each) for each in tried.files] == [(2, 2, 0, 0), (2, 2, 0, 0), (2, 1, 0, 1)]
    kept = portfolio.rows("SELECT (SELECT count(*) FROM member), (SELECT count(*) FROM source), first_on FROM book")
    assert kept == [(0, 2, None)], "the counter and Cardwright's own charges"
    assert [counts(each) for each in portfolio.take().files] == [counts(each) for each in tried.files]


def many_rows(count: int) -> Rows:
    """Good rows with a bad one among every hundred."""
    return [["purchase", f"{place}.00" if place % 100 else "oops", "A1" if place % 2 else "A2", "2024-03-06"]
            for place in range(count)]


@pytest.mark.parametrize("fails_at", [0, 1, 2])
def test_an_intake_that_was_cut_short_goes_on_where_it_stopped(
    portfolio: Portfolio, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    monkeypatch.setattr(taking, "CHUNK_ROWS", 500)
    monkeypatch.setattr("accounts.intake.delimited.BLOCK_BYTES", 12_000)
    portfolio.begin().write("transactions.csv", [TRANSACTIONS, *many_rows(2_000)])
    real, seen = taking.RejectsFile.add, []

    def die_after_writing_rejects(self: taking.RejectsFile, found: Any) -> None:
        real(self, found)
        seen.append(1)
        if len(seen) == fails_at + 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(taking.RejectsFile, "add", die_after_writing_rejects)
    with pytest.raises(KeyboardInterrupt):
        portfolio.take(portfolio.folder / "transactions.csv")
    before = portfolio.rows("SELECT rows_taken, complete FROM source WHERE kind = 'transactions'")[0]
    assert before[1] is False
    assert (before[0] > 0) == (fails_at > 0)
    outcome = portfolio.take(portfolio.folder / "transactions.csv").files[0]
    assert outcome.resumed_after == before[0]
    assert counts(outcome) == (2_000, 1_980, 0, 20)
    assert [line for line, *_ in rejects(outcome)] == [2 + place for place in range(0, 2_000, 100)]
    total = sum(place for place in range(2_000) if place % 100)
    assert outcome.totals.document()["CNY"]["purchase"]["posted"]["amount"] == f"{total}.00"
    assert portfolio.rows("SELECT count(*), sum(amount) FROM posting") == [(1_980, 100 * total)]


def test_killing_the_command_leaves_whole_chunks_only(portfolio: Portfolio) -> None:
    """SIGKILL at the third chunk; the import again ends in the books of an undisturbed one."""
    portfolio.begin().write("transactions.csv", [TRANSACTIONS, *many_rows(3_000)])
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from accounts.database import Database\n"
        "from accounts.intake import delimited, taking\n"
        "from jobs.intake import take_in\n"
        "taking.CHUNK_ROWS, delimited.BLOCK_BYTES, seen = 500, 12_000, []\n"
        "def watch(file, rows):\n"
        "    seen.append(rows)\n"
        "    if len(seen) == 5: os.kill(os.getpid(), signal.SIGKILL)\n"
        "take_in(Database(sys.argv[1]), Path(sys.argv[2]), [Path(sys.argv[3])], watcher=watch)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, portfolio.database.url, str(portfolio.home),
                             str(portfolio.folder / "transactions.csv")], check=False, cwd=Path(__file__).resolve().parents[2],
                            env={**os.environ, "PYTHONPATH": "."})
    assert killed.returncode == -signal.SIGKILL
    taken, complete = portfolio.rows("SELECT rows_taken, complete FROM source WHERE kind = 'transactions'")[0]
    posted = portfolio.rows("SELECT count(*) FROM posting")[0][0]
    assert (posted, complete) == (taken - taken // 100 - 1 if taken % 100 else taken * 99 // 100, False)
    assert 0 < taken < 3_000
    outcome = portfolio.take(portfolio.folder / "transactions.csv").files[0]
    assert counts(outcome) == (3_000, 2_970, 0, 30)
    assert portfolio.rows("SELECT count(*) FROM posting") == [(2_970,)]


def test_the_command_prints_rows_and_totals_and_ends_with_what_it_found(
    portfolio: Portfolio, cardwright: RunCardwright, home: Path
) -> None:
    portfolio.begin().write("transactions.csv", [[*TRANSACTIONS, "colour"], ["purchase", "1.50", "A1", "2024-03-03", "red"],
                                                 ["purchase", "1.00", "A7", "2024-03-03", "blue"]])
    path = portfolio.folder / "transactions.csv"
    first = cardwright("import", path, database=portfolio.database)
    assert (first.returncode, first.stderr) == (1, "")
    assert "transactions.csv            2           1             0           1" in first.stdout
    assert "columns kept aside: colour" in first.stdout
    assert "CNY purchase: read 1.50 (1), posted 1.50 (1)" in first.stdout
    assert str(home / "rejects") in first.stdout
    second = cardwright("import", path, "--json", database=portfolio.database)
    assert second.returncode == 0
    facts = json.loads(second.stdout)
    assert facts["files"][0]["state"] == "taken_before"
    assert facts["files"][0]["rows"] == {"read": 2, "posted": 0, "already_there": 1, "rejected": 1}
    assert facts["files"][0]["unknown_columns"] == ["colour"]


def test_a_large_file_is_judged_by_a_directory_loaded_once(portfolio: Portfolio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.intake.directory.LARGE_FILE", 10)
    portfolio.begin()
    start = date(2024, 3, 6)
    on = [(start + timedelta(days=place % 5)).isoformat() for place in range(50)]
    outcome = portfolio.transactions("transactions.csv", [
        ["purchase", "1.00", "A2", on[place], ""] if place % 3 else ["purchase", "1.00", "", on[place], "C1"]
        for place in range(50)
    ], [*TRANSACTIONS, "card"])
    assert counts(outcome) == (50, 50, 0, 0)
    assert portfolio.rows("SELECT account_id, count(card_id), count(*) FROM posting GROUP BY 1 ORDER BY 1") == [
        (1, 17, 17), (2, 0, 33)]
