"""Statements as files: which bytes a format comes to, what the file is called, and that it is there whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from accounts.errors import Trouble
from statements.compose import compose, to_json
from statements.facts import StatementFacts
from statements.wording import Language


class StatementFormat(StrEnum):
    """What a statement is written as."""

    JSON = "json"
    PDF = "pdf"
    HTML = "html"
    CSV = "csv"
    OFX = "ofx"


class DocumentNotWritten(Trouble):
    """The place for a document cannot be written."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"{path} cannot be written ({error.strerror or error}); make room or choose another place with --out")


def document_bytes(facts: StatementFacts, form: StatementFormat, language: Language | None = None) -> bytes:
    """One statement in one format. The page formats are loaded only when asked for: their libraries are large."""
    statement = compose(facts)
    if form is StatementFormat.PDF:
        from statements.render_pdf import render_pdf

        return render_pdf(statement, facts.letterhead, language)
    if form is StatementFormat.HTML:
        from statements.render_html import render_html

        return render_html(statement, facts.letterhead, language)
    return to_json(statement) if form is StatementFormat.JSON else lines_bytes([facts])


def lines_bytes(statements: Sequence[StatementFacts]) -> bytes:
    """The lines of several statements as one CSV."""
    from statements.render_csv import render_csv

    return render_csv(compose(facts) for facts in statements)


def file_name(facts: StatementFacts, form: StatementFormat) -> str:
    """What a statement's file is called: account, closing date, and draft where it is one. Safe on every file system."""
    draft = "-draft" if facts.row["sha256"] is None else ""
    return f"{quote(facts.account, safe='')}-{facts.row['closes_on'].isoformat()}{draft}.{form.value}"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all: beside its place first, then renamed. Raises DocumentNotWritten."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".statement-", suffix=".part", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            # A temporary file is private; a document is as readable as any other file that its owner makes.
            mask = os.umask(0)
            os.umask(mask)
            os.chmod(name, 0o666 & ~mask)
            os.replace(name, path)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
    except OSError as error:
        raise DocumentNotWritten(path, error) from None
