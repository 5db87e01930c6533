"""Books that hold verify in silence; whatever is changed behind the ledger's back is named by the right check."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import psycopg
import pytest

from accounts.database import Database
from accounts.directory import UnknownAccount
from accounts.errors import Usage
from accounts.posting_types import PURCHASE
from jobs.business_day import advance
from jobs.steps import steps_of_the_day
from statements.reperformance import reperform_account
from statements.seal import seal_statement
from statements.verify import CHECKS, scope_of, verify
from statements.verify_reperform import Reperformed, statements_reperform
from tests import small_book
from tests.integration.test_verify_prepaid import CORRUPTIONS as PREPAID_CORRUPTIONS

UNTIL = date(2024, 6, 10)


@pytest.fixture(scope="module")
def book(module_database: Database) -> Database:
    """A quarter of a small book, its days closed."""
    with psycopg.connect(module_database.url) as connection:
        small_book.build(connection, second_currency=True)
        small_book.run_days(connection, UNTIL)
    return module_database


@pytest.fixture
def owner(book: Database) -> Iterator[psycopg.Connection[Any]]:
    """A connection of the tables' owner, no trigger in the way; what it does is undone."""
    with psycopg.connect(book.url) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection
        connection.rollback()


def bad(connection: psycopg.Connection[Any], **asked: Any) -> dict[str, str]:
    """The checks that do not hold, and what each names."""
    outcomes = verify(connection, scope_of(connection, **asked))
    return {each.check.name: each.first_bad for each in outcomes if each.first_bad is not None}


def test_a_good_book_verifies_in_silence(book: Database) -> None:
    with book.connect() as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        assert connection.execute("SELECT count(*) > 100 FROM statement WHERE cycle_no > 0").fetchone() == (True,)
        assert bad(connection) == {}


@pytest.mark.parametrize("asked", [
    {"account": "A3"}, {"account": "a_7", "closes_on": date(2024, 5, 20)}, {"closes_on": date(2024, 5, 5)}, {"sample": 3},
])
def test_a_part_of_a_good_book_verifies_too(book: Database, asked: dict[str, Any]) -> None:
    with book.connect() as connection:
        if "account" in asked and "closes_on" in asked:
            asked = {**asked, "closes_on": connection.execute(
                "SELECT max(closes_on) FROM statement JOIN card_account USING (member_id, account_id) WHERE account = %s",
                (asked["account"],)).fetchone()[0]}
        assert bad(connection, **asked) == {}


def test_a_scope_that_holds_nothing_is_refused(book: Database) -> None:
    with book.connect() as connection:
        with pytest.raises(UnknownAccount):
            scope_of(connection, account="nobody")
        with pytest.raises(Usage, match="no statement closed on 2024-05-06"):
            scope_of(connection, closes_on=date(2024, 5, 6))
        with pytest.raises(Usage, match="--sample 0"):
            scope_of(connection, sample=0)


#: A purchase in the middle of a closed cycle of account 4, and how a row of the ledger is pointed at.
A_PURCHASE = """
    (member_id, account_id, posted_on, source_id, source_line, type) = (
        SELECT p.member_id, p.account_id, p.posted_on, p.source_id, p.source_line, p.type FROM posting p
        JOIN statement s ON s.member_id = p.member_id AND s.account_id = p.account_id AND s.cycle_no = 2
            AND p.posted_on BETWEEN s.opens_on + 1 AND s.closes_on - 1
        WHERE p.type = 10 AND p.member_id BETWEEN 2 AND 40 ORDER BY p.member_id, p.posted_on, p.source_line LIMIT 1)
"""
STATEMENT_2 = "member_id = 4 AND account_id = 4 AND cycle_no = 2"



def execute(connection: psycopg.Connection[Any], change: str) -> None:
    """One of the changes below; A_PURCHASE and STATEMENT_2 stand for what they name above."""
    connection.execute(change.replace("A_PURCHASE", A_PURCHASE).replace("STATEMENT_2", STATEMENT_2))


