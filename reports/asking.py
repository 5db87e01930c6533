"""From a question as typed to an answer: what is checked first, what is asked of the database, how rows are finished."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pandas as pd
from psycopg import Connection, sql
from psycopg.rows import dict_row

from accounts.errors import Usage
from accounts.money import BY_NUMERIC, CURRENCIES
from billing.terms_book import TermsBook
from reports.answer import CURRENCY, Chart, Dimension, Measure, Report, Row
from reports.spans import Spans, spans_of


@dataclass(frozen=True)
class Question:
    """What is asked: days (both included; None: the whole book), groups in their order, a unit with all below it.

    from_postings: count in the postings themselves and not in the facts of closed days, which are to come to the same.
    """

    from_on: date | None = None
    to_on: date | None = None
    by: tuple[str, ...] = ()
    org_unit: str | None = None
    from_postings: bool = False


@dataclass(frozen=True)
class Asked:
    """A question made definite against a book: these are the values that the SQL is given.

    last_on: the last day whose postings count, never after `as_of`. from_postings: as in the question. first_on: of the book.
    """

    from_on: date | None
    to_on: date | None
    as_of: date | None
    units: list[int] | None
    from_postings: bool = False
    first_on: date | None = None

    @property
    def last_on(self) -> date | None:
        if self.as_of is None or self.to_on is None:
            return self.as_of
        return min(self.to_on, self.as_of)

    def spans(self, by_month: bool) -> Spans:
        """The days whose postings count; by_month: as whole months where they are that."""
        return spans_of(self.from_on, self.last_on, self.first_on, by_month)

    def parameters(self, **more: Any) -> dict[str, Any]:
        return {"from_on": self.from_on, "to_on": self.to_on, "last_on": self.last_on, "units": self.units, **more}


@dataclass(frozen=True)
class ReportKind:
    """A management report: what it may be grouped by, what it measures, and how the database answers it.

    select: gives one row a group (and currency, where `money`), the totals when asked with no groups; None where nothing
    can match. period: the days that a question without days is about. one_day: it speaks of the last day only.
    finish: adds the measures that are worked out from others, given how many minor units the last decimal written is.
    chart: what HTML, PDF and XLSX draw.
    """

    name: str
    title: str
    sentence: str
    dimensions: tuple[Dimension, ...]
    measures: tuple[Measure, ...]
    default_by: tuple[str, ...]
    select: Callable[[Connection[Any], Asked, tuple[Dimension, ...]], list[Row]]
    chart: Chart
    period: Callable[[Connection[Any]], tuple[date | None, date | None]]
    money: bool = True
    one_day: bool = False
    finish: Callable[[Row, int], None] | None = None
    notes: tuple[str, ...] = ()


#: An organisation unit and every unit below it.
UNITS_BELOW = """
    WITH RECURSIVE below AS (
        SELECT org_unit_id FROM org_unit WHERE code = %(code)s
        UNION SELECT unit.org_unit_id FROM org_unit unit JOIN below ON unit.parent_id = below.org_unit_id
    ) SELECT org_unit_id FROM below ORDER BY org_unit_id
