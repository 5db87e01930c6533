"""What is known of each case: when it came, about what, when it was answered, and how it ended."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from accounts.models import Base


class ServiceCase(Base):
    """A complaint, dispute, claim or request. member_id is 0 where the holder is not known.

    `case_code` is the case's name outside; a row without one is rejected.
    """

    __tablename__ = "service_case"
    __table_args__ = (Index("ix_service_case_received_at", "received_at"),)

    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    case_code: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    received_at: Mapped[datetime]
    account_id: Mapped[int | None]
    channel: Mapped[str | None]
    topic: Mapped[str | None]
    product: Mapped[str | None]
    sent_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    timely: Mapped[bool | None]
    source_id: Mapped[int] = mapped_column(Integer)
    source_line: Mapped[int]
