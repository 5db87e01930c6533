"""The anniversary step: fees by the date of opening, issue or replacement, and the waiver that a year's spending earns."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from psycopg import Connection

from accounts.calendar import day_number
from accounts.columns import Columns, copy_out
from accounts.money import CURRENCIES
from accounts.posting_types import (
    ANNUAL_FEE,
    ANNUAL_FEE_WAIVER,
    BALANCE_TRANSFER,
    BY_CODE,
    CASH_ADVANCE,
    HOUSE,
    JOINING_FEE,
    PURCHASE,
    REFUND,
    REPLACEMENT_FEE,
    SUPPLEMENTARY_ANNUAL_FEE,
    PostingType,
)
from billing.charging import post_charges
from billing.day.charge import digits_of, post_fee
from billing.day.outcome import StepOutcome, shards_of
from billing.terms_book import TermsBook, VersionInForce
from fees.annual import annual_fee, annual_fee_waived, in_fee_month, year_before
from fees.joining import joining_fee
from fees.replacement import replacement_fee
from fees.supplementary_annual import supplementary_annual_fee
from fees.terms import Terms

#: An account or card taken in so many days after its opening or issue is still charged its first fees.
LATE_INTAKE_DAYS = 31
_SPENDING = (PURCHASE.code, CASH_ADVANCE.code, BALANCE_TRANSFER.code, REFUND.code)

#: Accounts of a product opened lately, after the book began, that a first fee was not yet charged to.
_JUST_OPENED = """
SELECT a.member_id, a.account_id, 0::bigint AS card_id, a.opened_on AS began_on FROM card_account a
WHERE a.product = %(product)s AND NOT a.migrated AND a.opened_on BETWEEN %(late)s AND %(on)s
  AND a.status NOT IN ('closed', 'charged_off')
  AND NOT EXISTS (SELECT 1 FROM posting p WHERE p.member_id = a.member_id AND p.account_id = a.account_id
                  AND p.type = %(type)s AND p.source_id = 1)
"""
#: Accounts of a product whose opening has its anniversary (on 28 February also that of the 29th, unless in a leap year).
_ANNIVERSARY = """
SELECT a.member_id, a.account_id, 0::bigint AS card_id, a.opened_on AS began_on FROM card_account a
WHERE a.product = %(product)s AND a.status NOT IN ('closed', 'charged_off')
  AND extract(month FROM a.opened_on) = extract(month FROM %(on)s::date)
  AND extract(day FROM a.opened_on) = ANY(%(days)s) AND a.opened_on < %(on)s
"""
#: Accounts of a product that are a year old, for a fee with a month of its own.
_YEAR_OLD = """
SELECT a.member_id, a.account_id, 0::bigint AS card_id, a.opened_on AS began_on FROM card_account a
WHERE a.product = %(product)s AND a.status <> 'closed' AND a.opened_on <= %(year_before)s
"""
#: Supplementary cards issued lately, not yet charged, or with the anniversary of their issue.
_SUPPLEMENTARY = """
SELECT c.member_id, c.account_id, c.card_id, c.issued_on AS began_on FROM card c
JOIN card_account a ON a.member_id = c.member_id AND a.account_id = c.account_id
CROSS JOIN book b
WHERE a.product = %(product)s AND c.kind = 'supplementary' AND c.status <> 'closed'
  AND a.status NOT IN ('closed', 'charged_off')
  AND c.replaces_card_id IS NULL
  AND ((c.issued_on BETWEEN greatest(%(late)s::date, b.first_on) AND %(on)s
        AND NOT EXISTS (SELECT 1 FROM posting p WHERE p.member_id = c.member_id AND p.account_id = c.account_id
                        AND p.type = %(type)s AND p.source_id = 1 AND p.source_line = c.card_id))
       OR (c.issued_on < %(on)s AND extract(month FROM c.issued_on) = extract(month FROM %(on)s::date)
           AND extract(day FROM c.issued_on) = ANY(%(days)s)))
