"""Explains fees on transactions, over-limit fees and the tax on fees: each can be worked out again from its facts alone."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from accounts.calendar import day_number
from accounts.posting_types import BY_CODE, OWN_CHARGES, PostingType
from billing.day.charge import TAX_LINES
from billing.event_fees import event_fees
from fees.fee_tax import fee_tax_rate
from fees.over_limit import over_limit_fee
from fees.terms_values import plain
from statements.explain_interest import PRODUCT_PLACES, decimal_text
from statements.explained_fee import Explained, Facts, Fee
from statements.facts import PostingLine
from statements.history import NotDerived


def explain_event_fee(fee: Fee) -> Explained | None:
    """A fee on a transaction, from the transaction that stands beside it; None where there is none."""
    kind = BY_CODE[fee.line.type]
    rule = getattr(fee.terms.fees, str(kind.charge), None)
    event = _event_of(fee, kind)
    if rule is None or event is None:
        return None
    facts: Facts = {"transaction": BY_CODE[event.type].name, "transaction_amount": fee.amount(event.amount),
                    "on": event.posted_on.isoformat()}
    if getattr(rule, "cap_at", None) is not None:
        facts["cap_at"] = rule.cap_at
        facts["minimum_payment_due"] = fee.amount(_minimum_before(fee))
    if rule.percent is None:
        facts["fee"] = plain(rule.amount)
        return fee.fixed(facts, fee.say("event_fixed", **{**facts, "fee_name": str(kind.charge)}))
    return share(fee, rule, event.amount, facts, "event_percent")


def share(fee: Fee, rule: Any, base: int, facts: Facts, sentence: str) -> Explained:
    """A fee that is a percentage of something, with floor and cap."""
    digits = fee.history.facts.digits
    unrounded = decimal_text(base * Fraction(rule.percent) / 10**digits, PRODUCT_PLACES, digits)
    facts |= {"percent": plain(rule.percent), "floor": plain(rule.floor)}
    limits = f"; floor {facts['floor']}"
    if rule.cap is not None:
        facts["cap"] = plain(rule.cap)
        limits += f", cap {facts['cap']}"
    if "cap_at" in facts:
        limits += f", at most the {str(facts['cap_at']).replace('_', ' ')}"
    because = fee.say(sentence, **{**facts, "percent": plain(rule.percent * 100), "unrounded": unrounded})
    rounding = f"{fee.terms.interest.rounding} to {plain(Decimal(fee.terms.shown_unit).scaleb(-fee.terms.digits))}{limits}"
    return facts, unrounded, rounding, because


def explain_over_limit(fee: Fee) -> Explained | None:
    """The over-limit fee, from the excess of the cycle. Raises NotDerived if it does not follow from the postings."""
    history, rule = fee.history.limit, fee.terms.fees.over_limit
    if history is None or rule is None:
        return None
    excess, in_a_row = history.excess(), history.charged_in_a_row
    derived = int(over_limit_fee(fee.terms, np.array([excess]), np.array([in_a_row]))[0])
    if derived != fee.line.amount:
        raise NotDerived(fee.history.facts, f"an over-limit fee of {fee.charge['amount']} was posted; the postings make it "
                                            f"{fee.amount(derived)}")
    facts: Facts = {"kind": rule.kind, "credit_limit": fee.amount(history.limit), "excess": fee.amount(excess),
                    "cycles_charged_before": in_a_row, "max_consecutive_cycles": rule.max_consecutive_cycles}
    if rule.cap_at is not None or fee.terms.rule_pack == "US":
        facts["cap_at"] = "over_limit"
    if rule.percent is None:
        facts["fee"] = plain(rule.amount)
        return fee.fixed(facts, fee.say("over_limit_fixed", **facts))
    return share(fee, rule, excess, facts, "over_limit_percent")


def explain_fee_tax(fee: Fee) -> Explained | None:
    """The tax on the fees of one event, or on one of Cardwright's own fees."""
    taxed = [each for each in fee.history.facts.postings if _is_taxed(each, fee.line)]
    if not taxed:
        return None
    rates = [fee_tax_rate(fee.terms, str(BY_CODE[each.type].charge)) for each in taxed]
    digits = fee.history.facts.digits
    unrounded = [decimal_text(each.amount * Fraction(rate) / 10**digits, PRODUCT_PLACES, digits)
                 for each, rate in zip(taxed, rates, strict=True)]
    shown = ", ".join(f"{BY_CODE[each.type].charge} {fee.amount(each.amount)} x {plain(rate)}"
                      for each, rate in zip(taxed, rates, strict=True))
    unit = plain(Decimal(fee.terms.shown_unit).scaleb(-fee.terms.digits))
    return ({"taxed": shown}, " + ".join(unrounded), f"{fee.terms.interest.rounding} to {unit}, each fee",
            fee.say("fee_tax", taxed=shown))


def _is_taxed(each: PostingLine, tax: PostingLine) -> bool:
    """Whether a posting is a fee that a tax line is on."""
    kind = BY_CODE[each.type]
    if kind.figure != "fees" or kind.charge in ("tax", "fee", None) or each.posted_on != tax.posted_on:
        return False
    if tax.source_id != OWN_CHARGES:
        return (each.source_id, each.source_line) == (tax.source_id, tax.source_line)
    return each.source_id == OWN_CHARGES and each.source_line * TAX_LINES + each.type == tax.source_line


def _event_of(fee: Fee, kind: PostingType) -> PostingLine | None:
    on = next((each.on_types for each in event_fees(fee.terms) if each.kind is kind), ())
    key, codes = fee.line.order[:3], [each.code for each in on]
    return next((each for each in fee.history.facts.postings if each.order[:3] == key and each.type in codes), None)


def _minimum_before(fee: Fee) -> int:
    """The minimum of the last due date before the fee's day; where none has passed, that of the last statement."""
    statements = fee.history.due.statements
    day = day_number(fee.line.posted_on)
    due = [each for each in statements if each.due_on < day] or statements[-1:]
    return due[-1].minimum_due if due else 0


EVENT_RULES: dict[str, Callable[[Fee], Explained | None]] = {
    **dict.fromkeys(("cash_advance", "foreign", "balance_transfer", "returned_payment"), explain_event_fee),
    "over_limit": explain_over_limit, "tax": explain_fee_tax,
}
