"""`cardwright verify`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import orjson
import typer

from accounts.command_line import AsJson, BrokerUrl, DatabaseUrl, Home, progress, settings_from
from accounts.database import open_book
from accounts.errors import Findings
from statements.verify import CHECKS, Outcome, scope_of
from statements.verify import verify as verify_books
from statements.verify_reperform import Reperformed, statements_reperform


class ChecksFailed(Findings):
    """Some checks do not hold; each has named its first bad thing already."""

    def __init__(self, outcomes: list[Outcome]) -> None:
        failed = sum(not each.holds for each in outcomes)
        super().__init__(f"{failed} of {len(outcomes)} checks do not hold; "
                         "docs/how-to/verify-the-books.md says what each means")


def verify(
    closing: Annotated[datetime | None, typer.Option("--closing", formats=["%Y-%m-%d"], metavar="DATE",
                                                     help="Of statements, only those that closed on this day.")] = None,
    account: Annotated[str | None, typer.Option("--account", metavar="ACCOUNT", help="Only this account.")] = None,
    sample: Annotated[int | None, typer.Option("--sample", metavar="N",
                                               help="Seal, derive and bill again the statements of N accounts only.")] = None,
    reperform: Annotated[bool, typer.Option("--reperform", help="Bill again with the second engine.")] = False,
    as_json: AsJson = False,
    home: Home = None,
    database_url: DatabaseUrl = None,
    broker_url: BrokerUrl = None,
) -> None:
    """Check the books; silent when all holds, but for accounts that --reperform leaves out.

    \b
    cardwright verify
    cardwright verify --account A-1001 --json
    """
    again = Reperformed() if reperform else None
    checks = CHECKS if again is None else (*CHECKS, statements_reperform(again))
    with open_book(settings_from(home, database_url, broker_url)) as database, database.connect() as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        scope = scope_of(connection, None if closing is None else closing.date(), account, sample)
        with progress() as bar:
            task = bar.add_task("verify", total=len(checks))
            outcomes = verify_books(connection, scope, checks, progress=lambda check: bar.update(
                task, advance=1, description=check.name))
    if as_json:
        print(orjson.dumps(_facts(outcomes, again), option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2).decode())
    else:
        for each in outcomes:
            if not each.holds:
                print(f"{each.check.name}: {each.first_bad}")
        if again is not None and again.left_out:
            print(again.in_words())
    if not all(each.holds for each in outcomes):
        raise ChecksFailed(outcomes)


def _facts(outcomes: list[Outcome], again: Reperformed | None) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "ok": all(each.holds for each in outcomes),
        "checks": [
            {"name": each.check.name, "says": each.check.says, "ok": each.holds, "first_bad": each.first_bad}
            for each in outcomes
        ],
    }
    if again is not None:
        facts["reperformed"] = {"accounts": again.billed, "left_out": again.left_out, "reasons": dict(again.reasons)}
    return facts
