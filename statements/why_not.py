"""Explains a charge that was not made: the first condition of it that did not hold, with its numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from accounts.errors import Findings, Usage
from accounts.posting_types import BY_CODE, PAYMENT
from billing.day import anniversary_days
from fees.rates import daily_fraction
from fees.terms import Terms
from statements.compose import SEGMENTS, AmountText, charge_lines, rate_of, rated_terms
from statements.document import NotCharged
from statements.explain_interest import PRODUCT_PLACES, decimal_text
from statements.history import CardHistory, History
from statements.reasons import sentence
from statements.wording import Language, rate_text

Facts = dict[str, str | int]
#: A condition that did not hold: its name and its numbers. None: all conditions of the charge hold.
Failed = tuple[str, Facts] | None


class UnknownCharge(Usage):
    """A kind of charge that there is no explaining for."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"--why-not {kind} is not a kind of charge; there are {', '.join(KINDS)}")


class WasCharged(Usage):
    """The charge was made after all."""

    def __init__(self, kind: str, history: History) -> None:
        row = history.facts.row
        super().__init__(f"{kind} was charged on the statement of {row['closes_on']}; leave --why-not out to see how")


class Unexplained(Findings):
    """Every condition holds and still nothing was charged: something is wrong, or the account was parked."""

    def __init__(self, kind: str, history: History) -> None:
        facts = history.facts
        super().__init__(f"account {facts.account}, statement of {facts.row['closes_on']}: every condition of {kind} holds and "
                         "it was not charged; see `cardwright status` for a parked account, or a change of terms since")


def explain_not_charged(history: History, kind: str, language: Language) -> NotCharged:
    """Why a statement has no charge of a kind.

    kind: a fee's name in the terms, or interest.purchase, interest.cash_advance, interest.over_limit (interest alone is that
    on purchases). Raises UnknownCharge, WasCharged, or Unexplained.
    """
    name = _ALIASES.get(kind, kind)
    if name not in _CONDITIONS:
        raise UnknownCharge(kind)
    if name in _charged(history):
        raise WasCharged(name, history)
    question = _Question(history, name)
    failed = _CONDITIONS[name](question)
    if failed is None:
        raise Unexplained(name, history)
    condition, facts = failed
    fields = {**question.common, **facts, "rate": question.rate_shown(facts, language)}
    return NotCharged(kind=name, condition=condition, facts=facts, because=sentence(condition, language, **fields))


def _charged(history: History) -> set[str]:
    charged = set()
    for each in charge_lines(history.facts.postings):
        kind = BY_CODE[each.type]
        charged.add(f"interest.{kind.segment}" if kind.charge == "interest" else str(kind.charge))
    return charged


class _Question:
    """One charge that was not made, on one statement."""

    def __init__(self, history: History, name: str) -> None:
        self.history, self.name, self.row = history, name, history.facts.row
        self.terms: Terms = history.facts.terms
        self.amount = AmountText(history.facts)
        self.common: dict[str, object] = {
            "terms_version": self.terms.label, "opens_on": self.row["opens_on"], "closes_on": self.row["closes_on"],
            "opened_on": history.opened_on, "limit": self.amount(self.row["credit_limit"]),
        }

    def in_cycle(self, day: date) -> bool:
        """Whether a day belongs to the statement's cycle."""
        return bool(self.row["opens_on"] <= day <= self.row["closes_on"])

    def anniversaries(self, began_on: date) -> Iterator[date]:
        """The anniversaries of a date in the cycle."""
        for year in range(max(self.row["opens_on"].year, began_on.year + 1), self.row["closes_on"].year + 1):
            for day in (date(year, began_on.month, min(began_on.day, 28)), *_on_its_day(year, began_on)):
                if self.in_cycle(day) and day.month == began_on.month and began_on.day in anniversary_days(day):
                    yield day
                    break

    def not_in_terms(self) -> Failed:
        """That the terms do not charge it."""
        return "not_in_terms", {"terms_version": self.terms.label}

    def rate_shown(self, facts: Facts, language: Language) -> str:
        """The rate that a condition speaks of, as a sentence names it."""
        return rate_text(*rate_of(rated_terms(self.terms, self.name.partition(".")[2])), language) if "rate" in facts else ""


def _on_its_day(year: int, began_on: date) -> tuple[date, ...]:
    try:
        return (date(year, began_on.month, began_on.day),)
    except ValueError:
        return ()


