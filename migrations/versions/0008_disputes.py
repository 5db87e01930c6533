"""Debits that holders dispute, and how each dispute was decided."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

DISPUTES = """
CREATE TABLE dispute (
    member_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    dispute_no INTEGER NOT NULL,
    opened_on DATE NOT NULL,
    debit_posted_on DATE NOT NULL,
    debit_source_id INTEGER NOT NULL,
    debit_source_line BIGINT NOT NULL,
    debit_type SMALLINT NOT NULL,
    amount BIGINT NOT NULL,
    reason TEXT NOT NULL,
    opened_by TEXT NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_dispute PRIMARY KEY (member_id, account_id, dispute_no),
    CONSTRAINT fk_dispute_debit
        FOREIGN KEY(member_id, account_id, debit_posted_on, debit_source_id, debit_source_line, debit_type)
        REFERENCES posting (member_id, account_id, posted_on, source_id, source_line, type),
    CONSTRAINT ck_dispute_amount_positive CHECK (amount > 0),
    CONSTRAINT ck_dispute_posted CHECK (opened_on >= debit_posted_on)
);
CREATE TABLE dispute_decision (
    member_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    dispute_no INTEGER NOT NULL,
    decided_on DATE NOT NULL,
    outcome TEXT NOT NULL,
    credited_as TEXT,
    source_id INTEGER,
    reason TEXT NOT NULL,
    decided_by TEXT NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_dispute_decision PRIMARY KEY (member_id, account_id, dispute_no),
    CONSTRAINT fk_dispute_decision_dispute FOREIGN KEY(member_id, account_id, dispute_no)
        REFERENCES dispute (member_id, account_id, dispute_no),
    CONSTRAINT fk_dispute_decision_source_id_source FOREIGN KEY(source_id) REFERENCES source (source_id),
    CONSTRAINT ck_dispute_decision_outcome CHECK (outcome IN ('for_holder', 'for_issuer')),
    CONSTRAINT ck_dispute_decision_credited CHECK ((credited_as IS NOT NULL) = (outcome = 'for_holder')),
    CONSTRAINT ck_dispute_decision_rebilled CHECK (source_id IS NOT NULL OR outcome = 'for_issuer')
);
"""
RIGHTS = """
GRANT SELECT, INSERT ON dispute, dispute_decision TO cardwright_app;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON dispute
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON dispute_decision
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    """Adds to the books of revision 0007; what they hold stays as it is."""
    op.execute(DISPUTES)
    op.execute(RIGHTS)


def downgrade() -> None:
    """Never: what was disputed and decided is part of the books."""
    raise RuntimeError("revision 0008 holds disputes that statements rest on; it is not undone")
