"""Where each table lies when several servers keep the books: cut by member, whole on every server, or on the first one alone.

The one list of it: `python -m accounts.distribution` prints the statements that lay the tables of new, empty books out over a
Citus cluster, docs/how-to/scale-out.md shows them, and a test holds the schema to what they need.
"""

from __future__ import annotations

MEMBER = "member_id"

#: A member's data, cut by `member_id`: what belongs to one member lies on one server, whatever the table. Those that others
#: refer to come first.
BY_MEMBER = (
    "member", "card_account", "card", "guarded_balance", "posting", "statement", "carried", "account_event", "instalment_plan",
    "standing_waiver", "waiver", "rebill", "rebilled_event", "correction", "dispute", "dispute_decision", "service_case",
    "service_contact", "sales_order",
    "parked_account", "purse_lot", "lot_movement", "counter_event", "authorisation", "pay_code",
    "clearing_item",
)
#: What every member's data is read with, whole on every server: it is small beside the ledger, or finds members by their code.
EVERYWHERE = (
    "currency", "ledger_account", "org_unit", "source", "terms_version", "book", "member_directory", "account_directory",
    "card_directory",
)
#: The course of the days, what they came to over all members, and the schema's revision, on the first server alone: a few
#: rows a shard and day, or some thousands a day, read by no member.
ON_THE_FIRST = ("alembic_version", "business_day", "day_step", "posting_fact", "month_fact", "card_use", "card_set",
                "staff", "staff_session", "staff_act", "proposal", "saved_query", "sent_notice", "clearing_file", "api_key",
                "api_reply", "house_entry", "suspense_item")

#: A role belongs to the whole server: it is changed once, not by each database of it.
_LET_IN = """\
DO $$ BEGIN
    IF NOT (SELECT rolcanlogin FROM pg_roles WHERE rolname = 'cardwright_app') THEN
        ALTER ROLE cardwright_app LOGIN;
    END IF;
END $$;"""
#: A COPY of postings and the count of a file's rows, which every server has, are one transaction: one connection to a server.
_IN_ORDER = """\
DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET citus.multi_shard_modify_mode TO sequential', current_database());
END $$;"""
#: On one server, triggers look for a COPY's accounts and sources all at once (revision 0007). They would have to see other
#: servers' tables from within one shard, which Citus does not let them; foreign keys see what they need there.
_FOREIGN_KEYS_FOR_TRIGGERS = """\
DROP TRIGGER has_account ON posting;
DROP TRIGGER has_source ON posting;
DROP TRIGGER has_account ON statement;
DROP TRIGGER has_account ON clearing_item;
ALTER TABLE posting
    ADD CONSTRAINT fk_posting_member_id_account_id FOREIGN KEY (member_id, account_id) REFERENCES card_account,
    ADD CONSTRAINT fk_posting_source_id FOREIGN KEY (source_id) REFERENCES source;
ALTER TABLE statement
    ADD CONSTRAINT fk_statement_member_id_account_id FOREIGN KEY (member_id, account_id) REFERENCES card_account;
ALTER TABLE clearing_item
    ADD CONSTRAINT fk_clearing_item_member_id_account_id FOREIGN KEY (member_id, account_id) REFERENCES card_account;"""

#: Citus lets no table that still lies on one server refer to one that does not.
_TAKE_FOREIGN_KEYS = """\
CREATE TEMPORARY TABLE foreign_key ON COMMIT DROP AS
    SELECT conrelid::regclass::text AS of_table, conname AS name, pg_get_constraintdef(oid) AS definition
    FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace;
DO $$ DECLARE k record; BEGIN
    FOR k IN SELECT * FROM foreign_key LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', k.of_table, k.name);
    END LOOP;
END $$;"""
_GIVE_FOREIGN_KEYS = """\
DO $$ DECLARE k record; BEGIN
    FOR k IN SELECT * FROM foreign_key LOOP
        EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', k.of_table, k.name, k.definition);
    END LOOP;
END $$;"""


def statements() -> str:
    """The SQL that lays out the tables of new books, for the owner of the database, right after `cardwright init`."""
    return "\n".join([
        "BEGIN;",
        "-- Between servers, connections are made as the role that works with the books.",
        _LET_IN,
        _IN_ORDER,
        _FOREIGN_KEYS_FOR_TRIGGERS,
        _TAKE_FOREIGN_KEYS,
        "-- The triggers that refuse changes look at no other member; each shard keeps its own.",
        "SET LOCAL citus.enable_unsafe_triggers TO on;",
        "SET LOCAL citus.multi_shard_modify_mode TO 'sequential';",
        *(f"SELECT create_reference_table('{table}');" for table in EVERYWHERE),
        f"SELECT create_distributed_table('{BY_MEMBER[0]}', '{MEMBER}');",
        *(f"SELECT create_distributed_table('{table}', '{MEMBER}', colocate_with => '{BY_MEMBER[0]}');"
          for table in BY_MEMBER[1:]),
        _GIVE_FOREIGN_KEYS,
        "COMMIT;",
    ])


if __name__ == "__main__":
    print(statements())
