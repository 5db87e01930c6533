"""Bad input to an import: each defect gets one clear line, good rows post all the same, and nothing is half-posted."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from accounts.database import Database
from accounts.errors import Usage
from accounts.intake import taking
from accounts.intake.taking import TakenInElsewhere
from jobs.intake import UnusableFiles
from tests.conftest import RunCardwright
from tests.integration.portfolios import ACCOUNTS, CARDS, MEMBERS, TRANSACTIONS, Portfolio, Rows, counts, rejects

COLUMNS = ["type", "amount", "account", "card", "transaction_on", "posted_on", "currency", "original_amount",
           "original_currency", "ref", "description"]
GOOD = {"type": "purchase", "amount": "12.34", "account": "A1", "transaction_on": "2024-03-11"}


@pytest.fixture
def portfolio(embedded_database: Database, tmp_path: Path) -> Portfolio:
    return Portfolio(embedded_database, tmp_path)


#: What stands where, in a book that posts on 2024-03-10; and the column and reason it is rejected for.
DEFECTS: list[tuple[dict[str, str], str, str]] = [
    ({"type": ""}, "type", "is missing"),
    ({"type": "Purchase"}, "type", "is none of adjustment_credit, adjustment_debit"),
    ({"type": "annual_fee"}, "type", "is none of"),
    ({"type": "opening_debit"}, "type", "is none of"),
    ({"type": "load"}, "type", "load is for prepaid products; classic of A1 is a credit product"),
    ({"type": "unload", "account": "A77"}, "type", "unload is for prepaid products"),
    ({"amount": ""}, "amount", "is missing"),
    ({"amount": "12.345"}, "amount", "12.345 has 3 decimals; CNY takes 2"),
    ({"amount": "1e3"}, "amount", "is written with an exponent"),
    ({"amount": "NaN"}, "amount", "is not an amount"),
    ({"amount": "-0"}, "amount", "is minus zero"),
    ({"amount": "0.00"}, "amount", "is zero"),
    ({"amount": " 12"}, "amount", "has a space at its beginning or end"),
    ({"amount": "1,000.00"}, "amount", "has thousands separators"),
    ({"amount": "١٢"}, "amount", "has digits other than 0 to 9"),
    ({"amount": "-12.34"}, "amount", "is negative; only a file named transactions.signed may have negative amounts"),
    ({"amount": "10000000000000.01"}, "amount", "is larger than any amount may be"),
    ({"amount": "99999999999999999999999999"}, "amount", "is larger than any amount may be"),
    ({"account": ""}, "account", "neither account nor card is given"),
    ({"account": "A77"}, "account", "is no account on the books"),
    ({"account": " A1"}, "account", "is no account on the books"),
    ({"account": "a1"}, "account", "is no account on the books"),
    ({"card": "C77"}, "card", "is no card on the books"),
    ({"account": "A2", "card": "C1"}, "card", "belongs to account A1, not to A2"),
    ({"transaction_on": ""}, "transaction_on", "is missing"),
    ({"transaction_on": "2024-02-30"}, "transaction_on", "is not a day of the calendar"),
    ({"transaction_on": "11.03.2024"}, "transaction_on", "is not a date"),
    ({"transaction_on": "2024-03-11T00:00:00"}, "transaction_on", "is not a date"),
    ({"transaction_on": "9999-12-31"}, "transaction_on", "lies outside"),
    ({"posted_on": "2024-03-09"}, "posted_on", "is closed; the open business day is 2024-03-10"),
    ({"posted_on": "soon"}, "posted_on", "is not a date"),
    ({"account": "A3", "transaction_on": "2024-03-12"}, "transaction_on", "lies before A3 was opened on 2024-04-01"),
    ({"account": "A3", "posted_on": "2024-03-31"}, "posted_on", "lies before A3 was opened on 2024-04-01"),
    ({"currency": "USD"}, "currency", "account A1 is kept in CNY; give the amount in CNY and this one as original_amount"),
    ({"currency": "RMB"}, "currency", "is not an ISO 4217 currency"),
    ({"original_amount": "5.00"}, "original_amount", "stands without an original_currency"),
    ({"original_amount": "5.001", "original_currency": "USD"}, "original_amount", "5.001 has 3 decimals; USD takes 2"),
    ({"original_amount": "5.5", "original_currency": "JPY"}, "original_amount", "5.5 has 1 decimal; JPY takes 0"),
    ({"original_amount": "-5.00", "original_currency": "USD"}, "original_amount", "is negative"),
    ({"ref": " R1"}, "ref", "has a space at its beginning or end"),
    ({"ref": "R" * 201}, "ref", "201 characters; at most 200 are kept"),
    ({"description": "bell\x07"}, "description", "has the control character U+0007 in it"),
]


def row(changes: dict[str, str]) -> list[str]:
    return [{**GOOD, **changes}.get(name, "") for name in COLUMNS]


def standing_at(portfolio: Portfolio) -> Portfolio:
    portfolio.begin()
    assert counts(portfolio.take(portfolio.write("accounts-2.csv", [
        ACCOUNTS[0], ["A3", "M1", "classic", "2024-04-01", "1.00"]])).files[0]) == (1, 1, 0, 0)
    portfolio.first_day(date(2024, 3, 1), date(2024, 3, 10))
    return portfolio


@pytest.mark.parametrize("good_rows", [0, 1, 50])
def test_bad_rows_are_rejected_by_line_column_and_reason_and_good_rows_post(portfolio: Portfolio, good_rows: int) -> None:
    rows: list[list[str]] = []
    for changes, _, _ in DEFECTS:
        rows += [row({})] * good_rows + [row(changes)]
    outcome = standing_at(portfolio).transactions("transactions.csv", rows, COLUMNS)
    good = good_rows * len(DEFECTS)
    assert counts(outcome) == (good + len(DEFECTS), good, 0, len(DEFECTS))
    found = {line: (column, reason) for line, column, _, reason in rejects(outcome)}
    for place, (changes, column, reason) in enumerate(DEFECTS, 1):
        line = 1 + place * (good_rows + 1)
        assert found[line][0] == column, changes
        assert found[line][1].startswith(reason), (changes, found[line])
    assert portfolio.rows("SELECT count(*), coalesce(sum(amount), 0) FROM posting") == [(good, good * 1234)]
    totals = outcome.totals.document()
    assert sum(line["read"]["rows"] for kinds in totals.values() for line in kinds.values()) == outcome.read


def test_every_bad_cell_of_a_row_is_named_and_the_row_counts_once(portfolio: Portfolio) -> None:
    outcome = standing_at(portfolio).transactions("transactions.csv", [["oops", "1e3", "A77", "never"]])
    assert counts(outcome) == (1, 0, 0, 1)
    assert [(line, column, value) for line, column, value, _ in rejects(outcome)] == [
        (2, "account", "A77"), (2, "amount", "1e3"), (2, "transaction_on", "never"), (2, "type", "oops")]


def test_rows_that_are_no_rows(portfolio: Portfolio) -> None:
    body = (",".join(TRANSACTIONS) + "\n").encode() + (
        b"purchase,1.00,A1,2024-03-11\n"
        b"purchase,1.00,A1\n"
        b"\n"
        b"purchase,1.00,A1,2024-03-11,more\n"
        b"purch\xe4se,1.00,A1,2024-03-11\n"
        b'purchase,1.00,"A1,2024-03-11\n'
        b"purchase,1.00,A\x001,2024-03-11\n"
        b"purchase,1.00,A1,2024-03-11\r\n"
        b'"purchase","1.00","A1","2024-03-11"'
    )
    path = standing_at(portfolio).write("transactions.csv", body)
    outcome = portfolio.take(path).files[0]
    assert counts(outcome) == (8, 3, 0, 5)
    assert [(line, column) for line, column, _, _ in rejects(outcome)] == [
        (3, ""), (5, ""), (6, "type"), (7, ""), (8, "account")]
    assert portfolio.rows("SELECT source_line FROM posting ORDER BY 1") == [(2,), (9,), (10,)]


ACCOUNT_DEFECTS: list[tuple[list[str], str, str]] = [
    (["", "M1", "classic", "2024-03-01", "", "", "", ""], "account", "is missing"),
    (["B1", "M7", "classic", "2024-03-01", "", "", "", ""], "member", "is no member on the books"),
    (["B1", "M1", "gold", "2024-03-01", "", "", "", ""], "product", "is no product with approved terms (there are: classic)"),
    (["B1", "M1", "classic", "2024-03-01", "-1", "", "", ""], "credit_limit", "is negative"),
    (["B1", "M1", "classic", "2024-03-01", "1.234", "", "", ""], "credit_limit", "1.234 has 3 decimals; CNY takes 2"),
    (["B1", "M1", "classic", "2024-03-01", "", "32", "", ""], "closing_day", "is not a whole number from 1 to 31"),
    (["B1", "M1", "classic", "2024-03-01", "", "", "5.00", ""], "opening_on", "is missing; an opening balance"),
    (["B1", "M1", "classic", "2024-03-12", "", "", "5.00", "2024-03-11"], "opening_on", "lies before the account was opened"),
    (["B1", "M1", "classic", "2024-02-01", "", "", "5.00", "2024-02-03"], "opening_on", "lies before the book began"),
    (["B1", "M1", "classic", "2024-02-01", "", "", "5.00", "2024-03-05"], "opening_on", "is closed; the open business day is"),
    (["B1", "M1", "classic", "2024-02-01", "", "", "0x1", "2024-03-11"], "opening_balance", "is not an amount"),
]


def test_bad_accounts(portfolio: Portfolio) -> None:
    header = ["account", "member", "product", "opened_on", "credit_limit", "closing_day", "opening_balance", "opening_on"]
    outcome = standing_at(portfolio).take(portfolio.write("accounts-3.csv", [
        header, *[cells for cells, _, _ in ACCOUNT_DEFECTS],
        ["B9", "M1", "classic", "2024-02-01", "", "", "5.00", "2024-03-11"],
    ])).files[0]
    assert counts(outcome) == (len(ACCOUNT_DEFECTS) + 1, 1, 0, len(ACCOUNT_DEFECTS))
    for (line, column, _, reason), (_, expected_column, expected) in zip(rejects(outcome), ACCOUNT_DEFECTS, strict=True):
        assert (column, reason[:len(expected)]) == (expected_column, expected), line
    before = portfolio.transactions("transactions.csv", [["purchase", "1.00", "B9", "2024-03-11"],
                                                         ["purchase", "1.00", "B9", "2024-03-12"]])
    assert rejects(before) == [
        (2, "transaction_on", "2024-03-11", "is in the opening balance of B9, which stands at the end of 2024-03-11")]


def test_accounts_need_terms_on_their_first_billable_day(portfolio: Portfolio) -> None:
    portfolio.first_day(date(2022, 6, 1))
    portfolio.write("members.csv", MEMBERS)
    outcome = portfolio.take(portfolio.write("accounts.csv", [
        ACCOUNTS[0], ["A1", "M1", "classic", "2020-01-01", "1.00"], ["A2", "M1", "classic", "2023-01-01", "1.00"]]),
        portfolio.folder / "members.csv").files[1]
    assert rejects(outcome) == [(2, "product", "classic", "has no approved terms in force on 2022-06-01, the account's first "
                                                          "billable day")]


@pytest.mark.parametrize(("name", "rows", "column", "reason"), [
    ("cards-2.csv", [CARDS[0], ["C9", "A77", "primary", "2024-03-01"]], "account", "is no account on the books"),
    ("cards-2.csv", [CARDS[0], ["C9", "A1", "virtual", "2024-03-01"]], "kind", "is none of primary, supplementary, company"),
    ("cards-2.csv", [[*CARDS[0], "replaces"], ["C9", "A1", "primary", "2024-03-01", "C8"]], "replaces", "is no card on the"),
    ("cards-2.csv", [[*CARDS[0], "replaces"], ["C9", "A2", "primary", "2024-03-01", "C1"]], "replaces", "is a card of another"),
    ("cards-2.csv", [[*CARDS[0], "replaces"], ["C9", "A1", "primary", "2024-01-01", "C1"]], "replaces", "was issued later"),
    ("cards-2.csv", [[*CARDS[0], "replaces"], ["C9", "A1", "primary", "2024-03-01", "C9"]], "replaces", "is the card itself"),
    ("cards-2.csv", [[*CARDS[0], "sub_limit"], ["C9", "A1", "primary", "2024-03-01", "1.001"]], "sub_limit", "1.001 has 3"),
    ("members-2.csv", [[*MEMBERS[0], "org_unit"], ["M9", "person", "", "B7"]], "org_unit", "is no organisation unit"),
    ("members-2.csv", [[*MEMBERS[0], "language"], ["M9", "person", "", "fr"]], "language", "is none of en, zh"),
    ("members-2.csv", [MEMBERS[0], ["M9", "robot", ""]], "kind", "is none of person, company, anonymous"),
    ("org_units.csv", [["code", "name", "kind", "parent"], ["B", "b", "branch", "X"]], "parent", "is no organisation unit"),
    ("org_units.csv", [["code", "name", "kind", "parent"], ["B", "b", "branch", "B"]], "parent", "is the unit itself"),
    ("cases.csv", [["case", "kind", "received_at"], ["K", "grumble", "2024-03-01"]], "kind", "is none of complaint, dispute"),
    ("cases.csv", [["case", "kind", "received_at"], ["K", "claim", "1 March"]], "received_at", "is not a date or a moment"),
    ("cases.csv", [["case", "kind", "received_at", "member"], ["K", "claim", "2024-03-01", "M9"]], "member", "is no member"),
    ("cases.csv", [["case", "kind", "received_at", "member", "account"], ["K", "claim", "2024-03-01", "M1", "A2"]], "account",
     "is not an account of M1"),
])
def test_other_bad_rows(portfolio: Portfolio, name: str, rows: Rows, column: str, reason: str) -> None:
    outcome = standing_at(portfolio).take(portfolio.write(name, rows)).files[0]
    assert counts(outcome) == (1, 0, 0, 1)
    [(line, found, _, why)] = rejects(outcome)
    assert (line, found) == (2, column)
    assert why.startswith(reason)


def test_units_in_a_circle_stay_out_and_those_below_them_too(portfolio: Portfolio) -> None:
    outcome = portfolio.take(portfolio.write("org_units.csv", [
        ["code", "name", "kind", "parent"], ["A", "a", "region", "B"], ["B", "b", "region", "A"], ["C", "c", "branch", "A"],
        ["D", "d", "branch", "E"], ["E", "e", "head_office", ""]])).files[0]
    assert counts(outcome) == (5, 2, 0, 3)
    assert portfolio.rows("SELECT code FROM org_unit ORDER BY code") == [("D",), ("E",)]


def test_one_unusable_file_and_none_is_taken_in(portfolio: Portfolio) -> None:
    portfolio.write("members.csv", MEMBERS)
    portfolio.write("accounts.csv", b"%PDF-1.7")
    portfolio.write("cards.csv", b"")
    with pytest.raises(UnusableFiles) as told:
        portfolio.take()
    assert [each.path.name for each in told.value.unusable] == ["accounts.csv", "cards.csv"]
    assert portfolio.rows("SELECT count(*) FROM member") == [(0,)]


def test_a_file_that_was_rejected_whole_may_come_again_when_what_it_lacked_is_there(portfolio: Portfolio) -> None:
    portfolio.write("accounts.csv", ACCOUNTS)
    portfolio.write("transactions.csv", [TRANSACTIONS, ["purchase", "1.00", "A1", "2024-03-03"]])
    assert [counts(each) for each in portfolio.take().files] == [(2, 0, 0, 2), (1, 0, 0, 1)]
    assert portfolio.take().book.first_on is None
    portfolio.write("members.csv", MEMBERS)
    again = portfolio.take()
    assert [counts(each) for each in again.files] == [(2, 2, 0, 0), (2, 2, 0, 0), (1, 1, 0, 0)]
    assert again.book.first_on == date(2024, 3, 3)
    assert [each.rejects_path for each in again.files] == [None, None, None]


def test_a_header_alone_is_a_file_without_rows(portfolio: Portfolio) -> None:
    outcome = portfolio.transactions("transactions.csv", [])
    assert counts(outcome) == (0, 0, 0, 0)
    assert dict(outcome.notices) == {"it names its columns but has no rows": 1}
    assert portfolio.take().files[0].state == "taken_before"


def test_two_intakes_of_one_file_post_it_once(portfolio: Portfolio, monkeypatch: pytest.MonkeyPatch) -> None:
    portfolio.begin().write("transactions.csv", [TRANSACTIONS, ["purchase", "1.00", "A1", "2024-03-11"]])
    real = taking._take_chunk

    def while_another_takes_it(*arguments: object) -> None:
        monkeypatch.setattr(taking, "_take_chunk", real)
        portfolio.take(portfolio.folder / "transactions.csv")
        real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(taking, "_take_chunk", while_another_takes_it)
    with pytest.raises(TakenInElsewhere):
        portfolio.take(portfolio.folder / "transactions.csv")
    assert portfolio.rows("SELECT count(*) FROM posting") == [(1,)]


def test_a_day_that_is_cut_off_meanwhile_takes_no_more_rows(portfolio: Portfolio, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows were judged by the day that was open; by the time they are written it is another."""
    portfolio.begin()
    real = taking._take_chunk

    def after_the_cut_off(*arguments: object) -> None:
        portfolio.first_day(date(2024, 3, 1), date(2024, 3, 20))
        real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(taking, "_take_chunk", after_the_cut_off)
    outcome = portfolio.transactions("transactions.csv", [
        ["purchase", "1.00", "A1", "2024-03-11", ""], ["purchase", "1.00", "A1", "2024-03-11", "2024-03-12"]],
        [*TRANSACTIONS, "posted_on"])
    assert [posted_on for *_, posted_on in portfolio.postings()] == [date(2024, 3, 20)]
    assert rejects(outcome)[0][:2] == (3, "posted_on")


