"""The first tables, room by room, in SQL: what revision 0001 makes. Frozen: a later change is a later revision."""

BOOKS = """
CREATE TABLE account_directory (
    account TEXT NOT NULL,
    member_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    CONSTRAINT pk_account_directory PRIMARY KEY (account)
);

CREATE TABLE book (
    book_id SMALLINT DEFAULT 1 NOT NULL,
    first_on DATE,
    open_on DATE,
    closed_through DATE,
    CONSTRAINT pk_book PRIMARY KEY (book_id),
    CONSTRAINT ck_book_one_row CHECK (book_id = 1)
);

CREATE TABLE card_directory (
    card TEXT NOT NULL,
    member_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    card_id BIGINT NOT NULL,
    CONSTRAINT pk_card_directory PRIMARY KEY (card)
);

CREATE TABLE currency (
    currency SMALLINT NOT NULL,
    code TEXT NOT NULL,
    digits SMALLINT NOT NULL,
    CONSTRAINT pk_currency PRIMARY KEY (currency),
    CONSTRAINT uq_currency_code UNIQUE (code)
);

CREATE TABLE ledger_account (
    ledger_account SMALLINT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    CONSTRAINT pk_ledger_account PRIMARY KEY (ledger_account),
    CONSTRAINT uq_ledger_account_name UNIQUE (name)
);

CREATE TABLE member_directory (
    member TEXT NOT NULL,
    member_id BIGINT NOT NULL,
    CONSTRAINT pk_member_directory PRIMARY KEY (member)
);

CREATE TABLE org_unit (
    org_unit_id INTEGER NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    parent_id INTEGER,
    CONSTRAINT pk_org_unit PRIMARY KEY (org_unit_id),
    CONSTRAINT uq_org_unit_code UNIQUE (code),
    CONSTRAINT fk_org_unit_parent_id FOREIGN KEY(parent_id) REFERENCES org_unit (org_unit_id)
);

CREATE TABLE source (
    source_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    sha256 BYTEA,
    rows_taken BIGINT DEFAULT 0 NOT NULL,
    rows_posted BIGINT DEFAULT 0 NOT NULL,
    rows_known BIGINT DEFAULT 0 NOT NULL,
    rows_rejected BIGINT DEFAULT 0 NOT NULL,
    totals JSONB,
    complete BOOLEAN NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_source PRIMARY KEY (source_id),
    CONSTRAINT uq_source_sha256 UNIQUE (sha256)
);

CREATE TABLE member (
    member_id BIGINT NOT NULL,
    member TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT,
    born_on DATE,
    joined_on DATE,
    org_unit_id INTEGER,
    channel TEXT,
    phone TEXT,
    email TEXT,
    language TEXT,
    tags TEXT,
    CONSTRAINT pk_member PRIMARY KEY (member_id),
    CONSTRAINT fk_member_org_unit_id FOREIGN KEY(org_unit_id) REFERENCES org_unit (org_unit_id)
);

CREATE TABLE card_account (
    member_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    account TEXT NOT NULL,
    product TEXT NOT NULL,
    currency SMALLINT NOT NULL,
    opened_on DATE NOT NULL,
    credit_limit BIGINT NOT NULL,
    closing_day SMALLINT NOT NULL,
    anchor_on DATE NOT NULL,
    migrated BOOLEAN NOT NULL,
    org_unit_id INTEGER,
    status TEXT NOT NULL,
    closed_on DATE,
    CONSTRAINT pk_card_account PRIMARY KEY (member_id, account_id),
    CONSTRAINT fk_card_account_member_id FOREIGN KEY(member_id) REFERENCES member (member_id),
    CONSTRAINT ck_card_account_closing_day CHECK (closing_day BETWEEN 1 AND 31),
    CONSTRAINT fk_card_account_currency FOREIGN KEY(currency) REFERENCES currency (currency),
    CONSTRAINT fk_card_account_org_unit_id FOREIGN KEY(org_unit_id) REFERENCES org_unit (org_unit_id)
);
CREATE INDEX ix_card_account_closing_day ON card_account (closing_day, member_id);

CREATE TABLE card (
    member_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    card_id BIGINT NOT NULL,
    card TEXT NOT NULL,
    kind TEXT NOT NULL,
    issued_on DATE NOT NULL,
    holder TEXT,
    pan_first6 TEXT,
    pan_last4 TEXT,
    pan_ciphertext BYTEA,
    pan_key_id SMALLINT,
    pan_hash BYTEA,
    expires_on DATE,
    status TEXT NOT NULL,
    sub_limit BIGINT,
    channel TEXT,
    replaces_card_id BIGINT,
    reason TEXT,
    CONSTRAINT pk_card PRIMARY KEY (member_id, account_id, card_id),
    CONSTRAINT fk_card_member_id_account_id FOREIGN KEY(member_id, account_id)
        REFERENCES card_account (member_id, account_id)
);
CREATE INDEX ix_card_issued_on ON card (issued_on, member_id);
CREATE INDEX ix_card_pan_hash ON card (pan_hash, member_id) WHERE pan_hash IS NOT NULL;

CREATE TABLE guarded_balance (
    member_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    balance BIGINT DEFAULT 0 NOT NULL,
    holds BIGINT DEFAULT 0 NOT NULL,
    CONSTRAINT pk_guarded_balance PRIMARY KEY (member_id, account_id),
    CONSTRAINT fk_guarded_balance_member_id_account_id FOREIGN KEY(member_id, account_id)
        REFERENCES card_account (member_id, account_id)
);

CREATE TABLE posting (
    member_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    posted_on DATE NOT NULL,
    source_id INTEGER NOT NULL,
    source_line BIGINT NOT NULL,
    type SMALLINT NOT NULL,
    debit_account SMALLINT NOT NULL,
    credit_account SMALLINT NOT NULL,
    currency SMALLINT NOT NULL,
    amount BIGINT NOT NULL,
    effective_on DATE NOT NULL,
    transaction_on DATE NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    card_id BIGINT,
    terms_version_id INTEGER,
    clause TEXT,
    source_ref TEXT,
    merchant TEXT,
    mcc TEXT,
    category TEXT,
    terminal TEXT,
    outlet TEXT,
    channel TEXT,
    description TEXT,
    original_amount TEXT,
    original_currency TEXT,
    CONSTRAINT pk_posting PRIMARY KEY (member_id, account_id, posted_on, source_id, source_line, type),
    CONSTRAINT fk_posting_member_id_account_id FOREIGN KEY(member_id, account_id)
        REFERENCES card_account (member_id, account_id),
    CONSTRAINT ck_posting_amount_positive CHECK (amount > 0),
    CONSTRAINT ck_posting_two_sides CHECK (debit_account <> credit_account),
    CONSTRAINT ck_posting_effective_not_ahead CHECK (effective_on <= posted_on),
    CONSTRAINT fk_posting_source_id FOREIGN KEY(source_id) REFERENCES source (source_id)
);
CREATE INDEX ix_posting_posted_on ON posting USING brin (posted_on) WITH (pages_per_range = 16, autosummarize = true);
CREATE UNIQUE INDEX uq_posting_source_ref ON posting (source_ref, member_id) WHERE source_ref IS NOT NULL;
"""

