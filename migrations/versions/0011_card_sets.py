"""Which different cards were used in a day and in a month, in few bytes: reports count them without every day's cards."""

from __future__ import annotations

from alembic import op

from accounts.card_sets import seal_card_sets_of_closed_days

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

CARD_SET = """
CREATE TABLE card_set (
    business_on DATE NOT NULL,
    grain SMALLINT NOT NULL,
    type SMALLINT,
    category TEXT,
    channel TEXT,
    merchant TEXT,
    cards BYTEA NOT NULL
);
CREATE INDEX ix_card_set_business_on ON card_set (business_on, grain);
ALTER TABLE card_set ALTER COLUMN cards SET STORAGE EXTERNAL;
GRANT SELECT, INSERT ON card_set TO cardwright_app;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON card_set
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    """Adds to the books of the revision before; the days and months that are closed get their sets."""
    op.execute(CARD_SET)
    seal_card_sets_of_closed_days(op.get_bind().connection.dbapi_connection)


def downgrade() -> None:
    """Never: a release that does not draw up sets would leave gaps in them."""
    raise RuntimeError("revision 0011 holds the cards of closed days and months; it is not undone")
