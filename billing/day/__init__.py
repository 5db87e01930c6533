"""The steps of a business day that touch accounts, each for one range of members inside the caller's transaction.

`post_day` (posting.py), `process_due_dates` (due_dates.py), `process_anniversaries` (anniversaries.py), `bill_instalments`
(instalments.py), `close_cycles` (close.py); beside each, the shards that have such work on a day, so that a quiet day costs
nothing. Every charge is assessed first (charge.py); a waiver is a line of its own.
"""

from billing.day.anniversaries import (
    anniversary_days,
    annual_waiver,
    process_anniversaries,
    shards_with_anniversaries,
)
from billing.day.close import close_cycles, shards_to_close
from billing.day.due_dates import process_due_dates, shards_with_due_dates
from billing.day.instalments import bill_instalments, shards_with_instalments
from billing.day.outcome import StepOutcome
from billing.day.posting import post_day, shards_to_post

__all__ = [
    "StepOutcome", "anniversary_days", "annual_waiver", "bill_instalments", "close_cycles", "post_day", "process_anniversaries",
    "process_due_dates", "shards_to_close", "shards_to_post", "shards_with_anniversaries", "shards_with_due_dates",
    "shards_with_instalments",
]
