"""Statements as what comes after them sees them: what they asked for, and whether it was missed (rule 12.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from fees.terms import Terms
from statements.reperformance.cycles import DAY
from statements.reperformance.facts import Fact
from statements.reperformance.received import received_in_time, share_of_minimum


@dataclass(frozen=True)
class Billed:
    """A statement: its closing, new balance without what is disputed, minimum, due date.

    spared: no late-payment fee goes with it (rule 13.5); disputed: what was held at its closing.
    """

    closing: date
    new_balance: int
    minimum: int
    due_on: date
    spared: bool = False
    disputed: int = 0

    def cut(self, terms: Terms) -> date:
        """The last day on which a payment is in time for the late-payment fee."""
        fee = terms.fees.late_payment
        own = None if fee is None else fee.tolerance_days
        return self.due_on + timedelta(days=terms.cycle.tolerance_days if own is None else own)

    def received(self, terms: Terms, facts: Sequence[Fact]) -> int:
        """What was received in time, as known the day after."""
        cut = self.cut(terms)
        known = [each for each in facts if self.closing < each.posted_on <= cut + DAY]
        return received_in_time(self.towards(terms, known), terms, cut)

    def towards(self, terms: Terms, facts: Iterable[Fact]) -> Iterator[Fact]:
        """What counts for this statement: a dispute, its share of this minimum, and only of a debit that it billed."""
        for each in facts:
            if each.disputed_of is None:
                yield each
            elif each.disputed_of <= self.closing:
                yield replace(each, of_minimum=share_of_minimum(terms, self.minimum, self.new_balance, each.amount))

    def left_of_balance(self, terms: Terms, facts: Sequence[Fact]) -> int:
        """What of the new balance was not received in time, nor is disputed."""
        cut = self.cut(terms)
        disputed = sum(each.amount - each.of_minimum for each in self.towards(terms, facts)
                       if each.side == "dispute" and self.closing < each.posted_on <= cut)
        return max(0, self.new_balance - self.received(terms, facts) - disputed)

    def unpaid(self, terms: Terms, facts: Sequence[Fact]) -> int:
        """What of the minimum was not received in time."""
        return self.minimum - self.received(terms, facts)

    def missed(self, terms: Terms, facts: Sequence[Fact]) -> bool:
        """Whether the minimum was missed by more than is tolerated."""
        tolerated = terms.minor(terms.cycle.tolerance_amount)
        return not self.spared and self.minimum > tolerated and self.unpaid(terms, facts) > tolerated