CORRUPTIONS: list[tuple[str, str, set[str]]] = [
    ("an amount one cent higher", "UPDATE posting SET amount = amount + 1 WHERE A_PURCHASE",
     {"guarded_balances_equal_postings", "subledger_equals_ledger", "statement_lines_match_figures", "statements_seal",
      "statements_rederive", "day_totals", "day_facts"}),
    ("a posting gone", "DELETE FROM posting WHERE A_PURCHASE",
     {"day_facts", "guarded_balances_equal_postings", "statement_lines_match_figures", "statements_seal", "day_totals"}),
    ("a posting twice",
     "INSERT INTO posting SELECT member_id, account_id, posted_on, source_id, source_line + 500, type, debit_account, "
     "credit_account, currency, amount, effective_on, transaction_on, recorded_at, card_id FROM posting "
     "WHERE A_PURCHASE", {"guarded_balances_equal_postings", "statement_lines_match_figures", "day_totals"}),
    ("a posting moved by a day inside its cycle",
     "UPDATE posting SET posted_on = posted_on + 1 WHERE A_PURCHASE", {"statements_seal", "day_totals"}),
    ("a posting moved to the next cycle",
     "UPDATE posting SET posted_on = posted_on + 31 WHERE A_PURCHASE", {"statement_lines_match_figures", "day_totals"}),
    ("interest counted from another day",
     "UPDATE posting SET effective_on = effective_on - 9 WHERE A_PURCHASE", {"statements_seal"}),
    ("sides turned round", "UPDATE posting SET debit_account = credit_account, credit_account = debit_account "
     "WHERE A_PURCHASE", {"postings_match_their_type", "guarded_balances_equal_postings", "statements_seal"}),
    ("a line that is not in the chart", "UPDATE posting SET credit_account = 999 WHERE A_PURCHASE",
     {"trial_balance_zero", "postings_match_their_type"}),
    ("an unknown currency", "UPDATE posting SET currency = 1 WHERE A_PURCHASE",
     {"trial_balance_zero", "postings_match_their_type"}),
    ("the currency of another account", "UPDATE posting SET currency = 826 WHERE A_PURCHASE",
     {"postings_match_their_type", "day_totals"}),
    ("one guarded balance of", "UPDATE guarded_balance SET balance = balance + 1 WHERE account_id = 4",
     {"guarded_balances_equal_postings", "subledger_equals_ledger"}),
    ("a guarded balance gone", "DELETE FROM guarded_balance WHERE account_id = 4", {"guarded_balances_equal_postings"}),
    ("a new balance", "UPDATE statement SET new_balance = new_balance + 1 WHERE STATEMENT_2",
     {"statements_identity", "statements_roll_forward", "statements_seal", "statements_rederive"}),
    ("a figure, and the new balance with it",
     "UPDATE statement SET purchases = purchases + 1, new_balance = new_balance + 1 WHERE STATEMENT_2",
     {"statement_lines_match_figures", "statements_roll_forward", "statements_seal", "statements_rederive"}),
    ("a seal", "UPDATE statement SET sha256 = decode(repeat('ab', 32), 'hex') WHERE STATEMENT_2",
     {"statements_seal", "statements_chain", "statements_rederive"}),
    ("a chain", "UPDATE statement SET previous_sha256 = decode(repeat('00', 32), 'hex') WHERE STATEMENT_2",
     {"statements_chain", "statements_seal", "statements_rederive"}),
    ("the latest statement gone",
     "DELETE FROM statement s WHERE account_id = 4 AND cycle_no = (SELECT max(cycle_no) FROM statement WHERE account_id = 4)",
     {"due_accounts_closed", "day_totals"}),
    ("a statement gone from the middle", "DELETE FROM statement WHERE STATEMENT_2",
     {"statements_roll_forward", "every_posting_on_one_statement", "statements_chain", "day_totals"}),
    ("days on two statements", "UPDATE statement SET opens_on = opens_on - 2 WHERE STATEMENT_2",
     {"statements_roll_forward", "every_posting_on_one_statement", "statements_seal"}),
    ("a limit", "UPDATE statement SET credit_limit = credit_limit + 1 WHERE STATEMENT_2",
     {"statements_seal", "statements_rederive"}),
    ("an opening balance", "UPDATE posting SET amount = amount - 1 WHERE type = 1",
     {"opening_balances_equal_postings", "guarded_balances_equal_postings"}),
    ("the totals of a day", "UPDATE business_day SET totals = jsonb_set(totals, '{debits,CNY}', '\"1.00\"') "
     "WHERE business_on = (SELECT max(posted_on) FROM posting WHERE type = 10 AND posted_on < '2024-06-01')", {"day_totals"}),
    ("a fact of a day", "UPDATE posting_fact SET amount = amount + 1 WHERE business_on = '2024-05-05' AND grain = 5",
     {"day_facts"}),
    ("a fact of a day gone", "DELETE FROM posting_fact WHERE business_on = '2024-05-05' AND type = 10 AND grain = 2",
     {"day_facts"}),
    ("a card not used that day", "UPDATE card_use SET cards = cards || '\\x00000001' WHERE business_on = '2024-05-05'",
     {"day_facts"}),
    ("a fact of a month", "UPDATE month_fact SET postings = postings + 1 WHERE business_on = '2024-04-30' AND grain = 3",
     {"day_facts"}),
    ("a fact of a month that is not closed", "INSERT INTO month_fact (business_on, grain, currency, type, postings, amount) "
     "VALUES ('2024-06-30', 3, 156, 10, 1, 100)", {"day_facts"}),
    ("a set of a day's cards", "UPDATE card_set SET cards = cards || '\\x01' WHERE business_on = '2024-05-05' AND grain = 2",
     {"day_facts"}),
    ("a set of a month's cards gone", "DELETE FROM card_set WHERE business_on = '2024-04-30' AND grain = 6", {"day_facts"}),
    ("a set of a day that had no cards", "INSERT INTO card_set (business_on, grain, cards) VALUES ('2024-02-05', 1, '\\x0201')",
     {"day_facts"}),
    ("another card used", "UPDATE posting SET card_id = card_id + 1 WHERE A_PURCHASE", {"day_facts"}),
    ("a charge without terms", "UPDATE posting SET terms_version_id = NULL WHERE type = 53", {"charges_have_terms"}),
    ("a charge by another clause", "UPDATE posting SET clause = '§9' WHERE type = 40", {"charges_have_terms"}),
    ("terms that were never approved", "UPDATE terms_version SET status = 'proposed' WHERE product = 'abroad'",
     {"charges_have_terms"}),
    ("terms not yet in force", "UPDATE terms_version SET in_force = daterange('2024-05-01', NULL) WHERE product = 'classic'",
     {"charges_have_terms"}),
    ("terms without a second person", "UPDATE terms_version SET approved_by = NULL WHERE product = 'abroad'",
     {"terms_do_not_overlap"}),
    ("two versions at a time",
     "ALTER TABLE terms_version DROP CONSTRAINT ex_terms_version_in_force; "
     "INSERT INTO terms_version (terms_version_id, product, in_force_from, in_force, document, sha256, status, proposed_by, "
     "approved_by) SELECT 9, product, '2024-04-01', daterange('2024-04-01', NULL), document, sha256, status, proposed_by, "
     "approved_by FROM terms_version "
     "WHERE product = 'classic'", {"terms_do_not_overlap"}),
]


