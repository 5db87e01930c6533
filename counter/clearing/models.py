"""What is kept of clearing files: which came in, what is held and why, and what each record did."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Identity, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from accounts.models import Base


class ClearingFileRow(Base):
    """A file that a network or a bank sent, by its content and its place in the sender's sequence.

    state: held (held_for says why, by name, and held_because in words) | taking | taken | superseded (another file took its
    place in the sequence). opening, closing: balances of a bank's statement, minor units. source_id: what its rows posted from.
    """

    __tablename__ = "clearing_file"
    __table_args__ = (
        CheckConstraint("kind IN ('clearing', 'bank_statement')", name="kind"),
        CheckConstraint("state IN ('held', 'taking', 'taken', 'superseded')", name="state"),
        CheckConstraint("state <> 'held' OR held_for IS NOT NULL", name="says_why"),
        CheckConstraint("(released_by IS NULL) = (released_at IS NULL)", name="released"),
        Index("ix_clearing_file_sender", "kind", "sender", "sequence"),
    )

    clearing_file_id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    kind: Mapped[str]
    sender: Mapped[str]
    sequence: Mapped[int]
    file_on: Mapped[date]
    name: Mapped[str]
    sha256: Mapped[bytes] = mapped_column(unique=True)
    body_sha256: Mapped[bytes]
    rows: Mapped[int]
    state: Mapped[str]
    held_for: Mapped[str | None]
    held_because: Mapped[str | None]
    currency: Mapped[str | None]
    opening: Mapped[int | None]
    closing: Mapped[int | None]
    source_id: Mapped[int | None] = mapped_column(Integer)
    released_by: Mapped[str | None]
    release_reason: Mapped[str | None]
    released_at: Mapped[datetime | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class ClearingItem(Base):
    """What a record of a clearing file did to an account: posted, gave back a hold, or both; append-only.

    line: of its posting, source 0; amount: minor units; of_ref: the presentment or authorisation that it names; note: what is
    worth knowing about it, by name. Its account must exist: a trigger looks for all of a COPY's at once, as for postings.
    """

    __tablename__ = "clearing_item"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        Index("ix_clearing_item_of_ref", "member_id", "account_id", "of_ref",
              postgresql_where=text("kind IN ('refund', 'reversal', 'chargeback')")),
        Index("uq_clearing_item_ref", "ref", "member_id", unique=True, postgresql_where=text("kind = 'reversal'")),
    )

    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source_id: Mapped[int] = mapped_column(Integer)
    source_line: Mapped[int]
    kind: Mapped[str]
    ref: Mapped[str]
    of_ref: Mapped[str | None]
    amount: Mapped[int]
    given_back: Mapped[int]
    authorisation_line: Mapped[int | None]
    note: Mapped[str | None]
