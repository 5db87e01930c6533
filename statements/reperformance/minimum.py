"""The minimum payment (rule 10)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from fees.terms import Terms
from fees.terms_payments import MinimumPart
from statements.reperformance.balances import Balances
from statements.reperformance.cycles import Cycle
from statements.reperformance.rounding import rounded


@dataclass(frozen=True)
class Asked:
    """What a minimum is made of beside the balances, minor units."""

    interest_charged: int
    fees_charged: int
    past_due: int
    over_limit: int
    credit_limit: int


def minimum_payment(cycle: Cycle, balances: Balances, asked: Asked) -> int:
    """What has to be paid at least by the due date, minor units."""
    terms, minimum = cycle.terms, cycle.terms.minimum_payment
    new_balance = max(0, balances.total())
    parts = sum(each.left for each in balances.debits if each.is_part)
    bases = _bases(cycle, balances, asked, new_balance)
    in_full = {**_in_full(terms, balances, asked), "instalments": parts}
    due = _parts(terms, bases, in_full["interest"])
    if minimum.combine == "percent_or_interest":
        in_full["interest"] = 0
    due += sum(in_full[item] for item in minimum.add if item not in minimum.floor_before)
    due = max(due, Fraction(terms.minor(minimum.floor)))
    due += sum(in_full[item] for item in minimum.floor_before)
    unit = max(terms.minor(minimum.round_to), terms.minor(terms.interest.rounding_unit))
    return max(0, min(rounded(due, minimum.rounding, unit), new_balance))


def _parts(terms: Terms, bases: dict[str, int], interest: int) -> Fraction:
    """What the parts come to together; a base of principal holds interest only where the terms compare the two."""
    minimum = terms.minimum_payment
    shares = [_share(terms, part, bases[part.of]) for part in minimum.parts]
    if minimum.combine == "greater_of":
        return max(shares, default=Fraction(0))
    if minimum.combine == "sum":
        return sum(shares, Fraction(0))
    holding = ("new_balance", "within_limit")
    with_it = sum((_share(terms, part, bases[part.of] + (interest if part.of not in (*holding, "credit_limit") else 0))
                   for part in minimum.parts), Fraction(0))
    without = sum((_share(terms, part, max(0, bases[part.of] - (interest if part.of in holding else 0)))
                   for part in minimum.parts), Fraction(0))
    return with_it if with_it > interest else without + interest


def _share(terms: Terms, part: MinimumPart, base: int) -> Fraction:
    """One part, rounded on its own where it says so."""
    share = Fraction(part.percent) * base
    return share if part.round_to is None else Fraction(rounded(share, part.rounding, terms.minor(part.round_to)))


def _bases(cycle: Cycle, balances: Balances, asked: Asked, new_balance: int) -> dict[str, int]:
    principal = [each for each in balances.debits if each.kind == "principal" and not each.is_part]
    others = [each for each in principal if each.segment != "cash_advance"]
    new = sum(each.left for each in others if each.posted_on > cycle.previous and not each.of_before)
    all_others, all_principal = (sum(each.left for each in debits) for debits in (others, principal))
    return {
        "new_purchases": new, "revolving_principal": all_others - new, "purchases": all_others,
        "cash_advances": all_principal - all_others, "principal": all_principal, "new_balance": new_balance,
        "within_limit": new_balance - asked.over_limit, "credit_limit": asked.credit_limit,
    }


def _in_full(terms: Terms, balances: Balances, asked: Asked) -> dict[str, int]:
    """Interest and fees that an earlier minimum asked for are in what is past due, where that is asked for too."""
    interest, fees = balances.owed("interest"), balances.owed("fees")
    if "past_due" in terms.minimum_payment.add:
        interest, fees = min(interest, asked.interest_charged), min(fees, asked.fees_charged)
    return {"interest": interest, "fees": fees, "past_due": asked.past_due, "over_limit": asked.over_limit}