@pytest.mark.parametrize(("change", "checks"), [each[1:] for each in CORRUPTIONS], ids=[each[0] for each in CORRUPTIONS])
def test_what_is_changed_behind_the_ledgers_back_is_named(
    owner: psycopg.Connection[Any], change: str, checks: set[str]
) -> None:
    execute(owner, change)
    found = bad(owner)
    assert checks <= found.keys()
    assert all(found[name] for name in checks)


def test_a_row_slipped_into_a_closed_day_is_named(owner: psycopg.Connection[Any]) -> None:
    small_book.insert(owner, "posting", [small_book.posting(4, 77, "purchase", 100, date(2024, 5, 2))])
    found = bad(owner)
    assert {"closed_days_have_no_late_rows", "day_totals"} <= found.keys()
    assert found["closed_days_have_no_late_rows"].startswith("account A4: the row of 2024-05-02, source 2 line 77, was")
    assert found["guarded_balances_equal_postings"].startswith("account A4: guarded balance")


def test_a_posting_before_the_first_statement_is_named(owner: psycopg.Connection[Any]) -> None:
    small_book.insert(owner, "posting", [small_book.posting(1, 78, "purchase", 100, date(2024, 2, 28))])
    assert bad(owner)["every_posting_on_one_statement"] == (
        f"account A1: the posting of 2024-02-28, source 2 line 78, type {PURCHASE.code}, is on no statement")


