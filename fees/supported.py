"""What this release charges. Terms that ask for more are refused with the key, never billed wrongly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

from accounts.calendar import closing_on, due_on, first_closing
from accounts.errors import Refused
from fees.terms import Terms
from fees.terms_fees import PercentOfInterest
from fees.terms_payments import BenefitTerms
from fees.terms_problems import shown

#: Countries whose law lints terms; fees/rule_packs/registry.py holds a pack for each.
RULE_PACKS = ("US", "CN", "TW", "HK", "IN", "UK")
#: Keys of the terms that have choices, with those that are charged.
CHARGED: dict[str, tuple[Any, ...]] = {
    "kind": ("credit", "prepaid"),
    "rule_pack": ("none", *RULE_PACKS),
}
#: Tables that say nothing of a card on which nothing is owed.
CREDIT_ONLY = ("interest", "grace", "minimum_payment", "allocation", "instalments", "disclosures", "delinquency", "disputes",
               "benefits")
#: Months over which due dates are looked at: long enough for every length of month and most holidays.
_MONTHS_AHEAD = 60


@dataclass(frozen=True)
class Unsupported:
    """A key whose value this release does not charge: as TOML shows it, and what the key takes (None: leave it out)."""

    key: str
    value: str
    allowed: str | None

    def __str__(self) -> str:
        advice = "leave it out" if self.allowed is None else f"it takes {self.allowed}"
        return f"{self.key} = {self.value} is not charged by this release; {advice}"


class NotCharged(Refused):
    """Terms that ask for something that this release does not charge; carries every key."""

    def __init__(self, where: str, found: list[Unsupported]) -> None:
        self.where, self.found = where, tuple(found)
        super().__init__(f"{where}: " + "; ".join(str(each) for each in found))


def require_supported(terms: Terms, where: str | None = None) -> None:
    """Raises NotCharged if the terms ask for anything that this release does not charge."""
    found = unsupported(terms)
    if found:
        raise NotCharged(where or terms.label, found)


def unsupported(terms: Terms) -> list[Unsupported]:
    """Everything in the terms that this release does not charge, in the order of the keys' reference."""
    found = (_choices, _segments, _late_fees, _later_tables, _due_dates, _prepaid)
    return [each for look in found for each in look(terms)]


def _choices(terms: Terms) -> Iterator[Unsupported]:
    for key, charged in CHARGED.items():
        value = _value(terms, key)
        if value is not None and value not in charged:
            yield Unsupported(key, _shown(value), _either(charged))
    if terms.interest.debits_count_from == "next_day" and not terms.interest.closing_day_counts:
        # The cycle's first interest day would count the balance of the day before, which belongs to the cycle before.
        yield Unsupported("interest.debits_count_from", shown("next_day"),
                          "same_day; next_day only where interest.closing_day_counts is true")


def _segments(terms: Terms) -> Iterator[Unsupported]:
    """Segments that end go over to one that does not; purchases and cash advances never end."""
    for row in terms.interest.segment:
        key = f"interest.segment.{row.name}"
        if row.name in ("purchase", "cash_advance"):
            for name in ("valid_days", "until", "deferred"):
                if getattr(row, name):
                    yield Unsupported(f"{key}.{name}", _shown(getattr(row, name)), None)
        elif row.deferred and not row.ends:
            yield Unsupported(f"{key}.deferred", "true", "true only with valid_days or until")
        if row.deferred and row.tiers is not None:
            yield Unsupported(f"{key}.tiers", _shown(row.tiers), "one rate where deferred is true")
        if row.revert_to is not None and terms.interest.segment_named(row.revert_to).ends:
            yield Unsupported(f"{key}.revert_to", _shown(row.revert_to), "a segment that does not end")


def _late_fees(terms: Terms) -> Iterator[Unsupported]:
    late = terms.fees.late_payment
    if isinstance(late, PercentOfInterest) and terms.interest.fees_bear_interest and terms.interest.closing_day_counts:
        # The fee would bear interest on the closing day, and so be a share of what itself brings.
        yield Unsupported("fees.late_payment.kind", shown("percent_of_interest"),
                          "another kind where interest.fees_bear_interest and interest.closing_day_counts are true")


