"""What an explanation looks back at: the statement before, the account and its cards, a year of spending, days of interest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
from psycopg import Connection
from psycopg.rows import dict_row

from accounts.calendar import day_number
from accounts.errors import Findings
from accounts.posting_types import BALANCE_TRANSFER, BY_CODE, CASH_ADVANCE, INSTALMENT_FEE, OWN_CHARGES, PURCHASE, REFUND
from billing.account_events import arrangements_of
from billing.arrangements import Arrangement
from billing.carried import CHARGED, CHARGED_OFF, DISPUTED
from billing.cells import cells_of
from billing.day.closing_fees import read_limit_histories
from billing.day.due_dates import read_due_histories
from billing.disputed_accounts import disputed_in_cycle
from billing.disputed_balances import segment_of_debit
from billing.disputes import Dispute
from billing.instalment_plans import billed_plan, plan_account, read_plans
from billing.instalments import BilledPlans
from billing.missed_minimums import DueHistory
from billing.over_limit import LimitHistory
from billing.postings import received_types
from billing.terms_book import TermsBook
from billing.tracing import SEGMENTS, Run, interest_runs_of
from fees.annual import year_before
from fees.late_payment import charged_at_closing, statements_looked_back
from fees.terms import Terms
from statements.facts import StatementFacts
from statements.issued import statement_facts

#: What counts as spending for the waiver of an annual fee.
SPENDING = (PURCHASE.code, CASH_ADVANCE.code, BALANCE_TRANSFER.code, REFUND.code)


class NotDerived(Findings):
    """A charge on a statement that postings and terms do not come to: the books were changed behind Cardwright's back."""

    def __init__(self, facts: StatementFacts, what: str) -> None:
        super().__init__(f"account {facts.account}, statement of {facts.row['closes_on']}: {what}; "
                         "`cardwright verify` says what was changed")


@dataclass(frozen=True)
class CardHistory:
    """A card as its fees see it."""

    shown: str
    kind: str
    issued_on: date
    replaces_card_id: int | None
    reason: str | None


@dataclass(frozen=True)
class GivenWaiver:
    """Part of a charge that was waived: on which day, how much (minor units), why, by whose approval."""

    posted_on: date
    amount: int
    reason: str
    approved_by: str


@dataclass(frozen=True)
class Corrected:
    """What a correcting posting corrects: a charge of a day, its amount before and after in minor units, and why."""

    charge_on: date
    charge_type: int
    before: int
    after: int
    because: str


