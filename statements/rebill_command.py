"""`cardwright rebill`: what late events change in closed cycles, shown or posted, and the page that tells the holder."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated

import typer

from accounts.command_line import AsJson, BrokerUrl, DatabaseUrl, DryRun, Home, console, settings_from
from accounts.database import open_book
from statements.compose import to_json


def rebill(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Code of the account.")],
    preview: Annotated[bool, typer.Option("--preview", help="Show what would be corrected, and write nothing.")] = False,
    who: Annotated[str | None, typer.Option("--as", metavar="WHO", help="Who asks.", show_default="this user")] = None,
    as_json: AsJson = False, dry_run: DryRun = False, home: Home = None, database_url: DatabaseUrl = None,
    broker_url: BrokerUrl = None,
) -> None:
    """Correct what late events change in closed cycles: the difference is posted on the open business day.

    Rows of transactions files that came in after their own day was closed are late events. Run again, it finds nothing more.

    \b
    cardwright rebill A1 --preview
    cardwright rebill A1 --as ming
    """
    from billing.rebill import find_rebilling
    from billing.rebill import rebill as post
    from statements.facts import account_key
    from statements.rebill_document import rebilling_document, rebilling_lines
    from statements.seal import seal_statements

    write = not (preview or dry_run)
    with open_book(settings_from(home, database_url, broker_url)) as database, database.connect() as connection:
        key = account_key(connection, account)
        found = find_rebilling(connection, key.member_id, key.account_id, seal_statements)
        told = rebilling_document(found)
        posted = post(connection, found, who or getpass.getuser()) if write else 0
    if as_json:
        sys.stdout.buffer.write(to_json(told | {"posted": write}))
        sys.stdout.flush()
    else:
        for line in rebilling_lines(told):
            print(line)
    if told["corrections"] or told["events"]:
        to_come = f"{len(told['corrections'])} corrections to post; nothing written"
        console.print(f"{posted} corrections posted on {told['on']}" if write else to_come)
