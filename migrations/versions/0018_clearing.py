"""Clearing files: the register of what senders sent, and what each record of them did."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0015"
branch_labels = None
depends_on = None

CLEARING = """
CREATE TABLE clearing_file (
    clearing_file_id INTEGER GENERATED ALWAYS AS IDENTITY,
    kind TEXT NOT NULL,
    sender TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    file_on DATE NOT NULL,
    name TEXT NOT NULL,
    sha256 BYTEA NOT NULL,
    body_sha256 BYTEA NOT NULL,
    rows BIGINT NOT NULL,
    state TEXT NOT NULL,
    held_for TEXT,
    held_because TEXT,
    currency TEXT,
    opening BIGINT,
    closing BIGINT,
    source_id INTEGER,
    released_by TEXT,
    release_reason TEXT,
    released_at TIMESTAMP WITH TIME ZONE,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_clearing_file PRIMARY KEY (clearing_file_id),
    CONSTRAINT uq_clearing_file_sha256 UNIQUE (sha256),
    CONSTRAINT ck_clearing_file_kind CHECK (kind IN ('clearing', 'bank_statement')),
    CONSTRAINT ck_clearing_file_state CHECK (state IN ('held', 'taking', 'taken', 'superseded')),
    CONSTRAINT ck_clearing_file_says_why CHECK (state <> 'held' OR held_for IS NOT NULL),
    CONSTRAINT ck_clearing_file_released CHECK ((released_by IS NULL) = (released_at IS NULL))
);
CREATE INDEX ix_clearing_file_sender ON clearing_file (kind, sender, sequence);
CREATE TABLE clearing_item (
    member_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    line BIGINT NOT NULL,
    source_id INTEGER NOT NULL,
    source_line BIGINT NOT NULL,
    kind TEXT NOT NULL,
    ref TEXT NOT NULL,
    of_ref TEXT,
    amount BIGINT NOT NULL,
    given_back BIGINT NOT NULL,
    authorisation_line BIGINT,
    note TEXT,
    CONSTRAINT pk_clearing_item PRIMARY KEY (member_id, account_id, line),
    CONSTRAINT ck_clearing_item_amount CHECK (amount > 0)
);
CREATE UNIQUE INDEX uq_clearing_item_ref ON clearing_item (ref, member_id) WHERE kind = 'reversal';
CREATE INDEX ix_clearing_item_of_ref ON clearing_item (member_id, account_id, of_ref)
    WHERE kind IN ('refund', 'reversal', 'chargeback');
CREATE TRIGGER has_account AFTER INSERT ON clearing_item REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION require_account();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON clearing_item
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
RIGHTS = """
GRANT SELECT, INSERT, UPDATE ON clearing_file TO cardwright_app;
GRANT SELECT, INSERT ON clearing_item TO cardwright_app;
ALTER TABLE clearing_item ENABLE ROW LEVEL SECURITY;
CREATE POLICY organisation ON clearing_item TO cardwright_staff USING ((SELECT sees_everything()) OR EXISTS (
    SELECT FROM card_account a WHERE a.member_id = clearing_item.member_id AND a.account_id = clearing_item.account_id));
"""


def upgrade() -> None:
    """Adds to the books of the revision before; no file is in yet."""
    op.execute(CLEARING)
    op.execute(RIGHTS)


def downgrade() -> None:
    """Never: which files were taken in is part of the books."""
    raise RuntimeError("revision 0018 holds which clearing files were taken in; it is not undone")
