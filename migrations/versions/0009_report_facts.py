"""What postings come to by day, and which cards were used: facts that reports are made from, drawn up for closed days."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

#: A posting with all that reports group by. Its cycle closes on the first closing day from its own day on, never before the
#: account's first closing; a closing day that a month has not falls on its last day.
COUNTED_POSTING = """
CREATE VIEW counted_posting AS
SELECT posting.posted_on AS business_on, account.currency, posting.type, account.product,
       coalesce(account.org_unit_id, member.org_unit_id) AS org_unit_id, card.kind AS card_kind, posting.category,
       posting.channel, posting.merchant,
       greatest(account.anchor_on, CASE
           WHEN extract(day FROM posting.posted_on) <= account.closing_day
           THEN least(posting.posted_on - extract(day FROM posting.posted_on)::int + account.closing_day,
                      (posting.posted_on - extract(day FROM posting.posted_on)::int + 1 + interval '1 month')::date - 1)
           ELSE least((posting.posted_on - extract(day FROM posting.posted_on)::int + 1 + interval '1 month')::date - 1
                      + account.closing_day,
                      (posting.posted_on - extract(day FROM posting.posted_on)::int + 1 + interval '2 months')::date - 1)
       END) AS cycle,
       posting.card_id, posting.amount
FROM posting
JOIN card_account account USING (member_id, account_id)
JOIN member ON member.member_id = posting.member_id
LEFT JOIN card ON card.member_id = posting.member_id AND card.account_id = posting.account_id
    AND card.card_id = posting.card_id;
"""

TABLES = """
CREATE TABLE posting_fact (
    business_on DATE NOT NULL,
    grain SMALLINT NOT NULL,
    currency SMALLINT NOT NULL,
    type SMALLINT NOT NULL,
    product TEXT,
    org_unit_id INTEGER,
    card_kind TEXT,
    category TEXT,
    channel TEXT,
    merchant TEXT,
    cycle DATE,
    postings BIGINT NOT NULL,
    amount BIGINT NOT NULL
);
CREATE INDEX ix_posting_fact_business_on ON posting_fact USING brin (business_on)
    WITH (pages_per_range = 16, autosummarize = true);
CREATE TABLE card_use (
    business_on DATE NOT NULL,
    by_merchant BOOLEAN NOT NULL,
    type SMALLINT NOT NULL,
    category TEXT,
    channel TEXT,
    merchant TEXT,
    cards BYTEA NOT NULL
);
CREATE INDEX ix_card_use_business_on ON card_use (business_on);
ALTER TABLE card_use ALTER COLUMN cards SET STORAGE EXTERNAL;
"""

RIGHTS = """
GRANT SELECT ON counted_posting TO cardwright_app;
GRANT SELECT, INSERT ON posting_fact, card_use TO cardwright_app;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON posting_fact
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON card_use
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

#: Facts of the days that were closed before there were any.
CLOSED_DAYS = """
INSERT INTO posting_fact (business_on, grain, currency, type, product, org_unit_id, card_kind, category, channel, merchant,
                          cycle, postings, amount)
SELECT business_on, grouping(product, merchant, cycle), currency, type, product, org_unit_id, card_kind, category, channel,
       merchant, cycle, count(*), sum(amount)
FROM counted_posting WHERE business_on <= (SELECT closed_through FROM book) AND type > 2
GROUP BY business_on, currency, type, GROUPING SETS (
    (product, org_unit_id, card_kind, category, channel), (product, org_unit_id, card_kind, cycle),
    (category, channel, merchant))
HAVING grouping(product, merchant, cycle) = 3 OR type IN (10, 11, 12, 14, 20)
ORDER BY business_on;
INSERT INTO card_use (business_on, by_merchant, type, category, channel, merchant, cards)
SELECT business_on, grouping(merchant) = 0, type, category, channel, merchant,
       string_agg(DISTINCT int4send(card_id::int), ''::bytea)
FROM (SELECT DISTINCT posted_on AS business_on, type, category, channel, merchant, card_id FROM posting
      WHERE posted_on <= (SELECT closed_through FROM book) AND type BETWEEN 10 AND 22 AND card_id IS NOT NULL) used
GROUP BY business_on, type, GROUPING SETS ((category, channel), (category, channel, merchant))
HAVING grouping(merchant) = 1 OR type IN (10, 11, 12, 14, 20)
ORDER BY business_on;
"""


def upgrade() -> None:
    """Adds to the books of the revision before; the days that are closed get their facts."""
    op.execute(COUNTED_POSTING)
    op.execute(TABLES)
    op.execute(RIGHTS)
    op.execute(CLOSED_DAYS)


def downgrade() -> None:
    """Never: a release that does not draw up facts would leave gaps in them."""
    raise RuntimeError("revision 0009 holds the facts of closed days; it is not undone")
