"""The steps of a business day that touch accounts, each for one range of members inside the caller's transaction.

`post_day`, `process_due_dates`, `process_anniversaries`, `close_cycles`; beside each, the shards that have such work on a
day, so that a quiet day costs nothing. Every charge is assessed first; a waiver is a line of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from psycopg import Connection

from accounts.calendar import closing_days_of, day_number, due_on, months_later
from accounts.columns import Columns, copy_out
from accounts.money import CURRENCIES, minor_units
from accounts.posting_types import (
    ANNUAL_FEE,
    ANNUAL_FEE_WAIVER,
    BALANCE_TRANSFER,
    BY_CODE,
    CASH_ADVANCE,
    JOINING_FEE,
    LATE_PAYMENT_FEE,
    OPENING_CREDIT,
    OWN_CHARGES,
    PAYMENT,
    PURCHASE,
    RECEIVABLE,
    REFUND,
    REPLACEMENT_FEE,
    SERVICE_FEE,
    SUPPLEMENTARY_ANNUAL_FEE,
    PostingType,
)
from accounts.sharding import SHARD_MEMBERS
from billing import closing
from billing.charging import post_charges
from billing.cycle import received_types
from billing.terms_book import TermsBook, VersionInForce
from fees.annual import annual_fee, annual_fee_waived
from fees.joining import joining_fee
from fees.late_payment import late_payment_fee
from fees.replacement import replacement_fee
from fees.service import service_fee
from fees.supplementary_annual import supplementary_annual_fee
from fees.terms import Terms

#: An account or card taken in so many days after its opening or issue is still charged its first fees.
LATE_INTAKE_DAYS = 31
_SPENDING = (PURCHASE.code, CASH_ADVANCE.code, BALANCE_TRANSFER.code, REFUND.code)
_SHARD = f"((member_id - 1) / {SHARD_MEMBERS})::int"


@dataclass
class StepOutcome:
    """What a step did: counts by outcome; parked: (member_id, account_id, reason) of accounts that could not be billed."""

    counts: dict[str, int] = field(default_factory=dict)
    parked: list[tuple[int, int, str]] = field(default_factory=list)

    def add(self, outcome: str, count: int) -> None:
        """Count so many more of an outcome."""
        self.counts[outcome] = self.counts.get(outcome, 0) + count


def _shards(connection: Connection[Any], query: str, parameters: Any) -> list[int]:
    rows = connection.execute(f"SELECT DISTINCT {_SHARD} AS shard FROM ({query}) AS due ORDER BY shard", parameters)  # noqa: S608
    return [row[0] for row in rows]


# -- post -----------------------------------------------------------------------------------------------------------------

_POSTED = "SELECT member_id FROM posting WHERE posted_on = %(on)s AND source_id <> 1 AND type > %(opening)s"
#: File rows of the day count in the guarded balances from now on.
_APPLY_DAY = """
UPDATE guarded_balance g SET balance = g.balance + day.amount
FROM (SELECT member_id, account_id,
             sum(CASE WHEN debit_account = %(receivable)s THEN amount ELSE -amount END) AS amount, count(*) AS rows
      FROM posting
      WHERE posted_on = %(on)s AND source_id <> %(own)s AND type > %(opening)s
        AND member_id BETWEEN %(first)s AND %(last)s
      GROUP BY member_id, account_id) day
WHERE g.member_id = day.member_id AND g.account_id = day.account_id
RETURNING day.rows
"""
#: The service fee of each payment of the day: a second leg of the same event.
_SERVICE_FEES = """
INSERT INTO posting (member_id, account_id, posted_on, source_id, source_line, type, debit_account, credit_account, currency,
                     amount, effective_on, transaction_on, card_id, terms_version_id, clause)
SELECT p.member_id, p.account_id, p.posted_on, p.source_id, p.source_line, %(type)s, %(debit)s, %(credit)s, p.currency,
       %(amount)s, p.posted_on, p.posted_on, p.card_id, %(version)s, %(clause)s
FROM posting p JOIN card_account a ON a.member_id = p.member_id AND a.account_id = p.account_id
WHERE p.posted_on = %(on)s AND p.type = %(payment)s AND p.source_id <> %(own)s AND a.product = %(product)s
  AND p.member_id BETWEEN %(first)s AND %(last)s AND NOT p.account_id = ANY(%(parked)s)
