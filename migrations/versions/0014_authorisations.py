"""Authorisations: what a till was promised, how much of it is still held, and what became of it; and pay codes."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

AUTHORISATIONS = """
CREATE TABLE authorisation (
    member_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    line BIGINT NOT NULL,
    card_id BIGINT NOT NULL,
    ref TEXT NOT NULL,
    kind TEXT NOT NULL,
    amount BIGINT NOT NULL,
    held BIGINT NOT NULL,
    cleared BIGINT NOT NULL DEFAULT 0,
    state TEXT NOT NULL,
    authorised_on DATE NOT NULL,
    expires_on DATE NOT NULL,
    merchant TEXT,
    mcc TEXT,
    original_amount TEXT,
    original_currency TEXT,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_authorisation PRIMARY KEY (member_id, account_id, line),
    CONSTRAINT fk_authorisation_card FOREIGN KEY (member_id, account_id, card_id)
        REFERENCES card (member_id, account_id, card_id),
    CONSTRAINT ck_authorisation_amount CHECK (amount > 0),
    CONSTRAINT ck_authorisation_held CHECK (held BETWEEN 0 AND amount),
    CONSTRAINT ck_authorisation_state CHECK (state IN ('held', 'cleared', 'reversed', 'expired')),
    CONSTRAINT ck_authorisation_nothing_left CHECK (state = 'held' OR held = 0)
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX uq_authorisation_ref ON authorisation (ref, member_id);
CREATE INDEX ix_authorisation_expires_on ON authorisation (expires_on, member_id) WHERE state = 'held';
CREATE TABLE pay_code (
    member_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    card_id BIGINT NOT NULL,
    code_sha256 BYTEA NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_ref TEXT,
    CONSTRAINT pk_pay_code PRIMARY KEY (member_id, account_id, code_sha256),
    CONSTRAINT fk_pay_code_card FOREIGN KEY (member_id, account_id, card_id) REFERENCES card (member_id, account_id, card_id),
    CONSTRAINT ck_pay_code_lasts CHECK (expires_at > made_at)
);
CREATE UNIQUE INDEX uq_pay_code_code_sha256 ON pay_code (code_sha256, member_id);
"""
RIGHTS = "GRANT SELECT, INSERT, UPDATE ON authorisation, pay_code TO cardwright_app;"


def upgrade() -> None:
    """Adds to the books of the revision before; nothing is held yet."""
    op.execute(AUTHORISATIONS)
    op.execute(RIGHTS)


def downgrade() -> None:
    """Never: what is held is promised to somebody."""
    raise RuntimeError("revision 0014 holds what tills were promised; it is not undone")
