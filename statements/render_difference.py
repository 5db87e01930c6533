"""Sets the one-page difference of a rebilling as HTML or PDF; both are the same bytes every time."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from statements.difference import DifferenceFacts, difference_page
from statements.rebilling_shape import RebillingDocument
from statements.wording import Language

TEMPLATE = Path(__file__).parent / "templates" / "difference.typ"


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("statements"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )
    return environment.get_template("difference.html.jinja")


def difference_html(told: RebillingDocument, facts: DifferenceFacts, language: Language | None = None) -> bytes:
    """The HTML of a difference, in the member's language where none is given; UTF-8, every text escaped."""
    return _template().render(difference_page(told, facts, language)).encode()


def difference_pdf(told: RebillingDocument, facts: DifferenceFacts, language: Language | None = None) -> bytes:
    """The PDF of a difference on one A4 page, dated with the day of the rebilling; PDF/UA-1."""
    from statements.render_pdf import set_page

    return set_page(TEMPLATE, difference_page(told, facts, language), date.fromisoformat(told["on"]))
