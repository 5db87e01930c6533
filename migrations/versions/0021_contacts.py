"""Contacts with the service desk: how long members waited, and whether it helped."""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

CONTACTS = """
CREATE TABLE service_contact (
    member_id BIGINT NOT NULL,
    contact_code TEXT NOT NULL,
    offered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    outcome TEXT NOT NULL,
    channel TEXT,
    queue TEXT,
    topic TEXT,
    priority TEXT,
    wait_s INTEGER,
    handle_s INTEGER,
    agent TEXT,
    transfers INTEGER,
    resolved BOOLEAN,
    csat SMALLINT,
    nps SMALLINT,
    source_id INTEGER NOT NULL,
    source_line BIGINT NOT NULL,
    CONSTRAINT pk_service_contact PRIMARY KEY (member_id, contact_code),
    CONSTRAINT ck_service_contact_outcome CHECK (outcome IN ('answered', 'abandoned', 'self_service', 'other'))
);
CREATE INDEX ix_service_contact_offered_at ON service_contact (offered_at);
CREATE INDEX ix_service_contact_contact_code ON service_contact (contact_code);
"""
RIGHTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON service_contact TO cardwright_app;
ALTER TABLE service_contact ENABLE ROW LEVEL SECURITY;
CREATE POLICY organisation ON service_contact TO cardwright_staff USING (
    (SELECT sees_everything()) OR EXISTS (SELECT FROM member m WHERE m.member_id = service_contact.member_id));
"""


def upgrade() -> None:
    """Adds to the books of the revision before; nobody has asked yet."""
    op.execute(CONTACTS)
    op.execute(RIGHTS)


def downgrade() -> None:
    """Never: contacts come from files that may be gone."""
    raise RuntimeError("revision 0021 holds contacts taken in from files; it is not undone")
