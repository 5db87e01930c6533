"""What the second engine works out, and what it leaves alone: it says so rather than bill wrongly."""

from __future__ import annotations

from collections.abc import Iterator

from accounts.errors import Refused
from billing.scenario import Scenario
from fees.terms import Terms
from fees.terms_fees import FixedLatePaymentFee, PercentOfUnpaidMinimum

_FEES = ("cash_advance", "foreign", "balance_transfer", "returned_payment", "over_limit")
_EVENTS = ("instalment", "instalment_settlement")


class NotReperformed(Refused):
    """An account that the second engine cannot bill; carries why."""

    def __init__(self, reasons: list[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("not reperformed: " + "; ".join(reasons))


def beyond_rules(terms: Terms) -> Iterator[str]:
    """What of the terms lies outside rules 1 to 11."""
    if terms.kind != "credit":
        yield f"kind = {terms.kind}"
    if terms.minimum_payment.combine not in ("sum", "greater_of"):
        yield f"minimum_payment.combine = {terms.minimum_payment.combine}"
    if terms.delinquency.charge_off_after_days:
        yield "delinquency.charge_off_after_days"
    if any(part.round_to is not None for part in terms.minimum_payment.parts):
        yield "minimum_payment.parts with round_to"


def beyond_fees(terms: Terms) -> Iterator[str]:
    """What of the fees is not worked out."""
    yield from (f"fees.{name}" for name in _FEES if getattr(terms.fees, name) is not None)
    late, annual = terms.fees.late_payment, terms.fees.annual
    if late is not None and (late.tax or not isinstance(late, FixedLatePaymentFee | PercentOfUnpaidMinimum)):
        yield f"fees.late_payment of kind {late.kind}" + (" with tax" if late.tax else "")
    if annual is not None and annual.month != "anniversary":
        yield "fees.annual.month"
    if terms.fees.tax_on_charges.fees:
        yield "fees.tax_on_charges.fees"
    if terms.rule_pack == "US" or terms.fees.first_year_cap is not None:
        yield "the cap of the first year"


def require_reperformed(scenario: Scenario) -> None:
    """Raises NotReperformed, naming everything in a scenario that is beyond the second engine."""
    found = [each for terms in scenario.terms for each in (*beyond_rules(terms), *beyond_fees(terms))]
    found += [f"events of type {each.type}" for each in scenario.events if each.type in _EVENTS or each.arrangement is not None]
    found += ["an event with known_on" for each in scenario.events if each.known_on is not None]
    if found:
        raise NotReperformed(sorted(set(found)))
