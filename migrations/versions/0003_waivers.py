"""Waivers with reason and approver; accounts whose holder agreed to an over-limit fee; ledger accounts of further fees."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from accounts.posting_types import CHART_OF_ACCOUNTS

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ACCOUNTS = "ALTER TABLE card_account ADD COLUMN over_limit_opt_in BOOLEAN DEFAULT false NOT NULL"

WAIVERS = """
CREATE TABLE standing_waiver (
    member_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    standing_waiver_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    from_on DATE NOT NULL,
    until_on DATE,
    percent NUMERIC NOT NULL,
    reason TEXT NOT NULL,
    proposed_by TEXT NOT NULL,
    approved_by TEXT NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_standing_waiver PRIMARY KEY (member_id, account_id, standing_waiver_id),
    CONSTRAINT fk_standing_waiver_member_id_account_id FOREIGN KEY(member_id, account_id)
        REFERENCES card_account (member_id, account_id),
    CONSTRAINT ck_standing_waiver_percent CHECK (percent > 0 AND percent <= 1),
    CONSTRAINT ck_standing_waiver_second_person CHECK (approved_by <> proposed_by)
);
CREATE TABLE waiver (
    member_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    posted_on DATE NOT NULL,
    source_id INTEGER NOT NULL,
    source_line BIGINT NOT NULL,
    type SMALLINT NOT NULL,
    charge_posted_on DATE NOT NULL,
    charge_source_id INTEGER NOT NULL,
    charge_source_line BIGINT NOT NULL,
    charge_type SMALLINT NOT NULL,
    amount BIGINT NOT NULL,
    reason TEXT NOT NULL,
    proposed_by TEXT NOT NULL,
    approved_by TEXT NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_waiver PRIMARY KEY (member_id, account_id, posted_on, source_id, source_line, type),
    CONSTRAINT fk_waiver_posting FOREIGN KEY(member_id, account_id, posted_on, source_id, source_line, type)
        REFERENCES posting (member_id, account_id, posted_on, source_id, source_line, type),
    CONSTRAINT fk_waiver_charge
        FOREIGN KEY(member_id, account_id, charge_posted_on, charge_source_id, charge_source_line, charge_type)
        REFERENCES posting (member_id, account_id, posted_on, source_id, source_line, type),
    CONSTRAINT ck_waiver_amount_positive CHECK (amount > 0),
    CONSTRAINT ck_waiver_second_person CHECK (approved_by <> proposed_by)
);
"""

RIGHTS = """
GRANT SELECT, INSERT ON waiver, standing_waiver TO cardwright_app;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON waiver
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
#: A new book has them from revision 0001 on.
LEDGER_ACCOUNT = """
INSERT INTO ledger_account (ledger_account, name, kind) VALUES (:number, :name, :kind) ON CONFLICT DO NOTHING
"""


def upgrade() -> None:
    """Adds to the books of revision 0002; what they hold stays as it is."""
    op.execute(ACCOUNTS)
    op.execute(WAIVERS)
    op.execute(RIGHTS)
    for number, (name, kind) in CHART_OF_ACCOUNTS.items():
        op.execute(sa.text(LEDGER_ACCOUNT).bindparams(number=number, name=name, kind=kind))


def downgrade() -> None:
    """Never: waivers given are part of the books."""
    raise RuntimeError("revision 0003 holds waivers that were given; it is not undone")
