"""The reports there are, by name."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from accounts.errors import Usage
from reports.answer import Report
from reports.asking import Question, ReportKind, ask
from reports.cards import CARDS_REPORT
from reports.cases import CASES_REPORT
from reports.income import INCOME_REPORT
from reports.orders import ORDERS_REPORT
from reports.prepaid_float import PREPAID_FLOAT_REPORT
from reports.receivables import RECEIVABLES_REPORT
from reports.service import SERVICE_REPORT
from reports.turnover import TURNOVER_REPORT

REPORTS: dict[str, ReportKind] = {
    each.name: each
    for each in (TURNOVER_REPORT, CARDS_REPORT, SERVICE_REPORT, CASES_REPORT, RECEIVABLES_REPORT, INCOME_REPORT,
                 PREPAID_FLOAT_REPORT, ORDERS_REPORT)
}

#: Named in the reference, answered by a later release.
LATER_REPORTS = (
    "roll_rates", "points_liability", "tiers", "waivers", "losses", "lifecycle",
)

#: What the database may use for each sort of a report before it goes to disk.
MEMORY = "128MB"


def report_kind(name: str) -> ReportKind:
    """The report of a name. Raises Usage where there is none, saying which there are."""
    if name in REPORTS:
        return REPORTS[name]
    there_are = f"there are: {', '.join(REPORTS)}"
    if name in LATER_REPORTS:
        raise Usage(f"report {name} is not in this release; {there_are}")
    raise Usage(f"no report is called {name!r}; {there_are}")


def answer(connection: Connection[Any], name: str, question: Question) -> Report:
    """A report from the books as they stand, all its rows and totals from one and the same moment.

    connection: in a transaction that has read nothing yet. Raises Usage for what makes no sense.
    """
    kind = report_kind(name)
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    connection.execute(f"SET LOCAL work_mem TO '{MEMORY}'")
    return ask(connection, kind, question)
