"""Bills one account again: business day by business day, cycle by cycle (docs/reference/billing-rules.md)."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from functools import partial

from statements.reperformance.allocation import Allocation
from statements.reperformance.balances import BILLED, NEW, REVOLVING, Balances, Debit, segment_row
from statements.reperformance.bearing import Bearing, Closed, days_of, over_limit_bases
from statements.reperformance.billed import Billed
from statements.reperformance.charge_off import WrittenOff
from statements.reperformance.charges import Charge
from statements.reperformance.cycles import (
    DAY,
    Cycle,
    days_between,
    due_of,
    is_part_of_month,
    month_before,
    next_closing,
)
from statements.reperformance.deferred import Deferred
from statements.reperformance.delinquency import Arrears
from statements.reperformance.disputed import Disputes, dispute_fact
from statements.reperformance.facts import Fact, History
from statements.reperformance.fees import Fees
from statements.reperformance.interest import charge, charge_of_segment
from statements.reperformance.minimum import Asked, minimum_payment
from statements.reperformance.plans import LastStatement, Plans
from statements.reperformance.rates import Rates
from statements.reperformance.received import received_in_full
from statements.reperformance.rounding import rounded
from statements.reperformance.walk import walk

FIGURES = (
    "payments", "credits", "purchases", "cash_advances", "balance_transfers", "fees", "interest", "waivers", "adjustments",
)
#: Figures that are printed as positive amounts and lower the balance.
LOWERING = ("payments", "credits", "waivers")


@dataclass(frozen=True)
class ReperformedStatement:
    """What a statement should say, minor units: figures by their names on the statement, and each charge of interest."""

    closing: date
    due_on: date
    figures: dict[str, int]
    grace_kept: bool
    interest: tuple[Charge, ...]


@dataclass
class _Last:
    """What the last closing left to the next: the statement's figures, the balance without what is disputed, and the cycle."""

    closing: date
    new_balance: int = 0
    minimum: int = 0
    due_on: date | None = None
    grace_kept: bool = True
    cycle: Closed | None = None


@dataclass
class _Account:
    history: History
    last: _Last
    arrears: Arrears
    plans: Plans
    disputes: Disputes
    balances: Balances = field(default_factory=Balances)
    posted: list[Fact] = field(default_factory=list)
    billed: list[Billed] = field(default_factory=list)
    statements: list[ReperformedStatement] = field(default_factory=list)
    at_closings: list[Fact] = field(default_factory=list)
    """Interest with its tax, and what was written off."""
    written_off: WrittenOff | None = None


@dataclass(frozen=True)
class Run:
    """An account billed from its first business day on.

    statements: rising; own: what the issuer charged, waived or wrote off by itself, each on its day; plans: as they were made.
    """

    statements: list[ReperformedStatement]
    own: list[Fact]
    plans: Plans


def bill(history: History) -> Run:
    """Bills an account from its history as it is: late events post when they post."""
    account = _begin(history)
    fees = Fees(history, account.posted, account.billed)
    closing = next_closing(history, account.last.closing, anything_posted=True)
    for day in days_between(history.first_day, history.until):
        account.posted += [each for each in history.facts if each.posted_on == day]
        account.posted += account.plans.of_day(day, account.posted, _last_statement(account))
        account.posted += _contested(account, day)
        if not history.charges_given:
            fees.of_day(day)
        if day == closing:
            previous = account.last.closing
            first = account.last.cycle is None and history.opening is None
            account.posted += account.plans.of_closing(closing, account.written_off is not None)
            runs_on = first and not account.posted and is_part_of_month(history, previous, closing)
            if not runs_on:
                if not history.charges_given:
                    fees.of_closing(previous, closing, partial(_interest_if_closed, account, closing))
                _close(account, closing)
                fees.charged_off = account.written_off is not None
            closing = next_closing(history, day, anything_posted=True)
    given = {id(each) for each in history.facts}
    return Run(account.statements, [*(each for each in account.posted if id(each) not in given), *account.at_closings],
               account.plans)


def _begin(history: History) -> _Account:
    opening = history.opening
    if opening is None:
        return _Account(history, _Last(history.first_day - DAY), Arrears(history.agreed), Plans(history),
                        Disputes(history.disputes))
    terms = history.terms_on(opening.on)
    due_on = opening.due_on or due_of(opening.on, terms)
    last = _Last(opening.on, minimum=opening.minimum, due_on=due_on, grace_kept=opening.grace_kept)
    account = _Account(history, last, Arrears(history.agreed), Plans(history), Disputes(history.disputes))
    account.balances.credit = opening.credit
    age = BILLED if opening.grace_kept else REVOLVING
    owed = [("principal", name, amount) for name, amount in opening.principal.items()]
    owed += [("interest", "purchase", opening.interest), ("fees", "purchase", opening.fees)]
    for kind, name, amount in owed:
        if amount:
            lies_in = age if segment_row(terms, name).grace else REVOLVING
            account.balances.debits.append(Debit(kind, name, lies_in, amount, amount, opening.on, opening.on))  # type: ignore[arg-type]
    account.last.new_balance = account.balances.total()
    account.billed.append(Billed(opening.on, account.last.new_balance, opening.minimum, due_on,
                                 history.agreed.spares(opening.on, due_on)))
    _bill_again(account, due_on)
    tolerance = timedelta(days=history.terms_on(history.first_day).cycle.tolerance_days)
    if opening.past_due:
        earlier = due_of(month_before(history, opening.on), terms)
        account.arrears.ask(opening.past_due, opening.past_due, earlier, earlier + tolerance)
        account.arrears.queue[-1].met = False
    account.arrears.ask(max(0, opening.minimum - opening.past_due), opening.minimum, due_on, due_on + tolerance)
    return account


