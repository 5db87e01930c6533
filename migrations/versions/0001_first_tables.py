"""The first tables of every room, the application's role and its rights, reference rows, the job queue."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from dramatiq_postgres import schema as queue_schema

from accounts.money import BY_NUMERIC
from accounts.posting_types import CHART_OF_ACCOUNTS, OWN_CHARGES
from migrations import first_rights, first_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

CURRENCY = sa.table(
    "currency", sa.column("currency", sa.SmallInteger), sa.column("code", sa.Text), sa.column("digits", sa.SmallInteger)
)
LEDGER_ACCOUNT = sa.table(
    "ledger_account",
    sa.column("ledger_account", sa.SmallInteger), sa.column("name", sa.Text), sa.column("kind", sa.Text),
)


def upgrade() -> None:
    """Makes an empty book."""
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.execute(first_rights.APP_ROLE)
    for tables in (
        first_tables.BOOKS, first_tables.TERMS, first_tables.BILLING, first_tables.SERVICE, first_tables.JOBS
    ):
        op.execute(tables)
    # Its rows are updated every day of business; half a page kept free lets the new row stay beside the old one.
    op.execute("ALTER TABLE guarded_balance SET (fillfactor = 50)")
    op.execute(first_rights.APPEND_ONLY)
    op.execute(first_rights.CLOSED_DAYS)
    _reference_rows()
    queue_schema.init(op.get_bind().connection.dbapi_connection.cursor())
    op.execute(first_rights.GRANTS)
    op.execute(first_rights.QUEUE_GRANTS)


def downgrade() -> None:
    """Never: a book is not unmade."""
    raise RuntimeError("there is nothing before revision 0001; drop the database instead")


def _reference_rows() -> None:
    op.bulk_insert(
        CURRENCY,
        [{"currency": each.numeric, "code": each.code, "digits": each.digits} for each in BY_NUMERIC.values()],
    )
    op.bulk_insert(
        LEDGER_ACCOUNT,
        [{"ledger_account": code, "name": name, "kind": kind} for code, (name, kind) in CHART_OF_ACCOUNTS.items()],
    )
    op.execute(
        sa.text("INSERT INTO source (source_id, kind, name, complete) VALUES (:own, 'charges', 'charges', true)")
        .bindparams(own=OWN_CHARGES)
    )
    op.execute("INSERT INTO book (book_id) VALUES (1)")
