"""Explains fees: the figures that each was worked out from, by the fee's own rule."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from accounts.posting_types import (
    ANNUAL_FEE_WAIVER,
    BY_CODE,
    OWN_CHARGES,
    PAYMENT,
    SUPPLEMENTARY_ANNUAL_FEE_WAIVER,
)
from fees.late_payment import late_payment_fee
from fees.terms import Terms
from fees.terms_fees import PercentOfUnpaidMinimum
from fees.terms_values import plain
from statements.compose import AmountText
from statements.document import Charge, ExplainedCharge
from statements.explain_interest import PRODUCT_PLACES, decimal_text
from statements.facts import PostingLine
from statements.history import CardHistory, History, NotDerived
from statements.reasons import reason, sentence
from statements.wording import Language

Facts = dict[str, str | int]
NONE = "none"


def explain_fee(history: History, line: PostingLine, charge: Charge, language: Language) -> ExplainedCharge:
    """A fee with the figures that it was worked out from; one that came with a file has none.

    Raises NotDerived if a late-payment fee does not follow from what was received.
    """
    rule = _RULES.get(charge["kind"]) if line.source_id == OWN_CHARGES or charge["kind"] == "service" else None
    terms = history.facts.terms_by_version.get(line.terms_version_id or 0, history.facts.terms)
    fee = _Fee(history, line, charge, terms, language)
    explained = rule(fee) if rule is not None else None
    if explained is None:
        text = fee.say("fee", description=line.description or line.merchant or charge["kind"])
        explained = {"ref": line.source_ref or ""}, charge["amount"], NONE, text
    facts, unrounded, rounding, because = explained
    return ExplainedCharge(**charge, terms_version=terms.label, days=[], facts=facts, unrounded=unrounded, rounding=rounding,
                           because=because)


class _Fee:
    """One fee under explanation, and how its sentences and amounts are written."""

    def __init__(self, history: History, line: PostingLine, charge: Charge, terms: Terms, language: Language) -> None:
        self.history, self.line, self.charge, self.terms, self.language = history, line, charge, terms, language
        self.amount = AmountText(history.facts)

    def say(self, name: str, **fields: object) -> str:
        """A sentence with the charge's amount and currency filled in."""
        shown = {"amount": self.charge["amount"], "currency": self.history.facts.currency, **fields}
        return sentence(name, self.language, **shown)

    @property
    def card(self) -> CardHistory | None:
        """The card that the fee is for."""
        return self.history.cards.get(self.line.card_id or 0)

    def fixed(self, facts: Facts, because: str) -> Explained:
        """A fee that is an amount of the terms as it stands."""
        return facts, self.charge["amount"], NONE, because


Explained = tuple[Facts, str, str, str]


def _late_payment(fee: _Fee) -> Explained | None:
    history, terms, rule = fee.history, fee.terms, fee.terms.fees.late_payment
    in_time = history.in_time_until(terms, rule.tolerance_days if rule is not None else None)
    if rule is None or history.previous is None or in_time is None:
        return None
    minimum = history.previous["minimum_payment_due"]
    received = history.received(terms, in_time, fee.line.posted_on)
    unpaid = min(max(minimum - received, 0), minimum)
    digits = history.facts.digits
    derived = late_payment_fee(terms, np.array([minimum]), np.array([unpaid]), digits)[0]
    if derived != fee.line.amount:
        raise NotDerived(history.facts, f"a late-payment fee of {fee.charge['amount']} was posted; what was received by "
                                        f"{in_time} makes it {fee.amount(int(derived))}")
    facts: Facts = {
        "kind": rule.kind, "closes_on": history.previous["closes_on"].isoformat(),
        "payment_due_on": history.previous["due_on"].isoformat(), "in_time_until": in_time.isoformat(),
        "minimum_payment_due": fee.amount(minimum), "received": fee.amount(received), "unpaid": fee.amount(unpaid),
    }
    fields = {"minimum": fee.amount(minimum), "due_on": history.previous["due_on"], "in_time": in_time,
              "received": fee.amount(max(received, 0)), "unpaid": fee.amount(unpaid)}
    if rule.cap_at is not None:
        facts["cap_at"] = rule.cap_at
    if not isinstance(rule, PercentOfUnpaidMinimum):
        return fee.fixed(facts, fee.say("late_payment_fixed", **fields))
    facts |= {"percent": plain(rule.percent), "floor": plain(rule.floor)}
    if rule.cap is not None:
        facts["cap"] = plain(rule.cap)
    unrounded = decimal_text(unpaid * Fraction(rule.percent) / 10**digits, PRODUCT_PLACES, digits)
    unit = plain(rule.rounding_unit) if rule.rounding_unit is not None else plain(terms.interest.rounding_unit)
    limits = f"; floor {facts['floor']}" + (f", cap {facts['cap']}" if "cap" in facts else "")
    limits += f", at most the {rule.cap_at.replace('_', ' ')}" if rule.cap_at else ""
    because = fee.say("late_payment_percent", unrounded=unrounded, percent=plain(rule.percent * 100), **fields)
    return facts, unrounded, f"{terms.interest.rounding} to {unit}{limits}", because