def test_two_balances_off_by_opposite_amounts_are_named_though_they_add_up(owner: psycopg.Connection[Any]) -> None:
    owner.execute("UPDATE guarded_balance SET balance = balance + CASE account_id WHEN 4 THEN 5 ELSE -5 END "
                  "WHERE account_id IN (4, 5)")
    assert bad(owner).keys() == {"guarded_balances_equal_postings"}


def test_a_forger_who_seals_again_is_named_by_deriving_again(owner: psycopg.Connection[Any]) -> None:
    """Minimum payment lowered on the latest statement, the seal taken again from the forged figures: nothing else can tell."""
    with owner.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        row = cursor.execute(
            "UPDATE statement SET minimum_payment_due = minimum_payment_due - 1 WHERE account_id = 4 AND cycle_no = "
            "(SELECT max(cycle_no) FROM statement WHERE account_id = 4) RETURNING *").fetchone()
        assert row is not None
        lines = cursor.execute("SELECT * FROM posting WHERE account_id = 4 AND posted_on BETWEEN %s AND %s",
                               (row["opens_on"], row["closes_on"])).fetchall()
    owner.execute("UPDATE statement SET sha256 = %s WHERE account_id = 4 AND cycle_no = %s",
                  (seal_statement(row, lines), row["cycle_no"]))
    found = bad(owner)
    assert found.keys() == {"statements_rederive"}
    assert found["statements_rederive"] == (
        f"account A4, statement of {row['closes_on']}: minimum_payment_due {row['minimum_payment_due']} is stored, "
        f"{row['minimum_payment_due'] + 1} is derived again")


@pytest.mark.parametrize("asked", [{}, {"account": "A4"}, {"sample": 45}])
def test_a_broken_figure_is_found_in_every_scope_that_holds_it(owner: psycopg.Connection[Any], asked: dict[str, Any]) -> None:
    execute(owner, "UPDATE statement SET credit_limit = 1 WHERE STATEMENT_2")
    assert {"statements_seal", "statements_rederive"} <= bad(owner, **asked).keys()


def test_other_accounts_and_closings_do_not_speak_of_it(owner: psycopg.Connection[Any]) -> None:
    execute(owner, "UPDATE statement SET credit_limit = 1 WHERE STATEMENT_2")
    assert bad(owner, account="A5") == {}
    later = owner.execute("SELECT closes_on FROM statement WHERE account_id = 4 AND cycle_no = 3").fetchone()
    assert later is not None
    assert "statements_seal" not in bad(owner, closes_on=later[0])


def test_every_check_was_seen_to_fail() -> None:
    """A check that no change of the books makes fail proves nothing."""
    seen = {name for _, _, checks in CORRUPTIONS for name in checks} | {"closed_days_have_no_late_rows"}
    seen |= {name for _, checks in PREPAID_CORRUPTIONS for name in checks}
    assert {each.name for each in CHECKS} == seen


def test_a_day_in_hand_verifies(embedded_database: Database) -> None:
    """Opened, one step done, the others waiting: guarded balances hold what was let in so far."""
    with psycopg.connect(embedded_database.url) as connection:
        small_book.build(connection, accounts=12)
        small_book.run_days(connection, date(2024, 4, 20))
        steps = steps_of_the_day()
        came_to = advance(connection, date(2024, 4, 30), steps)
        assert came_to.opened is not None
        assert bad(connection) == {}
        next(each for each in steps if each.name == "post").run(connection, came_to.opened, 1, 10_000, ())
        connection.execute("UPDATE day_step SET state = 'done' WHERE business_on = %s AND step = 10", (came_to.opened,))
        assert bad(connection) == {}


