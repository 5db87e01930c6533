"""State beyond the columns of a statement, the segment that a posting names, and the account that taxes are booked to."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

CARRIED = """
ALTER TABLE posting ADD COLUMN segment TEXT;
CREATE TABLE carried (
    member_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    cycle_no INTEGER NOT NULL,
    line SMALLINT NOT NULL,
    kind SMALLINT NOT NULL,
    segment SMALLINT NOT NULL,
    age SMALLINT NOT NULL,
    began_on DATE NOT NULL,
    ends_on DATE NOT NULL,
    amount BIGINT NOT NULL,
    balance_days BIGINT NOT NULL,
    CONSTRAINT pk_carried PRIMARY KEY (member_id, account_id, cycle_no, line),
    CONSTRAINT fk_carried_member_id_account_id_cycle_no FOREIGN KEY(member_id, account_id, cycle_no)
        REFERENCES statement (member_id, account_id, cycle_no)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON carried
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON carried TO cardwright_app;
INSERT INTO ledger_account (ledger_account, name, kind) VALUES (260, 'taxes_payable', 'liability') ON CONFLICT DO NOTHING;
"""


def upgrade() -> None:
    """Adds to a book; nothing that stands in it changes."""
    op.execute(CARRIED)


def downgrade() -> None:
    """Never: what was carried is part of the books."""
    raise RuntimeError("revision 0002 is not undone: statements rest on what it holds; restore a backup instead")
