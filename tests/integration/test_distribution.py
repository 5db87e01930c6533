"""The schema and the business day are ready for a Citus cluster, proved on one plain server: every key of a member's data has
the member in it, and so has every query that is asked by shard or by account.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts.database import Database
from accounts.distribution import BY_MEMBER, EVERYWHERE, ON_THE_FIRST, statements
from tests import recorded_sql
from tests.conftest import TestServer
from tests.real_books import books_at, take_in

ACCOUNTS, SHARD_MEMBERS = 60, 20
HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "scale-out.md"

#: Unique indexes, primary keys among them, with their columns.
_UNIQUE = """
SELECT c.relname, i.indexrelid::regclass::text, array_agg(a.attname::text)
FROM pg_index i
JOIN pg_class c ON c.oid = i.indrelid AND c.relnamespace = 'public'::regnamespace
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
WHERE i.indisunique OR i.indisexclusion GROUP BY 1, 2 ORDER BY 1, 2
"""
#: Foreign keys: of which table, to which, and which column stands for which.
_FOREIGN = """
SELECT c.conrelid::regclass::text, c.confrelid::regclass::text, c.conname,
       array_agg(own.attname || ' -> ' || other.attname)
FROM pg_constraint c
CROSS JOIN LATERAL unnest(c.conkey, c.confkey) AS k(own, other)
JOIN pg_attribute own ON own.attrelid = c.conrelid AND own.attnum = k.own
JOIN pg_attribute other ON other.attrelid = c.confrelid AND other.attnum = k.other
WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace GROUP BY 1, 2, 3 ORDER BY 1, 3
"""


def test_every_table_has_its_place(embedded_module_database: Database) -> None:
    with embedded_module_database.connect() as connection:
        tables = [name for (name,) in connection.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace")]
    assert sorted(tables) == sorted([*BY_MEMBER, *EVERYWHERE, *ON_THE_FIRST])


def test_every_key_of_a_members_data_has_the_member(embedded_module_database: Database) -> None:
    with embedded_module_database.connect() as connection:
        unique = [(table, columns) for table, _, columns in connection.execute(_UNIQUE) if table in BY_MEMBER]
    assert {table for table, _ in unique} == set(BY_MEMBER), "a table has no key"
    assert [key for key in unique if "member_id" not in key[1]] == []


def test_foreign_keys_stay_with_the_member_or_lead_to_what_is_everywhere(embedded_module_database: Database) -> None:
    with embedded_module_database.connect() as connection:
        foreign = connection.execute(_FOREIGN).fetchall()
    wrong = [
        name for table, other, name, columns in foreign
        if not (other in EVERYWHERE or (table in ON_THE_FIRST and other in ON_THE_FIRST)
                or (table in BY_MEMBER and other in BY_MEMBER and "member_id -> member_id" in columns))
        or (table in EVERYWHERE and other not in EVERYWHERE)
    ]
    assert len(foreign) > 10
    assert wrong == []


def test_those_that_are_referred_to_come_first(embedded_module_database: Database) -> None:
    with embedded_module_database.connect() as connection:
        places = {table: place for place, table in enumerate(BY_MEMBER)}
        assert all(places[other] < places[table] for table, other, *_ in connection.execute(_FOREIGN)
                   if table in places and other in places)


def test_the_how_to_shows_the_statements() -> None:
    assert statements() in HOW_TO.read_text(encoding="utf-8")


#: Asked of all members at once, and why that is meant. A cluster asks all its servers together and adds up their answers.
OF_ALL_MEMBERS = {
    r"SELECT DISTINCT \(\(member_id - 1\) / \d+\)::int AS shard FROM": "which shards have work: once a day and step",
    r"SELECT currency, count\(\*\), .* FROM posting WHERE posted_on = ": "a day's totals: once a day",
    r"SELECT count\(\*\) FROM statement WHERE closes_on = ": "a day's totals: once a day",
    r"INSERT INTO card_use .* FROM posting WHERE posted_on BETWEEN ": "the cards used on a day: once a day",
    r"SELECT EXISTS \(SELECT 1 FROM parked_account": "a day's totals: once a day",
    r"SELECT DISTINCT closing_day FROM card_account WHERE opened_on < ": "the first business day: once in a book's life",
    r"SELECT coalesce\(max\(": "the next free number: once a file",
    r"SELECT source_ref, .* FROM posting WHERE source_ref = ANY\(": "a reference is of one posting among those of all members",
}
_TABLE = re.compile(rf"\b(?:FROM|JOIN|INTO|UPDATE|COPY|ONLY)\s+\"?({'|'.join(BY_MEMBER)})\b")
#: Looked for by the member, brought together by the member, or written with the member.
_BY_MEMBER = re.compile(
    r"\bmember_id\"?\s*(?:=|BETWEEN|IN\b)|USING \(member_id\b|^(?:COPY|INSERT INTO) \S+ \([^)]*\bmember_id\b"
)


@pytest.fixture(scope="module")
def said(embedded_test_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[set[str]]:
    """All SQL of taking in, posting, closing and setting statements, by the real commands and their workers."""
    with embedded_test_server.fresh_database() as database, books_at(database.url, SHARD_MEMBERS) as books:
        start = books.home / "sitecustomize.py"
        start.write_text(start.read_text(encoding="utf-8") + recorded_sql.START.format(home=str(books.home)), encoding="utf-8")
        take_in(books, tmp_path_factory.mktemp("portfolio"), ACCOUNTS)
        books.done("run", "--until", "2005-05-26", "--workers", "2")
        account = books.one("SELECT min(account) FROM card_account")
        books.done("statement", account, "--format", "html", "--out", "statement.html")
        assert books.one("SELECT count(*) FROM statement WHERE cycle_no = 1") == ACCOUNTS
        yield recorded_sql.recorded(books.home)


def test_the_days_queries_name_the_member(said: set[str]) -> None:
    asked = [query for query in said if _TABLE.search(query)]
    without = [query for query in asked if not _BY_MEMBER.search(query)]
    assert {table for query in asked for table in _TABLE.findall(query)} >= {
        "member", "card_account", "card", "guarded_balance", "posting", "statement", "parked_account", "rebill",
    }
    assert [query for query in without if not any(re.match(known, query) for known in OF_ALL_MEMBERS)] == []


def test_no_reason_is_kept_for_a_query_that_is_gone(said: set[str]) -> None:
    assert [known for known in OF_ALL_MEMBERS if not any(re.match(known, query) for query in said)] == []


def test_no_select_list_is_empty(said: set[str]) -> None:
    """Citus cannot pass on what a subquery without columns answers."""
    assert [query for query in said if re.search(r"\bSELECT FROM\b", query) and _TABLE.search(query)] == []
