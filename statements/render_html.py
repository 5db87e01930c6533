"""Sets a statement as one HTML file that needs nothing else: the same page as the PDF, on screen and in print."""

from __future__ import annotations

from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from statements.document import StatementDocument
from statements.facts import Letterhead
from statements.page import page_of
from statements.wording import Language


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("statements"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )
    return environment.get_template("statement.html.jinja")


def render_html(statement: StatementDocument, letterhead: Letterhead, language: Language | None = None) -> bytes:
    """The HTML of a statement, in the member's language where none is given; UTF-8, every text escaped."""
    return _template().render(page_of(statement, letterhead, language)).encode()
