"""A copy of some accounts that the nightly steps bill again, beside the books: private to one session, gone when it ends.

The copy lies in temporary tables of the same names, which PostgreSQL finds before the real ones. So a back-test runs the very
functions of a business day, over as many accounts at once, and the transaction they run in is read-only: the database itself
sees to it that nothing in the books is touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from psycopg import Connection, IsolationLevel, sql
from psycopg.types.json import Jsonb

from accounts.posting_types import FEE_TAX, INSTALMENT, INSTALMENT_FEE, OWN_CHARGES, PURCHASE_INTEREST
from billing.conversions import CONVERSIONS
from billing.instalment_plans import SETTLED_EARLY
from fees.terms import Terms
from jobs.business_day import Step

#: Tables of accounts, whatever the migrations have made of them, and which of them belong to a cycle.
_TABLES = """
SELECT t.table_name, bool_or(c.column_name = 'cycle_no')
FROM information_schema.tables t JOIN information_schema.columns c USING (table_schema, table_name)
WHERE t.table_schema = 'public' AND t.table_type = 'BASE TABLE'
GROUP BY t.table_name
HAVING bool_or(c.column_name = 'member_id') AND bool_or(c.column_name = 'account_id') ORDER BY t.table_name
"""
_TERMS = "terms_version"
#: What cycles left behind that closed before the first day, and the state that an account was taken over in.
_CLOSED_BEFORE = """
AND (real.cycle_no = 0 OR EXISTS (
    SELECT 1 FROM public.statement s WHERE s.member_id = real.member_id AND s.account_id = real.account_id
    AND s.cycle_no = real.cycle_no AND s.closes_on < %(from)s))
"""
#: What Cardwright itself posted from the first day on is worked out anew: its own events, and fees on events of files.
#: What was agreed at the counter stays: conversions into instalment plans, and plans settled early with their fee.
_NOT_CHARGED_SINCE = """
AND NOT (real.posted_on >= %(from)s AND (real.source_id = %(own)s OR real.type >= %(first_charge)s)
         AND NOT (real.source_id = %(own)s AND (real.type = ANY(%(conversions)s) OR EXISTS (
             SELECT 1 FROM public.posting settled
             WHERE settled.member_id = real.member_id AND settled.account_id = real.account_id
                 AND settled.posted_on = real.posted_on AND settled.source_id = %(own)s AND settled.type = %(part)s
                 AND settled.clause = %(settled_early)s AND real.type = ANY(%(of_plans)s)
                 AND settled.source_line IN (real.source_line, real.source_line / 1000)))))
"""
_OTHER_TERMS = """
INSERT INTO pg_temp.terms_version (terms_version_id, product, in_force_from, in_force, document, sha256, status, proposed_by,
                                   approved_by)
SELECT coalesce(max(terms_version_id), 0) + 1, %(product)s, %(from)s, daterange(%(from)s, NULL), %(document)s, %(sha256)s,
       'approved', 'backtest', 'nobody'
FROM public.terms_version
"""


@dataclass(frozen=True)
class Chosen:
    """Some accounts of one shard, as parallel lists; codes: what the outside world calls them."""

    members: tuple[int, ...]
    accounts: tuple[int, ...]
    codes: tuple[str, ...]


class Copy:
    """The temporary tables of one session."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection
        with connection.transaction():
            self._of_cycles: dict[str, bool] = dict(connection.execute(_TABLES).fetchall())
            for name in (*self._of_cycles, _TERMS):
                connection.execute(sql.SQL(
                    "CREATE TEMPORARY TABLE {name} (LIKE public.{name} INCLUDING DEFAULTS INCLUDING IDENTITY"
                    " INCLUDING GENERATED INCLUDING INDEXES)").format(name=sql.Identifier(name)))
        connection.commit()
        connection.isolation_level, connection.read_only = IsolationLevel.REPEATABLE_READ, True

    def fill(self, chosen: Chosen, product: str, from_on: date, other: Terms | None) -> None:
        """Copy accounts as they stood before the closings of a day, with all that files brought in since.

        other: terms that take the place of all versions of the product from that day on; None: as issued.
        """
        asked = {"members": list(chosen.members), "accounts": list(chosen.accounts), "from": from_on, "own": OWN_CHARGES,
                 "first_charge": PURCHASE_INTEREST.code, "product": product, "conversions": CONVERSIONS,
                 "part": INSTALMENT.code, "settled_early": SETTLED_EARLY,
                 "of_plans": [INSTALMENT.code, INSTALMENT_FEE.code, FEE_TAX.code]}
        for name, of_cycles in self._of_cycles.items():
            more = _CLOSED_BEFORE if of_cycles else _NOT_CHARGED_SINCE if name == "posting" else ""
            self._connection.execute(sql.SQL(
                "INSERT INTO pg_temp.{name} OVERRIDING SYSTEM VALUE SELECT real.* FROM public.{name} AS real"
                " JOIN unnest(%(members)s::bigint[], %(accounts)s::bigint[]) AS asked (member_id, account_id)"
                " ON asked.member_id = real.member_id AND asked.account_id = real.account_id WHERE true {more}",
            ).format(name=sql.Identifier(name), more=sql.SQL(more)), asked)
            self._connection.execute(sql.SQL("ANALYZE pg_temp.{}").format(sql.Identifier(name)))
        self._terms(asked, from_on, other)

    def _terms(self, asked: dict[str, Any], from_on: date, other: Terms | None) -> None:
        self._connection.execute("INSERT INTO pg_temp.terms_version SELECT * FROM public.terms_version"
                                 " WHERE product = %(product)s AND status = 'approved'", asked)
        if other is None:
            return
        self._connection.execute("DELETE FROM pg_temp.terms_version WHERE lower(in_force) >= %(from)s", asked)
        self._connection.execute("UPDATE pg_temp.terms_version SET in_force = daterange(lower(in_force), %(from)s)"
                                 " WHERE upper_inf(in_force) OR upper(in_force) > %(from)s", asked)
        self._connection.execute(_OTHER_TERMS, {
            **asked, "document": Jsonb({**other.document(), "product": asked["product"], "in_force_from": from_on.isoformat()}),
            "sha256": other.sha256()})

    def run(self, chosen: Chosen, steps: Sequence[Step], from_on: date, to_on: date) -> dict[int, str]:
        """Do all steps of the days; gives why accounts could not be billed, by account id. They are left alone from then on."""
        first, last = min(chosen.members), max(chosen.members)
        refused: dict[int, str] = {}
        on = from_on
        while on <= to_on:
            for step in steps:
                if step.due_shards(self._connection, on):
                    outcome = step.run(self._connection, on, first, last, tuple(refused))
                    refused |= {account_id: reason for _, account_id, reason in outcome.parked}
            on += timedelta(days=1)
        return refused

    def clear(self) -> None:
        """Empty the copy: what was put in and done since `fill` is rolled back."""
        self._connection.rollback()
