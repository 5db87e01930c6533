"""What the counter keeps: the lots that prepaid value is held in, how they moved, and every command with its reply."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Integer, SmallInteger, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from accounts.models import Base
from counter.clearing.models import ClearingFileRow, ClearingItem
from counter.house_models import HouseEntry, SuspenseItem


class PurseLot(Base):
    """A part of an account's value that came in at once (accounts/lots.py); `remaining` moves with lot_movement."""

    __tablename__ = "purse_lot"
    __table_args__ = (
        ForeignKeyConstraint(["member_id", "account_id"], ["card_account.member_id", "card_account.account_id"]),
        CheckConstraint("purse IN ('principal', 'bonus')", name="purse"),
        CheckConstraint("remaining BETWEEN 0 AND original", name="remaining"),
        Index("ix_purse_lot_expires_on", "expires_on", "member_id", postgresql_where=text("purse = 'bonus' AND remaining > 0")),
    )

    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    lot: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    purse: Mapped[str]
    source: Mapped[str]
    funder: Mapped[str]
    made_on: Mapped[date]
    expires_on: Mapped[date | None]
    original: Mapped[int]
    remaining: Mapped[int]


class LotMovement(Base):
    """What a command took from a lot (negative) or gave to it; append-only. line: of the command, its postings' source_line."""

    __tablename__ = "lot_movement"
    __table_args__ = (
        ForeignKeyConstraint(["member_id", "account_id", "lot"],
                             ["purse_lot.member_id", "purse_lot.account_id", "purse_lot.lot"], name="fk_lot_movement_lot"),
        CheckConstraint("amount <> 0", name="moves"),
    )

    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    place: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    lot: Mapped[int] = mapped_column(Integer)
    amount: Mapped[int]


class CounterEvent(Base):
    """A command of the counter that changed something: what was asked, what was answered, who asked; append-only.

    ref: the request's own reference: the same one again gets the same reply. of_line: the command that this one takes back or
    gives back. Card states before and after.
    """

    __tablename__ = "counter_event"
    __table_args__ = (
        ForeignKeyConstraint(["member_id", "account_id", "card_id"], ["card.member_id", "card.account_id", "card.card_id"],
                             name="fk_counter_event_card"),
        Index("uq_counter_event_ref", "ref", "member_id", unique=True, postgresql_where=text("ref IS NOT NULL")),
    )

    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    card_id: Mapped[int]
    business_on: Mapped[date]
    command: Mapped[str]
    ref: Mapped[str | None]
    asked: Mapped[dict[str, Any]] = mapped_column(JSONB)
    reply: Mapped[dict[str, Any]] = mapped_column(JSONB)
    status_before: Mapped[str]
    status_after: Mapped[str]
    of_line: Mapped[int | None]
    reason: Mapped[str | None]
    told_by: Mapped[str]
    outlet: Mapped[str | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Authorisation(Base):
    """What a till was promised: amount, and of it what is still held; minor units.

    ref: the retrieval reference; kind: purchase | cash_advance; state: held | cleared | reversed | expired; expires_on: the
    last business day that it is held on. cleared: what was posted for it, which may be more than was promised.
    """

    __tablename__ = "authorisation"
    __table_args__ = (
        ForeignKeyConstraint(["member_id", "account_id", "card_id"], ["card.member_id", "card.account_id", "card.card_id"],
                             name="fk_authorisation_card"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("held BETWEEN 0 AND amount", name="held"),
        CheckConstraint("state IN ('held', 'cleared', 'reversed', 'expired')", name="state"),
        CheckConstraint("state = 'held' OR held = 0", name="nothing_left"),
        Index("uq_authorisation_ref", "ref", "member_id", unique=True),
        Index("ix_authorisation_expires_on", "expires_on", "member_id", postgresql_where=text("state = 'held'")),
    )

    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    card_id: Mapped[int]
    ref: Mapped[str]
    kind: Mapped[str]
    amount: Mapped[int]
    held: Mapped[int]
    cleared: Mapped[int] = mapped_column(server_default=text("0"))
    state: Mapped[str]
    authorised_on: Mapped[date]
    expires_on: Mapped[date]
    merchant: Mapped[str | None]
    mcc: Mapped[str | None]
    original_amount: Mapped[str | None]
    original_currency: Mapped[str | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class PayCode(Base):
    """A code that a holder shows at a till instead of the card: good once, for a minute; only its hash is kept.

    used_ref: the reference of the spend that it paid for.
    """

    __tablename__ = "pay_code"
    __table_args__ = (
        ForeignKeyConstraint(["member_id", "account_id", "card_id"], ["card.member_id", "card.account_id", "card.card_id"],
                             name="fk_pay_code_card"),
        CheckConstraint("expires_at > made_at", name="lasts"),
        Index("uq_pay_code_code_sha256", "code_sha256", "member_id", unique=True),
    )

    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    card_id: Mapped[int]
    code_sha256: Mapped[bytes] = mapped_column(primary_key=True)
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_ref: Mapped[str | None]


__all__ = ["Authorisation", "ClearingFileRow", "ClearingItem", "CounterEvent", "HouseEntry", "LotMovement", "PayCode",
           "PurseLot", "SuspenseItem"]
