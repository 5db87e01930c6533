"""The schema that the migrations make is the one that the rooms' models describe, and it keeps what it promises."""

from __future__ import annotations

import importlib
from datetime import date

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData

from accounts.database import Database
from accounts.migration import REVISIONS, SCHEMA
from accounts.models import Base
from accounts.money import BY_NUMERIC
from accounts.posting_types import CHART_OF_ACCOUNTS, COUNTER, OWN_CHARGES


@pytest.fixture(scope="module")
def described() -> MetaData:
    for room in ("accounts", "fees", "billing", "counter", "service", "jobs", "web"):
        importlib.import_module(f"{room}.models")
    return Base.metadata


def test_migrated_schema_is_the_one_the_models_describe(module_database: Database, described: MetaData) -> None:
    with module_database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, described) == []


def test_this_release_knows_the_newest_revision() -> None:
    config = Config()
    config.set_main_option("script_location", "migrations")
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [SCHEMA]
    assert tuple(each.revision for each in scripts.walk_revisions())[::-1] == REVISIONS


def test_no_server_default_or_check_of_the_models_is_missing(module_database: Database, described: MetaData) -> None:
    """compare_metadata does not look at CHECK and EXCLUDE constraints."""
    named = {
        str(each.name)
        for table in described.tables.values()
        for each in table.constraints
        if type(each).__name__ in ("CheckConstraint", "ExcludeConstraint")
    }
    with module_database.connect() as connection:
        found = {name for (name,) in connection.execute("SELECT conname FROM pg_constraint WHERE contype IN ('c', 'x')")}
    naming = {f"ck_{table.name}_{each.name}" for table in described.tables.values() for each in table.constraints}
    assert {name if name in found else f"ck_{name}" for name in named} - found <= naming
    assert {name for name in found if name.startswith(("ck_", "ex_"))} <= naming | named


def test_reference_rows(module_database: Database) -> None:
    with module_database.connect() as connection:
        chart = {code: (name, kind) for code, name, kind in connection.execute("SELECT * FROM ledger_account")}
        currencies = {code: (numeric, digits) for numeric, code, digits in connection.execute("SELECT * FROM currency")}
        sources = connection.execute("SELECT source_id, kind, complete FROM source").fetchall()
        book = connection.execute("SELECT * FROM book").fetchall()
    assert chart == CHART_OF_ACCOUNTS
    assert currencies == {each.code: (each.numeric, each.digits) for each in BY_NUMERIC.values()}
    assert [currencies[code] for code in ("CNY", "JPY", "KWD", "TWD")] == [(156, 2), (392, 0), (414, 3), (901, 2)]
    assert sorted(sources) == [(COUNTER, "counter", True), (OWN_CHARGES, "charges", True)]
    assert book == [(1, None, None, None)]


def put_one_posting(database: Database) -> None:
    with database.connect() as connection:
        connection.execute("INSERT INTO member (member_id, member, kind) VALUES (1, 'M1', 'person')")
        connection.execute(
            "INSERT INTO card_account VALUES (1, 1, 'A1', 'classic', 156, %(on)s, 100, 5, %(on)s, false, NULL, 'open', NULL)",
            {"on": date(2026, 1, 5)},
        )
        connection.execute(
            "INSERT INTO posting (member_id, account_id, posted_on, source_id, source_line, type, debit_account,"
            " credit_account, currency, amount, effective_on, transaction_on)"
            " VALUES (1, 1, %(on)s, 1, 1, 10, 100, 210, 156, 1740, %(on)s, %(on)s)",
            {"on": date(2026, 1, 5)},
        )


@pytest.mark.parametrize("table", ["posting", "statement"])
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET member_id = member_id", "DELETE FROM {}", "TRUNCATE {} CASCADE", "DROP TABLE {} CASCADE"]
)
def test_the_application_may_not_change_what_is_posted(module_database: Database, table: str, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), module_database.connect() as connection:
        connection.execute(statement.format(table).encode())


@pytest.mark.parametrize("statement", ["UPDATE posting SET amount = 1", "DELETE FROM posting", "TRUNCATE posting CASCADE"])
def test_even_the_owner_may_not_change_what_is_posted(database: Database, statement: str) -> None:
    put_one_posting(database)
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="posting is append-only"),
        psycopg.connect(database.url) as owner,
    ):
        owner.execute(statement.encode())