"""


def shards_to_post(connection: Connection[Any], on: date) -> list[int]:
    """Shards with rows of files that post on a day."""
    return _shards(connection, _POSTED, {"on": on, "opening": OPENING_CREDIT.code})


def post_day(connection: Connection[Any], on: date, first_member_id: int, last_member_id: int,
             parked: Collection[int]) -> StepOutcome:
    """Let the day's file rows count: service fees on payments, then the guarded balances."""
    outcome = StepOutcome()
    for version in TermsBook(connection).in_force(on):
        fee = version.terms.fees.service
        if fee is not None and fee.amount:
            amount = int(service_fee(version.terms, np.ones(1, dtype=np.int64))[0])
            charged = connection.execute(_SERVICE_FEES, {
                "on": on, "type": SERVICE_FEE.code, "debit": SERVICE_FEE.debit, "credit": SERVICE_FEE.credit,
                "amount": amount, "version": version.terms_version_id,
                "clause": fee.clause, "payment": PAYMENT.code, "own": OWN_CHARGES, "product": version.product,
                "first": first_member_id, "last": last_member_id, "parked": list(parked),
            })
            outcome.add("service_fees", charged.rowcount)
    applied = connection.execute(_APPLY_DAY, {
        "on": on, "receivable": RECEIVABLE, "own": OWN_CHARGES, "opening": OPENING_CREDIT.code,
        "first": first_member_id, "last": last_member_id,
    }).fetchall()
    outcome.add("posted", sum(row[0] for row in applied))
    return outcome


# -- due dates ------------------------------------------------------------------------------------------------------------

_MISSED = """
SELECT s.member_id, s.account_id, s.closes_on, s.minimum_payment_due, s.new_balance
FROM statement s JOIN card_account a ON a.member_id = s.member_id AND a.account_id = s.account_id
WHERE s.closes_on = ANY(%(closings)s) AND s.due_on = %(due)s AND a.product = %(product)s
  AND s.minimum_payment_due > %(tolerance)s
"""
#: What each account received towards a statement's minimum, effective up to the last day in time, known by today.
_RECEIVED = f"""
SELECT m.member_id, m.account_id, m.minimum_payment_due, coalesce(r.received, 0)::bigint
FROM ({_MISSED} AND s.member_id BETWEEN %(first)s AND %(last)s AND NOT s.account_id = ANY(%(parked)s)) m
LEFT JOIN LATERAL (
    SELECT sum(CASE WHEN p.debit_account = %(receivable)s THEN -p.amount ELSE p.amount END) AS received
    FROM posting p
    WHERE p.member_id = m.member_id AND p.account_id = m.account_id AND p.posted_on > m.closes_on
      AND p.posted_on <= %(on)s AND p.effective_on <= %(in_time)s AND p.type = ANY(%(types)s)) r ON true
"""  # noqa: S608


def _late_payment_rules(book: TermsBook, on: date) -> list[tuple[VersionInForce, date, list[date], date]]:
    """Versions that charge late payment, with the due date that is missed as of today, the closings that may be due on it,
    and the last day on which a payment was in time."""
    rules = []
    for version in book.in_force(on):
        fee = version.terms.fees.late_payment
        if fee is None:
            continue
        tolerance = version.terms.cycle.tolerance_days if fee.tolerance_days is None else fee.tolerance_days
        due = on - timedelta(days=1 + tolerance)
        closings = [day for back in range(1, 63) if due_on(day := due - timedelta(days=back), version.terms.cycle) == due]
        if closings:
            rules.append((version, due, closings, due + timedelta(days=tolerance)))
    return rules


def shards_with_due_dates(connection: Connection[Any], on: date) -> list[int]:
    """Shards with a statement whose minimum payment may have been missed as of a day."""
    found: set[int] = set()
    for version, due, closings, _ in _late_payment_rules(TermsBook(connection), on):
        query = _MISSED.replace("s.closes_on, s.minimum_payment_due, s.new_balance", "s.closes_on")
        found.update(_shards(connection, query, {"closings": closings, "due": due, "product": version.product,
                                                 "tolerance": _tolerance(version)}))
    return sorted(found)