def _bill_again(account: _Account, due_on: date) -> None:
    """An account taken over in mid-cycle: what was billed is not due before the next closing, which bills it anew."""
    terms = account.history.terms_on(account.history.first_day)
    cut = due_on + timedelta(days=terms.cycle.tolerance_days)
    if cut <= next_closing(account.history, account.last.closing, anything_posted=True):
        return
    for each in account.balances.debits:
        if each.age == BILLED:
            each.age, each.posted_on, each.of_before = NEW, account.history.first_day, True


def _contested(account: _Account, day: date) -> Iterator[Fact]:
    """What the last statement does not ask for any more, because of disputes that are opened on a day."""
    last = account.last
    for each in account.history.disputes:
        if each.opened_on != day:
            continue
        fact = dispute_fact(each, account.history.terms_on(last.closing + DAY), last.closing, last.new_balance, last.minimum)
        if fact is not None:
            yield fact


def _last_statement(account: _Account) -> LastStatement:
    """What the last statement left: between closings the balances stand as it left them."""
    principal = sum(each.left for each in account.balances.debits
                    if each.kind == "principal" and each.segment != "cash_advance")
    return LastStatement(account.last.closing, account.last.new_balance, principal)


def _cycle(account: _Account, closing: date) -> Cycle:
    last = account.last
    terms = account.history.terms_on(last.closing + DAY)
    cut = None if last.due_on is None else last.due_on + timedelta(days=terms.cycle.tolerance_days)
    return Cycle(last.closing, closing, terms, last.due_on, cut)


def _close(account: _Account, closing: date) -> None:
    history, balances, last = account.history, account.balances, account.last
    cycle = _cycle(account, closing)
    facts = [each for each in account.posted if last.closing < each.posted_on <= closing]
    account.arrears.close(cycle, facts)
    rates = Rates(history, cycle, account.arrears.penalty_days)
    allocation = Allocation(cycle, rates)
    previous_balance = balances.total() + account.disputes.total()
    account.disputes.billed_since = last.cycle.walked.cycle.previous if last.cycle is not None else date.min
    deferred = Deferred(cycle, rates)
    walked, at_cut = walk(cycle, balances, facts, allocation, last.minimum, deferred, account.disputes)
    days = days_of(walked, history.credit_limit)
    closed = _decide(account, Closed(walked, balances.snapshot(), True, True, at_cut, days), facts)
    charges = [] if account.written_off is not None else _charges(account, closed, rates, deferred)
    interest = _post_charges(cycle, balances, charges, allocation)
    charged = [*facts, *interest]
    figures = _figures(previous_balance, charged)
    asked = _asks(account, cycle, charged, balances.total())
    written_off = _write_off(account, cycle, balances.total(), asked["days_past_due"])
    if written_off:
        figures = _figures(previous_balance, [*charged, *written_off])
        asked = {**dict.fromkeys(asked, 0), "days_past_due": asked["days_past_due"]}
    assert figures["new_balance"] == balances.total() + account.disputes.total()
    figures |= asked
    account.at_closings += [*interest, *written_off]
    due_on = due_of(closing, cycle.terms)
    next_terms = history.terms_on(closing + DAY)
    asked_before = figures["past_due"] if "past_due" in cycle.terms.minimum_payment.add else 0
    if not history.agreed.holiday(closing):
        minimum = figures["minimum_payment_due"]
        account.arrears.ask(max(0, minimum - asked_before), minimum, due_on,
                            due_on + timedelta(days=next_terms.cycle.tolerance_days))
    balances.grow_older(cycle.terms, closed.grace_kept)
    balances.forget_paid()
    grace_kept = closed.grace_kept or account.written_off is not None
    account.last = _Last(closing, balances.total(), figures["minimum_payment_due"], due_on, grace_kept, closed)
    account.billed.append(Billed(closing, balances.total(), figures["minimum_payment_due"], due_on,
                                 history.agreed.spares(closing, due_on), account.disputes.total()))
    account.statements.append(ReperformedStatement(closing, due_on, figures, closed.grace_kept, tuple(charges)))


