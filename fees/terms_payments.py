"""Terms of what a holder pays: minimum payment, allocation, instalments, disclosures, benefits."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from annotated_types import Ge
from pydantic import BeforeValidator, WithJsonSchema, model_validator

from fees.rounding import Rounding
from fees.terms_values import Amount, Rate, Rows, Share, TermsTable, Unit, refuse

MinimumBase = Literal[
    "new_purchases", "revolving_principal", "purchases", "cash_advances", "principal", "new_balance", "within_limit",
    "credit_limit",
]
MinimumItem = Literal["interest", "fees", "past_due", "over_limit", "instalments"]
ALLOCATION_ITEMS = (
    "past_due", "fees", "interest", "principal", "billed_first", "highest_rate", "lowest_rate", "oldest",
)


def _allocation_item(given: Any) -> str:
    if isinstance(given, str) and (given in ALLOCATION_ITEMS or re.fullmatch(r"segment:[a-z][a-z0-9_]*", given)):
        return given
    raise refuse("one of " + ", ".join(ALLOCATION_ITEMS) + ", segment:NAME")


AllocationItem = Annotated[str, BeforeValidator(_allocation_item), WithJsonSchema({"type": "string"})]


class MinimumPart(TermsTable):
    """A share of a base that the minimum payment is made of."""

    percent: Share
    of: MinimumBase
    round_to: Unit | None = None
    """The part alone is rounded to this first; not at all where it is absent."""
    rounding: Rounding = "half_up"
    """How the part alone is rounded."""


_PARTS = (
    MinimumPart(percent=Decimal("0.10"), of="new_purchases"),
    MinimumPart(percent=Decimal("0.05"), of="revolving_principal"),
    MinimumPart(percent=Decimal(1), of="cash_advances"),
)


class MinimumPaymentTerms(TermsTable):
    """What has to be paid at least: parts of bases, plus items in full, a floor, rounding."""

    combine: Literal["sum", "greater_of", "percent_or_interest"] = "sum"
    """How the parts make one amount; percent_or_interest: of bases with the interest in them if that is more than the interest,
    else of bases without it, and the interest on top."""
    parts: Rows[MinimumPart] = _PARTS
    """Percentages of a base."""
    add: Rows[MinimumItem] = ("interest", "fees", "past_due", "over_limit", "instalments")
    """Items that are due in full."""
    floor: Amount = Decimal(0)
    """The least that is due; a balance under the floor is due whole."""
    floor_before: Rows[MinimumItem] = ()
    """Members of add that come on top of the floor."""
    round_to: Unit = Decimal("0.01")
    """What the minimum payment is rounded to; the unit of interest.rounding_unit where that is coarser."""
    rounding: Rounding = "half_up"

    @model_validator(mode="after")
    def _items_once(self) -> Self:
        for key, items in (("add", self.add), ("floor_before", self.floor_before)):
            if len(set(items)) != len(items):
                raise refuse("each item once", key)
        for item in self.floor_before:
            if item not in self.add:
                raise refuse(f"members of add; {item} is not one", "floor_before")
        return self


class AllocationTerms(TermsTable):
    """What a payment pays first."""

    refunds_count_as_payment: bool = True
    """Refunds count towards the minimum and towards paying in full."""
    as_of: Literal["payment_date", "previous_closing"] = "payment_date"
    """Whose balances and rates the order is taken from."""
    minimum: Rows[AllocationItem] = ("past_due", "fees", "interest", "lowest_rate", "oldest")
    """Order for the minimum payment's worth."""
    excess: Rows[AllocationItem] = ("highest_rate", "oldest")
    """Order for what exceeds it."""

    @model_validator(mode="after")
    def _items_once(self) -> Self:
        for key, items in (("minimum", self.minimum), ("excess", self.excess)):
            if len(set(items)) != len(items):
                raise refuse("each item once", key)
            if {"highest_rate", "lowest_rate"} <= set(items):
                raise refuse("one of highest_rate and lowest_rate", key)
        return self


class InstalmentTerms(TermsTable):
    """Plans made from a purchase or the new balance."""

    method: Literal["flat", "declining"] = "flat"
    """flat: fee_rate for each part on the original amount; declining: annual_rate on what is left."""
    fee_rate: Rate = Decimal("0.0085")
    annual_rate: Rate | None = None
    remainder_in: Literal["first", "last"] = "first"
    """Which part takes what division leaves."""

    @model_validator(mode="after")
    def _rated(self) -> Self:
        if self.method == "declining" and self.annual_rate is None:
            raise refuse("a rate a year, because method is declining", "annual_rate")
        return self


class DisclosureTerms(TermsTable):
    """What a statement tells beyond its figures."""

    payoff: bool = False
    """Months and total if only minimums are paid, and the payment that pays off in 36 months."""


class BenefitTerms(TermsTable):
    """Which waivers an entitlement may carry for this product."""

    interest_forgiveness_days: Annotated[int, Ge(0)] = 3
    """Interest after the due date is forgiven if all is paid within so many days."""
