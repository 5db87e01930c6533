"""In what order a payment pays debits (rule 8)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from accounts.calendar import cycle_number
from statements.reperformance.balances import AGES, NEW, Debit, has_grace, segment_row
from statements.reperformance.cycles import Cycle, closing_after, due_of, month_before
from statements.reperformance.rates import Rates

Key = Callable[[Debit], Any]
_NO_END = date.max
_SORTING = ("highest_rate", "lowest_rate", "billed_first", "oldest", "principal")
#: What an item of an order pays if it is not principal.
_KINDS = {"past_due": ("fees", "interest"), "fees": ("fees",), "interest": ("interest",)}


class Allocation:
    """The orders of a cycle's terms, for payments of a day."""

    def __init__(self, cycle: Cycle, rates: Rates) -> None:
        self.cycle, self.rates, self.terms = cycle, rates, cycle.terms

    def minimum(self, debits: Sequence[Debit], day: date) -> list[Debit]:
        """The order for what is still missing of the minimum."""
        return self._as_of(self.terms.allocation.minimum, debits, day)

    def excess(self, debits: Sequence[Debit], day: date) -> list[Debit]:
        """The order for what exceeds it; debits of a deferred segment that is about to end go first (rule 8.6)."""
        urgent = [each for each in debits if self._in_last_two_cycles(each)]
        rest = [each for each in debits if each not in urgent]
        return [*sorted(urgent, key=self._age), *self._as_of(self.terms.allocation.excess, rest, day)]

    def waiver(self, debits: Sequence[Debit], day: date) -> list[Debit]:
        """Fees first, then as the excess."""
        fees = [each for each in debits if each.kind == "fees"]
        rest = [each for each in debits if each.kind != "fees"]
        return [*sorted(fees, key=self._age), *self.excess(rest, day)]

    def _as_of(self, items: Sequence[str], debits: Sequence[Debit], day: date) -> list[Debit]:
        if self.terms.allocation.as_of == "payment_date":
            return self._in_order(items, debits, day)
        before = [each for each in debits if each.posted_on <= self.cycle.previous or each.of_before]
        since = [each for each in debits if each not in before]
        return [*self._in_order(items, before, self.cycle.previous), *self._in_order(items, since, self.cycle.previous)]

    def _in_order(self, items: Sequence[str], debits: Sequence[Debit], day: date) -> list[Debit]:
        """The debits as an order names them; what it does not name comes last: fees, interest, principal (rules 8.2, 8.3)."""
        oldest_first = sorted(debits, key=self._age)
        sorting = [self._key(item, day) for item in items if item in _SORTING]
        ordered: list[Debit] = []
        for item in (*items, "fees", "interest"):
            for wanted in _KINDS.get(item, (item,)):
                ordered += [each for each in self._named(wanted, items, oldest_first, sorting) if each not in ordered]
        return [*ordered, *(each for each in oldest_first if each not in ordered)]

    def _named(self, item: str, items: Sequence[str], oldest_first: Sequence[Debit], sorting: Sequence[Key]) -> list[Debit]:
        """What one item of an order stands for: a kind, one segment, or the principal of all segments not named apart."""
        if item in ("fees", "interest"):
            return [each for each in oldest_first if each.kind == item]
        principal = [each for each in oldest_first if each.kind == "principal"]
        if item.startswith("segment:"):
            return [each for each in principal if f"segment:{each.segment}" == item]
        apart = [each for each in principal if f"segment:{each.segment}" not in items]
        return sorted(apart, key=lambda each: tuple(key(each) for key in sorting))

    def _key(self, item: str, day: date) -> Key:
        if item in ("highest_rate", "lowest_rate"):
            sign = -1 if item == "highest_rate" else 1
            return lambda debit: sign * self._rate(debit, day)
        if item == "billed_first":
            return lambda debit: debit.age == NEW
        if item == "oldest":
            return lambda debit: AGES.index(debit.age)
        return lambda debit: 0

    def _rate(self, debit: Debit, day: date) -> Any:
        if segment_row(self.terms, debit.segment).deferred:
            return 0
        return self.rates.of_segment(debit.segment, day).first

    def _age(self, debit: Debit) -> tuple[Any, ...]:
        """Oldest first, among equals (rule 8.2)."""
        rows = [each.name for each in self.terms.interest.segment]
        row = rows.index(debit.segment) if debit.segment in rows else len(rows)
        return (AGES.index(debit.age), has_grace(self.terms, debit), row, debit.is_part, debit.last_day or _NO_END,
                debit.counts_on, debit.posted_on)

    def _in_last_two_cycles(self, debit: Debit) -> bool:
        if not segment_row(self.terms, debit.segment).deferred or debit.last_day is None:
            return False
        history = self.rates.history
        ends_in = closing_after(history, debit.last_day, closing_day_counts=True)
        cycles_before = cycle_number(self.cycle.closing, ends_in) - 1
        due = due_of(month_before(history, ends_in), self.terms)
        return cycles_before in ((0, 1) if due <= debit.last_day else (0, 1, 2))