def _write_off(account: _Account, cycle: Cycle, new_balance: int, days_past_due: int) -> list[Fact]:
    """What a charge-off posts at a closing, the one that decides on it or one after it (rules 13.6, 13.7)."""
    after = cycle.terms.delinquency.charge_off_after_days
    if account.written_off is None:
        due = (0 < after <= days_past_due) or account.history.agreed.charge_off_decided(cycle.previous, cycle.closing)
        if not due or new_balance <= 0:
            return []
        account.written_off = WrittenOff()
    account.balances.write_off()
    account.arrears.clear()
    return account.written_off.at_closing(account.balances, new_balance, cycle.closing)


def _interest_if_closed(account: _Account, closing: date) -> int:
    """All interest that the closing would charge as things stand, found on a copy."""
    trial = deepcopy(account, {id(each): each for each in (account.history, *account.history.versions)})
    _close(trial, closing)
    return trial.statements[-1].figures["interest"] - sum(
        each.amount for each in account.posted if each.type == "interest" and account.last.closing < each.posted_on <= closing)


def _decide(account: _Account, closed: Closed, facts: list[Fact]) -> Closed:
    """Whether the last statement was paid in full, and grace kept (rule 3)."""
    last, cycle = account.last, closed.walked.cycle
    terms = cycle.terms
    paid = cycle.cut is None or last.new_balance <= 0 or cycle.cut > cycle.closing or received_in_full(
        facts, terms, cycle.cut) >= last.new_balance - terms.minor(terms.cycle.tolerance_amount)
    kept = paid and (terms.grace.requires == "new_balance" or last.grace_kept)
    return Closed(closed.walked, closed.closing, kept, paid, closed.at_cut, closed.days)


def _charges(account: _Account, closed: Closed, rates: Rates, deferred: Deferred) -> list[Charge]:
    """The interest of a cycle: a charge a segment, over the limit, deferred, and what a minimum charge adds (rule 7)."""
    terms = closed.walked.cycle.terms
    bearing = Bearing(closed, account.last.cycle)
    charges = [charge_of_segment(bearing, row.name, partial(rates.of_segment, row.name))
               for row in terms.interest.segment if not row.deferred]
    if terms.interest.over_limit.bears:
        charges.append(charge("over_limit", over_limit_bases(closed.walked, account.history.credit_limit), rates.over_limit,
                              terms, compounds=False))
    charges += deferred.charges()
    total, least = sum(each.amount for each in charges), terms.minor(terms.interest.minimum_charge)
    if 0 < total < least:
        charges.append(Charge("minimum", least - total, sum((each.exact for each in charges), Fraction(0))))
    return [each for each in charges if each.amount]


def _post_charges(cycle: Cycle, balances: Balances, charges: list[Charge], allocation: Allocation) -> list[Fact]:
    """Posts interest and the tax on it; a credit balance pays them."""
    terms, day = cycle.terms, cycle.closing
    tax_rate = terms.fees.tax_on_charges.interest
    facts = [Fact(each.segment, each.amount, day, day, "interest", "debit", "interest") for each in charges]
    tax = rounded(sum(each.amount for each in charges) * Fraction(tax_rate), terms.interest.rounding,
                  terms.minor(terms.interest.rounding_unit))
    if tax:
        facts.append(Fact("tax", tax, day, day, "fees", "debit", "fees"))
    for fact in facts:
        balances.debits.append(Debit(fact.kind, "purchase", NEW, fact.amount, fact.amount, day, day))
    balances.credit = balances.pay(balances.credit, lambda debits: allocation.excess(debits, day))
    return facts


def _figures(previous_balance: int, facts: list[Fact]) -> dict[str, int]:
    figures = {"previous_balance": previous_balance} | dict.fromkeys(FIGURES, 0)
    for fact in facts:
        if fact.side == "dispute":
            continue
        figures[fact.figure] += -fact.sign * fact.amount if fact.figure in LOWERING else fact.sign * fact.amount
    figures["new_balance"] = previous_balance + sum(
        -figures[name] if name in LOWERING else figures[name] for name in FIGURES)
    return figures


def _asks(account: _Account, cycle: Cycle, facts: list[Fact], new_balance: int) -> dict[str, int]:
    """The minimum, and what stands beside it on the statement."""
    past_due = account.arrears.past_due(new_balance)
    over_limit = max(0, new_balance - account.history.credit_limit)
    charged = {kind: sum(each.amount for each in facts if each.side == "debit" and each.kind == kind)
               for kind in ("interest", "fees")}
    oldest, agreed = account.arrears.oldest_missed(), account.history.agreed
    asked = Asked(charged["interest"], charged["fees"], past_due, over_limit, account.history.credit_limit)
    return {
        "minimum_payment_due": 0 if agreed.holiday(cycle.closing) else minimum_payment(cycle, account.balances, asked),
        "past_due": past_due, "over_limit": over_limit,
        "days_past_due": agreed.days_past_due(oldest, cycle.closing) if oldest is not None and past_due else 0,
    }
