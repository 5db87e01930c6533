"""Instalment plans, and the ledger account of their fees."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

PLANS = """
CREATE TABLE instalment_plan (
    member_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    plan_no INTEGER NOT NULL,
    made_on DATE NOT NULL,
    amount BIGINT NOT NULL,
    parts INTEGER NOT NULL,
    terms_version_id INTEGER NOT NULL,
    "of" TEXT,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_instalment_plan PRIMARY KEY (member_id, account_id, plan_no),
    CONSTRAINT fk_instalment_plan_member_id_account_id FOREIGN KEY(member_id, account_id)
        REFERENCES card_account (member_id, account_id),
    CONSTRAINT ck_instalment_plan_amount_positive CHECK (amount > 0),
    CONSTRAINT ck_instalment_plan_parts CHECK (parts >= 2)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON instalment_plan
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON instalment_plan TO cardwright_app;
INSERT INTO ledger_account (ledger_account, name, kind) VALUES (432, 'instalment_fee_income', 'income') ON CONFLICT DO NOTHING;
"""


def upgrade() -> None:
    """Adds to a book; nothing that stands in it changes."""
    op.execute(PLANS)


def downgrade() -> None:
    """Never: plans that were made are part of the books."""
    raise RuntimeError("revision 0004 holds instalment plans that were made; it is not undone")
