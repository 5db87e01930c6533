"""Why fees on transactions, at due dates and at closings were not charged: the first condition that did not hold."""

from __future__ import annotations

from datetime import date

import numpy as np

from accounts.calendar import day_number, day_of
from accounts.posting_types import BY_CODE, PAYMENT, RETURNED_PAYMENT
from billing.arrangements import asked_at
from billing.event_fees import event_fees
from fees.fee_tax import fee_tax_rate
from fees.late_payment import charged_at_closing, late_tolerance_days
from fees.over_limit import needs_opt_in, over_limit_fee
from statements.why_not_question import Facts, Failed, Question


def why_no_late_payment(asked: Question) -> Failed:
    """No earlier statement, no minimum, no due date in the cycle, minimum met, another penalty fee, or an amount of nothing."""
    history, statements = asked.history, asked.history.due.statements
    terms = history.terms_on(asked.row["closes_on"]) or asked.terms
    rule = terms.fees.late_payment
    if rule is None:
        return asked.not_in_terms()
    if not statements:
        return "no_earlier_statement", {}
    tolerance, allowed = late_tolerance_days(terms, rule), terms.minor(terms.cycle.tolerance_amount)
    opens, closes = statements[-1].closes_on, day_number(asked.row["closes_on"])
    place = next((place for place, each in reversed(list(enumerate(statements)))
                  if opens <= each.due_on + tolerance < closes), len(statements) - 1)
    statement, in_time = statements[place], statements[place].due_on + tolerance
    facts: Facts = {"closes_on": day_of(statement.closes_on).isoformat(), "minimum": asked.amount(statement.minimum_due),
                    "due_on": day_of(statement.due_on).isoformat(), "in_time": day_of(in_time).isoformat()}
    if statement.minimum_due <= allowed:
        return "no_minimum_due", facts
    if not opens <= in_time < closes:
        return "no_due_date_in_cycle", facts
    if not statement.asked:
        return _excused(asked, day_of(statement.closes_on), day_of(statement.due_on), facts)
    received = history.due.received(statement, in_time, in_time + 1)
    facts |= {"received": asked.amount(received), "allowed": asked.amount(allowed)}
    if statement.minimum_due - received <= allowed:
        disputed = history.due.not_asked_any_more(statement, in_time)
        if disputed and statement.minimum_due - received + disputed > allowed:
            return "disputed_minimum_met", {**facts, "received": asked.amount(received - disputed),
                                            "disputed": asked.amount(disputed)}
        return "minimum_met", facts
    if history.due.bore_another_fee(place, closes if charged_at_closing(rule) else in_time + 1):
        return "returned_payment_charged", facts
    return "amount_zero", facts


def _excused(asked: Question, closes_on: date, due_on: date, facts: Facts) -> Failed:
    """What was agreed about the account that no late-payment fee goes with."""
    agreed = next(each for each in asked.history.arrangements if not asked_at([each], closes_on, due_on))
    return f"excused_{agreed.kind}", {**facts, "from_on": agreed.from_on.isoformat(), "until": agreed.until_on.isoformat()}


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
    """No fee and no interest that bears tax, or a tax that rounds to nothing."""
    tax = asked.terms.fees.tax_on_charges
    fees = [each for each in asked.history.facts.postings
            if BY_CODE[each.type].figure == "fees" and each.terms_version_id is not None]
    facts: Facts = {"fees": len(fees), "interest": asked.amount(asked.row["interest"])}
    if any(fee_tax_rate(asked.terms, str(BY_CODE[each.type].charge)) for each in fees) or (
            tax.interest and asked.row["interest"]):
        return "amount_zero", facts
    return ("nothing_taxed", facts) if fees or tax.fees or tax.interest else asked.not_in_terms()

