"""The facts of a month, added up from those of its days: a report of a year has few rows to read."""

from __future__ import annotations

from alembic import op

from accounts.month_facts import seal_month_facts

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

MONTH_FACT = """
CREATE TABLE month_fact (LIKE posting_fact);
CREATE INDEX ix_month_fact_business_on ON month_fact USING brin (business_on)
    WITH (pages_per_range = 16, autosummarize = true);
GRANT SELECT, INSERT ON month_fact TO cardwright_app;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON month_fact
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    """Adds to the books of the revision before; the months that are closed get their facts."""
    op.execute(MONTH_FACT)
    seal_month_facts(op.get_bind().connection.dbapi_connection, None)


def downgrade() -> None:
    """Never: a release that does not add months up would leave gaps in them."""
    raise RuntimeError("revision 0012 holds the facts of closed months; it is not undone")