@pytest.mark.parametrize(
    ("change", "refused_by"),
    [
        ("amount = 0", "ck_posting_amount_positive"),
        ("amount = -1", "ck_posting_amount_positive"),
        ("credit_account = 100", "ck_posting_two_sides"),
        ("effective_on = '2026-01-06'", "ck_posting_effective_not_ahead"),
        ("member_id = 2", "fk_posting_member_id_account_id"),
        ("source_id = 7", "fk_posting_source_id"),
        ("type = type", "pk_posting"),
    ],
)
def test_a_posting_that_cannot_be_is_refused(database: Database, change: str, refused_by: str) -> None:
    put_one_posting(database)
    column, _, value = change.partition(" = ")
    chosen = ", ".join(value if name == column else name for name in database_columns(database, "posting"))
    with pytest.raises(psycopg.errors.IntegrityError, match=refused_by), database.connect() as connection:
        connection.execute(f"INSERT INTO posting SELECT {chosen} FROM posting".encode())  # noqa: S608


@pytest.mark.parametrize("statement", [
    "DELETE FROM card_account", "TRUNCATE card_account CASCADE", "UPDATE card_account SET account_id = 2",
    "UPDATE card_account SET member_id = 2", "DELETE FROM source", "TRUNCATE source CASCADE", "UPDATE source SET source_id = 2",
])
def test_what_postings_name_stays_for_the_owner_too(database: Database, statement: str) -> None:
    """Postings and statements have no foreign keys on accounts and sources, because these can never go away."""
    put_one_posting(database)
    with (
        pytest.raises(psycopg.errors.ForeignKeyViolation, match="stay and keep their key"),
        psycopg.connect(database.url) as owner,
    ):
        owner.execute(statement.encode())


def test_a_statement_of_no_account_is_refused(database: Database) -> None:
    columns = database_columns(database, "statement")
    values = ", ".join({"bytea": "''::bytea", "date": "'2026-01-05'", "timestamp with time zone": "now()"}.get(kind, "'1'")
                       for kind in columns.values())
    with pytest.raises(psycopg.errors.ForeignKeyViolation, match="fk_statement_member_id"), database.connect() as connection:
        connection.execute(f"INSERT INTO statement ({', '.join(columns)}) VALUES ({values})".encode())  # noqa: S608


def database_columns(database: Database, table: str) -> dict[str, str]:
    """The columns of a table and their types."""
    with database.connect() as connection:
        return dict(connection.execute("SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s"
                                       " ORDER BY ordinal_position", (table,)).fetchall())


def test_nothing_is_posted_into_a_closed_day(database: Database) -> None:
    put_one_posting(database)
    with database.connect() as connection:
        connection.execute("UPDATE book SET closed_through = '2026-01-04'")
    again = "INSERT INTO posting SELECT (posting).* FROM (SELECT posting FROM posting) AS one ON CONFLICT DO NOTHING"
    later = """INSERT INTO posting (member_id, account_id, posted_on, source_id, source_line, type, debit_account,
               credit_account, currency, amount, effective_on, transaction_on)
               SELECT 1, 1, '2026-01-05', 1, 2, 10, 100, 210, 156, 1, '2026-01-01', '2026-01-01'"""
    with database.connect() as connection:
        connection.execute(later)
        connection.execute("UPDATE book SET closed_through = '2026-01-05'")
        connection.execute(again)
    with (
        pytest.raises(psycopg.errors.CheckViolation, match="2026-01-05, and the book is closed through 2026-01-05"),
        database.connect() as connection,
    ):
        connection.execute(later.replace("1, 2, 10", "1, 3, 10").encode())


def test_approved_versions_of_terms_cannot_overlap(database: Database) -> None:
    def approve(version: int, in_force: str) -> None:
        with database.connect() as connection:
            connection.execute(
                "INSERT INTO terms_version (terms_version_id, product, in_force_from, in_force, document, sha256, status,"
                " proposed_by, approved_by) VALUES (%s, 'classic', '2026-01-01', %s, '{}', '', 'approved', 'a', 'b')",
                (version, in_force),
            )

    approve(1, "[2026-01-01,2026-07-01)")
    approve(2, "[2026-07-01,)")
    with pytest.raises(psycopg.errors.ExclusionViolation):
        approve(3, "[2026-06-30,2026-07-01)")


def test_the_application_has_its_queue_and_may_not_make_tables(module_database: Database) -> None:
    with module_database.connect() as connection:
        assert connection.execute("SELECT count(*) FROM dramatiq.queue").fetchone() == (0,)
    with pytest.raises(psycopg.errors.InsufficientPrivilege), module_database.connect() as connection:
        connection.execute("CREATE TABLE public.mine (a int)")