def test_paths_that_make_no_sense(portfolio: Portfolio) -> None:
    for path in (portfolio.folder / "nowhere.csv", portfolio.folder, portfolio.write("ledger.csv", b"a,b\n")):
        with pytest.raises(Usage):
            portfolio.take(path)


@pytest.mark.parametrize(("name", "content", "code", "said"), [
    ("transactions.csv", b"PK\x03\x04", 1, "is named .csv but is a ZIP or XLSX file"),
    ("transactions.csv", b"", 1, "is empty"),
    ("ledger.csv", b"x", 2, "is no portfolio file by its name"),
])
def test_the_command_says_one_line_and_the_right_exit_code(
    portfolio: Portfolio, cardwright: RunCardwright, name: str, content: bytes, code: int, said: str
) -> None:
    done = cardwright("import", portfolio.write(name, content), database=portfolio.database)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert all(line.startswith("cardwright: ") for line in done.stderr.splitlines())
    assert done.stdout == ""


def test_a_home_that_cannot_be_written_to_loses_no_reject(portfolio: Portfolio, cardwright: RunCardwright) -> None:
    portfolio.begin()
    path = portfolio.write("transactions.csv", [TRANSACTIONS, ["purchase", "1.00", "A1", "2024-03-11"],
                                                ["purchase", "oops", "A1", "2024-03-11"]])
    blocked = portfolio.folder.parent / "blocked"
    blocked.write_bytes(b"a file where the home should be")
    done = cardwright("import", path, "--home", blocked, database=portfolio.database)
    assert done.returncode == 4
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert portfolio.rows("SELECT count(*) FROM posting") == [(0,)]
    assert counts(portfolio.take(path).files[0]) == (2, 1, 0, 1)


def test_a_database_that_is_down(cardwright: RunCardwright, tmp_path: Path) -> None:
    path = tmp_path / "members.csv"
    path.write_text("member,kind\nM1,person\n")
    done = cardwright("import", path, "--database-url", "postgresql://nobody@127.0.0.1:1/nothing")
    assert done.returncode == 4
    assert len(done.stderr.splitlines()) == 1
    assert "cannot be used" in done.stderr
