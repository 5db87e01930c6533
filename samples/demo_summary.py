"""One page that says what the demo made and where it is: as HTML with links, as text for the screen, as facts."""

from __future__ import annotations

import os
import shlex
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from samples.demo import MadeBook, MadeStatement, Places
from samples.demo_databases import without_password
from statements.compose import AmountText
from statements.wording import grouped

TEMPLATE = "summary.html.jinja"


def summary_facts(books: Sequence[MadeBook], places: Places) -> dict[str, Any]:
    """Everything the demo made, for programs: counts, paths, seconds."""
    return {
        "summary": str(summary_path(places)),
        "books": [
            {
                "book": book.sample.name, "home": str(book.settings.home), "accounts": book.accounts,
                "transactions": book.transactions, "postings": book.postings, "business_days": book.days,
                "statements": book.statements, "checks": book.checks, "agreement": book.agreement,
                "portfolio": str(places.of("portfolio", book.sample)),
                "reports": [{"report": each.wanted.name, "by": list(each.wanted.by), "files": list(map(str, each.files))}
                            for each in book.reports],
                "shown_statements": [{"why": each.found.wanted.title, "account": each.found.account,
                                      "closes_on": each.found.closes_on.isoformat(), "file": str(each.file)}
                                     for each in book.shown],
                "seconds": {stage: round(seconds, 1) for stage, seconds in book.seconds.items()},
            }
            for book in books
        ],
    }


def summary_path(places: Places) -> Path:
    """Where the page is."""
    return places.out / "summary.html"


def summary_html(books: Sequence[MadeBook], places: Places, program: str) -> bytes:
    """The page, with links that hold wherever the folder is moved. program: how the command is called here."""
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined,
                              trim_blocks=True, keep_trailing_newline=True)
    return environment.get_template(TEMPLATE).render(
        books=[_for_page(book, places, program) for book in books], statements=sum(book.statements for book in books)
    ).encode()


def summary_text(books: Sequence[MadeBook], places: Places, program: str) -> str:
    """The same in a screenful: what each book came to, where things are, what to type next."""
    lines: list[str] = []
    for book in books:
        lines += ["", book.sample.title, "  " + ", ".join(f"{text} {label}" for label, text in _facts(book)),
                  *textwrap.wrap(book.sample.remark, 118, initial_indent="  ", subsequent_indent="  ")]
        lines += [f"  {book.agreement}."] if book.agreement else []
        lines += ["  statements worth a look:"]
        lines += [f"    {each.found.account} {each.found.closes_on}  {each.found.wanted.title}: {_shown(each.file)}"
                  for each in book.shown]
        lines += ["  reports: " + _shown(places.of("reports", book.sample)), "  to go on:"]
        lines += [f"    {command}" for command in _commands(book, program)]
    lines += ["", f"Everything on one page, with links: {_shown(summary_path(places))}"]
    return "\n".join(lines[1:])


def _for_page(book: MadeBook, places: Places, program: str) -> dict[str, Any]:
    portfolio = places.of("portfolio", book.sample)
    return {
        "name": book.sample.name, "title": book.sample.title, "facts": _facts(book), "remark": book.sample.remark,
        "agreement": book.agreement, "source": book.sample.source, "commands": _commands(book, program),
        "portfolio": _shown(portfolio), "notes": _link(portfolio / "NOTES.md", places),
        "seconds": ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in book.seconds.items()),
        "shown": [
            {"title": each.found.wanted.title, "account": each.found.account, "closes_on": each.found.closes_on.isoformat(),
             "currency": each.facts.currency, "new_balance": _new_balance(each), "link": _link(each.file, places)}
            for each in book.shown
        ],
        "reports": [
            {"title": each.report.title, "by": ", ".join(each.wanted.by), "rows": len(each.report.rows),
             "files": [(file.suffix[1:].upper(), _link(file, places)) for file in each.files]}
            for each in book.reports
        ],
    }


def _facts(book: MadeBook) -> list[tuple[str, str]]:
    counts = {
        "accounts": book.accounts, "transactions imported": book.transactions, "postings": book.postings,
        "business days": book.days, "statements": book.statements, "checks, all hold": book.checks,
    }
    return [(label, f"{count:,}") for label, count in counts.items()]


def _commands(book: MadeBook, program: str) -> list[str]:
    where = (f"--database-url {shlex.quote(without_password(book.settings.database_url))}" if book.settings.database_url
             else f"--home {shlex.quote(_shown(book.settings.home))}")
    example = next((each.found for each in book.shown if each.found.wanted.name == book.sample.example), None)
    of_account = [] if example is None else [
        f"{program} statement {example.account} --closing {example.closes_on} {where}",
        f"{program} explain {example.account} --closing {example.closes_on} {where}",
    ]
    return [*of_account, f"{program} report turnover --by month {where}", f"{program} verify {where}"]


def _new_balance(each: MadeStatement) -> str:
    return grouped(AmountText(each.facts)(each.facts.row["new_balance"]))


def _link(path: Path, places: Places) -> str:
    return quote(os.path.relpath(path, places.out))


def _shown(path: Path) -> str:
    """A path as one would type it here."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
