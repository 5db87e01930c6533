"""Whether an order of allocation pays the balance with the highest rate first, as the laws of some countries ask."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction

from fees.rule_packs.account import Event, account, cycle_dates, event
from fees.rule_packs.check import Breach, CounterExample
from fees.terms import Terms
from fees.terms_interest import SegmentTerms
from fees.terms_problems import shown
from fees.yearly_rates import percent, yearly_rate

_PRINCIPAL = ("principal", "billed_first", "lowest_rate", "oldest")


def not_highest_rate_first(terms: Terms, order: str) -> Iterator[Breach]:
    """The breach, if there is one, of an order (`minimum` or `excess`) that lets a dearer balance wait for a cheaper one."""
    items: tuple[str, ...] = getattr(terms.allocation, order)
    first = items[0] if items else "oldest"
    if first == "highest_rate":
        return
    dearest, cheapest = _ends(terms)
    if first in ("past_due", "fees", "interest") or not items:
        if not _rate(terms, dearest):
            return
        before = "fees and interest, which bear nothing,"
        wrong = not (terms.interest.fees_bear_interest and terms.interest.interest_bears_interest)
    elif first in _PRINCIPAL:
        before, wrong = "balances with a lower rate", _rate(terms, dearest) > _rate(terms, cheapest)
    else:
        named = terms.interest.segment_named(first.removeprefix("segment:"))
        before, wrong = f"segment {named.name}", _rate(terms, named) < _rate(terms, dearest)
    if wrong:
        key = f"allocation.{order}"
        yield Breach(key, f'{key} = {shown(items)} pays {before} before the balance with the highest rate; '
                     'it has to begin with "highest_rate"', _two_balances(terms, dearest, cheapest))


def _two_balances(terms: Terms, dearest: SegmentTerms, cheapest: SegmentTerms) -> CounterExample:
    opened_on, closings = cycle_dates(terms, 4)
    begins = closings[1] + timedelta(days=1)
    paid_on = begins + timedelta(days=1)
    return account(
        f"What was bought on {begins} bears {percent(_rate(terms, dearest))} a year, but the payment of {paid_on} goes to what "
        "was owed before.",
        terms, [_debit(opened_on, cheapest), _debit(begins, dearest), event(paid_on, "payment", 1000)], closings[3])


def _debit(on: date, segment: SegmentTerms) -> Event:
    kind = "cash_advance" if segment.name == "cash_advance" else "purchase"
    more = {} if segment.name in ("purchase", "cash_advance") else {"segment": segment.name}
    return {"on": on, "type": kind, "amount": "1000", **more}


def _ends(terms: Terms) -> tuple[SegmentTerms, SegmentTerms]:
    rows = [row for row in terms.interest.segment if not row.deferred]
    ordered = sorted(rows, key=lambda row: _rate(terms, row))
    return ordered[-1], ordered[0]


def _rate(terms: Terms, row: SegmentTerms) -> Fraction:
    return yearly_rate(row, terms.interest.day_count)