def _later_tables(terms: Terms) -> Iterator[Unsupported]:
    tables: list[tuple[str, BaseModel, BaseModel]] = [
        ("benefits", terms.benefits, BenefitTerms()),
    ]
    for name, table, charged in tables:
        for key in type(table).model_fields:
            if getattr(table, key) != getattr(charged, key):
                default = getattr(charged, key)
                allowed = (f"its default, {_shown(default)}: it limits what a member's entitlement may carry, and in this "
                           "release no member has one")
                yield Unsupported(f"{name}.{key}", _shown(getattr(table, key)), allowed)


def _prepaid(terms: Terms) -> Iterator[Unsupported]:
    """A prepaid card pays for its extension, redemption, dormancy and replacement; nothing else is charged to it."""
    if terms.prepaid is None:
        return
    plain = Terms.from_document({"kind": "prepaid", "currency": terms.currency})
    for table in CREDIT_ONLY:
        if getattr(terms, table) != getattr(plain, table):
            yield Unsupported(table, _shown(getattr(terms, table)), None)
    if terms.rule_pack != "none":
        yield Unsupported("rule_pack", _shown(terms.rule_pack), "none where kind is prepaid; prepaid.rule_set names its law")
    for name in type(terms.fees).model_fields:
        fee = getattr(terms.fees, name)
        if fee is not None and name not in ("replacement", "tax_on_charges"):
            yield Unsupported(f"fees.{name}", _shown(fee), None)
    if terms.fees.tax_on_charges.fees or terms.fees.tax_on_charges.interest:
        yield Unsupported("fees.tax_on_charges", _shown(terms.fees.tax_on_charges), None)


def _due_dates(terms: Terms) -> Iterator[Unsupported]:
    late = late_due_date(terms, terms.cycle.closing_day)
    if late is not None:
        closes_on, due, next_closing = late
        key = "due_after_days" if terms.cycle.due_after_days is not None else "due_day"
        days = _days_after_due(terms)
        more = f", with {days} more days in time" if days else ""
        yield Unsupported(
            f"cycle.{key}", str(getattr(terms.cycle, key)),
            f"due dates not after the next closing: the statement of {closes_on} would be due on {due}{more}; "
            f"the next one closes on {next_closing}")


def late_due_date(terms: Terms, closing_day: int) -> tuple[date, date, date] | None:
    """The first closing whose payment is in time even after the next closing: closing, due date, next closing.

    Whether grace is kept is decided at the next closing, so every due date with its tolerance has to lie on it or before. An
    account with a closing day of its own is looked at with that day. None if all is well.
    """
    anchor = first_closing(terms.in_force_from, closing_day)
    for cycle_no in range(1, _MONTHS_AHEAD):
        closes_on, next_closing = (closing_on(anchor, number, closing_day) for number in (cycle_no, cycle_no + 1))
        due = due_on(closes_on, terms.cycle)
        if due + timedelta(days=_days_after_due(terms)) > next_closing:
            return closes_on, due, next_closing
    return None


@lru_cache(maxsize=64)
def late_closing_days(terms: Terms) -> frozenset[int]:
    """Days of month that an account on these terms may not close on; see `late_due_date`."""
    return frozenset(day for day in range(1, 32) if late_due_date(terms, day) is not None)


def _days_after_due(terms: Terms) -> int:
    fee = terms.fees.late_payment
    return max(terms.cycle.tolerance_days, (fee.tolerance_days or 0) if fee is not None else 0)


def _value(table: Any, key: str) -> Any:
    """The value under a key path; None where a table on the way is absent."""
    for name in key.split("."):
        table = getattr(table, name, None)
    return table


def _shown(value: Any) -> str:
    """A value of the terms as their TOML would show it; decimals are quoted there."""
    if isinstance(value, BaseModel):
        return shown(value.model_dump(mode="json", exclude_unset=True))
    if isinstance(value, tuple):
        return shown([each.model_dump(mode="json", exclude_unset=True) if isinstance(each, BaseModel) else str(each)
                      for each in value])
    return shown(value if isinstance(value, bool | int) else str(value))


def _either(charged: tuple[Any, ...]) -> str:
    words = [_shown(each).strip('"') for each in charged]
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]
