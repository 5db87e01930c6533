"""Why fees on transactions, at due dates and at closings were not charged: the first condition that did not hold."""

from __future__ import annotations

import numpy as np

from accounts.calendar import day_number
from accounts.posting_types import BY_CODE, PAYMENT, RETURNED_PAYMENT
from billing.event_fees import event_fees
from fees.fee_tax import fee_tax_rate
from fees.late_payment import charged_at_closing
from fees.over_limit import needs_opt_in, over_limit_fee
from statements.why_not_question import Facts, Failed, Question


def why_no_late_payment(asked: Question) -> Failed:
    """No earlier statement, no minimum, no due date in the cycle, minimum met, another penalty fee, or an amount of nothing."""
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
    if not previous["closes_on"] <= in_time < asked.row["closes_on"]:
        return "no_due_date_in_cycle", facts
    received = history.due.received(history.due.statements[-1], day_number(in_time), day_number(in_time) + 1)
    facts |= {"received": asked.amount(received), "allowed": asked.amount(allowed)}
    if minimum - received <= allowed:
        return "minimum_met", facts
    up_to = day_number(asked.row["closes_on"]) if charged_at_closing(rule) else day_number(in_time) + 1
    if history.due.bore_another_fee(len(history.due.statements) - 1, up_to):
        return "returned_payment_charged", facts
    return "amount_zero", facts


def why_no_event_fee(asked: Question) -> Failed:
    """No such transaction, a due date that bore a penalty fee before, or an amount of nothing."""
    fee = next((each for each in event_fees(asked.terms) if each.kind.charge == asked.name), None)
    if fee is None:
        return asked.not_in_terms()
    codes = [each.code for each in fee.on_types]
    events = [each for each in asked.history.facts.postings if each.type in codes]
    if not events:
        return ("no_payment", {}) if PAYMENT in fee.on_types else ("no_such_transaction", {"transactions": ", ".join(
            each.name for each in fee.on_types)})
    facts: Facts = {"transactions": len(events), "first_on": events[0].posted_on.isoformat()}
    if RETURNED_PAYMENT in fee.on_types:
        return "due_date_charged", facts
    return ("none_foreign", facts) if asked.name == "foreign" else ("amount_zero", facts)


def why_no_over_limit_fee(asked: Question) -> Failed:
    """No agreement of the holder, no excess, or enough cycles in a row charged."""
    rule, history = asked.terms.fees.over_limit, asked.history.limit
    if rule is None or history is None:
        return asked.not_in_terms()
    if needs_opt_in(asked.terms) and not asked.history.over_limit_opt_in:
        return "no_opt_in", {}
    excess, in_a_row = history.excess(), history.charged_in_a_row
    facts: Facts = {"limit": asked.amount(history.limit), "excess": asked.amount(excess), "cycles_charged_before": in_a_row,
                    "max_consecutive_cycles": rule.max_consecutive_cycles}
    if not excess:
        return "no_excess", facts
    if in_a_row >= rule.max_consecutive_cycles:
        return "enough_cycles_charged", facts
    return None if over_limit_fee(asked.terms, np.array([excess]), np.array([in_a_row]))[0] else ("amount_zero", facts)


def why_no_tax(asked: Question) -> Failed:
    """No fee that bears tax, or a tax that rounds to nothing."""
    fees = [each for each in asked.history.facts.postings
            if BY_CODE[each.type].figure == "fees" and each.terms_version_id is not None]
    if not any(fee_tax_rate(asked.terms, str(BY_CODE[each.type].charge)) for each in fees):
        return ("nothing_taxed", {"fees": len(fees)}) if fees or asked.terms.fees.tax_on_charges.fees else asked.not_in_terms()
    return "amount_zero", {"fees": len(fees)}