TERMS = """
CREATE TABLE terms_version (
    terms_version_id INTEGER NOT NULL,
    product TEXT NOT NULL,
    in_force_from DATE NOT NULL,
    in_force DATERANGE NOT NULL,
    document JSONB NOT NULL,
    sha256 BYTEA NOT NULL,
    status TEXT NOT NULL,
    proposed_by TEXT NOT NULL,
    proposed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    approved_by TEXT,
    approved_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_terms_version PRIMARY KEY (terms_version_id),
    CONSTRAINT ex_terms_version_in_force EXCLUDE USING gist (product WITH =, in_force WITH &&) WHERE (status = 'approved'),
    CONSTRAINT ck_terms_version_status CHECK (status IN ('proposed', 'approved')),
    CONSTRAINT ck_terms_version_second_person CHECK (approved_by IS NULL OR approved_by <> proposed_by)
);
"""

BILLING = """
CREATE TABLE statement (
    member_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    cycle_no INTEGER NOT NULL,
    opens_on DATE NOT NULL,
    closes_on DATE NOT NULL,
    due_on DATE NOT NULL,
    terms_version_id INTEGER NOT NULL,
    credit_limit BIGINT NOT NULL,
    previous_balance BIGINT NOT NULL,
    payments BIGINT NOT NULL,
    credits BIGINT NOT NULL,
    purchases BIGINT NOT NULL,
    cash_advances BIGINT NOT NULL,
    balance_transfers BIGINT NOT NULL,
    fees BIGINT NOT NULL,
    interest BIGINT NOT NULL,
    waivers BIGINT NOT NULL,
    adjustments BIGINT NOT NULL,
    new_balance BIGINT NOT NULL,
    minimum_payment_due BIGINT NOT NULL,
    past_due BIGINT NOT NULL,
    over_limit BIGINT NOT NULL,
    days_past_due INTEGER NOT NULL,
    grace SMALLINT NOT NULL,
    purchase_balance_days BIGINT NOT NULL,
    purchase_interest BIGINT NOT NULL,
    cash_balance_days BIGINT NOT NULL,
    cash_interest BIGINT NOT NULL,
    over_limit_balance_days BIGINT NOT NULL,
    over_limit_interest BIGINT NOT NULL,
    year_interest BIGINT NOT NULL,
    year_fees BIGINT NOT NULL,
    revolving BIGINT NOT NULL,
    billed BIGINT NOT NULL,
    cash BIGINT NOT NULL,
    unpaid_interest BIGINT NOT NULL,
    unpaid_fees BIGINT NOT NULL,
    billed_balance_days BIGINT NOT NULL,
    oldest_unpaid_due_on DATE NOT NULL,
    sha256 BYTEA NOT NULL,
    previous_sha256 BYTEA NOT NULL,
    CONSTRAINT pk_statement PRIMARY KEY (member_id, account_id, cycle_no),
    CONSTRAINT fk_statement_member_id_account_id FOREIGN KEY(member_id, account_id)
        REFERENCES card_account (member_id, account_id)
);
CREATE UNIQUE INDEX uq_statement_closes_on ON statement (closes_on, member_id, account_id);
"""

