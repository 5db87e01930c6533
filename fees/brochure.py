"""The customer's fee table of a product: every rate and fee of its terms in words, in English or 中文, with its clause."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from babel.dates import format_date
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from fees.brochure_fees import fee_lines
from fees.brochure_interest import interest_lines
from fees.brochure_payment import payment_lines
from fees.brochure_prepaid import prepaid_fee_lines, value_lines
from fees.brochure_words import Language
from fees.brochure_writer import Line, Writer
from fees.terms import Terms


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
    """The fee table of terms."""
    writer = Writer(terms, language)
    say = writer.say
    day = format_date(terms.in_force_from, format="long", locale=language)
    return Brochure(
        language=language,
        title=say("title", name=terms.name),
        in_force=say("in_force", day=day, currency=terms.currency, label=terms.label),
        columns=(say("item"), say("rule"), say("clause")),
        sections=_credit(writer) if terms.prepaid is None else _prepaid(writer),
        closing_words=say("none_else"),
    )


def _credit(writer: Writer) -> tuple[Section, ...]:
    return (Section(writer.say("interest"), interest_lines(writer)), Section(writer.say("payment"), payment_lines(writer)),
            Section(writer.say("fees"), fee_lines(writer)))


def _prepaid(writer: Writer) -> tuple[Section, ...]:
    return Section(writer.say("value"), value_lines(writer)), Section(writer.say("fees"), prepaid_fee_lines(writer))


def brochure_html(made: Brochure) -> str:
    """The fee table as one page of HTML without anything from elsewhere."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True,
    )
    return environment.get_template("brochure.html.jinja").render(brochure=made)
