"""All examples, in the order of the topics."""

from __future__ import annotations

from tests.examples.worked import interest_full, interest_methods, interest_unpaid
from tests.examples.worked.record import Example, NotOurs

TOPICS: dict[str, list[Example]] = {
    "Interest on all that was billed": interest_full.EXAMPLES,
    "Interest on the unpaid part": interest_unpaid.EXAMPLES,
    "Methods, day counts, rates": interest_methods.EXAMPLES,
}
EXAMPLES: list[Example] = [example for topic in TOPICS.values() for example in topic]
NOT_OURS: list[NotOurs] = []
