"""The customer's fee table of a product: every rate and fee of its terms in words, in English or 中文, with its clause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from babel.dates import format_date
from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from accounts.money import major_units
from fees.brochure_words import Language, known, word
from fees.rates import daily_fraction
from fees.terms import Terms
from fees.terms_fees import FixedLatePaymentFee, PercentOfUnpaidMinimum
from fees.terms_interest import RatedTerms, SegmentTerms
from fees.terms_values import plain


class Say(Protocol):
    """A phrase in the brochure's language."""

    def __call__(self, key: str, **facts: str) -> str: ...


@dataclass(frozen=True)
class Line:
    """One line of the table: what is charged for, how much, by which clause ("" where none prices it)."""

    item: str
    rule: str
    clause: str


@dataclass(frozen=True)
class Section:
    """Lines under one heading."""

    heading: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Brochure:
    """The fee table as the customer reads it."""

    language: Language
    title: str
    in_force: str
    columns: tuple[str, str, str]
    sections: tuple[Section, ...]
    closing_words: str


def brochure(terms: Terms, language: Language) -> Brochure:
    """The fee table of terms that this release charges. Raises NotDaily for rates it does not."""
    writer = _Writer(terms, language)
    say = writer.say
    day = format_date(terms.in_force_from, format="long", locale=language)
    return Brochure(
        language=language,
        title=say("title", name=terms.name),
        in_force=say("in_force", day=day, currency=terms.currency, label=terms.label),
        columns=(say("item"), say("rule"), say("clause")),
        sections=(Section(say("interest"), writer.interest()), Section(say("payment"), writer.payment()),
                  Section(say("fees"), writer.fees())),
        closing_words=say("none_else"),
    )


