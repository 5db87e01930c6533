"""Who may do what from revision 0001 on: the role `cardwright_app`, its rights, and the triggers that back them up."""

APP_ROLE = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'cardwright_app') THEN
        BEGIN
            CREATE ROLE cardwright_app NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;  -- roles belong to the whole server: another database's migration made it in the same moment
        END;
    END IF;
    IF NOT pg_has_role(current_user, 'cardwright_app',
                       CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END) THEN
        EXECUTE format('GRANT cardwright_app TO %I', current_user);
    END IF;
END
$$;
"""

#: Postings and statements can be added and read. Master data is corrected but not removed, reference data only read.
GRANTS = """
GRANT USAGE ON SCHEMA public TO cardwright_app;
GRANT SELECT ON alembic_version, currency, ledger_account TO cardwright_app;
GRANT SELECT, INSERT ON posting, statement TO cardwright_app;
GRANT SELECT, UPDATE ON book TO cardwright_app;
GRANT SELECT, INSERT, UPDATE ON
    member_directory, account_directory, card_directory, member, card_account, card, source, terms_version
    TO cardwright_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON
    org_unit, guarded_balance, service_case, business_day, day_step, parked_account
    TO cardwright_app;
"""

QUEUE_GRANTS = """
GRANT USAGE ON SCHEMA dramatiq TO cardwright_app;
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA dramatiq TO cardwright_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA dramatiq TO cardwright_app;
"""

#: A privilege can be granted away by mistake and does not bind the owner; the trigger refuses everybody.
APPEND_ONLY = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'insufficient_privilege', HINT = 'Correct it with a new, linked row.';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON posting
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON statement
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

#: What is closed stays closed, whoever posts; only Cardwright's own charges (types from 40 on) may still be dated on a day
#: whose work was parked, and that day's totals are then drawn up anew. One look per statement at all its rows costs a bulk
#: COPY nothing measurable.
CLOSED_DAYS = """
CREATE FUNCTION refuse_closed_day() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    earliest_on date := (SELECT min(posted_on) FROM added WHERE type < 40);
    closed_through date := (SELECT book.closed_through FROM book);
BEGIN
    IF earliest_on <= closed_through THEN
        RAISE EXCEPTION 'a posting is dated %, and the book is closed through %', earliest_on, closed_through
            USING ERRCODE = 'check_violation', CONSTRAINT = 'closed_day', TABLE = 'posting',
                  HINT = 'Post it on the day that is open; its effective date may be earlier.';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER closed_day AFTER INSERT ON posting REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_closed_day();
"""
