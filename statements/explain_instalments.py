"""Explains the fee on a part of an instalment plan: a share of the plan, or interest on what was left of it."""

from __future__ import annotations

from decimal import Decimal

from accounts.posting_types import BY_CODE, INSTALMENT
from fees.instalment import unrounded_fee_rate
from fees.terms_values import plain
from statements.explain_interest import PRODUCT_PLACES, decimal_text
from statements.explained_fee import Explained, Facts, Fee
from statements.history import NotDerived


def explain_instalment_fee(fee: Fee) -> Explained | None:
    """The fee on a part, from the plan as it stood before. Raises NotDerived if it does not follow from it."""
    line, terms = fee.line, fee.terms
    plan = fee.history.plans.get((line.source_line, line.posted_on))
    if plan is None:
        return None
    flat = terms.instalments.method == "flat"
    rate = unrounded_fee_rate(terms, plan.last_on, line.posted_on, plan.closing_day)
    base = int((plan.amounts if flat else plan.left)[0])
    settled = sum(each.amount for each in fee.history.facts.postings
                  if BY_CODE[each.type] is INSTALMENT and each.order[:3] == line.order[:3]) == int(plan.left[0])
    derived = plan.settlement(line.posted_on)[1] if settled and not flat else plan.next_part(line.posted_on)[1]
    if int(derived[0]) != line.amount:
        raise NotDerived(fee.history.facts, f"the fee on part {plan.billed + 1} of plan {line.source_line} does not follow "
                                            "from the plan")
    unrounded = decimal_text(base * rate / 10**terms.digits, PRODUCT_PLACES, terms.digits)
    facts: Facts = {"plan": line.source_line, "part": plan.billed + 1, "parts": plan.parts,
                    "amount_of_plan": fee.amount(int(plan.amounts[0]))}
    if flat:
        facts["percent"] = plain(terms.instalments.fee_rate)
        because = fee.say("instalment_flat", **{**facts, "percent": plain(terms.instalments.fee_rate * 100),
                                                "unrounded": unrounded})
    else:
        annual_rate = terms.instalments.annual_rate or Decimal(0)
        facts |= {"left": fee.amount(base), "from": plan.last_on.isoformat(), "until": line.posted_on.isoformat(),
                  "days": (line.posted_on - plan.last_on).days, "annual_rate": plain(annual_rate),
                  "day_count": terms.interest.day_count, "rate": f"{rate.numerator}/{rate.denominator}"}
        because = fee.say("instalment_declining", **{**facts, "percent": plain(annual_rate * 100), "unrounded": unrounded})
    rounding = f"{terms.interest.rounding} to {plain(Decimal(terms.shown_unit).scaleb(-terms.digits))}"
    return facts, unrounded, rounding, because
