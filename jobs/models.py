"""The business day in rows: which steps are due for which shard, who holds them, how often they were tried."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
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


#: Facts of closed days: postings and their amounts (minor units), added up by currency, type and what `grain` says
#: (accounts/posting_facts.py). Append-only: rows that come later, negative ones too, add to those there are; so it has no key.
POSTING_FACT = Table(
    "posting_fact", Base.metadata,
    Column("business_on", Date, nullable=False),
    Column("grain", SmallInteger, nullable=False),
    Column("currency", SmallInteger, nullable=False),
    Column("type", SmallInteger, nullable=False),
    Column("product", Text),
    Column("org_unit_id", Integer),
    Column("card_kind", Text),
    Column("category", Text),
    Column("channel", Text),
    Column("merchant", Text),
    Column("cycle", Date),
    Column("postings", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Index("ix_posting_fact_business_on", "business_on", postgresql_using="brin",
          postgresql_with={"pages_per_range": 16, "autosummarize": True}),
)

#: The facts of closed months by their last day, added up from those of their days (accounts/month_facts.py).
MONTH_FACT = Table(
    "month_fact", Base.metadata,
    *(Column(each.name, each.type, nullable=each.nullable) for each in POSTING_FACT.columns),
    Index("ix_month_fact_business_on", "business_on", postgresql_using="brin",
          postgresql_with={"pages_per_range": 16, "autosummarize": True}),
)

#: Which cards transactions of a closed day were made with, of each type, category and channel, once over all merchants and
#: once by merchant. cards: their ids, four bytes each, most significant first, ascending. Append-only.
CARD_USE = Table(
    "card_use", Base.metadata,
    Column("business_on", Date, nullable=False),
    Column("by_merchant", Boolean, nullable=False),
    Column("type", SmallInteger, nullable=False),
    Column("category", Text),
    Column("channel", Text),
    Column("merchant", Text),
    Column("cards", LargeBinary, nullable=False),
    Index("ix_card_use_business_on", "business_on"),
)

#: Which different cards were used in a closed day and in a closed month (accounts/card_sets.py). Append-only.
CARD_SET = Table(
    "card_set", Base.metadata,
    Column("business_on", Date, nullable=False),
    Column("grain", SmallInteger, nullable=False),
    Column("type", SmallInteger),
    Column("category", Text),
    Column("channel", Text),
    Column("merchant", Text),
    Column("cards", LargeBinary, nullable=False),
    Index("ix_card_set_business_on", "business_on", "grain"),
)
