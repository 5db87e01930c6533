"""The part of the fee table on interest: every rate, when it holds, and how it is counted."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from babel.dates import format_date

from fees.brochure_writer import Line, Writer
from fees.terms_interest import RatedTerms, RateTier, SegmentTerms
from fees.terms_values import plain
from fees.yearly_rates import yearly_rate


def interest_lines(writer: Writer) -> tuple[Line, ...]:
    """What each balance segment bears, over-limit interest, the penalty rate, and how interest is counted."""
    interest = writer.terms.interest
    lines = [Line(writer.name(row.name), _segment(writer, row), row.clause if _bears(writer, row) else "")
             for row in interest.segment]
    over, penalty = interest.over_limit, interest.penalty
    if _bears(writer, over):
        how = writer.say("instead" if over.instead_of_purchase_rate else "as_well")
        lines.append(Line(writer.say("over_limit_interest"), writer.all_of([_rate(writer, over), how]), over.clause))
    if _bears(writer, penalty):
        said = [_rate(writer, penalty), writer.say("penalty_begins", days=str(penalty.after_days_past_due)),
                writer.say("penalty_ends", count=str(penalty.cured_after_on_time))]
        lines.append(Line(writer.say("penalty_rate"), writer.all_of(said), penalty.clause))
    if any(_bears(writer, row) for row in interest.segment):
        lines.append(Line(writer.say("counting"), writer.all_of(_counting(writer)), ""))
    return tuple(lines)


def _segment(writer: Writer, segment: SegmentTerms) -> str:
    if not _bears(writer, segment):
        return writer.all_of([writer.say("no_interest"), *_ends(writer, segment)])
    rate = writer.enumerated(_tier(writer, tier) for tier in segment.tiers) if segment.tiers else _rate(writer, segment)
    if segment.deferred:
        return writer.all_of([rate, writer.say("deferred"), *_ends(writer, segment)])
    return writer.all_of([rate, *_grace(writer, segment), *_ends(writer, segment)])


def _grace(writer: Writer, segment: SegmentTerms) -> list[str]:
    interest = writer.terms.interest
    if not segment.grace:
        begin = writer.say("begin_posting" if interest.accrues_from == "posting" else "begin_transaction")
        return [writer.say("without_grace", begin=begin)]
    begin = writer.say(f"begin_{interest.accrues_from}")
    said = [writer.say("with_grace"), writer.say(interest.grace_lost_charges, begin=begin)]
    if writer.terms.grace.requires == "previous_and_new_balance":
        said.append(writer.say("also_previous"))
    if writer.terms.grace.lost_for == "all":
        said.append(writer.say(f"new_purchases_{interest.revolving_new_purchases}"))
    return said


def _ends(writer: Writer, segment: SegmentTerms) -> Iterator[str]:
    then = writer.name(segment.revert_to or "purchase")
    if segment.until is not None:
        yield writer.say("ends_on", day=format_date(segment.until, format="long", locale=writer.language), then=then)
    elif segment.valid_days is not None:
        yield writer.say("ends_after", days=str(segment.valid_days), then=then)


def _counting(writer: Writer) -> Iterator[str]:
    interest = writer.terms.interest
    yield writer.say(f"method_{interest.method}")
    if interest.compounding == "daily":
        yield writer.say("compounds_daily")
    elif interest.compounding == "monthly" or interest.interest_bears_interest:
        yield writer.say("compounds_monthly")
    if interest.fees_bear_interest:
        yield writer.say("on_fees")
    if interest.residual_interest == "waive":
        yield writer.say("no_residual")
    if interest.minimum_charge:
        yield writer.say("minimum_charge", amount=writer.amount(interest.minimum_charge))


def _bears(writer: Writer, rated: RatedTerms) -> bool:
    return yearly_rate(rated, writer.terms.interest.day_count) > 0


def _tier(writer: Writer, tier: RateTier) -> str:
    if tier.up_to is None:
        return writer.say("tier_above", rate=_rate(writer, tier))
    return writer.say("tier_up_to", rate=_rate(writer, tier), amount=writer.amount(tier.up_to))


def _rate(writer: Writer, rated: RatedTerms) -> str:
    if rated.annual_rate is not None:
        return writer.say("rate_year", rate=writer.percent(rated.annual_rate))
    if rated.effective_annual_rate is not None:
        return writer.say("rate_effective", rate=writer.percent(rated.effective_annual_rate))
    yearly = yearly_rate(rated, writer.terms.interest.day_count) * 100
    year = plain((Decimal(yearly.numerator) / Decimal(yearly.denominator)).quantize(Decimal("0.01"), ROUND_HALF_UP)) + "%"
    given = rated.daily_rate if rated.daily_rate is not None else rated.monthly_rate
    assert given is not None
    rate = writer.say("rate_day" if rated.daily_rate is not None else "rate_month", rate=writer.percent(given))
    return writer.say("is_yearly", rate=rate, yearly=year)
