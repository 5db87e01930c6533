"""The whole chain against figures that others published: every closing of 20,000 accounts, every total of 22 months.

Real import, real business days on worker processes; exact to the last minor unit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from accounts.database import Database
from accounts.settings import Settings
from fees.schedule import SCHEDULES, approve, propose
from fees.terms import Terms
from jobs.intake import take_in
from jobs.running import run_until
from jobs.steps import steps_of_the_day
from samples import purchase_cards, taiwan
from samples.agreement import (
    closings_agree_with_published_balances,
    control_totals,
    turnover_agrees_with_control_totals,
    turnover_with_payments_put_back,
)
from samples.sample_files import TAIWAN_ACCOUNTS, read_sample
from statements.verify import scope_of, verify
from tests.conftest import TestServer, temporary_home


@contextmanager
def billed_book(server: TestServer, product: str, write_portfolio: Callable[[Path], object], until: date) -> Iterator[Database]:
    """A book of its own with a sample taken in on a product and run to a day."""
    with server.fresh_database() as database, temporary_home() as home:
        with database.connect() as connection:
            propose(connection, Terms.from_toml((SCHEDULES / f"{product}.toml").read_text("utf-8")), "maker")
            approve(connection, product, "checker")
        write_portfolio(home / "portfolio")
        imported = take_in(database, home, [home / "portfolio"])
        assert [each.file.name for each in imported.files if each.rejected] == []
        result = run_until(Settings(home=home, database_url=database.url), until, steps_of_the_day(), workers=2)
        assert not result.parked
        yield database


@pytest.fixture(scope="module")
def taiwan_book(embedded_test_server: TestServer) -> Iterator[Database]:
    """All 20,000 accounts on the product with every rate and fee at zero, May to September 2005."""
    with billed_book(embedded_test_server, "taiwan-zero",
                     lambda directory: taiwan.write_portfolio(directory, product="taiwan-zero"), taiwan.CLOSINGS[-1]) as book:
        yield book


@pytest.fixture(scope="module")
def purchase_card_book(embedded_test_server: TestServer) -> Iterator[Database]:
    """All 1,242 purchase cards, April 2014 to March 2016."""
    with billed_book(embedded_test_server, purchase_cards.PRODUCT, purchase_cards.write_portfolio,
                     purchase_cards.LAST_CLOSING) as book:
        yield book


def test_each_of_100_000_closings_is_exactly_what_the_bank_billed(taiwan_book: Database) -> None:
    with taiwan_book.connect() as connection:
        agreement = closings_agree_with_published_balances(connection)
    assert (agreement.met, agreement.of, agreement.first_wrong) == (100_000, 100_000, None)


def test_nothing_was_charged_at_rates_and_fees_of_zero(taiwan_book: Database) -> None:
    with taiwan_book.connect() as connection:
        charged = connection.execute("SELECT sum(fees), sum(interest), sum(waivers), count(*) FROM statement").fetchone()
        own = connection.execute("SELECT count(*) FROM posting WHERE source_id = 1 AND type > 2").fetchone()
    assert charged == (0, 0, 0, 120_000)
    assert own == (0,)


def test_credit_balances_and_balances_over_the_limit_are_kept_as_they_are(taiwan_book: Database) -> None:
    """They are real: hundreds of accounts a month stand in credit, more than a thousand over their limit."""
    published = read_sample(TAIWAN_ACCOUNTS)
    billed, limit = published["BILL_AMT1"].astype("int64"), published["LIMIT_BAL"].astype("int64")
    with taiwan_book.connect() as connection:
        found = connection.execute(
            "SELECT count(*) FILTER (WHERE new_balance < 0), count(*) FILTER (WHERE over_limit > 0) FROM statement"
            " WHERE closes_on = %s", (taiwan.CLOSINGS[-1],)).fetchone()
    assert found == ((billed < 0).sum(), (billed > limit).sum()) == (388, 1_412)


def test_every_publication_month_of_the_purchase_cards_has_its_published_totals(purchase_card_book: Database) -> None:
    """`report turnover --by cycle` with the payment put back: rows, debits, credits, net and cards of 22 months."""
    with purchase_card_book.connect() as connection:
        assert turnover_with_payments_put_back(connection) == control_totals()
    with purchase_card_book.connect() as connection:
        agreement = turnover_agrees_with_control_totals(connection)
    assert (agreement.met, agreement.of, agreement.first_wrong) == (22, 22, None)


def test_all_purchase_card_rows_are_posted_and_every_cycle_is_closed(purchase_card_book: Database) -> None:
    """Rows that repeat an earlier one are genuine and post; months that were never published close without a line."""
    with purchase_card_book.connect() as connection:
        postings = connection.execute("SELECT count(*) FROM posting WHERE source_id > 1").fetchone()
        statements = connection.execute(
            "SELECT count(*), count(DISTINCT closes_on) FROM statement WHERE cycle_no > 0").fetchone()
        owed = connection.execute("SELECT sum(new_balance) FROM statement WHERE closes_on = %s",
                                  (purchase_cards.LAST_CLOSING,)).fetchone()
    assert postings == (87_905,)
    assert statements == (29_808, 24)
    assert owed == (1_369_122_902,)


@pytest.mark.parametrize("name", ["taiwan_book", "purchase_card_book"])
def test_the_books_hold_every_check(name: str, request: pytest.FixtureRequest) -> None:
    book: Database = request.getfixturevalue(name)
    with book.connect() as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        outcomes = verify(connection, scope_of(connection))
    assert [(each.check.name, each.first_bad) for each in outcomes if not each.holds] == []


def test_a_wrong_closing_is_found(taiwan_book: Database) -> None:
    """The comparison itself can fail: held against the first thousand accounts only, the others are too many."""
    with taiwan_book.connect() as connection:
        agreement = closings_agree_with_published_balances(connection, accounts=1_000)
    assert not agreement.holds
    assert agreement.of == 5_000
    assert agreement.first_wrong is not None
