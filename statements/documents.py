"""Statements as files: which bytes a format comes to, what the file is called, and that it is there whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from statements.compose import compose, to_json
from statements.facts import StatementFacts
from statements.whole_file import FileNotWritten, whole_file
from statements.wording import Language


class StatementFormat(StrEnum):
    """What a statement is written as."""

    JSON = "json"
    PDF = "pdf"
    HTML = "html"
    CSV = "csv"
    OFX = "ofx"


def document_bytes(facts: StatementFacts, form: StatementFormat, language: Language | None = None) -> bytes:
    """One statement in one format. The page formats are loaded only when asked for: their libraries are large."""
    statement = compose(facts)
    if form is StatementFormat.PDF:
        from statements.render_pdf import render_pdf

        return render_pdf(statement, facts.letterhead, language)
    if form is StatementFormat.HTML:
        from statements.render_html import render_html

        return render_html(statement, facts.letterhead, language)
    if form is StatementFormat.OFX:
        return ofx_bytes([facts], language)
    return to_json(statement) if form is StatementFormat.JSON else lines_bytes([facts])


def lines_bytes(statements: Sequence[StatementFacts]) -> bytes:
    """The lines of several statements as one CSV."""
    from statements.render_csv import render_csv

    return render_csv(compose(facts) for facts in statements)


def ofx_bytes(statements: Sequence[StatementFacts], language: Language | None = None) -> bytes:
    """Several statements of one account as one OFX file."""
    from statements.render_ofx import render_ofx

    return render_ofx(statements, language)


def file_name(facts: StatementFacts, form: StatementFormat) -> str:
    """What a statement's file is called: account, closing date, the day of its correction, and draft where it is one. Safe on
    every file system."""
    corrected = f"-corrected-{facts.corrected_by.on.isoformat()}" if facts.corrected_by else ""
    draft = "-draft" if facts.row["sha256"] is None else ""
    return f"{quote(facts.account, safe='')}-{facts.row['closes_on'].isoformat()}{corrected}{draft}.{form.value}"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, its folder made if need be. Raises FileNotWritten."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileNotWritten(path, error) from None
    with whole_file(path) as file:
        file.write(content)
