"""Sets a statement as a PDF: one A4 design, tagged for screen readers, the same bytes every time."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path

import orjson
import pylopdf_fonts_zh_cn
import typst

from statements.document import StatementDocument
from statements.facts import Letterhead
from statements.glyphs import only_drawable
from statements.page import Page, page_of
from statements.wording import Language

TEMPLATE = Path(__file__).parent / "templates" / "statement.typ"


@lru_cache(maxsize=2)
def _compiler(template: Path) -> typst.Compiler:
    """One compiler a process and template: reading the fonts takes longer than setting a page.

    Fonts come from installed packages only, so that a statement looks the same on every machine.
    """
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True,
                        font_paths=[str(pylopdf_fonts_zh_cn.sans_path().parent)])
    return typst.Compiler(str(template), root=str(template.parent), font_paths=fonts, ignore_system_fonts=True)


def render_pdf(statement: StatementDocument, letterhead: Letterhead, language: Language | None = None) -> bytes:
    """The PDF of a statement, in the member's language where none is given.

    Dated with the closing date, so that it can be made again to the byte; PDF/UA-1.
    """
    page = page_of(statement, letterhead, language)
    return set_page(TEMPLATE, page, date.fromisoformat(statement["cycle"]["closes_on"]))


#: PDF/UA has every character drawn; Typst refuses the page where none of the fonts can.
_NOT_DRAWN = "could not be displayed"


def set_page(template: Path, page: Page, dated: date) -> bytes:
    """A page set by a template, dated with a day: the same bytes every time."""
    made_at = datetime(dated.year, dated.month, dated.day, tzinfo=UTC)
    try:
        return _set(template, page, made_at)
    except typst.TypstError as error:
        if _NOT_DRAWN not in error.message:
            raise
        return _set(template, only_drawable(page, pylopdf_fonts_zh_cn.sans_path()), made_at)


def _set(template: Path, page: Page, made_at: datetime) -> bytes:
    pdf = _compiler(template).compile(format="pdf", timestamp=made_at, pdf_standards=["ua-1"],
                                      sys_inputs={"page": orjson.dumps(page).decode()})
    assert isinstance(pdf, bytes)
    return pdf