SERVICE = """
CREATE TABLE service_case (
    member_id BIGINT NOT NULL,
    case_code TEXT NOT NULL,
    kind TEXT NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE NOT NULL,
    account_id BIGINT,
    channel TEXT,
    topic TEXT,
    product TEXT,
    sent_at TIMESTAMP WITH TIME ZONE,
    due_at TIMESTAMP WITH TIME ZONE,
    answered_at TIMESTAMP WITH TIME ZONE,
    closed_at TIMESTAMP WITH TIME ZONE,
    outcome TEXT,
    timely BOOLEAN,
    source_id INTEGER NOT NULL,
    source_line BIGINT NOT NULL,
    CONSTRAINT pk_service_case PRIMARY KEY (member_id, case_code)
);
CREATE INDEX ix_service_case_received_at ON service_case (received_at);
"""

JOBS = """
CREATE TABLE business_day (
    business_on DATE NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE,
    totals JSONB,
    CONSTRAINT pk_business_day PRIMARY KEY (business_on)
);

CREATE TABLE parked_account (
    member_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    parked_on DATE NOT NULL,
    step TEXT NOT NULL,
    reason TEXT NOT NULL,
    released_at TIMESTAMP WITH TIME ZONE,
    released_reason TEXT,
    CONSTRAINT pk_parked_account PRIMARY KEY (member_id, account_id)
);

CREATE TABLE day_step (
    business_on DATE NOT NULL,
    step SMALLINT NOT NULL,
    shard INTEGER NOT NULL,
    state TEXT DEFAULT 'waiting' NOT NULL,
    attempts SMALLINT DEFAULT 0 NOT NULL,
    attempt_token UUID,
    lease_until TIMESTAMP WITH TIME ZONE,
    started_at TIMESTAMP WITH TIME ZONE,
    finished_at TIMESTAMP WITH TIME ZONE,
    outcome JSONB,
    reason TEXT,
    CONSTRAINT pk_day_step PRIMARY KEY (business_on, step, shard),
    CONSTRAINT ck_day_step_state CHECK (state IN ('waiting', 'running', 'done', 'parked')),
    CONSTRAINT fk_day_step_business_on FOREIGN KEY(business_on) REFERENCES business_day (business_on)
);
CREATE INDEX ix_day_step_open ON day_step (business_on, shard, step) WHERE state <> 'done';
"""