@dataclass(frozen=True)
class History:
    """One issued statement with what came before it.

    previous: row of the statement before (None: this is the first); opened_on, migrated, status, over_limit_opt_in: of the
    account; cards: by id; spending: (posted_on, type, amount) of purchases, cash advances, transfers and refunds since a year
    before the cycle; runs: by segment, the days that interest was counted on; terms_on: the terms in force on a day; due: the
    previous statement, as many before it as the late-payment fee asks about and one, and what was received
    towards them; limit: the cycle as the over-limit fee sees it, where the terms have one; plans: by number and day, the
    instalment plans that had a part with a fee in the cycle, as they stood before it; waivers: by the key of the charge, what
    was waived of it with a reason; arrangements: what was agreed or decided about the account; charged_off_on: the closing at
    which it was charged off, before the cycle; corrections: of postings of a rebilling, by source and line; disputes: that were
    open on a day of the cycle; disputed_before: what of the previous new balance was disputed at its closing, minor units.
    """

    facts: StatementFacts
    previous: Mapping[str, Any] | None
    opened_on: date
    migrated: bool
    status: str
    over_limit_opt_in: bool
    terms_on: Callable[[date], Terms | None]
    due: DueHistory
    limit: LimitHistory | None
    cards: Mapping[int, CardHistory] = field(default_factory=dict)
    spending: Sequence[tuple[date, int, int]] = ()
    runs: Mapping[str, Sequence[Run]] = field(default_factory=dict)
    plans: Mapping[tuple[int, date], BilledPlans] = field(default_factory=dict)
    waivers: Mapping[tuple[date, int, int, int], Sequence[GivenWaiver]] = field(default_factory=dict)
    arrangements: Sequence[Arrangement] = ()
    charged_off_on: date | None = None
    corrections: Mapping[tuple[int, int], Corrected] = field(default_factory=dict)
    disputes: Sequence[Dispute] = ()
    disputed_before: int = 0

    @property
    def owed_before(self) -> int:
        """The previous statement's new balance without what was disputed: what paying it in full asked for; minor units."""
        return 0 if self.previous is None else int(self.previous["new_balance"]) - self.disputed_before

    def disputed_since(self, until: date) -> int:
        """What of the previous statement is not asked for any more, as it was disputed since, up to a day; minor units."""
        if self.previous is None:
            return 0
        closed_on: date = self.previous["closes_on"]
        return sum(each.amount for each in self.disputes if each.posted_on <= closed_on < each.opened_on <= until)

    def left_out(self, segment: str) -> list[tuple[int, date, date]]:
        """What of a segment's balances bears nothing as it is disputed: minor units, first and last day of the dispute in or
        before this cycle. What was paid before it was disputed is not in it."""
        terms, closes_on, found = self.facts.terms, self.facts.row["closes_on"], []
        for each in self.disputes:
            version = None if each.decided_on is None else self.terms_on(each.decided_on)
            if self.facts.segment_name(segment_of_debit(terms, cells_of(terms), each)) != segment or (
                    version is not None and version.disputes.interest_if_lost):
                continue
            amount = each.amount if each.decided_on is not None else sum(
                row.amount for row in self.facts.carried
                if row.kind == DISPUTED and row.began_on == each.opened_on and self.facts.segment_name(row.segment) == segment)
            if amount:
                last = closes_on if each.decided_on is None else each.decided_on - timedelta(days=1)
                found.append((amount, each.opened_on, last))
        return found

    def in_time_until(self, terms: Terms, tolerance_days: int | None = None) -> date | None:
        """The last day on which the previous statement was paid in time; None without one."""
        if self.previous is None:
            return None
        tolerance = terms.cycle.tolerance_days if tolerance_days is None else tolerance_days
        due_on: date = self.previous["due_on"]
        return due_on + timedelta(days=tolerance)

    def received(self, terms: Terms, until: date, known_on: date | None = None) -> int:
        """What the cycle received towards the previous statement, effective up to a day and posted by another; minor units."""
        types = set(received_types(terms))
        return sum(
            -BY_CODE[each.type].sign * each.amount for each in self.facts.postings
            if each.type in types and each.effective_on <= until and (known_on is None or each.posted_on <= known_on)
        )

    def spent_in_year_before(self, on: date) -> tuple[int, int]:
        """Spending of the year before a day, refunds taken off, minor units; and how many purchases, advances, transfers."""
        year = [each for each in self.spending if year_before(on) <= each[0] < on]
        return (sum(BY_CODE[kind].sign * amount for _, kind, amount in year),
                sum(BY_CODE[kind].sign > 0 for _, kind, _ in year))


_PREVIOUS = """
SELECT * FROM statement WHERE member_id = %s AND account_id = %s AND cycle_no < %s ORDER BY cycle_no DESC LIMIT 1
"""
_ACCOUNT = "SELECT opened_on, migrated, status, over_limit_opt_in FROM card_account WHERE member_id = %s AND account_id = %s"
_CARDS = """
SELECT card_id, '…' || coalesce(pan_last4, right(card, 4)), kind, issued_on, replaces_card_id, reason
FROM card WHERE member_id = %s AND account_id = %s
"""
_WAIVERS = """
SELECT charge_posted_on, charge_source_id, charge_source_line, charge_type, posted_on, amount, reason, approved_by FROM waiver
WHERE member_id = %s AND account_id = %s AND charge_posted_on BETWEEN %s AND %s ORDER BY posted_on, source_id
"""
_SPENDING = """
SELECT posted_on, type, amount FROM posting
WHERE member_id = %s AND account_id = %s AND posted_on BETWEEN %s AND %s AND type = ANY(%s) ORDER BY posted_on
"""

_CORRECTIONS = """
SELECT source_id, source_line, charge_on, charge_type, before, after, because FROM correction
WHERE member_id = %s AND account_id = %s AND posted_on BETWEEN %s AND %s
"""


_DISPUTED = "SELECT sum(amount)::bigint FROM carried WHERE member_id = %s AND account_id = %s AND kind = %s AND cycle_no = %s"
_CHARGED_OFF = "SELECT began_on FROM carried WHERE member_id = %s AND account_id = %s AND kind = %s AND cycle_no = %s"


