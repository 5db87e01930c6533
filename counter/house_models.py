"""Entries of the house's own books that touch no account, and the money that nobody knows whose it is yet."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from accounts.models import Base


class HouseEntry(Base):
    """A movement between two of the house's ledger accounts, balanced in its row like a posting; append-only.

    kind: suspense_in | suspense_out | breakage; about: what it is for, by its number or name; clause: the rule that it follows.
    """

    __tablename__ = "house_entry"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("debit_account <> credit_account AND least(debit_account, credit_account) >= 200", name="two_sides"),
        CheckConstraint("kind IN ('suspense_in', 'suspense_out', 'breakage')", name="kind"),
        Index("uq_house_entry_about", "kind", "about", "posted_on", unique=True),
        Index("ix_house_entry_posted_on", "posted_on"),
    )

    house_entry_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    posted_on: Mapped[date]
    kind: Mapped[str]
    about: Mapped[str]
    debit_account: Mapped[int] = mapped_column(SmallInteger, ForeignKey("ledger_account.ledger_account"))
    credit_account: Mapped[int] = mapped_column(SmallInteger, ForeignKey("ledger_account.ledger_account"))
    currency: Mapped[int] = mapped_column(SmallInteger, ForeignKey("currency.currency"))
    amount: Mapped[int]
    clause: Mapped[str | None]
    told_by: Mapped[str]
    recorded_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class SuspenseItem(Base):
    """Money on the bank's statement that no account could be told for: each has an owner, who finds out.

    kind: payment (came in) | returned_payment (went back out); why: by name; state: open | assigned. amount: minor units.
    """

    __tablename__ = "suspense_item"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("kind IN ('payment', 'returned_payment')", name="kind"),
        CheckConstraint("state IN ('open', 'assigned')", name="state"),
        CheckConstraint("(state = 'assigned') = (account IS NOT NULL AND decided_by IS NOT NULL)", name="assigned"),
        Index("ix_suspense_item_open", "owner", "suspense_item_id", postgresql_where=text("state = 'open'")),
    )

    suspense_item_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    ref: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    amount: Mapped[int]
    currency: Mapped[int] = mapped_column(SmallInteger, ForeignKey("currency.currency"))
    booked_on: Mapped[date]
    value_on: Mapped[date]
    payer: Mapped[str | None]
    words: Mapped[str | None]
    why: Mapped[str]
    owner: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'open'"))
    account: Mapped[str | None]
    decided_by: Mapped[str | None]
    reason: Mapped[str | None]
    posted_on: Mapped[date | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
