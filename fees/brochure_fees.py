"""The part of the fee table on fees: one line for each fee of the terms, taxes and instalments among them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from fees.brochure_writer import Line, Writer
from fees.first_year_cap import first_year_cap
from fees.instalment import instalment_clause
from fees.terms_fees import (
    DailyLatePaymentFee,
    EscalatingLatePaymentFee,
    FixedLatePaymentFee,
    PercentOfBalance,
    PercentOfInterest,
    PercentOfUnpaidMinimum,
    SlabLatePaymentFee,
    TieredLatePaymentFee,
)

Rule = Callable[[Writer, Any], Iterator[str]]


def fee_lines(writer: Writer) -> tuple[Line, ...]:
    """A line for each fee that can come to anything, and for tax on charges."""
    fees = writer.terms.fees
    lines = [Line(writer.say(name), writer.all_of(rule(writer, fee)), fee.clause)
             for name, rule in _RULES.items() if (fee := getattr(fees, name)) is not None]
    first_year = first_year_cap(writer.terms)
    if first_year is not None and lines:
        lines.append(Line(writer.say("first_year_cap"), writer.say("first_year_rule", percent=writer.percent(first_year)), ""))
    tax = fees.tax_on_charges
    taxed = [writer.say("tax_on", percent=writer.percent(share), charges=writer.say(key))
             for key, share in (("interest", tax.interest), ("fees", tax.fees)) if share]
    if taxed:
        lines.append(Line(writer.say("tax"), writer.all_of(taxed), ""))
    lines.append(Line(writer.say("instalment_plan"), writer.all_of(_instalments(writer)), instalment_clause(writer.terms)))
    return tuple(lines)


def _instalments(writer: Writer) -> Iterator[str]:
    plan = writer.terms.instalments
    if plan.method == "declining":
        yield writer.say("instalment_declining", percent=writer.percent(plan.annual_rate or Decimal(0)))
        yield writer.say("settled_declining")
    elif plan.fee_rate:
        yield writer.say("instalment_flat", percent=writer.percent(plan.fee_rate))
        yield writer.say("settled_flat")
    else:
        yield writer.say("instalment_free")
    yield writer.say(f"remainder_{plan.remainder_in}")


def _joining(writer: Writer, fee: Any) -> Iterator[str]:
    yield writer.say("joining_rule", amount=writer.amount(fee.amount))


def _annual(writer: Writer, fee: Any) -> Iterator[str]:
    yield writer.say("yearly", amount=writer.amount(fee.amount))
    if fee.month != "anniversary":
        yield writer.say("in_month", month=str(fee.month))
    if fee.first == "after_first_year":
        yield writer.say("after_first_year")
    if fee.waive_if_spend is not None:
        yield writer.say("waive_if_spend", amount=writer.amount(fee.waive_if_spend))
    if fee.waive_if_count is not None:
        yield writer.say("waive_if_count", count=str(fee.waive_if_count))


def _supplementary_annual(writer: Writer, fee: Any) -> Iterator[str]:
    yield writer.say("supplementary_annual_rule", amount=writer.amount(fee.amount))


def _late_payment(writer: Writer, fee: Any) -> Iterator[str]:
    yield from _LATE_PAYMENT[type(fee)](writer, fee)
    if fee.cap_at is not None:
        yield writer.say(f"cap_{fee.cap_at}")
    if fee.tolerance_days:
        yield writer.say("late_after", days=str(fee.tolerance_days))
    if fee.tax:
        yield writer.say("plus_tax", percent=writer.percent(fee.tax))


def _fixed(writer: Writer, fee: FixedLatePaymentFee) -> Iterator[str]:
    yield writer.say("fixed", amount=writer.amount(fee.amount))


def _tiered(writer: Writer, fee: TieredLatePaymentFee) -> Iterator[str]:
    yield writer.say("fixed", amount=writer.amount(fee.first))
    yield writer.say("repeat", amount=writer.amount(fee.repeat), count=str(fee.repeat_within_cycles))


def _percent_of_unpaid_minimum(writer: Writer, fee: PercentOfUnpaidMinimum) -> Iterator[str]:
    yield writer.say("percent_of_unpaid_minimum", percent=writer.percent(fee.percent))
    yield from _limits(writer, fee)


def _percent_of_interest(writer: Writer, fee: PercentOfInterest) -> Iterator[str]:
    yield writer.say("percent_of_interest", percent=writer.percent(fee.percent))


def _percent_of_balance(writer: Writer, fee: PercentOfBalance) -> Iterator[str]:
    yield writer.say("percent_of_balance", percent=writer.percent(fee.percent))


def _slab(writer: Writer, fee: SlabLatePaymentFee) -> Iterator[str]:
    yield writer.say("slabs")
    for slab in fee.slabs:
        if slab.up_to is None:
            yield writer.say("slab_above", amount=writer.amount(slab.amount))
        else:
            yield writer.say("slab_up_to", amount=writer.amount(slab.amount), end=writer.amount(slab.up_to))


def _escalating(writer: Writer, fee: EscalatingLatePaymentFee) -> Iterator[str]:
    yield writer.say("escalating", amounts=writer.enumerated(writer.amount(amount) for amount in fee.amounts))


def _daily(writer: Writer, fee: DailyLatePaymentFee) -> Iterator[str]:
    yield writer.say("daily", amount=writer.amount(fee.per_day))
    if fee.share_cap is not None:
        yield writer.say("share_cap", percent=writer.percent(fee.share_cap))
    if fee.cap is not None:
        yield writer.say("at_most", amount=writer.amount(fee.cap))


_LATE_PAYMENT: dict[type, Rule] = {
    FixedLatePaymentFee: _fixed, TieredLatePaymentFee: _tiered, PercentOfUnpaidMinimum: _percent_of_unpaid_minimum,
    PercentOfInterest: _percent_of_interest, PercentOfBalance: _percent_of_balance, SlabLatePaymentFee: _slab,
    EscalatingLatePaymentFee: _escalating, DailyLatePaymentFee: _daily,
}


def _service(writer: Writer, fee: Any) -> Iterator[str]:
    yield writer.say("service_rule", amount=writer.amount(fee.amount))


def _replacement(writer: Writer, fee: Any) -> Iterator[str]:
    yield writer.say("replacement_rule", amount=writer.amount(fee.amount))
    if fee.free_for:
        yield writer.say("free_for", reasons=writer.enumerated(writer.name(reason) for reason in fee.free_for))


def _on_transaction(writer: Writer, fee: Any) -> Iterator[str]:
    yield writer.say("of_amount", percent=writer.percent(fee.percent))
    yield from _limits(writer, fee)


def _returned_payment(writer: Writer, fee: Any) -> Iterator[str]:
    if fee.percent is None:
        yield writer.say("each_returned", amount=writer.amount(fee.amount))
    else:
        yield from _on_transaction(writer, fee)
    if fee.cap_at is not None:
        yield writer.say(f"cap_{fee.cap_at}")


def _over_limit(writer: Writer, fee: Any) -> Iterator[str]:
    us = writer.terms.rule_pack == "US"
    if fee.percent is None:
        yield writer.say("each_cycle_over", amount=writer.amount(fee.amount))
    else:
        yield writer.say("percent_of_excess", percent=writer.percent(fee.percent))
        yield from _limits(writer, fee)
    if fee.cap_at == "over_limit" or (fee.cap_at is None and us):
        yield writer.say("cap_over_limit")
    yield writer.say("cycles_in_a_row", count=str(fee.max_consecutive_cycles))
    if fee.opt_in or (fee.opt_in is None and us):
        yield writer.say("only_if_agreed")


def _limits(writer: Writer, fee: Any) -> Iterator[str]:
    if fee.floor:
        yield writer.say("floor", amount=writer.amount(fee.floor))
    if fee.cap is not None:
        yield writer.say("at_most", amount=writer.amount(fee.cap))


#: Every fee of the terms in the order of the table.
_RULES: dict[str, Rule] = {
    "joining": _joining, "annual": _annual, "supplementary_annual": _supplementary_annual, "late_payment": _late_payment,
    "service": _service, "replacement": _replacement, "cash_advance": _on_transaction, "foreign": _on_transaction,
    "balance_transfer": _on_transaction, "returned_payment": _returned_payment, "over_limit": _over_limit,
}
