"""Explains a charge that was not made: the first condition of it that did not hold, with its numbers."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from accounts.errors import Findings, Usage
from accounts.posting_types import BY_CODE
from billing.tracing import interest_of_runs
from statements.compose import charge_lines, rate_of, rated_terms, segment_of
from statements.document import NotCharged
from statements.explain_interest import PRODUCT_PLACES, decimal_text
from statements.facts import bears_interest
from statements.history import CardHistory, History
from statements.reasons import sentence
from statements.why_not_fees import why_no_event_fee, why_no_late_payment, why_no_over_limit_fee, why_no_tax
from statements.why_not_others import (
    why_no_deferred_interest,
    why_no_instalment_fee,
    why_no_minimum_interest,
    why_none_taken_in,
)
from statements.why_not_question import Facts, Failed, Question
from statements.wording import Language


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

    kind: a fee's name in the terms, or interest.purchase and the like for any segment of the terms, interest.over_limit
    (interest alone is that on purchases). Raises UnknownCharge, WasCharged, or Unexplained.
    """
    name = _ALIASES.get(kind, kind)
    segments = {f"interest.{row.name}" for row in history.facts.terms.interest.segment}
    if name not in _CONDITIONS and name not in segments:
        raise UnknownCharge(kind)
    if name in _charged(history):
        raise WasCharged(name, history)
    question = Question(history, name)
    failed = _charged_off(history) or _CONDITIONS.get(name, _interest)(question)
    if failed is None:
        raise Unexplained(name, history)
    condition, facts = failed
    fields = {**question.common, **facts, "rate": question.rate_shown(facts, language)}
    return NotCharged(kind=name, condition=condition, facts=facts, because=sentence(condition, language, **fields))


def _charged_off(history: History) -> Failed:
    off = history.charged_off_on
    return None if off is None else ("charged_off", {"charged_off_on": off.isoformat()})


def _charged(history: History) -> set[str]:
    charged = set()
    for each in charge_lines(history.facts.postings):
        kind = BY_CODE[each.type]
        segment = segment_of(history.facts.terms, each)
        charged.add(f"interest.{segment}" if kind.charge == "interest" else str(kind.charge))
    return charged


def _joining(asked: Question) -> Failed:
    facts: Facts = {"opened_on": asked.history.opened_on.isoformat()}
    if asked.terms.fees.joining is None:
        return asked.not_in_terms()
    if asked.history.migrated:
        return "migrated", facts
    return None if asked.in_cycle(asked.history.opened_on) else ("not_opened_in_cycle", facts)


def _annual(asked: Question) -> Failed:
    rule, opened_on = asked.terms.fees.annual, asked.history.opened_on
    facts: Facts = {"opened_on": opened_on.isoformat()}
    if rule is None:
        return asked.not_in_terms()
    if asked.in_cycle(opened_on):
        if asked.history.migrated:
            return "migrated", facts
        return ("first_year_free", facts) if rule.first == "after_first_year" else None
    if rule.month != "anniversary":
        return "no_fee_month_in_cycle", {**facts, "month": rule.month}
    return None if any(asked.anniversaries(opened_on)) else ("no_anniversary_in_cycle", facts)


def _supplementary_annual(asked: Question) -> Failed:
    if asked.terms.fees.supplementary_annual is None:
        return asked.not_in_terms()
    cards = [each for each in asked.history.cards.values() if each.kind == "supplementary" and each.replaces_card_id is None]
    due = [each for each in cards if asked.in_cycle(each.issued_on) or any(asked.anniversaries(each.issued_on))]
    return None if due else ("no_such_card", {"supplementary_cards": len(cards)})


def _replacement(asked: Question) -> Failed:
    rule = asked.terms.fees.replacement
    if rule is None:
        return asked.not_in_terms()
    replaced: list[CardHistory] = [each for each in asked.history.cards.values()
                                   if each.replaces_card_id is not None and asked.in_cycle(each.issued_on)]
    if not replaced:
        return "no_such_card", {"cards": len(asked.history.cards)}
    free = next((each for each in replaced if each.reason in rule.free_for), None)
    return None if free is None else ("free_reason", {"card": free.shown, "reason": free.reason or ""})


def _interest(asked: Question) -> Failed:
    terms, history, segment = asked.terms, asked.history, asked.name.partition(".")[2]
    rated, runs = rated_terms(terms, segment), history.runs.get(segment, ())
    if segment != "over_limit" and terms.interest.segment_named(segment).deferred:
        return why_no_deferred_interest(asked, segment)
    if not bears_interest(rated):
        return "rate_zero", {"terms_version": terms.label, "rate": "0"}
    if runs:
        digits = history.facts.digits
        unrounded = decimal_text(interest_of_runs(terms, runs)[0] / 10**digits, PRODUCT_PLACES, digits)
        balance_days = decimal_text(sum(run.balance_days for run in runs) / Fraction(10**digits), PRODUCT_PLACES, digits)
        return "rounds_to_zero", {"balance_days": balance_days, "rate": rate_of(rated)[0], "unrounded": unrounded}
    if segment == "over_limit":
        return "within_limit", {"limit": asked.amount(asked.row["credit_limit"]), "over_limit_balance_days": asked.amount(0)}
    in_time, previous = history.in_time_until(terms), history.previous
    has_grace = segment != "over_limit" and terms.interest.segment_named(segment).grace
    if not has_grace or previous is None or in_time is None or previous["billed"] <= 0 or asked.row["grace"]:
        return _all_disputed(asked, segment) or ("no_balance", {"balance_days": asked.amount(0)})
    received, disputed = history.received(terms, in_time), history.disputed_since(in_time)
    tolerance = terms.minor(terms.cycle.tolerance_amount)
    facts: Facts = {
        "billed_on": previous["closes_on"].isoformat(), "owed": asked.amount(history.owed_before),
        "in_time": in_time.isoformat(), "received": asked.amount(received), "tolerance_amount": asked.amount(tolerance),
    }
    if disputed and received < history.owed_before - tolerance:
        return "disputed_grace_kept", {**facts, "disputed": asked.amount(disputed)}
    return "grace_kept", facts


def _all_disputed(asked: Question, segment: str) -> Failed:
    """That what there was of a segment is disputed."""
    left_out = asked.history.left_out(segment)
    if not left_out:
        return None
    return "disputed", {
        "disputed": asked.amount(sum(amount for amount, _, _ in left_out)),
        "first": min(first for _, first, _ in left_out).isoformat(), "last": max(last for _, _, last in left_out).isoformat()}


_CONDITIONS: dict[str, Callable[[Question], Failed]] = {
    "interest.purchase": _interest, "interest.cash_advance": _interest, "interest.over_limit": _interest,
    "interest.minimum": why_no_minimum_interest, "interest.other": why_none_taken_in, "fee": why_none_taken_in,
    "late_payment": why_no_late_payment, "joining": _joining, "annual": _annual,
    "supplementary_annual": _supplementary_annual, "replacement": _replacement, "service": why_no_event_fee,
    "cash_advance": why_no_event_fee, "foreign": why_no_event_fee, "balance_transfer": why_no_event_fee,
    "returned_payment": why_no_event_fee, "over_limit": why_no_over_limit_fee, "tax": why_no_tax,
    "instalment": why_no_instalment_fee,
}
_ALIASES = {
    "interest": "interest.purchase", "purchase_interest": "interest.purchase",
    "cash_advance_interest": "interest.cash_advance", "over_limit_interest": "interest.over_limit",
    "minimum_interest": "interest.minimum", "instalment_fee": "instalment",
}
KINDS = tuple(_CONDITIONS)
