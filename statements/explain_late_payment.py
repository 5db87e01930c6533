"""Explains late-payment fees, kind by kind: each can be worked out again from its facts alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np

from accounts.calendar import day_number, day_of
from accounts.posting_types import BY_CODE, OWN_CHARGES
from billing.late_at_closing import daily_late_fee, days_charged, interest_bears_late_fee, interest_late_fee
from billing.missed_minimums import BilledMinimum, DueHistory, is_repeat, missed_in_a_row
from fees.late_payment import (
    MissedMinimum,
    charged_at_closing,
    late_payment_fee,
    late_tolerance_days,
    statements_looked_back,
)
from fees.terms_fees import (
    EscalatingLatePaymentFee,
    FixedLatePaymentFee,
    LatePaymentFee,
    PercentOfBalance,
    PercentOfInterest,
    PercentOfUnpaidMinimum,
    SlabLatePaymentFee,
    TieredLatePaymentFee,
)
from fees.terms_values import plain
from statements.explain_interest import PRODUCT_PLACES, decimal_text
from statements.explained_fee import NONE, Explained, Facts, Fee
from statements.history import NotDerived


def explain_late_payment(fee: Fee) -> Explained | None:
    """The facts of a late-payment fee; None where there is no statement that could have been missed.

    Raises NotDerived if the fee does not follow from what was received.
    """
    history, terms, rule = fee.history, fee.terms, fee.terms.fees.late_payment
    if rule is None or not history.due.statements:
        return None
    if charged_at_closing(rule):
        return _at_closing(fee, rule)
    in_time, known_on = day_number(fee.line.posted_on) - 1, day_number(fee.line.posted_on)
    due_on = in_time - late_tolerance_days(terms, rule)
    due = replace(history.due, statements=[each for each in history.due.statements if each.due_on <= due_on])
    if not due.statements or due.statements[-1].due_on != due_on:
        return None
    statement = due.statements[-1]
    received = due.received(statement, in_time, known_on)
    unpaid = min(max(statement.minimum_due - received, 0), statement.minimum_due)
    missed, due_dates = _missed(fee, rule, due, MissedMinimum.first(
        *(np.array([value]) for value in (statement.minimum_due, unpaid, statement.new_balance, received))))
    _check(fee, int(late_payment_fee(terms, missed, history.facts.digits)[0]), day_of(in_time))
    facts, fields = _common(fee, rule, statement, received, unpaid)
    return _KINDS[type(rule)](_Late(fee, rule, missed, due_dates, facts, fields))


def _check(fee: Fee, derived: int, in_time: date) -> None:
    if derived != fee.line.amount:
        raise NotDerived(fee.history.facts, f"a late-payment fee of {fee.charge['amount']} was posted; what was received by "
                                            f"{in_time} makes it {fee.amount(derived)}")


def _common(fee: Fee, rule: LatePaymentFee, statement: BilledMinimum, received: int,
            unpaid: int) -> tuple[Facts, dict[str, object]]:
    """What every kind tells of the minimum that was missed: as facts, and as fields of a sentence."""
    in_time = day_of(statement.due_on + late_tolerance_days(fee.terms, rule))
    facts: Facts = {
        "kind": str(getattr(rule, "kind", "")), "closes_on": day_of(statement.closes_on).isoformat(),
        "payment_due_on": day_of(statement.due_on).isoformat(), "in_time_until": in_time.isoformat(),
        "minimum_payment_due": fee.amount(statement.minimum_due), "received": fee.amount(received),
        "unpaid": fee.amount(unpaid),
    }
    disputed = fee.history.due.not_asked_any_more(statement, day_number(in_time))
    if disputed:
        facts["disputed"] = fee.amount(disputed)
    for key in ("cap_at", "rounding_unit"):
        value = getattr(rule, key)
        if value is not None:
            facts[key] = value if isinstance(value, str) else plain(value)
    return facts, {"minimum": fee.amount(statement.minimum_due), "due_on": day_of(statement.due_on), "in_time": in_time,
                   "received": fee.amount(max(received, 0)), "unpaid": fee.amount(unpaid)}


def _at_closing(fee: Fee, rule: LatePaymentFee) -> Explained | None:
    """A fee that was charged on the closing day, for a statement missed in the cycle or late since."""
    history, due = fee.history, fee.history.due
    after, closes_on = due.statements[-1].closes_on, day_number(history.facts.row["closes_on"])
    tolerance = late_tolerance_days(fee.terms, rule)
    if isinstance(rule, PercentOfInterest):
        bearing, interest = interest_bears_late_fee(fee.terms, rule, due, after, closes_on), _charged_at_closing(fee)
        amounts = {} if bearing is None else {bearing: interest_late_fee(fee.terms, rule, due, bearing, interest)}
    else:
        interest, amounts = 0, dict(enumerate(daily_late_fee(fee.terms, rule, due, after, closes_on)))
    statement = due.statements[max((place for place, amount in amounts.items() if amount), default=-1)]
    in_time = statement.due_on + tolerance
    _check(fee, sum(amounts.values()), day_of(in_time))
    unpaid = due.unpaid(statement, tolerance)
    facts, fields = _common(fee, rule, statement, due.received(statement, in_time, in_time + 1), unpaid)
    missed = MissedMinimum.first(np.array([statement.minimum_due]), np.array([unpaid]))
    late = _Late(fee, rule, missed, "", facts, fields)
    if isinstance(rule, PercentOfInterest):
        return late.share("late_payment_of_interest", interest, {"interest": fee.amount(interest)})
    return _daily(late, _delays(fee, rule, after, closes_on, amounts))


def _charged_at_closing(fee: Fee) -> int:
    """All interest that the closing charged: not what came in from outside in the cycle."""
    facts = fee.history.facts
    return sum(each.amount for each in facts.postings if each.source_id == OWN_CHARGES
               and each.posted_on == facts.row["closes_on"] and BY_CODE[each.type].figure == "interest")


def _delays(fee: Fee, rule: LatePaymentFee, after: int, closes_on: int, amounts: Mapping[int, int]) -> str:
    """The days late of each statement that the fee is for, as text."""
    due = fee.history.due
    days, before = days_charged(fee.terms, rule, due, after, closes_on)
    return "; ".join(
        f"{day_of(due.statements[place].due_on)}: {days[place]} - {before[place]}, "
        f"{fee.amount(due.unpaid(due.statements[place], late_tolerance_days(fee.terms, rule)))}, {fee.amount(amount)}"
        for place, amount in amounts.items() if amount)


def _daily(late: _Late, delays: str) -> Explained:
    facts: Facts = {"per_day": plain(late.rule.per_day), "delays": delays}
    for key in ("share_cap", "cap"):
        if getattr(late.rule, key) is not None:
            facts[key] = plain(getattr(late.rule, key))
    return late.of_terms("late_payment_daily", facts)


class _Late:
    """A late-payment fee with the facts and fields that every kind has."""

    def __init__(self, fee: Fee, rule: Any, missed: MissedMinimum, due_dates: str, facts: Facts,
                 fields: dict[str, object]) -> None:
        self.fee, self.rule, self.missed, self.due_dates = fee, rule, missed, due_dates
        self.facts, self.fields = facts, fields

    def of_terms(self, sentence: str, facts: Facts, **fields: object) -> Explained:
        """A fee whose amount the terms name."""
        unit, mode = self.rule.rounding_unit, self.fee.terms.interest.rounding
        rounding = NONE if unit is None else f"{mode} to {plain(unit)}"
        return {**self.facts, **facts}, self.fee.charge["amount"], rounding + self.limits(), \
            self.fee.say(sentence, **self.fields, **facts, **fields)

    def share(self, sentence: str, base: int, facts: Facts, limits: str = "") -> Explained:
        """A fee that is a percentage of something."""
        digits, percent = self.fee.history.facts.digits, self.rule.percent
        unrounded = decimal_text(base * Fraction(percent) / 10**digits, PRODUCT_PLACES, digits)
        unit = plain(self.rule.rounding_unit or self.fee.terms.interest.rounding_unit)
        because = self.fee.say(sentence, **{**self.fields, **facts, "unrounded": unrounded, "percent": plain(percent * 100)})
        return ({**self.facts, "percent": plain(percent), **facts}, unrounded,
                f"{self.fee.terms.interest.rounding} to {unit}{limits}{self.limits()}", because)

    def limits(self) -> str:
        """What cuts the amount at the end."""
        return f"; at most the {self.rule.cap_at.replace('_', ' ')}" if self.rule.cap_at else ""


def _missed(fee: Fee, rule: LatePaymentFee, history: DueHistory, missed: MissedMinimum) -> tuple[MissedMinimum, str]:
    """With the due dates missed before that the fee asks about, and these as text."""
    tolerance, allowed = late_tolerance_days(fee.terms, rule), fee.terms.minor(fee.terms.cycle.tolerance_amount)
    history = replace(history, statements=history.statements[-1 - statements_looked_back(rule):])
    due = history.missed(tolerance, allowed)
    within = rule.repeat_within_cycles if isinstance(rule, TieredLatePaymentFee) else 0
    before = [day_of(each.due_on).isoformat() for each, late in zip(history.statements[:-1], due, strict=False) if late]
    missed = replace(missed, in_a_row=np.array([missed_in_a_row(due)]), repeats=np.array([is_repeat(due, within)]))
    return missed, ", ".join(before)


def _fixed(late: _Late) -> Explained:
    return late.of_terms("late_payment_fixed", {"fee": plain(late.rule.amount)})


def _tiered(late: _Late) -> Explained:
    facts: Facts = {"first": plain(late.rule.first), "repeat": plain(late.rule.repeat),
                    "repeat_within_cycles": late.rule.repeat_within_cycles, "missed_before": late.due_dates or "–"}
    name = "late_payment_repeat" if late.missed.repeats[0] else "late_payment_first"
    return late.of_terms(name, facts)


def _escalating(late: _Late) -> Explained:
    return late.of_terms("late_payment_escalating", {
        "in_a_row": int(late.missed.in_a_row[0]), "amounts": ", ".join(plain(each) for each in late.rule.amounts)})


def _slab(late: _Late) -> Explained:
    slabs = ", ".join(f"≤ {plain(each.up_to)}: {plain(each.amount)}" if each.up_to is not None else f"> : {plain(each.amount)}"
                      for each in late.rule.slabs)
    return late.of_terms("late_payment_slab", {"new_balance": late.fee.amount(int(late.missed.new_balance[0])), "slabs": slabs})


def _percent_of_unpaid_minimum(late: _Late) -> Explained:
    facts: Facts = {"floor": plain(late.rule.floor)}
    if late.rule.cap is not None:
        facts["cap"] = plain(late.rule.cap)
    limits = f"; floor {facts['floor']}" + (f", cap {facts['cap']}" if "cap" in facts else "")
    return late.share("late_payment_percent", int(late.missed.unpaid[0]), facts, limits)


def _percent_of_balance(late: _Late) -> Explained:
    base = int(np.maximum(late.missed.new_balance - late.missed.received, 0)[0])
    return late.share("late_payment_of_balance", base, {"new_balance": late.fee.amount(int(late.missed.new_balance[0])),
                                                         "balance_unpaid": late.fee.amount(base)})


_KINDS: dict[type[LatePaymentFee], Callable[[_Late], Explained]] = {
    FixedLatePaymentFee: _fixed, TieredLatePaymentFee: _tiered, EscalatingLatePaymentFee: _escalating,
    SlabLatePaymentFee: _slab, PercentOfUnpaidMinimum: _percent_of_unpaid_minimum,
    PercentOfBalance: _percent_of_balance,
}
