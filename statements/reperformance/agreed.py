"""What was agreed or decided about an account: re-age, payment holiday, hardship, charge-off (rule 13)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

AgreedKind = Literal["re_age", "hardship", "payment_holiday", "charge_off"]


@dataclass(frozen=True)
class Agreed:
    """One of them, from a first day to a last one (the same for what happens on a day). annual_rate: of hardship."""

    kind: AgreedKind
    first: date
    last: date
    annual_rate: Decimal | None = None


@dataclass(frozen=True)
class Agreements:
    """All that was agreed about an account."""

    all: Sequence[Agreed] = ()

    def on(self, kind: AgreedKind, day: date) -> Agreed | None:
        """The one of a kind that a day lies in."""
        return next((each for each in self.all if each.kind == kind and each.first <= day <= each.last), None)

    def holiday(self, day: date) -> bool:
        """Whether a day lies in a payment holiday."""
        return self.on("payment_holiday", day) is not None

    def re_aged(self, after: date, until: date) -> Iterator[date]:
        """Days of re-age after a day and up to another."""
        return (each.first for each in self.all if each.kind == "re_age" and after < each.first <= until)

    def spares(self, closing: date, due_on: date) -> bool:
        """Whether no late-payment fee goes with a statement (rule 13.5)."""
        held = self.holiday(due_on) or self.on("hardship", due_on) is not None
        return held or any(True for _ in self.re_aged(closing, due_on))

    def charge_off_decided(self, previous: date, closing: date) -> bool:
        """Whether a charge-off was decided on in a cycle (rule 13.6)."""
        return any(each.kind == "charge_off" and previous < each.first <= closing for each in self.all)

    def days_past_due(self, due_on: date, day: date) -> int:
        """The days after a due date up to a day, without those of payment holidays (rule 13.1)."""
        days = (due_on + timedelta(days=number) for number in range(1, (day - due_on).days + 1))
        return sum(not self.holiday(each) for each in days)
