"""Where reports on postings count: in the facts of closed days where a grain of them has all that is asked for.

What no grain has (such as merchants by organisation unit) is counted in the postings themselves, by the same statement. It
counts the same as the facts, which are their sums.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from accounts.posting_facts import GRAINS
from reports.asking import Asked

#: The columns, of facts and postings alike, that hold what rows are grouped by; day, currency and type every fact has.
COLUMNS = {"org_unit": "org_unit_id", "cycle": "cycle", "product": "product", "merchant": "merchant", "category": "category",
           "channel": "channel", "card_kind": "card_kind"}

#: Each posting alone, as if it were a fact.
_POSTINGS = "(SELECT *, 1 AS postings FROM counted_posting)"
#: Facts of the months and days asked about, added up by what is asked for, so that what follows has few rows to do with.
_FACTS = """(
    SELECT business_on, currency, type, {columns}, sum(postings) AS postings, sum(amount) AS amount, NULL::bigint AS card_id
    FROM (SELECT business_on, currency, type, {needed}, postings, amount FROM month_fact
          WHERE grain = {grain} AND business_on = ANY(%(fact_months)s::date[])
          UNION ALL
          SELECT business_on, currency, type, {needed}, postings, amount FROM posting_fact
          WHERE grain = {grain} AND (business_on BETWEEN %(days_from)s::date AND %(days_until)s::date
                                     OR business_on BETWEEN %(then_from)s::date AND %(then_until)s::date)) fact
    GROUP BY business_on, currency, type, {columns}
)"""


def grain_of(groups: Collection[str], of_unit: bool) -> int | None:
    """The first grain that has all groups, and the organisation unit if only one is asked about; None where none has."""
    needed = _columns(groups, of_unit)
    return next((grain for grain, names in GRAINS.items() if needed.issubset(names)), None)


def source_of(grain: int | None, groups: Collection[str], of_unit: bool) -> str:
    """SQL of the rows to count, with all columns: the facts of a grain, or postings where it is None."""
    if grain is None:
        return _POSTINGS
    needed = _columns(groups, of_unit)
    nothing = {"org_unit_id": "NULL::int", "cycle": "NULL::date"}
    return _FACTS.format(
        grain=grain, columns=", ".join(COLUMNS.values()),
        needed=", ".join(each if each in needed else f"{nothing.get(each, 'NULL::text')} AS {each}"
                         for each in COLUMNS.values()),
    )


def spans_to_count(asked: Asked, groups: Collection[str]) -> dict[str, Any]:
    """What the SQL of facts is given: whole months, and the days that are in none of them or are told apart."""
    spans = asked.spans(by_month="day" not in groups)
    before = [on for on in spans.days if not spans.months or on < spans.months[0]]
    then = spans.days[len(before):]
    return {"fact_months": list(spans.months), "days_from": min(before, default=None), "days_until": max(before, default=None),
            "then_from": min(then, default=None), "then_until": max(then, default=None)}


def _columns(groups: Collection[str], of_unit: bool) -> set[str]:
    return {COLUMNS[name] for name in groups if name in COLUMNS} | ({"org_unit_id"} if of_unit else set())
