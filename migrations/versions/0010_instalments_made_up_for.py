"""Parked accounts are made up for the instalment parts of closed days too, as for any other charge."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

#: Type 30 is a part of a plan that falls due at a closing; conversions (31, 32) are made at the counter, on the open day only.
REFUSE_CLOSED_DAY = """
CREATE OR REPLACE FUNCTION refuse_closed_day() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    earliest_on date := (SELECT min(posted_on) FROM added WHERE type < 40 AND type <> 30);
    closed_through date := (SELECT book.closed_through FROM book);
BEGIN
    IF earliest_on <= closed_through THEN
        RAISE EXCEPTION 'a posting is dated %, and the book is closed through %', earliest_on, closed_through
            USING ERRCODE = 'check_violation', CONSTRAINT = 'closed_day', TABLE = 'posting',
                  HINT = 'Post it on the day that is open; its effective date may be earlier.';
    END IF;
    RETURN NULL;
END
$$
"""


def upgrade() -> None:
    """Takes the place of the function of the first revision."""
    op.execute(REFUSE_CLOSED_DAY)


def downgrade() -> None:
    """Never: accounts with instalments could not be released any more."""
    raise RuntimeError("revision 0010 lets parked accounts with instalments be released; it is not undone")