def test_a_parked_account_is_no_finding(embedded_database: Database) -> None:
    with psycopg.connect(embedded_database.url) as connection:
        small_book.build(connection, accounts=12)
        small_book.run_days(connection, date(2024, 5, 31))
        connection.execute("SET session_replication_role = replica")
        connection.execute("DELETE FROM statement WHERE account_id = 4 AND closes_on = '2024-05-05'")
        assert "due_accounts_closed" in bad(connection)
        small_book.insert(connection, "parked_account", [{
            "member_id": 4, "account_id": 4, "parked_on": date(2024, 5, 5), "step": "2024-05-05/close/0", "reason": "a test"}])
        assert "due_accounts_closed" not in bad(connection)


def test_an_empty_book_verifies(embedded_database: Database) -> None:
    with embedded_database.connect() as connection:
        assert bad(connection) == {}


def test_the_command_is_silent_or_names_what_is_bad(embedded_database: Database, cardwright: Callable[..., Any]) -> None:
    with psycopg.connect(embedded_database.url) as connection:
        small_book.build(connection, accounts=6)
        small_book.run_days(connection, date(2024, 4, 30))
    good = cardwright("verify", database=embedded_database)
    assert (good.returncode, good.stdout, good.stderr) == (0, "", "")
    facts = json.loads(cardwright("verify", "--json", database=embedded_database).stdout)
    assert facts["ok"]
    assert [each["name"] for each in facts["checks"]] == [each.name for each in CHECKS]

    with psycopg.connect(embedded_database.url) as connection:
        connection.execute("UPDATE guarded_balance SET balance = 0 WHERE account_id = 4")
    broken = cardwright("verify", "--account", "A4", database=embedded_database)
    assert broken.returncode == 1
    assert broken.stdout.startswith("guarded_balances_equal_postings: account A4: guarded balance 0.00 CNY, postings come to")
    assert "1 of" in broken.stderr
    assert "Traceback" not in broken.stderr
    assert cardwright("verify", "--account", "nobody", database=embedded_database).returncode == 2


def test_the_second_engine_bills_the_same_and_names_the_first_figure_that_differs(
    embedded_database: Database, cardwright: Callable[..., Any]
) -> None:
    with psycopg.connect(embedded_database.url) as connection:
        small_book.build(connection, accounts=12)
        small_book.run_days(connection, date(2024, 6, 30))
        for member_id, account_id in connection.execute("SELECT member_id, account_id FROM card_account").fetchall():
            assert reperform_account(connection, member_id, account_id), "every account of this book is covered"
    good = cardwright("verify", "--reperform", "--sample", "12", database=embedded_database)
    assert (good.returncode, good.stdout) == (0, "")
    assert json.loads(cardwright("verify", "--reperform", "--sample", "5", "--json", database=embedded_database).stdout)[
        "reperformed"] == {"accounts": 5, "left_out": 0, "reasons": {}}

    with psycopg.connect(embedded_database.url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE statement SET minimum_payment_due = minimum_payment_due + 1"
                           " WHERE account_id = 4 AND closes_on = '2024-05-05'")
    broken = cardwright("verify", "--reperform", "--account", "A4", database=embedded_database)
    assert broken.returncode == 1
    assert "statements_reperform: account A4, statement of 2024-05-05: minimum_payment_due is" in broken.stdout


def test_accounts_that_the_second_engine_leaves_out_are_counted_by_reason(owner: psycopg.Connection[Any]) -> None:
    """Two accounts whose credit limit changed, one of which is corrected too: each reason is counted."""
    issued = owner.execute("SELECT count(DISTINCT account_id) FROM statement WHERE cycle_no > 0").fetchone()
    assert issued is not None
    owner.execute("UPDATE statement SET credit_limit = credit_limit + 1 WHERE account_id IN (3, 4) AND cycle_no = 1")
    owner.execute("UPDATE posting SET type = 140 WHERE (account_id, source_id, source_line) IN (SELECT account_id, source_id,"
                  " source_line FROM posting WHERE account_id = 4 AND type = 10 LIMIT 1)")
    found = Reperformed()
    verify(owner, scope_of(owner), [statements_reperform(found)])
    assert (found.billed, found.left_out) == (issued[0] - 2, 2)
    assert found.reasons == {"a credit limit that changed": 2, "postings of type purchase_interest_correction": 1}
    assert found.in_words() == (
        f"statements_reperform: 2 of {issued[0]} accounts left out, which the second engine does not bill "
        "(a credit limit that changed: 2, postings of type purchase_interest_correction: 1)")
