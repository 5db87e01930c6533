"""`cardwright rebill`: what late events change in closed cycles, shown or posted, and the page that tells the holder."""

from __future__ import annotations

import getpass
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from accounts.command_line import AsJson, BrokerUrl, DatabaseUrl, DryRun, Home, console, settings_from
from accounts.database import open_book
from accounts.errors import Usage
from accounts.settings import Settings
from statements.commands import Lang, language_asked
from statements.compose import to_json
from statements.documents import write_whole


class RebillingFormat(StrEnum):
    """What a rebilling is written as: lines for a terminal, JSON, or the holder's one-page difference."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"
    PDF = "pdf"


def rebill(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Code of the account.")],
    preview: Annotated[bool, typer.Option("--preview", help="Show what would be corrected, and write nothing.")] = False,
    posted: Annotated[bool, typer.Option("--posted", help="Show the latest rebilling posted, as it was then.")] = False,
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", help="With --posted: the latest rebilling up to that day.",
                                      formats=["%Y-%m-%d"], metavar="DATE", show_default=False)] = None,
    form: Annotated[RebillingFormat, typer.Option("--format", help="html and pdf: the holder's one-page difference.")
                    ] = RebillingFormat.TEXT,
    out: Annotated[Path | None, typer.Option("--out", show_default=False, help="File or folder; - is stdout [stdout; of a "
                                             "PDF the documents folder of the home].")] = None,
    lang: Lang = None,
    leave: Annotated[
        str | None, typer.Option("--leave", metavar="REASON", show_default=False,
                                 help="Do not rebill: the late events count from the day they posted.")] = None,
    who: Annotated[str | None, typer.Option("--as", metavar="WHO", help="Who asks.", show_default="this user")] = None,
    as_json: AsJson = False, dry_run: DryRun = False, home: Home = None, database_url: DatabaseUrl = None,
    broker_url: BrokerUrl = None,
) -> None:
    """Correct what late events change in closed cycles: the difference is posted on the open business day.

    Rows of transactions files that came in after their own day was closed are late events. Run again, it finds nothing more.

    \b
    cardwright rebill A1 --preview
    cardwright rebill A1 --as ming
    cardwright rebill A1 --posted --format pdf
    """
    from billing.rebill import OF_THE_DAY, find_rebilling
    from billing.rebill import rebill as post
    from statements.difference import difference_facts
    from statements.issued import account_key
    from statements.rebill_document import rebilling_document
    from statements.seal import seal_statements

    if who in OF_THE_DAY:
        raise Usage(f"--as {who} is what rebills in a business day; give a person's name")
    if leave is not None:
        if preview or posted or not leave.strip():
            raise Usage("--leave names a reason and goes with neither --preview nor --posted")
        _leave(account, leave.strip(), who or getpass.getuser(), dry_run, settings_from(home, database_url, broker_url))
        return
    if as_of is not None and not posted:
        raise Usage("--as-of says which posted rebilling to show; add --posted")
    if preview and posted:
        raise Usage("--preview shows what would be posted and --posted what was; give one")
    form, language = RebillingFormat.JSON if as_json else form, language_asked(lang)
    write = not (preview or dry_run or posted)
    settings = settings_from(home, database_url, broker_url)
    with open_book(settings) as database, database.connect() as connection:
        key = account_key(connection, account)
        if posted:
            found = _posted(connection, key, as_of)
        else:
            found = find_rebilling(connection, key.member_id, key.account_id, seal_statements)
        told = rebilling_document(found, posted or write)
        content = _content(told, form, lambda: difference_facts(connection, key, found), language)
        count = post(connection, found, who or getpass.getuser()) if write else 0
    _deliver(content, form, out, settings.home / "documents", f"{quote(account, safe='')}-correction-{told['on']}", dry_run)
    if not posted and (told["corrections"] or told["events"]):
        to_come = f"{len(told['corrections'])} corrections to post; nothing written"
        console.print(f"{count} corrections posted on {told['on']}" if write else to_come)


def _leave(account: str, reason: str, who: str, dry_run: bool, settings: Settings) -> None:
    from billing.rebill import late_events, leave
    from statements.issued import account_key

    with open_book(settings) as database, database.connect() as connection:
        key = account_key(connection, account)
        on, late = late_events(connection, key.member_id, key.account_id)
        if not dry_run:
            leave(connection, late, key.member_id, key.account_id, on, who, reason)
    would = "would be left" if dry_run else "left"
    print(f"account {account}: {len(late)} late events {would} as posted")


def _posted(connection: Any, key: Any, as_of: datetime | None) -> Any:
    from billing.posted_rebilling import posted_rebills, rebilling_as_posted
    from statements.seal import seal_statements

    known = posted_rebills(connection, key.member_id, key.account_id)
    wanted = [each for each in known if as_of is None or each.posted_on <= as_of.date()]
    if not wanted:
        there_are = f"there are those of {', '.join(str(each.posted_on) for each in known)}" if known else "there is none"
        by = "" if as_of is None else f" by {as_of.date()}"
        raise Usage(f"account {key.account} has no rebilling posted{by}; {there_are}")
    return rebilling_as_posted(connection, key.member_id, key.account_id, wanted[-1], seal_statements)


def _content(told: Any, form: RebillingFormat, facts: Any, language: Any) -> bytes:
    """The rebilling in one format. The page formats are loaded only when asked for: their libraries are large."""
    if form is RebillingFormat.JSON:
        return to_json(told)
    if form is RebillingFormat.TEXT:
        from statements.rebill_document import rebilling_lines

        return "".join(f"{line}\n" for line in rebilling_lines(told)).encode()
    from statements.render_difference import difference_html, difference_pdf

    return (difference_pdf if form is RebillingFormat.PDF else difference_html)(told, facts(), language)


def _deliver(content: bytes, form: RebillingFormat, out: Path | None, documents: Path, name: str, dry_run: bool) -> None:
    if out is None and form is RebillingFormat.PDF:
        out = documents / f"{name}.pdf"
    if out is None or str(out) == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
        return
    path = out / f"{name}.{'txt' if form is RebillingFormat.TEXT else form.value}" if out.is_dir() else out
    if dry_run:
        console.print(f"would write {path} ({len(content):,} bytes)", markup=False)
        return
    write_whole(path, content)
    print(path)
