"""Prepaid value: its lines in the chart of accounts, the lots it is held in, and what the counter did, command by command."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from accounts.posting_types import CHART_OF_ACCOUNTS, COUNTER

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

PREPAID = """
ALTER TABLE card_account ADD COLUMN prepaid BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE card ADD COLUMN frozen BOOLEAN NOT NULL DEFAULT false;
CREATE SEQUENCE counter_line AS bigint CACHE 100;
CREATE TABLE purse_lot (
    member_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    lot INTEGER NOT NULL,
    purse TEXT NOT NULL,
    source TEXT NOT NULL,
    funder TEXT NOT NULL,
    made_on DATE NOT NULL,
    expires_on DATE,
    original BIGINT NOT NULL,
    remaining BIGINT NOT NULL,
    CONSTRAINT pk_purse_lot PRIMARY KEY (member_id, account_id, lot),
    CONSTRAINT fk_purse_lot_member_id_account_id_card_account FOREIGN KEY (member_id, account_id)
        REFERENCES card_account (member_id, account_id),
    CONSTRAINT ck_purse_lot_purse CHECK (purse IN ('principal', 'bonus')),
    CONSTRAINT ck_purse_lot_remaining CHECK (remaining BETWEEN 0 AND original)
);
CREATE INDEX ix_purse_lot_expires_on ON purse_lot (expires_on, member_id) WHERE purse = 'bonus' AND remaining > 0;
CREATE INDEX ix_card_expires_on ON card (expires_on, member_id) WHERE status IN ('issued', 'active', 'blocked');
CREATE TABLE lot_movement (
    member_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    line BIGINT NOT NULL,
    place SMALLINT NOT NULL,
    lot INTEGER NOT NULL,
    amount BIGINT NOT NULL,
    CONSTRAINT pk_lot_movement PRIMARY KEY (member_id, account_id, line, place),
    CONSTRAINT fk_lot_movement_lot FOREIGN KEY (member_id, account_id, lot) REFERENCES purse_lot (member_id, account_id, lot),
    CONSTRAINT ck_lot_movement_moves CHECK (amount <> 0)
);
CREATE TABLE counter_event (
    member_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    line BIGINT NOT NULL,
    card_id BIGINT NOT NULL,
    business_on DATE NOT NULL,
    command TEXT NOT NULL,
    ref TEXT,
    asked JSONB NOT NULL,
    reply JSONB NOT NULL,
    status_before TEXT NOT NULL,
    status_after TEXT NOT NULL,
    of_line BIGINT,
    reason TEXT,
    told_by TEXT NOT NULL,
    outlet TEXT,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_counter_event PRIMARY KEY (member_id, account_id, line),
    CONSTRAINT fk_counter_event_card FOREIGN KEY (member_id, account_id, card_id)
        REFERENCES card (member_id, account_id, card_id)
);
CREATE UNIQUE INDEX uq_counter_event_ref ON counter_event (ref, member_id) WHERE ref IS NOT NULL;
"""
RIGHTS = """
GRANT USAGE ON SEQUENCE counter_line TO cardwright_app;
GRANT SELECT, INSERT, UPDATE ON purse_lot TO cardwright_app;
GRANT SELECT, INSERT ON lot_movement, counter_event TO cardwright_app;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lot_movement
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON counter_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    """Adds to the books of the revision before; credit accounts stay as they are."""
    op.execute(PREPAID)
    op.execute(RIGHTS)
    for number, (name, kind) in CHART_OF_ACCOUNTS.items():
        op.execute(sa.text("INSERT INTO ledger_account VALUES (:number, :name, :kind) ON CONFLICT DO NOTHING").bindparams(
            number=number, name=name, kind=kind))
    op.execute(sa.text("INSERT INTO source (source_id, kind, name, complete) VALUES (:counter, 'counter', 'counter', true)"
                       " ON CONFLICT DO NOTHING").bindparams(counter=COUNTER))


def downgrade() -> None:
    """Never: what holders' cards hold is part of the books."""
    raise RuntimeError("revision 0013 holds the value of prepaid cards; it is not undone")
