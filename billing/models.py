"""What a cycle leaves behind: the statement's figures and the state carried into the next cycle."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from accounts.models import Base


class Statement(Base):
    """One closed cycle of one account: figures as printed, and the state that the next cycle starts from.

    Amounts are minor units; balance-days are minor units x days; cycle 0 is not issued: it holds the opening state of a
    migrated account. The figures satisfy new_balance = previous_balance - payments - credits + purchases + cash_advances +
    balance_transfers + fees + interest - waivers + adjustments.
    State: revolving (purchases whose grace is lost), billed (purchases billed by this statement, grace open), cash, and
    unpaid interest and fees; billed_balance_days (what `billed` has run up so far, charged only if grace is lost);
    oldest_unpaid_due_on (due date of the oldest minimum not yet met; 1970-01-01: none).
    grace: 0 kept, 1 lost.
    The account must exist: a trigger looks for all of a COPY's at once (revision 0007).
    """

    __tablename__ = "statement"
    __table_args__ = (
        Index("uq_statement_closes_on", "closes_on", "member_id", "account_id", unique=True),
    )

    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    cycle_no: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    opens_on: Mapped[date]
    closes_on: Mapped[date]
    due_on: Mapped[date]
    terms_version_id: Mapped[int] = mapped_column(Integer)
    credit_limit: Mapped[int]

    previous_balance: Mapped[int]
    payments: Mapped[int]
    credits: Mapped[int]
    purchases: Mapped[int]
    cash_advances: Mapped[int]
    balance_transfers: Mapped[int]
    fees: Mapped[int]
    interest: Mapped[int]
    waivers: Mapped[int]
    adjustments: Mapped[int]
    new_balance: Mapped[int]
    minimum_payment_due: Mapped[int]
    past_due: Mapped[int]
    over_limit: Mapped[int]
    days_past_due: Mapped[int] = mapped_column(Integer)
    grace: Mapped[int] = mapped_column(SmallInteger)

    purchase_balance_days: Mapped[int]
    purchase_interest: Mapped[int]
    cash_balance_days: Mapped[int]
    cash_interest: Mapped[int]
    over_limit_balance_days: Mapped[int]
    over_limit_interest: Mapped[int]
    year_interest: Mapped[int]
    year_fees: Mapped[int]

    revolving: Mapped[int]
    billed: Mapped[int]
    cash: Mapped[int]
    unpaid_interest: Mapped[int]
    unpaid_fees: Mapped[int]
    billed_balance_days: Mapped[int]
    oldest_unpaid_due_on: Mapped[date]

    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    previous_sha256: Mapped[bytes] = mapped_column(LargeBinary)


class InstalmentPlan(Base):
    """A purchase, or a statement's balance, paid in parts; append-only. The parts billed are postings of Cardwright's own
    with plan_no as line number.

    amount: minor units; made_on: the business day, its parts fall due at the closings after it; terms_version_id: whose
    [instalments] hold for the plan to its end; of: what it was made from (a purchase's reference, a closing date), none for
    what was bought in instalments.
    """

    __tablename__ = "instalment_plan"
    __table_args__ = (
        ForeignKeyConstraint(["member_id", "account_id"], ["card_account.member_id", "card_account.account_id"]),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("parts >= 2", name="parts"),
    )

    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    plan_no: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    made_on: Mapped[date]
    amount: Mapped[int]
    parts: Mapped[int] = mapped_column(Integer)
    terms_version_id: Mapped[int] = mapped_column(Integer)
    of: Mapped[str | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class CarriedRow(Base):
    """State that an account carries into its next cycle beyond the columns of its statement; most accounts have none.

    kind: 1 balance of a segment and age (began_on, ends_on, balance_days where the segment ends one day), 2 unpaid minimum
    due on began_on, 3 under the penalty rate since began_on with `amount` minimums met in time since, 4 interest charged on a
    segment at this closing (amount) and its balance-days, 5 disputed since began_on (amount of what the segment held of that
    age; balance_days is the number of the dispute), 6 charged off on began_on with `amount` not recovered.
    segment: 0 fees, 1 interest, from 2 rows of the statement's terms.
    age: 0 grace lost, 1 billed. Days not given are 1970-01-01.
    """

    __tablename__ = "carried"
    __table_args__ = (
        ForeignKeyConstraint(["member_id", "account_id", "cycle_no"],
                             ["statement.member_id", "statement.account_id", "statement.cycle_no"]),
    )

    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    cycle_no: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    line: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    kind: Mapped[int] = mapped_column(SmallInteger)
    segment: Mapped[int] = mapped_column(SmallInteger)
    age: Mapped[int] = mapped_column(SmallInteger)
    began_on: Mapped[date]
    ends_on: Mapped[date]
    amount: Mapped[int]
    balance_days: Mapped[int]


class StandingWaiver(Base):
    """Charges of a kind that an account is not to bear in a period, wholly or in part: assessed, then waived.

    kind: the fee's name in the terms; percent: the share that is waived, 1 for all; until_on: last day, none without end.
    """

    __tablename__ = "standing_waiver"
    __table_args__ = (
        ForeignKeyConstraint(["member_id", "account_id"], ["card_account.member_id", "card_account.account_id"]),
        CheckConstraint("percent > 0 AND percent <= 1", name="percent"),
        CheckConstraint("approved_by <> proposed_by", name="second_person"),
    )

    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    standing_waiver_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[str]
    from_on: Mapped[date]
    until_on: Mapped[date | None]
    percent: Mapped[Decimal] = mapped_column(Numeric)
    reason: Mapped[str]
    proposed_by: Mapped[str]
    approved_by: Mapped[str]
    recorded_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class AccountEvent(Base):
    """What was agreed or decided about an account: re-age, hardship, payment holiday, charge-off (billing/arrangements.py).

    until_on: the last day, from_on where it happens on a day; annual_rate: of hardship, nominal.
    """

    __tablename__ = "account_event"
    __table_args__ = (
        ForeignKeyConstraint(["member_id", "account_id"], ["card_account.member_id", "card_account.account_id"]),
        CheckConstraint("kind IN ('re_age', 'hardship', 'payment_holiday', 'charge_off')", name="kind"),
        CheckConstraint("until_on >= from_on", name="days"),
        CheckConstraint("(annual_rate IS NOT NULL) = (kind = 'hardship')", name="rate"),
        CheckConstraint("approved_by <> proposed_by", name="second_person"),
    )

    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event_no: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[str]
    from_on: Mapped[date]
    until_on: Mapped[date]
    annual_rate: Mapped[Decimal | None] = mapped_column(Numeric)
    reason: Mapped[str]
    proposed_by: Mapped[str]
    approved_by: Mapped[str]
    recorded_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class DisputeRow(Base):
    """A debit, or a part of it, that the holder disputes: the key of its posting, since when, why, and who wrote it down.

    amount: minor units. What it does to the bill: billing/disputes.py.
    """

    __tablename__ = "dispute"
    __table_args__ = (
        ForeignKeyConstraint(
            ["member_id", "account_id", "debit_posted_on", "debit_source_id", "debit_source_line", "debit_type"],
            ["posting.member_id", "posting.account_id", "posting.posted_on", "posting.source_id", "posting.source_line",
             "posting.type"], name="fk_dispute_debit"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("opened_on >= debit_posted_on", name="posted"),
    )

    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    dispute_no: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    opened_on: Mapped[date]
    debit_posted_on: Mapped[date]
    debit_source_id: Mapped[int] = mapped_column(Integer)
    debit_source_line: Mapped[int]
    debit_type: Mapped[int] = mapped_column(SmallInteger)
    amount: Mapped[int]
    reason: Mapped[str]
    opened_by: Mapped[str]
    recorded_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class DisputeDecision(Base):
    """How a dispute was decided, when, why and by whom.

    credited_as: the type of the posting that credits the holder, line 0 of the source; source_id: of the rebilling that the
    decision brought, none where it changes nothing that was billed before (for the issuer, on terms that charge nothing for
    the time of the dispute).
    """

    __tablename__ = "dispute_decision"
    __table_args__ = (
        ForeignKeyConstraint(["member_id", "account_id", "dispute_no"],
                             ["dispute.member_id", "dispute.account_id", "dispute.dispute_no"],
                             name="fk_dispute_decision_dispute"),
        CheckConstraint("outcome IN ('for_holder', 'for_issuer')", name="outcome"),
        CheckConstraint("(credited_as IS NOT NULL) = (outcome = 'for_holder')", name="credited"),
        CheckConstraint("source_id IS NOT NULL OR outcome = 'for_issuer'", name="rebilled"),
    )

    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    dispute_no: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    decided_on: Mapped[date]
    outcome: Mapped[str]
    credited_as: Mapped[str | None]
    source_id: Mapped[int | None] = mapped_column(Integer, ForeignKey("source.source_id"))
    reason: Mapped[str]
    decided_by: Mapped[str]
    recorded_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Waiver(Base):
    """Why a posting waives a charge, and who approved it: the key of the posting, and the key of the charge that it waives."""

    __tablename__ = "waiver"
    __table_args__ = (
        ForeignKeyConstraint(
            ["member_id", "account_id", "posted_on", "source_id", "source_line", "type"],
            ["posting.member_id", "posting.account_id", "posting.posted_on", "posting.source_id", "posting.source_line",
             "posting.type"], name="fk_waiver_posting"),
        ForeignKeyConstraint(
            ["member_id", "account_id", "charge_posted_on", "charge_source_id", "charge_source_line", "charge_type"],
            ["posting.member_id", "posting.account_id", "posting.posted_on", "posting.source_id", "posting.source_line",
             "posting.type"], name="fk_waiver_charge"),
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("approved_by <> proposed_by", name="second_person"),
    )

    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    posted_on: Mapped[date] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    source_line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    type: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    charge_posted_on: Mapped[date]
    charge_source_id: Mapped[int] = mapped_column(Integer)
    charge_source_line: Mapped[int]
    charge_type: Mapped[int] = mapped_column(SmallInteger)
    amount: Mapped[int]
    reason: Mapped[str]
    proposed_by: Mapped[str]
    approved_by: Mapped[str]
    recorded_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Rebill(Base):
    """One rebilling of an account: what late events changed was corrected by postings of this source on that day.

    source_id: the source of its postings, and its identity; by_whom: who asked for it, or `closing`, which corrects what the
    days since the last rebilling charged by statements that were issued before it. corrected_sha256: digest over the
    statements as they would have been issued.
    """

    __tablename__ = "rebill"
    __table_args__ = (
        ForeignKeyConstraint(["member_id", "account_id"], ["card_account.member_id", "card_account.account_id"]),
    )

    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source_id: Mapped[int] = mapped_column(Integer, ForeignKey("source.source_id"), primary_key=True, autoincrement=False)
    posted_on: Mapped[date]
    by_whom: Mapped[str]
    corrected_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    recorded_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class RebilledEvent(Base):
    """A late event that a rebilling took in: from then on the account is billed as if it had been posted in time."""

    __tablename__ = "rebilled_event"
    __table_args__ = (
        ForeignKeyConstraint(["member_id", "account_id", "source_id"],
                             ["rebill.member_id", "rebill.account_id", "rebill.source_id"], name="fk_rebilled_event_rebill"),
    )

    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event_source_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    event_source_line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source_id: Mapped[int] = mapped_column(Integer)


class CorrectionRow(Base):
    """What a correcting posting corrects and why: the key of the posting, that of the charge, its amount before and after.

    charge_on: the day the charge was made, or should have been; charge_source_id, charge_source_line: 1 and the line of a
    charge of Cardwright's own, or the event that a fee is on. Amounts are minor units, corrections made earlier included.
    """

    __tablename__ = "correction"
    __table_args__ = (
        ForeignKeyConstraint(
            ["member_id", "account_id", "posted_on", "source_id", "source_line", "type"],
            ["posting.member_id", "posting.account_id", "posting.posted_on", "posting.source_id", "posting.source_line",
             "posting.type"], name="fk_correction_posting"),
        ForeignKeyConstraint(["member_id", "account_id", "source_id"],
                             ["rebill.member_id", "rebill.account_id", "rebill.source_id"], name="fk_correction_rebill"),
        CheckConstraint("before <> after", name="differs"),
    )

    member_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    account_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    posted_on: Mapped[date] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    source_line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    type: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    charge_on: Mapped[date]
    charge_type: Mapped[int] = mapped_column(SmallInteger)
    charge_source_id: Mapped[int] = mapped_column(Integer)
    charge_source_line: Mapped[int]
    before: Mapped[int]
    after: Mapped[int]
    because: Mapped[str]
