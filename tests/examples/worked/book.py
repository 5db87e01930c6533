"""All examples, in the order of the topics."""

from __future__ import annotations

from collections.abc import Sequence

from tests.examples.worked import (
    allocation,
    delinquency,
    fees_late,
    fees_other,
    grace_and_due_dates,
    interest_full,
    interest_methods,
    interest_unpaid,
    minimum_payment,
    projections,
)
from tests.examples.worked.record import Example, NotOurs, Reckoned

TOPICS: dict[str, Sequence[Example | Reckoned]] = {
    "Interest on all that was billed": interest_full.EXAMPLES,
    "Interest on the unpaid part": interest_unpaid.EXAMPLES,
    "Methods, day counts, rates": interest_methods.EXAMPLES,
    "Minimum payment": minimum_payment.EXAMPLES,
    "Allocation": allocation.EXAMPLES,
    "Late-payment fees": fees_late.EXAMPLES,
    "Other fees": fees_other.EXAMPLES,
    "Grace and due dates": grace_and_due_dates.EXAMPLES,
    "Delinquency and rates that end": delinquency.EXAMPLES,
    "Paying off": projections.EXAMPLES,
}
EXAMPLES = [each for topic in TOPICS.values() for each in topic if isinstance(each, Example)]
RECKONED = [each for topic in TOPICS.values() for each in topic if isinstance(each, Reckoned)]
NOT_OURS: list[NotOurs] = [*fees_other.NOT_OURS, *grace_and_due_dates.NOT_OURS]