def _late_payment(asked: _Question) -> Failed:
    history, previous = asked.history, asked.history.previous
    if previous is None:
        return ("no_earlier_statement", {}) if asked.terms.fees.late_payment is not None else asked.not_in_terms()
    terms = history.terms_on(asked.row["closes_on"]) or asked.terms
    rule = terms.fees.late_payment
    if rule is None:
        return asked.not_in_terms()
    in_time = history.in_time_until(terms, rule.tolerance_days)
    assert in_time is not None
    minimum, allowed = previous["minimum_payment_due"], terms.minor(terms.cycle.tolerance_amount)
    facts: Facts = {"closes_on": previous["closes_on"].isoformat(), "minimum": asked.amount(minimum),
                    "due_on": previous["due_on"].isoformat(), "in_time": in_time.isoformat()}
    if minimum <= allowed:
        return "no_minimum_due", facts
    if not asked.row["opens_on"] <= in_time < asked.row["closes_on"]:
        return "no_due_date_in_cycle", facts
    received = history.received(terms, in_time)
    facts |= {"received": asked.amount(received), "allowed": asked.amount(allowed)}
    return ("minimum_met", facts) if minimum - received <= allowed else None


def _joining(asked: _Question) -> Failed:
    facts: Facts = {"opened_on": asked.history.opened_on.isoformat()}
    if asked.terms.fees.joining is None:
        return asked.not_in_terms()
    if asked.history.migrated:
        return "migrated", facts
    return None if asked.in_cycle(asked.history.opened_on) else ("not_opened_in_cycle", facts)


def _annual(asked: _Question) -> Failed:
    rule, opened_on = asked.terms.fees.annual, asked.history.opened_on
    facts: Facts = {"opened_on": opened_on.isoformat()}
    if rule is None:
        return asked.not_in_terms()
    if asked.in_cycle(opened_on):
        if asked.history.migrated:
            return "migrated", facts
        return ("first_year_free", facts) if rule.first == "after_first_year" else None
    return None if any(asked.anniversaries(opened_on)) else ("no_anniversary_in_cycle", facts)


def _supplementary_annual(asked: _Question) -> Failed:
    if asked.terms.fees.supplementary_annual is None:
        return asked.not_in_terms()
    cards = [each for each in asked.history.cards.values() if each.kind == "supplementary" and each.replaces_card_id is None]
    due = [each for each in cards if asked.in_cycle(each.issued_on) or any(asked.anniversaries(each.issued_on))]
    return None if due else ("no_such_card", {"supplementary_cards": len(cards)})


def _replacement(asked: _Question) -> Failed:
    rule = asked.terms.fees.replacement
    if rule is None:
        return asked.not_in_terms()
    replaced: list[CardHistory] = [each for each in asked.history.cards.values()
                                   if each.replaces_card_id is not None and asked.in_cycle(each.issued_on)]
    if not replaced:
        return "no_such_card", {"cards": len(asked.history.cards)}
    free = next((each for each in replaced if each.reason in rule.free_for), None)
    return None if free is None else ("free_reason", {"card": free.shown, "reason": free.reason or ""})


def _service(asked: _Question) -> Failed:
    if asked.terms.fees.service is None:
        return asked.not_in_terms()
    paid = any(BY_CODE[each.type] is PAYMENT for each in asked.history.facts.postings)
    return None if paid else ("no_payment", {})


def _interest(asked: _Question) -> Failed:
    terms, history, segment = asked.terms, asked.history, asked.name.partition(".")[2]
    column = next(column for name, column, _ in SEGMENTS if name == segment)
    rated, balance_days = rated_terms(terms, segment), asked.row[column]
    daily = daily_fraction(rated, terms.interest.day_count)
    if not daily:
        return "rate_zero", {"terms_version": terms.label, "rate": "0"}
    if balance_days:
        unrounded = decimal_text(balance_days * daily / 10**history.facts.digits, PRODUCT_PLACES, history.facts.digits)
        return "rounds_to_zero", {"balance_days": asked.amount(balance_days), "rate": rate_of(rated)[0], "unrounded": unrounded}
    if segment == "over_limit":
        return "within_limit", {"limit": asked.amount(asked.row["credit_limit"]), "over_limit_balance_days": asked.amount(0)}
    in_time, previous = history.in_time_until(terms), history.previous
    if segment == "cash_advance" or previous is None or in_time is None or previous["billed"] <= 0 or asked.row["grace"]:
        return "no_balance", {"balance_days": asked.amount(0)}
    return "grace_kept", {
        "billed_on": previous["closes_on"].isoformat(), "owed": asked.amount(previous["new_balance"]),
        "in_time": in_time.isoformat(), "received": asked.amount(history.received(terms, in_time)),
        "tolerance_amount": asked.amount(terms.minor(terms.cycle.tolerance_amount)),
    }


_CONDITIONS: dict[str, Callable[[_Question], Failed]] = {
    "interest.purchase": _interest, "interest.cash_advance": _interest, "interest.over_limit": _interest,
    "late_payment": _late_payment, "joining": _joining, "annual": _annual, "supplementary_annual": _supplementary_annual,
    "replacement": _replacement, "service": _service,
}
_ALIASES = {
    "interest": "interest.purchase", "purchase_interest": "interest.purchase",
    "cash_advance_interest": "interest.cash_advance", "over_limit_interest": "interest.over_limit",
    "over_limit": "interest.over_limit",
}
KINDS = tuple(_CONDITIONS)
