"""The part of the fee table on statements and payments."""

from __future__ import annotations

from collections.abc import Iterator

from fees.brochure_writer import Line, Writer
from fees.terms_payments import MinimumPart


def payment_lines(writer: Writer) -> tuple[Line, ...]:
    """When statements close and are due, and the least that has to be paid."""
    cycle = writer.terms.cycle
    if cycle.due_after_days is not None:
        due = [writer.say("due_after", days=str(cycle.due_after_days))]
    else:
        due = [writer.say("due_day", day=str(cycle.due_day))]
    if cycle.due_roll == "next_business_day":
        due.append(writer.say("due_roll"))
    if cycle.tolerance_days:
        due.append(writer.say("tolerance_days", days=str(cycle.tolerance_days)))
    if cycle.tolerance_amount:
        due.append(writer.say("tolerance_amount", amount=writer.amount(cycle.tolerance_amount)))
    closing = "closing_day" if cycle.closing_day <= 28 else "closing_late_day"
    return (
        Line(writer.say("closing"), writer.say(closing, day=str(cycle.closing_day)), ""),
        Line(writer.say("due"), writer.all_of(due), ""),
        Line(writer.say("minimum"), _minimum(writer), ""),
        *_falling_behind(writer),
    )


def _falling_behind(writer: Writer) -> Iterator[Line]:
    """When an account is written off, and what it takes to bring it current."""
    rule, re_age = writer.terms.delinquency, writer.terms.delinquency.re_age
    if rule.charge_off_after_days:
        yield Line(writer.say("charge_off"), writer.say("charge_off_rule", days=str(rule.charge_off_after_days)),
                   "delinquency.charge_off")
    if re_age.per_12_months and re_age.per_60_months:
        said = [writer.say("re_age_limits", year=str(re_age.per_12_months), five_years=str(re_age.per_60_months))]
        if re_age.min_months_on_books:
            said.append(writer.say("re_age_months", count=str(re_age.min_months_on_books)))
        if re_age.min_payments:
            said.append(writer.say("re_age_payments", count=str(re_age.min_payments)))
        yield Line(writer.say("re_age"), writer.all_of(said), "delinquency.re_age")


def _minimum(writer: Writer) -> str:
    rule = writer.terms.minimum_payment
    said = []
    if rule.parts:
        joint = writer.say("list") if rule.combine == "greater_of" else writer.say("sum")
        parts = joint.join(_part(writer, part) for part in rule.parts)
        plainly = rule.combine == "sum" or (rule.combine == "greater_of" and len(rule.parts) == 1)
        said.append(parts if plainly else writer.say(rule.combine, parts=parts))
    first = [writer.say(f"{item}_item") for item in rule.add if item not in rule.floor_before]
    if first:
        said.append(writer.say("in_full", items=writer.enumerated(first)))
    if rule.floor:
        said.append(writer.say("floor", amount=writer.amount(rule.floor)))
    if rule.floor_before:
        on_top = writer.enumerated(writer.say(f"{item}_item") for item in rule.floor_before)
        said.append(writer.say("on_top", items=on_top))
    return writer.all_of(said) if said else writer.say("nothing")


def _part(writer: Writer, part: MinimumPart) -> str:
    said = writer.say("of", percent=writer.percent(part.percent), base=writer.say(part.of))
    return said if part.round_to is None else writer.say("part_rounded", part=said, unit=writer.amount(part.round_to))
