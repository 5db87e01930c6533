"""What was agreed or decided about accounts: re-age, hardship, payment holiday, charge-off; and where charge-offs go."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ACCOUNT_EVENT = """
CREATE TABLE account_event (
    member_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    event_no INTEGER NOT NULL,
    kind TEXT NOT NULL,
    from_on DATE NOT NULL,
    until_on DATE NOT NULL,
    annual_rate NUMERIC,
    reason TEXT NOT NULL,
    proposed_by TEXT NOT NULL,
    approved_by TEXT NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_account_event PRIMARY KEY (member_id, account_id, event_no),
    CONSTRAINT fk_account_event_member_id_account_id FOREIGN KEY(member_id, account_id)
        REFERENCES card_account (member_id, account_id),
    CONSTRAINT ck_account_event_kind CHECK (kind IN ('re_age', 'hardship', 'payment_holiday', 'charge_off')),
    CONSTRAINT ck_account_event_days CHECK (until_on >= from_on),
    CONSTRAINT ck_account_event_rate CHECK ((annual_rate IS NOT NULL) = (kind = 'hardship')),
    CONSTRAINT ck_account_event_second_person CHECK (approved_by <> proposed_by)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON account_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT, INSERT ON account_event TO cardwright_app;
INSERT INTO ledger_account (ledger_account, name, kind) VALUES (540, 'charge_off_losses', 'expense') ON CONFLICT DO NOTHING;
"""


def upgrade() -> None:
    """Adds to a book; nothing that stands in it changes."""
    op.execute(ACCOUNT_EVENT)


def downgrade() -> None:
    """Never: what was agreed is part of the books."""
    raise RuntimeError("revision 0005 is not undone: statements rest on what it holds; restore a backup instead")
