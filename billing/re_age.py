"""Re-age: whether an account may be brought current on a day. Pure, one account at a time.

Source: docs/reference/billing-rules.md, 13; the limits are those of the Uniform Retail Credit Classification and Account
Management Policy of the FFIEC (65 FR 36903).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from accounts.calendar import day_number, months_later
from accounts.errors import Refused
from accounts.money import major_units
from billing.missed_minimums import BilledMinimum
from fees.terms import Terms


@dataclass(frozen=True)
class ReAgeHistory:
    """What a re-age is judged by.

    opened_on: of the account; minimums: of its statements, oldest first, each without what earlier ones had asked for;
    payments: (posted on, minor units), returned ones negative; earlier: days of re-ages before.
    """

    opened_on: date
    minimums: Sequence[BilledMinimum]
    payments: Sequence[tuple[int, int]]
    earlier: Sequence[date]


def own_minimum(terms: Terms, closes_on: int, due_on: int, minimum_due: int, past_due: int) -> BilledMinimum:
    """The minimum of a statement without what earlier ones had asked for; day numbers, minor units."""
    earlier = past_due if "past_due" in terms.minimum_payment.add else 0
    return BilledMinimum(closes_on, due_on, max(minimum_due - earlier, 0), 0)


class ReAgeRefused(Refused):
    """A re-age that the terms do not allow; carries every limit that stands against it."""

    def __init__(self, account: str, on: date, limits: Sequence[str]) -> None:
        self.account, self.on, self.limits = account, on, tuple(limits)
        super().__init__(f"account {account} may not be re-aged on {on}: " + "; ".join(limits))


def require_re_age(account: str, terms: Terms, on: date, history: ReAgeHistory) -> None:
    """Raises ReAgeRefused, with each limit and its numbers, where the terms do not allow a re-age on a day."""
    limits = [*_too_young(terms, on, history), *_too_little_paid(terms, on, history), *_too_often(terms, on, history)]
    if limits:
        raise ReAgeRefused(account, on, limits)


def _too_young(terms: Terms, on: date, history: ReAgeHistory) -> list[str]:
    months, opened_on = terms.delinquency.re_age.min_months_on_books, history.opened_on
    old_enough = months_later(opened_on, months, opened_on.day)
    if on >= old_enough:
        return []
    return [f"it was opened on {opened_on} and has to be {months} months old, which it is on {old_enough}"]


def _too_little_paid(terms: Terms, on: date, history: ReAgeHistory) -> list[str]:
    """The last so many minimums due by the day, or as much in all, have to be paid since the first of them was asked for."""
    count, day = terms.delinquency.re_age.min_payments, day_number(on)
    due = [each for each in history.minimums if each.due_on <= day][-count:] if count else []
    if len(due) < count:
        return [f"{count} minimum payments in a row have to be made and {len(due)} came due"]
    asked = sum(each.minimum_due for each in due)
    paid = sum(amount for posted_on, amount in history.payments if due[0].closes_on < posted_on <= day) if due else 0
    if paid >= asked:
        return []
    shown_paid, shown_asked = (major_units(amount, terms.digits, terms.shown_digits) for amount in (paid, asked))
    return [f"{shown_paid} was paid since the last {count} minimum payments were first asked for, which come to {shown_asked}"]


def _too_often(terms: Terms, on: date, history: ReAgeHistory) -> list[str]:
    rule, found = terms.delinquency.re_age, []
    for months, most in ((12, rule.per_12_months), (60, rule.per_60_months)):
        since = months_later(on, -months, on.day)
        earlier = [each for each in history.earlier if since < each <= on]
        if len(earlier) >= most:
            days = f" ({', '.join(map(str, earlier))})" if earlier else ""
            found.append(f"it may be re-aged {most} times in {months} months and was {len(earlier)} times{days}")
    return found