def brochure_html(made: Brochure) -> str:
    """The fee table as one page of HTML without anything from elsewhere."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True,
    )
    return environment.get_template("brochure.html.jinja").render(brochure=made)


class _Writer:
    """Writes each part of one product's terms in one language."""

    def __init__(self, terms: Terms, language: Language) -> None:
        self.terms, self.language = terms, language
        self.say: Say = partial(word, language=language)

    # -- interest -----------------------------------------------------------------------------------------------------

    def interest(self) -> tuple[Line, ...]:
        lines = [Line(self._segment_name(row), self._segment(row), row.clause if self._bears(row) else "")
                 for row in self.terms.interest.segment]
        over = self.terms.interest.over_limit
        if self._bears(over):
            how = self.say("instead" if over.instead_of_purchase_rate else "as_well")
            lines.append(Line(self.say("over_limit_interest"), self._list([self._rate(over), how]), over.clause))
        return tuple(lines)

    def _segment_name(self, segment: SegmentTerms) -> str:
        return self.say(segment.name) if known(segment.name) else segment.name

    def _segment(self, segment: SegmentTerms) -> str:
        interest = self.terms.interest
        if not self._bears(segment):
            return self.say("no_interest")
        if not segment.grace:
            begin = self.say("begin_posting" if interest.accrues_from == "posting" else "begin_transaction")
            return self._list([self._rate(segment), self.say("without_grace", begin=begin)])
        begin = self.say(f"begin_{interest.accrues_from}")
        lost = self.say(interest.grace_lost_charges, begin=begin)
        return self._list([self._rate(segment), self.say("with_grace"), lost])

    def _bears(self, rated: RatedTerms) -> bool:
        return rated.rate_key is not None and daily_fraction(rated, self.terms.interest.day_count) > 0

    def _rate(self, rated: RatedTerms) -> str:
        yearly = daily_fraction(rated, self.terms.interest.day_count) * 365 * 100
        shown = Decimal(yearly.numerator) / Decimal(yearly.denominator)
        year = plain(shown.quantize(Decimal("0.01"), ROUND_HALF_UP)) + "%"
        if rated.annual_rate is not None:
            return self.say("rate_year", rate=_percent(rated.annual_rate))
        given = rated.daily_rate if rated.daily_rate is not None else rated.monthly_rate
        assert given is not None
        rate = self.say("rate_day" if rated.daily_rate is not None else "rate_month", rate=_percent(given))
        return self.say("is_yearly", rate=rate, yearly=year)

    # -- statement and payment ----------------------------------------------------------------------------------------

    def payment(self) -> tuple[Line, ...]:
        cycle = self.terms.cycle
        if cycle.due_after_days is not None:
            due = [self.say("due_after", days=str(cycle.due_after_days))]
        else:
            due = [self.say("due_day", day=str(cycle.due_day))]
        if cycle.due_roll == "next_business_day":
            due.append(self.say("due_roll"))
        if cycle.tolerance_days:
            due.append(self.say("tolerance_days", days=str(cycle.tolerance_days)))
        if cycle.tolerance_amount:
            due.append(self.say("tolerance_amount", amount=self._amount(cycle.tolerance_amount)))
        closing = "closing_day" if cycle.closing_day <= 28 else "closing_late_day"
        return (
            Line(self.say("closing"), self.say(closing, day=str(cycle.closing_day)), ""),
            Line(self.say("due"), self._list(due), ""),
            Line(self.say("minimum"), self._minimum(), ""),
        )

    def _minimum(self) -> str:
        rule = self.terms.minimum_payment
        said = []
        if rule.parts:
            joint = self.say("sum") if rule.combine == "sum" else self.say("list")
            parts = joint.join(self.say("of", percent=_percent(part.percent), base=self.say(part.of)) for part in rule.parts)
            said.append(parts if rule.combine == "sum" or len(rule.parts) == 1 else self.say("greater_of", parts=parts))
        first = [self.say(f"{item}_item") for item in rule.add if item not in rule.floor_before]
        if first:
            said.append(self.say("in_full", items=self.say("comma").join(first)))
        if rule.floor:
            said.append(self.say("floor", amount=self._amount(rule.floor)))
        if rule.floor_before:
            on_top = self.say("comma").join(self.say(f"{item}_item") for item in rule.floor_before)
            said.append(self.say("on_top", items=on_top))
        return self._list(said) if said else self.say("nothing")

    # -- fees ---------------------------------------------------------------------------------------------------------

    def fees(self) -> tuple[Line, ...]:
        fees = self.terms.fees
        charged = [
            (name, getattr(fees, name), rule)
            for name, rule in (
                ("joining", self._joining), ("annual", self._annual), ("supplementary_annual", self._supplementary_annual),
                ("late_payment", self._late_payment), ("service", self._service), ("replacement", self._replacement),
            )
        ]
        lines = tuple(Line(self.say(name), rule(fee), fee.clause) for name, fee, rule in charged if fee is not None)
        return lines or (Line(self.say("fees"), self.say("nothing"), ""),)

    def _joining(self, fee: Any) -> str:
        return self.say("joining_rule", amount=self._amount(fee.amount))

    def _annual(self, fee: Any) -> str:
        said = [self.say("yearly", amount=self._amount(fee.amount))]
        if fee.first == "after_first_year":
            said.append(self.say("after_first_year"))
        if fee.waive_if_spend is not None:
            said.append(self.say("waive_if_spend", amount=self._amount(fee.waive_if_spend)))
        if fee.waive_if_count is not None:
            said.append(self.say("waive_if_count", count=str(fee.waive_if_count)))
        return self._list(said)

    def _supplementary_annual(self, fee: Any) -> str:
        return self.say("supplementary_annual_rule", amount=self._amount(fee.amount))

    def _late_payment(self, fee: Any) -> str:
        said = []
        if isinstance(fee, FixedLatePaymentFee):
            said.append(self.say("fixed", amount=self._amount(fee.amount)))
        elif isinstance(fee, PercentOfUnpaidMinimum):
            said.append(self.say("percent_of_unpaid_minimum", percent=_percent(fee.percent)))
            if fee.floor:
                said.append(self.say("floor", amount=self._amount(fee.floor)))
            if fee.cap is not None:
                said.append(self.say("at_most", amount=self._amount(fee.cap)))
        if fee.cap_at is not None:
            said.append(self.say(f"cap_{fee.cap_at}"))
        return self._list(said)

    def _service(self, fee: Any) -> str:
        return self.say("service_rule", amount=self._amount(fee.amount))

    def _replacement(self, fee: Any) -> str:
        said = [self.say("replacement_rule", amount=self._amount(fee.amount))]
        if fee.free_for:
            reasons = self.say("comma").join(self.say(reason) if known(reason) else reason for reason in fee.free_for)
            said.append(self.say("free_for", reasons=reasons))
        return self._list(said)

    # -- common -------------------------------------------------------------------------------------------------------

    def _amount(self, amount: Decimal) -> str:
        terms = self.terms
        minor = terms.minor(amount)
        digits = terms.shown_digits if minor % terms.shown_unit == 0 else terms.digits
        pattern = "#,##0." + "0" * digits if digits else "#,##0"
        number = format_decimal(Decimal(major_units(minor, terms.digits, digits)), format=pattern, locale=self.language)
        return f"{terms.currency}\N{NO-BREAK SPACE}{number}"

    def _list(self, said: Sequence[str]) -> str:
        return self.say("list").join(said)


def _percent(share: Decimal) -> str:
    return plain(share * 100) + "%"
