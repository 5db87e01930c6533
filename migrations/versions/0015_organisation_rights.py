"""Staff see what their part of the organisation keeps, by row-level security for role `cardwright_staff`; who they are."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

#: Nightly work copies into tables that have row-level security, which the server allows only to who bypasses it. Roles belong
#: to the whole server: another database's migration may change them in the same moment.
ROLES = """
DO $$
BEGIN
    PERFORM pg_advisory_xact_lock(4927015);
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'cardwright_staff') THEN
        BEGIN
            CREATE ROLE cardwright_staff NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END IF;
    IF NOT (SELECT rolbypassrls FROM pg_roles WHERE rolname = 'cardwright_app') THEN
        BEGIN
            ALTER ROLE cardwright_app BYPASSRLS;
        EXCEPTION WHEN internal_error THEN  -- "tuple concurrently updated": it has just been given
            NULL;
        END;
    END IF;
    IF NOT pg_has_role('cardwright_staff', 'cardwright_app', 'MEMBER') THEN
        BEGIN
            GRANT cardwright_app TO cardwright_staff;
        EXCEPTION WHEN unique_violation OR internal_error THEN
            NULL;
        END;
    END IF;
    IF NOT pg_has_role(current_user, 'cardwright_staff',
                       CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END) THEN
        EXECUTE format('GRANT cardwright_staff TO %I', current_user);
    END IF;
END
$$;
"""

#: `cardwright.units` is 'all' or '{1,2,3}', the ids of the units that the transaction's member of staff may see; unset is none.
VISIBLE = """
CREATE FUNCTION sees_everything() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(current_setting('cardwright.units', true), '') = 'all'
$$;
CREATE FUNCTION sees_unit(unit integer) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN coalesce(current_setting('cardwright.units', true), '') IN ('', 'all') THEN sees_everything()
                ELSE unit = ANY (current_setting('cardwright.units', true)::integer[]) END
$$;
"""

#: By the unit that keeps the account; what has no unit is head office's.
BY_UNIT = ("card_account", "posting_fact", "month_fact")
#: What belongs to an account is seen by who sees the account.
BY_ACCOUNT = (
    "card", "guarded_balance", "posting", "statement", "carried", "account_event", "instalment_plan", "standing_waiver",
    "waiver", "rebill", "rebilled_event", "correction", "dispute", "dispute_decision", "parked_account", "purse_lot",
    "lot_movement", "counter_event", "authorisation", "pay_code", "account_directory", "card_directory",
)
#: A member is seen by the unit that looks after them and by whoever keeps an account of theirs.
BY_MEMBER = ("service_case", "member_directory")

_POLICY = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY organisation ON {table} TO cardwright_staff USING ((SELECT sees_everything()) OR {condition});
"""
_ACCOUNT = "EXISTS (SELECT FROM card_account a WHERE a.member_id = {table}.member_id AND a.account_id = {table}.account_id)"
_MEMBER = "EXISTS (SELECT FROM member m WHERE m.member_id = {table}.member_id)"
_OWN_ACCOUNT = "sees_unit(org_unit_id) OR EXISTS (SELECT FROM card_account a WHERE a.member_id = member.member_id)"

