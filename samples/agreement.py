"""Holds the sample books against figures that others published: every closing of an account, every total of a month."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from psycopg import Connection

from accounts.posting_types import PAYMENT
from reports.asking import Question
from reports.catalogue import answer
from samples import taiwan
from samples.sample_files import PURCHASE_CARD_CONTROL_TOTALS, read_sample

#: TWD is counted in hundredths; the sample has whole dollars.
CENTS = 100


@dataclass(frozen=True)
class Agreement:
    """How many of the published figures the book met; first_wrong: the first one that it did not."""

    what: str
    met: int
    of: int
    first_wrong: str | None = None

    @property
    def holds(self) -> bool:
        """Whether the book met them all."""
        return self.met == self.of and self.first_wrong is None

    def __str__(self) -> str:
        wrong = f"; first wrong: {self.first_wrong}" if self.first_wrong else ""
        return f"{self.met:,} of {self.of:,} {self.what}{wrong}"


Comparison = Callable[[Connection[Any]], Agreement]

_CLOSINGS = """
SELECT account, closes_on, new_balance FROM statement JOIN card_account USING (member_id, account_id) WHERE cycle_no > 0
"""


def closings_agree_with_published_balances(connection: Connection[Any], accounts: int | None = None) -> Agreement:
    """Every Taiwan closing against the balance that its bank billed; they agree where rates and fees are zero."""
    published = taiwan.published_balances(accounts)
    closed = {(account, on): int(balance) for account, on, balance in connection.execute(_CLOSINGS)}
    wrong = (
        f"{account} on {on} closed at {_major(closed.get((account, on)))}, its bank billed {published.get((account, on))}"
        for account, on in sorted(published.keys() | closed.keys())
        if closed.get((account, on)) != published.get((account, on), 0) * CENTS or (account, on) not in published
    )
    return _agreement("closings are exactly the balance that the bank billed", len(published), wrong)


#: Payments by cycle, and how many cards have nothing but payments in it.
_PAYMENTS = """
SELECT statement.closes_on, count(*) FILTER (WHERE posting.type = %(payment)s),
       coalesce(sum(posting.amount) FILTER (WHERE posting.type = %(payment)s), 0),
       count(DISTINCT posting.card_id) - count(DISTINCT posting.card_id) FILTER (WHERE posting.type <> %(payment)s)
FROM statement JOIN posting ON posting.member_id = statement.member_id AND posting.account_id = statement.account_id
     AND posting.posted_on BETWEEN statement.opens_on AND statement.closes_on
WHERE statement.cycle_no > 0 GROUP BY statement.closes_on
"""


@dataclass(frozen=True)
class MonthTotals:
    """Totals of one publication month; amounts in pence, credits negative as published."""

    rows: int
    debits: int
    credits: int
    net: int
    cards: int


def control_totals() -> dict[date, MonthTotals]:
    """The published totals of each month, by the closing date of the cycle that it is: the 2nd of the next month."""
    return {
        _closing_of(each["publish_month"]): MonthTotals(
            int(each["rows"]), _pence(each["debits_gbp"]), _pence(each["credits_gbp"]), _pence(each["net_gbp"]),
            int(each["cards"]),
        )
        for each in read_sample(PURCHASE_CARD_CONTROL_TOTALS).to_dict("records")
    }


def turnover_with_payments_put_back(connection: Connection[Any]) -> dict[date, MonthTotals]:
    """The report `turnover --by cycle`, with each cycle's payments put back among its credits.

    connection: in a transaction that has read nothing yet.
    """
    turnover = answer(connection, "turnover", Question(by=("cycle",)))
    payments = {row[0]: row[1:] for row in connection.execute(_PAYMENTS, {"payment": PAYMENT.code})}
    totals: dict[date, MonthTotals] = {}
    for row in turnover.rows:
        closes_on = row["cycle"]
        assert isinstance(closes_on, date)
        transactions, debits, credits, net, cards = (
            int(str(row[name])) for name in ("transactions", "debits", "credits", "net", "cards"))
        count, paid, paying_only = map(int, payments.get(closes_on, (0, 0, 0)))
        totals[closes_on] = MonthTotals(transactions + count, debits, -credits - paid, net - paid, cards + paying_only)
    return totals


def turnover_agrees_with_control_totals(connection: Connection[Any]) -> Agreement:
    """Every publication month of the purchase cards against its published totals: rows, debits, credits, net, cards."""
    published, found = control_totals(), turnover_with_payments_put_back(connection)
    wrong = (
        f"cycle closing {on}: {found.get(on)}, published {published.get(on)}"
        for on in sorted(published.keys() | found.keys()) if found.get(on) != published.get(on)
    )
    return _agreement("publication months have exactly their published totals", len(published), wrong)


def _agreement(what: str, of: int, wrong: Iterable[str]) -> Agreement:
    found = list(wrong)
    return Agreement(what, max(of - len(found), 0), of, found[0] if found else None)


def _closing_of(publish_month: str) -> date:
    year, month = map(int, publish_month.split("-"))
    return date(year + month // 12, month % 12 + 1, 2)


def _pence(amount: str) -> int:
    return int(Decimal(amount).scaleb(2).to_integral_exact())


def _major(minor: int | None) -> str:
    return "nothing" if minor is None else f"{Decimal(minor) / CENTS:f}"
