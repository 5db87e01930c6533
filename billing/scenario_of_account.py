"""An account of the books, told as a scenario: what happened to it, under which terms, so that it can be billed again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from accounts.money import BY_NUMERIC, major_units
from accounts.posting_types import (
    BY_CODE,
    FEE_TAX,
    INSTALMENT,
    OPENING_CREDIT,
    OWN_CHARGES,
    REPLACEMENT_FEE_WAIVER,
    SUPPLEMENTARY_ANNUAL_FEE_WAIVER,
)
from billing.account_events import arrangements_of
from billing.arrangements import LASTING, Arrangement
from billing.day.charge import TAX_LINES
from billing.given_waivers import OF_CARDS
from billing.instalment_plans import SETTLED_EARLY
from billing.left_as_posted import LEFT_AS_POSTED
from billing.scenario import (
    DISPUTE,
    DISPUTE_DECIDED,
    OpeningBalances,
    Scenario,
    ScenarioAccount,
    ScenarioEvent,
    ScenarioOpening,
    ScenarioWaiver,
)
from fees.terms import Terms

#: Charges for a card are told as they were charged, and what was waived of them; standing waivers waive the rest again.
GIVEN_CHARGES = (*OF_CARDS, SUPPLEMENTARY_ANNUAL_FEE_WAIVER.code, REPLACEMENT_FEE_WAIVER.code)

#: No source of postings has a higher id.
ALL_SOURCES = 2**31 - 1

_ACCOUNT = """
SELECT a.account, a.opened_on, a.credit_limit, a.closing_day, a.currency, a.status, a.over_limit_opt_in, b.first_on,
       b.closed_through
FROM card_account a CROSS JOIN book b WHERE a.member_id = %s AND a.account_id = %s
"""
_CYCLE_ZERO = "SELECT * FROM statement WHERE member_id = %s AND account_id = %s AND cycle_no = 0"
#: What files brought, what was charged for cards and waived by hand, in the order of the ledger; not what billing came to.
#: A late event that a rebilling took in, or that the next one would, is told on the day it was late for. What credits a
#: dispute decided for the holder goes without saying: the debit is told without it.
_EVENTS = """
SELECT CASE WHEN p.rebilled THEN p.late_for ELSE p.posted_on END AS posted_on, p.source_id, p.source_line, p.type, p.amount,
       p.effective_on, p.transaction_on, p.source_ref, p.merchant, p.mcc, p.description, p.original_currency, p.segment, c.card
FROM (SELECT p.*, p.late_for < p.posted_on AND (%(rebilled_now)s OR EXISTS (
          SELECT 1 FROM rebilled_event e JOIN rebill r USING (member_id, account_id, source_id)
          WHERE e.member_id = p.member_id AND e.account_id = p.account_id AND e.event_source_id = p.source_id
            AND e.event_source_line = p.source_line
            AND r.corrected_sha256 <> %(left)s AND (r.posted_on, r.source_id) <= (%(known_on)s, %(through)s))) AS rebilled
      FROM posting p
      WHERE p.member_id = %(member)s AND p.account_id = %(account)s AND p.type > %(opening)s AND p.posted_on <= %(known_on)s) p
LEFT JOIN card c ON c.member_id = p.member_id AND c.account_id = p.account_id AND c.card_id = p.card_id
WHERE (p.posted_on <= %(until)s OR p.rebilled)
  AND NOT EXISTS (SELECT 1 FROM dispute_decision x WHERE x.member_id = p.member_id AND x.account_id = p.account_id
                  AND x.source_id = p.source_id AND p.source_line = %(credit)s)
  AND (p.type < %(instalments)s OR (p.source_id = %(own)s AND (
       p.type = ANY(%(given)s) OR (p.type = %(tax)s AND p.source_line %% %(tax_lines)s = ANY(%(of_cards)s))))
       OR EXISTS (SELECT 1 FROM waiver w WHERE w.member_id = p.member_id AND w.account_id = p.account_id
                  AND w.posted_on = p.posted_on AND w.source_id = p.source_id AND w.source_line = p.source_line
                  AND w.type = p.type AND w.source_id <> w.charge_source_id))
ORDER BY 1, p.source_id, p.source_line, p.type
"""
#: What an account disputed by a day, and how it was decided as known then.
_DISPUTES = """
SELECT d.dispute_no, d.opened_on, d.amount, d.debit_source_id, d.debit_source_line, d.debit_type, x.decided_on, x.outcome,
       x.credited_as
FROM dispute d
LEFT JOIN dispute_decision x ON x.member_id = d.member_id AND x.account_id = d.account_id AND x.dispute_no = d.dispute_no
     AND x.decided_on <= %(known_on)s AND (x.source_id IS NULL OR (x.decided_on, x.source_id) <= (%(known_on)s, %(through)s))