STAFF = """
CREATE TABLE staff (
    staff_id INTEGER GENERATED ALWAYS AS IDENTITY,
    login TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    org_unit_id INTEGER,
    grade_limit BIGINT NOT NULL DEFAULT 0,
    password_hash TEXT NOT NULL,
    password_set_at TIMESTAMP WITH TIME ZONE NOT NULL,
    must_change_password BOOLEAN NOT NULL DEFAULT true,
    totp_secret TEXT,
    totp_confirmed BOOLEAN NOT NULL DEFAULT false,
    totp_last_step BIGINT NOT NULL DEFAULT 0,
    failures SMALLINT NOT NULL DEFAULT 0,
    locked_until TIMESTAMP WITH TIME ZONE,
    language TEXT NOT NULL DEFAULT 'en',
    disabled BOOLEAN NOT NULL DEFAULT false,
    CONSTRAINT pk_staff PRIMARY KEY (staff_id),
    CONSTRAINT uq_staff_login UNIQUE (login),
    CONSTRAINT fk_staff_org_unit_id FOREIGN KEY (org_unit_id) REFERENCES org_unit,
    CONSTRAINT ck_staff_role CHECK (role IN ('clerk', 'operations', 'finance', 'product', 'auditor', 'administrator')),
    CONSTRAINT ck_staff_grade_limit CHECK (grade_limit >= 0)
);
CREATE TABLE staff_session (
    token_sha256 BYTEA NOT NULL,
    staff_id INTEGER NOT NULL,
    form_token TEXT NOT NULL,
    second_factor BOOLEAN NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE NOT NULL,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_staff_session PRIMARY KEY (token_sha256),
    CONSTRAINT fk_staff_session_staff_id FOREIGN KEY (staff_id) REFERENCES staff ON DELETE CASCADE
);
CREATE INDEX ix_staff_session_staff_id ON staff_session (staff_id);
CREATE TABLE staff_act (
    act_id BIGINT GENERATED ALWAYS AS IDENTITY,
    staff_id INTEGER,
    login TEXT NOT NULL,
    act TEXT NOT NULL,
    subject TEXT,
    facts JSONB NOT NULL,
    request_id TEXT NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_staff_act PRIMARY KEY (act_id),
    CONSTRAINT fk_staff_act_staff_id FOREIGN KEY (staff_id) REFERENCES staff
);
CREATE INDEX ix_staff_act_subject ON staff_act (subject, recorded_at);
CREATE INDEX ix_staff_act_login ON staff_act (login, recorded_at);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON staff_act FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TABLE proposal (
    proposal_id BIGINT GENERATED ALWAYS AS IDENTITY,
    action TEXT NOT NULL,
    account TEXT NOT NULL,
    org_unit_id INTEGER,
    facts JSONB NOT NULL,
    amount BIGINT NOT NULL,
    reason TEXT NOT NULL,
    proposed_by INTEGER NOT NULL,
    proposed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    state TEXT NOT NULL DEFAULT 'open',
    decided_by INTEGER,
    decided_at TIMESTAMP WITH TIME ZONE,
    decision_note TEXT,
    outcome JSONB,
    CONSTRAINT pk_proposal PRIMARY KEY (proposal_id),
    CONSTRAINT fk_proposal_proposed_by FOREIGN KEY (proposed_by) REFERENCES staff,
    CONSTRAINT fk_proposal_decided_by FOREIGN KEY (decided_by) REFERENCES staff,
    CONSTRAINT fk_proposal_org_unit_id FOREIGN KEY (org_unit_id) REFERENCES org_unit,
    CONSTRAINT ck_proposal_state CHECK (state IN ('open', 'done', 'refused', 'withdrawn')),
    CONSTRAINT ck_proposal_second_person CHECK (state <> 'done' OR decided_by <> proposed_by)
);
CREATE INDEX ix_proposal_open ON proposal (proposed_at) WHERE state = 'open';
CREATE TABLE saved_query (
    saved_query_id INTEGER GENERATED ALWAYS AS IDENTITY,
    name TEXT NOT NULL,
    purpose TEXT NOT NULL,
    statement TEXT NOT NULL,
    owner INTEGER NOT NULL,
    saved_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_saved_query PRIMARY KEY (saved_query_id),
    CONSTRAINT uq_saved_query_name UNIQUE (name),
    CONSTRAINT fk_saved_query_owner FOREIGN KEY (owner) REFERENCES staff
);
CREATE TABLE sent_notice (
    sent_notice_id BIGINT GENERATED ALWAYS AS IDENTITY,
    form TEXT NOT NULL,
    account TEXT NOT NULL,
    org_unit_id INTEGER,
    facts JSONB NOT NULL,
    document BYTEA NOT NULL,
    sha256 BYTEA NOT NULL,
    staff_id INTEGER NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_sent_notice PRIMARY KEY (sent_notice_id),
    CONSTRAINT fk_sent_notice_staff_id FOREIGN KEY (staff_id) REFERENCES staff,
    CONSTRAINT fk_sent_notice_org_unit_id FOREIGN KEY (org_unit_id) REFERENCES org_unit
);
CREATE INDEX ix_sent_notice_account ON sent_notice (account, made_at);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON sent_notice
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""
RIGHTS = """
GRANT SELECT, INSERT, UPDATE ON staff, proposal, saved_query TO cardwright_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON staff_session TO cardwright_app;
GRANT SELECT, INSERT ON staff_act, sent_notice TO cardwright_app;
"""


def upgrade() -> None:
    """Adds to the books of the revision before; nobody is staff yet, and nightly work sees what it saw."""
    op.execute(ROLES)
    op.execute(VISIBLE)
    op.execute(STAFF)
    op.execute(RIGHTS)
    # A view asks as its owner, who is above row-level security, unless it is told to ask as its user.
    op.execute("ALTER VIEW counted_posting SET (security_invoker = true)")
    for table in (*BY_UNIT, "proposal", "sent_notice"):
        op.execute(_POLICY.format(table=table, condition="sees_unit(org_unit_id)"))
    op.execute(_POLICY.format(table="member", condition=_OWN_ACCOUNT))
    for table in BY_ACCOUNT:
        op.execute(_POLICY.format(table=table, condition=_ACCOUNT.format(table=table)))
    for table in BY_MEMBER:
        op.execute(_POLICY.format(table=table, condition=_MEMBER.format(table=table)))


def downgrade() -> None:
    """Never: who saw and did what is kept."""
    raise RuntimeError("revision 0015 holds who may see what and who did what; it is not undone")
