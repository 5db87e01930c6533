"""Keys of tills and partners to the HTTP API, and what each of their requests was answered."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE api_key (
    api_key_id INTEGER GENERATED ALWAYS AS IDENTITY,
    partner TEXT NOT NULL,
    org_unit_id INTEGER,
    scopes TEXT[] NOT NULL,
    secret_sha256 BYTEA NOT NULL,
    issued_by TEXT NOT NULL,
    issued_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ends_at TIMESTAMP WITH TIME ZONE,
    revoked_by TEXT,
    CONSTRAINT pk_api_key PRIMARY KEY (api_key_id),
    CONSTRAINT uq_api_key_secret_sha256 UNIQUE (secret_sha256),
    CONSTRAINT fk_api_key_org_unit_id FOREIGN KEY (org_unit_id) REFERENCES org_unit,
    CONSTRAINT ck_api_key_revoked CHECK (revoked_by IS NULL OR ends_at IS NOT NULL)
);
CREATE INDEX ix_api_key_partner ON api_key (partner, api_key_id);
CREATE TABLE api_reply (
    partner TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    request_sha256 BYTEA NOT NULL,
    status SMALLINT NOT NULL,
    reply JSONB NOT NULL,
    answered_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_api_reply PRIMARY KEY (partner, idempotency_key)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON api_reply
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
RIGHTS = """
GRANT SELECT, INSERT, UPDATE ON api_key TO cardwright_app;
GRANT SELECT, INSERT ON api_reply TO cardwright_app;
"""


def upgrade() -> None:
    """Adds to the books of the revision before; nobody has a key yet."""
    op.execute(TABLES)
    op.execute(RIGHTS)


def downgrade() -> None:
    """Never: a request sent again would be done again."""
    raise RuntimeError("revision 0019 holds what requests were answered; it is not undone")