def _joining(fee: _Fee) -> Explained | None:
    opened_on = fee.history.opened_on
    return fee.fixed({"opened_on": opened_on.isoformat()}, fee.say("joining", opened_on=opened_on))


def _annual(fee: _Fee) -> Explained | None:
    history, rule = fee.history, fee.terms.fees.annual
    year = fee.line.posted_on.year - history.opened_on.year + 1
    facts: Facts = {"opened_on": history.opened_on.isoformat(), "year": year}
    waiver = ""
    if rule is not None and year > 1 and (rule.waive_if_spend is not None or rule.waive_if_count is not None):
        spend, count = history.spent_in_year_before(fee.line.posted_on)
        waived = any(each.type in (ANNUAL_FEE_WAIVER.code, SUPPLEMENTARY_ANNUAL_FEE_WAIVER.code)
                     and each.posted_on == fee.line.posted_on for each in history.facts.postings)
        facts |= {"spend": fee.amount(spend), "count": count, "waived": "yes" if waived else "no"}
        if rule.waive_if_spend is not None:
            facts["waive_if_spend"] = plain(rule.waive_if_spend)
        if rule.waive_if_count is not None:
            facts["waive_if_count"] = rule.waive_if_count
        name = "annual_waived" if waived else "annual_not_waived"
        waiver = reason(name, fee.language, spend=facts["spend"], count=count)
    return fee.fixed(facts, fee.say("annual", opened_on=history.opened_on, year=year, waiver=waiver))


def _supplementary_annual(fee: _Fee) -> Explained | None:
    card = fee.card
    if card is None:
        return None
    year = fee.line.posted_on.year - card.issued_on.year + 1
    facts: Facts = {"card": card.shown, "issued_on": card.issued_on.isoformat(), "year": year}
    return fee.fixed(facts, fee.say("supplementary_annual", card=card.shown, issued_on=card.issued_on, year=year))


def _service(fee: _Fee) -> Explained | None:
    key = fee.line.order[:3]
    paid = next((each for each in fee.history.facts.postings
                 if each.order[:3] == key and BY_CODE[each.type] is PAYMENT), None)
    if paid is None:
        return None
    payment = fee.amount(paid.amount)
    facts: Facts = {"payment": payment, "on": paid.posted_on.isoformat()}
    return fee.fixed(facts, fee.say("service", payment=payment, on=paid.posted_on))


def _replacement(fee: _Fee) -> Explained | None:
    card = fee.card
    if card is None:
        return None
    why = card.reason or "–"
    facts: Facts = {"card": card.shown, "issued_on": card.issued_on.isoformat(), "reason": card.reason or ""}
    return fee.fixed(facts, fee.say("replacement", card=card.shown, issued_on=card.issued_on, reason=why))


_RULES: dict[str, Callable[[_Fee], Explained | None]] = {
    "late_payment": _late_payment, "joining": _joining, "annual": _annual, "supplementary_annual": _supplementary_annual,
    "service": _service, "replacement": _replacement,
}