def process_due_dates(connection: Connection[Any], on: date, first_member_id: int, last_member_id: int,
                      parked: Collection[int]) -> StepOutcome:
    """Charge the late-payment fee, the day after due date and tolerance, to whoever did not meet the minimum payment."""
    outcome = StepOutcome()
    for version, due, closings, in_time in _late_payment_rules(TermsBook(connection), on):
        missed = copy_out(connection, _RECEIVED, {
            "closings": closings, "due": due, "product": version.product, "tolerance": _tolerance(version),
            "receivable": RECEIVABLE, "on": on, "in_time": in_time, "types": received_types(version.terms),
            "first": first_member_id, "last": last_member_id, "parked": list(parked),
        }, {"member_id": "bigint", "account_id": "bigint", "minimum": "bigint", "received": "bigint"})
        unpaid = np.clip(missed["minimum"] - missed["received"], 0, missed["minimum"])
        late = unpaid > _tolerance(version)
        outcome.add("minimum_met", int((~late).sum()))
        fee = version.terms.fees.late_payment
        assert fee is not None
        amounts = late_payment_fee(version.terms, missed["minimum"][late], unpaid[late], _digits(version))
        outcome.add("late_payment_fees", _post(connection, LATE_PAYMENT_FEE, on, missed, late, amounts, version, fee.clause))
    return outcome


# -- anniversaries --------------------------------------------------------------------------------------------------------

#: Accounts of a product opened lately, after the book began, that a first fee was not yet charged to.
_JUST_OPENED = """
SELECT a.member_id, a.account_id, 0::bigint AS card_id, a.opened_on AS began_on FROM card_account a
WHERE a.product = %(product)s AND NOT a.migrated AND a.opened_on BETWEEN %(late)s AND %(on)s AND a.status <> 'closed'
  AND NOT EXISTS (SELECT 1 FROM posting p WHERE p.member_id = a.member_id AND p.account_id = a.account_id
                  AND p.type = %(type)s AND p.source_id = 1)
"""
#: Accounts of a product whose opening has its anniversary (on 28 February also that of the 29th, unless in a leap year).
_ANNIVERSARY = """
SELECT a.member_id, a.account_id, 0::bigint AS card_id, a.opened_on AS began_on FROM card_account a
WHERE a.product = %(product)s AND a.status <> 'closed' AND extract(month FROM a.opened_on) = extract(month FROM %(on)s::date)
  AND extract(day FROM a.opened_on) = ANY(%(days)s) AND a.opened_on < %(on)s
"""
#: Supplementary cards issued lately, not yet charged, or with the anniversary of their issue.
_SUPPLEMENTARY = """
SELECT c.member_id, c.account_id, c.card_id, c.issued_on AS began_on FROM card c
JOIN card_account a ON a.member_id = c.member_id AND a.account_id = c.account_id
CROSS JOIN book b
WHERE a.product = %(product)s AND c.kind = 'supplementary' AND c.status <> 'closed' AND a.status <> 'closed'
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
WHERE a.product = %(product)s AND c.replaces_card_id IS NOT NULL AND NOT coalesce(c.reason, '') = ANY(%(free_for)s)
  AND c.issued_on BETWEEN greatest(%(late)s::date, b.first_on) AND %(on)s
  AND NOT EXISTS (SELECT 1 FROM posting p WHERE p.member_id = c.member_id AND p.account_id = c.account_id
                  AND p.type = %(type)s AND p.source_id = 1 AND p.source_line = c.card_id)
"""
#: What accounts spent, and how often, in the year before a day.
_SPENT = """
SELECT u.account_id, coalesce(sum(CASE WHEN p.debit_account = %(receivable)s THEN p.amount ELSE -p.amount END), 0)::bigint,
       count(*) FILTER (WHERE p.debit_account = %(receivable)s)
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
    none_migrated = np.zeros(1, dtype=np.bool_)
    if fees.joining is not None:
        found.append(_DatedFee(_JUST_OPENED, JOINING_FEE, fees.joining.clause,
                               lambda began: joining_fee(terms, np.full_like(began, day_number(on)), none_migrated, on), {}))
    if fees.annual is not None:
        found.append(_DatedFee(_JUST_OPENED, ANNUAL_FEE, fees.annual.clause,
                               lambda began: annual_fee(terms, np.full_like(began, day_number(on)), none_migrated, on), {}))
        found.append(_DatedFee(_ANNIVERSARY, ANNUAL_FEE, fees.annual.clause,
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
              "days": anniversary_days(on)}
    return [replace(each, parameters={**common, "type": each.kind.code, **each.parameters}) for each in found]


def shards_with_anniversaries(connection: Connection[Any], on: date) -> list[int]:
    """Shards with an account or card that is charged by the date it was opened, issued or replaced."""
    found: set[int] = set()
    for version in TermsBook(connection).in_force(on):
        for fee in _dated_fees(version, on):
            found.update(_shards(connection, fee.query, fee.parameters))
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
            everyone = np.ones(len(due["account_id"]), dtype=bool)
            amounts = fee.amounts(due["began_on"])
            cards = due["card_id"] if fee.of_cards else None
            charged = _post(connection, fee.kind, on, due, everyone, amounts, version, fee.clause, cards)
            outcome.add(fee.kind.name + "s", charged)
            if fee.query == _ANNIVERSARY:
                waived = _spent_enough(connection, due, on, version)
                outcome.add("annual_fees_waived", _post(connection, ANNUAL_FEE_WAIVER, on, due, waived, amounts[waived],
                                                        version, fee.clause))
    return StepOutcome({name: count for name, count in outcome.counts.items() if count})


def annual_waiver(terms: Terms, on: date, postings: list[dict[str, Any]]) -> PostingType | None:
    """The waiver that one account's past year earns it on the anniversary `on`, from its postings; None if it earns none."""
    fee = terms.fees.annual
    if fee is None or (fee.waive_if_spend is None and fee.waive_if_count is None):
        return None
    year = [each for each in postings if year_before(on) <= each["posted_on"] < on and each["type"] in _SPENDING]
    spend = sum(each["amount"] * BY_CODE[each["type"]].sign for each in year)
    count = sum(BY_CODE[each["type"]].sign > 0 for each in year)
    return ANNUAL_FEE_WAIVER if annual_fee_waived(fee, np.array([spend]), np.array([count]), terms.digits)[0] else None