"""

#: Which currencies the book has, and by which products.
CURRENCIES_AND_PRODUCTS = "SELECT DISTINCT currency, product FROM card_account"

#: The days that the book has: its first business day and the last one closed.
BOOK_DAYS = "SELECT first_on, closed_through FROM book"


def days_of_book(connection: Connection[Any]) -> tuple[date | None, date | None]:
    """The first business day and the last one closed; None, None before any was."""
    row = connection.execute(BOOK_DAYS).fetchone()
    return (row[0], row[1]) if row else (None, None)


def groups_by_name(kind: ReportKind, by: tuple[str, ...]) -> tuple[Dimension, ...]:
    """The groups asked for, in the order asked. Raises Usage for one that the report has not, or has twice."""
    known = {each.name: each for each in kind.dimensions}
    for name in by or kind.default_by:
        if name not in known:
            raise Usage(f"{kind.name} has no group {name!r}; --by takes any of: {', '.join(known)}")
    if len(set(by)) != len(by):
        raise Usage(f"--by {','.join(by)} names a group twice; name each once")
    return tuple(known[name] for name in by or kind.default_by)


def ask(connection: Connection[Any], kind: ReportKind, question: Question) -> Report:
    """Answer a question from the books as they stand in the connection's transaction.

    Raises Usage where a group or organisation unit is unknown or the days are the wrong way round.
    """
    groups = groups_by_name(kind, question.by)
    asked = _definite(connection, kind, question)
    digits = _shown_digits(connection) if kind.money else {}
    rows, totals = kind.select(connection, asked, groups), kind.select(connection, asked, ())
    if kind.money:
        for row in (*rows, *totals):
            row[CURRENCY] = BY_NUMERIC[int(str(row[CURRENCY]))].code
        digits = _digits_that_fit(kind, digits, [*rows, *totals])
        totals = _a_total_for_each(kind, digits, totals)
    filters: dict[str, Any] = {"by": [each.name for each in groups], "org_unit": question.org_unit}
    if len(digits) == 1:
        filters[CURRENCY] = next(iter(digits))
    report = Report(
        kind.name, kind.title, asked.from_on, asked.to_on, asked.as_of, filters, groups, kind.measures, (), (), digits,
        kind.chart, kind.notes,
    )
    return _finished(report, kind, rows, totals)


def select_groups(connection: Connection[Any], statement: str, groups: tuple[Dimension, ...],
                  parameters: Mapping[str, Any], leading: str | None = None, source: str = "") -> list[Row]:
    """Rows of a statement with its groups filled in.

    statement: has `{groups}` before its measures and `{group_by}` at the end, and may have a `{source}`. leading: SQL of a
    field that always leads the groups, such as the currency.
    """
    fields: list[sql.Composable] = [sql.SQL("{} AS {}").format(sql.SQL(each.expression), sql.Identifier(each.name))
              for each in groups]
    if leading is not None:
        fields.insert(0, sql.SQL(leading))
    by = sql.SQL("GROUP BY {}").format(sql.SQL(", ").join(sql.SQL(str(n + 1)) for n in range(len(fields))))
    composed = sql.SQL(statement).format(
        groups=sql.SQL("").join(sql.SQL("{}, ").format(each) for each in fields),
        group_by=by if fields else sql.SQL(""), source=sql.SQL(source),
    )
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(composed, parameters).fetchall()


def _definite(connection: Connection[Any], kind: ReportKind, question: Question) -> Asked:
    book_first_on, as_of = days_of_book(connection)
    first_on, last_on = kind.period(connection)
    from_on = None if kind.one_day else question.from_on or first_on
    to_on = question.to_on or last_on
    if kind.one_day and question.from_on is not None:
        raise Usage(f"{kind.name} speaks of one day: give it as --to, without --from")
    if from_on is not None and to_on is not None and from_on > to_on:
        raise Usage(f"the days run backwards: from {from_on} to {to_on}; give --from a day up to --to")
    units = None
    if question.org_unit is not None:
        units = [row[0] for row in connection.execute(UNITS_BELOW, {"code": question.org_unit})]
        if not units:
            raise Usage(f"no organisation unit has the code {question.org_unit!r}; give a code of org_units.csv")
    return Asked(from_on, to_on, as_of, units, question.from_postings, book_first_on)


def _shown_digits(connection: Connection[Any]) -> dict[str, int]:
    """How many decimals each currency of the book is written with: as many as any of its products shows."""
    terms = TermsBook(connection)
    shown: dict[str, int] = {}
    for numeric, product in connection.execute(CURRENCIES_AND_PRODUCTS):
        currency = BY_NUMERIC[numeric]
        digits = [each.terms.shown_digits for each in terms.versions if each.product == product] or [currency.digits]
        shown[currency.code] = max(shown.get(currency.code, 0), *digits)
    return shown


def _digits_that_fit(kind: ReportKind, digits: Mapping[str, int], rows: list[Row]) -> dict[str, int]:
    """The decimals to write: all of the currency's where an amount has more than its products round to."""
    fitting = dict(digits)
    money = [each.name for each in kind.measures if each.kind == "money"]
    for row in rows:
        code = str(row[CURRENCY])
        full = CURRENCIES[code].digits
        unit = 10 ** (full - fitting.setdefault(code, full))
        if any(int(str(row.get(name, 0))) % unit for name in money):
            fitting[code] = full
    return dict(sorted(fitting.items()))


def _a_total_for_each(kind: ReportKind, digits: Mapping[str, int], totals: list[Row]) -> list[Row]:
    """Totals of every currency of the book, zero where it had no row."""
    found = {str(row[CURRENCY]): row for row in totals}
    nothing: Row = {each.name: 0 for each in kind.measures if each.kind in ("count", "money")}
    return [found.get(code, {CURRENCY: code, **nothing}) for code in digits] or [nothing]


def _finished(report: Report, kind: ReportKind, rows: list[Row], totals: list[Row]) -> Report:
    for row in (*rows, *totals):
        if kind.finish is not None:
            code = report.currency_of(row)
            kind.finish(row, 10 ** (CURRENCIES[code].digits - report.shown_digits[code]) if code else 1)
    return replace(report, rows=tuple(in_order(report, rows)), totals=tuple(totals))


def in_order(report: Report, rows: list[Row]) -> list[Row]:
    """Rows sorted by their groups: dates and text ascending, named orders as they read, what is in no group last."""
    if not report.group_names or not rows:
        return rows
    frame = pd.DataFrame({name: pd.Series([row[name] for row in rows], dtype=object) for name in report.group_names})
    for each in report.groups:
        if each.order:
            further = sorted({str(value) for value in frame[each.name].dropna()} - set(each.order))
            frame[each.name] = pd.Categorical(frame[each.name], categories=[*each.order, *further], ordered=True)
    ordered = frame.sort_values(list(report.group_names), kind="stable", na_position="last")
    return [rows[place] for place in ordered.index]
