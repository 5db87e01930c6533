"""What is known of each case, contact and order: when it came, about what, and what became of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, SmallInteger
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


class ServiceContact(Base):
    """A contact offered to the service desk. member_id is 0 where the member is not known; wait and handle in seconds.

    csat: 1 to 5; nps: 0 to 10; both as the member said, where asked.
    """

    __tablename__ = "service_contact"
    __table_args__ = (
        CheckConstraint("outcome IN ('answered', 'abandoned', 'self_service', 'other')", name="outcome"),
        Index("ix_service_contact_offered_at", "offered_at"), Index("ix_service_contact_contact_code", "contact_code"),
    )

    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    contact_code: Mapped[str] = mapped_column(primary_key=True)
    offered_at: Mapped[datetime]
    outcome: Mapped[str]
    channel: Mapped[str | None]
    queue: Mapped[str | None]
    topic: Mapped[str | None]
    priority: Mapped[str | None]
    wait_s: Mapped[int | None] = mapped_column(Integer)
    handle_s: Mapped[int | None] = mapped_column(Integer)
    agent: Mapped[str | None]
    transfers: Mapped[int | None] = mapped_column(Integer)
    resolved: Mapped[bool | None]
    csat: Mapped[int | None] = mapped_column(SmallInteger)
    nps: Mapped[int | None] = mapped_column(SmallInteger)
    source_id: Mapped[int] = mapped_column(Integer)
    source_line: Mapped[int]


class SalesOrder(Base):
    """Cards that somebody ordered. member_id is 0 where the buyer is not known.

    face: of one card; price: of the order; minor units of `currency`.
    """

    __tablename__ = "sales_order"
    __table_args__ = (
        CheckConstraint("channel IN ('store', 'phone', 'web', 'pickup', 'direct', 'app', 'company')", name="channel"),
        CheckConstraint("quantity > 0", name="quantity"),
        Index("ix_sales_order_ordered_at", "ordered_at"), Index("ix_sales_order_order_code", "order_code"),
    )

    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    order_code: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str]
    ordered_at: Mapped[datetime]
    product: Mapped[str | None]
    currency: Mapped[int] = mapped_column(SmallInteger, ForeignKey("currency.currency"))
    quantity: Mapped[int] = mapped_column(Integer)
    face: Mapped[int | None]
    price: Mapped[int | None]
    paid_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    org_unit_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("org_unit.org_unit_id"))
    status: Mapped[str | None]
    source_id: Mapped[int] = mapped_column(Integer)
    source_line: Mapped[int]