def year_before(on: date) -> date:
    """The same day a year earlier; of 29 February the 28th."""
    return months_later(on, -12, on.day)


def _spent_enough(connection: Connection[Any], due: Columns, on: date, version: VersionInForce) -> np.ndarray:
    """Which accounts spent enough, or often enough, in the past year for the annual fee to be waived."""
    fee = version.terms.fees.annual
    if fee is None or (fee.waive_if_spend is None and fee.waive_if_count is None):
        return np.zeros(len(due["account_id"]), dtype=bool)
    spent = copy_out(connection, _SPENT, {
        "receivable": RECEIVABLE, "members": due["member_id"].tolist(), "accounts": due["account_id"].tolist(),
        "types": list(_SPENDING), "from": year_before(on), "on": on,
    }, {"account_id": "bigint", "spend": "bigint", "count": "bigint"})
    place = np.searchsorted(spent["account_id"], due["account_id"])
    return annual_fee_waived(fee, spent["spend"][place], spent["count"][place], _digits(version))


# -- closing --------------------------------------------------------------------------------------------------------------

_CLOSING = "SELECT member_id FROM card_account WHERE closing_day = ANY(%(days)s) AND anchor_on <= %(on)s"


def shards_to_close(connection: Connection[Any], on: date) -> list[int]:
    """Shards with accounts whose cycle closes on a day."""
    return _shards(connection, _CLOSING, {"days": list(closing_days_of(on)), "on": on})


def close_cycles(connection: Connection[Any], on: date, first_member_id: int, last_member_id: int,
                 parked: Collection[int], seal: closing.Seal) -> StepOutcome:
    """Close the cycles due on a day; accounts that cannot be billed are parked with the reason, the others go on."""
    derived = closing.close_cycles(connection, on, first_member_id, last_member_id, parked, seal)
    outcome = StepOutcome(parked=derived.refused)
    outcome.add("statements", len(derived.statements["account_id"]))
    for kind, column in closing.INTEREST_CHARGES:
        outcome.add(kind.name + "_charges", int((derived.statements[column] > 0).sum()))
    outcome.add("nothing_to_bill_yet", len(derived.not_opened))
    return StepOutcome({name: count for name, count in outcome.counts.items() if count}, outcome.parked)


# -- common ---------------------------------------------------------------------------------------------------------------


def _digits(version: VersionInForce) -> int:
    return CURRENCIES[version.terms.currency].digits


def _tolerance(version: VersionInForce) -> int:
    return minor_units(version.terms.cycle.tolerance_amount, _digits(version))


def _post(connection: Connection[Any], kind: Any, on: date, due: Columns, chosen: np.ndarray, amounts: Any,
          version: VersionInForce, clause: str, cards: Any = None) -> int:
    return post_charges(connection, kind, on, due["member_id"][chosen], due["account_id"][chosen], amounts,
                        CURRENCIES[version.terms.currency].numeric, version.terms_version_id, clause,
                        None if cards is None else cards[chosen])
