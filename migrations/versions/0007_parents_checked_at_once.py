"""Account and source of postings and statements are looked for once a statement, for all its rows, not row by row."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

#: Row by row, foreign keys are two fifths of what a COPY into the ledger costs. Accounts and sources never go away and never
#: change their keys (below), so that one look when rows come in proves for good what a foreign key proves.
PARENTS = """
CREATE FUNCTION require_account() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    missing record;
BEGIN
    SELECT a.member_id, a.account_id INTO missing
    FROM (SELECT DISTINCT member_id, account_id FROM added) a
    WHERE NOT EXISTS (SELECT FROM card_account c WHERE c.member_id = a.member_id AND c.account_id = a.account_id)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'a row of % names account % of member %, which does not exist (fk_%_member_id_account_id)',
                        TG_TABLE_NAME, missing.account_id, missing.member_id, TG_TABLE_NAME
            USING ERRCODE = 'foreign_key_violation', TABLE = TG_TABLE_NAME,
                  CONSTRAINT = format('fk_%s_member_id_account_id', TG_TABLE_NAME);
    END IF;
    RETURN NULL;
END
$$;
CREATE FUNCTION require_source() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    missing integer;
BEGIN
    SELECT a.source_id INTO missing
    FROM (SELECT DISTINCT source_id FROM added) a
    WHERE NOT EXISTS (SELECT FROM source s WHERE s.source_id = a.source_id)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'a row of % names source %, which does not exist (fk_%_source_id)',
                        TG_TABLE_NAME, missing, TG_TABLE_NAME
            USING ERRCODE = 'foreign_key_violation', TABLE = TG_TABLE_NAME,
                  CONSTRAINT = format('fk_%s_source_id', TG_TABLE_NAME);
    END IF;
    RETURN NULL;
END
$$;
CREATE FUNCTION refuse_new_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % stay and keep their key: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'foreign_key_violation', TABLE = TG_TABLE_NAME, HINT = 'Postings and statements name them.';
END
$$;
CREATE TRIGGER keeps_key BEFORE UPDATE OF member_id, account_id OR DELETE OR TRUNCATE ON card_account
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_new_key();
CREATE TRIGGER keeps_key BEFORE UPDATE OF source_id OR DELETE OR TRUNCATE ON source
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_new_key();

ALTER TABLE posting DROP CONSTRAINT fk_posting_member_id_account_id, DROP CONSTRAINT fk_posting_source_id;
ALTER TABLE statement DROP CONSTRAINT fk_statement_member_id_account_id;
CREATE TRIGGER has_account AFTER INSERT ON posting REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION require_account();
CREATE TRIGGER has_source AFTER INSERT ON posting REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION require_source();
CREATE TRIGGER has_account AFTER INSERT ON statement REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION require_account();
"""


def upgrade() -> None:
    """Rows that are there already were checked by the foreign keys when they came in."""
    op.execute(PARENTS)


def downgrade() -> None:
    """Never: there is nothing to gain by it."""
    raise RuntimeError("revision 0007 looks for accounts and sources in another way; it is not undone")