WHERE d.member_id = %(member)s AND d.account_id = %(account)s AND d.opened_on <= %(known_on)s ORDER BY d.dispute_no
"""
#: The line of a rebilling's source that credits what was decided for the holder.
CREDIT_LINE = 0
#: The plans of an account, and when each was settled early, if it was.
_PLANS = """
SELECT p.plan_no, p.made_on, p.amount, p.parts, p.of, q.posted_on AS settled_on
FROM instalment_plan p
LEFT JOIN posting q ON q.member_id = p.member_id AND q.account_id = p.account_id AND q.source_id = %(own)s
     AND q.type = %(part)s AND q.source_line = p.plan_no AND q.clause = %(settled)s AND q.posted_on <= %(until)s
WHERE p.member_id = %(member)s AND p.account_id = %(account)s AND p.made_on <= %(until)s ORDER BY p.plan_no
"""

_STANDING = """
SELECT kind, from_on, until_on, percent, reason, approved_by FROM standing_waiver
WHERE member_id = %s AND account_id = %s ORDER BY standing_waiver_id
"""


@dataclass(frozen=True)
class AccountHistory:
    """An account as a scenario; sources: of each event, where it stands in the ledger (source_id, source_line), or (0, 0)."""

    scenario: Scenario
    sources: list[tuple[int, int]]


def scenario_of_account(connection: Connection[Any], member_id: int, account_id: int, versions: Sequence[Terms],
                        until: date | None = None) -> Scenario:
    """What happened to an account of the books, as a scenario: simulated on the terms it was billed on, it gives its
    statements.

    versions: the terms to bill it by, all versions of a product; until: the last business day, that which the book has closed
    where none is given. Late events that it was rebilled for are told in time, and decisions of disputes as if they had been
    known before: of such an account it gives the corrected statements. Reads; writes nothing. Raises LookupError for an account
    that is not in the books.
    """
    return history_of_account(connection, member_id, account_id, versions, until).scenario


def history_of_account(connection: Connection[Any], member_id: int, account_id: int, versions: Sequence[Terms],
                       until: date | None = None, known_on: date | None = None, rebilled_now: bool = False,
                       through: int = ALL_SOURCES) -> AccountHistory:
    """The scenario of an account, as `scenario_of_account`, with the places of its events in the ledger.

    known_on: the day as of which events and rebillings are known, `until` where none is given; through: of the rebillings
    posted on that day those up to this source; rebilled_now: tell all late events known by then in time, those too that no
    rebilling took in yet.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        account = cursor.execute(_ACCOUNT, (member_id, account_id)).fetchone()
        if account is None:
            raise LookupError(f"there is no account {account_id} of member {member_id} in the books")
        cycle_zero = cursor.execute(_CYCLE_ZERO, (member_id, account_id)).fetchone()
        last_day = until or account["closed_through"] or account["opened_on"]
        known = {"member": member_id, "account": account_id, "known_on": known_on or last_day, "through": through}
        rows = cursor.execute(_EVENTS, {
            **known, "until": last_day, "left": LEFT_AS_POSTED, "rebilled_now": rebilled_now, "credit": CREDIT_LINE,
            "opening": OPENING_CREDIT.code, "instalments": INSTALMENT.code, "own": OWN_CHARGES,
            "given": list(GIVEN_CHARGES), "tax": FEE_TAX.code, "tax_lines": TAX_LINES, "of_cards": list(OF_CARDS),
        }).fetchall()
        disputes = cursor.execute(_DISPUTES, known).fetchall()
    digits = BY_NUMERIC[account["currency"]].digits
    plans = _plan_events(connection, member_id, account_id, last_day, digits)
    scenario = Scenario.model_construct(
        account=ScenarioAccount(account=account["account"], opened_on=account["opened_on"],
                                closing_day=account["closing_day"], over_limit_opt_in=account["over_limit_opt_in"],
                                credit_limit=major_units(account["credit_limit"], digits)),
        until=last_day,
        terms=tuple(_as_charged(terms, account["status"]) for terms in sorted(versions, key=lambda each: each.in_force_from)),
        opening=_opening(account, cycle_zero, digits),
        events=(*(scenario_event(row, digits) for row in rows), *_dispute_events(rows, disputes, digits), *plans,
                *(_agreed(each) for each in arrangements_of(connection, member_id, account_id))),
        waivers=_standing_waivers(connection, member_id, account_id),
    )
    sources = [(row["source_id"], row["source_line"]) for row in rows]
    return AccountHistory(scenario, sources + [(0, 0)] * (len(scenario.events) - len(rows)))