"""
#: Cards that lately took the place of another, for a reason that is charged, not yet charged.
_REPLACED = """
SELECT c.member_id, c.account_id, c.card_id, c.issued_on AS began_on FROM card c
JOIN card_account a ON a.member_id = c.member_id AND a.account_id = c.account_id
CROSS JOIN book b
WHERE a.product = %(product)s AND a.status <> 'charged_off' AND c.replaces_card_id IS NOT NULL
  AND NOT coalesce(c.reason, '') = ANY(%(free_for)s)
  AND c.issued_on BETWEEN greatest(%(late)s::date, b.first_on) AND %(on)s
  AND NOT EXISTS (SELECT 1 FROM posting p WHERE p.member_id = c.member_id AND p.account_id = c.account_id
                  AND p.type = %(type)s AND p.source_id = 1 AND p.source_line = c.card_id)
"""
#: What accounts spent, and how often, in the year before a day.
_SPENT = """
SELECT u.account_id, coalesce(sum(CASE WHEN p.debit_account < %(house)s THEN p.amount ELSE -p.amount END), 0)::bigint,
       count(*) FILTER (WHERE p.debit_account < %(house)s)
FROM unnest(%(members)s::bigint[], %(accounts)s::bigint[]) AS u(member_id, account_id)
LEFT JOIN posting p ON p.member_id = u.member_id AND p.account_id = u.account_id AND p.type = ANY(%(types)s)
     AND p.posted_on >= %(from)s AND p.posted_on < %(on)s
