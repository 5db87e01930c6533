"""What was written off of an account, and what of it was recovered after all (rules 13.6, 13.7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from statements.reperformance.balances import Balances
from statements.reperformance.facts import Fact

#: What a charge-off posts.
WRITTEN_OFF = ("charge_off", "recovery")


@dataclass
class WrittenOff:
    """So much was written off and not recovered yet, minor units."""

    amount: int = 0

    def at_closing(self, balances: Balances, owed: int, closing: date) -> list[Fact]:
        """What a closing posts: what is owed is written off, a credit balance taken as far as it was. owed: < 0 is credit."""
        if owed > 0:
            self.amount += owed
            return [Fact("charge_off", owed, closing, closing, "adjustments", "money")]
        recovered = min(-owed, self.amount)
        self.amount -= recovered
        balances.credit -= recovered
        if not recovered:
            return []
        return [Fact("recovery", recovered, closing, closing, "adjustments", "debit")]
