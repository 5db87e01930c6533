"""Terms of the fees: each one that is absent is not charged."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from annotated_types import Ge, Le, MinLen
from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema, model_validator

from fees.terms_values import Amount, Clause, Name, Rate, Rows, Share, TermsTable, Unit, refuse

Count = Annotated[int, Ge(1)]


def _month(given: Any) -> str | int:
    if given == "anniversary" or (isinstance(given, int) and not isinstance(given, bool) and 1 <= given <= 12):
        return given  # type: ignore[no-any-return]
    raise refuse('"anniversary", or a month from 1 to 12')


FeeMonth = Annotated[
    str | int, BeforeValidator(_month), WithJsonSchema({"enum": ["anniversary", *range(1, 13)]}),
]


class JoiningFee(TermsTable):
    """Charged once, when an account is opened."""

    amount: Amount
    clause: Clause = "fees.joining"


class AnnualFee(TermsTable):
    """Charged once a year of the account."""

    amount: Amount
    month: FeeMonth = "anniversary"
    """When in the year: on the anniversary of opening, or in a month, 1 to 12."""
    first: Literal["at_issue", "after_first_year"] = "at_issue"
    """The first one: when the account is opened, or a year later."""
    waive_if_spend: Amount | None = None
    """Waived if at least this was spent in the year before."""
    waive_if_count: Count | None = None
    """Waived if there were at least so many purchases and cash advances in the year before."""
    clause: Clause = "fees.annual"


class SupplementaryAnnualFee(TermsTable):
    """Charged once a year for each supplementary card."""

    amount: Amount
    clause: Clause = "fees.supplementary_annual"


class ServiceFee(TermsTable):
    """A small fixed sum, taken at bank settlement of a payment."""

    amount: Amount
    on: Literal["payment"] = "payment"
    clause: Clause = "fees.service"


class ReplacementFee(TermsTable):
    """Charged when a card takes the place of another."""

    amount: Amount
    free_for: Rows[Name] = ("issuer_fault",)
    """Reasons of replacement for which nothing is charged."""
    clause: Clause = "fees.replacement"


class PercentFee(TermsTable):
    """A percentage of the amount of a transaction, with a floor and a cap."""

    percent: Share
    floor: Amount = Decimal(0)
    cap: Amount | None = None

    @model_validator(mode="after")
    def _floor_under_cap(self) -> Self:
        if self.cap is not None and self.cap < self.floor:
            raise refuse("an amount not below the floor", "cap")
        return self


class CashAdvanceFee(PercentFee):
    clause: Clause = "fees.cash_advance"


class ForeignFee(PercentFee):
    clause: Clause = "fees.foreign"


class BalanceTransferFee(PercentFee):
    clause: Clause = "fees.balance_transfer"


class ReturnedPaymentFee(TermsTable):
    """Charged for a payment that comes back: an amount, or a share of the payment with a floor and a cap."""

    amount: Amount = Decimal(0)
    percent: Share | None = None
    floor: Amount = Decimal(0)
    cap: Amount | None = None
    cap_at: Literal["minimum_due"] | None = None
    """Never more than the minimum payment that was last due."""
    clause: Clause = "fees.returned_payment"

    @model_validator(mode="after")
    def _amount_or_percent(self) -> Self:
        if ("amount" in self.model_fields_set) == (self.percent is not None):
            raise refuse("one of amount and percent")
        if self.percent is None and (self.floor or self.cap is not None):
            raise refuse("floor and cap only beside percent", "percent")
        if self.cap is not None and self.cap < self.floor:
            raise refuse("an amount not below the floor", "cap")
        return self


class OverLimitFee(TermsTable):
    """Charged in a cycle in which the credit limit was exceeded: an amount, or a share of the excess with a floor and a cap."""

    kind: Literal["fixed", "percent"] = "fixed"
    amount: Amount = Decimal(0)
    percent: Share | None = None
    floor: Amount = Decimal(0)
    cap: Amount | None = None
    max_consecutive_cycles: Count = 3
    """Charged in at most so many cycles in a row."""
    opt_in: bool | None = None
    """Only accounts whose holder agreed to it are charged; where it is not given, so it is under rule pack US."""
    cap_at: Literal["over_limit"] | None = None
    """Never more than the excess; where it is not given, so it is under rule pack US."""
    clause: Clause = "fees.over_limit"

    @model_validator(mode="after")
    def _by_kind(self) -> Self:
        if self.kind == "fixed" and ("amount" not in self.model_fields_set or self.percent is not None):
            raise refuse('amount where kind is "fixed", without percent', "amount")
        if self.kind == "percent" and (self.percent is None or "amount" in self.model_fields_set):
            raise refuse('percent where kind is "percent", without amount', "percent")
        if self.kind == "fixed" and (self.floor or self.cap is not None):
            raise refuse("floor and cap only beside percent", "percent")
        if self.cap is not None and self.cap < self.floor:
            raise refuse("an amount not below the floor", "cap")
        return self


class LatePaymentFee(TermsTable):
    """Charged the day after due date and tolerance if the minimum payment was not met. What every kind may carry."""

    cap_at: Literal["minimum_due", "unpaid_minimum"] | None = None
    """Never more than the minimum payment that was due, or than what of it is unpaid."""
    tolerance_days: Annotated[int, Ge(0), Le(366)] | None = None
    """Days after the due date before the fee is charged, if others than the cycle's."""
    rounding_unit: Unit | None = None
    """What the fee is rounded to, if another unit than the smallest amount shown."""
    tax: Share = Decimal(0)
    """Tax on top of the fee, as a fraction of it."""
    clause: Clause = "fees.late_payment"


