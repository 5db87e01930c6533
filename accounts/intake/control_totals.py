"""Control totals of a file: rows and sums of amounts by currency and type, as read, posted, already there and rejected.

What was read is what was posted, was already there and was rejected, in rows and in money, so that a total the sender gives
can be compared with any of them. Amounts that cannot be read count as rows only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from accounts.intake.rows import Int64Array
from accounts.money import CURRENCIES

OUTCOMES = ("posted", "already_there", "rejected")
POSTED, ALREADY_THERE, REJECTED = range(3)
_HALF = 10**9


class ControlTotals:
    """Rows and amounts by (currency, type, outcome); amounts are major units."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str, str], int] = {}
        self._amounts: dict[tuple[str, str, str], Decimal] = {}

    def add(self, currency: str, kind: str, outcome: str, rows: int, amount: Decimal) -> None:
        """Count rows with the sum of their amounts in major units."""
        key = (currency, kind, outcome)
        self._rows[key] = self._rows.get(key, 0) + rows
        self._amounts[key] = self._amounts.get(key, Decimal(0)) + amount

    def add_columns(self, currencies: Sequence[tuple[str, int]], currency: Int64Array, kinds: Sequence[str], kind: Int64Array,
                    outcome: Int64Array, minor: Int64Array) -> None:
        """Count rows given as columns.

        currencies: code and digits of each; currency, kind, outcome: places in `currencies`, `kinds` and OUTCOMES; minor:
        amounts in minor units.
        """
        if not len(minor):
            return
        keys = (currency * len(kinds) + kind) * len(OUTCOMES) + outcome
        order = np.argsort(keys, kind="stable")
        keys, minor = keys[order], minor[order]
        begins = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
        # Halves, so that no sum of int64 can overflow, however many rows there are.
        upper = np.add.reduceat(minor // _HALF, begins)
        lower = np.add.reduceat(minor % _HALF, begins)
        counts = np.diff(np.r_[begins, len(keys)])
        for key, rows, high, low in zip(keys[begins].tolist(), counts.tolist(), upper.tolist(), lower.tolist(), strict=True):
            rest, outcome_at = divmod(key, len(OUTCOMES))
            currency_at, kind_at = divmod(rest, len(kinds))
            code, digits = currencies[currency_at]
            amount = Decimal(f"{high * _HALF + low}e-{digits}")
            self.add(code, kinds[kind_at], OUTCOMES[outcome_at], rows, amount)

    def merge(self, other: ControlTotals) -> None:
        """Count everything that another one counted."""
        for (currency, kind, outcome), rows in other._rows.items():
            self.add(currency, kind, outcome, rows, other._amounts[currency, kind, outcome])

    def as_known(self) -> ControlTotals:
        """The same rows when their file comes again: what was posted then is already there now."""
        known = ControlTotals()
        for (currency, kind, outcome), rows in self._rows.items():
            now = OUTCOMES[ALREADY_THERE] if outcome == OUTCOMES[POSTED] else outcome
            known.add(currency, kind, now, rows, self._amounts[currency, kind, outcome])
        return known

    def document(self) -> dict[str, Any]:
        """By currency and type: rows and amount as read, posted, already_there, rejected; amounts as text."""
        found: dict[str, Any] = {}
        for currency, kind in sorted({key[:2] for key in self._rows}):
            line: dict[str, Any] = {}
            all_rows, all_amount = 0, Decimal(0)
            for outcome in OUTCOMES:
                rows = self._rows.get((currency, kind, outcome), 0)
                amount = self._amounts.get((currency, kind, outcome), Decimal(0))
                line[outcome] = {"rows": rows, "amount": _text(amount, currency)}
                all_rows, all_amount = all_rows + rows, all_amount + amount
            line["read"] = {"rows": all_rows, "amount": _text(all_amount, currency)}
            found.setdefault(currency, {})[kind] = line
        return found

    @classmethod
    def from_document(cls, document: Mapping[str, Any] | None) -> ControlTotals:
        """The totals that `document` gave."""
        totals = cls()
        for currency, kinds in (document or {}).items():
            for kind, line in kinds.items():
                for outcome in OUTCOMES:
                    if line[outcome]["rows"]:
                        totals.add(currency, kind, outcome, line[outcome]["rows"], Decimal(line[outcome]["amount"]))
        return totals


def _text(amount: Decimal, currency: str) -> str:
    digits = CURRENCIES[currency].digits if currency in CURRENCIES else 2
    text = format(amount, "f")
    whole, _, decimals = text.partition(".")
    decimals = decimals.rstrip("0").ljust(digits, "0")
    return f"{whole}.{decimals}" if decimals else whole
