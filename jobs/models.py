"""The business day in rows: which steps are due for which shard, who holds them, how often they were tried."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, SmallInteger, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from accounts.models import Base


class BusinessDay(Base):
    """A business date: opened (cut-off passed, work planned), then closed with its totals sealed."""

    __tablename__ = "business_day"

    business_on: Mapped[date] = mapped_column(primary_key=True)
    opened_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    closed_at: Mapped[datetime | None]
    totals: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class DayStep(Base):
    """One step of one business day for one shard of members; done once, by the holder of the current attempt token.

    state: waiting | running | done | parked. attempts counts starts, written before the work begins. lease_until: after it
    another worker may take the step over. outcome: counts per outcome. reason: why the last attempt failed.
    """

    __tablename__ = "day_step"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'running', 'done', 'parked')", name="state"),
        Index("ix_day_step_open", "business_on", "shard", "step", postgresql_where=text("state <> 'done'")),
    )

    business_on: Mapped[date] = mapped_column(ForeignKey("business_day.business_on"), primary_key=True)
    step: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    shard: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(server_default=text("'waiting'"))
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    attempt_token: Mapped[UUID | None] = mapped_column(Uuid)
    lease_until: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    reason: Mapped[str | None]


class ParkedAccount(Base):
    """An account taken out of billing because it could not be billed; released by staff with a reason."""

    __tablename__ = "parked_account"

    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    parked_on: Mapped[date]
    step: Mapped[str]
    reason: Mapped[str]
    released_at: Mapped[datetime | None]
    released_reason: Mapped[str | None]
