"""Sales orders of cards: by which channel, for how much, paid and delivered when."""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

ORDERS = """
CREATE TABLE sales_order (
    member_id BIGINT NOT NULL,
    order_code TEXT NOT NULL,
    channel TEXT NOT NULL,
    ordered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    product TEXT,
    currency SMALLINT NOT NULL,
    quantity INTEGER NOT NULL,
    face BIGINT,
    price BIGINT,
    paid_at TIMESTAMP WITH TIME ZONE,
    delivered_at TIMESTAMP WITH TIME ZONE,
    org_unit_id INTEGER,
    status TEXT,
    source_id INTEGER NOT NULL,
    source_line BIGINT NOT NULL,
    CONSTRAINT pk_sales_order PRIMARY KEY (member_id, order_code),
    CONSTRAINT fk_sales_order_currency FOREIGN KEY (currency) REFERENCES currency,
    CONSTRAINT fk_sales_order_org_unit_id FOREIGN KEY (org_unit_id) REFERENCES org_unit,
    CONSTRAINT ck_sales_order_channel CHECK (channel IN ('store', 'phone', 'web', 'pickup', 'direct', 'app', 'company')),
    CONSTRAINT ck_sales_order_quantity CHECK (quantity > 0)
);
CREATE INDEX ix_sales_order_ordered_at ON sales_order (ordered_at);
CREATE INDEX ix_sales_order_order_code ON sales_order (order_code);
"""
RIGHTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON sales_order TO cardwright_app;
ALTER TABLE sales_order ENABLE ROW LEVEL SECURITY;
CREATE POLICY organisation ON sales_order TO cardwright_staff USING ((SELECT sees_everything()) OR sees_unit(org_unit_id));
"""


def upgrade() -> None:
    """Adds to the books of the revision before; nothing was ordered yet."""
    op.execute(ORDERS)
    op.execute(RIGHTS)


def downgrade() -> None:
    """Never: orders come from files that may be gone."""
    raise RuntimeError("revision 0022 holds orders taken in from files; it is not undone")
