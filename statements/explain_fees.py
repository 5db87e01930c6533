"""Explains fees: the figures that each was worked out from, by the fee's own rule."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np

from accounts.calendar import months_later
from accounts.posting_types import BY_CODE, PAYMENT
from fees.annual import annual_fee_waived, year_before
from fees.first_year_cap import CAPPED, first_year_cap
from fees.terms_values import plain
from statements.document import Charge, ExplainedCharge
from statements.explain_event_fees import EVENT_RULES
from statements.explain_instalments import explain_instalment_fee
from statements.explain_late_payment import explain_late_payment
from statements.explained_fee import NONE, Explained, Facts, Fee
from statements.facts import PostingLine
from statements.history import History
from statements.reasons import reason
from statements.wording import Language


def explain_fee(history: History, line: PostingLine, charge: Charge, language: Language) -> ExplainedCharge:
    """A fee with the figures that it was worked out from; one that came with a file has none.

    Raises NotDerived if a late-payment fee does not follow from what was received.
    """
    rule = _RULES.get(charge["kind"]) if line.terms_version_id is not None else None
    terms = history.facts.terms_by_version.get(line.terms_version_id or 0, history.facts.terms)
    fee = Fee(history, line, charge, terms, language)
    explained = rule(fee) if rule is not None else None
    if explained is None:
        text = fee.say("fee", description=line.description or line.merchant or charge["kind"])
        explained = {"ref": line.source_ref or ""}, charge["amount"], NONE, text
    facts, unrounded, rounding, because = explained
    cap = first_year_cap(terms)
    if cap is not None and charge["kind"] in CAPPED and history.opened_on > year_before(line.posted_on):
        facts = {**facts, "first_year_cap": plain(cap), "credit_limit": fee.amount(history.facts.row["credit_limit"])}
        because += " " + fee.say("first_year_cap", limit=facts["credit_limit"], percent=plain(cap * 100))
    facts, because = _with_waivers(fee, facts, because)
    return ExplainedCharge(**charge, terms_version=terms.label, days=[], facts=facts, unrounded=unrounded, rounding=rounding,
                           because=because)


def _with_waivers(fee: Fee, facts: Facts, because: str) -> tuple[Facts, str]:
    """What was waived of the fee: how much, why, who approved it, on which day."""
    waived = fee.history.waivers.get(fee.line.order, ())
    if not waived:
        return facts, because
    told = "; ".join(f"{each.posted_on}: {fee.amount(each.amount)} ({each.reason or '–'}, {each.approved_by or '–'})"
                     for each in waived)
    total = fee.amount(sum(each.amount for each in waived))
    return {**facts, "waivers": told}, f"{because} {fee.say('waived', waived=total, told=told)}"


def _joining(fee: Fee) -> Explained | None:
    opened_on = fee.history.opened_on
    return fee.fixed({"opened_on": opened_on.isoformat()}, fee.say("joining", opened_on=opened_on))


def _annual(fee: Fee) -> Explained | None:
    history, rule = fee.history, fee.terms.fees.annual
    year = _years_before(history.opened_on, fee.line.posted_on) + 1
    facts: Facts = {"opened_on": history.opened_on.isoformat(), "year": year}
    waiver = ""
    if rule is not None and year > 1 and (rule.waive_if_spend is not None or rule.waive_if_count is not None):
        spend, count = history.spent_in_year_before(fee.line.posted_on)
        waived = bool(annual_fee_waived(rule, np.array([spend]), np.array([count]), fee.terms.digits)[0])
        facts |= {"spend": fee.amount(spend), "count": count, "waived": "yes" if waived else "no"}
        if rule.waive_if_spend is not None:
            facts["waive_if_spend"] = plain(rule.waive_if_spend)
        if rule.waive_if_count is not None:
            facts["waive_if_count"] = rule.waive_if_count
        name = "annual_waived" if waived else "annual_not_waived"
        waiver = reason(name, fee.language, spend=facts["spend"], count=count)
    return fee.fixed(facts, fee.say("annual", opened_on=history.opened_on, year=year, waiver=waiver))


def _years_before(began_on: date, on: date) -> int:
    """How many years of an account or card were complete on a day."""
    years = on.year - began_on.year
    return years if months_later(began_on, 12 * years, began_on.day) <= on else years - 1


def _supplementary_annual(fee: Fee) -> Explained | None:
    card = fee.card
    if card is None:
        return None
    year = _years_before(card.issued_on, fee.line.posted_on) + 1
    facts: Facts = {"card": card.shown, "issued_on": card.issued_on.isoformat(), "year": year}
    return fee.fixed(facts, fee.say("supplementary_annual", card=card.shown, issued_on=card.issued_on, year=year))


def _service(fee: Fee) -> Explained | None:
    key = fee.line.order[:3]
    paid = next((each for each in fee.history.facts.postings
                 if each.order[:3] == key and BY_CODE[each.type] is PAYMENT), None)
    if paid is None:
        return None
    payment = fee.amount(paid.amount)
    facts: Facts = {"payment": payment, "on": paid.posted_on.isoformat()}
    return fee.fixed(facts, fee.say("service", payment=payment, on=paid.posted_on))


def _replacement(fee: Fee) -> Explained | None:
    card = fee.card
    if card is None:
        return None
    why = card.reason or "–"
    facts: Facts = {"card": card.shown, "issued_on": card.issued_on.isoformat(), "reason": card.reason or ""}
    return fee.fixed(facts, fee.say("replacement", card=card.shown, issued_on=card.issued_on, reason=why))


_RULES: dict[str, Callable[[Fee], Explained | None]] = {
    "late_payment": explain_late_payment, "joining": _joining, "annual": _annual, "supplementary_annual": _supplementary_annual,
    "service": _service, "replacement": _replacement, "instalment": explain_instalment_fee, **EVENT_RULES,
}
