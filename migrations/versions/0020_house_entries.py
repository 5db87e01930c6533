"""The house's own entries: money in suspense until its account is known, and breakage expected of prepaid value."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from accounts.posting_types import CHART_OF_ACCOUNTS

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

HOUSE = """
CREATE TABLE house_entry (
    house_entry_id BIGINT GENERATED ALWAYS AS IDENTITY,
    posted_on DATE NOT NULL,
    kind TEXT NOT NULL,
    about TEXT NOT NULL,
    debit_account SMALLINT NOT NULL,
    credit_account SMALLINT NOT NULL,
    currency SMALLINT NOT NULL,
    amount BIGINT NOT NULL,
    clause TEXT,
    told_by TEXT NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_house_entry PRIMARY KEY (house_entry_id),
    CONSTRAINT fk_house_entry_debit_account FOREIGN KEY (debit_account) REFERENCES ledger_account (ledger_account),
    CONSTRAINT fk_house_entry_credit_account FOREIGN KEY (credit_account) REFERENCES ledger_account (ledger_account),
    CONSTRAINT fk_house_entry_currency FOREIGN KEY (currency) REFERENCES currency (currency),
    CONSTRAINT ck_house_entry_amount CHECK (amount > 0),
    CONSTRAINT ck_house_entry_two_sides CHECK (debit_account <> credit_account AND least(debit_account, credit_account) >= 200),
    CONSTRAINT ck_house_entry_kind CHECK (kind IN ('suspense_in', 'suspense_out', 'breakage'))
);
CREATE UNIQUE INDEX uq_house_entry_about ON house_entry (kind, about, posted_on);
CREATE INDEX ix_house_entry_posted_on ON house_entry (posted_on);
CREATE TABLE suspense_item (
    suspense_item_id BIGINT GENERATED ALWAYS AS IDENTITY,
    ref TEXT NOT NULL,
    kind TEXT NOT NULL,
    amount BIGINT NOT NULL,
    currency SMALLINT NOT NULL,
    booked_on DATE NOT NULL,
    value_on DATE NOT NULL,
    payer TEXT,
    words TEXT,
    why TEXT NOT NULL,
    owner TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'open',
    account TEXT,
    decided_by TEXT,
    reason TEXT,
    posted_on DATE,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_suspense_item PRIMARY KEY (suspense_item_id),
    CONSTRAINT uq_suspense_item_ref UNIQUE (ref),
    CONSTRAINT fk_suspense_item_currency FOREIGN KEY (currency) REFERENCES currency (currency),
    CONSTRAINT ck_suspense_item_amount CHECK (amount > 0),
    CONSTRAINT ck_suspense_item_kind CHECK (kind IN ('payment', 'returned_payment')),
    CONSTRAINT ck_suspense_item_state CHECK (state IN ('open', 'assigned')),
    CONSTRAINT ck_suspense_item_assigned CHECK ((state = 'assigned') = (account IS NOT NULL AND decided_by IS NOT NULL))
);
CREATE INDEX ix_suspense_item_open ON suspense_item (owner, suspense_item_id) WHERE state = 'open';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON house_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
RIGHTS = """
GRANT SELECT, INSERT ON house_entry TO cardwright_app;
GRANT SELECT, INSERT, UPDATE ON suspense_item TO cardwright_app;
"""


def upgrade() -> None:
    """Adds to the books of the revision before; nothing is in suspense yet."""
    op.execute(HOUSE)
    op.execute(RIGHTS)
    for number, (name, kind) in CHART_OF_ACCOUNTS.items():
        op.execute(sa.text("INSERT INTO ledger_account VALUES (:number, :name, :kind) ON CONFLICT DO NOTHING").bindparams(
            number=number, name=name, kind=kind))


def downgrade() -> None:
    """Never: whose money it is, is still to be found out."""
    raise RuntimeError("revision 0020 holds money whose account is not known yet; it is not undone")