GROUP BY u.account_id ORDER BY u.account_id
"""


def anniversary_days(on: date) -> list[int]:
    """Days of month whose anniversary falls on a day: on 28 February of a common year also the 29th."""
    leap = on.year % 4 == 0 and (on.year % 100 != 0 or on.year % 400 == 0)
    return [28, 29] if (on.month, on.day) == (2, 28) and not leap else [on.day]


@dataclass(frozen=True)
class _DatedFee:
    """A fee that is charged by the date of an opening or issue: who is due, and what the fee's rule says it comes to.

    amounts: from the day number that each began on (the day itself where it only just began) to minor units.
    """

    query: str
    kind: PostingType
    clause: str
    amounts: Callable[[Any], Any]
    parameters: dict[str, Any]
    of_cards: bool = False


def _dated_fees(version: VersionInForce, on: date) -> list[_DatedFee]:
    """The fees of a version that are charged by the date of opening, issue or replacement."""
    terms, fees, found = version.terms, version.terms.fees, []
    if terms.prepaid is not None:
        return []  # it pays at the counter
    none_migrated = np.zeros(1, dtype=np.bool_)
    if fees.joining is not None:
        found.append(_DatedFee(_JUST_OPENED, JOINING_FEE, fees.joining.clause,
                               lambda began: joining_fee(terms, np.full_like(began, day_number(on)), none_migrated, on), {}))
    if fees.annual is not None:
        found.append(_DatedFee(_JUST_OPENED, ANNUAL_FEE, fees.annual.clause,
                               lambda began: annual_fee(terms, np.full_like(began, day_number(on)), none_migrated, on), {}))
        if fees.annual.month == "anniversary" or in_fee_month(fees.annual, on):
            query = _ANNIVERSARY if fees.annual.month == "anniversary" else _YEAR_OLD
            found.append(_DatedFee(query, ANNUAL_FEE, fees.annual.clause,
                                   lambda began: annual_fee(terms, began, none_migrated, on), {}))
    if fees.supplementary_annual is not None:
        lately = day_number(on) - LATE_INTAKE_DAYS
        found.append(_DatedFee(_SUPPLEMENTARY, SUPPLEMENTARY_ANNUAL_FEE, fees.supplementary_annual.clause,
                               lambda began: supplementary_annual_fee(
                                   terms, np.where(began >= lately, day_number(on), began), none_migrated, on),
                               {}, of_cards=True))
    if fees.replacement is not None:
        found.append(_DatedFee(_REPLACED, REPLACEMENT_FEE, fees.replacement.clause,
                               lambda began: replacement_fee(terms, [None] * len(began)),
                               {"free_for": list(fees.replacement.free_for)}, of_cards=True))
    common = {"product": version.product, "on": on, "late": on - timedelta(days=LATE_INTAKE_DAYS),
              "days": anniversary_days(on), "year_before": year_before(on)}
    return [replace(each, parameters={**common, "type": each.kind.code, **each.parameters}) for each in found]


def shards_with_anniversaries(connection: Connection[Any], on: date) -> list[int]:
    """Shards with an account or card that is charged by the date it was opened, issued or replaced."""
    found: set[int] = set()
    for version in TermsBook(connection).in_force(on):
        for fee in _dated_fees(version, on):
            found.update(shards_of(connection, fee.query, fee.parameters))
    return sorted(found)


def process_anniversaries(connection: Connection[Any], on: date, first_member_id: int, last_member_id: int,
                          parked: Collection[int]) -> StepOutcome:
    """Charge joining, annual, supplementary annual and replacement fees due on a day; then waive what the terms waive."""
    outcome = StepOutcome()
    for version in TermsBook(connection).in_force(on):
        for fee in _dated_fees(version, on):
            due = copy_out(
                connection, f"SELECT * FROM ({fee.query}) d WHERE member_id BETWEEN %(first)s AND %(last)s"  # noqa: S608
                " AND NOT account_id = ANY(%(parked)s) ORDER BY member_id, account_id, card_id",
                {**fee.parameters, "first": first_member_id, "last": last_member_id, "parked": list(parked)},
                {"member_id": "bigint", "account_id": "bigint", "card_id": "bigint", "began_on": "date"})
            if not len(due["account_id"]):
                continue
            amounts = fee.amounts(due["began_on"])
            cards = due["card_id"] if fee.of_cards else None
            earned = _spent_enough(connection, due, on, version) if fee.query in (_ANNIVERSARY, _YEAR_OLD) else None
            charged = post_fee(connection, fee.kind, on, due, amounts, version, fee.clause, cards, earned)
            outcome.add(fee.kind.name + "s", charged)
            if earned is not None:
                outcome.add("annual_fees_waived", post_charges(
                    connection, ANNUAL_FEE_WAIVER, on, due["member_id"], due["account_id"], np.where(earned, amounts, 0),
                    CURRENCIES[version.terms.currency].numeric, version.terms_version_id, fee.clause))
    return outcome.told()


def annual_waiver(terms: Terms, on: date, postings: list[dict[str, Any]]) -> PostingType | None:
    """The waiver that one account's past year earns it on the anniversary `on`, from its postings; None if it earns none."""
    fee = terms.fees.annual
    if fee is None or (fee.waive_if_spend is None and fee.waive_if_count is None):
        return None
    year = [each for each in postings if year_before(on) <= each["posted_on"] < on and each["type"] in _SPENDING]
    spend = sum(each["amount"] * BY_CODE[each["type"]].sign for each in year)
    count = sum(BY_CODE[each["type"]].sign > 0 for each in year)
    return ANNUAL_FEE_WAIVER if annual_fee_waived(fee, np.array([spend]), np.array([count]), terms.digits)[0] else None


def _spent_enough(connection: Connection[Any], due: Columns, on: date, version: VersionInForce) -> np.ndarray:
    """Which accounts spent enough, or often enough, in the past year for the annual fee to be waived."""
    fee = version.terms.fees.annual
    if fee is None or (fee.waive_if_spend is None and fee.waive_if_count is None):
        return np.zeros(len(due["account_id"]), dtype=bool)
    spent = copy_out(connection, _SPENT, {
        "house": HOUSE, "members": due["member_id"].tolist(), "accounts": due["account_id"].tolist(),
        "types": list(_SPENDING), "from": year_before(on), "on": on,
    }, {"account_id": "bigint", "spend": "bigint", "count": "bigint"})
    place = np.searchsorted(spent["account_id"], due["account_id"])
    return annual_fee_waived(fee, spent["spend"][place], spent["count"][place], digits_of(version))