def _standing_waivers(connection: Connection[Any], member_id: int, account_id: int) -> tuple[ScenarioWaiver, ...]:
    """What is waived as it is charged."""
    rows = connection.execute(_STANDING, (member_id, account_id)).fetchall()
    return tuple(ScenarioWaiver.model_construct(kind=kind, from_on=from_on, until=until_on, percent=percent, reason=reason,
                                                approved_by=approved_by)
                 for kind, from_on, until_on, percent, reason, approved_by in rows)


def _plan_events(connection: Connection[Any], member_id: int, account_id: int, until: date, digits: int) -> list[ScenarioEvent]:
    """The instalment plans that were made, and those that were settled early."""
    events = []
    keys = {"member": member_id, "account": account_id, "until": until, "own": OWN_CHARGES, "part": INSTALMENT.code,
            "settled": SETTLED_EARLY}
    for plan_no, made_on, amount, parts, of, settled_on in connection.execute(_PLANS, keys):
        name = f"instalment-plan-{plan_no}"
        events.append(ScenarioEvent.model_construct(on=made_on, type="instalment", amount=major_units(amount, digits),
                                                    parts=parts, of=of, id=name))
        if settled_on is not None:
            events.append(ScenarioEvent.model_construct(on=settled_on, type="instalment_settlement", of=name))
    return events


def _dispute_events(rows: Sequence[Mapping[str, Any]], disputes: Sequence[Mapping[str, Any]],
                    digits: int) -> list[ScenarioEvent]:
    """What was disputed, of the debits among the rows, and how it was decided; a decision is told as if it had been known
    before anything was charged, as the rebilling that it brought does."""
    places = {(row["source_id"], row["source_line"], row["type"]): place for place, row in enumerate(rows, 1)}
    events = []
    for each in disputes:
        place = places.get((each["debit_source_id"], each["debit_source_line"], each["debit_type"]))
        if place is None:
            continue  # its debit posts on a day that is not told yet
        name = f"dispute-{each['dispute_no']}"
        events.append(ScenarioEvent.model_construct(on=each["opened_on"], type=DISPUTE, of=f"#{place}", id=name,
                                                    amount=major_units(each["amount"], digits)))
        if each["decided_on"] is not None:
            events.append(ScenarioEvent.model_construct(on=each["decided_on"], type=DISPUTE_DECIDED, of=name, agreed=True,
                                                        outcome=each["outcome"], credited_as=each["credited_as"]))
    return events


def _agreed(each: Arrangement) -> ScenarioEvent:
    """What was agreed or decided about the account as an event."""
    lasting = each.kind in LASTING
    return ScenarioEvent.model_construct(on=each.from_on, type=each.kind, until=each.until_on if lasting else None,
                                         rate=each.annual_rate, agreed=True)


def scenario_event(row: Mapping[str, Any], digits: int) -> ScenarioEvent:
    """A posting as an event; the books checked it when they took it in."""
    return ScenarioEvent.model_construct(
        on=row["effective_on"], posted_on=row["posted_on"], transaction_on=row["transaction_on"],
        type=BY_CODE[row["type"]].name, amount=major_units(row["amount"], digits), id=row["source_ref"], card=row["card"],
        merchant=row["merchant"], mcc=row["mcc"], kind=row["description"], currency=row["original_currency"],
        segment=row["segment"],
    )


def _as_charged(terms: Terms, status: str) -> Terms:
    """An account taken in closed is not charged the fees of a year."""
    if status != "closed":
        return terms
    return terms.model_copy(update={"fees": terms.fees.model_copy(update={"joining": None, "annual": None})})


def _opening(account: Mapping[str, Any], cycle_zero: Mapping[str, Any] | None, digits: int) -> ScenarioOpening | None:
    """The state that an account was taken over in; of one opened before the book began without a balance, nothing owed."""
    if cycle_zero is None:
        began = account["first_on"] is not None and account["opened_on"] < account["first_on"]
        return ScenarioOpening(on=account["first_on"] - timedelta(days=1)) if began else None
    principal = cycle_zero["new_balance"] - cycle_zero["cash"] - cycle_zero["unpaid_interest"] - cycle_zero["unpaid_fees"]
    balances = {"purchase": principal, "cash_advance": cycle_zero["cash"], "interest": cycle_zero["unpaid_interest"],
                "fees": cycle_zero["unpaid_fees"]}
    return ScenarioOpening(
        on=cycle_zero["closes_on"], grace="lost" if cycle_zero["revolving"] else "kept", payment_due_on=cycle_zero["due_on"],
        balances=OpeningBalances(**{name: major_units(amount, digits) for name, amount in balances.items()}),
        minimum_payment_due=major_units(cycle_zero["minimum_payment_due"], digits),
        past_due=major_units(cycle_zero["past_due"], digits),
    )
