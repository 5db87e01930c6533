"""Who is let in and what they did: staff, their acts, what waits for a second person, what was sent out; partners' keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Integer, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from accounts.models import Base


class Staff(Base):
    """Someone who may sign in: a role, at a unit of the organisation (none: head office).

    grade_limit: minor units up to which they may act on money without a second person. totp_last_step: the last time step
    whose code was used, so that a code is good once.
    """

    __tablename__ = "staff"
    __table_args__ = (
        CheckConstraint("role IN ('clerk', 'operations', 'finance', 'product', 'auditor', 'administrator')", name="role"),
        CheckConstraint("grade_limit >= 0", name="grade_limit"),
    )

    staff_id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    login: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    org_unit_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("org_unit.org_unit_id"))
    grade_limit: Mapped[int] = mapped_column(server_default=text("0"))
    password_hash: Mapped[str]
    password_set_at: Mapped[datetime]
    must_change_password: Mapped[bool] = mapped_column(server_default=text("true"))
    totp_secret: Mapped[str | None]
    totp_confirmed: Mapped[bool] = mapped_column(server_default=text("false"))
    totp_last_step: Mapped[int] = mapped_column(server_default=text("0"))
    failures: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    locked_until: Mapped[datetime | None]
    language: Mapped[str] = mapped_column(server_default=text("'en'"))
    disabled: Mapped[bool] = mapped_column(server_default=text("false"))


class StaffSession(Base):
    """Someone signed in, known by the hash of the cookie's token; the row dies at sign-out and so does the session."""

    __tablename__ = "staff_session"
    __table_args__ = (Index("ix_staff_session_staff_id", "staff_id"),)

    token_sha256: Mapped[bytes] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = mapped_column(Integer, ForeignKey("staff.staff_id", ondelete="CASCADE"))
    form_token: Mapped[str]
    second_factor: Mapped[bool]
    began_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class StaffAct(Base):
    """What someone saw or did, and when; append-only. subject: the account, report or query that it was about."""

    __tablename__ = "staff_act"
    __table_args__ = (
        Index("ix_staff_act_subject", "subject", "recorded_at"), Index("ix_staff_act_login", "login", "recorded_at"),
    )

    act_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    staff_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("staff.staff_id"))
    login: Mapped[str]
    act: Mapped[str]
    subject: Mapped[str | None]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    request_id: Mapped[str]
    recorded_at: Mapped[datetime]


class Proposal(Base):
    """An act on money above its maker's grade: done only when a second person says so (maker-checker)."""

    __tablename__ = "proposal"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'done', 'refused', 'withdrawn')", name="state"),
        CheckConstraint("state <> 'done' OR decided_by <> proposed_by", name="second_person"),
        Index("ix_proposal_open", "proposed_at", postgresql_where=text("state = 'open'")),
    )

    proposal_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    action: Mapped[str]
    account: Mapped[str]
    org_unit_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("org_unit.org_unit_id"))
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    amount: Mapped[int]
    reason: Mapped[str]
    proposed_by: Mapped[int] = mapped_column(Integer, ForeignKey("staff.staff_id"))
    proposed_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default=text("'open'"))
    decided_by: Mapped[int | None] = mapped_column(Integer, ForeignKey("staff.staff_id"))
    decided_at: Mapped[datetime | None]
    decision_note: Mapped[str | None]
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class SavedQuery(Base):
    """A question of an auditor's, kept with its owner and purpose; `statement` takes named parameters (%(name)s)."""

    __tablename__ = "saved_query"

    saved_query_id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    purpose: Mapped[str]
    statement: Mapped[str]
    owner: Mapped[int] = mapped_column(Integer, ForeignKey("staff.staff_id"))
    saved_at: Mapped[datetime]


class SentNotice(Base):
    """A form as it was handed out, byte for byte; append-only."""

    __tablename__ = "sent_notice"
    __table_args__ = (Index("ix_sent_notice_account", "account", "made_at"),)

    sent_notice_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    form: Mapped[str]
    account: Mapped[str]
    org_unit_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("org_unit.org_unit_id"))
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    document: Mapped[bytes]
    sha256: Mapped[bytes]
    staff_id: Mapped[int] = mapped_column(Integer, ForeignKey("staff.staff_id"))
    made_at: Mapped[datetime]


class ApiKey(Base):
    """A key to the HTTP API; only its hash is kept. A partner may have several at once, so that one takes over from another.

    org_unit_id: the unit whose accounts it may read (none: all). scopes: what it may be used for. ends_at: from then on it is
    none; revoked_by: who ended it before its time.
    """

    __tablename__ = "api_key"
    __table_args__ = (
        CheckConstraint("revoked_by IS NULL OR ends_at IS NOT NULL", name="revoked"),
        Index("ix_api_key_partner", "partner", "api_key_id"),
    )

    api_key_id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    partner: Mapped[str]
    org_unit_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("org_unit.org_unit_id"))
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    secret_sha256: Mapped[bytes] = mapped_column(unique=True)
    issued_by: Mapped[str]
    issued_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None]


class ApiReply(Base):
    """What a request was answered, in the transaction that did it; append-only: the same key again gets the same reply."""

    __tablename__ = "api_reply"

    partner: Mapped[str] = mapped_column(primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(primary_key=True)
    request_sha256: Mapped[bytes]
    status: Mapped[int] = mapped_column(SmallInteger)
    reply: Mapped[dict[str, Any]] = mapped_column(JSONB)
    answered_at: Mapped[datetime]
