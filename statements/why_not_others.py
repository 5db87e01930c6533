"""Why other charges were not made: the fee on an instalment, the least interest, deferred interest, what files bring."""

from __future__ import annotations

from accounts.posting_types import BY_CODE, INSTALMENT, MINIMUM_INTEREST, OWN_CHARGES
from billing.instalment_plans import SETTLED_EARLY
from fees.terms import Terms
from statements.why_not_question import Facts, Failed, Question


def why_no_instalment_fee(asked: Question) -> Failed:
    """No plan, no part of one in the cycle, one settled early that bears no further fee, or a fee of nothing."""
    facts = asked.history.facts
    parts = [each for each in facts.postings if BY_CODE[each.type] is INSTALMENT]
    if not parts:
        left = facts.instalments_not_billed
        return ("no_part_in_cycle", {"not_billed": asked.amount(left)}) if left else ("no_plan", {})
    told: Facts = {"parts": len(parts), "first_on": parts[0].posted_on.isoformat()}
    flat = [each for each in parts if _plan_terms(asked, each.terms_version_id).instalments.method == "flat"]
    if len(flat) == len(parts) and all(each.clause == SETTLED_EARLY for each in parts):
        return "settled_early", told
    return "amount_zero", told


def why_no_minimum_interest(asked: Question) -> Failed:
    """No least charge in the terms, no interest to bring up to it, or interest that reaches it."""
    least = asked.terms.minor(asked.terms.interest.minimum_charge)
    if not least:
        return asked.not_in_terms()
    interest = sum(each.amount for each in asked.history.facts.postings
                   if each.source_id == OWN_CHARGES and each.posted_on == asked.row["closes_on"]
                   and BY_CODE[each.type].charge == "interest" and BY_CODE[each.type] is not MINIMUM_INTEREST)
    facts: Facts = {"interest": asked.amount(interest), "minimum_charge": asked.amount(least)}
    return None if 0 < interest < least else ("least_reached" if interest else "no_interest", facts)


def why_no_deferred_interest(asked: Question, segment: str) -> Failed:
    """Interest of a promotion is put off while it lasts, and charged only where it ended with something unpaid."""
    return "none_ended_unpaid", {"segment": segment}


def why_none_taken_in(asked: Question) -> Failed:
    """Charges of this kind are never worked out here: files bring them."""
    return "none_taken_in", {}


def _plan_terms(asked: Question, version_id: int | None) -> Terms:
    return asked.history.facts.terms_by_version.get(version_id or 0, asked.terms)