class FixedLatePaymentFee(LatePaymentFee):
    kind: Literal["fixed"] = "fixed"
    amount: Amount


class TieredLatePaymentFee(LatePaymentFee):
    kind: Literal["tiered"] = "tiered"
    first: Amount
    repeat: Amount
    repeat_within_cycles: Count


class PercentOfUnpaidMinimum(LatePaymentFee):
    kind: Literal["percent_of_unpaid_minimum"] = "percent_of_unpaid_minimum"
    percent: Share
    floor: Amount = Decimal(0)
    cap: Amount | None = None

    @model_validator(mode="after")
    def _floor_under_cap(self) -> Self:
        if self.cap is not None and self.cap < self.floor:
            raise refuse("an amount not below the floor", "cap")
        return self


class PercentOfInterest(LatePaymentFee):
    kind: Literal["percent_of_interest"] = "percent_of_interest"
    percent: Rate


class PercentOfBalance(LatePaymentFee):
    kind: Literal["percent_of_balance"] = "percent_of_balance"
    percent: Share


class FeeSlab(TermsTable):
    up_to: Amount | None = None
    """Upper end of the slab, itself in it; only the last slab has none."""
    amount: Amount


class SlabLatePaymentFee(LatePaymentFee):
    kind: Literal["slab"] = "slab"
    slabs: Annotated[Rows[FeeSlab], MinLen(1)]

    @model_validator(mode="after")
    def _rising(self) -> Self:
        ends = [slab.up_to for slab in self.slabs[:-1]]
        if None in ends or ends != sorted(set(ends), key=lambda end: end or 0):
            raise refuse("slabs with rising up_to; only the last may have none", "slabs")
        return self


class EscalatingLatePaymentFee(LatePaymentFee):
    kind: Literal["escalating"] = "escalating"
    amounts: Annotated[Rows[Amount], MinLen(1)]


class DailyLatePaymentFee(LatePaymentFee):
    kind: Literal["daily"] = "daily"
    per_day: Amount
    share_cap: Share | None = None
    cap: Amount | None = None


#: A late-payment fee without `kind` is the kind that the reference shows.
DEFAULT_LATE_KIND = "percent_of_unpaid_minimum"


def _late_kind(given: Any) -> str | None:
    if isinstance(given, dict):
        return str(given.get("kind", DEFAULT_LATE_KIND))
    return getattr(given, "kind", None)


AnyLatePaymentFee = Annotated[
    Annotated[FixedLatePaymentFee, Tag("fixed")]
    | Annotated[TieredLatePaymentFee, Tag("tiered")]
    | Annotated[PercentOfUnpaidMinimum, Tag("percent_of_unpaid_minimum")]
    | Annotated[PercentOfInterest, Tag("percent_of_interest")]
    | Annotated[PercentOfBalance, Tag("percent_of_balance")]
    | Annotated[SlabLatePaymentFee, Tag("slab")]
    | Annotated[EscalatingLatePaymentFee, Tag("escalating")]
    | Annotated[DailyLatePaymentFee, Tag("daily")],
    Discriminator(_late_kind),
]


class TaxOnCharges(TermsTable):
    """Tax charged on top, as a fraction of interest and of fees."""

    interest: Share = Decimal(0)
    fees: Share = Decimal(0)


class FeeTerms(TermsTable):
    """The fees of a product."""

    joining: JoiningFee | None = None
    annual: AnnualFee | None = None
    supplementary_annual: SupplementaryAnnualFee | None = None
    late_payment: AnyLatePaymentFee | None = None
    service: ServiceFee | None = None
    replacement: ReplacementFee | None = None
    cash_advance: CashAdvanceFee | None = None
    foreign: ForeignFee | None = None
    balance_transfer: BalanceTransferFee | None = None
    returned_payment: ReturnedPaymentFee | None = None
    over_limit: OverLimitFee | None = None
    first_year_cap: Share | None = None
    """What fees may come to in the first year, as a share of the credit limit, penalty fees left out; where it is not given,
    a quarter under rule pack US."""
    tax_on_charges: TaxOnCharges = Field(default_factory=TaxOnCharges)
