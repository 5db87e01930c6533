"""Terms of accounts that fell behind: when they are written off, and how often they may be brought current."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Le
from pydantic import Field

from fees.terms_values import TermsTable

Count = Annotated[int, Ge(0), Le(120)]


class ReAgeTerms(TermsTable):
    """What an account must show before it is brought current without paying all that is past due."""

    min_months_on_books: Count = 9
    """The account is at least so many months old."""
    min_payments: Count = 3
    """So many minimum payments in a row were made, or as much in all."""
    per_12_months: Count = 1
    """At most so often in twelve months; 0: never."""
    per_60_months: Count = 2
    """At most so often in sixty months."""


class DelinquencyTerms(TermsTable):
    """What happens to an account whose minimum payments are not met."""

    charge_off_after_days: Annotated[int, Ge(0), Le(3660)] = 0
    """Written off at the first closing at which it is so many days past due; 0: never."""
    re_age: ReAgeTerms = Field(default_factory=ReAgeTerms)
    """What it takes to bring an account current."""
