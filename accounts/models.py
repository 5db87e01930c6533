"""What the books keep: organisation, members, card accounts, cards, the chart of accounts and the ledger.

Every table of a member's data carries `member_id` in its primary, unique and foreign keys, so that the same schema can be
sharded by member. Codes that the outside world uses (member, account, card) are found through the three directory tables.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """One metadata for all rooms; a Python str is PostgreSQL text, an int is bigint, an instant is timestamptz."""

    type_annotation_map = {str: Text, int: BigInteger, date: Date, datetime: TIMESTAMP(timezone=True), bytes: LargeBinary}


Base.metadata.naming_convention = NAMING


class Book(Base):
    """The one row that says which business day the book stands at.

    open_on: the day that intake posts under (a row dated earlier lands here; a later one waits for its day).
    closed_through: the last business day that was closed; no posting may carry a date up to it.
    """

    __tablename__ = "book"
    __table_args__ = (CheckConstraint("book_id = 1", name="one_row"),)

    book_id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, server_default=text("1"))
    first_on: Mapped[date | None]
    open_on: Mapped[date | None]
    closed_through: Mapped[date | None]


class Currency(Base):
    """ISO 4217: numeric code (kept in postings), letters, digits of the minor unit that amounts are counted in."""

    __tablename__ = "currency"

    currency: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(unique=True)
    digits: Mapped[int] = mapped_column(SmallInteger)


class OrgUnit(Base):
    """Head office, region, branch, outlet or dealer: a tree that bounds what staff may see."""

    __tablename__ = "org_unit"

    org_unit_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("org_unit.org_unit_id"))


class LedgerAccount(Base):
    """A line of the chart of accounts. kind: asset | liability | income | expense | equity."""

    __tablename__ = "ledger_account"

    ledger_account: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]


class MemberDirectory(Base):
    """Finds a member by the code that the outside world uses; keeps the code unique."""

    __tablename__ = "member_directory"

    member: Mapped[str] = mapped_column(primary_key=True)
    member_id: Mapped[int]


class AccountDirectory(Base):
    """Finds a card account by its code; keeps the code unique."""

    __tablename__ = "account_directory"

    account: Mapped[str] = mapped_column(primary_key=True)
    member_id: Mapped[int]
    account_id: Mapped[int]


class CardDirectory(Base):
    """Finds a card by its code; keeps the code unique."""

    __tablename__ = "card_directory"

    card: Mapped[str] = mapped_column(primary_key=True)
    member_id: Mapped[int]
    account_id: Mapped[int]
    card_id: Mapped[int]


class Member(Base):
    """A person, company or anonymous holder known to the centre. Ids run from 1 without gaps, in order of intake."""

    __tablename__ = "member"

    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    member: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str | None]
    born_on: Mapped[date | None]
    joined_on: Mapped[date | None]
    org_unit_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("org_unit.org_unit_id"))
    channel: Mapped[str | None]
    phone: Mapped[str | None]
    email: Mapped[str | None]
    language: Mapped[str | None]
    tags: Mapped[str | None]


class CardAccount(Base):
    """The agreement: product, limit, cycle anchor, status.

    closing_day: 1..31, the day of month that the account's cycles close on (short months: their last day).
    anchor_on: the first closing date; every later one is counted from it, never from the one before.
    migrated: opened before the book's first business day: no joining fee, its annual-fee month counts on.
    credit_limit: minor units of `currency`; over_limit_opt_in: the holder agreed to an over-limit fee.
    prepaid: it holds value (ledger account 150), a balance below zero, where others owe.
    """

    __tablename__ = "card_account"
    __table_args__ = (
        ForeignKeyConstraint(["member_id"], ["member.member_id"]),
        CheckConstraint("closing_day BETWEEN 1 AND 31", name="closing_day"),
        Index("ix_card_account_closing_day", "closing_day", "member_id"),
    )

    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account: Mapped[str]
    product: Mapped[str]
    currency: Mapped[int] = mapped_column(SmallInteger, ForeignKey("currency.currency"))
    opened_on: Mapped[date]
    credit_limit: Mapped[int]
    closing_day: Mapped[int] = mapped_column(SmallInteger)
    anchor_on: Mapped[date]
    migrated: Mapped[bool]
    org_unit_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("org_unit.org_unit_id"))
    status: Mapped[str]
    closed_on: Mapped[date | None]
    over_limit_opt_in: Mapped[bool] = mapped_column(server_default=text("false"))
    prepaid: Mapped[bool] = mapped_column(server_default=text("false"))


class Card(Base):
    """A primary, supplementary or company card of an account.

    The number itself is kept as first six and last four digits in clear, the rest only as AES-GCM ciphertext under key
    `pan_key_id`, found by the keyed hash `pan_hash`. replaces: the card that this one took the place of, `reason` why. frozen:
    money may not leave it for now, whatever its status.
    """

    __tablename__ = "card"
    __table_args__ = (
        ForeignKeyConstraint(["member_id", "account_id"], ["card_account.member_id", "card_account.account_id"]),
        Index("ix_card_issued_on", "issued_on", "member_id"),
        Index("ix_card_expires_on", "expires_on", "member_id",
              postgresql_where=text("status IN ('issued', 'active', 'blocked')")),
        Index("ix_card_pan_hash", "pan_hash", "member_id", postgresql_where=text("pan_hash IS NOT NULL")),
    )

    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    card_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    card: Mapped[str]
    kind: Mapped[str]
    issued_on: Mapped[date]
    holder: Mapped[str | None]
    pan_first6: Mapped[str | None]
    pan_last4: Mapped[str | None]
    pan_ciphertext: Mapped[bytes | None]
    pan_key_id: Mapped[int | None] = mapped_column(SmallInteger)
    pan_hash: Mapped[bytes | None]
    expires_on: Mapped[date | None]
    status: Mapped[str]
    sub_limit: Mapped[int | None]
    channel: Mapped[str | None]
    replaces_card_id: Mapped[int | None]
    reason: Mapped[str | None]
    frozen: Mapped[bool] = mapped_column(server_default=text("false"))


class Source(Base):
    """Where postings come from: source 0 is the counter, 1 is Cardwright's own charging, every other one is a file taken in.

    sha256 makes a file known again; rows_taken is how many of its rows were dealt with in committed transactions, so that
    an intake that was killed goes on where it stopped. totals: control totals of its amounts so far, by currency and type.
    """

    __tablename__ = "source"

    source_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[str]
    name: Mapped[str]
    sha256: Mapped[bytes | None] = mapped_column(unique=True)
    rows_taken: Mapped[int] = mapped_column(server_default=text("0"))
    rows_posted: Mapped[int] = mapped_column(server_default=text("0"))
    rows_known: Mapped[int] = mapped_column(server_default=text("0"))
    rows_rejected: Mapped[int] = mapped_column(server_default=text("0"))
    totals: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    complete: Mapped[bool]
    recorded_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Posting(Base):
    """One movement of `amount` from the ledger account it credits to the one it debits; append-only.

    Its key is its identity: the row of the source that caused it (`source_id`, `source_line`) and its type, so nothing can
    be posted twice. All postings of one event share (source_id, source_line). For Cardwright's own charges (source 1)
    `source_line` tells apart charges of one type on one day: the card they are for, else 0.
    segment: of the terms, where a debit or a payment names one. late_for: the day, closed by then, that an event became known
    too late to be posted on.
    Four dates: transaction_on, effective_on (counts for interest from), posted_on (business day), recorded_at.
    amount: minor units of `currency`, > 0; whether it raises or lowers what the holder owes follows from which side is the
    cardholder receivable (ledger account 100).
    Account and source must exist: triggers look for them once a COPY, not row by row (revision 0007).
    """

    __tablename__ = "posting"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("debit_account <> credit_account", name="two_sides"),
        CheckConstraint("effective_on <= posted_on", name="effective_not_ahead"),
        Index("uq_posting_source_ref", "source_ref", "member_id", unique=True,
              postgresql_where=text("source_ref IS NOT NULL")),
        Index("ix_posting_posted_on", "posted_on", postgresql_using="brin",
              postgresql_with={"pages_per_range": 16, "autosummarize": True}),
    )

    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    posted_on: Mapped[date] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    source_line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    type: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    debit_account: Mapped[int] = mapped_column(SmallInteger)
    credit_account: Mapped[int] = mapped_column(SmallInteger)
    currency: Mapped[int] = mapped_column(SmallInteger)
    amount: Mapped[int]
    effective_on: Mapped[date]
    transaction_on: Mapped[date]
    recorded_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    card_id: Mapped[int | None]
    segment: Mapped[str | None]
    late_for: Mapped[date | None]
    terms_version_id: Mapped[int | None] = mapped_column(Integer)
    clause: Mapped[str | None]
    source_ref: Mapped[str | None]
    merchant: Mapped[str | None]
    mcc: Mapped[str | None]
    category: Mapped[str | None]
    terminal: Mapped[str | None]
    outlet: Mapped[str | None]
    channel: Mapped[str | None]
    description: Mapped[str | None]
    original_amount: Mapped[str | None]
    original_currency: Mapped[str | None]


class GuardedBalance(Base):
    """What an account owes by the postings of its opened business days, in one narrow row changed with them.

    open-to-buy = credit limit - balance - holds. `verify` re-derives it from postings.
    """

    __tablename__ = "guarded_balance"
    __table_args__ = (
        ForeignKeyConstraint(["member_id", "account_id"], ["card_account.member_id", "card_account.account_id"]),
    )

    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    balance: Mapped[int] = mapped_column(server_default=text("0"))
    holds: Mapped[int] = mapped_column(server_default=text("0"))


__all__ = [
    "AccountDirectory", "Base", "Book", "Card", "CardAccount", "CardDirectory", "Currency", "GuardedBalance",
    "LedgerAccount", "Member", "MemberDirectory", "OrgUnit", "Posting", "Source",
]