def read_history(connection: Connection[Any], account: str, closes_on: date | None = None) -> History:
    """One issued statement, the latest where no closing date is given, with all that explains its charges.

    Raises UnknownAccount or NotIssued; NotDerived if the days of its interest do not add up to it.
    """
    facts = statement_facts(connection, account, closes_on)
    row = facts.row
    key = (row["member_id"], row["account_id"])
    with connection.cursor(row_factory=dict_row) as cursor:
        previous = cursor.execute(_PREVIOUS, (*key, row["cycle_no"])).fetchone()
    about = connection.execute(_ACCOUNT, key).fetchone()
    assert about is not None
    book = TermsBook(connection)

    def terms_on(day: date) -> Terms | None:
        version = book.on(facts.terms.product, day)
        return None if version is None else version.terms

    opened_on, migrated, status, over_limit_opt_in = about
    disputed_before = connection.execute(_DISPUTED, (*key, DISPUTED, row["cycle_no"] - 1)).fetchone()
    return History(
        facts, previous, opened_on, migrated, status, over_limit_opt_in, terms_on=terms_on,
        due=_due_history(connection, facts), limit=_limit_history(connection, facts, previous),
        cards={card_id: CardHistory(*values) for card_id, *values in connection.execute(_CARDS, key)},
        spending=[(day, kind, amount) for day, kind, amount in connection.execute(
            _SPENDING, (*key, year_before(row["opens_on"]), row["closes_on"], list(SPENDING)))],
        arrangements=arrangements_of(connection, *key), charged_off_on=_charged_off_on(connection, facts),
        runs=_runs(connection, facts), plans=_plans(connection, book, facts), waivers=_waivers(connection, facts),
        corrections={(source_id, line): Corrected(*values) for source_id, line, *values in connection.execute(
            _CORRECTIONS, (*key, row["opens_on"], row["closes_on"]))},
        disputes=disputed_in_cycle(connection, *key, row["opens_on"], row["closes_on"]),
        disputed_before=(disputed_before[0] or 0) if disputed_before else 0,
    )


def _charged_off_on(connection: Connection[Any], facts: StatementFacts) -> date | None:
    """The closing at which the account was charged off, before the cycle began."""
    row = facts.row
    found = connection.execute(_CHARGED_OFF, (row["member_id"], row["account_id"], CHARGED_OFF, row["cycle_no"] - 1)).fetchone()
    return None if found is None else found[0]


def _waivers(connection: Connection[Any], facts: StatementFacts) -> Mapping[tuple[date, int, int, int], Sequence[GivenWaiver]]:
    row, found = facts.row, defaultdict(list)
    for posted_on, source_id, line, kind, *waiver in connection.execute(
            _WAIVERS, (row["member_id"], row["account_id"], row["opens_on"], row["closes_on"])):
        found[posted_on, source_id, line, kind].append(GivenWaiver(*waiver))
    return found


def _due_history(connection: Connection[Any], facts: StatementFacts) -> DueHistory:
    row = facts.row
    fees = [fee for each in (facts.terms, *facts.terms_by_version.values()) if (fee := each.fees.late_payment) is not None]
    late = {"member_id": row["member_id"], "account_id": row["account_id"], "cycle_no": row["cycle_no"] - 1}
    histories = read_due_histories(
        connection, {name: np.array([value], dtype=np.int64) for name, value in late.items()}, row["closes_on"],
        1 + max((row["cycle_no"] if charged_at_closing(fee) else statements_looked_back(fee) for fee in fees), default=0),
        facts.terms)
    return histories[row["account_id"]]


def _limit_history(connection: Connection[Any], facts: StatementFacts,
                   previous: Mapping[str, Any] | None) -> LimitHistory | None:
    row = facts.row
    fees = [fee for each in (facts.terms, *facts.terms_by_version.values()) if (fee := each.fees.over_limit) is not None]
    if not fees:
        return None
    account = {"member_id": row["member_id"], "account_id": row["account_id"], "credit_limit": row["credit_limit"],
               "balance": row["previous_balance"], "due_on": 0 if previous is None else day_number(previous["due_on"])}
    columns = {name: np.array([value], dtype=np.int64) for name, value in account.items()}
    return read_limit_histories(connection, columns, row["closes_on"], max(fee.max_consecutive_cycles for fee in fees))[0]


def _plans(connection: Connection[Any], book: TermsBook, facts: StatementFacts) -> dict[tuple[int, date], BilledPlans]:
    """Of each instalment plan that bore a fee on the statement, how it stood the day before."""
    found = {}
    key = (facts.row["member_id"], facts.row["account_id"])
    for each in facts.postings:
        if BY_CODE[each.type] is INSTALMENT_FEE:
            plan = plan_account(connection, *key)
            row = next(row for row in read_plans(connection, plan, each.posted_on - timedelta(days=1))
                       if row["plan_no"] == each.source_line)
            found[each.source_line, each.posted_on] = billed_plan(book, row)
    return found


def _runs(connection: Connection[Any], facts: StatementFacts) -> Mapping[str, Sequence[Run]]:
    row = facts.row
    bore = any(row[column] for column in SEGMENTS.values())
    bore = bore or any(each.kind == CHARGED and each.balance_days for each in facts.carried)
    if not bore and not any(each.source_id == OWN_CHARGES and BY_CODE[each.type].charge == "interest"
                            for each in facts.postings):
        return {}
    try:
        return interest_runs_of(connection, row["member_id"], row["account_id"], row["closes_on"])
    except AssertionError as error:
        raise NotDerived(facts, str(error)) from None
