"""The rates that an account's segments bore, day by day, where there were several: another version of the terms came into
force, or hardship or the penalty rate took the place of the terms' own.

Source: docs/reference/billing-rules.md, 5.3, 5.5, 9.3 and 13.4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Literal

from psycopg import Connection

from accounts.calendar import day_number, day_of
from billing.carried import CHARGED_OFF, PENALTY
from billing.closed_cycle import Trace
from billing.closing import derive_statements
from billing.terms_book import TermsBook
from billing.tracing import Run, interest_runs, unsealed
from fees.terms import Terms
from fees.terms_interest import RatedTerms

RateKind = Literal["terms", "penalty", "hardship"]
#: So many days before a cycle opens interest may reach back to: two months.
_REACH = 62
#: Rows of statements in whose cycle, or in the one before that interest may reach back into, an account may have had a rate of
#: its own: of the penalty rate one row at a closing in between is left, unless the account was charged off at this one.
_OWN = """
WITH asked AS (
    SELECT * FROM unnest(%(member_id)s::bigint[], %(account_id)s::bigint[], %(cycle_no)s::int[], %(opens_on)s::date[],
                         %(closes_on)s::date[])
                  WITH ORDINALITY AS asked (member_id, account_id, cycle_no, opens_on, closes_on, place)
)
SELECT asked.place FROM asked
JOIN carried c ON c.member_id = asked.member_id AND c.account_id = asked.account_id
     AND (c.kind = %(penalty)s AND c.cycle_no BETWEEN asked.cycle_no - 2 AND asked.cycle_no
          OR c.kind = %(charged_off)s AND c.cycle_no = asked.cycle_no AND c.began_on = asked.closes_on)
UNION
SELECT asked.place FROM asked
JOIN account_event e ON e.member_id = asked.member_id AND e.account_id = asked.account_id
     AND e.annual_rate IS NOT NULL AND e.from_on <= asked.closes_on AND e.until_on >= asked.opens_on - %(reach)s
ORDER BY place
"""


@dataclass(frozen=True)
class RateBorne:
    """A rate from one day to another, as the terms or the agreement write it. kind: whose it is; that of the terms stands for
    the whole of what they say of the segment, tiers included."""

    first: date
    last: date
    rated: RatedTerms
    kind: RateKind


def rates_borne(trace: Trace, account: int) -> dict[str, list[RateBorne]]:
    """By segment (and `over_limit`) the rates of the days that its interest was counted on, where there are several or one is
    not that of the terms.

    account: index into what the trace is of.
    """
    if trace.by_day is None:
        return {}
    found = {name: list(_of_days(trace, account, name, runs)) for name, runs in interest_runs(trace, account).items()
             if not name.startswith("deferred.")}
    return {name: rates for name, rates in found.items() if len(rates) > 1 or any(each.kind != "terms" for each in rates)}


def rates_borne_of(connection: Connection[Any], member_id: int, account_id: int, closes_on: date) -> dict[str, list[RateBorne]]:
    """The same of an issued statement, its days derived again from the books."""
    derived = derive_statements(connection, closes_on, member_id, member_id, unsealed, account_id=account_id, trace=True)
    return rates_borne(next(trace for _, trace in derived.traces), 0)


def with_several_rates(connection: Connection[Any], book: TermsBook, rows: Sequence[Mapping[str, Any]]) -> set[int]:
    """The places in rows of statements, counted from 1, whose interest may have borne several rates, or one of the account's
    own."""
    changed = {place for place, row in enumerate(rows, start=1) if row["interest"] and _rates_change(book, row)}
    return changed | set(_with_own_rates(connection, rows))


def _rates_change(book: TermsBook, row: Mapping[str, Any]) -> bool:
    """Whether versions with different rates were in force on the days of a statement's cycle and of the one before."""
    product, since = book.by_id(row["terms_version_id"]).product, row["opens_on"] - timedelta(days=_REACH)
    held = [each.terms for each in book.versions if each.product == product and each.first <= row["closes_on"]
            and (each.until is None or each.until > since)]
    for name in ("over_limit", *{each.name for terms in held for each in terms.interest.segment}):
        rated = [found for terms in held if (found := _rated(terms, name)) is not None]
        if any(_rate(each) != _rate(rated[0]) for each in rated):
            return True
    return False


def _rated(terms: Terms, segment: str) -> RatedTerms | None:
    if segment == "over_limit":
        return terms.interest.over_limit
    return next((each for each in terms.interest.segment if each.name == segment), None)


def _rate(rated: RatedTerms) -> tuple[object, ...]:
    """What a rate is, apart from whose clause it stands in: by tier its key, its value, and up to what it holds."""
    tiers: Sequence[RatedTerms] = getattr(rated, "tiers", None) or (rated,)
    return tuple((each.rate_key, getattr(each, each.rate_key) if each.rate_key else None, getattr(each, "up_to", None))
                 for each in tiers)


def _with_own_rates(connection: Connection[Any], rows: Sequence[Mapping[str, Any]]) -> list[int]:
    asked = {name: [row[name] for row in rows] for name in ("member_id", "account_id", "cycle_no", "opens_on", "closes_on")}
    found = connection.execute(_OWN, {**asked, "penalty": PENALTY, "charged_off": CHARGED_OFF, "reach": _REACH})
    return [place for place, in found]


def _of_days(trace: Trace, account: int, name: str, runs: Sequence[Run]) -> Iterator[RateBorne]:
    days = sorted({day for run in runs for day in range(day_number(run.first), day_number(run.last) + 1)})
    spans: list[RateBorne] = []
    for day in days:
        kind, rated = _on(trace, account, name, day)
        on = day_of(day)
        if spans and (spans[-1].kind, _rate(spans[-1].rated)) == (kind, _rate(rated)):
            spans[-1] = replace(spans[-1], last=on)
        else:
            spans.append(RateBorne(on, on, rated, kind))
    assert all(one.last < other.first for one, other in pairwise(spans))
    yield from spans


def _on(trace: Trace, account: int, name: str, day: int) -> tuple[RateKind, RatedTerms]:
    """The rate of a segment on a day: hardship's, else the penalty rate, else that of the version in force."""
    assert trace.by_day is not None
    terms = trace.by_day.on(day)
    if name == "over_limit" or trace.own is None:
        return "terms", _rated(terms, name) or trace.by_day.first.interest.segment_named(name)
    if trace.own.arrangements is not None:
        for rate, whose in trace.own.arrangements.hardship_rates(day):
            if whose[account]:
                return "hardship", RatedTerms(annual_rate=rate)
    if trace.own.penalty is not None and terms.interest.penalty.rate_key is not None and trace.own.penalty.on(day)[account]:
        return "penalty", terms.interest.penalty
    return "terms", _rated(terms, name) or trace.by_day.first.interest.segment_named(name)

