"""Terms of the cycle, of interest and of grace."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self

from annotated_types import Ge, Le
from pydantic import Field, field_validator, model_validator

from fees.terms_values import Amount, Clause, Day, Name, Rate, Rows, TermsTable, Unit, refuse

RATE_KEYS = ("daily_rate", "monthly_rate", "annual_rate", "effective_annual_rate")
DayOfMonth = Annotated[int, Ge(1), Le(31)]
Days = Annotated[int, Ge(0), Le(366)]


class CycleTerms(TermsTable):
    """When a cycle closes and when its statement is due."""

    closing_day: DayOfMonth = 5
    """Day of month that cycles close on (short months: their last day); an account may carry its own."""
    due_after_days: Annotated[int, Ge(1), Le(60)] | None = None
    """Due so many days after the closing date; instead of due_day."""
    due_day: DayOfMonth | None = Field(default_factory=lambda given: None if given.get("due_after_days") else 23)
    """Due on the next such day of month after closing."""
    due_roll: Literal["none", "next_business_day"] = "none"
    """A due date on a weekend or holiday of the calendar moves to the next business day."""
    calendar: str | None = None
    """Country whose holidays count for due_roll, like US or CN."""
    tolerance_days: Days = 0
    """Paid so many days after the due date is still on time."""
    tolerance_amount: Amount = Decimal(0)
    """A shortfall up to this still counts as paid in full and as minimum met."""

    @model_validator(mode="after")
    def _one_due_rule(self) -> Self:
        if self.due_day is not None and self.due_after_days is not None:
            raise refuse("only one of due_day and due_after_days", "due_day")
        if self.due_roll != "none" and self.calendar is None:
            raise refuse('the country whose holidays count, like "CN", because due_roll is set', "calendar")
        if self.calendar is not None and self.calendar not in _calendars():
            raise refuse("a country code of the holidays list, like US, CN, TW, GB", "calendar")
        return self


def _calendars() -> frozenset[str]:
    import holidays  # only where a calendar is named: the list takes a while to load

    return frozenset(holidays.list_supported_countries())


class RatedTerms(TermsTable):
    """Something that bears a rate, given in one of four ways."""

    monthly_rate: Rate | None = None
    """Nominal rate a month."""
    annual_rate: Rate | None = None
    """Nominal rate a year."""
    effective_annual_rate: Rate | None = None
    """Effective rate a year."""
    daily_rate: Rate | None = None
    """Rate a day."""

    @property
    def rate_key(self) -> str | None:
        """The one rate key that is given."""
        return next((key for key in RATE_KEYS if getattr(self, key) is not None), None)

    @model_validator(mode="after")
    def _one_rate(self) -> Self:
        given = [key for key in RATE_KEYS if getattr(self, key) is not None]
        if len(given) > 1:
            raise refuse("one rate only, of " + ", ".join(RATE_KEYS), given[1])
        return self


class RateTier(RatedTerms):
    """The rate of the part of a balance up to an amount."""

    up_to: Amount | None = None
    """Upper end of the tier; only the last tier has none."""

    @model_validator(mode="after")
    def _rated(self) -> Self:
        if self.rate_key is None:
            raise refuse("a rate: one of " + ", ".join(RATE_KEYS), "annual_rate")
        return self


class SegmentTerms(RatedTerms):
    """A balance segment: its own rate, its own grace."""

    name: Name
    """purchase and cash_advance always exist."""
    grace: bool = Field(default_factory=lambda given: given.get("name") == "purchase")
    """Whether the segment bears no interest when what was billed is paid in full by the due date."""
    tiers: Rows[RateTier] | None = None
    """Rates by part of the balance, instead of one rate."""
    valid_days: Annotated[int, Ge(1)] | None = None
    """A promotional segment ends so many days after the debit …"""
    until: Day | None = None
    """… or on this day."""
    revert_to: Name | None = None
    """The segment that a promotional balance goes to when it ends."""
    deferred: bool | None = None
    """Interest of the promotion is charged after all if it is not paid by its end."""
    clause: Clause = Field(default_factory=lambda given: f"interest.segment.{given.get('name', '')}")
    """The clause that the statement and the brochure name."""

    @property
    def ends(self) -> bool:
        """Whether balances in this segment go over to another one day."""
        return self.until is not None or self.valid_days is not None

    @model_validator(mode="after")
    def _rated(self) -> Self:
        if (self.rate_key is None) == (self.tiers is None):
            raise refuse("one rate: one of " + ", ".join(RATE_KEYS) + ", or tiers", self.rate_key or "daily_rate")
        if self.tiers is not None:
            ends = [tier.up_to for tier in self.tiers]
            rising = [end for end in ends[:-1] if end is not None]
            if not ends or ends[-1] is not None or len(rising) != len(ends) - 1 or rising != sorted(set(rising)):
                raise refuse("tiers with rising up_to, the last one without", "tiers")
        if self.valid_days is not None and self.until is not None:
            raise refuse("only one of valid_days and until", "until")
        return self


class OverLimitInterest(RatedTerms):
    """Interest on the excess over the credit limit, from the first day over it, grace or not."""

    daily_rate: Rate | None = Field(
        default_factory=lambda given: None if any(given.get(key) is not None for key in RATE_KEYS) else Decimal(0)
    )
    """Its own rate a day, on the day-end excess only."""
    instead_of_purchase_rate: bool = True
    """The excess bears this rate only; if false, the purchase rate as well."""
    clause: Clause = "interest.over_limit"
    """The clause that the statement and the brochure name."""

    @property
    def bears(self) -> bool:
        """Whether there is such interest at all: a rate of zero is none."""
        return self.rate_key is not None and bool(getattr(self, self.rate_key))


class PenaltyRate(RatedTerms):
    """A higher rate after serious delinquency; none unless a rate is given."""

    after_days_past_due: Annotated[int, Ge(1)] = 60
    """Days past due after which the rate holds."""
    cured_after_on_time: Annotated[int, Ge(1)] = 6
    """Minimum payments made on time in a row that end it."""
    clause: Clause = "interest.penalty"
    """The clause that the statement and the brochure name."""

    @model_validator(mode="after")
    def _rated(self) -> Self:
        if self.rate_key is None and self.model_fields_set - {"clause"}:
            raise refuse("a rate: one of " + ", ".join(RATE_KEYS), "annual_rate")
        return self


def _segments() -> tuple[SegmentTerms, ...]:
    return (
        SegmentTerms(name="purchase", daily_rate=Decimal("0.0005"), grace=True),
        SegmentTerms(name="cash_advance", daily_rate=Decimal("0.0005"), grace=False),
    )


class InterestTerms(TermsTable):
    """How interest is counted, from when, on what, and how it is rounded."""

    method: Literal[
        "daily_balance", "average_daily_balance", "adjusted_balance", "previous_balance", "ending_balance", "two_cycle"
    ] = "daily_balance"
    """The balance that interest is counted on."""
    day_count: Literal["actual/365", "actual/360", "actual/actual", "30/360", "monthly"] = "actual/365"
    """How a yearly rate becomes a rate of a day or month."""
    accrues_from: Literal["transaction", "posting", "closing", "due", "next_cycle"] = "transaction"
    """Where interest on a debit starts once it bears any."""
    grace_lost_charges: Literal["full", "unpaid"] = "full"
    """What is charged when grace is lost: all that was billed until it is paid, or only what was unpaid at the due date."""
    revolving_new_purchases: Literal["at_once", "next_statement", "never_in_first"] = "at_once"
    """When new purchases bear interest where grace is lost for all."""
    closing_day_counts: bool = False
    """Interest days of a cycle: from the previous closing day up to the day before closing or, if true, the day after the
    previous closing up to the closing day."""
    payment_day_counts: Literal["new", "old", "both"] = "new"
    """At which balance the day that a payment falls on bears interest."""
    debits_count_from: Literal["same_day", "next_day"] = "same_day"
    """The first day that a debit or payment is in the balance: its own date or the day after."""
    compounding: Literal["none", "daily", "monthly"] = "none"
    """Whether interest charged joins the balance that bears interest."""
    fees_bear_interest: bool = False
    """Whether billed fees bear interest."""
    interest_bears_interest: bool = False
    """Same as compounding monthly, named for issuers who switch it by charge."""
    rounding: Literal["half_up", "half_even", "down", "up"] = "half_up"
    """How interest and fees that are a percentage are rounded."""
    rounding_unit: Unit = Decimal("0.01")
    """What interest is rounded to; also says with how many decimals amounts are shown."""
    rounded_per: Literal["total", "segment", "day"] = "total"
    """What is rounded: the cycle's total, each run of equal balance, or each day."""
    residual_interest: Literal["charge", "waive"] = "charge"
    """Interest from closing to payoff when an account without grace pays in full."""
    minimum_charge: Amount = Decimal(0)
    """The least interest charged where any is."""
    segment: Rows[SegmentTerms] = Field(default_factory=_segments)
    """One row for each balance segment."""
    over_limit: OverLimitInterest = Field(default_factory=OverLimitInterest)
    penalty: PenaltyRate = Field(default_factory=PenaltyRate)

    @field_validator("segment", mode="after")
    @classmethod
    def _purchase_and_cash_advance(cls, given: tuple[SegmentTerms, ...]) -> tuple[SegmentTerms, ...]:
        """purchase and cash_advance always exist: the one that is not given is as shown in the reference."""
        names = {segment.name for segment in given}
        return (*given, *(segment for segment in _segments() if segment.name not in names))

    @model_validator(mode="after")
    def _segments_known(self) -> Self:
        names = [segment.name for segment in self.segment]
        for name in names:
            if names.count(name) > 1:
                raise refuse(f"one row for each segment; there are two for {name}", "segment")
        for segment in self.segment:
            if segment.revert_to is not None and segment.revert_to not in names:
                raise refuse("the name of a segment: " + ", ".join(names), f"segment.{segment.name}.revert_to")
        return self

    def segment_named(self, name: str) -> SegmentTerms:
        """The row of a balance segment; raises KeyError if the terms have none of that name."""
        for segment in self.segment:
            if segment.name == name:
                return segment
        raise KeyError(name)


class GraceTerms(TermsTable):
    """When grace is kept, and what loses it."""

    requires: Literal["new_balance", "previous_and_new_balance"] = "new_balance"
    """What has to be paid in full by the due date."""
    lost_for: Literal["billed", "all"] = "billed"
    """What loses grace: that statement's purchases, or new purchases too."""


__all__ = [
    "RATE_KEYS", "CycleTerms", "GraceTerms", "InterestTerms", "OverLimitInterest", "PenaltyRate", "RateTier", "RatedTerms",
    "SegmentTerms",
]
