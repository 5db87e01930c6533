"""Late-payment fees that wait for the closing: by the day, and by the cycle's interest. Pure, one late account at a time.

Source: docs/reference/billing-rules.md, 12.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from billing.missed_minimums import DueHistory, days_late, fee_bearing
from fees.late_payment import MissedMinimum, late_payment_fee, late_tolerance_days
from fees.terms import Terms
from fees.terms_fees import LatePaymentFee


def daily_late_fee(terms: Terms, fee: LatePaymentFee, history: DueHistory, after: int, closes_on: int) -> list[int]:
    """What a cycle (after, closes_on] is charged for each statement's days late: the fee for all its days up to the closing,
    less that for the days up to the closing before. Minor units, a figure for each statement of the history."""
    missed = missed_minimums(terms, fee, history)
    days, before = (np.array(each) for each in days_charged(terms, fee, history, after, closes_on))
    charged, charged_before = (late_payment_fee(terms, missed.after(each), terms.digits) for each in (days, before))
    return [int(each) for each in np.maximum(charged - charged_before, 0)]


def days_charged(terms: Terms, fee: LatePaymentFee, history: DueHistory, after: int,
                 closes_on: int) -> tuple[list[int], list[int]]:
    """Of each statement, the days late up to the closing, and those of them up to the closing before."""
    tolerance, allowed = late_tolerance_days(terms, fee), terms.minor(terms.cycle.tolerance_amount)
    return (days_late(history, tolerance, allowed, closes_on, closes_on),
            days_late(history, tolerance, allowed, after, closes_on))


def interest_bears_late_fee(terms: Terms, fee: LatePaymentFee, history: DueHistory, after: int, closes_on: int) -> int | None:
    """The statement, by its index, whose missed minimum makes a share of the cycle's interest due as a fee."""
    return fee_bearing(history, late_tolerance_days(terms, fee), terms.minor(terms.cycle.tolerance_amount), after, closes_on)


def interest_late_fee(terms: Terms, fee: LatePaymentFee, history: DueHistory, statement: int, interest: int) -> int:
    """What a statement's missed minimum costs where the fee is a share of the cycle's interest; minor units."""
    missed = replace(missed_minimums(terms, fee, history), interest=np.full(len(history.statements), interest, dtype=np.int64))
    return int(late_payment_fee(terms, missed, terms.digits)[statement])


def missed_minimums(terms: Terms, fee: LatePaymentFee, history: DueHistory) -> MissedMinimum:
    """Every statement of a history as a column."""
    tolerance = late_tolerance_days(terms, fee)
    rows = [(each.minimum_due, history.unpaid(each, tolerance), each.new_balance) for each in history.statements]
    return MissedMinimum.first(*np.array(rows, dtype=np.int64).reshape(-1, 3).T)
