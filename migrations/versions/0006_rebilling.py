"""Events known late, rebillings with what they corrected, and which events each of them took in."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = """
ALTER TABLE posting ADD COLUMN late_for DATE;
CREATE TABLE rebill (
    member_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    source_id INTEGER NOT NULL,
    posted_on DATE NOT NULL,
    by_whom TEXT NOT NULL,
    corrected_sha256 BYTEA NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_rebill PRIMARY KEY (member_id, account_id, source_id),
    CONSTRAINT fk_rebill_member_id_account_id FOREIGN KEY(member_id, account_id)
        REFERENCES card_account (member_id, account_id),
    CONSTRAINT fk_rebill_source_id_source FOREIGN KEY(source_id) REFERENCES source (source_id)
);
CREATE TABLE rebilled_event (
    member_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    event_source_id INTEGER NOT NULL,
    event_source_line BIGINT NOT NULL,
    source_id INTEGER NOT NULL,
    CONSTRAINT pk_rebilled_event PRIMARY KEY (member_id, account_id, event_source_id, event_source_line),
    CONSTRAINT fk_rebilled_event_rebill FOREIGN KEY(member_id, account_id, source_id)
        REFERENCES rebill (member_id, account_id, source_id)
);
CREATE TABLE correction (
    member_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    posted_on DATE NOT NULL,
    source_id INTEGER NOT NULL,
    source_line BIGINT NOT NULL,
    type SMALLINT NOT NULL,
    charge_on DATE NOT NULL,
    charge_type SMALLINT NOT NULL,
    charge_source_id INTEGER NOT NULL,
    charge_source_line BIGINT NOT NULL,
    before BIGINT NOT NULL,
    after BIGINT NOT NULL,
    because TEXT NOT NULL,
    CONSTRAINT pk_correction PRIMARY KEY (member_id, account_id, posted_on, source_id, source_line, type),
    CONSTRAINT fk_correction_posting FOREIGN KEY(member_id, account_id, posted_on, source_id, source_line, type)
        REFERENCES posting (member_id, account_id, posted_on, source_id, source_line, type),
    CONSTRAINT fk_correction_rebill FOREIGN KEY(member_id, account_id, source_id)
        REFERENCES rebill (member_id, account_id, source_id),
    CONSTRAINT ck_correction_differs CHECK (before <> after)
);
"""
RIGHTS = """
GRANT SELECT, INSERT ON rebill, rebilled_event, correction TO cardwright_app;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rebill
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON rebilled_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON correction
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    """Adds to the books of revision 0005; what they hold stays as it is."""
    op.execute(TABLES)
    op.execute(RIGHTS)


def downgrade() -> None:
    """Never: what was corrected is part of the books."""
    raise RuntimeError("revision 0006 holds corrections of charges; it is not undone")
