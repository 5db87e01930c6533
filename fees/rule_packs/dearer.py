"""What a version of terms makes dearer for the holder than the one before it, and the notice that this asks for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from fees.rule_packs.account import account, event
from fees.rule_packs.check import Breach, Case, Check, Level, Source
from fees.terms import Terms
from fees.terms_problems import shown
from fees.yearly_rates import percent, rates

#: Choices of the terms from the cheapest for the holder to the dearest.
_CHOICES: dict[str, tuple[Any, ...]] = {
    "interest.accrues_from": ("next_cycle", "due", "closing", "posting", "transaction"),
    "interest.grace_lost_charges": ("unpaid", "full"),
    "interest.revolving_new_purchases": ("never_in_first", "next_statement", "at_once"),
    "interest.payment_day_counts": ("new", "old", "both"),
    "interest.debits_count_from": ("next_day", "same_day"),
    "interest.compounding": ("none", "monthly", "daily"),
    "interest.fees_bear_interest": (False, True),
    "interest.interest_bears_interest": (False, True),
    "interest.residual_interest": ("waive", "charge"),
    "grace.requires": ("new_balance", "previous_and_new_balance"),
    "grace.lost_for": ("billed", "all"),
    "fees.annual.first": ("after_first_year", "at_issue"),
    "fees.late_payment.cap_at": ("unpaid_minimum", "minimum_due", None),
}
_MORE_IS_DEARER = ("interest.minimum_charge", "interest.penalty.cured_after_on_time")
_LESS_IS_DEARER = (
    "cycle.due_after_days", "cycle.tolerance_days", "cycle.tolerance_amount", "interest.penalty.after_days_past_due",
)
#: Keys of a fee that limit it: without one there is no limit, which is dearer than any.
_LIMITS = ("waive_if_spend", "waive_if_count", "cap", "share_cap")
_NOT_A_PRICE = ("clause", "kind", "month", "on", "free_for", "rounding_unit", "max_consecutive_cycles", "cap_at")

Change = tuple[str, str, str]


def dearer(earlier: Terms, later: Terms) -> list[Change]:
    """Every key by which the later terms can cost a holder more: the key, what it was, what it becomes."""
    return [*_rates(earlier, later), *_choices(earlier, later), *_plain_keys(earlier, later), *_fees(earlier, later),
            *_minimum(earlier, later)]


def notice(days: int, source: Source, only: str = "") -> Check:
    """The check that holders are told of what becomes dearer so many days before it holds; only: keys that begin so."""
    def find(case: Case) -> Iterator[Breach]:
        if case.earlier is None:
            return
        told_on = max(case.told_on or case.earlier.in_force_from, case.earlier.in_force_from)
        ahead = (case.terms.in_force_from - told_on).days
        if ahead >= days:
            return
        earliest = told_on + timedelta(days=days)
        for key, was, becomes in dearer(case.earlier, case.terms):
            if not key.startswith(only):
                continue
            changes_on = case.terms.in_force_from
            yield Breach(
                key, f"{key} changes from {was} to {becomes} on {changes_on}, {ahead} days after holders can first be told "
                f"({told_on}); {days} are asked for, so in_force_from = {earliest} or later",
                account(f"{key} was {was} on {told_on} and is {becomes} on {changes_on}, {ahead} days later.",
                        (case.earlier, case.terms), [event(told_on, "purchase", 1000)], changes_on + timedelta(days=62),
                        opened_on=told_on))

    return Check(f"notice-of-{days}-days", ("in_force_from",),
                 f"what becomes dearer{' in ' + only.strip('.') if only else ''} is told {days} days before it holds; told is "
                 "the business date on which the version is loaded or approved, or the first day of the version before it if "
                 "that is later", source, find)


def rate_on_what_is_owed(source: Source, level: Level) -> Check:
    """The check that a version does not raise the rate of balances that were made under the one before it."""
    def find(case: Case) -> Iterator[Breach]:
        if case.earlier is None:
            return
        for key, was, becomes in _rates(case.earlier, case.terms):
            if not key.startswith("interest.segment."):
                continue
            changes_on = case.terms.in_force_from
            yield Breach(
                key, f"{key} rises from {was} to {becomes} a year, for what is owed already too; a segment of its own for new "
                "purchases keeps the old ones at their rate",
                account(f"What was bought before {changes_on} bears {becomes} a year from that day, instead of {was}.",
                        (case.earlier, case.terms), [event(case.earlier.in_force_from, "purchase", 1000)],
                        changes_on + timedelta(days=62), opened_on=case.earlier.in_force_from))

    return Check("no-higher-rate-on-what-is-owed", ("interest.segment",),
                 "a higher rate is for new transactions only, not for what is owed already", source, find, level)


def _rates(earlier: Terms, later: Terms) -> Iterator[Change]:
    before = dict(rates(earlier))
    for key, rate in rates(later):
        was = before.get(key)
        if was is None and key.startswith("interest.segment."):
            continue  # a new segment: nothing was owed in it
        if rate > (was or 0):
            yield key, percent(was) if was is not None else "none", percent(rate)


def _choices(earlier: Terms, later: Terms) -> Iterator[Change]:
    if earlier.interest.method != later.interest.method:
        yield "interest.method", shown(earlier.interest.method), shown(later.interest.method)
    for key, order in _CHOICES.items():
        was, becomes = value(earlier, key), value(later, key)
        if was in order and becomes in order and order.index(becomes) > order.index(was):
            yield key, _said(was), _said(becomes)


def _plain_keys(earlier: Terms, later: Terms) -> Iterator[Change]:
    for key in _MORE_IS_DEARER + _LESS_IS_DEARER:
        was, becomes = value(earlier, key), value(later, key)
        if was is not None and becomes is not None and (becomes > was if key in _MORE_IS_DEARER else becomes < was):
            yield key, _said(was), _said(becomes)


def _fees(earlier: Terms, later: Terms) -> Iterator[Change]:
    for name in type(later.fees).model_fields:
        was, becomes = getattr(earlier.fees, name), getattr(later.fees, name)
        if name == "first_year_cap":
            if _dearer_key("cap", was, becomes):
                yield "fees.first_year_cap", _said(was), _said(becomes)
            continue
        if becomes is None:
            continue
        if was is None or getattr(was, "kind", None) != getattr(becomes, "kind", None):
            yield f"fees.{name}", _said(was), _said(becomes)
            continue
        for key in type(becomes).model_fields:
            if key not in _NOT_A_PRICE and _dearer_key(key, getattr(was, key), getattr(becomes, key)):
                yield f"fees.{name}.{key}", _said(getattr(was, key)), _said(getattr(becomes, key))


def _dearer_key(key: str, was: Any, becomes: Any) -> bool:
    if key in _LIMITS:
        return becomes != was and was is not None and (becomes is None or becomes > was)
    if key == "tolerance_days":
        return (becomes or 0) < (was or 0)
    if isinstance(becomes, tuple):  # slabs, or a series of amounts
        return bool(becomes != was)
    if key == "opt_in":
        return bool(was) and not becomes
    return not isinstance(becomes, str) and (becomes or 0) > (was or 0)


def _minimum(earlier: Terms, later: Terms) -> Iterator[Change]:
    was, becomes = earlier.minimum_payment, later.minimum_payment
    if becomes.floor > was.floor:
        yield "minimum_payment.floor", _said(was.floor), _said(becomes.floor)
    before = {part.of: part.percent for part in was.parts}
    for part in becomes.parts:
        if part.percent > before.get(part.of, 0):
            yield f"minimum_payment.parts of {part.of}", _said(before.get(part.of)), _said(part.percent)
    for item in becomes.add:
        if item not in was.add:
            yield "minimum_payment.add", "without " + item, "with " + item


def value(terms: Terms, key: str) -> Any:
    """The value under a key; None where a table on the way is absent."""
    table: Any = terms
    for name in key.split("."):
        table = getattr(table, name, None)
    return table


def _said(given: Any) -> str:
    if given is None:
        return "none"
    if isinstance(given, BaseModel):
        return shown(given.model_dump(mode="json", exclude_unset=True))
    if isinstance(given, tuple):
        return shown([each.model_dump(mode="json", exclude_unset=True) if isinstance(each, BaseModel) else str(each)
                      for each in given])
    return shown(given if isinstance(given, bool | int) else str(given))
