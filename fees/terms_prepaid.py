"""Terms of a prepaid card: what it may hold, how long it is valid, how value comes onto it and off it, what that costs."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from annotated_types import Ge
from pydantic import Field

from fees.terms_values import Amount, Line, Name, Rows, Share, TermsTable

Months = Annotated[int, Ge(0)]
RuleSet = Literal["none", "CN_MULTI_PURPOSE", "SINGLE_PURPOSE_MERCHANT", "US_GIFT"]


class PrepaidExtension(TermsTable):
    months: Months = 3
    fee: Amount = Decimal(10)


class CashPurchaseBelow(TermsTable):
    person: Amount = Decimal(50000)
    company: Amount = Decimal(5000)


class Redemption(TermsTable):
    allowed: bool = True
    after_days: Annotated[int, Ge(0)] = 90
    fee_percent: Share = Decimal(0)


class Dormancy(TermsTable):
    after_months: Months = 0
    fee: Amount = Decimal(0)


class PrepaidTerms(TermsTable):
    """Terms of a prepaid card."""

    registered: bool = True
    max_balance: Amount = Decimal(5000)
    validity_months: Months = 0
    """0: none."""
    extension: PrepaidExtension = Field(default_factory=PrepaidExtension)
    reloadable: bool = True
    load_sources: Rows[Name] = ("bank_transfer", "cash", "debit_card")
    load_outlets: Rows[Line] = ()
    """Outlets that value is put on at; none named: all."""
    load_operators: Rows[Line] = ()
    """Who may put value on; none named: everybody."""
    cash_purchase_below: CashPurchaseBelow = Field(default_factory=CashPurchaseBelow)
    identify_purchase_from: Amount = Decimal(10000)
    """Unregistered cards: the buyer is identified from this amount."""
    redemption: Redemption = Field(default_factory=Redemption)
    dormancy: Dormancy = Field(default_factory=Dormancy)
    discount: Share = Decimal(0)
    """On spends."""
    rule_set: RuleSet = "none"
    """Which law's limits hold at the counter and lint these terms."""
