"""The balances of an account inside a cycle: each segment of the terms by age, fees and interest apart.

A batch holds them as one int64 array of shape (cells, accounts), minor units, none below zero. What the issuer owes the
holder is a further number, the credit balance, and while it is above zero all cells are zero.
Source: docs/reference/billing-rules.md, 2.
"""

from __future__ import annotations

from functools import lru_cache

from fees.terms import Terms
from fees.terms_interest import SegmentTerms

#: Fees and interest are balances of their own; the segments of the terms are numbered from FIRST in the order of their rows.
FEES, INTEREST, FIRST = 0, 1, 2
#: The kind of what lies in the segments, beside fees and interest.
PRINCIPAL = FIRST
#: Grace lost; on the last statement, grace undecided; posted in this cycle. Oldest first.
REVOLVING, BILLED, NEW = 0, 1, 2
AGES = (REVOLVING, BILLED, NEW)


class Cells:
    """Which balances the accounts of one terms version can have, and where each stands in the array.

    rows: the segments of the terms, in their order. cells: (segment, age) of each row of the array. A segment that has no
    use for an age keeps it together with another: without grace nothing is ever billed, and fees and interest have one
    age where nothing depends on it.
    """

    def __init__(self, terms: Terms) -> None:
        self.rows: tuple[SegmentTerms, ...] = terms.interest.segment
        interest = terms.interest
        self.interest_bears = interest.interest_bears_interest or interest.compounding != "none"
        self.fees_bear = interest.fees_bear_interest
        aged = terms.allocation.as_of == "previous_closing"
        self.cells: list[tuple[int, int]] = []
        for segment, bears in ((FEES, self.fees_bear), (INTEREST, self.interest_bears)):
            self.cells += [(segment, age) for age in (AGES if bears or aged else (BILLED,))]
        for number, row in enumerate(self.rows):
            ages = AGES if row.grace and not row.deferred else (REVOLVING, NEW)
            self.cells += [(FIRST + number, age) for age in ages]
        self.instalment = FIRST + len(self.rows)
        self.cells.append((self.instalment, NEW))
        self._index = {cell: position for position, cell in enumerate(self.cells)}
        self.purchase = self.segment("purchase")
        self.cash_advance = self.segment("cash_advance")
        self.count = len(self.cells)

    def segment(self, name: str) -> int:
        """The number of a segment; that of `purchase` where the terms have none of that name."""
        names = [row.name for row in self.rows]
        return FIRST + names.index(name if name in names else "purchase")

    def of(self, segment: int, age: int) -> int:
        """Where the balance of a segment and age stands."""
        for each in (age, REVOLVING, BILLED):
            if (segment, each) in self._index:
                return self._index[segment, each]
        return self._index[self.purchase if self.purchase_has_grace else segment, age]

    def all_of(self, segment: int) -> list[int]:
        """The balances of a segment, oldest first; instalment parts billed in this cycle are purchases of it."""
        found = [position for position, cell in enumerate(self.cells) if cell[0] == segment]
        return [*found, self._index[self.instalment, NEW]] if segment == self.purchase else found

    @property
    def purchase_has_grace(self) -> bool:
        """Whether purchases are free of interest where the statement is paid in full."""
        return self.rows[self.purchase - FIRST].grace

    def has_grace(self, segment: int) -> bool:
        """Whether a segment has grace; fees, interest and instalment parts are treated as purchases."""
        row = self.rows[segment - FIRST] if FIRST <= segment < self.instalment else self.rows[self.purchase - FIRST]
        return row.grace and not row.deferred

    @property
    def principal(self) -> list[int]:
        """Where principal stands: everything but fees and interest."""
        return [position for position, (segment, _) in enumerate(self.cells) if segment >= FIRST]

    def kinds_bearing_as(self, segment: int) -> list[int]:
        """What bears interest as a segment does, kind by kind: its principal; for purchases, fees and interest as well where
        the terms say that they bear interest."""
        if segment != self.purchase:
            return [PRINCIPAL]
        return [PRINCIPAL, *([FEES] if self.fees_bear else []), *([INTEREST] if self.interest_bears else [])]

    def of_kind(self, segment: int, kind: int, age: int) -> list[int]:
        """The balances of one kind and age among those that bear interest as a segment does; instalment parts are purchases."""
        if kind == PRINCIPAL:
            wanted = [(segment, age), *([(self.instalment, age)] if segment == self.purchase else [])]
        else:
            wanted = [(kind, age)] if kind in self.kinds_bearing_as(segment) else []
        return [self._index[cell] for cell in wanted if cell in self._index]

    def bearing_as(self, segment: int, age: int) -> list[int]:
        """The balances that bear interest as a segment's balance of an age does, of every kind."""
        return [cell for kind in self.kinds_bearing_as(segment) for cell in self.of_kind(segment, kind, age)]

    @property
    def plain(self) -> bool:
        """Whether a statement's own columns hold the whole state: purchases and cash advances, the first with grace or not,
        the second without, nothing that ends, and fees and interest of one age."""
        return (
            {row.name for row in self.rows} == {"purchase", "cash_advance"} and not self.has_grace(self.cash_advance)
            and not any(row.ends for row in self.rows) and (FEES, NEW) not in self._index and (INTEREST, NEW) not in self._index
        )


@lru_cache(maxsize=256)
def cells_of(terms: Terms) -> Cells:
    """The balances that accounts on these terms can have."""
    return Cells(terms)
