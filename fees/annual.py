"""The annual fee: charged at opening and on every anniversary of it, or from the first anniversary on; with a month of its
own, on the first day of that month, once the account is a year old.

Assess, then waive: the fee is charged in full, and what the terms waive is a line of its own.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from accounts.calendar import day_number, months_later
from accounts.money import minor_units
from fees.anniversary import BoolArray, Int32Array, years_completed
from fees.rounding import Int64Array
from fees.terms import Terms
from fees.terms_fees import AnnualFee


def annual_fee(terms: Terms, opened_on: Int32Array, migrated: BoolArray, on: date) -> Int64Array:
    """What each account is charged on a day for the year that begins, in minor units.

    opened_on: days since 1970-01-01; migrated: opened before the book's first business day; both of shape (accounts,).
    """
    fee = terms.fees.annual
    if fee is None:
        return np.zeros(opened_on.shape, dtype=np.int64)
    years = years_completed(opened_on, on)
    first_year = (years == 0) & ~migrated & (fee.first == "at_issue")
    yearly = years > 0 if fee.month == "anniversary" else (opened_on <= day_number(year_before(on))) & in_fee_month(fee, on)
    return np.where(first_year | yearly, terms.minor(fee.amount), 0).astype(np.int64)


def in_fee_month(fee: AnnualFee, on: date) -> bool:
    """Whether a day is the one that a yearly fee with a month of its own falls on: the first of that month."""
    return (on.month, on.day) == (fee.month, 1)


def year_before(on: date) -> date:
    """The same day a year earlier; of 29 February the 28th."""
    return months_later(on, -12, on.day)


def annual_fee_waived(fee: AnnualFee, spend: Int64Array, count: Int64Array, digits: int) -> BoolArray:
    """Which accounts spent enough, or often enough, in the year before for the annual fee to be waived.

    spend: purchases, cash advances and transfers less refunds of that year, minor units; count: how many they were; shape
    (accounts,). A condition that the terms do not name waives nothing.
    """
    waived = np.zeros(spend.shape, dtype=np.bool_)
    if fee.waive_if_spend is not None:
        waived |= spend >= minor_units(fee.waive_if_spend, digits)
    if fee.waive_if_count is not None:
        waived |= count >= fee.waive_if_count
    return waived
